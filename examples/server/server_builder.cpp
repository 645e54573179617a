// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "server_builder.hpp"

#include <cwsandbox/error.hpp>

#include <grpcpp/security/server_credentials.h>

#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace server {
namespace {

constexpr int max_message_bytes = 104857600;
constexpr int max_metadata_bytes = 65536;
constexpr int allowed_ping_interval_ms = 10'000;
constexpr int keepalive_time_ms = 60'000;
constexpr int keepalive_timeout_ms = 20'000;

std::optional<std::string> read_file(std::string const& path) {
  std::ifstream in{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in || text.empty()) return std::nullopt;
  return text;
}

cwsandbox::error failure(std::string message) {
  return cwsandbox::make_error(cwsandbox::error_kind::generic, std::move(message));
}

cwsandbox::outcome<std::shared_ptr<grpc::ServerCredentials>> credentials(options const& settings) {
  if (settings.tls_cert.empty()) return grpc::InsecureServerCredentials();
  auto certificate = read_file(settings.tls_cert);
  if (!certificate) return failure("cannot read --tls-cert " + settings.tls_cert);
  auto key = read_file(settings.tls_key);
  if (!key) return failure("cannot read --tls-key " + settings.tls_key);
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({std::move(*key), std::move(*certificate)});
  return grpc::SslServerCredentials(tls);
}

}  // namespace

cwsandbox::outcome<std::string> listen(grpc::ServerBuilder& builder, options const& settings,
                                       std::unique_ptr<grpc::Server>& server) {
  auto identity = credentials(settings);
  if (!identity) return identity.error();
  auto const host = host_in_url(settings.host);
  int port{};
  builder.AddListeningPort(host + ":" + std::to_string(settings.port), *identity, &port);
  builder.SetMaxReceiveMessageSize(max_message_bytes);
  builder.SetMaxSendMessageSize(max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, max_metadata_bytes);
  // A port that somebody has is an error, not shared.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  if (settings.max_streams > 0)
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, settings.max_streams);
  // Clients may ask whether the server lives, and a client that vanished is noticed, so that its commands end.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             allowed_ping_interval_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_time_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
  server = builder.BuildAndStart();
  if (!server || port == 0) {
    server.reset();
    return failure("cannot listen on " + host + ":" + std::to_string(settings.port) +
                   (settings.tls_cert.empty() ? "" : " with this certificate and key"));
  }
  return (settings.tls_cert.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

}  // namespace server

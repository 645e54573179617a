// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_GRPC_OPTIONS_HPP
#define CWSANDBOX_TRANSPORT_GRPC_OPTIONS_HPP

#include <cwsandbox/auth.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/net/tls_verification.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1 {

/// Settings of a gRPC transport. What is wrong with them is the error of the first call.
struct grpc_options {
  /// The service: `https://host[:port]`, or `http://host[:port]` for plaintext HTTP/2. Credentials are sent either way.
  /// Empty: the environment variable `CWSANDBOX_BASE_URL`, else `https://api.cwsandbox.com`.
  std::string base_url{};
  /// Sent as `authorization: Bearer <key>`. Empty: see `auth`.
  std::string api_key{};
  /// Gives the headers to send. Empty: the process-wide mode, by default the environment variable `CWSANDBOX_API_KEY`.
  auth_provider auth{};

  /// The authorities to trust, a PEM file. Empty: those of the system.
  std::string ca_file{};
  /// A certificate chain and its key, PEM files, for services that ask for one.
  std::string client_certificate_file{};
  std::string client_key_file{};
  /// The name that the service's certificate must have. Empty: the host of the URL.
  std::string tls_server_name{};
  tls_verification verification{tls_verification::full};

  /// The largest message in either direction, in bytes.
  std::size_t max_message_bytes{104857600};
  /// How long resolving, connecting and the TLS handshake may take together.
  std::chrono::nanoseconds connect_timeout{std::chrono::seconds{20}};
  /// A connection without calls is closed after this; the next call opens another. 0: never.
  std::chrono::nanoseconds idle_timeout{std::chrono::seconds{60}};
  /// An HTTP/2 ping is sent when calls are open and the service was silent for so long. 0: none; TCP's own probes always
  /// run. Services refuse clients that ping often: ask before going below five minutes.
  std::chrono::nanoseconds keepalive_time{};
  /// How long a ping may stay unanswered.
  std::chrono::nanoseconds keepalive_timeout{std::chrono::seconds{20}};
  /// One connection carries all calls until the service's limit of concurrent streams is reached; then others are
  /// opened, up to this many, and then calls wait.
  std::size_t max_connections{4};
  /// Put in front of the library's own name in `user-agent`.
  std::string user_agent{};

  /// Told what an operator should know, such as credentials that go over plaintext; each matter once. May be called from
  /// any thread of the executor; empty for silence.
  std::function<void(std::string_view)> log{};
};

}  // namespace cwsandbox::inline v1

#endif

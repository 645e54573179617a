// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_NET_TLS_IPP
#define CWSANDBOX_IMPL_NET_TLS_IPP

#include <cwsandbox/net/tls.hpp>

#include <asio/error_code.hpp>

#include <openssl/ssl.h>

namespace cwsandbox::inline v1::detail::net {

CWSANDBOX_DECL outcome<std::shared_ptr<asio::ssl::context>> make_tls_context(
    tls_settings const& settings, std::string_view protocol) {
  // The background thread may outlive the clean-up that OpenSSL does at exit, which would then take the ground from under
  // it. Without that clean-up each thread frees what is its own when it ends, and the rest goes with the process.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  auto* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);

  asio::error_code failed;
  auto const refuse = [&failed](std::string_view field, std::string const& file) {
    return invalid_argument_error(std::string{field}, file,
                                  std::string{field} + " '" + file +
                                      "' cannot be used: " + failed.message());
  };
  if (settings.verification == tls_verification::full) {
    context->set_verify_mode(asio::ssl::verify_peer, failed);
    if (settings.ca_file.empty()) {
      context->set_default_verify_paths(failed);
    } else {
      context->load_verify_file(settings.ca_file, failed);
      if (failed) return refuse("ca_file", settings.ca_file);
    }
  } else {
    context->set_verify_mode(asio::ssl::verify_none, failed);
  }
  if (!settings.certificate_file.empty()) {
    context->use_certificate_chain_file(settings.certificate_file, failed);
    if (failed) return refuse("client_certificate_file", settings.certificate_file);
  }
  if (!settings.key_file.empty()) {
    context->use_private_key_file(settings.key_file, asio::ssl::context::pem, failed);
    if (failed) return refuse("client_key_file", settings.key_file);
  }
  std::string offered;
  offered.push_back(static_cast<char>(protocol.size()));
  offered.append(protocol);
  SSL_CTX_set_alpn_protos(native, reinterpret_cast<unsigned char const*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
  return context;
}

}  // namespace cwsandbox::inline v1::detail::net

#endif

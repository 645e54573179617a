// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_TLS_HPP
#define CWSANDBOX_NET_TLS_HPP

/// \file
/// How the network transports make TLS contexts.

#include <cwsandbox/config.hpp>
#include <cwsandbox/net/tls_verification.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::net {

struct tls_settings {
  std::string ca_file{};           ///< PEM; empty for the system's authorities
  std::string certificate_file{};  ///< PEM chain of the client; empty for none
  std::string key_file{};          ///< PEM
  std::string server_name{};       ///< the name in the certificate; empty for the host of the URL
  tls_verification verification{tls_verification::full};
};

/// The settings that a transport's options name.
template <class Options>
[[nodiscard]] tls_settings tls_settings_of(Options const& options) {
  tls_settings settings{};
  settings.ca_file = options.ca_file;
  settings.certificate_file = options.client_certificate_file;
  settings.key_file = options.client_key_file;
  settings.server_name = options.tls_server_name;
  settings.verification = options.verification;
  return settings;
}

/// A client context for TLS 1.2 and newer; an `invalid_argument` error when a file cannot be used.
///
/// \param protocol the one protocol that is offered by ALPN
[[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<asio::ssl::context>> make_tls_context(
    tls_settings const& settings, std::string_view protocol);

}  // namespace cwsandbox::inline v1::detail::net

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/net/tls.ipp>
#endif

#endif

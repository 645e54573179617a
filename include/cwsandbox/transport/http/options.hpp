// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_OPTIONS_HPP
#define CWSANDBOX_TRANSPORT_HTTP_OPTIONS_HPP

#include <cwsandbox/auth.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/net/tls_verification.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1 {

/// Settings of an HTTP transport. What is wrong with them is the error of the first call.
struct http_options {
  /// The service: `https://host[:port][/path]`, or `http://...` for plaintext. The path, if any, is put in front of those
  /// of the calls, for a service behind a gateway. Credentials are sent either way.
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

  /// The proxy to go through: `http://[user:password@]host[:port]`, port 1080 unless it is said. Calls to an `https://`
  /// service go through a tunnel (CONNECT) in which the proxy sees nothing; calls to an `http://` service are handed to
  /// the proxy, each on a connection of its own. `none`: no proxy, whatever the environment says.
  ///
  /// Empty: what the environment says, by the rules of curl: `https_proxy` or `HTTPS_PROXY` for an `https://` service,
  /// `http_proxy` (in lower case only) for an `http://` one, unless `no_proxy` or `NO_PROXY` names the host: a list of
  /// names (which stand for all names below them too), addresses and networks such as `10.0.0.0/8`, or `*`.
  std::string proxy{};

  /// The largest body in either direction, in bytes of JSON. Files are a third larger in it than they are.
  std::size_t max_message_bytes{167772160};
  /// How long resolving, connecting, asking the proxy and the TLS handshake may take together.
  std::chrono::nanoseconds connect_timeout{std::chrono::seconds{20}};
  /// A connection without calls is closed after this; the next call opens another. 0: never.
  std::chrono::nanoseconds idle_timeout{std::chrono::seconds{60}};
  /// A connection carries one call at a time. So many are opened at most; then calls wait for one another.
  std::size_t max_connections{16};
  /// Put in front of the library's own name in `user-agent`.
  std::string user_agent{};

  /// Told what an operator should know, such as credentials that go over plaintext; each matter once. May be called from
  /// any thread of the executor; empty for silence.
  std::function<void(std::string_view)> log{};
};

}  // namespace cwsandbox::inline v1

#endif

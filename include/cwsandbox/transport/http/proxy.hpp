// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_PROXY_HPP
#define CWSANDBOX_TRANSPORT_HTTP_PROXY_HPP

/// \file
/// Which proxy a service is reached through.

#include <cwsandbox/config.hpp>
#include <cwsandbox/net/service.hpp>
#include <cwsandbox/net/stream.hpp>
#include <cwsandbox/outcome.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::http {

struct proxy_settings {
  net::endpoint peer{};
  std::string authorization{};  ///< the value of `proxy-authorization`, or empty; a secret
};

/// `[http://][user[:password]@]host[:port]`. Errors name `field` and never show the URL, which may hold a password.
[[nodiscard]] CWSANDBOX_DECL outcome<proxy_settings> parse_proxy_url(std::string_view url,
                                                                     std::string_view field);

/// True when a list as in the environment variable `no_proxy` names the host.
///
/// \param host a name in lower case or an address, IPv6 without brackets
[[nodiscard]] CWSANDBOX_DECL bool is_exempt_from_proxy(std::string_view list,
                                                       std::string_view host);

/// The proxy for a service: by the option (see `http_options::proxy`), else by the environment. Nothing for none.
[[nodiscard]] CWSANDBOX_DECL outcome<std::optional<proxy_settings>> choose_proxy(
    std::string_view option, net::service_url const& service);

}  // namespace cwsandbox::inline v1::detail::http

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http/proxy.ipp>
#endif

#endif

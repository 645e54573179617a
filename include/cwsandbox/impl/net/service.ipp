// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_NET_SERVICE_IPP
#define CWSANDBOX_IMPL_NET_SERVICE_IPP

#include <cwsandbox/net/service.hpp>

#include <cwsandbox/options.hpp>

#include <asio/ip/address.hpp>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace cwsandbox::inline v1::detail::net {

// The first pause, the growth, and the longest; each pause is varied by a fifth.
inline constexpr std::chrono::milliseconds connect_pause{100};
inline constexpr double connect_pause_growth = 1.6;
inline constexpr std::chrono::seconds connect_pause_max{10};

/// What is wrong with a base URL, in words that name it.
[[nodiscard]] inline error base_url_error(url_fault fault, std::string_view url, url_paths paths) {
  std::string const shown{url};
  switch (fault) {
    case url_fault::scheme:
      return invalid_argument_error("base_url", shown,
                                    "URL must use http or https scheme, got: " + shown);
    case url_fault::path:
      if (paths == url_paths::allowed)
        return invalid_argument_error("base_url", shown,
                                      "URL path must be visible ASCII, got: " + shown);
      return invalid_argument_error("base_url", shown,
                                    "gRPC does not support URL paths, got: " + shown);
    case url_fault::host:
      return invalid_argument_error("base_url", shown, "URL must have a hostname: " + shown);
    case url_fault::user_info:
      // may be a password
      return invalid_argument_error("base_url", "", "URL must not hold user information");
    case url_fault::port:
    case url_fault::none:
      break;
  }
  return invalid_argument_error("base_url", shown,
                                "URL must have a port between 0 and 65535, got: " + shown);
}

CWSANDBOX_DECL outcome<service_url> find_service(std::string_view option, url_paths paths) {
  char const* const from_environment = std::getenv("CWSANDBOX_BASE_URL");
  std::string const url{choose_base_url(option, from_environment != nullptr ? from_environment : "",
                                        "", default_base_url)};
  auto const parts = parse_base_url(url, paths);
  if (!parts.ok()) return base_url_error(parts.fault, url, paths);
  service_url found{};
  found.secure = parts.secure;
  found.peer.host = lowered_host(parts);
  found.peer.port = parts.port;
  found.authority = found.peer.host;
  if (parts.port != (parts.secure ? 443 : 80)) found.authority += ':' + std::to_string(parts.port);
  if (found.peer.host.starts_with('['))
    found.peer.host = found.peer.host.substr(1, found.peer.host.size() - 2);
  found.path_prefix = parts.path;
  return found;
}

CWSANDBOX_DECL outcome<std::string> make_user_agent(std::string const& option) {
  for (char const c : option)
    if (c < ' ' || c > '~')
      return invalid_argument_error("user_agent", option,
                                    "user_agent must be visible ASCII: '" + option + "'");
  std::string text = option;
  if (!text.empty()) text += ' ';
  text.append("cwsandbox-cpp/").append(version);
  return text;
}

CWSANDBOX_DECL outcome<void> credentials::resolve(std::string_view api_key,
                                                  auth_provider const& own) {
  auto found = resolve_auth(api_key, own);
  if (!found) return found.error();
  if (*found != headers_) {
    headers_ = *std::move(found);
    ++version_;
  }
  return {};
}

CWSANDBOX_DECL bool credentials::renew(std::string_view api_key, auth_provider const& own,
                                       std::uint64_t used) {
  if (used != version_) return true;  // somebody else has found them
  return resolve(api_key, own) && used != version_;
}

CWSANDBOX_DECL void credentials::warn_about_plaintext(
    service_url const& service, std::function<void(std::string_view)> const& log) {
  if (service.secure || warned_ || headers_.empty() || !log) return;
  asio::error_code no_address;
  auto const address = asio::ip::make_address(service.peer.host, no_address);
  if (service.peer.host == "localhost" || (!no_address && address.is_loopback())) return;
  warned_ = true;
  log("credentials are sent to " + service.peer.text() + " without encryption");
}

CWSANDBOX_DECL reconnect_pauses::reconnect_pauses() : random_{std::random_device{}()} {}

CWSANDBOX_DECL void reconnect_pauses::on_failure() {
  ++failures_;
  auto pause = std::chrono::duration<double>{connect_pause};
  for (int i = 1; i < failures_ && pause < connect_pause_max; ++i) pause *= connect_pause_growth;
  pause = std::min<std::chrono::duration<double>>(pause, connect_pause_max);
  pause *= std::uniform_real_distribution<double>{0.8, 1.2}(random_);
  next_attempt_ = clock::now() + std::chrono::duration_cast<clock::duration>(pause);
}

CWSANDBOX_DECL reconnect_pauses::clock::duration reconnect_pauses::left() const {
  return failures_ == 0 ? clock::duration::zero() : next_attempt_ - clock::now();
}

}  // namespace cwsandbox::inline v1::detail::net

#endif

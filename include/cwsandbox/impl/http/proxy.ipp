// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_PROXY_IPP
#define CWSANDBOX_IMPL_HTTP_PROXY_IPP

#include <cwsandbox/transport/http/proxy.hpp>

#include <cwsandbox/detail/base64.hpp>
#include <cwsandbox/detail/base_url.hpp>
#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/detail/http_text.hpp>

#include <asio/ip/address.hpp>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace cwsandbox::inline v1::detail::http {

inline constexpr std::uint16_t default_proxy_port = 1080;

/// Nothing when a `%` is not followed by two hexadecimal digits.
inline std::optional<std::string> percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      result.push_back(text[i]);
      continue;
    }
    int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    result.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return result;
}

CWSANDBOX_DECL outcome<proxy_settings> parse_proxy_url(std::string_view url,
                                                       std::string_view field) {
  auto const refuse = [field](std::string_view what) {
    std::string const name{field};
    return invalid_argument_error(name, "", "the proxy of " + name + " " + std::string{what});
  };
  auto rest = url;
  if (auto const scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    if (!equal_in_any_case(rest.substr(0, scheme_end), "http"))
      return refuse("cannot be used: only http:// proxies are supported");
    rest.remove_prefix(scheme_end + 3);
  }
  rest = rest.substr(0, rest.find_first_of("/?#"));
  proxy_settings found{};
  if (auto const at = rest.rfind('@'); at != std::string_view::npos) {
    auto const user_info = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    auto const colon = user_info.find(':');
    auto const user = percent_decoded(user_info.substr(0, colon));
    auto const password = percent_decoded(
        colon == std::string_view::npos ? std::string_view{} : user_info.substr(colon + 1));
    // RFC 7617: a user cannot hold a colon, neither a control character
    bool usable = user && password && user->find(':') == std::string::npos;
    if (usable)
      for (char const c : *user + *password) usable = usable && (c < 0 || c >= ' ') && c != 0x7f;
    if (!usable) return refuse("has a user or a password that cannot be sent");
    found.authorization = "Basic " + base64_encode(*user + ':' + *password);
  }
  std::string const normal = "http://" + std::string{rest};
  auto const parts = parse_base_url(normal);
  if (!parts.ok()) return refuse("is no URL with a host and a port");
  found.peer.host = lowered_host(parts);
  if (found.peer.host.starts_with('['))
    found.peer.host = found.peer.host.substr(1, found.peer.host.size() - 2);
  bool const has_port = rest.size() > parts.host.size() && !rest.ends_with(':');
  found.peer.port = has_port ? parts.port : default_proxy_port;
  return found;
}

/// The first bits of two addresses.
template <class Bytes>
[[nodiscard]] bool same_network(Bytes const& a, Bytes const& b, unsigned bits) {
  for (std::size_t i = 0; i < a.size() && bits > 0; ++i) {
    auto const count = bits < 8 ? bits : 8;
    auto const mask = 0xffU << (8 - count) & 0xffU;
    if ((a[i] & mask) != (b[i] & mask)) return false;
    bits -= count;
  }
  return true;
}

/// An entry that is an address, or a network, holds the address.
[[nodiscard]] inline bool covers_address(std::string_view entry, asio::ip::address const& host) {
  unsigned bits = host.is_v4() ? 32 : 128;
  auto text = entry;
  if (auto const slash = entry.find('/'); slash != std::string_view::npos) {
    text = entry.substr(0, slash);
    auto const length = entry.substr(slash + 1);
    unsigned given = 0;
    auto const [end, failed] =
        std::from_chars(length.data(), length.data() + length.size(), given);
    if (failed != std::errc{} || end != length.data() + length.size() || given > bits)
      return false;
    bits = given;
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  asio::error_code none;
  auto const address = asio::ip::make_address(std::string{text}, none);
  if (none || address.is_v4() != host.is_v4()) return false;
  return host.is_v4()
             ? same_network(address.to_v4().to_bytes(), host.to_v4().to_bytes(), bits)
             : same_network(address.to_v6().to_bytes(), host.to_v6().to_bytes(), bits);
}

CWSANDBOX_DECL bool is_exempt_from_proxy(std::string_view list, std::string_view host) {
  asio::error_code no_address;
  auto const address = asio::ip::make_address(std::string{host}, no_address);
  if (host.ends_with('.')) host.remove_suffix(1);
  constexpr std::string_view separators = ", \t";
  while (!list.empty()) {
    auto const end = std::min(list.find_first_of(separators), list.size());
    auto entry = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (entry.empty()) continue;
    if (entry == "*") return true;
    if (!no_address) {
      if (covers_address(entry, address)) return true;
      continue;
    }
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.ends_with('.')) entry.remove_suffix(1);
    if (entry.empty() || entry.size() > host.size()) continue;
    auto const tail = host.substr(host.size() - entry.size());
    bool const whole = tail.size() == host.size() || host[host.size() - tail.size() - 1] == '.';
    if (whole && equal_in_any_case(tail, entry)) return true;
  }
  return false;
}

/// The first of these variables that is set and not empty.
[[nodiscard]] inline std::pair<std::string_view, std::string_view> from_environment(
    std::string_view name, std::string_view other) {
  for (auto const candidate : {name, other}) {
    if (candidate.empty()) continue;
    char const* const value = std::getenv(candidate.data());
    if (value != nullptr && *value != '\0') return {candidate, value};
  }
  return {};
}

CWSANDBOX_DECL outcome<std::optional<proxy_settings>> choose_proxy(
    std::string_view option, net::service_url const& service) {
  std::optional<proxy_settings> none;
  if (option == "none") return none;
  std::string_view field = "proxy";
  if (option.empty()) {
    // HTTP_PROXY is what a CGI program gets for a client's header `Proxy`, so it is not looked at.
    auto const [name, value] = service.secure ? from_environment("https_proxy", "HTTPS_PROXY")
                                              : from_environment("http_proxy", "");
    if (value.empty()) return none;
    if (is_exempt_from_proxy(from_environment("no_proxy", "NO_PROXY").second, service.peer.host))
      return none;
    field = name;
    option = value;
  }
  auto found = parse_proxy_url(option, field);
  if (!found) return found.error();
  return std::optional<proxy_settings>{*std::move(found)};
}

}  // namespace cwsandbox::inline v1::detail::http

#endif

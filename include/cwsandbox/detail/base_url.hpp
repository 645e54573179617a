// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_BASE_URL_HPP
#define CWSANDBOX_DETAIL_BASE_URL_HPP

#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/quantity.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

enum class url_paths : std::uint8_t { refused, allowed };

enum class url_fault : std::uint8_t { none, scheme, host, path, port, user_info };

/// The parts of a base URL (contract: lifecycle 8); views of the text it was made from.
struct base_url_parts {
  url_fault fault = url_fault::none;
  bool secure = true;
  std::string_view host = {};  ///< as written; an IPv6 address keeps its brackets
  std::uint16_t port = 0;      ///< the scheme's default when the URL has none, or 0
  std::string_view path = {};  ///< without the slashes at its end

  constexpr bool ok() const { return fault == url_fault::none; }
};

constexpr base_url_parts parse_base_url(std::string_view url,
                                        url_paths paths = url_paths::refused) {
  base_url_parts parts;
  auto const fail = [&parts](url_fault fault) {
    parts.fault = fault;
    return parts;
  };
  auto const colon = url.find(':');
  auto const scheme = url.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (!equal_in_any_case(scheme, "https") && !equal_in_any_case(scheme, "http"))
    return fail(url_fault::scheme);
  parts.secure = scheme.size() == 5;
  auto rest = url.substr(colon + 1);
  if (!rest.starts_with("//")) return fail(url_fault::host);
  rest.remove_prefix(2);

  auto const authority = rest.substr(0, rest.find_first_of("/?#"));
  auto path = rest.substr(authority.size());
  path = path.substr(0, path.find_first_of("?#"));
  if (authority.find('@') != std::string_view::npos) return fail(url_fault::user_info);

  std::string_view port;
  if (authority.starts_with('[')) {
    auto const close = authority.find(']');
    if (close == std::string_view::npos || close == 1) return fail(url_fault::host);
    parts.host = authority.substr(0, close + 1);
    for (char c : parts.host.substr(1, close - 1))
      if (!is_digit(c) && c != ':' && c != '.' && !(lower(c) >= 'a' && lower(c) <= 'f'))
        return fail(url_fault::host);
    auto const after = authority.substr(close + 1);
    if (!after.empty() && after.front() != ':') return fail(url_fault::host);
    if (!after.empty()) port = after.substr(1);
  } else {
    auto const at = authority.find(':');
    parts.host = authority.substr(0, at);
    if (at != std::string_view::npos) port = authority.substr(at + 1);
    for (char c : parts.host)
      if (!is_digit(c) && !(lower(c) >= 'a' && lower(c) <= 'z') && c != '-' && c != '.' && c != '_')
        return fail(url_fault::host);
  }
  if (parts.host.empty()) return fail(url_fault::host);

  std::uint32_t number = 0;
  for (char c : port) {
    if (!is_digit(c)) return fail(url_fault::port);
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
    if (number > 65535) return fail(url_fault::port);
  }
  parts.port = static_cast<std::uint16_t>(number != 0 ? number : parts.secure ? 443 : 80);

  while (path.ends_with('/')) path.remove_suffix(1);
  parts.path = path;
  if (!path.empty() && paths == url_paths::refused) return fail(url_fault::path);
  for (char c : path)
    if (c <= ' ' || c > '~') return fail(url_fault::path);
  return parts;
}

/// The host for connecting and for headers: lower case, an IPv6 address in brackets.
inline std::string lowered_host(base_url_parts const& parts) {
  std::string host{parts.host};
  for (auto& c : host) c = lower(c);
  return host;
}

/// Which base URL holds: what a call says, else a non-empty CWSANDBOX_BASE_URL (handed in), else
/// the defaults, else the built-in one; without the slashes at its end. (contract: lifecycle 0)
constexpr std::string_view choose_base_url(std::string_view from_call,
                                           std::string_view from_environment,
                                           std::string_view from_defaults,
                                           std::string_view built_in) {
  auto chosen = built_in;
  if (!from_defaults.empty()) chosen = from_defaults;
  if (!from_environment.empty()) chosen = from_environment;
  if (!from_call.empty()) chosen = from_call;
  while (chosen.ends_with('/')) chosen.remove_suffix(1);
  return chosen;
}

}  // namespace cwsandbox::inline v1::detail

#endif

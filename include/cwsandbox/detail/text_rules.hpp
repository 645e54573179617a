// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TEXT_RULES_HPP
#define CWSANDBOX_DETAIL_TEXT_RULES_HPP

#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/quantity.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }
constexpr bool is_absolute(std::string_view path) { return path.starts_with('/'); }

/// 1 to 59 of `[A-Za-z0-9._-]`, the last one a letter or digit. (contract: options 2.9)
constexpr bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > 59) return false;
  for (char c : text)
    if (!is_letter(c) && !is_digit(c) && c != '.' && c != '_' && c != '-') return false;
  return is_letter(text.back()) || is_digit(text.back());
}

/// 1 to 63 of `[A-Za-z0-9_-]`. (contract: options 8.1)
constexpr bool is_volume_name(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  for (char c : text)
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-') return false;
  return true;
}

/// A DNS-1123 subdomain in any case, blanks around it allowed, optionally behind one `*.`.
/// (contract: options 2.3)
constexpr bool is_dns_name(std::string_view text) {
  text = trim(text);
  if (text.size() > 253) return false;
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.empty()) return false;
  std::size_t label = 0;
  char before = '.';
  for (char c : text) {
    if (c == '.') {
      if (label == 0 || before == '-') return false;
      label = 0;
    } else {
      if (!is_letter(c) && !is_digit(c) && (c != '-' || label == 0)) return false;
      if (++label > 63) return false;
    }
    before = c;
  }
  return label != 0 && before != '-';
}

/// Absolute, without empty, `.` or `..` parts and without a slash at the end (`/` alone is
/// canonical).
constexpr bool is_canonical_path(std::string_view path) {
  if (!is_absolute(path) || has_nul(path)) return false;
  if (path == "/") return true;
  path.remove_prefix(1);
  while (true) {
    auto const end = path.find('/');
    auto const part = path.substr(0, end);
    if (part.empty() || part == "." || part == "..") return false;
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

/// True when a canonical path is the other one or lies below it.
constexpr bool is_within(std::string_view path, std::string_view above) {
  if (above == "/" || path == above) return true;
  return path.size() > above.size() && path.starts_with(above) && path[above.size()] == '/';
}

/// Where nothing may be mounted. (contract: options 8.1)
inline constexpr std::string_view reserved_paths[] = {
    "/proc", "/sys", "/dev", "/etc", "/var/run/secrets", "/shared/credentials"};

constexpr bool is_reserved_path(std::string_view path) {
  for (auto const reserved : reserved_paths)
    if (is_within(path, reserved)) return true;
  return false;
}

}  // namespace cwsandbox::inline v1::detail

namespace cwsandbox::inline v1 {

/// A DNS name as it is sent: without blanks around it, lower case.
inline std::string normalized_dns_name(std::string_view name) {
  std::string result{detail::trim(name)};
  for (auto& c : result) c = detail::lower(c);
  return result;
}

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_HTTP_TEXT_HPP
#define CWSANDBOX_DETAIL_HTTP_TEXT_HPP

/// \file
/// What the texts of HTTP are made of, in every version of it.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/quantity.hpp>

#include <string_view>

namespace cwsandbox::inline v1::detail {

/// A token of RFC 9110, 5.6.2, such as the name of a header.
constexpr bool is_token(std::string_view text) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  for (char const c : text) {
    bool const letter = lower(c) >= 'a' && lower(c) <= 'z';
    if (!letter && !is_digit(c) && others.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

/// What we write into the values of headers; narrower than what may be received.
constexpr bool is_plain_text(std::string_view text) noexcept {
  for (char const c : text)
    if (c < ' ' || c > '~') return false;
  return !text.starts_with(' ') && !text.ends_with(' ');
}

/// The value of a hexadecimal digit, or -1.
constexpr int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

}  // namespace cwsandbox::inline v1::detail

#endif

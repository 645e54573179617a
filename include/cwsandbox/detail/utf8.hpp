// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UTF8_HPP
#define CWSANDBOX_DETAIL_UTF8_HPP

#include <cwsandbox/config.hpp>

#include <cstddef>
#include <string_view>

namespace cwsandbox::inline v1::detail {

/// U+FFFD, which stands for what is not UTF-8.
inline constexpr std::string_view replacement_character = "\xef\xbf\xbd";

/// The start of a text that is not empty.
struct utf8_start {
  std::size_t
      length{};  ///< bytes of one character, or bytes that one replacement character stands for
  bool valid{};
};

/// Looks at the start of a text. What is not UTF-8 is replaced by the longest start of a sequence,
/// as Unicode advises (The Unicode Standard, 3.9).
constexpr utf8_start look_at_utf8(std::string_view text) noexcept {
  auto const byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned const lead = byte(0);
  if (lead < 0x80) return {1, true};
  std::size_t length = 0;
  // The bounds of the second byte keep out surrogates, what is too large, and longer spellings than
  // needed.
  unsigned low = 0x80;
  unsigned high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  }
  if (length == 0) return {1, false};
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

}  // namespace cwsandbox::inline v1::detail

#endif

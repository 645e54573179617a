// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_UTF8_TEXT_IPP
#define CWSANDBOX_IMPL_UTF8_TEXT_IPP

#include <cwsandbox/detail/utf8.hpp>
#include <cwsandbox/detail/utf8_text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL std::size_t utf8_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  for (;;) {
    // Nearly all texts are ASCII: eight bytes at a time until one of them is not.
    while (text.size() - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080U) != 0) break;
      at += sizeof word;
    }
    while (at != text.size() && static_cast<unsigned char>(text[at]) < 0x80U) ++at;
    if (at == text.size()) return at;
    auto const start = look_at_utf8(text.substr(at));
    if (!start.valid) return at;
    at += start.length;
  }
}

CWSANDBOX_DECL std::string to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (;;) {
    auto const good = utf8_prefix(text);
    result.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) return result;
    result.append(replacement_character);
    text.remove_prefix(look_at_utf8(text).length);
  }
}

}  // namespace cwsandbox::inline v1::detail

#endif

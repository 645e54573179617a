// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UTF8_TEXT_HPP
#define CWSANDBOX_DETAIL_UTF8_TEXT_HPP

#include <cwsandbox/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

/// How many bytes at the front of a text are UTF-8.
[[nodiscard]] CWSANDBOX_DECL std::size_t utf8_prefix(std::string_view text) noexcept;

/// Whether a text is UTF-8.
[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  return utf8_prefix(text) == text.size();
}

/// The text with U+FFFD in place of what is not UTF-8.
[[nodiscard]] CWSANDBOX_DECL std::string to_utf8(std::string_view text);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/utf8_text.ipp>
#endif

#endif

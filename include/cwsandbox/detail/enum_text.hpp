// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_ENUM_TEXT_HPP
#define CWSANDBOX_DETAIL_ENUM_TEXT_HPP

#include <cwsandbox/config.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1 {
namespace detail {

template <class E>
struct enum_entry {
  E value;
  std::string_view text;
};

/// Specialized beside each public enum: `static constexpr std::array<enum_entry<E>, n> entries`.
template <class E>
struct enum_texts;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool equal_in_any_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

}  // namespace detail

/// An enum of the options vocabulary, with a text for each value.
template <class E>
concept text_enum = requires {
  detail::enum_texts<E>::entries;
};

/// The text of a value; that of the first one (unspecified) when the number is none of the enum's.
template <text_enum E>
constexpr std::string_view to_string(E value) {
  for (auto const& entry : detail::enum_texts<E>::entries)
    if (entry.value == value) return entry.text;
  return detail::enum_texts<E>::entries.front().text;
}

/// The value of a text, upper or lower case; nothing when the text is unknown:
/// `from_string<SandboxStatus>("Running")`.
template <text_enum E>
constexpr std::optional<E> from_string(std::string_view text) {
  for (auto const& entry : detail::enum_texts<E>::entries)
    if (detail::equal_in_any_case(entry.text, text)) return entry.value;
  return std::nullopt;
}

}  // namespace cwsandbox::inline v1

#endif

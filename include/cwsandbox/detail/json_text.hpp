// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_JSON_TEXT_HPP
#define CWSANDBOX_DETAIL_JSON_TEXT_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/timestamp.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// \file
/// The values that JSON and query parameters spell as text: numbers, times, lengths of time and
/// field masks.

namespace cwsandbox::inline v1::detail {

/// The messages that JSON spells as one string instead of an object.
template <class T>
concept json_text_message = std::same_as<T, wire::Timestamp> || std::same_as<T, wire::Duration> ||
    std::same_as<T, wire::FieldMask>;

/// Appends RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction. What lies outside the years 1 to
/// 9999, which is all that JSON can say, becomes the nearest time inside.
CWSANDBOX_DECL void append_text(std::string& out, wire::Timestamp const& time);

/// Appends seconds with 0, 3, 6 or 9 digits of fraction and an `s`. What exceeds 10,000 years,
/// which is all that JSON can say, becomes the nearest length that does not.
CWSANDBOX_DECL void append_text(std::string& out, wire::Duration const& length);

/// Appends the paths in lowerCamelCase, joined by commas. What a path holds beside letters, digits
/// and single underscores before letters is kept as it is.
CWSANDBOX_DECL void append_text(std::string& out, wire::FieldMask const& mask);

CWSANDBOX_DECL void append_text(std::string& out, std::int64_t number);
CWSANDBOX_DECL void append_text(std::string& out, std::uint64_t number);

/// Reads RFC 3339 with any offset and up to 9 digits of fraction. False for anything else, for
/// dates that do not exist and for what lies outside the years 1 to 9999.
[[nodiscard]] CWSANDBOX_DECL bool parse_text(std::string_view text, wire::Timestamp& time);

/// Reads seconds with up to 9 digits of fraction and an `s`. False for anything else and for what
/// exceeds 10,000 years.
[[nodiscard]] CWSANDBOX_DECL bool parse_text(std::string_view text, wire::Duration& length);

/// Reads paths joined by commas. Takes lowerCamelCase and the names of the schema. False for an
/// empty path.
[[nodiscard]] CWSANDBOX_DECL bool parse_text(std::string_view text, wire::FieldMask& mask);

/// How the reading of an integer went.
enum class json_integer_status : std::uint8_t {
  ok,
  not_a_number,  ///< not what JSON calls a number
  fraction,      ///< a number with a fraction that is not zero
  out_of_range,  ///< more than 64 bits
};

/// An integer as sign and magnitude, so that one reader serves all four integer types.
struct json_integer {
  json_integer_status status{};
  bool negative{};
  std::uint64_t magnitude{};
};

/// Reads a number as JSON spells it, fraction and exponent included as long as the value is an
/// integer: `1.50e2`. Exact: nothing passes through a floating-point number.
[[nodiscard]] CWSANDBOX_DECL json_integer parse_json_integer(std::string_view text) noexcept;

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/json_text.ipp>
#endif

#endif

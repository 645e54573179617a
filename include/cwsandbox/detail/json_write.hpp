// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_JSON_WRITE_HPP
#define CWSANDBOX_DETAIL_JSON_WRITE_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/detail/json_text.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// \file
/// Messages to JSON. Needs no JSON library.

namespace cwsandbox::inline v1::detail {

/// Appends a quoted string. Escapes what must be; what is not UTF-8 becomes U+FFFD, so that the
/// result is always valid JSON.
CWSANDBOX_DECL void append_json_string(std::string& out, std::string_view text);

/// Appends bytes as a quoted string of standard base64.
CWSANDBOX_DECL void append_json_bytes(std::string& out, std::string_view bytes);

/// Appends an object with a member for each pair.
CWSANDBOX_DECL void append_json_map(std::string& out, wire::string_map const& map);

/// Appends the name of a member, after a comma unless it is the first one.
CWSANDBOX_DECL void append_json_key(std::string& out, bool first, std::string_view name);

template <wire::message M>
void append_json_message(std::string& out, M const& message, std::uint64_t skipped = 0);

/// Appends one value of a field.
template <wire::field_kind Kind, class Value>
void append_json_value(std::string& out, Value const& value) {
  using enum wire::field_kind;
  if constexpr (Kind == boolean) {
    out += value ? "true" : "false";
  } else if constexpr (Kind == int32) {
    append_text(out, std::int64_t{value});
  } else if constexpr (Kind == uint32) {
    append_text(out, std::uint64_t{value});
  } else if constexpr (Kind == int64 || Kind == uint64) {
    // As a string: most readers hold numbers as doubles, which end at 53 bits.
    out += '"';
    append_text(out, value);
    out += '"';
  } else if constexpr (Kind == string) {
    append_json_string(out, value);
  } else if constexpr (Kind == bytes) {
    append_json_bytes(out, value);
  } else if constexpr (Kind == enumeration) {
    if (std::string_view const name = wire::enum_name(value); !name.empty()) {
      out += '"';
      out += name;
      out += '"';
    } else {
      append_text(out, static_cast<std::int64_t>(value));
    }
  } else {
    static_assert(Kind == message);
    append_json_message(out, value);
  }
}

/// Appends a message. `skipped` has a bit for each field, by its place in the table, that is left
/// out.
template <wire::message M>
void append_json_message(std::string& out, M const& message, std::uint64_t skipped) {
  static_assert(wire::field_count<M>() <= 64);
  static_assert(wire::descriptor<M>::name != std::string_view("google.protobuf.Any"),
                "JSON spells an Any by the type that it holds, which the codec does not know");
  if constexpr (json_text_message<M>) {
    if constexpr (std::same_as<M, wire::FieldMask>) {
      std::string text;
      append_text(text, message);
      append_json_string(out, text);
    } else {
      out += '"';
      append_text(out, message);
      out += '"';
    }
  } else {
    out += '{';
    bool first = true;
    std::size_t index = 0;
    wire::for_each_field<M>([&](auto const& entry) {
      using entry_type = std::remove_cvref_t<decltype(entry)>;
      if ((skipped >> index++ & 1u) != 0) return;
      if constexpr (entry_type::kind == wire::field_kind::map) {
        auto const& pairs = entry.get(message);
        if (pairs.empty()) return;
        append_json_key(out, std::exchange(first, false), entry.json_name);
        append_json_map(out, pairs);
      } else if constexpr (entry_type::label == wire::field_label::repeated) {
        auto const& values = entry.get(message);
        if (values.empty()) return;
        append_json_key(out, std::exchange(first, false), entry.json_name);
        char before = '[';
        for (auto const& value : values) {
          out += std::exchange(before, ',');
          append_json_value<entry_type::kind>(out, value);
        }
        out += ']';
      } else if (auto const* const value = entry.present(message)) {
        append_json_key(out, std::exchange(first, false), entry.json_name);
        append_json_value<entry_type::kind>(out, *value);
      }
    });
    out += '}';
  }
}

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/json_write.ipp>
#endif

#endif

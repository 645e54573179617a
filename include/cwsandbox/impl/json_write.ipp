// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_JSON_WRITE_IPP
#define CWSANDBOX_IMPL_JSON_WRITE_IPP

#include <cwsandbox/detail/json_write.hpp>

#include <cwsandbox/detail/base64.hpp>
#include <cwsandbox/detail/utf8.hpp>

#include <cstring>

namespace cwsandbox::inline v1::detail {

/// Whether one of eight bytes cannot be copied as it is: a control character, a quote, a backslash,
/// or not ASCII.
constexpr bool json_needs_care(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t high = ones * 0x80;
  auto const has_zero = [](std::uint64_t x) { return (x - ones) & ~x & high; };
  return (((bytes - ones * 0x20) & ~bytes & high) | (bytes & high) | has_zero(bytes ^ ones * '"') |
          has_zero(bytes ^ ones * '\\')) != 0;
}

inline void append_json_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
  }
}

CWSANDBOX_DECL void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t copied = 0;
  std::size_t at = 0;
  auto const flush = [&] { out.append(text, copied, at - copied); };
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, text.data() + at, 8);
      if (!json_needs_care(bytes)) {
        at += 8;
        continue;
      }
    }
    auto const c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == '"' || c == '\\') {
      flush();
      append_json_escape(out, text[at]);
      copied = ++at;
    } else if (c < 0x80) {
      ++at;
    } else {
      utf8_start const start = look_at_utf8(text.substr(at));
      if (start.valid) {
        at += start.length;
      } else {
        flush();
        out += replacement_character;
        copied = at += start.length;
      }
    }
  }
  flush();
  out += '"';
}

CWSANDBOX_DECL void append_json_bytes(std::string& out, std::string_view bytes) {
  out += '"';
  out += base64_encode(bytes);
  out += '"';
}

CWSANDBOX_DECL void append_json_map(std::string& out, wire::string_map const& map) {
  char before = '{';
  if (map.empty()) out += before;
  for (auto const& [key, value] : map) {
    out += std::exchange(before, ',');
    append_json_string(out, key);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

CWSANDBOX_DECL void append_json_key(std::string& out, bool first, std::string_view name) {
  out += first ? "\"" : ",\"";
  out += name;
  out += "\":";
}

}  // namespace cwsandbox::inline v1::detail

#endif

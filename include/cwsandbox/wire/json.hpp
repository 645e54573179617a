// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_JSON_HPP
#define CWSANDBOX_WIRE_JSON_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cwsandbox/detail/json_read.hpp>
#include <cwsandbox/detail/json_write.hpp>
#include <cwsandbox/wire/field.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// \file
/// Messages as JSON, by the proto3 JSON mapping. In separate compilation `impl/json_text.ipp`,
/// `impl/json_write.ipp` and `impl/json_read.ipp` hold the code; the last one needs simdjson.
///
/// Writing: lowerCamelCase names, fields that are not set left out, 64-bit integers as strings,
/// bytes as standard base64, enums by name (by number when this version does not know the name),
/// Timestamp as RFC 3339 in UTC, Duration as `1.500s`, FieldMask as one string. The result is
/// always valid JSON in UTF-8: what is not UTF-8 in a string becomes U+FFFD, and a time or a length
/// outside what JSON can say becomes the nearest one inside.
///
/// Reading takes all spellings that the mapping allows: both names of a field, numbers as strings
/// and with a fraction or exponent as long as they are integers, both alphabets of base64 with or
/// without padding, any offset in a time, `null` for a field that is not set. Unknown fields are
/// skipped, but must be well-formed. The name of an enum value that this version does not know
/// becomes the zero value: a newer server must not make a whole answer unreadable. When a field
/// occurs twice, the last value counts; messages are merged and lists are joined, as a protobuf
/// decoder does.
///
/// Refused are: anything but one JSON object, a number out of range, `null` as an element of a list
/// or a map, a second alternative of a oneof, and values of the wrong type (`"true"` for a bool, a
/// number for a string).

namespace cwsandbox::inline v1::wire {

/// What a JSON document may use. Beyond it reading fails.
struct json_limits {
  /// Bytes of the document: 160 MiB. Bytes fields grow by a third in base64, so this is room for
  /// the 100 MiB that the protobuf codec allows.
  std::size_t max_bytes = 167'772'160;
  /// How deep objects and lists may nest, unknown ones included. More than 512 counts as 512.
  std::size_t max_depth = 64;
};

/// Reads messages from JSON and keeps the parser's memory from one document to the next (what a
/// document of more than 1 MiB needed is given back). One thread at a time may use it.
///
/// Errors are of the kind `rpc` with the code `internal`: `cannot read <message> from JSON:
/// <field>: <reason>`. They never show a value.
class json_reader {
 public:
  explicit json_reader(json_limits const& limits = {})
      : limits_{limits}, input_{detail::make_json_input()} {}

  /// Reads a document, which is copied first: the parser needs room behind its end.
  template <message M>
  [[nodiscard]] outcome<M> read(std::string_view text) {
    M result{};
    if (auto failure = detail::read_json_document(*input_, document(text, result))) {
      return *std::move(failure);
    }
    return result;
  }

  /// Reads a document without a copy, if the string has room for `padding` more bytes; else it is
  /// reallocated. The content is the same before and after.
  template <message M>
  [[nodiscard]] outcome<M> read_in_place(std::string& text) {
    M result{};
    if (auto failure = detail::read_json_document_in_place(*input_, text, document(text, result))) {
      return *std::move(failure);
    }
    return result;
  }

  /// How many bytes of room to reserve behind a document that is read in place.
  static constexpr std::size_t padding = 64;

 private:
  template <message M>
  [[nodiscard]] detail::json_document document(std::string_view text, M& into) const {
    return {text,
            limits_.max_bytes,
            limits_.max_depth,
            descriptor<M>::name,
            &detail::read_json_message<M>,
            &into,
            detail::json_text_message<M>};
  }

  json_limits limits_;
  detail::json_input_ptr input_;
};

/// Appends a message as JSON.
template <message M>
void to_json_append(M const& message, std::string& out) {
  detail::append_json_message(out, message);
}

/// A message as JSON.
template <message M>
[[nodiscard]] std::string to_json(M const& message) {
  std::string out;
  to_json_append(message, out);
  return out;
}

/// Reads a message with a `json_reader` made for it alone.
template <message M>
[[nodiscard]] outcome<M> from_json(std::string_view text, json_limits const& limits = {}) {
  return json_reader{limits}.template read<M>(text);
}

}  // namespace cwsandbox::inline v1::wire

#endif

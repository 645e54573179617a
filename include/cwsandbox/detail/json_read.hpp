// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_JSON_READ_HPP
#define CWSANDBOX_DETAIL_JSON_READ_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>

#include <cwsandbox/detail/field_tuple.hpp>
#include <cwsandbox/detail/json_text.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// \file
/// JSON to messages. The loops over objects and arrays are compiled once and reach the fields
/// through tables of functions; only `impl/json_read.ipp` knows the JSON library.

namespace cwsandbox::inline v1::detail {

/// The document that is being read: the parser, its memory, the limits, and where and why reading
/// failed.
class json_input;

/// A value of the document, not read yet.
struct json_value;

struct json_input_deleter {
  CWSANDBOX_DECL void operator()(json_input* input) const noexcept;
};
using json_input_ptr = std::unique_ptr<json_input, json_input_deleter>;

CWSANDBOX_DECL json_input_ptr make_json_input();

/// Reads a value into a field of the message at `owner`, or an element into the container there.
/// False when it cannot be: the input then holds the reason.
using json_read_function = bool (*)(json_input& in, json_value& from, void* owner);

/// A field as the loop over an object sees it.
struct json_field {
  std::string_view name{};
  std::string_view json_name{};
  json_read_function read{};
  /// The bit of the oneof that the field belongs to, 0 for none.
  std::uint64_t oneof{};
};

/// What to read, within which limits, and where to.
struct json_document {
  std::string_view text{};
  std::size_t max_bytes{};
  std::size_t max_depth{};
  std::string_view message{};  ///< the name of the message, for errors
  json_read_function read{};   ///< given the root value and `owner`
  void* owner{};
  bool text_root{};  ///< the message is one string: see `json_text_message`
};

/// Copies the document and reads it.
[[nodiscard]] CWSANDBOX_DECL std::optional<error> read_json_document(json_input& in,
                                                                     json_document const& document);

/// Reads the document that fills `text`, which is longer for the while and unchanged at the end.
[[nodiscard]] CWSANDBOX_DECL std::optional<error> read_json_document_in_place(
    json_input& in, std::string& text, json_document const& document);

CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, bool& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::int32_t& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::int64_t& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::uint32_t& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::uint64_t& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::string& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::Timestamp& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::Duration& value);
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::FieldMask& value);
CWSANDBOX_DECL bool read_json_bytes(json_input& in, json_value& from, std::string& value);
CWSANDBOX_DECL bool read_json_map(json_input& in, json_value& from, wire::string_map& value);

/// Reads the number of an enum; a name is looked up by `find`.
CWSANDBOX_DECL bool read_json_enum(json_input& in, json_value& from, std::int32_t& value,
                                   std::optional<std::int32_t> (*find)(std::string_view name));

CWSANDBOX_DECL bool read_json_object(json_input& in, json_value& from, void* owner,
                                     std::span<json_field const> fields);

/// Calls `element` with each element and `owner`.
CWSANDBOX_DECL bool read_json_array(json_input& in, json_value& from, void* owner,
                                    json_read_function element);

template <wire::message M>
struct json_table;

/// Reads one value of a field.
template <wire::field_kind Kind, class Value>
bool read_json_value(json_input& in, json_value& from, Value& value) {
  using enum wire::field_kind;
  if constexpr (Kind == bytes) {
    return read_json_bytes(in, from, value);
  } else if constexpr (Kind == enumeration) {
    std::int32_t number = 0;
    bool const read =
        read_json_enum(in, from, number, [](std::string_view name) -> std::optional<std::int32_t> {
          auto const found = wire::enum_from_name<Value>(name);
          if (!found) return std::nullopt;
          return static_cast<std::int32_t>(*found);
        });
    value = static_cast<Value>(number);
    return read;
  } else if constexpr (Kind == message && !json_text_message<Value>) {
    return read_json_object(in, from, &value, json_table<Value>::fields);
  } else {
    return read_json(in, from, value);
  }
}

/// Reads the field at `Index` of the table.
template <wire::message M, std::size_t Index>
bool read_json_field(json_input& in, json_value& from, void* owner) {
  constexpr auto const& entry = std::get<Index>(field_tuple<M>);
  using entry_type = std::remove_cvref_t<decltype(entry)>;
  M& message = *static_cast<M*>(owner);
  if constexpr (entry_type::kind == wire::field_kind::map) {
    return read_json_map(in, from, entry.get(message));
  } else if constexpr (entry_type::label == wire::field_label::repeated) {
    using values = typename entry_type::member_type;
    return read_json_array(in, from, &entry.get(message),
                           [](json_input& input, json_value& element, void* held) {
                             return read_json_value<entry_type::kind>(
                                 input, element, static_cast<values*>(held)->emplace_back());
                           });
  } else {
    return read_json_value<entry_type::kind>(in, from, entry.mutate(message));
  }
}

/// The bit of the first field that shares the variant of a oneof field; 0 for any other field.
template <wire::message M, std::size_t Index>
consteval std::uint64_t json_oneof_bit() {
  constexpr auto const& entry = std::get<Index>(field_tuple<M>);
  using entry_type = std::remove_cvref_t<decltype(entry)>;
  if constexpr (entry_type::label == wire::field_label::oneof) {
    return wire::descriptor<M>::fields([](auto const&... other) {
      std::uint64_t result = 0;
      std::uint64_t bit = 1;
      auto const look = [&]<class Other>(Other const& candidate) {
        if constexpr (std::is_same_v<typename Other::member_type,
                                     typename entry_type::member_type>) {
          if (result == 0 && candidate.member == entry.member) result = bit;
        }
        bit <<= 1;
      };
      (look(other), ...);
      return result;
    });
  } else {
    return 0;
  }
}

template <wire::message M>
struct json_table {
  static_assert(wire::field_count<M>() <= 64);
  static_assert(wire::descriptor<M>::name != std::string_view("google.protobuf.Any"),
                "JSON spells an Any by the type that it holds, which the codec does not know");

  template <std::size_t... Index>
  static consteval std::array<json_field, sizeof...(Index)> make(std::index_sequence<Index...>) {
    return {json_field{std::get<Index>(field_tuple<M>).name,
                       std::get<Index>(field_tuple<M>).json_name, &read_json_field<M, Index>,
                       json_oneof_bit<M, Index>()}...};
  }
  static_assert(wire::descriptor<M>::fields([](auto const&... entry) {
                  return ((entry.name.size() < 64 && entry.json_name.size() < 64) && ... && true);
                }),
                "names are compared without a look at where the document ends: see json_padding");
  static constexpr auto fields = make(std::make_index_sequence<wire::field_count<M>()>());
};

/// Reads a whole message.
template <wire::message M>
bool read_json_message(json_input& in, json_value& from, void* owner) {
  return read_json_value<wire::field_kind::message>(in, from, *static_cast<M*>(owner));
}

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/json_read.ipp>
#endif

#endif

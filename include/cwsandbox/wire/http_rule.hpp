// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_HTTP_RULE_HPP
#define CWSANDBOX_WIRE_HTTP_RULE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cwsandbox/detail/field_tuple.hpp>
#include <cwsandbox/detail/json_text.hpp>
#include <cwsandbox/detail/json_write.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

/// \file
/// Requests as HTTP requests, by the REST bindings of the methods. Needs no JSON library. In
/// separate compilation `impl/http_rule.ipp` holds the code.

namespace cwsandbox::inline v1::wire {

/// What a request looks like over REST.
struct http_request_parts {
  http_verb verb{};
  /// The path with its fields filled in and the query, as they stand in a request line: ASCII
  /// without spaces.
  std::string target{};
  /// JSON; nothing when the binding has no body.
  std::optional<std::string> body{};
};

}  // namespace cwsandbox::inline v1::wire

namespace cwsandbox::inline v1::detail {

/// Appends a text with everything but letters, digits and `-._~` percent-encoded.
CWSANDBOX_DECL void append_percent_encoded(std::string& out, std::string_view text);

/// Appends a field as one segment of a path. False for the texts that a path cannot carry: empty,
/// `.` and `..`.
[[nodiscard]] CWSANDBOX_DECL bool append_path_segment(std::string& out, std::string_view text);

[[nodiscard]] CWSANDBOX_DECL error path_field_error(std::string_view method,
                                                    std::string_view field);

/// Appends `name=` after a `?` for the first parameter, after a `&` for any other.
CWSANDBOX_DECL void append_query_name(std::string& out, bool& first, std::string_view prefix,
                                      std::string_view name);

/// A part of a path template: literal text, or the name of a field that stood in braces.
struct path_piece {
  std::string_view text{};
  bool is_field{};
};

struct path_pieces {
  static constexpr std::size_t capacity = 8;
  std::array<path_piece, capacity> piece{};
  std::size_t size{};
};

consteval path_pieces split_path(std::string_view path) {
  path_pieces result{};
  while (!path.empty()) {
    bool const is_field = path.front() == '{';
    std::size_t const end = path.find(is_field ? '}' : '{');
    std::string_view const text = path.substr(0, end);
    result.piece[result.size++] = {is_field ? text.substr(1) : text, is_field};
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + (is_field ? 1 : 0));
  }
  return result;
}

/// A name as a type, so that it can be worked on while compiling.
template <class Method, std::size_t Piece>
struct path_name {
  static constexpr std::string_view text = split_path(Method::http.path).piece[Piece].text;
};
template <class Name>
struct inner_name {
  static constexpr std::string_view text = Name::text.substr(Name::text.find('.') + 1);
};

/// The text of the field that a path names, or null when it is empty.
template <class Name, wire::message M>
std::string const* path_field(M const& message) {
  constexpr std::size_t dot = Name::text.find('.');
  constexpr std::size_t index = field_index<M>(Name::text.substr(0, dot));
  static_assert(index < wire::field_count<M>(),
                "the path of an HTTP binding names a field that the request does not have");
  constexpr auto const& entry = std::get<index>(field_tuple<M>);
  auto const* const value = entry.present(message);
  if constexpr (dot != std::string_view::npos) {
    return value == nullptr ? nullptr : path_field<inner_name<Name>>(*value);
  } else {
    static_assert(std::remove_cvref_t<decltype(entry)>::kind == wire::field_kind::string,
                  "the path of an HTTP binding names a field that is not a string");
    return value;
  }
}

/// Appends the value of a query parameter.
template <wire::field_kind Kind, class Value>
void append_query_value(std::string& out, Value const& value) {
  using enum wire::field_kind;
  if constexpr (Kind == boolean) {
    out += value ? "true" : "false";
  } else if constexpr (Kind == int32 || Kind == int64) {
    append_text(out, std::int64_t{value});
  } else if constexpr (Kind == uint32 || Kind == uint64) {
    append_text(out, std::uint64_t{value});
  } else if constexpr (Kind == string) {
    append_percent_encoded(out, value);
  } else if constexpr (Kind == enumeration) {
    if (std::string_view const name = wire::enum_name(value); !name.empty()) {
      out += name;
    } else {
      append_text(out, static_cast<std::int64_t>(value));
    }
  } else if constexpr (json_text_message<Value>) {
    std::string text;
    append_text(text, value);
    append_percent_encoded(out, text);
  } else {
    static_assert(json_text_message<Value>,
                  "a query cannot carry this field: it holds bytes, a map or a list of messages");
  }
}

/// Appends the fields of a message as query parameters. `Skipped` has a bit for each field, by its
/// place in the table, that is left out.
template <std::uint64_t Skipped, wire::message M>
void append_query(std::string& out, bool& first, std::string_view prefix, M const& message) {
  static_assert(wire::field_count<M>() <= 64);
  auto const add = [&]<std::size_t Index>() {
    constexpr auto const& entry = std::get<Index>(field_tuple<M>);
    using entry_type = std::remove_cvref_t<decltype(entry)>;
    if constexpr (entry_type::label == wire::field_label::repeated) {
      for (auto const& value : entry.get(message)) {
        append_query_name(out, first, prefix, entry.json_name);
        append_query_value<entry_type::kind>(out, value);
      }
    } else if (auto const* const value = entry.present(message)) {
      if constexpr (entry_type::kind == wire::field_kind::message &&
                    !json_text_message<typename entry_type::value_type>) {
        std::string inner{prefix};
        inner.append(entry.json_name).append(1, '.');
        append_query<0>(out, first, inner, *value);
      } else {
        append_query_name(out, first, prefix, entry.json_name);
        append_query_value<entry_type::kind>(out, *value);
      }
    }
  };
  auto const add_unless_skipped = [&]<std::size_t Index>() {
    if constexpr ((Skipped >> Index & 1u) == 0) add.template operator()<Index>();
  };
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (add_unless_skipped.template operator()<Index>(), ...);
  }
  (std::make_index_sequence<wire::field_count<M>()>{});
}

/// The fields that the path holds whole, a bit for each.
template <class Method>
consteval std::uint64_t path_fields() {
  std::uint64_t result = 0;
  path_pieces const pieces = split_path(Method::http.path);
  for (std::size_t i = 0; i < pieces.size; ++i) {
    path_piece const& piece = pieces.piece[i];
    if (piece.is_field && piece.text.find('.') == std::string_view::npos) {
      result |= std::uint64_t{1} << field_index<typename Method::request>(piece.text);
    }
  }
  return result;
}

}  // namespace cwsandbox::inline v1::detail

namespace cwsandbox::inline v1::wire {

/// The HTTP request of a call: fields of the path filled in, the body as JSON, all other fields
/// that are set in the query. The query spells names in lowerCamelCase, enters messages with a dot
/// and repeats the name for each element of a list; its values are those of JSON without quotes.
///
/// A body that is one field (`"volume"`) is `{}` when the field is not set.
///
/// \return An error of the kind `rpc` with the code `invalid_argument` when a field of the path is
/// empty, `.` or `..`:
///     the request would reach another resource. The message names the method and the field.
template <http_method Method>
[[nodiscard]] outcome<http_request_parts> make_http_request(
    typename Method::request const& request) {
  using request_type = typename Method::request;
  constexpr detail::path_pieces pieces = detail::split_path(Method::http.path);
  constexpr std::uint64_t in_path = detail::path_fields<Method>();

  http_request_parts parts;
  parts.verb = Method::http.verb;
  std::string_view refused;
  auto const add_piece = [&]<std::size_t Piece>() {
    using name = detail::path_name<Method, Piece>;
    if constexpr (!pieces.piece[Piece].is_field) {
      parts.target += name::text;
      return true;
    } else {
      std::string const* const text = detail::path_field<name>(request);
      if (text != nullptr && detail::append_path_segment(parts.target, *text)) return true;
      refused = name::text;
      return false;
    }
  };
  bool const complete = [&]<std::size_t... Piece>(std::index_sequence<Piece...>) {
    return (add_piece.template operator()<Piece>() && ...);
  }
  (std::make_index_sequence<pieces.size>{});
  if (!complete) return detail::path_field_error(Method::name, refused);

  bool first = true;
  if constexpr (Method::http.body == std::string_view("*")) {
    detail::append_json_message(parts.body.emplace(), request, in_path);
  } else if constexpr (Method::http.body.empty()) {
    detail::append_query<in_path>(parts.target, first, {}, request);
  } else {
    constexpr std::size_t index = detail::field_index<request_type>(Method::http.body);
    static_assert(index < field_count<request_type>(),
                  "the body of an HTTP binding is a field that the request does not have");
    constexpr auto const& entry = std::get<index>(detail::field_tuple<request_type>);
    detail::append_query<in_path | std::uint64_t{1} << index>(parts.target, first, {}, request);
    std::string& body = parts.body.emplace();
    if (auto const* const value = entry.present(request)) {
      detail::append_json_message(body, *value);
    } else {
      body = "{}";
    }
  }
  return parts;
}

}  // namespace cwsandbox::inline v1::wire

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http_rule.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "rest_request.hpp"

#include "errors.hpp"
#include "rest_error.hpp"

#include <cwsandbox/detail/http_text.hpp>
#include <cwsandbox/detail/utf8_text.hpp>
#include <cwsandbox/error.hpp>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace server {
namespace {

using cwsandbox::outcome;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::JsonStringToMessage;

cwsandbox::error refusal(std::string message) {
  return cwsandbox::rpc_error(cwsandbox::status_code::invalid_argument, std::move(message));
}

/// Nothing for what is not properly encoded, or not UTF-8.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      int const high = cwsandbox::detail::hex_digit(text[i + 1]);
      int const low = cwsandbox::detail::hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      result += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  if (!cwsandbox::detail::is_utf8(result)) return std::nullopt;
  return result;
}

FieldDescriptor const* find_field(Descriptor const& type, std::string const& name) {
  if (auto const* const field = type.FindFieldByName(name)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

/// A message that JSON spells as one string.
bool is_text(Descriptor const& type) {
  constexpr std::array<std::string_view, 3> texts{
      "google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"};
  for (auto const name : texts) {
    if (type.full_name() == name) return true;
  }
  return false;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  auto const* const end = text.data() + text.size();
  auto const parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

std::optional<int> parse_enum(google::protobuf::EnumDescriptor const& type,
                              std::string const& text) {
  if (auto const* const value = type.FindValueByName(text)) return value->number();
  return parse_number<int>(text);
}

std::optional<std::string> parse_bytes(std::string const& text) {
  google::protobuf::BytesValue value;
  if (!JsonStringToMessage(json_string(text), &value).ok()) return std::nullopt;
  return std::move(*value.mutable_value());
}

/// False when the field cannot hold the value. What is repeated gets another element.
bool set_field(Message& message, FieldDescriptor const& field, std::string const& text) {
  auto const& reflection = *message.GetReflection();
  auto const put = [&](auto const& value, auto set, auto add) {
    if (!value) return false;
    if (field.is_repeated())
      (reflection.*add)(&message, &field, *value);
    else
      (reflection.*set)(&message, &field, *value);
    return true;
  };
  using google::protobuf::Reflection;
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return put(parse_bool(text), &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::TYPE_INT32:
      return put(parse_number<std::int32_t>(text), &Reflection::SetInt32, &Reflection::AddInt32);
    case FieldDescriptor::TYPE_UINT32:
      return put(parse_number<std::uint32_t>(text), &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::TYPE_INT64:
      return put(parse_number<std::int64_t>(text), &Reflection::SetInt64, &Reflection::AddInt64);
    case FieldDescriptor::TYPE_UINT64:
      return put(parse_number<std::uint64_t>(text), &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::TYPE_ENUM:
      return put(parse_enum(*field.enum_type(), text), &Reflection::SetEnumValue,
                 &Reflection::AddEnumValue);
    case FieldDescriptor::TYPE_STRING:
      return put(std::optional{text}, &Reflection::SetString, &Reflection::AddString);
    case FieldDescriptor::TYPE_BYTES:
      return put(parse_bytes(text), &Reflection::SetString, &Reflection::AddString);
    case FieldDescriptor::TYPE_MESSAGE: {
      if (!is_text(*field.message_type())) return false;
      auto& inner = field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                        : *reflection.MutableMessage(&message, &field);
      inner.Clear();
      return JsonStringToMessage(json_string(text), &inner).ok();
    }
    default:
      // The API has no fields of other types.
      return false;
  }
}

/// The field at the end of a path with dots, and the message that it belongs to; messages on the way come into being.
struct field_place {
  Message* message{};
  FieldDescriptor const* field{};
};
std::optional<field_place> find_place(Message& message, std::string_view path) {
  auto const dot = path.find('.');
  auto const* const field = find_field(*message.GetDescriptor(), std::string{path.substr(0, dot)});
  if (field == nullptr) return std::nullopt;
  if (dot == std::string_view::npos) return field_place{&message, field};
  if (field->is_repeated() || field->type() != FieldDescriptor::TYPE_MESSAGE) return std::nullopt;
  return find_place(*message.GetReflection()->MutableMessage(&message, field),
                    path.substr(dot + 1));
}

outcome<void> read_path(rest_fields const& fields, Message& to) {
  for (auto const& [name, encoded] : fields) {
    auto const value = percent_decoded(encoded, false);
    auto const place = find_place(to, name);
    if (!value || !place || !set_field(*place->message, *place->field, *value))
      return violation_error(name, "is not well encoded in the path");
  }
  return {};
}

/// Whether a query parameter names a field that is a part of the path or the content.
bool is_elsewhere(cwsandbox::wire::http_binding const& binding, rest_parts const& parts,
                  FieldDescriptor const& top, FieldDescriptor const& field) {
  if (binding.body == "*" || top.name() == binding.body) return true;
  for (auto const& [name, value] : parts.path) {
    if (field.name() == name) return true;
  }
  return false;
}

outcome<void> read_query(cwsandbox::wire::http_binding const& binding, rest_parts const& parts,
                         Message& to) {
  auto query = parts.query;
  std::vector<std::pair<Message const*, FieldDescriptor const*>> seen;
  while (!query.empty()) {
    auto const end = query.find('&');
    auto const parameter = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (parameter.empty()) continue;
    auto const equals = parameter.find('=');
    auto const name = percent_decoded(parameter.substr(0, equals), true);
    auto const value = percent_decoded(
        equals == std::string_view::npos ? std::string_view{} : parameter.substr(equals + 1), true);
    if (!name || !value) return refusal("the query is not well encoded");

    auto const* const top = find_field(*to.GetDescriptor(), name->substr(0, name->find('.')));
    if (top == nullptr) return violation_error(*name, "no such query parameter");
    auto const place = find_place(to, *name);
    if (!place) return violation_error(*name, "no such query parameter");
    if (is_elsewhere(binding, parts, *top, *place->field))
      return violation_error(*name, "does not belong into the query");
    std::pair<Message const*, FieldDescriptor const*> const same{place->message, place->field};
    if (!place->field->is_repeated() && std::find(seen.begin(), seen.end(), same) != seen.end())
      return violation_error(*name, "must be given once");
    seen.push_back(same);
    if (!set_field(*place->message, *place->field, *value))
      return violation_error(*name, "cannot be '" + *value + "'");
  }
  return {};
}

outcome<void> read_content(std::string_view body, std::string const& content, Message& to) {
  if (body.empty() || content.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  auto* into = &to;
  if (body != "*") {
    auto const* const field = to.GetDescriptor()->FindFieldByName(std::string{body});
    into = to.GetReflection()->MutableMessage(&to, field);
  }
  // libprotobuf would take other bytes for U+FFFD.
  if (!cwsandbox::detail::is_utf8(content)) return refusal("the content is not UTF-8");
  auto const parsed = JsonStringToMessage(content, into);
  if (parsed.ok()) return {};
  return refusal("the content is no JSON of " + into->GetDescriptor()->full_name() + ": " +
                 std::string{parsed.message()});
}

std::string_view take_segment(std::string_view& path) {
  auto const end = path.find('/');
  auto const segment = path.substr(0, end);
  path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  return segment;
}

}  // namespace

std::optional<rest_fields> match_path(std::string_view path_template, std::string_view path) {
  rest_fields fields;
  if (path.ends_with('/')) return std::nullopt;
  while (!path_template.empty() && !path.empty()) {
    auto const wanted = take_segment(path_template);
    auto segment = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != segment) return std::nullopt;
      continue;
    }
    auto const close = wanted.find('}');
    auto const verb = wanted.substr(close + 1);
    if (!segment.ends_with(verb) || segment.size() == verb.size()) return std::nullopt;
    segment.remove_suffix(verb.size());
    fields.emplace_back(wanted.substr(1, close - 1), segment);
  }
  if (!path_template.empty() || !path.empty()) return std::nullopt;
  return fields;
}

std::size_t literal_bytes(std::string_view path_template) {
  std::size_t count = 0;
  bool in_field = false;
  for (char const c : path_template) {
    in_field = c == '{' || (in_field && c != '}');
    count += in_field ? 0 : 1;
  }
  return count;
}

outcome<void> read_request(cwsandbox::wire::http_binding const& binding, rest_parts const& parts,
                           Message& to) {
  if (auto read = read_content(binding.body, parts.content, to); !read) return read;
  if (auto read = read_query(binding, parts, to); !read) return read;
  // Last, because the path decides what the request is about.
  return read_path(parts.path, to);
}

}  // namespace server

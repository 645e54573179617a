// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_JSON_READ_IPP
#define CWSANDBOX_IMPL_JSON_READ_IPP

#include <cwsandbox/detail/json_read.hpp>

#include <cwsandbox/detail/base64.hpp>

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

namespace cwsandbox::inline v1::detail {

inline constexpr std::size_t json_padding = 64;
static_assert(json_padding >= simdjson::SIMDJSON_PADDING);

class json_input {
 public:
  simdjson::ondemand::parser parser{};
  std::string buffer{};
  std::size_t depth{};
  std::size_t max_depth{};
  std::string what{};
  std::string path{};

  /// Reading stops here. The reason is a constant of ours or of the parser, never part of the
  /// document.
  bool fail(std::string_view reason) {
    what = reason;
    return false;
  }
  bool fail(simdjson::error_code error) {
    what.assign("not valid JSON (").append(simdjson::error_message(error)).append(")");
    return false;
  }

  bool enter() {
    if (depth >= max_depth) {
      what = "nested deeper than ";
      append_text(what, std::uint64_t{max_depth});
      return false;
    }
    ++depth;
    return true;
  }
  void leave() noexcept { --depth; }

  /// The way to the failure is put together from its end, while the calls return.
  bool failed_at(std::string_view step) {
    path.insert(0, step);
    return false;
  }
  bool failed_at_field(std::string_view name) {
    failed_at(name);
    return failed_at(".");
  }
  bool failed_at_element(std::size_t index) {
    std::string step{"["};
    append_text(step, std::uint64_t{index});
    return failed_at(step += ']');
  }
  /// A key of the document, as it is spelled there; cut short, because it may be of any length.
  bool failed_at_key(std::string_view key) {
    constexpr std::size_t most = 64;
    std::size_t length = std::min(key.size(), most);
    while (length < key.size() && length > 0 && (key[length] & 0xc0) == 0x80) --length;
    std::string step{"[\""};
    step.append(key.substr(0, length)).append(length < key.size() ? "...\"]" : "\"]");
    return failed_at(step);
  }
};

struct json_value {
  simdjson::ondemand::value value;
  /// The text of the value up to the next one; of an object or a list, its bracket.
  std::string_view token;

  explicit json_value(simdjson::ondemand::value from) : value{from}, token{value.raw_json_token()} {
    while (token.size() > 1 && is_space(token.back())) token.remove_suffix(1);
  }

  [[nodiscard]] char first() const noexcept { return token.empty() ? '\0' : token.front(); }
  [[nodiscard]] bool is_null() const noexcept { return token == "null"; }

  static bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
};

CWSANDBOX_DECL void json_input_deleter::operator()(json_input* input) const noexcept {
  delete input;
}

CWSANDBOX_DECL json_input_ptr make_json_input() { return json_input_ptr{new json_input{}}; }

/// The characters of a string. Most hold no escape and need no copy.
inline bool json_characters(json_input& in, json_value& from, std::string_view& text) {
  if (from.first() != '"') return in.fail("must be a string");
  if (from.token.size() < 2 || from.token.back() != '"') return in.fail(simdjson::STRING_ERROR);
  text = from.token.substr(1, from.token.size() - 2);
  if (text.find('\\') == std::string_view::npos) return true;
  if (auto const error = from.value.get_string().get(text)) return in.fail(error);
  return true;
}

template <class Integer>
bool read_json_integer(json_input& in, std::string_view text, Integer& value) {
  using limits = std::numeric_limits<Integer>;
  constexpr auto highest = static_cast<std::uint64_t>(limits::max());
  constexpr std::uint64_t lowest = limits::is_signed ? highest + 1 : 0;
  json_integer const number = parse_json_integer(text);
  switch (number.status) {
    case json_integer_status::not_a_number:
      return in.fail("must be a number");
    case json_integer_status::fraction:
      return in.fail("must be an integer");
    case json_integer_status::out_of_range:
      return in.fail("out of range");
    case json_integer_status::ok:
      break;
  }
  if (number.magnitude > (number.negative ? lowest : highest)) return in.fail("out of range");
  // Negated without a sign, where the lowest number has its magnitude.
  value = static_cast<Integer>(number.negative ? 0 - number.magnitude : number.magnitude);
  return true;
}

/// An integer, given as a number or as a string that holds one.
template <class Integer>
bool read_json_integer(json_input& in, json_value& from, Integer& value) {
  std::string_view text = from.token;
  if (from.first() == '"' && !json_characters(in, from, text)) return false;
  return read_json_integer(in, text, value);
}

CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::int32_t& value) {
  return read_json_integer(in, from, value);
}
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::int64_t& value) {
  return read_json_integer(in, from, value);
}
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::uint32_t& value) {
  return read_json_integer(in, from, value);
}
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::uint64_t& value) {
  return read_json_integer(in, from, value);
}

CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, bool& value) {
  value = from.token == "true";
  return value || from.token == "false" || in.fail("must be true or false");
}

CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, std::string& value) {
  std::string_view text;
  if (!json_characters(in, from, text)) return false;
  value.assign(text);
  return true;
}

template <json_text_message M>
bool read_json_text(json_input& in, json_value& from, M& value, std::string_view wanted) {
  std::string_view text;
  if (!json_characters(in, from, text)) return false;
  return parse_text(text, value) || in.fail(wanted);
}

CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::Timestamp& value) {
  return read_json_text(in, from, value, "must be a time as in RFC 3339, years 0001 to 9999");
}
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::Duration& value) {
  return read_json_text(in, from, value, "must be a length of time in seconds, such as 1.5s");
}
CWSANDBOX_DECL bool read_json(json_input& in, json_value& from, wire::FieldMask& value) {
  return read_json_text(in, from, value, "must be field names, joined by commas");
}

CWSANDBOX_DECL bool read_json_bytes(json_input& in, json_value& from, std::string& value) {
  std::string_view text;
  if (!json_characters(in, from, text)) return false;
  auto bytes = base64_decode(text);
  if (!bytes) return in.fail("must be base64");
  value = *std::move(bytes);
  return true;
}

CWSANDBOX_DECL bool read_json_enum(json_input& in, json_value& from, std::int32_t& value,
                                   std::optional<std::int32_t> (*find)(std::string_view name)) {
  if (from.first() != '"') return read_json(in, from, value);
  std::string_view text;
  if (!json_characters(in, from, text)) return false;
  auto const known = find(text);
  value = known.value_or(0);
  // A number may be quoted like any other; what is neither is a name that a newer server knows.
  if (known || parse_json_integer(text).status == json_integer_status::not_a_number) return true;
  return read_json_integer(in, text, value);
}

/// The characters of a key as the document spells them. The parser has seen the quote at its end.
/// Not after `json_key`, which uses the key up.
inline std::string_view json_raw_key(simdjson::ondemand::field const& field) noexcept {
  char const* const key = field.key().raw();
  std::size_t length = 0;
  while (key[length] != '"') length += key[length] == '\\' ? 2 : 1;
  return {key, length};
}

/// Newer versions of simdjson ask whether to replace what is no Unicode; older ones never do.
template <class Field>
auto json_unescaped_key(Field& field) noexcept {
  if constexpr (requires { field.unescaped_key(); }) {
    return field.unescaped_key();
  } else {
    return field.unescaped_key(false);
  }
}

/// The characters of a key.
inline bool json_key(json_input& in, simdjson::ondemand::field& field, std::string_view& key) {
  key = json_raw_key(field);
  if (key.find('\\') == std::string_view::npos) return true;
  if (auto const error = json_unescaped_key(field).get(key)) return in.fail(error);
  return true;
}

/// Goes through an object: `member(field, value)` for each member, until it returns false.
template <class Member>
bool for_each_json_member(json_input& in, json_value& from, Member&& member) {
  if (from.first() != '{') return in.fail("must be an object");
  if (!in.enter()) return false;
  simdjson::ondemand::object object;
  if (auto const error = from.value.get_object().get(object)) return in.fail(error);
  for (auto item : object) {
    simdjson::ondemand::field field;
    if (auto const error = std::move(item).get(field)) return in.fail(error);
    json_value value{field.value()};
    if (!member(field, value)) return false;
  }
  in.leave();
  return true;
}

/// Goes through a list: `element(value)` for each element, until it returns false.
template <class Element>
bool for_each_json_element(json_input& in, json_value& from, Element&& element) {
  if (from.first() != '[') return in.fail("must be a list");
  if (!in.enter()) return false;
  simdjson::ondemand::array array;
  if (auto const error = from.value.get_array().get(array)) return in.fail(error);
  std::size_t index = 0;
  for (auto item : array) {
    simdjson::ondemand::value next;
    if (auto const error = std::move(item).get(next)) return in.fail(error);
    json_value value{next};
    if (!element(value)) return in.failed_at_element(index);
    ++index;
  }
  in.leave();
  return true;
}

/// Goes through a value that nothing wants. It must be well-formed all the same: what stands behind
/// it would else be read at the wrong place.
inline bool skip_json(json_input& in, json_value& from) {
  switch (from.first()) {
    case '{':
      return for_each_json_member(in, from, [&in](auto& field, json_value& value) {
        std::string_view key;
        return json_key(in, field, key) && skip_json(in, value);
      });
    case '[':
      return for_each_json_element(in, from,
                                   [&in](json_value& value) { return skip_json(in, value); });
    case '"': {
      std::string_view text;
      return json_characters(in, from, text);
    }
    default:
      return from.is_null() || from.token == "true" || from.token == "false" ||
             parse_json_integer(from.token).status != json_integer_status::not_a_number ||
             in.fail("not valid JSON");
  }
}

inline bool json_key_is(char const* key, std::string_view name) noexcept {
  // The document goes on behind the key, or the padding does, for longer than any name is.
  return std::memcmp(key, name.data(), name.size()) == 0 && key[name.size()] == '"';
}

/// The field with a name, or null. `hint` is where it will be found when the writer keeps the order
/// of the schema.
template <class Matches>
json_field const* find_json_field(std::span<json_field const> fields, std::size_t& hint,
                                  Matches&& matches) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    std::size_t const index = hint + i < fields.size() ? hint + i : hint + i - fields.size();
    json_field const& field = fields[index];
    if (matches(field.json_name) || matches(field.name)) {
      hint = index + 1;
      return &field;
    }
  }
  return nullptr;
}

CWSANDBOX_DECL bool read_json_object(json_input& in, json_value& from, void* owner,
                                     std::span<json_field const> fields) {
  std::size_t hint = 0;
  std::uint64_t oneofs = 0;
  return for_each_json_member(in, from, [&](simdjson::ondemand::field& field, json_value& value) {
    char const* const raw = field.key().raw();
    auto const* known = find_json_field(
        fields, hint, [raw](std::string_view name) { return json_key_is(raw, name); });
    if (known == nullptr) {
      std::string_view const spelled = json_raw_key(field);
      std::string_view key;
      if (!json_key(in, field, key)) return in.failed_at_key(spelled);
      if (key.data() != spelled.data()) {
        known = find_json_field(fields, hint, [key](std::string_view name) { return key == name; });
      }
      if (known == nullptr) return skip_json(in, value) || in.failed_at_key(spelled);
    }
    if (value.is_null()) return true;
    if ((known->oneof & oneofs) != 0) {
      in.fail("excludes another field that is set too");
      return in.failed_at_field(known->json_name);
    }
    oneofs |= known->oneof;
    return known->read(in, value, owner) || in.failed_at_field(known->json_name);
  });
}

CWSANDBOX_DECL bool read_json_array(json_input& in, json_value& from, void* owner,
                                    json_read_function element) {
  return for_each_json_element(in, from,
                               [&](json_value& value) { return element(in, value, owner); });
}

CWSANDBOX_DECL bool read_json_map(json_input& in, json_value& from, wire::string_map& value) {
  bool const read =
      for_each_json_member(in, from, [&](simdjson::ondemand::field& field, json_value& item) {
        std::string_view const spelled = json_raw_key(field);
        std::string_view key;
        std::string_view text;
        if (!json_key(in, field, key) || !json_characters(in, item, text)) {
          return in.failed_at_key(spelled);
        }
        value.append(std::string{key}, std::string{text});
        return true;
      });
  value.keep_last();
  return read;
}

/// Reads what `text` holds in its first `size` bytes; behind them is room for the parser.
inline bool parse_json(json_input& in, std::string const& text, std::size_t size,
                       json_document const& document) {
  simdjson::ondemand::document root;
  if (auto const error =
          in.parser.iterate(simdjson::padded_string_view{text.data(), size, text.size()})
              .get(root)) {
    return in.fail(error);
  }
  simdjson::ondemand::value value;
  if (auto const error = root.get_value().get(value)) {
    return error == simdjson::SCALAR_DOCUMENT_AS_VALUE ? in.fail("must be an object")
                                                       : in.fail(error);
  }
  json_value all{value};
  if (document.text_root) {
    std::size_t count = 0;
    bool const read = for_each_json_element(in, all, [&](json_value& only) {
      return ++count == 1 ? document.read(in, only, document.owner) : in.fail("must be one string");
    });
    in.path.clear();
    if (!read || (count == 0 && !in.fail("must be a string"))) return false;
  } else if (!document.read(in, all, document.owner)) {
    return false;
  }
  return root.current_location().error() == simdjson::OUT_OF_BOUNDS ||
         in.fail("something follows the value");
}

/// Reads what fills `text` but for the padding at its end.
inline std::optional<error> read_json_padded(json_input& in, std::string const& text,
                                             json_document const& document) {
  in.depth = 0;
  // Bounded whatever the caller asks for, because a level of nesting takes room on the stack.
  in.max_depth = std::min<std::size_t>(document.max_depth, 512) + (document.text_root ? 1 : 0);
  in.what.clear();
  in.path.clear();
  bool const read = parse_json(in, text, text.size() - json_padding, document);
  // The parser's memory is about six times the size of the largest document that it has seen.
  constexpr std::size_t worth_keeping = 1024 * 1024;
  if (in.parser.capacity() > worth_keeping) in.parser = simdjson::ondemand::parser{};
  if (read) return std::nullopt;

  std::string message{"cannot read "};
  message.append(document.message).append(" from JSON: ");
  if (!in.path.empty()) {
    message.append(in.path, in.path.front() == '.' ? 1 : 0).append(": ");
  }
  return rpc_error(status_code::internal, message.append(in.what));
}

inline std::optional<error> json_size_error(json_document const& document) {
  if (document.text.size() <= document.max_bytes) return std::nullopt;
  std::string message{"cannot read "};
  message.append(document.message).append(" from JSON: the document has ");
  append_text(message, std::uint64_t{document.text.size()});
  message += " bytes, more than the limit of ";
  append_text(message, std::uint64_t{document.max_bytes});
  return rpc_error(status_code::internal, std::move(message));
}

CWSANDBOX_DECL std::optional<error> read_json_document(json_input& in,
                                                       json_document const& document) {
  if (auto failure = json_size_error(document)) return failure;
  std::string& text = in.buffer;
  text.clear();
  text.reserve(document.text.size() + json_padding + 2);
  if (document.text_root) text += '[';
  text += document.text;
  if (document.text_root) text += ']';
  text.append(json_padding, '\0');
  auto failure = read_json_padded(in, text, document);
  constexpr std::size_t worth_keeping = 1024 * 1024;
  if (text.capacity() > worth_keeping) text = std::string{};
  return failure;
}

CWSANDBOX_DECL std::optional<error> read_json_document_in_place(json_input& in, std::string& text,
                                                                json_document const& document) {
  if (document.text_root) return read_json_document(in, document);
  if (auto failure = json_size_error(document)) return failure;
  text.append(json_padding, '\0');
  auto failure = read_json_padded(in, text, document);
  text.resize(text.size() - json_padding);
  return failure;
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_VALUE_CODEC_IPP
#define CWSANDBOX_IMPL_VALUE_CODEC_IPP

#include <cwsandbox/value_codec.hpp>

#include <cwsandbox/detail/json_read.hpp>
#include <cwsandbox/detail/json_write.hpp>
#include <cwsandbox/detail/utf8_text.hpp>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <system_error>

namespace cwsandbox::inline v1 {

namespace detail {

/// The way to a member as it is written in messages; cut short, because a name may be of any length.
inline std::string member_step(std::string_view name) {
  constexpr std::size_t most = 64;
  if (name.size() <= most) return "['" + to_utf8(name) + "']";
  return "['" + to_utf8(name.substr(0, most)) + "...']";
}

/// Appends a value without blanks, and finds out whether it is one.
inline bool append_compact(json_input& in, json_value& from, std::string& out) {
  switch (from.first()) {
    case '{': {
      char before = '{';
      bool const read = for_each_json_member(
          in, from, [&](simdjson::ondemand::field& field, json_value& value) {
            std::string_view const spelled = json_raw_key(field);
            std::string_view key;
            if (!json_key(in, field, key)) return false;
            out.append(1, std::exchange(before, ',')).append(1, '"').append(spelled).append("\":");
            return append_compact(in, value, out);
          });
      if (before == '{') out += '{';
      out += '}';
      return read;
    }
    case '[': {
      char before = '[';
      bool const read = for_each_json_element(in, from, [&](json_value& value) {
        out += std::exchange(before, ',');
        return append_compact(in, value, out);
      });
      if (before == '[') out += '[';
      out += ']';
      return read;
    }
    default: {
      std::string_view const token = from.token;
      if (!skip_json(in, from)) return false;
      out += token;
      return true;
    }
  }
}

template <class Integer>
bool read_value_integer(value_reader& reader, json_value& from, Integer& value) {
  using limits = std::numeric_limits<Integer>;
  constexpr auto highest = static_cast<std::uint64_t>(limits::max());
  constexpr std::uint64_t lowest = limits::is_signed ? highest + 1 : 0;
  json_integer const number = parse_json_integer(from.token);
  switch (number.status) {
    case json_integer_status::not_a_number:
      return reader.fail_with_value("must be an integer");
    case json_integer_status::fraction:
      return reader.fail_with_value("must be an integer without a fraction");
    case json_integer_status::out_of_range:
      return reader.fail_with_value("does not fit into 64 bits");
    case json_integer_status::ok:
      break;
  }
  if (number.magnitude > (number.negative ? lowest : highest))
    return reader.fail_with_value(limits::is_signed ? "does not fit into 64 bits with a sign"
                                                    : "does not fit into 64 bits without a sign");
  value = static_cast<Integer>(number.negative ? 0 - number.magnitude : number.magnitude);
  return true;
}

}  // namespace detail

CWSANDBOX_DECL void value_writer::null() {
  if (!failed()) *out_ += "null";
}
CWSANDBOX_DECL void value_writer::boolean(bool value) {
  if (!failed()) *out_ += value ? "true" : "false";
}
CWSANDBOX_DECL void value_writer::number(std::int64_t value) {
  if (!failed()) detail::append_text(*out_, value);
}
CWSANDBOX_DECL void value_writer::number(std::uint64_t value) {
  if (!failed()) detail::append_text(*out_, value);
}

namespace detail {
template <class Float>
void append_float(value_writer& writer, std::string& out, Float value) {
  if (writer.failed()) return;
  if (!std::isfinite(value))
    return writer.fail(std::isnan(value) ? "JSON has no NaN" : "JSON has no infinity");
  std::array<char, 64> digits{};
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  std::string_view const text{digits.data(), static_cast<std::size_t>(end - digits.data())};
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}
}  // namespace detail

CWSANDBOX_DECL void value_writer::number(double value) {
  detail::append_float(*this, *out_, value);
}
CWSANDBOX_DECL void value_writer::number(float value) { detail::append_float(*this, *out_, value); }

CWSANDBOX_DECL void value_writer::text(std::string_view value) {
  if (failed()) return;
  if (!detail::is_utf8(value)) return fail("text must be UTF-8");
  detail::append_json_string(*out_, value);
}

CWSANDBOX_DECL void value_writer::raw(json const& value) {
  if (failed()) return;
  json compact{};
  if (auto why = detail::decode_value(value.text, compact)) return fail(*std::move(why));
  *out_ += compact.text;
}

CWSANDBOX_DECL void value_writer::fail(std::string why) {
  if (!why_) why_ = std::move(why);
}

CWSANDBOX_DECL void value_writer::begin(char bracket) {
  if (failed()) return;
  *out_ += bracket;
  counts_.push_back(0);
}
CWSANDBOX_DECL void value_writer::end(char bracket) {
  if (failed()) return;
  *out_ += bracket;
  counts_.pop_back();
}
CWSANDBOX_DECL std::size_t value_writer::next() {
  if (counts_.back() != 0) *out_ += ',';
  return counts_.back()++;
}
CWSANDBOX_DECL void value_writer::key(std::string_view name) {
  next();
  text(name);
  if (!failed()) *out_ += ':';
}
CWSANDBOX_DECL void value_writer::failed_at(std::size_t index) {
  path_.insert(0, "[" + std::to_string(index) + "]");
}
CWSANDBOX_DECL void value_writer::failed_at(std::string_view name) {
  path_.insert(0, detail::member_step(name));
}

CWSANDBOX_DECL bool value_reader::is_null() const noexcept { return from_->is_null(); }
CWSANDBOX_DECL bool value_reader::read(bool& value) {
  value = from_->token == "true";
  return value || from_->token == "false" || fail_with_value("must be true or false");
}
CWSANDBOX_DECL bool value_reader::read(std::int64_t& value) {
  return detail::read_value_integer(*this, *from_, value);
}
CWSANDBOX_DECL bool value_reader::read(std::uint64_t& value) {
  return detail::read_value_integer(*this, *from_, value);
}

CWSANDBOX_DECL bool value_reader::read(double& value) {
  using detail::json_integer_status;
  auto const text = from_->token;
  auto const integer = detail::parse_json_integer(text);
  if (integer.status == json_integer_status::not_a_number)
    return fail_with_value("must be a number");
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc::result_out_of_range) {
    // too small is next to zero, too large is nothing that a double could say
    if (from_->value.get_double().get(value) != simdjson::SUCCESS || !std::isfinite(value))
      return fail_with_value("does not fit into a double");
    return true;
  }
  if (failure != std::errc{} || end != text.data() + text.size())
    return fail_with_value("must be a number");
  // 18446744073709551615 would come out as another number; 1e300 is meant to be a double
  if (text.find_first_of(".eE") != std::string_view::npos) return true;
  if (integer.status != json_integer_status::ok)
    return fail_with_value("is an integer that does not fit into 64 bits");
  constexpr double beyond = 18446744073709551616.0;
  double const magnitude = std::fabs(value);
  return (magnitude < beyond && static_cast<std::uint64_t>(magnitude) == integer.magnitude) ||
         fail_with_value("is an integer that a double cannot hold exactly");
}

CWSANDBOX_DECL bool value_reader::read(std::string& value) {
  if (from_->first() != '"') return fail_with_value("must be a text");
  std::string_view text;
  if (!detail::json_characters(*in_, *from_, text)) return false;
  value.assign(text);
  return true;
}

CWSANDBOX_DECL bool value_reader::read(json& value) {
  value.text.clear();
  return detail::append_compact(*in_, *from_, value.text);
}

CWSANDBOX_DECL bool value_reader::read_null() {
  return is_null() || fail_with_value("must be null");
}

CWSANDBOX_DECL bool value_reader::skip() { return detail::skip_json(*in_, *from_); }

CWSANDBOX_DECL bool value_reader::fail(std::string why) {
  in_->what = std::move(why);
  return false;
}

CWSANDBOX_DECL bool value_reader::fail_with_value(std::string_view why) {
  constexpr std::size_t most = 80;
  std::string_view shown = from_->token;
  if (from_->first() == '{') shown = "an object";
  if (from_->first() == '[') shown = "a list";
  std::string text = detail::to_utf8(shown.substr(0, most));
  if (shown.size() > most) text += "...";
  return fail(text.append(" ").append(why));
}

CWSANDBOX_DECL bool value_reader::elements(void* target, callback call) {
  if (from_->first() != '[') return fail_with_value("must be a list");
  return detail::for_each_json_element(*in_, *from_, [&](detail::json_value& value) {
    value_reader item{*in_, value};
    return call(target, {}, item);
  });
}

CWSANDBOX_DECL bool value_reader::members(void* target, callback call) {
  if (from_->first() != '{') return fail_with_value("must be an object");
  return detail::for_each_json_member(
      *in_, *from_, [&](simdjson::ondemand::field& field, detail::json_value& value) {
        std::string_view key;
        if (!detail::json_key(*in_, field, key)) return false;
        std::string const name{key};  // the parser may use the room for the next text
        value_reader item{*in_, value};
        return call(target, name, item) || in_->failed_at(detail::member_step(name));
      });
}

namespace detail {

CWSANDBOX_DECL std::optional<std::string> decode_text(std::string_view text, void* target,
                                                      value_decode decode) {
  struct root {
    void* target;
    value_decode decode;
    std::string path{};
  } only{target, decode};
  auto const input = make_json_input();
  json_document document{};
  document.text = text;
  document.max_bytes = std::size_t{1} << 30;
  document.max_depth = 512;
  document.message = "value";
  document.owner = &only;
  document.text_root = true;  // a value may be a scalar, which the parser takes inside of a list only
  document.read = [](json_input& in, json_value& from, void* owner) -> bool {
    auto& wanted = *static_cast<root*>(owner);
    value_reader reader{in, from};
    if (wanted.decode(wanted.target, reader)) return true;
    wanted.path = in.path;  // forgotten when the list around the value ends
    return false;
  };
  if (!read_json_document(*input, document)) return std::nullopt;
  return only.path.empty() ? input->what : only.path + ": " + input->what;
}

}  // namespace detail

}  // namespace cwsandbox::inline v1

#endif

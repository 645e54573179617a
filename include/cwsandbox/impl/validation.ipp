// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_VALIDATION_IPP
#define CWSANDBOX_IMPL_VALIDATION_IPP

#include <cwsandbox/validation.hpp>

#include <chrono>
#include <cstdio>

namespace cwsandbox::inline v1 {
namespace detail {

struct value_printer {
  bool readable;

  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(std::int64_t number) const { return std::to_string(number); }
  std::string operator()(optional_duration const& duration) const {
    if (duration.is_nan()) return "nan";
    if (!duration.finite()) return *duration > std::chrono::nanoseconds{0} ? "inf" : "-inf";
    char text[40];
    std::snprintf(text, sizeof text, "%.9g", std::chrono::duration<double>(*duration).count());
    return text;
  }
  std::string operator()(std::string_view text) const {
    if (!readable) return std::string{text};
    // What arrives here may be anything, and goes to terminals and logs: bounded and printable.
    constexpr std::size_t longest = 200;
    std::string result = "'";
    for (char c : text.substr(0, longest)) {
      auto const code = static_cast<unsigned char>(c);
      if (code < 0x20 || code == 0x7f) {
        char escape[5];
        std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(code));
        result += escape;
      } else {
        result += c;
      }
    }
    if (text.size() > longest) result += "...";
    result += '\'';
    return result;
  }
};

inline std::string print_value(validation_value const& value, bool readable) {
  value_printer const print{readable};
  if (auto const* text = std::get_if<std::string_view>(&value)) return print(*text);
  if (auto const* number = std::get_if<std::int64_t>(&value)) return print(*number);
  if (auto const* duration = std::get_if<optional_duration>(&value)) return print(*duration);
  return {};
}

}  // namespace detail

CWSANDBOX_DECL std::string validation_issue::message() const {
  // One pass: what is put in may hold braces itself.
  std::string text;
  for (auto rest = rule; !rest.empty();) {
    if (rest.starts_with("{field}")) {
      text += field;
      rest.remove_prefix(7);
    } else if (rest.starts_with("{value}")) {
      text += detail::print_value(value, true);
      rest.remove_prefix(7);
    } else if (rest.starts_with("{raw}")) {
      text += detail::print_value(value, false);
      rest.remove_prefix(5);
    } else if (rest.starts_with("{other}")) {
      text += detail::print_value(other, false);
      rest.remove_prefix(7);
    } else {
      text += rest.front();
      rest.remove_prefix(1);
    }
  }
  return text;
}

CWSANDBOX_DECL std::string validation_issue::value_text() const {
  return detail::print_value(value, false);
}

CWSANDBOX_DECL std::string validation_result::message() const {
  std::string text;
  for (auto const& issue : *this) {
    if (!text.empty()) text += '\n';
    text += issue.message();
  }
  return text;
}

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_PRINT_HPP
#define CWSANDBOX_TRANSPORT_MOCK_PRINT_HPP

/// \file
/// How trompeloeil shows requests when an expectation is not met: field by field, absent fields left out.

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/field.hpp>

#include <trompeloeil.hpp>

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

namespace cwsandbox::inline v1::detail {

/// Long contents are of no help in a message about a call.
inline constexpr std::size_t mock_print_limit = 200;

inline void mock_print(std::ostream& os, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  os << '"';
  for (char const c : text.substr(0, mock_print_limit)) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      os << "\\n";
    } else if (c == '"' || c == '\\') {
      os << '\\' << c;
    } else if (byte < 0x20 || byte == 0x7f) {
      os << "\\x" << digits[byte >> 4] << digits[byte & 15];
    } else {
      os << c;
    }
  }
  os << '"';
  if (text.size() > mock_print_limit) os << "... (" << text.size() << " bytes)";
}

template <wire::message Message>
void mock_print(std::ostream& os, Message const& value);

template <class Value>
void mock_print_value(std::ostream& os, Value const& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    os << (value ? "true" : "false");
  } else if constexpr (std::is_enum_v<Value>) {
    os << static_cast<long long>(value);
  } else if constexpr (std::is_same_v<Value, wire::string_map::value_type>) {
    mock_print(os, value.first);
    os << ": ";
    mock_print(os, value.second);
  } else if constexpr (std::is_arithmetic_v<Value>) {
    os << value;
  } else {
    mock_print(os, value);
  }
}

template <wire::message Message>
void mock_print(std::ostream& os, Message const& message) {
  std::string_view separator = "";
  auto const name = [&](std::string_view field_name) {
    os << separator << field_name << ": ";
    separator = ", ";
  };
  os << '{';
  wire::for_each_field(message, [&](auto const& entry, auto const& member) {
    using entry_type = std::remove_cvref_t<decltype(entry)>;
    if constexpr (entry_type::label == wire::field_label::repeated) {
      if (member.empty()) return;
      name(entry.name);
      std::string_view comma = "[";
      for (auto const& value : member) {
        os << comma;
        mock_print_value(os, value);
        comma = ", ";
      }
      os << ']';
    } else if (auto const* value = entry.present(message)) {
      name(entry.name);
      mock_print_value(os, *value);
    }
  });
  os << '}';
}

}  // namespace cwsandbox::inline v1::detail

namespace trompeloeil {

template <class Message>
struct printer<Message, std::enable_if_t<cwsandbox::wire::message<Message>>> {
  static void print(std::ostream& os, Message const& message) {
    cwsandbox::detail::mock_print(os, message);
  }
};

template <>
struct printer<cwsandbox::call_options> {
  static void print(std::ostream& os, cwsandbox::call_options const& options) {
    if (options.timeout) {
      os << "timeout " << std::chrono::duration<double>{*options.timeout}.count() << " s";
    } else {
      os << "no timeout";
    }
  }
};

}  // namespace trompeloeil

#endif

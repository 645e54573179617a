// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_DEFAULTS_IPP
#define CWSANDBOX_IMPL_DEFAULTS_IPP

#include <cwsandbox/defaults.hpp>

#include <chrono>
#include <concepts>
#include <cstdio>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace cwsandbox::inline v1 {
namespace detail {

/// Writes option values as text; members that say nothing are left out.
class options_printer {
 public:
  template <class T>
  void field(std::string_view name, T const& value) {
    if (!says_something(value)) return;
    if (!first_) text_ += ", ";
    first_ = false;
    text_ += name;
    text_ += '=';
    if (name == "environment_variables") {
      keys(value);
    } else {
      print(value);
    }
  }
  std::string const& text() const { return text_; }

 private:
  template <class T>
  static bool says_something(T const& value) {
    if constexpr (requires { value.has_value(); }) {
      return value.has_value();
    } else if constexpr (std::same_as<T, std::string>) {
      return !value.empty();
    } else {
      return true;
    }
  }

  template <class Range, class Each>
  void list(Range const& range, Each each) {
    text_ += '[';
    bool first = true;
    for (auto const& element : range) {
      if (!first) text_ += ", ";
      first = false;
      each(element);
    }
    text_ += ']';
  }

  template <class T>
  void keys(T const& map) {
    if constexpr (map_member<T>) {
      list(map, [this](auto const& entry) { text_ += entry.first; });
    }
  }

  template <class T>
  void print(T const& value) {
    if constexpr (std::same_as<T, bool>) {
      text_ += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      text_ += std::to_string(value);
    } else if constexpr (text_enum<T>) {
      text_ += to_string(value);
    } else if constexpr (std::same_as<T, std::string>) {
      text_ += '\'';
      text_ += value;
      text_ += '\'';
    } else if constexpr (std::same_as<T, optional_duration>) {
      char number[40];
      std::snprintf(number, sizeof number, "%.9gs", std::chrono::duration<double>(*value).count());
      text_ += number;
    } else if constexpr (is_optional<T>) {
      print(*value);
    } else if constexpr (std::same_as<T, Endpoint>) {
      auto inner = nested();
      inner.field("kind", value.kind);
      inner.field("auth", value.auth);
      braces(inner);
    } else if constexpr (described<T>) {
      auto inner = nested();
      constexpr auto members = members_of<T>::list();
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (inner.field(members_of<T>::names[I], value.*std::get<I>(members)), ...);
      }
      (std::make_index_sequence<members_of<T>::names.size()>{});
      braces(inner);
    } else if constexpr (map_member<T>) {
      list(value, [this](auto const& entry) {
        text_ += entry.first;
        text_ += ": ";
        print(entry.second);
      });
    } else {
      list(value, [this](auto const& element) { this->print(element); });
    }
  }

  static options_printer nested() { return {}; }
  void braces(options_printer const& inner) {
    text_ += '{';
    text_ += inner.text();
    text_ += '}';
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace detail

CWSANDBOX_DECL std::string to_string(SandboxDefaults const& defaults) {
  detail::options_printer printer;
  std::apply([&](auto const&... row) { (printer.field(row.name, row.access(defaults)), ...); },
             detail::default_fields);
  return "SandboxDefaults{" + printer.text() + "}";
}

}  // namespace cwsandbox::inline v1

#endif

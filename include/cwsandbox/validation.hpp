// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_VALIDATION_HPP
#define CWSANDBOX_VALIDATION_HPP

#include <cwsandbox/duration.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace cwsandbox::inline v1 {

/// What validation found at fault: a text (a view of the validated object), a number, a duration,
/// or nothing.
using validation_value =
    std::variant<std::monostate, std::string_view, std::int64_t, optional_duration>;

/// One broken rule. Views into the validated object, which must live while this is read.
struct validation_issue {
  /// The member at fault, `Service.port`.
  std::string_view field = {};
  /// The rule, with places for the field, the value and a second value.
  std::string_view rule = {};
  validation_value value = {};
  validation_value other = {};

  /// The whole sentence: `Service.port must be 1-65535, got 0`.
  CWSANDBOX_DECL std::string message() const;
  /// The offending value as text; empty when the rule is about something that is missing.
  CWSANDBOX_DECL std::string value_text() const;
};

/// The outcome of `validate`: literal, so that defaults can be checked by the compiler:
/// `static_assert(cw::validate(mine).ok())`. Holds the first 16 issues.
class validation_result {
 public:
  static constexpr std::size_t capacity = 16;

  constexpr bool ok() const { return size_ == 0; }
  constexpr explicit operator bool() const { return ok(); }
  constexpr std::size_t size() const { return size_; }
  constexpr validation_issue const& operator[](std::size_t index) const { return issues_[index]; }
  /// The first issue. Precondition: !ok().
  constexpr validation_issue const& front() const { return issues_[0]; }
  constexpr validation_issue const* begin() const { return issues_.data(); }
  constexpr validation_issue const* end() const { return issues_.data() + size_; }

  /// The messages of all issues, one a line.
  CWSANDBOX_DECL std::string message() const;

  constexpr void add(std::string_view field, std::string_view rule, validation_value value = {},
                     validation_value other = {}) {
    if (size_ < capacity) issues_[size_++] = validation_issue{field, rule, value, other};
  }

 private:
  std::array<validation_issue, capacity> issues_{};
  std::size_t size_ = 0;
};

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/validation.ipp>
#endif

#endif

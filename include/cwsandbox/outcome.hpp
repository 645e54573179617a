// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_OUTCOME_HPP
#define CWSANDBOX_OUTCOME_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace cwsandbox::inline v1 {

/// A value or an `error`, in the spirit of C++23's `std::expected`. What the library passes about inside, what
/// transports return, and what `operation::outcome()` gives to programs that do without exceptions.
///
/// A plain value: as thread-safe as `T`.
template <class T>
class [[nodiscard]] outcome {
 public:
  using value_type = T;

  /// A default value; an empty error where `T` has none.
  outcome() : state_{std::in_place_index<std::is_default_constructible_v<T> ? 0 : 1>} {}
  outcome(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  outcome(cwsandbox::error failure) : state_{std::in_place_index<1>, std::move(failure)} {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Precondition: `has_value()`.
  [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T const& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&state_); }
  [[nodiscard]] T const* operator->() const noexcept { return std::get_if<0>(&state_); }

  /// The value; throws the typed error when there is none.
  [[nodiscard]] T& value() & {
    if (!has_value()) error().raise();
    return **this;
  }
  [[nodiscard]] T const& value() const& {
    if (!has_value()) error().raise();
    return **this;
  }
  [[nodiscard]] T&& value() && {
    if (!has_value()) error().raise();
    return *std::move(*this);
  }

  /// The error. Precondition: `!has_value()`.
  [[nodiscard]] cwsandbox::error const& error() const noexcept { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, cwsandbox::error> state_;
};

/// The outcome of something that has no value to give.
template <>
class [[nodiscard]] outcome<void> {
 public:
  using value_type = void;

  outcome() = default;
  outcome(cwsandbox::error failure) : error_{std::move(failure)} {}

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws the typed error when there is one.
  void value() const {
    if (error_) error_->raise();
  }
  /// The error. Precondition: `!has_value()`.
  [[nodiscard]] cwsandbox::error const& error() const noexcept { return *error_; }

 private:
  std::optional<cwsandbox::error> error_{};
};

}  // namespace cwsandbox::inline v1

#endif

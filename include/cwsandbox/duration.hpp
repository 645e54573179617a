// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DURATION_HPP
#define CWSANDBOX_DURATION_HPP

#include <cwsandbox/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ratio>
#include <type_traits>

namespace cwsandbox::inline v1 {

/// A duration that an option may leave unset.
///
/// Takes any `std::chrono` duration, integral or floating, and keeps it in whole nanoseconds (finer
/// parts are cut). What does not fit (some 292 years) is held at the limit. NaN and the infinities
/// are remembered, so that validation can name them; nothing else should be read from such a value.
/// Literal and trivially destructible (design of call options).
class optional_duration {
 public:
  constexpr optional_duration() = default;
  constexpr optional_duration(std::nullopt_t) {}

  template <class Rep, class Period>
  constexpr optional_duration(std::chrono::duration<Rep, Period> given) : form_(form::finite) {
    using limits = std::chrono::nanoseconds;
    if constexpr (std::is_floating_point_v<Rep>) {
      if (given.count() != given.count()) {
        form_ = form::nan;
        return;
      }
      if (given.count() - given.count() != Rep{}) {
        form_ = given.count() > Rep{} ? form::infinity : form::negative_infinity;
        value_ = given.count() > Rep{} ? limits::max() : limits::min();
        return;
      }
    }
    auto const rough = static_cast<long double>(given.count()) *
                       static_cast<long double>(Period::num) /
                       static_cast<long double>(Period::den);
    constexpr long double bound =
        9.2e9L;  // seconds, a little under what 64 bits of nanoseconds hold
    if (rough >= bound) {
      value_ = limits::max();
    } else if (rough <= -bound) {
      value_ = limits::min();
    } else {
      value_ = std::chrono::duration_cast<std::chrono::nanoseconds>(given);
    }
  }

  template <class Rep, class Period>
  constexpr optional_duration(std::optional<std::chrono::duration<Rep, Period>> given) {
    if (given) *this = optional_duration{*given};
  }

  constexpr bool has_value() const { return form_ != form::unset; }
  constexpr explicit operator bool() const { return has_value(); }

  /// False for NaN and the infinities; true otherwise, also when unset.
  constexpr bool finite() const { return form_ == form::unset || form_ == form::finite; }
  constexpr bool is_nan() const { return form_ == form::nan; }

  /// The value; zero when unset or NaN.
  constexpr std::chrono::nanoseconds operator*() const { return value_; }
  constexpr std::chrono::nanoseconds value_or(std::chrono::nanoseconds other) const {
    return has_value() ? value_ : other;
  }
  constexpr std::optional<std::chrono::nanoseconds> to_optional() const {
    return has_value() ? std::optional{value_} : std::nullopt;
  }

  friend constexpr bool operator==(optional_duration const&, optional_duration const&) = default;

 private:
  enum class form : std::uint8_t { unset, finite, nan, infinity, negative_infinity };

  std::chrono::nanoseconds value_{0};
  form form_ = form::unset;
};

static_assert(std::is_trivially_destructible_v<optional_duration>);

}  // namespace cwsandbox::inline v1

#endif

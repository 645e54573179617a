// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_TIMESTAMP_HPP
#define CWSANDBOX_WIRE_TIMESTAMP_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// The general messages of the package `google.protobuf` that the API uses.

namespace cwsandbox::inline v1::detail {

/// Seconds and nanoseconds as one count of nanoseconds; what does not fit (292 years) becomes the
/// nearest count that does.
constexpr std::chrono::nanoseconds saturated_nanoseconds(std::int64_t seconds,
                                                         std::int32_t nanos) noexcept {
  constexpr std::int64_t giga = 1'000'000'000;
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  constexpr auto min = std::numeric_limits<std::int64_t>::min();
  // Far outside first, so that the rest cannot overflow.
  if (seconds > max / giga + 4) return std::chrono::nanoseconds(max);
  if (seconds < min / giga - 4) return std::chrono::nanoseconds(min);
  seconds += nanos / giga;
  std::int64_t rest = nanos % giga;
  // One sign for both, so that the sum overflows only where the true value does not fit.
  if (seconds > 0 && rest < 0) {
    --seconds;
    rest += giga;
  } else if (seconds < 0 && rest > 0) {
    ++seconds;
    rest -= giga;
  }
  if (seconds > max / giga || (seconds == max / giga && rest > max % giga)) {
    return std::chrono::nanoseconds(max);
  }
  if (seconds < min / giga || (seconds == min / giga && rest < min % giga)) {
    return std::chrono::nanoseconds(min);
  }
  return std::chrono::nanoseconds(seconds * giga + rest);
}

}  // namespace cwsandbox::inline v1::detail

namespace cwsandbox::inline v1::wire {

/// A point in time, counted from 1970-01-01T00:00:00Z.
struct Timestamp {
  std::int64_t seconds{};  ///< whole seconds, rounded down
  std::int32_t nanos{};    ///< 0 to 999,999,999, counted forward also before 1970

  /// The timestamp of a point in time.
  [[nodiscard]] static constexpr Timestamp from(
      std::chrono::sys_time<std::chrono::nanoseconds> time) noexcept {
    // Not chrono::floor: the second in which the earliest time lies does not fit in nanoseconds.
    constexpr std::int64_t giga = 1'000'000'000;
    std::int64_t const count = time.time_since_epoch().count();
    std::int64_t const rest = count % giga;
    return {count / giga - (rest < 0 ? 1 : 0),
            static_cast<std::int32_t>(rest < 0 ? rest + giga : rest)};
  }

  /// The point in time. What lies outside the years 1677 to 2262 becomes the nearest time inside.
  [[nodiscard]] constexpr std::chrono::sys_time<std::chrono::nanoseconds> to_sys_time()
      const noexcept {
    return std::chrono::sys_time<std::chrono::nanoseconds>(
        detail::saturated_nanoseconds(seconds, nanos));
  }

  auto operator<=>(Timestamp const&) const = default;
};

template <>
struct descriptor<Timestamp> {
  static constexpr std::string_view name = "google.protobuf.Timestamp";
  template <class M = Timestamp>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "seconds", &M::seconds), field(2, "nanos", &M::nanos));
  }
};

/// A length of time.
struct Duration {
  std::int64_t seconds{};  ///< whole seconds, rounded to zero
  std::int32_t nanos{};    ///< -999,999,999 to 999,999,999, never of the other sign than `seconds`

  /// The wire form of a length of time.
  [[nodiscard]] static constexpr Duration from(std::chrono::nanoseconds length) noexcept {
    auto const whole = std::chrono::duration_cast<std::chrono::seconds>(length);
    return {whole.count(), static_cast<std::int32_t>((length - whole).count())};
  }

  /// The length of time. What exceeds 292 years becomes the nearest length that does not.
  [[nodiscard]] constexpr std::chrono::nanoseconds to_nanoseconds() const noexcept {
    return detail::saturated_nanoseconds(seconds, nanos);
  }

  auto operator<=>(Duration const&) const = default;
};

template <>
struct descriptor<Duration> {
  static constexpr std::string_view name = "google.protobuf.Duration";
  template <class M = Duration>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "seconds", &M::seconds), field(2, "nanos", &M::nanos));
  }
};

/// Which fields an update writes, by their names in the schema (`spec.tags`).
struct FieldMask {
  std::vector<std::string> paths{};

  bool operator==(FieldMask const&) const = default;
};

template <>
struct descriptor<FieldMask> {
  static constexpr std::string_view name = "google.protobuf.FieldMask";
  template <class M = FieldMask>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "paths", &M::paths));
  }
};

/// An answer that says nothing but that the call succeeded.
struct Empty {
  bool operator==(Empty const&) const = default;
};

template <>
struct descriptor<Empty> {
  static constexpr std::string_view name = "google.protobuf.Empty";
  template <class M = Empty>
  static constexpr auto fields(auto&& visit) {
    return visit();
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

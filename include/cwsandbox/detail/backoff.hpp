// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_BACKOFF_HPP
#define CWSANDBOX_DETAIL_BACKOFF_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace cwsandbox::inline v1::detail {

using nanoseconds = std::chrono::nanoseconds;

constexpr nanoseconds scaled(nanoseconds d, double factor) noexcept {
  return nanoseconds{static_cast<nanoseconds::rep>(static_cast<double>(d.count()) * factor)};
}

/// The sleeps of healthy polling: 0.2 s, then 1.5 times the last one, at most 2 s.
class poll_backoff {
 public:
  [[nodiscard]] constexpr nanoseconds next() noexcept {
    auto const result = next_;
    next_ = std::min(scaled(next_, constants::poll_growth), constants::poll_interval_max);
    return result;
  }

 private:
  nanoseconds next_{constants::poll_interval};
};

/// Sleeps and limits of retries after transient errors, within one budget that starts at the first of them
/// (lifecycle, section 3.3).
class retry_burst {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  constexpr explicit retry_burst(nanoseconds budget) noexcept : budget_{budget} {}

  /// How long to sleep before the next try, or nothing when the budget is used up. `random` is uniform in [0, 1).
  [[nodiscard]] constexpr std::optional<nanoseconds> failed(time_point now,
                                                            std::optional<nanoseconds> hint,
                                                            double random) noexcept {
    if (budget_ <= nanoseconds::zero()) return std::nullopt;
    if (!deadline_) {
      // a budget without end must not overflow
      bool const fits = budget_ <= nanoseconds{time_point::max() - now};
      deadline_ = fits ? now + budget_ : time_point::max();
    }
    if (now >= *deadline_) return std::nullopt;
    auto const left = nanoseconds{*deadline_ - now};
    if (hint && *hint > nanoseconds::zero()) {
      last_ = std::min({*hint, left, constants::hinted_delay_max});
    } else {
      auto const low = constants::poll_interval;
      auto const high = std::max(
          low, std::min({constants::poll_interval_max, scaled(last_, constants::poll_growth), left}));
      last_ = std::min(low + scaled(high - low, random), left);
    }
    return last_;
  }

  /// After the sleep: may it be tried again?
  [[nodiscard]] constexpr bool has_time(time_point now) const noexcept {
    return !deadline_ || now < *deadline_;
  }

  /// The time-out of a call that is no retry.
  [[nodiscard]] constexpr nanoseconds first_rpc_timeout(nanoseconds usual) const noexcept {
    return budget_ > nanoseconds::zero() ? std::min(usual, budget_) : usual;
  }

  /// The time-out of the next try.
  [[nodiscard]] constexpr nanoseconds rpc_timeout(time_point now, nanoseconds usual) const noexcept {
    if (!deadline_) return first_rpc_timeout(usual);
    return std::min(usual,
                    std::max(constants::retry_rpc_timeout_min, nanoseconds{*deadline_ - now}));
  }

 private:
  nanoseconds budget_;
  nanoseconds last_{constants::poll_interval};
  std::optional<time_point> deadline_{};
};

}  // namespace cwsandbox::inline v1::detail

#endif

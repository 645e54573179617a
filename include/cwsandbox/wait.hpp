// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WAIT_HPP
#define CWSANDBOX_WAIT_HPP

/// \file
/// Waiting for several operations: `results()` for all their values, `wait()` for some or all to end. Each has an
/// awaitable form, `when_all()` and `when_some()`, which give an operation. (contract: options 6)

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/wait_state.hpp>
#include <cwsandbox/duration.hpp>
#include <cwsandbox/operation.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Something that ends: an operation, a process, or a sandbox, which stands for its wait until it runs.
template <class W>
concept waitable = detail::operation_handle<W> || requires(W const& w) {
  { w.wait() } -> detail::operation_handle;
};

/// How `wait()` went. Together the two hold every item once.
template <class W>
struct wait_result {
  /// Ended items in the order in which they ended, at most as many as were asked for. An item that failed has ended.
  std::vector<W> done{};
  /// The others: ended ones that were not asked for first, then the rest in the order of the input.
  std::vector<W> pending{};
};

struct WaitForOptions {
  /// How many items to wait for, >= 1; more than there are means all. Unset: all.
  std::optional<std::size_t> num_returns{};
  /// How long to wait; zero looks once. Unset: for ever.
  optional_duration timeout{};
};
static_assert(std::is_trivially_destructible_v<WaitForOptions>);

/// An operation that ends with the values of all, in the order of the input, or with the first failure in that order.
/// The others go on either way and stay usable. Cancelling it cancels none of them.
template <std::ranges::forward_range Operations>
  requires detail::operation_handle<std::ranges::range_value_t<Operations>>
[[nodiscard]] auto when_all(Operations const& operations) {
  using value = typename std::ranges::range_value_t<Operations>::value_type;
  return detail::collect<value>(operations);
}

/// Waits for all and gives their values in the order of the input; throws the first failure in that order. An empty
/// input gives an empty result. Blocks; in a coroutine use `when_all`.
template <std::ranges::forward_range Operations>
  requires detail::operation_handle<std::ranges::range_value_t<Operations>>
auto results(Operations const& operations) {
  return when_all(operations).result();
}
/// The value of one operation.
template <detail::operation_handle Operation>
auto results(Operation const& operation) {
  return operation.result();
}

/// An operation that ends when `num_returns` of the items have, or the time is up, and says which. It never fails;
/// cancelled, it ends with what is done so far. Sandboxes that were not started are started. Throws `invalid_argument`
/// for a `num_returns` of zero or a negative time-out.
template <std::ranges::forward_range Items>
  requires waitable<std::ranges::range_value_t<Items>>
[[nodiscard]] auto when_some(Items const& items, WaitForOptions const& options = {}) {
  using item = std::ranges::range_value_t<Items>;
  if (options.num_returns && *options.num_returns == 0)
    invalid_argument_error("num_returns", "0", "num_returns must be at least 1, got 0").raise();
  if (options.timeout.has_value() &&
      (!options.timeout.finite() || *options.timeout < std::chrono::nanoseconds::zero()))
    invalid_argument_error("timeout", "", "timeout must be finite and not negative").raise();
  std::vector<item> all(std::ranges::begin(items), std::ranges::end(items));
  return detail::start_wait<wait_result<item>>(std::move(all), options.num_returns,
                                               options.timeout.to_optional());
}

/// Waits until `num_returns` of the items have ended or the time is up. Blocks; in a coroutine use `when_some`.
template <std::ranges::forward_range Items>
  requires waitable<std::ranges::range_value_t<Items>>
auto wait(Items const& items, WaitForOptions const& options = {}) {
  // The limit is kept by this thread itself, whatever the executor of the items is busy with.
  auto unlimited = options;
  bool const limited = options.timeout.has_value() && options.timeout.finite() &&
                       *options.timeout > std::chrono::nanoseconds::zero();
  if (limited) unlimited.timeout = {};
  auto const op = when_some(items, unlimited);
  if (limited) {
    auto result = op.outcome_for(*options.timeout);
    if (result) return *std::move(result);
    if (result.error().kind() != error_kind::wait_timeout) result.error().raise();
    op.cancel();
  }
  return op.result();
}

}  // namespace cwsandbox::inline v1

#endif

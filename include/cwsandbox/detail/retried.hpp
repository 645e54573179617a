// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_RETRIED_HPP
#define CWSANDBOX_DETAIL_RETRIED_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/detail/backoff.hpp>
#include <cwsandbox/detail/random.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/outcome.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// What happens to a call that failed and may work in a moment (lifecycle, section 3.3).
struct retry_policy {
  /// Time for retries, from the first failure; 0 for none.
  nanoseconds budget{};
  /// Limit of each attempt.
  nanoseconds rpc_timeout{};
  /// Nothing goes on beyond this time.
  std::chrono::steady_clock::time_point deadline{std::chrono::steady_clock::time_point::max()};
  /// Is an attempt that got no answer in time one that may work in a moment?
  bool after_timeout{};
};

/// Makes a call again after transient errors. `call(timeout, attempt)` gives its awaitable outcome, the error
/// translated; attempts count from 1.
template <class R, class Call>
[[nodiscard]] asio::awaitable<outcome<R>> retried(task_context context, retry_policy policy,
                                                  Call call) {
  retry_burst burst{policy.budget};
  for (int attempt = 1;; ++attempt) {
    auto const left = nanoseconds{policy.deadline - context.clock->now()};
    auto work = call(std::min(policy.rpc_timeout, left), attempt);
    auto answer = co_await std::move(work);
    if (answer) co_return answer;
    auto const& failure = answer.error();
    bool const transient = is_poll_retryable(failure) &&
                           (policy.after_timeout || failure.kind() != error_kind::request_timeout);
    if (!transient) co_return answer;
    auto const now = context.clock->now();
    auto const pause = burst.failed(now, failure.retry_after(), random_unit());
    if (!pause || *pause >= policy.deadline - now) co_return answer;
    auto const why = co_await sleep_for(context, *pause);
    if (why == woken::cancelled)
      co_return make_error(error_kind::cancelled, "operation was cancelled");
    if (!burst.has_time(context.clock->now())) co_return answer;
  }
}

}  // namespace cwsandbox::inline v1::detail

#endif

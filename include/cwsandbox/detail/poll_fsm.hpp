// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_POLL_FSM_HPP
#define CWSANDBOX_DETAIL_POLL_FSM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/backoff.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <chrono>
#include <optional>

namespace cwsandbox::inline v1::detail {

/// One trip of polling to a stable state (lifecycle, sections 3.1 to 3.3 and 3.5), without I/O: feed it what happened,
/// do what it says.
///
/// Stable is RUNNING, PAUSED, TERMINATING and every terminal state, UNSPECIFIED included. Transient errors are retried
/// within the budget; the budget is of the whole trip and a good but unstable answer does not reset it. A completion
/// without exit code is looked at again up to twice, unless this client stopped the sandbox.
class poll_fsm {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  struct settings {
    nanoseconds retry_budget{};
    nanoseconds rpc_timeout{};
  };

  enum class step : unsigned char {
    get,    ///< call GetSandbox with `duration` as its time-out, then `answered`
    sleep,  ///< sleep for `duration`, then `slept`
    done,   ///< `sandbox()` is the stable answer
    fail,   ///< `failure()` ends the trip
  };
  struct action {
    step what{};
    nanoseconds duration{};
  };

  explicit poll_fsm(settings s) : settings_{s}, burst_{s.retry_budget} {}

  [[nodiscard]] action start(time_point now) {
    return {step::get, burst_.rpc_timeout(now, settings_.rpc_timeout)};
  }

  /// The answer of the last get, its error already translated. `random` is uniform in [0, 1); `wants_exit_code` is
  /// false once this client stopped the sandbox or it is done.
  [[nodiscard]] CWSANDBOX_DECL action answered(outcome<wire::Sandbox> answer, time_point now,
                                               double random, bool wants_exit_code);

  [[nodiscard]] CWSANDBOX_DECL action slept(time_point now, bool wants_exit_code);

  [[nodiscard]] wire::Sandbox const& sandbox() const noexcept { return *sandbox_; }
  [[nodiscard]] error const& failure() const noexcept { return *failure_; }
  /// True while only the exit code of a completion is still looked for: the completion is in `sandbox()`.
  [[nodiscard]] bool in_exit_code_grace() const noexcept { return grace_polls_ > 0; }

 private:
  settings settings_;
  retry_burst burst_;
  poll_backoff backoff_;
  bool retrying_{};
  int grace_polls_{};
  std::optional<wire::Sandbox> sandbox_{};
  std::optional<error> failure_{};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/poll_fsm.ipp>
#endif

#endif

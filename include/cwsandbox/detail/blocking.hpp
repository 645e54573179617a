// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_BLOCKING_HPP
#define CWSANDBOX_DETAIL_BLOCKING_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/runtime.hpp>

#include <chrono>
#include <cstdio>
#include <optional>

namespace cwsandbox::inline v1::detail {

/// How long a destructor waits for a clean end: longer than any stop with the default grace should take.
inline constexpr std::chrono::seconds destructor_patience{60};

/// True when nothing that is posted to the executor will run: its io_context was stopped or ran out of work.
[[nodiscard]] CWSANDBOX_DECL bool has_stopped(asio::any_io_executor const& executor) noexcept;

/// Waits for an operation from a destructor: not on the executor that must do the work, not when that has stopped,
/// and not for ever. Gives what went wrong; nothing when all is well or still under way on our own thread.
template <class R>
[[nodiscard]] std::optional<error> finish_in_destructor(operation<R> const& op) {
  auto const& executor = operation_access::state(op)->get_executor();
  if (!op.is_done() && running_on(executor)) return std::nullopt;
  if (!op.is_done() && has_stopped(executor))
    return make_error(error_kind::sandbox,
                      "the executor has stopped, so sandboxes could not be stopped; call close() "
                      "while it runs");
  auto const result = op.outcome_for(destructor_patience);
  if (result) return std::nullopt;
  return result.error();
}

/// Where errors of cleanups go that nobody listens to: one line on standard error.
inline void report_cleanup_error(error const& e) noexcept {
  std::fprintf(stderr, "cwsandbox: cleanup: %s\n", e.message().c_str());
}

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/blocking.ipp>
#endif

#endif

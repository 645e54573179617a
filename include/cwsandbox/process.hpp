// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_PROCESS_HPP
#define CWSANDBOX_PROCESS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/exec_state.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/process_result.hpp>
#include <cwsandbox/stream.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1 {

/// A command that runs in a sandbox: the operation of its `ProcessResult`, with its streams.
///
/// A cheap copyable handle, not tied to a transport, thread-safe. Dropping it leaves the command running until it ends
/// or its time is up; `cancel()` kills it. The result need not be preceded by reading the outputs, and unread output
/// never holds the command up.
///
/// What `result()` throws: SandboxExecutionError with the finished result for `check` and a non-zero exit;
/// SandboxTimeoutError when the command's time is up; SandboxOutcomeUnknownError when the stream ended without saying
/// how the command did; SandboxNotRunningError when the sandbox is not running (any more); the errors of starting the
/// sandbox, if this command started it; the other typed errors of the service. (contract: streams 1 and 2)
class process : public operation<ProcessResult> {
 public:
  process() = default;

  /// Standard output, live.
  [[nodiscard]] stream_reader out() const { return {state(), state()->out}; }
  /// Standard error, live.
  [[nodiscard]] stream_reader err() const { return {state(), state()->err}; }
  /// Standard input. Throws `invalid_argument` unless the command was started with `open_stdin`.
  [[nodiscard]] stream_writer in() const {
    if (!state()->in)
      invalid_argument_error("open_stdin", "false",
                             "the command was started without open_stdin and has no input")
          .raise();
    return stream_writer{state()};
  }
  [[nodiscard]] bool has_input() const noexcept { return state()->in.has_value(); }

  /// The exit status once the command has exited; empty before, and when it failed in another way. Never blocks.
  [[nodiscard]] std::optional<std::int32_t> poll() const {
    if (!is_done()) return std::nullopt;
    auto const& value = state()->value();
    if (value) return value->exit_code;
    auto const& finished = value.error().details().exec_result;
    return finished ? std::optional{finished->exit_code} : std::nullopt;
  }
  [[nodiscard]] std::optional<std::int32_t> exit_code() const { return poll(); }

  /// Waits for the end and gives the exit status. Throws like `result()`.
  std::int32_t wait() const {
    auto const value = outcome();
    return value.value().exit_code;
  }

  /// The command's words as they were given.
  [[nodiscard]] std::vector<std::string> const& command() const noexcept {
    return state()->command();
  }

 private:
  friend struct detail::operation_access;
  explicit process(std::shared_ptr<detail::exec_state> state)
      : operation<ProcessResult>{
            detail::operation_access::make<ProcessResult>(std::move(state))} {}
  [[nodiscard]] std::shared_ptr<detail::exec_state> state() const {
    return std::static_pointer_cast<detail::exec_state>(state_);
  }
};

}  // namespace cwsandbox::inline v1

#endif

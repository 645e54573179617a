// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TERMINAL_HPP
#define CWSANDBOX_TERMINAL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/terminal_state.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/stream.hpp>
#include <cwsandbox/terminal_result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1 {

/// A command on a terminal of its own in a sandbox, usually a shell: the operation of its `TerminalResult`, with what
/// is typed and what is shown.
///
///     auto shell = sb.shell({"/bin/bash"}, {.width = 120, .height = 40});
///     shell.in().writeline("make && exit").result();
///     for (auto const& bytes : shell.output().chunks()) std::cout << bytes << std::flush;
///     return shell.wait();
///
/// A cheap copyable handle, not tied to a transport, thread-safe. A session has no time limit: it lasts until its
/// command exits, its output is closed, it is cancelled, or its sandbox ends. Dropping the handles leaves it running.
///
/// **The output must be read or closed.** 4096 pieces wait for a reader; beyond that nothing more is taken from the
/// service, which holds the command up, and the session cannot end before there is room.
///
/// What `result()` throws: SandboxTimeoutError when the service does not say within 5 seconds that the command has
/// started; SandboxOutcomeUnknownError, a SandboxExecutionError, when the stream ended without an exit status (no
/// status is ever made up); operation_cancelled when the output was closed; otherwise what `process::result()` throws.
/// (contract: streams 3)
class terminal : public operation<TerminalResult> {
 public:
  terminal() = default;

  /// What the terminal shows: the bytes as they come, both outputs of the command in one, with the line ends and
  /// control sequences of a terminal. What was read is kept nowhere.
  ///
  /// Closing it ends the session and kills the command. It ends normally whatever ended the session, with one
  /// exception: when the session could not even be opened, the first read fails with the error that `result()` throws.
  [[nodiscard]] stream_reader output() const { return {state(), state()->out}; }

  /// What is typed. Closing it types an end of file; the command goes on until it exits.
  [[nodiscard]] stream_writer in() const { return stream_writer{state()}; }

  /// Tells the terminal its new size, in characters. Only queues it: every size is sent, in the order of the calls,
  /// before input that waits to be sent. After the input was closed nothing can be sent and it has no effect.
  ///
  /// Throws SandboxExecutionError after the end of the session (without exceptions it has no effect then).
  void resize(std::uint32_t columns, std::uint32_t rows) const {
    auto const refused = state()->resizes->push({columns, rows});
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
    if (refused) refused->raise();
#else
    (void)refused;
#endif
  }

  /// The exit status once the command has exited; empty before, and when the session failed in another way. Never
  /// blocks.
  [[nodiscard]] std::optional<std::int32_t> poll() const {
    if (!is_done()) return std::nullopt;
    auto const& value = state()->value();
    return value ? std::optional{value->exit_code} : std::nullopt;
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
  explicit terminal(std::shared_ptr<detail::terminal_state> state)
      : operation<TerminalResult>{
            detail::operation_access::make<TerminalResult>(std::move(state))} {}
  [[nodiscard]] std::shared_ptr<detail::terminal_state> state() const {
    return std::static_pointer_cast<detail::terminal_state>(state_);
  }
};

}  // namespace cwsandbox::inline v1

#endif

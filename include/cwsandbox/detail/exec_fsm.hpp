// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXEC_FSM_HPP
#define CWSANDBOX_DETAIL_EXEC_FSM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail {

/// What a StreamExec call has come to, without I/O (streams, section 1).
///
/// The two things that users of such streams must be able to trust are decided here and nowhere else: a command has
/// ended only when an explicit exit message said so, and what was sent once is never sent again.
class exec_fsm {
 public:
  struct settings {
    std::string sandbox_id{};
    /// The caller's words, for messages.
    std::string command_text{};
    /// The caller's limit, for messages.
    std::chrono::nanoseconds timeout{};
    /// A terminal has one output; both streams go to `out`.
    bool tty{};
  };

  /// What to do with the message that was just taken.
  enum class step : unsigned char {
    nothing,   ///< read on
    out,       ///< `data()` belongs to standard output; read on
    err,       ///< `data()` belongs to standard error; read on
    ready,     ///< the command takes input now; read on
    finished,  ///< `outcome()` is final; read no more
  };

  explicit exec_fsm(settings s) : settings_{std::move(s)} {}

  /// The next message of the server.
  [[nodiscard]] CWSANDBOX_DECL step received(wire::ExecStreamResponse&& message);
  /// The call ended: with status OK (no error), or with the transport's report.
  CWSANDBOX_DECL void closed(std::optional<error> const& report);
  /// The caller's time is up.
  CWSANDBOX_DECL void timed_out();
  /// The command did not become ready for input in time. True when that ends it.
  CWSANDBOX_DECL bool ready_timed_out(std::chrono::nanoseconds waited);
  /// The sandbox was found to have ended while the stream was silent or broke; `status` says how.
  CWSANDBOX_DECL void sandbox_ended(error not_running);
  /// Any other end, e.g. a cancellation or a refusal.
  CWSANDBOX_DECL void failed(error e);

  [[nodiscard]] bool is_finished() const noexcept { return exit_code_ || failure_; }
  [[nodiscard]] bool is_ready() const noexcept { return ready_; }
  /// True once anything came from the server: from then on the command certainly began.
  [[nodiscard]] bool has_begun() const noexcept { return begun_; }
  /// Bytes of the last `out` or `err` step, to be moved from.
  [[nodiscard]] std::string& data() noexcept { return data_; }
  [[nodiscard]] std::optional<std::int32_t> exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] std::optional<error> const& failure() const noexcept { return failure_; }

 private:
  void fail(error e);

  settings settings_;
  bool ready_{};
  bool begun_{};
  std::string data_{};
  std::optional<std::int32_t> exit_code_{};
  std::optional<error> failure_{};
};

/// Seconds as text, without trailing zeros: `300`, `0.2`.
[[nodiscard]] CWSANDBOX_DECL std::string seconds_text(std::chrono::nanoseconds d);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/exec_fsm.ipp>
#endif

#endif

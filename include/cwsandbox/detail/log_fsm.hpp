// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LOG_FSM_HPP
#define CWSANDBOX_DETAIL_LOG_FSM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/log_types.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail {

/// What the StreamLogs calls of one reader come to, without I/O (streams, section 4): what is asked for, what is asked
/// for again after a failure, and when it is given up.
class log_fsm {
 public:
  struct settings {
    std::string sandbox_id{};
    bool follow{};
    bool timestamps{};
    std::int32_t tail_lines{};
    std::optional<log_time> since{};
    std::string container{};
    /// Where the caller wants to go on.
    std::optional<LogResume> resume{};
  };

  enum class step : unsigned char {
    read_on,
    reconnect,  ///< sleep for `delay()`, then make the call of `request()`
    finished,   ///< `failure()` is final; read no more
  };

  CWSANDBOX_DECL explicit log_fsm(settings s);

  /// The next call.
  [[nodiscard]] CWSANDBOX_DECL wire::StreamLogsRequest request(log_time now) const;
  /// The next call cannot go on where the last one broke: a line that is not finished never will be.
  [[nodiscard]] bool begins_anew() const noexcept { return delivered_ && session_.empty(); }

  /// The next message of the server; `entry()` is what of it belongs to the reader.
  [[nodiscard]] CWSANDBOX_DECL step received(wire::LogEntry&& message);
  [[nodiscard]] std::optional<LogEntry>& entry() noexcept { return entry_; }
  /// The call ended: with status OK (no error), or with the transport's report.
  CWSANDBOX_DECL step closed(std::optional<error> const& report);
  /// The caller's time is up.
  CWSANDBOX_DECL void timed_out(std::chrono::nanoseconds limit);
  /// Says before `received` and `closed` whether the sandbox is known to be stopping or to have ended. A followed log
  /// that breaks then has come to its end.
  void set_sandbox_over(bool over) noexcept { sandbox_over_ = over; }
  /// The sandbox was found to have ended while the stream was silent.
  CWSANDBOX_DECL void sandbox_ended(error not_running);
  /// Any other end, e.g. a refusal.
  CWSANDBOX_DECL void failed(error e);

  /// The sleep before the next call.
  [[nodiscard]] CWSANDBOX_DECL std::chrono::nanoseconds delay() const noexcept;

  [[nodiscard]] bool is_finished() const noexcept { return finished_; }
  /// Nothing when the log ended normally.
  [[nodiscard]] std::optional<error> const& failure() const noexcept { return failure_; }

 private:
  [[nodiscard]] step in_band(wire::LogStreamError const& e);
  [[nodiscard]] step retry();
  step finish();
  step fail(error e);

  settings settings_;
  std::string session_{};
  std::uint64_t offset_{};
  bool delivered_{};  // data, in any call
  bool sandbox_over_{};
  bool finished_{};
  int attempts_{};                      // that failed since the last data
  std::optional<error> last_report_{};  // of the transport, since the last data
  std::optional<LogEntry> entry_{};
  std::optional<error> failure_{};
};

/// Cuts what comes into lines, each with its LF, and replaces what is not UTF-8. A character never holds an LF, so whole
/// lines may be decoded by themselves, however their bytes came. Linear in what it is fed.
class line_cutter {
 public:
  /// The bytes and where in their session they end.
  CWSANDBOX_DECL void feed(LogEntry&& entry);
  /// The next whole line, if it is there.
  [[nodiscard]] CWSANDBOX_DECL std::optional<std::string> next();
  /// A line, or the part of one that is there, is longer than lines may be.
  [[nodiscard]] bool is_too_long() const noexcept { return too_long_; }
  /// The rest, which has no LF. May be empty.
  [[nodiscard]] CWSANDBOX_DECL std::string take_rest();
  /// The same as it came.
  [[nodiscard]] CWSANDBOX_DECL LogEntry take_raw();
  /// Drops what has not been cut off.
  CWSANDBOX_DECL void reset();

  [[nodiscard]] bool empty() const noexcept { return start_ == bytes_.size(); }
  /// Where what was given out so far ends, if the session is known.
  [[nodiscard]] CWSANDBOX_DECL std::optional<LogResume> position() const;

 private:
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - start_; }

  std::string bytes_{};
  std::size_t start_{};     // of what was not given out
  std::size_t searched_{};  // no LF before it
  bool too_long_{};
  std::string session_{};
  std::uint64_t end_{};  // offset in the session of the end of the bytes
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/log_fsm.ipp>
#endif

#endif

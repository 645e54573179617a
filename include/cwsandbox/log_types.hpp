// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_LOG_TYPES_HPP
#define CWSANDBOX_LOG_TYPES_HPP

/// \file
/// What `stream_logs` takes, and the values that its reader gives.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/validation.hpp>
#include <cwsandbox/duration.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/validation.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cwsandbox::inline v1 {

/// A time as the log of a sandbox knows it. System clock times convert to it.
using log_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// A place in a log: where a later `stream_logs` goes on. A plain value that may be stored; the service knows a session
/// for some seconds after its last reader has gone.
struct LogResume {
  std::string session_id{};
  /// Bytes of the session, as it was asked for, that lie before this place.
  std::uint64_t offset{};

  friend bool operator==(LogResume const&, LogResume const&) = default;
};

/// The same, borrowed for a call.
struct LogResumeView {
  constexpr LogResumeView() = default;
  constexpr LogResumeView(std::string_view id, std::uint64_t bytes) noexcept
      : session_id{id}, offset{bytes} {}
  LogResumeView(LogResume const& held) noexcept
      : session_id{held.session_id}, offset{held.offset} {}

  std::string_view session_id{};
  std::uint64_t offset{};
};

/// Options of `stream_logs`. (contract: streams 4.1)
struct LogOptions {
  /// Go on with what is written from now on, until the main process ends. Otherwise the log ends with what is there.
  bool follow = false;
  /// Only so many lines at the end of what is there, >= 0. Unset, or 0: all.
  std::optional<std::int32_t> tail_lines = {};
  /// Only what was written at this time or later.
  std::optional<log_time> since = {};
  /// Each line begins with its time (ISO 8601) and a space, written by the service.
  bool timestamps = false;
  /// Limit of the whole call, > 0. Unset: the request timeout of the sandbox. A followed log has none.
  optional_duration timeout = {};
  /// Container whose log it is. Unset: the main one.
  std::optional<std::string_view> container = {};
  /// Goes on at a place that another reader had reached. The form of the log, `tail_lines`, `since`, `timestamps` and
  /// `container`, is that of the other one and must not be said again. When the service no longer knows the place the
  /// reader fails with a SandboxError, whose reason says so (`SESSION_NOT_FOUND`, `REPLAY_GAP`, ...).
  std::optional<LogResumeView> resume = {};
};

static_assert(std::is_trivially_destructible_v<LogOptions>);

constexpr validation_result validate(LogOptions const& x) {
  validation_result found;
  if (x.tail_lines && *x.tail_lines < 0)
    found.add("tail_lines", "{field} must be at least 0, got {value}", std::int64_t{*x.tail_lines});
  detail::check_positive(found, "timeout", x.timeout);
  if (x.container) detail::check_required(found, "container", *x.container);
  if (x.resume) {
    detail::check_required(found, "resume.session_id", x.resume->session_id);
    if (x.tail_lines) found.add("tail_lines", "{field} cannot be given with resume");
    if (x.since) found.add("since", "{field} cannot be given with resume");
    if (x.timestamps) found.add("timestamps", "{field} cannot be given with resume");
    if (x.container) found.add("container", "{field} cannot be given with resume", *x.container);
  }
  return found;
}

/// A piece of a log as the service sent it: bytes that are cut anywhere, also within a line or a character.
struct LogEntry {
  std::string data{};
  /// When it was written, if the service says so.
  std::optional<log_time> time{};
  /// The log session, and where it stands after this piece. Empty and 0 when the service has no sessions.
  std::string session_id{};
  std::uint64_t next_offset{};

  friend bool operator==(LogEntry const&, LogEntry const&) = default;
};

}  // namespace cwsandbox::inline v1

#endif

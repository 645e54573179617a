// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_EXEC_HPP
#define CWSANDBOX_WIRE_EXEC_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// Commands in a sandbox, and its logs.

namespace cwsandbox::inline v1::wire {

/// Asks for a command to run to its end, with its output in one answer.
struct ExecRequest {
  std::string sandbox_id{};
  std::vector<std::string> command{};
  string_map env{};
  std::int32_t max_output_bytes{};
  std::string container{};

  bool operator==(ExecRequest const&) const = default;
};

template <>
struct descriptor<ExecRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecRequest";
  template <class M = ExecRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "command", &M::command),
                 field(3, "env", &M::env),
                 field(4, "max_output_bytes", "maxOutputBytes", &M::max_output_bytes),
                 field(5, "container", &M::container));
  }
};

/// What a command wrote and how it ended.
struct ExecResponse {
  std::string stdout_{};
  std::string stderr_{};
  std::int32_t exit_code{};
  bool stdout_truncated{};
  bool stderr_truncated{};
  std::int64_t stdout_bytes_produced{};
  std::int64_t stderr_bytes_produced{};

  bool operator==(ExecResponse const&) const = default;
};

template <>
struct descriptor<ExecResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecResponse";
  template <class M = ExecResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(
        bytes_field(1, "stdout", &M::stdout_),
        bytes_field(2, "stderr", &M::stderr_),
        field(3, "exit_code", "exitCode", &M::exit_code),
        field(4, "stdout_truncated", "stdoutTruncated", &M::stdout_truncated),
        field(5, "stderr_truncated", "stderrTruncated", &M::stderr_truncated),
        field(6, "stdout_bytes_produced", "stdoutBytesProduced", &M::stdout_bytes_produced),
        field(7, "stderr_bytes_produced", "stderrBytesProduced", &M::stderr_bytes_produced));
  }
};

/// Starts the command of an exec stream.
struct ExecStreamInit {
  std::string sandbox_id{};
  std::vector<std::string> command{};
  bool tty{};
  std::uint32_t tty_width{};
  std::uint32_t tty_height{};
  string_map env{};
  std::string container{};

  bool operator==(ExecStreamInit const&) const = default;
};

template <>
struct descriptor<ExecStreamInit> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamInit";
  template <class M = ExecStreamInit>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "command", &M::command),
                 field(3, "tty", &M::tty),
                 field(4, "tty_width", "ttyWidth", &M::tty_width),
                 field(5, "tty_height", "ttyHeight", &M::tty_height),
                 field(6, "env", &M::env),
                 field(7, "container", &M::container));
  }
};

/// Tells the terminal its new size, in characters.
struct ExecStreamResize {
  std::uint32_t width{};
  std::uint32_t height{};

  bool operator==(ExecStreamResize const&) const = default;
};

template <>
struct descriptor<ExecStreamResize> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamResize";
  template <class M = ExecStreamResize>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "width", &M::width), field(2, "height", &M::height));
  }
};

/// Ends the standard input of a streamed command.
struct ExecStreamClose {
  bool operator==(ExecStreamClose const&) const = default;
};

template <>
struct descriptor<ExecStreamClose> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamClose";
  template <class M = ExecStreamClose>
  static constexpr auto fields(auto&& visit) {
    return visit();
  }
};

/// What a client sends on an exec stream: first `init`, then the rest in any order.
struct ExecStreamRequest {
  std::variant<std::monostate, ExecStreamInit, std::string, ExecStreamResize, ExecStreamClose>
      message{};

  bool operator==(ExecStreamRequest const&) const = default;
};

template <>
struct descriptor<ExecStreamRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamRequest";
  template <class M = ExecStreamRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(oneof_field<1>(1, "init", &M::message),
                 oneof_bytes_field<2>(2, "stdin", &M::message),
                 oneof_field<3>(3, "resize", &M::message),
                 oneof_field<4>(4, "close", &M::message));
  }
};

/// The command of an exec stream has started.
struct ExecStreamReady {
  std::optional<Timestamp> ready_time{};

  bool operator==(ExecStreamReady const&) const = default;
};

template <>
struct descriptor<ExecStreamReady> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamReady";
  template <class M = ExecStreamReady>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "ready_time", "readyTime", &M::ready_time));
  }
};

/// A piece of output, cut anywhere.
struct ExecStreamOutput {
  /// Which of the two outputs of a command.
  enum class Stream : std::int32_t {
    unspecified = 0,
    stdout_ = 1,
    stderr_ = 2,
  };

  Stream stream{};
  std::string data{};

  bool operator==(ExecStreamOutput const&) const = default;
};

template <>
struct enum_descriptor<ExecStreamOutput::Stream> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamOutput.Stream";
  static constexpr enum_value<ExecStreamOutput::Stream> values[] = {
      {ExecStreamOutput::Stream::unspecified, "STREAM_UNSPECIFIED"},
      {ExecStreamOutput::Stream::stdout_, "STREAM_STDOUT"},
      {ExecStreamOutput::Stream::stderr_, "STREAM_STDERR"},
  };
};

template <>
struct descriptor<ExecStreamOutput> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamOutput";
  template <class M = ExecStreamOutput>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "stream", &M::stream), bytes_field(2, "data", &M::data));
  }
};

/// The command of an exec stream has ended.
struct ExecStreamExit {
  std::int32_t exit_code{};
  std::optional<Timestamp> completed_time{};

  bool operator==(ExecStreamExit const&) const = default;
};

template <>
struct descriptor<ExecStreamExit> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamExit";
  template <class M = ExecStreamExit>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "exit_code", "exitCode", &M::exit_code),
                 field(2, "completed_time", "completedTime", &M::completed_time));
  }
};

/// The command of an exec stream could not be started or followed.
struct ExecStreamError {
  std::string message{};
  std::string code{};

  bool operator==(ExecStreamError const&) const = default;
};

template <>
struct descriptor<ExecStreamError> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamError";
  template <class M = ExecStreamError>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "message", &M::message), field(2, "code", &M::code));
  }
};

/// What the service sends on an exec stream.
struct ExecStreamResponse {
  std::variant<std::monostate, ExecStreamReady, ExecStreamOutput, ExecStreamExit, ExecStreamError>
      message{};

  bool operator==(ExecStreamResponse const&) const = default;
};

template <>
struct descriptor<ExecStreamResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ExecStreamResponse";
  template <class M = ExecStreamResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(oneof_field<1>(1, "ready", &M::message),
                 oneof_field<2>(2, "output", &M::message),
                 oneof_field<3>(3, "exit", &M::message),
                 oneof_field<4>(4, "error", &M::message));
  }
};

/// Asks for the log of a container, from a time, a number of lines or an earlier position on.
struct StreamLogsRequest {
  std::string sandbox_id{};
  bool follow{};
  std::int32_t tail_lines{};
  std::optional<Timestamp> since_time{};
  std::string container{};
  bool timestamps{};
  std::string resume_log_session_id{};
  std::uint64_t resume_log_offset{};

  bool operator==(StreamLogsRequest const&) const = default;
};

template <>
struct descriptor<StreamLogsRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.StreamLogsRequest";
  template <class M = StreamLogsRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "follow", &M::follow),
                 field(3, "tail_lines", "tailLines", &M::tail_lines),
                 field(4, "since_time", "sinceTime", &M::since_time),
                 field(5, "container", &M::container),
                 field(6, "timestamps", &M::timestamps),
                 field(7, "resume_log_session_id", "resumeLogSessionId", &M::resume_log_session_id),
                 field(8, "resume_log_offset", "resumeLogOffset", &M::resume_log_offset));
  }
};

/// Why a log stream ends.
struct LogStreamError {
  std::string message{};
  std::string code{};

  bool operator==(LogStreamError const&) const = default;
};

template <>
struct descriptor<LogStreamError> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.LogStreamError";
  template <class M = LogStreamError>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "message", &M::message), field(2, "code", &M::code));
  }
};

/// A piece of a log and the position after it, or why the log ends.
struct LogEntry {
  std::string data{};
  std::optional<Timestamp> timestamp{};
  std::string log_session_id{};
  std::uint64_t next_log_offset{};
  std::optional<LogStreamError> error{};

  bool operator==(LogEntry const&) const = default;
};

template <>
struct descriptor<LogEntry> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.LogEntry";
  template <class M = LogEntry>
  static constexpr auto fields(auto&& visit) {
    return visit(bytes_field(1, "data", &M::data),
                 field(2, "timestamp", &M::timestamp),
                 field(3, "log_session_id", "logSessionId", &M::log_session_id),
                 field(4, "next_log_offset", "nextLogOffset", &M::next_log_offset),
                 field(5, "error", &M::error));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

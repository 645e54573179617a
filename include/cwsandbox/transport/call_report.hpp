// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_CALL_REPORT_HPP
#define CWSANDBOX_TRANSPORT_CALL_REPORT_HPP

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/status_code.hpp>
#include <cwsandbox/rpc_method.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1 {

/// What may be said of a call on a transport to anybody: nothing of what it carried. A plain value.
struct call_report {
  /// Counts the calls that one journal or one logger sees, from 1.
  std::uint64_t number{};
  rpc_method method{};
  /// The sandbox that the call is about; of a create it is known at the end.
  std::string sandbox_id{};
  /// The limit that the call was given.
  std::optional<std::chrono::nanoseconds> timeout{};
  /// By the time source of the transport.
  time_source::time_point start{};
  /// Empty while the call goes on. A stream goes on until its last message was read or it was let go.
  std::optional<time_source::duration> duration{};
  /// How the call ended. `cancelled` for one that was given up before it had ended; `unknown` for a failure that is no
  /// report of the peer.
  status_code code{status_code::ok};
  /// The server's reason, or the code of an error message inside a stream.
  std::string reason{};
  /// File contents, input and output of commands, logs. Other fields of messages do not count.
  std::uint64_t bytes_sent{};
  std::uint64_t bytes_received{};
  /// Streams only.
  std::uint64_t messages_received{};
  /// Of a command that ended by itself.
  std::optional<std::int32_t> exit_code{};

  [[nodiscard]] bool is_done() const noexcept { return duration.has_value(); }

  friend bool operator==(call_report const&, call_report const&) = default;
};

/// One line without its end, for logs: `#3 StreamExec sb-1 OK in 12.345 ms, sent 0 B, received 6 B, exit 0`. What a
/// peer says is shown in printable ASCII.
[[nodiscard]] inline std::string to_string(call_report const& report) {
  auto const printable = [](std::string_view text) {
    std::string result{text};
    for (char& c : result)
      if (c < ' ' || c > '~') c = '?';
    return result;
  };
  std::string line{"#"};
  line.append(std::to_string(report.number)).append(" ").append(to_string(report.method));
  if (!report.sandbox_id.empty()) line.append(" ").append(printable(report.sandbox_id));
  if (!report.duration) return line.append(" begins");
  line.append(" ").append(to_string(report.code));
  if (!report.reason.empty()) line.append(" (").append(printable(report.reason)).append(")");
  auto const us =
      std::chrono::duration_cast<std::chrono::microseconds>(*report.duration).count();
  auto fraction = std::to_string(us % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  line.append(" in ").append(std::to_string(us / 1000)).append(".").append(fraction).append(" ms");
  line.append(", sent ").append(std::to_string(report.bytes_sent)).append(" B");
  line.append(", received ").append(std::to_string(report.bytes_received)).append(" B");
  if (report.exit_code) line.append(", exit ").append(std::to_string(*report.exit_code));
  return line;
}

inline std::ostream& operator<<(std::ostream& os, call_report const& report) {
  return os << to_string(report);
}

}  // namespace cwsandbox::inline v1

#endif

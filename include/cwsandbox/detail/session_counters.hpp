// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SESSION_COUNTERS_HPP
#define CWSANDBOX_DETAIL_SESSION_COUNTERS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/metrics.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail {

/// What was counted since the last report.
struct session_tally {
  std::uint64_t created{};
  std::uint64_t completed_ok{};
  std::uint64_t completed_nonzero{};
  std::uint64_t failures{};
  std::uint64_t startups{};
  double startup_sum{};
  double startup_min{};
  double startup_max{};
  std::map<std::uint64_t, std::uint64_t> execs{};  // by the number of the sandbox

  [[nodiscard]] std::uint64_t executions() const noexcept {
    return completed_ok + completed_nonzero + failures;
  }
  [[nodiscard]] bool is_empty() const noexcept {
    return created == 0 && executions() == 0 && startups == 0;
  }
  CWSANDBOX_DECL void add_startup(double seconds) noexcept;
  CWSANDBOX_DECL void add(session_tally const& other);
  [[nodiscard]] CWSANDBOX_DECL metrics to_metrics() const;
};

/// The counters of a session, and whom they are reported to. Thread-safe; nothing is counted twice or lost between two
/// reports.
class session_counters {
 public:
  /// Numbers a sandbox that is counted from now on.
  CWSANDBOX_DECL std::uint64_t join();
  CWSANDBOX_DECL void created();
  CWSANDBOX_DECL void executed(std::uint64_t sandbox, std::optional<std::int32_t> exit_code);
  CWSANDBOX_DECL void started(std::chrono::nanoseconds after);

  CWSANDBOX_DECL void report_to(metrics_reporter reporter);
  CWSANDBOX_DECL void report_to(std::string name);

  /// Empty when reporting is off.
  [[nodiscard]] CWSANDBOX_DECL metrics values() const;
  CWSANDBOX_DECL void reset();
  /// False when there is nobody to tell, nothing to tell, or the reporter failed, which is said once on standard error.
  CWSANDBOX_DECL bool report(LogMetricsOptions const& options);

 private:
  [[nodiscard]] metrics_reporter reporter();

  mutable std::mutex mutex_;
  session_tally tally_;
  std::uint64_t next_sandbox_{1};
  metrics_reporter reporter_;
  std::string reporter_name_;
  bool off_{};
  bool warned_{};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/session_counters.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_METRICS_HPP
#define CWSANDBOX_METRICS_HPP

/// \file
/// What a session counts, and who is told. (contract: options 4)

#include <cwsandbox/config.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace cwsandbox::inline v1 {

/// Numbers by name: `cwsandbox/executions` and the like.
///
/// Counts: `sandboxes_created` (adopted ones not), `executions` of `exec` and `shell` that have ended, of which
/// `exec_completed_ok` with exit status 0, `exec_completed_nonzero` with another one, and `exec_failures` without one.
/// When there were executions: `exec_completion_rate` and `exec_failure_rate`, of all executions, and `avg_`, `min_` and
/// `max_execs_per_sandbox`, of the sandboxes that had any. When sandboxes have started: `startup_count`, and `avg_`,
/// `min_` and `max_startup_seconds` from the accepted create to the first RUNNING that a wait has seen.
using metrics = std::map<std::string, double>;

/// Is given the metrics of a session, and the step that the caller counts them for.
using metrics_reporter = std::function<void(metrics const&, std::optional<std::int64_t> step)>;

/// Writes each report as one line of JSON, `{"step": 3, "cwsandbox/executions": 2, ...}`. The stream must live as long
/// as the reporter is used.
[[nodiscard]] CWSANDBOX_DECL metrics_reporter json_lines_reporter(std::ostream& os);

/// Metrics in the text format of Prometheus: counters and gauges with `_` for what its names cannot hold.
[[nodiscard]] CWSANDBOX_DECL std::string to_prometheus(metrics const& values);

/// Names a reporter for the whole process; `session.report_to("name")` finds it. An empty one takes the name away. May be
/// called at any time from any thread.
CWSANDBOX_DECL void set_metrics_reporter(std::string name, metrics_reporter reporter);

/// Options of `log_metrics`.
struct LogMetricsOptions {
  /// What the caller counts in, e.g. steps of training.
  std::optional<std::int64_t> step = {};
  /// Begin to count anew after a successful report.
  bool reset = true;
};
static_assert(std::is_trivially_destructible_v<LogMetricsOptions>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/metrics.ipp>
#endif

#endif

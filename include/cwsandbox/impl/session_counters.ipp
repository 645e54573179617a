// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_SESSION_COUNTERS_IPP
#define CWSANDBOX_IMPL_SESSION_COUNTERS_IPP

#include <cwsandbox/detail/session_counters.hpp>

#include <cwsandbox/detail/metrics_registry.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void session_tally::add_startup(double seconds) noexcept {
  startup_min = startups == 0 ? seconds : std::min(startup_min, seconds);
  startup_max = startups == 0 ? seconds : std::max(startup_max, seconds);
  startup_sum += seconds;
  ++startups;
}

CWSANDBOX_DECL void session_tally::add(session_tally const& other) {
  created += other.created;
  completed_ok += other.completed_ok;
  completed_nonzero += other.completed_nonzero;
  failures += other.failures;
  if (other.startups > 0) {
    startup_min = startups == 0 ? other.startup_min : std::min(startup_min, other.startup_min);
    startup_max = startups == 0 ? other.startup_max : std::max(startup_max, other.startup_max);
    startup_sum += other.startup_sum;
    startups += other.startups;
  }
  for (auto const& [sandbox, count] : other.execs) execs[sandbox] += count;
}

CWSANDBOX_DECL metrics session_tally::to_metrics() const {
  metrics values;
  auto const put = [&](char const* name, auto value) {
    values.emplace(std::string{"cwsandbox/"}.append(name), static_cast<double>(value));
  };
  auto const all = executions();
  put("sandboxes_created", created);
  put("executions", all);
  put("exec_completed_ok", completed_ok);
  put("exec_completed_nonzero", completed_nonzero);
  put("exec_failures", failures);
  if (all > 0) {
    put("exec_completion_rate", static_cast<double>(completed_ok) / static_cast<double>(all));
    put("exec_failure_rate", static_cast<double>(failures) / static_cast<double>(all));
  }
  if (startups > 0) {
    put("startup_count", startups);
    put("avg_startup_seconds", startup_sum / static_cast<double>(startups));
    put("min_startup_seconds", startup_min);
    put("max_startup_seconds", startup_max);
  }
  if (!execs.empty()) {
    auto const [least, most] = std::minmax_element(
        execs.begin(), execs.end(), [](auto const& a, auto const& b) { return a.second < b.second; });
    put("avg_execs_per_sandbox", static_cast<double>(all) / static_cast<double>(execs.size()));
    put("min_execs_per_sandbox", least->second);
    put("max_execs_per_sandbox", most->second);
  }
  return values;
}

CWSANDBOX_DECL std::uint64_t session_counters::join() {
  std::lock_guard lock{mutex_};
  return next_sandbox_++;
}
CWSANDBOX_DECL void session_counters::created() {
  std::lock_guard lock{mutex_};
  ++tally_.created;
}
CWSANDBOX_DECL void session_counters::executed(std::uint64_t sandbox,
                                               std::optional<std::int32_t> exit_code) {
  std::lock_guard lock{mutex_};
  if (!exit_code)
    ++tally_.failures;
  else if (*exit_code == 0)
    ++tally_.completed_ok;
  else
    ++tally_.completed_nonzero;
  ++tally_.execs[sandbox];
}
CWSANDBOX_DECL void session_counters::started(std::chrono::nanoseconds after) {
  std::lock_guard lock{mutex_};
  tally_.add_startup(std::chrono::duration<double>{after}.count());
}

CWSANDBOX_DECL void session_counters::report_to(metrics_reporter reporter) {
  std::lock_guard lock{mutex_};
  off_ = !reporter;
  reporter_ = std::move(reporter);
  reporter_name_.clear();
}
CWSANDBOX_DECL void session_counters::report_to(std::string name) {
  std::lock_guard lock{mutex_};
  off_ = false;
  reporter_ = {};
  reporter_name_ = std::move(name);
}

CWSANDBOX_DECL metrics session_counters::values() const {
  std::lock_guard lock{mutex_};
  return off_ ? metrics{} : tally_.to_metrics();
}
CWSANDBOX_DECL void session_counters::reset() {
  std::lock_guard lock{mutex_};
  tally_ = {};
}

inline metrics_reporter session_counters::reporter() {
  std::lock_guard lock{mutex_};
  // one that was found is kept
  if (!reporter_ && !reporter_name_.empty())
    reporter_ = metrics_registry::instance().find(reporter_name_);
  return reporter_;
}

CWSANDBOX_DECL bool session_counters::report(LogMetricsOptions const& options) {
  auto const to = reporter();
  if (!to) return false;
  session_tally taken;
  {
    std::lock_guard lock{mutex_};
    if (tally_.is_empty()) return false;
    if (options.reset)
      taken = std::exchange(tally_, {});
    else
      taken = tally_;
  }
  bool failed = false;
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  try {
    to(taken.to_metrics(), options.step);
  } catch (...) {
    failed = true;
  }
#else
  to(taken.to_metrics(), options.step);
#endif
  if (!failed) return true;
  bool warn = false;
  {
    std::lock_guard lock{mutex_};
    if (options.reset) tally_.add(taken);
    warn = !std::exchange(warned_, true);
  }
  if (warn) std::fputs("cwsandbox: the reporter of metrics has failed\n", stderr);
  return false;
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOG_FSM_IPP
#define CWSANDBOX_IMPL_LOG_FSM_IPP

#include <cwsandbox/detail/exec_fsm.hpp>
#include <cwsandbox/detail/log_fsm.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/detail/utf8_text.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL log_fsm::log_fsm(settings s) : settings_{std::move(s)} {
  if (!settings_.resume) return;
  session_ = settings_.resume->session_id;
  offset_ = settings_.resume->offset;
}

CWSANDBOX_DECL wire::StreamLogsRequest log_fsm::request(log_time now) const {
  wire::StreamLogsRequest request{};
  request.sandbox_id = settings_.sandbox_id;
  request.follow = settings_.follow;
  if (!session_.empty()) {
    request.resume_log_session_id = session_;
    request.resume_log_offset = offset_;
    return request;
  }
  request.timestamps = settings_.timestamps;
  request.container = settings_.container;
  if (delivered_) {
    // a small gap is better than all lines once more
    request.since_time = wire::Timestamp::from(now);
    return request;
  }
  request.tail_lines = settings_.tail_lines;
  if (settings_.since) request.since_time = wire::Timestamp::from(*settings_.since);
  return request;
}

CWSANDBOX_DECL log_fsm::step log_fsm::received(wire::LogEntry&& message) {
  entry_.reset();
  if (finished_) return step::finished;
  if (!message.log_session_id.empty()) session_ = std::move(message.log_session_id);
  if (message.next_log_offset != 0) offset_ = message.next_log_offset;
  if (!message.data.empty()) {
    delivered_ = true;
    attempts_ = 0;
    last_report_.reset();
    auto& entry = entry_.emplace();
    entry.data = std::move(message.data);
    if (message.timestamp) entry.time = message.timestamp->to_sys_time();
    entry.session_id = session_;
    entry.next_offset = offset_;
  }
  if (message.error && !message.error->code.empty()) return in_band(*message.error);
  return step::read_on;
}

inline log_fsm::step log_fsm::in_band(wire::LogStreamError const& e) {
  if (e.code == "STREAM_TRUNCATED")
    return fail(make_error(error_kind::stream_truncated,
                           "the server lost part of the log" +
                               (e.message.empty() ? std::string{} : ": " + e.message))
                    .with([&](error_details& d) { d.stream_code = e.code; }));
  if (settings_.follow) {
    if (e.code == "STREAM_INTERRUPTED") return retry();
    bool const lost = e.code == "SESSION_NOT_FOUND" || e.code == "REPLAY_GAP" ||
                      e.code == "RUNNER_UNAVAILABLE" || e.code == "RUNNER_DRAINING";
    // Who holds a place to go on from must learn that it is gone: the gap may be of any size.
    if (lost && (delivered_ || !settings_.resume)) {
      session_.clear();
      offset_ = 0;
      return retry();
    }
    if (sandbox_over_ && e.code == "SANDBOX_NOT_FOUND") return finish();
  }
  return fail(make_error(error_kind::sandbox, e.message.empty() ? e.code : e.message)
                  .with([&](error_details& d) { d.reason = e.code; }));
}

CWSANDBOX_DECL log_fsm::step log_fsm::closed(std::optional<error> const& report) {
  entry_.reset();
  if (finished_) return step::finished;
  if (!report) return finish();
  if (settings_.follow && report->kind() == error_kind::rpc) {
    switch (report->code()) {
      case status_code::unavailable:
      case status_code::internal:
      case status_code::unknown:
        last_report_ = report;
        return retry();
      case status_code::cancelled:
      case status_code::aborted:
      case status_code::not_found:
      case status_code::failed_precondition:
        if (sandbox_over_) return finish();
        break;
      default:
        break;
    }
  }
  call_context context{};
  context.operation = "Stream logs";
  context.sandbox_id = settings_.sandbox_id;
  return fail(translate(*report, context));
}

inline log_fsm::step log_fsm::retry() {
  if (++attempts_ < constants::log_attempts) return step::reconnect;
  if (sandbox_over_) return finish();
  return fail(make_error(error_kind::unavailable, "the log stream broke off, and " +
                                                      std::to_string(constants::log_attempts) +
                                                      " attempts brought no more data")
                  .with([&](error_details& d) {
                    d.code = status_code::unavailable;
                    if (last_report_) d.causes.assign(1, *last_report_);
                  }));
}

CWSANDBOX_DECL void log_fsm::timed_out(std::chrono::nanoseconds limit) {
  fail(make_error(error_kind::request_timeout,
                  "the log did not end within " + seconds_text(limit) + "s")
           .with([](error_details& d) { d.code = status_code::deadline_exceeded; }));
}

CWSANDBOX_DECL void log_fsm::sandbox_ended(error not_running) {
  // one that is not followed was promised whole
  if (settings_.follow)
    finish();
  else
    fail(std::move(not_running));
}

CWSANDBOX_DECL void log_fsm::failed(error e) { fail(std::move(e)); }

CWSANDBOX_DECL std::chrono::nanoseconds log_fsm::delay() const noexcept {
  auto sleep = constants::log_backoff;
  for (int n = 1; n < attempts_ && sleep < constants::log_backoff_max; ++n) sleep *= 2;
  return std::min(sleep, constants::log_backoff_max);
}

inline log_fsm::step log_fsm::finish() {
  finished_ = true;
  return step::finished;
}

inline log_fsm::step log_fsm::fail(error e) {
  if (finished_) return step::finished;
  failure_ = e.sandbox_id().empty()
                 ? e.with([&](error_details& d) { d.sandbox_id = settings_.sandbox_id; })
                 : std::move(e);
  return finish();
}

CWSANDBOX_DECL void line_cutter::feed(LogEntry&& entry) {
  session_ = std::move(entry.session_id);
  end_ = entry.next_offset;
  if (empty()) {
    bytes_ = std::move(entry.data);
    start_ = searched_ = 0;
    return;
  }
  // rarely, for it moves what is left
  if (start_ > bytes_.size() / 2) {
    bytes_.erase(0, start_);
    searched_ -= start_;
    start_ = 0;
  }
  bytes_.append(entry.data);
}

CWSANDBOX_DECL std::optional<std::string> line_cutter::next() {
  if (too_long_) return std::nullopt;
  auto const at = bytes_.find('\n', searched_);
  if (at == std::string::npos) {
    searched_ = bytes_.size();
    too_long_ = left() > constants::log_line_bytes_max;
    return std::nullopt;
  }
  auto line = to_utf8(std::string_view{bytes_}.substr(start_, at + 1 - start_));
  if (line.size() > constants::log_line_bytes_max) {
    too_long_ = true;
    return std::nullopt;
  }
  start_ = searched_ = at + 1;
  return line;
}

CWSANDBOX_DECL std::string line_cutter::take_rest() {
  auto rest = to_utf8(std::string_view{bytes_}.substr(start_));
  if (rest.size() > constants::log_line_bytes_max) {
    too_long_ = true;
    return {};
  }
  start_ = searched_ = bytes_.size();
  return rest;
}

CWSANDBOX_DECL LogEntry line_cutter::take_raw() {
  LogEntry entry{};
  entry.data = bytes_.substr(start_);
  entry.session_id = session_;
  entry.next_offset = end_;
  start_ = searched_ = bytes_.size();
  return entry;
}

CWSANDBOX_DECL void line_cutter::reset() {
  bytes_.clear();
  start_ = searched_ = 0;
  too_long_ = false;
}

CWSANDBOX_DECL std::optional<LogResume> line_cutter::position() const {
  if (session_.empty() || end_ < left()) return std::nullopt;
  return LogResume{session_, end_ - left()};
}

}  // namespace cwsandbox::inline v1::detail

#endif

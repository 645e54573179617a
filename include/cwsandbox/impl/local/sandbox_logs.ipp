// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SANDBOX_LOGS_IPP
#define CWSANDBOX_IMPL_LOCAL_SANDBOX_LOGS_IPP

#include <cwsandbox/transport/local/sandbox.hpp>

#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <algorithm>
#include <utility>

namespace cwsandbox::inline v1::detail::local {

namespace sandbox_logs {

inline constexpr std::size_t max_sessions = 64;
inline constexpr std::chrono::seconds session_life{60};

}  // namespace sandbox_logs

CWSANDBOX_DECL outcome<log_reader> sandbox::open_log(wire::StreamLogsRequest const& request) {
  log_reader reader;
  reader.follow = request.follow;
  if (request.follow) reader.wake = watch();
  auto const now = clock::now();
  std::lock_guard const lock{mutex_};
  reader.until = log_.end();
  auto const refuse = [&](char const* code, std::string message) {
    wire::LogStreamError refusal;
    refusal.code = code;
    refusal.message = std::move(message);
    reader.refusal.emplace().error = std::move(refusal);
  };
  std::erase_if(sessions_, [&](session_entry const& s) {
    return s.session.use_count() == 1 && now - s.last_use > sandbox_logs::session_life;
  });
  if (!request.resume_log_session_id.empty()) {
    if (request.timestamps || request.tail_lines != 0 || request.since_time) {
      return rpc_error(status_code::invalid_argument,
                       "a resumed log keeps its form: no timestamps, tail_lines or since_time");
    }
    auto const known = std::find_if(
        sessions_.begin(), sessions_.end(),
        [&](session_entry const& s) { return s.session->id() == request.resume_log_session_id; });
    if (known == sessions_.end()) {
      refuse("SESSION_NOT_FOUND",
             "log session '" + request.resume_log_session_id + "' is not known");
      return reader;
    }
    // A copy: the broken connection's reader may still hold the old one.
    reader.session = std::make_shared<log_session>(*known->session);
    switch (reader.session->seek(log_, request.resume_log_offset)) {
      case log_session::seek_result::found:
        known->session = reader.session;
        known->last_use = now;
        break;
      case log_session::seek_result::beyond_end:
        refuse("INVALID_RESUME_OFFSET", "the log session has not come that far");
        break;
      case log_session::seek_result::gone:
        refuse("REPLAY_GAP", "that part of the log is gone");
        break;
    }
    return reader;
  }
  if (request.resume_log_offset != 0) {
    return rpc_error(status_code::invalid_argument,
                     "resume_log_offset needs resume_log_session_id");
  }
  auto position = log_.tail(request.tail_lines);
  if (request.since_time)
    position = std::max(position, log_.since(request.since_time->to_sys_time()));
  reader.session =
      std::make_shared<log_session>("ls-" + random_hex(8), request.timestamps, position);
  if (sessions_.size() >= sandbox_logs::max_sessions) sessions_.erase(sessions_.begin());
  session_entry entry;
  entry.session = reader.session;
  entry.last_use = now;
  sessions_.push_back(std::move(entry));
  return reader;
}

CWSANDBOX_DECL log_step sandbox::read_log(log_reader& reader) {
  log_step result;
  if (reader.refusal) {
    result.entry = std::move(reader.refusal);
    reader.refusal.reset();
    reader.session.reset();
    return result;
  }
  if (!reader.session) return result;
  if (reader.wake) reader.wake->lower();
  std::lock_guard const lock{mutex_};
  for (auto& known : sessions_) {
    if (known.session == reader.session) known.last_use = clock::now();
  }
  if (reader.session->lost(log_)) {
    wire::LogStreamError lost;
    lost.code = "STREAM_TRUNCATED";
    lost.message = "the log was written faster than it was read";
    result.entry.emplace().error = std::move(lost);
    reader.session.reset();
    return result;
  }
  result.entry = reader.session->next(log_, reader.follow ? log_.end() : reader.until);
  if (!result.entry && reader.follow) result.wait = !is_terminal(status_.state);
  return result;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

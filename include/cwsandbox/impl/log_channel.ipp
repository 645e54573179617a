// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOG_CHANNEL_IPP
#define CWSANDBOX_IMPL_LOG_CHANNEL_IPP

#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/log_channel.hpp>
#include <cwsandbox/detail/utf8_text.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void log_channel::append(LogEntry&& entry) {
  calls then;
  {
    std::lock_guard lock{mutex_};
    if (finished_ || closed_) return;
    queued_bytes_ += entry.data.size();
    queue_.emplace_back(std::move(entry));
    serve(then);
  }
  run(then);
}

CWSANDBOX_DECL void log_channel::begin_anew() {
  std::lock_guard lock{mutex_};
  if (!finished_ && !closed_) queue_.emplace_back(std::nullopt);
}

CWSANDBOX_DECL void log_channel::finish(std::optional<error> why) {
  calls then;
  {
    std::lock_guard lock{mutex_};
    if (finished_) return;
    finished_ = true;
    failure_ = std::move(why);
    serve(then);
    if (room_) then.push_back(std::move(room_));
    room_ = {};
    // destroyed without the lock, for it may own the last handle of something
    then.push_back([stop = std::exchange(stop_, {})] {});
  }
  run(then);
}

CWSANDBOX_DECL bool log_channel::is_full() const {
  std::lock_guard lock{mutex_};
  return full();
}

CWSANDBOX_DECL void log_channel::when_not_full(unique_function<void()> f) {
  {
    std::lock_guard lock{mutex_};
    if (full() && !finished_ && !closed_) {
      room_ = std::move(f);
      return;
    }
  }
  f();
}

CWSANDBOX_DECL void log_channel::on_stop(unique_function<void()> hook) {
  {
    std::lock_guard lock{mutex_};
    if (finished_) return;
    if (!closed_) {
      stop_ = std::move(hook);
      return;
    }
  }
  hook();
}

CWSANDBOX_DECL void log_channel::read_line(std::shared_ptr<read_state<std::string>> state,
                                           std::shared_ptr<void> keep) {
  pending_read read{};
  read.line = std::move(state);
  read.keep = std::move(keep);
  add(std::move(read));
}

CWSANDBOX_DECL void log_channel::read_entry(std::shared_ptr<read_state<LogEntry>> state,
                                            std::shared_ptr<void> keep) {
  pending_read read{};
  read.entry = std::move(state);
  read.keep = std::move(keep);
  add(std::move(read));
}

CWSANDBOX_DECL void log_channel::read_all(std::shared_ptr<operation_state<std::string>> state,
                                          std::uint64_t limit, std::shared_ptr<void> keep) {
  pending_read read{};
  read.all = std::move(state);
  read.limit = limit;
  read.keep = std::move(keep);
  add(std::move(read));
}

CWSANDBOX_DECL std::optional<outcome<std::optional<std::string>>> log_channel::try_line() {
  std::optional<outcome<std::optional<std::string>>> result;
  calls then;
  {
    std::lock_guard lock{mutex_};
    if (!reads_.empty()) return std::nullopt;
    result = next_line(then);
    room_made(then);
  }
  run(then);
  return result;
}

CWSANDBOX_DECL std::optional<outcome<std::optional<LogEntry>>> log_channel::try_entry() {
  std::optional<outcome<std::optional<LogEntry>>> result;
  calls then;
  {
    std::lock_guard lock{mutex_};
    if (!reads_.empty()) return std::nullopt;
    result = next_entry();
    room_made(then);
  }
  run(then);
  return result;
}

CWSANDBOX_DECL void log_channel::close() {
  calls then;
  {
    std::lock_guard lock{mutex_};
    if (closed_) return;
    closed_ = true;
    queue_.clear();
    queued_bytes_ = 0;
    cutter_.reset();
    serve(then);
    room_made(then);
    if (stop_) then.push_back(std::exchange(stop_, {}));
  }
  run(then);
}

CWSANDBOX_DECL std::optional<LogResume> log_channel::position() const {
  std::lock_guard lock{mutex_};
  return position_;
}

inline void log_channel::add(pending_read read) {
  auto& state = read.state();
  auto const alive = read;  // the state
  calls then;
  {
    std::lock_guard lock{mutex_};
    reads_.push_back(std::move(read));
    serve(then);
    room_made(then);
  }
  run(then);
  // one that is cancelled must not keep its reader
  state.on_cancel([weak = weak_from_this()] {
    if (auto const self = weak.lock()) self->drop_cancelled();
  });
}

inline void log_channel::drop_cancelled() {
  std::vector<pending_read> dropped;  // destroyed without the lock
  std::lock_guard lock{mutex_};
  for (auto it = reads_.begin(); it != reads_.end();) {
    if (!it->state().is_done()) {
      ++it;
      continue;
    }
    dropped.push_back(std::move(*it));
    it = reads_.erase(it);
  }
}

inline void log_channel::run(calls& then) {
  for (auto& call : then) call();
}

// The lock is held in all that follows.

inline bool log_channel::full() const noexcept {
  return queue_.size() >= constants::output_queue_items ||
         queued_bytes_ >= constants::log_queue_bytes;
}

inline void log_channel::room_made(calls& then) {
  if (room_ && (!full() || closed_)) then.push_back(std::exchange(room_, {}));
}

inline void log_channel::serve(calls& then) {
  while (!reads_.empty()) {
    auto& read = reads_.front();
    // one that was cancelled by its reader leaves the item to the next
    if (read.state().is_done())
      then.push_back([keep = std::move(read.keep)] {});
    else if (!serve_one(read, then))
      return;
    reads_.pop_front();
  }
}

inline bool log_channel::serve_one(pending_read& read, calls& then) {
  auto const complete = [&](auto const& state, auto value) {
    if (!value) return false;
    then.push_back([state, value = *std::move(value), keep = std::move(read.keep)]() mutable {
      state->complete(std::move(value));
    });
    return true;
  };
  if (read.line) return complete(read.line, next_line(then));
  if (read.entry) return complete(read.entry, next_entry());
  return complete(read.all, next_all(read, then));
}

inline std::optional<LogEntry> log_channel::pop() {
  auto entry = std::move(queue_.front());
  queue_.pop_front();
  if (entry) queued_bytes_ -= entry->data.size();
  return entry;
}

inline error log_channel::give_up(calls& then, error why) {
  finished_ = true;
  failure_ = why;
  queue_.clear();
  queued_bytes_ = 0;
  cutter_.reset();
  if (stop_) then.push_back(std::exchange(stop_, {}));
  return why;
}

inline std::optional<outcome<std::optional<std::string>>> log_channel::next_line(calls& then) {
  using result = outcome<std::optional<std::string>>;
  auto const too_long = [&] {
    auto const longest = std::to_string(constants::log_line_bytes_max);
    auto e = make_error(error_kind::stream_truncated,
                        "a line of the log is longer than " + longest +
                            " bytes; read() gives the log in pieces, however long its lines are");
    e = e.with([](error_details& d) { d.stream_code = "STREAM_TRUNCATED"; });
    return result{give_up(then, std::move(e))};
  };
  if (closed_) return result{std::nullopt};
  for (;;) {
    auto line = cutter_.next();
    if (cutter_.is_too_long()) return too_long();
    if (line) {
      position_ = cutter_.position();
      return result{std::move(line)};
    }
    if (!queue_.empty()) {
      auto entry = pop();
      if (entry)
        cutter_.feed(*std::move(entry));
      else
        cutter_.reset();
      continue;
    }
    if (!finished_) return std::nullopt;
    if (failure_) {
      cutter_.reset();
      return result{*failure_};
    }
    auto rest = cutter_.take_rest();
    if (cutter_.is_too_long()) return too_long();
    if (rest.empty()) return result{std::nullopt};
    position_ = cutter_.position();
    return result{std::optional{std::move(rest)}};
  }
}

inline std::optional<outcome<std::optional<LogEntry>>> log_channel::next_entry() {
  using result = outcome<std::optional<LogEntry>>;
  if (closed_) return result{std::nullopt};
  std::optional<LogEntry> entry;
  if (!cutter_.empty()) entry = cutter_.take_raw();
  while (!entry && !queue_.empty()) entry = pop();
  if (entry) {
    position_.reset();
    if (!entry->session_id.empty()) position_ = LogResume{entry->session_id, entry->next_offset};
    return result{std::move(entry)};
  }
  if (!finished_) return std::nullopt;
  if (failure_) return result{*failure_};
  return result{std::nullopt};
}

inline std::optional<outcome<std::string>> log_channel::next_all(pending_read& read, calls& then) {
  auto& all = read.gathered;
  for (;;) {
    if (!closed_ && cutter_.empty() && !queue_.empty() && !queue_.front()) {
      (void)pop();
      all.erase(all.rfind('\n') + 1);  // what was not finished never will be
      continue;
    }
    auto entry = next_entry();
    if (!entry) return std::nullopt;
    if (!*entry) return outcome<std::string>{entry->error()};
    if (!**entry) return outcome<std::string>{to_utf8(all)};
    auto const& data = (**entry)->data;
    if (data.size() > read.limit - all.size()) {
      auto const e = make_error(error_kind::stream_truncated,
                                "the log is longer than " + std::to_string(read.limit) +
                                    " bytes; read it by lines() as it comes");
      return outcome<std::string>{give_up(then, e)};
    }
    all += data;
  }
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_OUTPUT_BUFFER_IPP
#define CWSANDBOX_IMPL_OUTPUT_BUFFER_IPP

#include <cwsandbox/detail/output_buffer.hpp>

#include <algorithm>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void output_buffer::append(std::string&& chunk) {
  std::vector<completion> ready;
  {
    std::lock_guard lock{mutex_};
    if (finished_) return;
    auto const size = chunk.size();
    auto held_end = produced_ + size;
    auto const room = static_cast<std::size_t>(std::min<std::uint64_t>(limit_ - kept_.size(), size));
    if (kept_.empty() && room == size) {
      kept_ = std::move(chunk);  // the common short command: no copy at all
    } else {
      kept_.append(chunk, 0, room);
      if (size > room) {
        if (attached_ && !closed_) {
          if (beyond_read_ == beyond_.size()) beyond_start_ = produced_ + room;
          beyond_.append(chunk, room, size - room);
        } else {
          held_end = produced_ + room;
        }
      }
    }
    // what is dropped as a whole is no item of a reader who comes later
    if (!closed_ && (size == 0 || held_end != produced_)) frames_.push_back({held_end, size == 0});
    produced_ += size;
    ready = serve();
  }
  deliver(std::move(ready));
}

CWSANDBOX_DECL void output_buffer::finish() {
  std::vector<completion> ready;
  unique_function<void()> room;
  {
    std::lock_guard lock{mutex_};
    finished_ = true;
    ready = serve();
    room = std::move(room_);
  }
  deliver(std::move(ready));
  if (room) room();
}

CWSANDBOX_DECL void output_buffer::fail(error why) {
  {
    std::lock_guard lock{mutex_};
    if (!finished_) failure_.emplace(std::move(why));
  }
  finish();
}

CWSANDBOX_DECL bool output_buffer::is_full() const {
  std::lock_guard lock{mutex_};
  return full();
}

CWSANDBOX_DECL void output_buffer::when_not_full(unique_function<void()> f) {
  {
    std::lock_guard lock{mutex_};
    if (full() && !finished_) {
      room_ = std::move(f);
      return;
    }
  }
  f();
}

CWSANDBOX_DECL void output_buffer::move_kept_to(std::string& target) {
  std::lock_guard lock{mutex_};
  target = std::move(kept_);
  moved_to_ = &target;
}

CWSANDBOX_DECL std::string output_buffer::copy_kept() const {
  std::lock_guard lock{mutex_};
  return kept_;
}

CWSANDBOX_DECL std::uint64_t output_buffer::bytes_produced() const {
  std::lock_guard lock{mutex_};
  return produced_;
}

CWSANDBOX_DECL bool output_buffer::is_truncated() const {
  std::lock_guard lock{mutex_};
  return produced_ > limit_;
}

CWSANDBOX_DECL void output_buffer::attach() {
  std::lock_guard lock{mutex_};
  attached_ = true;
}

CWSANDBOX_DECL std::optional<outcome<output_buffer::item>> output_buffer::try_read(unit what) {
  std::optional<outcome<item>> result;
  unique_function<void()> room;
  {
    std::lock_guard lock{mutex_};
    if (!reads_.empty()) return std::nullopt;
    result = next(what);
    room = room_made();
  }
  if (room) room();
  return result;
}

CWSANDBOX_DECL void output_buffer::read(unit what, std::shared_ptr<operation_state<item>> state) {
  std::vector<completion> ready;
  unique_function<void()> room;
  {
    std::lock_guard lock{mutex_};
    reads_.push_back({what, std::move(state)});
    ready = serve();
    room = room_made();
  }
  deliver(std::move(ready));
  if (room) room();
}

CWSANDBOX_DECL void output_buffer::close() {
  std::vector<completion> ready;
  unique_function<void()> room;
  {
    std::lock_guard lock{mutex_};
    closed_ = true;
    beyond_.clear();
    beyond_read_ = 0;
    frames_.clear();
    ready = serve();
    room = room_made();
  }
  deliver(std::move(ready));
  if (room) room();
}

// The lock is held in all that follows, but for deliver.

inline bool output_buffer::full() const noexcept {
  if (!reads_.empty()) return false;
  if (most_chunks_ != 0) return frames_.size() >= most_chunks_;
  return beyond_.size() - beyond_read_ > limit_;
}

inline std::optional<outcome<output_buffer::item>> output_buffer::next(unit what) {
  if (closed_) return outcome<item>{item{}};
  if (what == unit::line) {
    auto const line_end = find_line_end();
    if (line_end != 0) {
      auto line = take(line_end);
      forget_frames();
      return outcome<item>{std::move(line)};
    }
    searched_ = produced_;
    if (!finished_) return std::nullopt;
    auto rest = take(produced_);
    if (rest.empty()) return end();
    return outcome<item>{std::move(rest)};
  }
  forget_frames();
  if (frames_.empty()) {
    if (!finished_) return std::nullopt;
    return end();
  }
  auto const chunk_end = frames_.front().end;
  frames_.pop_front();
  return outcome<item>{take(chunk_end)};
}

/// Frames that a line reader went past are no items any more, but for empty ones that are next in turn.
inline void output_buffer::forget_frames() {
  while (!frames_.empty() && frames_.front().end <= cursor_ && !frames_.front().empty)
    frames_.pop_front();
}

inline outcome<output_buffer::item> output_buffer::end() {
  if (!failure_) return item{};
  auto const why = *std::exchange(failure_, std::nullopt);
  return why;
}

/// The offset after the next LF, or zero.
inline std::uint64_t output_buffer::find_line_end() const {
  auto from = std::max(cursor_, searched_);
  auto const& text = kept();
  if (from < text.size()) {
    auto const at = text.find('\n', static_cast<std::size_t>(from));
    if (at != std::string::npos) return at + 1;
    from = text.size();
  }
  if (beyond_read_ == beyond_.size()) return 0;
  from = std::max(from, beyond_start_);
  auto const at = beyond_.find('\n', beyond_read_ + static_cast<std::size_t>(from - beyond_start_));
  return at == std::string::npos ? 0 : beyond_start_ + (at - beyond_read_) + 1;
}

/// The bytes from the cursor to `until`; bytes that were dropped because nobody read then are missing.
inline std::string output_buffer::take(std::uint64_t until) {
  std::string bytes;
  auto const& text = kept();
  if (cursor_ < text.size())
    bytes.assign(text, static_cast<std::size_t>(cursor_),
                 static_cast<std::size_t>(std::min<std::uint64_t>(until, text.size()) - cursor_));
  auto const unread = beyond_.size() - beyond_read_;
  if (until > text.size() && until > beyond_start_ && unread != 0) {
    auto const count =
        static_cast<std::size_t>(std::min<std::uint64_t>(until - beyond_start_, unread));
    bytes.append(beyond_, beyond_read_, count);
    beyond_read_ += count;
    beyond_start_ += count;
    // rarely, for it moves what is left
    if (beyond_read_ > beyond_.size() / 2) {
      beyond_.erase(0, beyond_read_);
      beyond_read_ = 0;
    }
  }
  cursor_ = until;
  return bytes;
}

inline std::vector<output_buffer::completion> output_buffer::serve() {
  std::vector<completion> ready;
  while (!reads_.empty()) {
    if (reads_.front().state->is_done()) {  // cancelled by its reader: the item goes to the next
      reads_.pop_front();
      continue;
    }
    auto value = next(reads_.front().what);
    if (!value) break;
    ready.push_back({std::move(reads_.front().state), *std::move(value)});
    reads_.pop_front();
  }
  return ready;
}

inline void output_buffer::deliver(std::vector<completion> completions) {
  for (auto& c : completions) c.state->complete(std::move(c.value));
}

inline unique_function<void()> output_buffer::room_made() {
  if (full()) return {};
  return std::exchange(room_, {});
}

}  // namespace cwsandbox::inline v1::detail

#endif

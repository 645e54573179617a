// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_LOG_BUFFER_IPP
#define CWSANDBOX_IMPL_LOCAL_LOG_BUFFER_IPP

#include <cwsandbox/transport/local/log_buffer.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cwsandbox::inline v1::detail::local {

namespace logging {
// An entry stays well below any message limit; a longer line is spread over several.
inline constexpr std::size_t max_piece = std::size_t{32} * 1024;
}  // namespace logging

CWSANDBOX_DECL void log_buffer::append(std::string_view bytes, log_time now) {
  // Programs that write byte by byte would otherwise cost a piece for each.
  if (!pieces_.empty() && now - pieces_.back().time < std::chrono::milliseconds{1} &&
      pieces_.back().bytes.size() + bytes.size() <= logging::max_piece) {
    pieces_.back().bytes += bytes;
    end_ += bytes.size();
  } else {
    while (!bytes.empty()) {
      auto const part = bytes.substr(0, logging::max_piece);
      piece added;
      added.begin = end_;
      added.time = now;
      added.bytes = std::string(part);
      pieces_.push_back(std::move(added));
      end_ += part.size();
      bytes.remove_prefix(part.size());
    }
  }
  while (pieces_.size() > 1 && end_ - pieces_.front().begin > limit_) pieces_.pop_front();
}

CWSANDBOX_DECL std::size_t log_buffer::index_of(std::uint64_t position) const noexcept {
  auto const after = std::upper_bound(pieces_.begin(), pieces_.end(), position,
                                      [](std::uint64_t p, piece const& x) { return p < x.begin; });
  return static_cast<std::size_t>(after - pieces_.begin()) - 1;
}

CWSANDBOX_DECL log_buffer::piece const& log_buffer::at(std::uint64_t position) const noexcept {
  return pieces_[index_of(position)];
}

CWSANDBOX_DECL bool log_buffer::starts_line(std::uint64_t position) const noexcept {
  if (position <= begin()) return true;
  auto const& before = at(position - 1);
  return before.bytes[static_cast<std::size_t>(position - 1 - before.begin)] == '\n';
}

CWSANDBOX_DECL std::uint64_t log_buffer::tail(std::int32_t lines) const noexcept {
  if (lines <= 0 || pieces_.empty()) return begin();
  // The newline that ends the last line does not begin another one.
  std::int32_t newlines = starts_line(end_) ? lines + 1 : lines;
  for (auto p = pieces_.rbegin(); p != pieces_.rend(); ++p) {
    for (std::size_t i = p->bytes.size(); i-- > 0;) {
      if (p->bytes[i] == '\n' && --newlines == 0) return p->begin + i + 1;
    }
  }
  return begin();
}

CWSANDBOX_DECL std::uint64_t log_buffer::since(log_time time) const noexcept {
  auto const first =
      std::find_if(pieces_.begin(), pieces_.end(), [&](piece const& p) { return p.time >= time; });
  if (first == pieces_.end()) return end_;
  if (starts_line(first->begin)) return first->begin;
  for (auto p = first; p != pieces_.end(); ++p) {
    if (auto const at = p->bytes.find('\n'); at != std::string::npos) return p->begin + at + 1;
  }
  return end_;
}

CWSANDBOX_DECL std::optional<wire::LogEntry> log_session::next(log_buffer const& log,
                                                               std::uint64_t until) {
  while (at_.position < until) {
    auto const& piece = log.at(at_.position);
    auto const from = static_cast<std::size_t>(at_.position - piece.begin);
    auto const length = static_cast<std::size_t>(std::min(piece.end(), until) - at_.position);
    std::string_view bytes{piece.bytes};
    bytes = bytes.substr(from, length);

    wire::LogEntry entry;
    if (timestamps_) {
      std::string const prefix = format_log_time(piece.time) + ' ';
      while (!bytes.empty()) {
        if (at_.line_start) entry.data += prefix;
        auto const line = bytes.substr(0, bytes.find('\n') + 1);
        at_.line_start = !line.empty();
        auto const part = line.empty() ? bytes : line;
        entry.data += part;
        bytes.remove_prefix(part.size());
      }
    } else {
      entry.data = std::string(bytes);
    }
    at_.position += length;
    at_.offset += entry.data.size();
    while (checkpoints_.size() > 1 && checkpoints_[1].position <= log.begin())
      checkpoints_.pop_front();
    if (checkpoints_.back().offset < at_.offset) checkpoints_.push_back(at_);

    auto const skipped =
        static_cast<std::size_t>(std::min<std::uint64_t>(skip_, entry.data.size()));
    skip_ -= skipped;
    if (skipped == entry.data.size()) continue;
    entry.data.erase(0, skipped);
    entry.timestamp = wire::Timestamp::from(piece.time);
    entry.log_session_id = id_;
    entry.next_log_offset = at_.offset;
    return entry;
  }
  return std::nullopt;
}

CWSANDBOX_DECL log_session::seek_result log_session::seek(log_buffer const& log,
                                                          std::uint64_t offset) {
  if (offset > checkpoints_.back().offset) return seek_result::beyond_end;
  auto const after =
      std::upper_bound(checkpoints_.begin(), checkpoints_.end(), offset,
                       [](std::uint64_t o, checkpoint const& c) { return o < c.offset; });
  if (after == checkpoints_.begin()) return seek_result::gone;
  auto const& from = *(after - 1);
  if (from.position < log.begin()) return seek_result::gone;
  at_ = from;
  skip_ = offset - from.offset;
  return seek_result::found;
}

CWSANDBOX_DECL std::string format_log_time(log_time time) {
  auto const day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day const date{day};
  std::chrono::hh_mm_ss const clock{time - day};
  char text[48];
  auto const n = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return std::string(text, static_cast<std::size_t>(n));
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

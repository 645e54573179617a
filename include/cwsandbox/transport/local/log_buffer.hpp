// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_LOG_BUFFER_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_LOG_BUFFER_HPP

/// \file
/// What a sandbox remembers of its main process' output, and the sessions in which clients read it. No I/O, no locks.

#include <cwsandbox/config.hpp>
#include <cwsandbox/wire/exec.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::local {

using log_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The newest output, up to a limit. A position counts all bytes ever written.
class log_buffer {
 public:
  struct piece {
    std::uint64_t begin{};
    log_time time{};
    std::string bytes{};

    [[nodiscard]] std::uint64_t end() const noexcept { return begin + bytes.size(); }
  };

  explicit log_buffer(std::size_t limit) noexcept : limit_{limit} {}

  CWSANDBOX_DECL void append(std::string_view bytes, log_time now);

  /// The oldest position that is still there.
  [[nodiscard]] std::uint64_t begin() const noexcept {
    return pieces_.empty() ? end_ : pieces_.front().begin;
  }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

  /// Where the last `lines` lines begin; an unfinished line counts as one.
  [[nodiscard]] CWSANDBOX_DECL std::uint64_t tail(std::int32_t lines) const noexcept;
  /// Where the first line begins that was written at `time` or later.
  [[nodiscard]] CWSANDBOX_DECL std::uint64_t since(log_time time) const noexcept;
  /// The piece that holds a position of `[begin(), end())`.
  [[nodiscard]] CWSANDBOX_DECL piece const& at(std::uint64_t position) const noexcept;

 private:
  [[nodiscard]] CWSANDBOX_DECL std::size_t index_of(std::uint64_t position) const noexcept;
  [[nodiscard]] CWSANDBOX_DECL bool starts_line(std::uint64_t position) const noexcept;

  std::size_t limit_;
  std::uint64_t end_{};
  std::deque<piece> pieces_;
};

/// One client's way through a log. It remembers how it writes lines and which byte of its own output came from where,
/// so that it can be resumed at any byte that is still there.
class log_session {
 public:
  enum class seek_result { found, beyond_end, gone };

  log_session(std::string id, bool timestamps, std::uint64_t position)
      : id_{std::move(id)}, timestamps_{timestamps} {
    checkpoints_.push_back({0, position, true});
    at_ = checkpoints_.back();
  }

  [[nodiscard]] std::string const& id() const noexcept { return id_; }

  /// The next entry from the log up to the position `until`; nothing when there is none yet. Precondition: `!lost()`.
  [[nodiscard]] CWSANDBOX_DECL std::optional<wire::LogEntry> next(log_buffer const& log,
                                                                  std::uint64_t until);
  /// True when the log has dropped what comes next.
  [[nodiscard]] bool lost(log_buffer const& log) const noexcept {
    return at_.position < log.begin();
  }
  /// Goes back to a byte of the session's own output.
  [[nodiscard]] CWSANDBOX_DECL seek_result seek(log_buffer const& log, std::uint64_t offset);

 private:
  struct checkpoint {
    std::uint64_t offset{};
    std::uint64_t position{};
    bool line_start{};
  };

  std::string id_;
  bool timestamps_;
  checkpoint at_{};
  /// How many bytes the client has already from the checkpoint on.
  std::uint64_t skip_{};
  std::deque<checkpoint> checkpoints_;
};

/// `2026-01-31T12:34:56.123456789Z`
[[nodiscard]] CWSANDBOX_DECL std::string format_log_time(log_time time);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/log_buffer.ipp>
#endif

#endif

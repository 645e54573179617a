// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LOG_CHANNEL_HPP
#define CWSANDBOX_DETAIL_LOG_CHANNEL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/log_fsm.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/unique_function.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/log_types.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Between the coroutine that gets a log and those who read it: a bounded queue of entries, which are cut into lines
/// where they are read. Thread-safe.
///
/// The end comes after all that was queued before, and stays: every read from then on tells the same.
class log_channel : public std::enable_shared_from_this<log_channel> {
 public:
  template <class Item>
  using read_state = operation_state<std::optional<Item>>;

  log_channel(asio::any_io_executor executor, std::optional<LogResume> start)
      : executor_{std::move(executor)}, position_{std::move(start)} {}

  /// Where the work behind the reads runs.
  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }

  // The sending side.
  CWSANDBOX_DECL void append(LogEntry&& entry);
  /// What comes next does not go on where the last entry ended.
  CWSANDBOX_DECL void begin_anew();
  CWSANDBOX_DECL void finish(std::optional<error> why);
  [[nodiscard]] CWSANDBOX_DECL bool is_full() const;
  /// Calls `f` once when there is room again, or at once.
  CWSANDBOX_DECL void when_not_full(unique_function<void()> f);
  /// Called once when nobody wants more. Not called after the end.
  CWSANDBOX_DECL void on_stop(unique_function<void()> hook);

  // The reading side. A pending read keeps `keep` alive.
  CWSANDBOX_DECL void read_line(std::shared_ptr<read_state<std::string>> state,
                                std::shared_ptr<void> keep);
  CWSANDBOX_DECL void read_entry(std::shared_ptr<read_state<LogEntry>> state,
                                 std::shared_ptr<void> keep);
  /// All that is still to come, if it is not more than `limit` bytes.
  CWSANDBOX_DECL void read_all(std::shared_ptr<operation_state<std::string>> state,
                               std::uint64_t limit, std::shared_ptr<void> keep);
  /// The next item if it is there now and nobody is in front.
  [[nodiscard]] CWSANDBOX_DECL std::optional<outcome<std::optional<std::string>>> try_line();
  [[nodiscard]] CWSANDBOX_DECL std::optional<outcome<std::optional<LogEntry>>> try_entry();
  CWSANDBOX_DECL void close();
  [[nodiscard]] CWSANDBOX_DECL std::optional<LogResume> position() const;

 private:
  /// One of the three.
  struct pending_read {
    std::shared_ptr<read_state<std::string>> line{};
    std::shared_ptr<read_state<LogEntry>> entry{};
    std::shared_ptr<operation_state<std::string>> all{};
    std::shared_ptr<void> keep{};
    std::uint64_t limit{};
    std::string gathered{};

    [[nodiscard]] operation_state_base& state() const noexcept {
      if (line) return *line;
      if (entry) return *entry;
      return *all;
    }
  };
  /// What is done when the lock is released.
  using calls = std::vector<unique_function<void()>>;

  void add(pending_read read);
  void drop_cancelled();
  void serve(calls& then);
  [[nodiscard]] bool serve_one(pending_read& read, calls& then);
  [[nodiscard]] std::optional<outcome<std::optional<std::string>>> next_line(calls& then);
  [[nodiscard]] std::optional<outcome<std::optional<LogEntry>>> next_entry();
  [[nodiscard]] std::optional<outcome<std::string>> next_all(pending_read& read, calls& then);
  /// The next of the queue; nothing for a new beginning. Precondition: the queue is not empty.
  [[nodiscard]] std::optional<LogEntry> pop();
  [[nodiscard]] error give_up(calls& then, error why);
  void room_made(calls& then);
  [[nodiscard]] bool full() const noexcept;
  static void run(calls& then);

  asio::any_io_executor executor_;
  mutable std::mutex mutex_;
  std::deque<std::optional<LogEntry>> queue_;
  std::size_t queued_bytes_{};
  line_cutter cutter_;
  std::deque<pending_read> reads_;
  std::optional<LogResume> position_;
  std::optional<error> failure_;
  unique_function<void()> room_;
  unique_function<void()> stop_;
  bool finished_{};
  bool closed_{};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/log_channel.ipp>
#endif

#endif

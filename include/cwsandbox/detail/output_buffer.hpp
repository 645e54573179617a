// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OUTPUT_BUFFER_HPP
#define CWSANDBOX_DETAIL_OUTPUT_BUFFER_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/unique_function.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// One output stream of a command: what arrived, what of it the result keeps, and how far a reader has come.
///
/// Without a limit everything is kept once and a reader is only a position in it. With a limit, what lies beyond it is
/// held only until the reader took it, and dropped at once when nobody reads; `is_full()` then asks the sender to
/// pause. Thread-safe.
class output_buffer {
 public:
  using item = std::optional<std::string>;

  enum class unit : unsigned char { chunk, line };

  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  struct limits {
    /// How many bytes are kept for the result, and how many more may wait for a reader.
    std::uint64_t bytes{no_limit};
    /// How many chunks may wait for a reader, however large; 0: the bytes count.
    std::size_t waiting_chunks{0};
  };

  explicit output_buffer(std::uint64_t limit = no_limit) : output_buffer{limits{limit, 0}} {}
  explicit output_buffer(limits l) : limit_{l.bytes}, most_chunks_{l.waiting_chunks} {}

  // The sending side.
  CWSANDBOX_DECL void append(std::string&& chunk);
  /// Nothing more will come. Readers end normally.
  CWSANDBOX_DECL void finish();
  /// The same, but the readers are told why, once; then they end.
  CWSANDBOX_DECL void fail(error why);
  /// A reader is behind by more than the limit. One that waits for more is not behind, even when what it waits for is
  /// a line that is longer than the limit.
  [[nodiscard]] CWSANDBOX_DECL bool is_full() const;
  /// Calls `f` once when there is room again, or at once.
  CWSANDBOX_DECL void when_not_full(unique_function<void()> f);
  /// Moves what the result keeps into it. Readers find it there from now on: `kept` must live as long as this.
  CWSANDBOX_DECL void move_kept_to(std::string& kept);
  [[nodiscard]] CWSANDBOX_DECL std::string copy_kept() const;
  [[nodiscard]] CWSANDBOX_DECL std::uint64_t bytes_produced() const;
  [[nodiscard]] CWSANDBOX_DECL bool is_truncated() const;

  // The reading side.
  /// From now on somebody reads: what goes beyond the limit is held for him.
  CWSANDBOX_DECL void attach();
  /// The next item if there is one now: a value, or the end (an item without value). Empty: wait.
  [[nodiscard]] CWSANDBOX_DECL std::optional<outcome<item>> try_read(unit what);
  /// Completes `state` with the next item or the end, as soon as it is there. In the order of the calls.
  CWSANDBOX_DECL void read(unit what, std::shared_ptr<operation_state<item>> state);
  /// Reads end from now on; the command goes on.
  CWSANDBOX_DECL void close();

 private:
  struct frame {
    std::uint64_t end;  // offset in the stream
    bool empty;
  };
  struct pending_read {
    unit what;
    std::shared_ptr<operation_state<item>> state;
  };
  struct completion {
    std::shared_ptr<operation_state<item>> state;
    outcome<item> value;
  };

  [[nodiscard]] std::string const& kept() const noexcept { return moved_to_ ? *moved_to_ : kept_; }
  [[nodiscard]] bool full() const noexcept;
  std::optional<outcome<item>> next(unit what);
  outcome<item> end();
  std::string take(std::uint64_t until);
  void forget_frames();
  [[nodiscard]] std::uint64_t find_line_end() const;
  std::vector<completion> serve();
  static void deliver(std::vector<completion> completions);
  unique_function<void()> room_made();

  mutable std::mutex mutex_;
  std::uint64_t limit_;
  std::size_t most_chunks_;
  std::string kept_;                      // the first bytes of the stream, up to the limit
  std::string const* moved_to_{nullptr};  // where the result keeps them now
  std::string beyond_;                    // bytes after the limit, the unread ones at its end
  std::size_t beyond_read_{0};            // how many of them were read
  std::uint64_t beyond_start_{0};         // offset in the stream of the first unread one
  std::deque<frame> frames_;
  std::deque<pending_read> reads_;
  unique_function<void()> room_;
  std::uint64_t produced_{0};
  std::uint64_t cursor_{0};
  std::uint64_t searched_{0};  // no line end before this offset
  std::optional<error> failure_;  // not told to a reader yet
  bool attached_{false};
  bool finished_{false};
  bool closed_{false};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/output_buffer.ipp>
#endif

#endif

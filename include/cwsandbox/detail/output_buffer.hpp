// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OUTPUT_BUFFER_HPP
#define CWSANDBOX_DETAIL_OUTPUT_BUFFER_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/unique_function.hpp>

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

  explicit output_buffer(std::uint64_t limit = std::numeric_limits<std::uint64_t>::max())
      : limit_{limit} {}

  // The sending side.
  CWSANDBOX_DECL void append(std::string&& chunk);
  /// Nothing more will come. Readers end normally.
  CWSANDBOX_DECL void finish();
  /// A reader is behind by more than the limit.
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
  [[nodiscard]] CWSANDBOX_DECL std::optional<item> try_read(unit what);
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
    item value;
  };

  [[nodiscard]] std::string const& kept() const noexcept { return moved_to_ ? *moved_to_ : kept_; }
  std::optional<item> next(unit what);
  item take(std::uint64_t end);
  [[nodiscard]] std::uint64_t find_line_end() const;
  std::vector<completion> serve();
  static void deliver(std::vector<completion> completions);
  unique_function<void()> room_made();

  mutable std::mutex mutex_;
  std::uint64_t limit_;
  std::string kept_;                      // the first bytes of the stream, up to the limit
  std::string const* moved_to_{nullptr};  // where the result keeps them now
  std::string beyond_;                    // unread bytes after the limit
  std::uint64_t beyond_start_{0};         // offset in the stream of the first of them
  std::deque<frame> frames_;
  std::deque<pending_read> reads_;
  unique_function<void()> room_;
  std::uint64_t produced_{0};
  std::uint64_t cursor_{0};
  std::uint64_t searched_{0};  // no line end before this offset
  bool attached_{false};
  bool finished_{false};
  bool closed_{false};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/output_buffer.ipp>
#endif

#endif

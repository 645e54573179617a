// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_INPUT_QUEUE_HPP
#define CWSANDBOX_DETAIL_INPUT_QUEUE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace cwsandbox::inline v1::detail {

/// What a caller wants sent to a command, in order: bytes, then the end. Holds 16 writes; the next ones wait for room.
/// Thread-safe (streams, section 2.3).
class input_queue {
 public:
  struct end_of_input {};
  using item = std::variant<std::string, end_of_input>;

  /// `state` is completed when the bytes are queued, or refused.
  CWSANDBOX_DECL void write(std::string bytes, std::shared_ptr<operation_state<void>> state);
  /// `state` is completed at once when the end was queued before or the command has ended, else when it is queued.
  CWSANDBOX_DECL void close(std::shared_ptr<operation_state<void>> state);
  [[nodiscard]] CWSANDBOX_DECL bool is_closed() const;
  /// The error of a write now, if it would be refused.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> refusal() const;

  // The sending side.
  /// The next thing to send, or nothing; then `when_ready` is called once when there is.
  [[nodiscard]] CWSANDBOX_DECL std::optional<item> pop(unique_function<void()> when_ready);
  /// The command has ended, for whatever reason: writes fail from now on, closes succeed.
  CWSANDBOX_DECL void finish(std::string_view why);

 private:
  struct waiting {
    item what;
    std::shared_ptr<operation_state<void>> state;
  };
  std::optional<error> refusal_locked() const;

  mutable std::mutex mutex_;
  std::deque<item> queued_;
  std::deque<waiting> waiting_;
  unique_function<void()> when_ready_;
  std::optional<std::string> finished_;
  bool closed_{false};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/input_queue.ipp>
#endif

#endif

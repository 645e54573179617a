// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_RESIZE_QUEUE_HPP
#define CWSANDBOX_DETAIL_RESIZE_QUEUE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unique_function.hpp>
#include <cwsandbox/error.hpp>

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace cwsandbox::inline v1::detail {

/// The sizes that a terminal is to have, in order, none left out. Thread-safe (streams, section 3).
class resize_queue {
 public:
  struct size {
    std::uint32_t columns{};
    std::uint32_t rows{};
  };

  /// The error of a resize after the end of the session.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> push(size next);

  // The sending side.
  [[nodiscard]] CWSANDBOX_DECL std::optional<size> pop();
  /// Calls `f` once when there is something to send, or at once.
  CWSANDBOX_DECL void when_ready(unique_function<void()> f);
  /// Nothing can be sent any more: what waits, and what comes until the end of the session, is dropped.
  CWSANDBOX_DECL void close();
  /// The session has ended.
  CWSANDBOX_DECL void finish();

 private:
  std::mutex mutex_;
  std::deque<size> queued_;
  unique_function<void()> when_ready_;
  bool closed_{false};
  bool finished_{false};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/resize_queue.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_RESIZE_QUEUE_IPP
#define CWSANDBOX_IMPL_RESIZE_QUEUE_IPP

#include <cwsandbox/detail/resize_queue.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL std::optional<error> resize_queue::push(size next) {
  unique_function<void()> wake;
  {
    std::lock_guard lock{mutex_};
    if (finished_)
      return make_error(error_kind::execution, "cannot resize: the terminal session has ended");
    if (closed_) return std::nullopt;
    queued_.push_back(next);
    wake = std::move(when_ready_);
  }
  if (wake) wake();
  return std::nullopt;
}

CWSANDBOX_DECL std::optional<resize_queue::size> resize_queue::pop() {
  std::lock_guard lock{mutex_};
  if (queued_.empty()) return std::nullopt;
  auto const next = queued_.front();
  queued_.pop_front();
  return next;
}

CWSANDBOX_DECL void resize_queue::when_ready(unique_function<void()> f) {
  {
    std::lock_guard lock{mutex_};
    if (queued_.empty()) {
      when_ready_ = std::move(f);
      return;
    }
  }
  f();
}

CWSANDBOX_DECL void resize_queue::close() {
  unique_function<void()> dropped;
  std::lock_guard lock{mutex_};
  closed_ = true;
  queued_.clear();
  dropped = std::move(when_ready_);
}

CWSANDBOX_DECL void resize_queue::finish() {
  close();
  std::lock_guard lock{mutex_};
  finished_ = true;
}

}  // namespace cwsandbox::inline v1::detail

#endif

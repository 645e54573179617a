// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_OPERATION_STATE_IPP
#define CWSANDBOX_IMPL_OPERATION_STATE_IPP

#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/runtime.hpp>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL operation_state_base::waiter_id operation_state_base::add_waiter(
    unique_function<void()> f) {
  {
    std::lock_guard lock{mutex_};
    if (!done_) {
      waiters_.push_back({next_id_, std::move(f)});
      return next_id_++;
    }
  }
  f();
  return 0;
}

CWSANDBOX_DECL void operation_state_base::remove_waiter(waiter_id id) {
  unique_function<void()> removed;  // destroyed without the lock: it may own the last handle of something
  std::lock_guard lock{mutex_};
  auto const it = std::find_if(waiters_.begin(), waiters_.end(),
                               [id](waiter const& w) { return w.id == id; });
  if (it == waiters_.end()) return;
  removed = std::move(it->call);
  waiters_.erase(it);
}

CWSANDBOX_DECL void operation_state_base::on_cancel(unique_function<void()> hook) {
  {
    std::lock_guard lock{mutex_};
    if (!done_) {
      cancel_hook_ = std::move(hook);
      return;
    }
    if (!cancelled_) return;
  }
  hook();
}

CWSANDBOX_DECL bool operation_state_base::wait_until(
    std::optional<std::chrono::steady_clock::time_point> deadline) const {
  std::unique_lock lock{mutex_};
  auto const done = [this] { return done_; };
  if (!deadline) {
    done_condition_.wait(lock, done);
    return true;
  }
  return done_condition_.wait_until(lock, *deadline, done);
}

CWSANDBOX_DECL std::optional<error> operation_state_base::cannot_block() const {
  if (is_done() || !running_on(executor_)) return std::nullopt;
  return make_error(error_kind::logic,
                    "cwsandbox: a blocking wait on the executor that must do the work would never "
                    "end; use co_await operation.async() there");
}

CWSANDBOX_DECL void operation_state_base::finish(std::unique_lock<std::mutex> lock) {
  done_ = true;
  auto waiters = std::exchange(waiters_, {});
  auto const hook = std::exchange(cancel_hook_, {});
  done_condition_.notify_all();
  lock.unlock();
  for (auto& w : waiters) w.call();
}

}  // namespace cwsandbox::inline v1::detail

#endif

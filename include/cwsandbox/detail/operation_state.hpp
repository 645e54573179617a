// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OPERATION_STATE_HPP
#define CWSANDBOX_DETAIL_OPERATION_STATE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unique_function.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What the operations of all result types share: whether it is done, who waits, how to cancel it.
///
/// Waiters and the cancel hook are called without the lock held, from whichever thread completed or cancelled the
/// operation: they only post.
class operation_state_base {
 public:
  using waiter_id = std::uint64_t;

  explicit operation_state_base(asio::any_io_executor executor) : executor_{std::move(executor)} {}
  operation_state_base(operation_state_base const&) = delete;
  operation_state_base& operator=(operation_state_base const&) = delete;
  virtual ~operation_state_base() = default;

  /// Where the work behind the operation runs.
  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }

  [[nodiscard]] bool is_done() const {
    std::lock_guard lock{mutex_};
    return done_;
  }

  /// Calls `f` once when the operation is done; at once when it is done already. Zero in the latter case.
  CWSANDBOX_DECL waiter_id add_waiter(unique_function<void()> f);
  /// After this `f` is not called any more, unless it is being called right now.
  CWSANDBOX_DECL void remove_waiter(waiter_id id);

  /// What `cancel()` does beside ending the operation. Called at once when the operation was cancelled already.
  CWSANDBOX_DECL void on_cancel(unique_function<void()> hook);

  /// Blocks the calling thread. False when the time passed first.
  CWSANDBOX_DECL bool wait_until(
      std::optional<std::chrono::steady_clock::time_point> deadline) const;

  /// An error when waiting on the calling thread could never end, because the work would have to run on it.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> cannot_block() const;

  /// Ends the operation with the cancelled error and stops the work behind it. False when it was done already.
  virtual bool cancel() = 0;

 protected:
  /// Marks it done and wakes everybody. Called with the lock held by `lock`, which it releases.
  CWSANDBOX_DECL void finish(std::unique_lock<std::mutex> lock);

  mutable std::mutex mutex_;
  mutable std::condition_variable done_condition_;
  bool done_{false};
  bool cancelled_{false};
  unique_function<void()> cancel_hook_;

 private:
  struct waiter {
    waiter_id id;
    unique_function<void()> call;
  };
  asio::any_io_executor executor_;
  std::vector<waiter> waiters_;
  waiter_id next_id_{1};
};

template <class R>
class operation_state : public operation_state_base {
 public:
  using operation_state_base::operation_state_base;

  /// The first outcome counts; later ones are dropped. False when it was dropped.
  bool complete(cwsandbox::outcome<R> value) {
    std::unique_lock lock{mutex_};
    if (done_) return false;
    value_.emplace(std::move(value));
    finish(std::move(lock));
    return true;
  }

  bool cancel() override {
    unique_function<void()> hook;
    {
      std::unique_lock lock{mutex_};
      if (done_) return false;
      cancelled_ = true;
      value_.emplace(make_error(error_kind::cancelled, "operation was cancelled"));
      hook = std::move(cancel_hook_);
      finish(std::move(lock));
    }
    if (hook) hook();
    return true;
  }

  /// The outcome. Precondition: done. It does not change any more, so no lock is needed to read it while `take` cannot
  /// be called.
  [[nodiscard]] cwsandbox::outcome<R>& value() noexcept { return *value_; }

  /// A copy of the outcome. Precondition: done.
  [[nodiscard]] cwsandbox::outcome<R> copy() const {
    std::lock_guard lock{mutex_};
    return *value_;
  }
  /// The outcome, moved out. Preconditions: done; the caller has the only reference. The lock is for those who had one
  /// before: their copies happened before this.
  [[nodiscard]] cwsandbox::outcome<R> take() {
    std::lock_guard lock{mutex_};
    return *std::move(value_);
  }

 protected:
  /// Puts the outcome in place; the caller holds the lock and calls `finish` next.
  cwsandbox::outcome<R>& store(cwsandbox::outcome<R> value) {
    return value_.emplace(std::move(value));
  }

 private:
  std::optional<cwsandbox::outcome<R>> value_;
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/operation_state.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_WAKEUP_HPP
#define CWSANDBOX_DETAIL_WAKEUP_HPP

/// \file
/// How a transport's coroutines wait for something that is not asio's, and end when they are cancelled.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Wakes the one coroutine that waits. A notification that came after `count()` was asked is not lost.
///
/// Any thread may notify: the timer is touched with the lock held only. It is a local of the waiting coroutine, so that
/// an executor which is destroyed takes both along.
class wakeup {
 public:
  [[nodiscard]] std::uint64_t count() const {
    std::lock_guard lock{mutex_};
    return count_;
  }

  void notify() {
    std::lock_guard lock{mutex_};
    ++count_;
    if (timer_ != nullptr) timer_->cancel();
  }

  /// Waits for a notification beyond those that were `seen`. False when the coroutine was cancelled: then it must not
  /// await anything more.
  [[nodiscard]] static asio::awaitable<bool> wait(std::shared_ptr<wakeup> self,
                                                  std::uint64_t seen) {
    auto const executor = co_await asio::this_coro::executor;
    {
      asio::steady_timer timer{executor, asio::steady_timer::time_point::max()};
      registration const registered{*self, timer};
      asio::error_code ignored;
      auto token = asio::redirect_error(asio::use_awaitable, ignored);
      start_wait const initiation{self.get(), seen};
      co_await asio::async_initiate<decltype(token), void(asio::error_code)>(initiation, token);
    }
    auto const state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() == asio::cancellation_type::none;
  }

 private:
  struct registration {
    registration(wakeup& owner, asio::steady_timer& timer) : owner_{owner} {
      std::lock_guard lock{owner_.mutex_};
      owner_.timer_ = &timer;
    }
    registration(registration const&) = delete;
    registration& operator=(registration const&) = delete;
    ~registration() {
      std::lock_guard lock{owner_.mutex_};
      owner_.timer_ = nullptr;
    }

   private:
    wakeup& owner_;
  };

  struct start_wait {
    template <class Handler>
    void operator()(Handler&& handler) const {
      std::lock_guard lock{self->mutex_};
      self->timer_->async_wait(std::forward<Handler>(handler));
      if (self->count_ != seen) self->timer_->cancel();
    }
    wakeup* self;
    std::uint64_t seen;
  };

  mutable std::mutex mutex_;
  std::uint64_t count_{};
  asio::steady_timer* timer_{};
};

/// A wait for time that passes, or for ever, which may be stopped from any thread.
class pause {
 public:
  void stop() {
    stopped_ = true;
    bell_->notify();
  }

  /// True when the time has passed; false when the wait was stopped or the coroutine cancelled. Without a time it never
  /// passes.
  [[nodiscard]] static asio::awaitable<bool> wait(std::shared_ptr<pause> self,
                                                  std::shared_ptr<time_source> clock,
                                                  std::optional<time_source::duration> time) {
    auto const executor = co_await asio::this_coro::executor;
    auto const over = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<time_source::alarm> alarm;
    if (time) {
      std::function<void()> wake = [bell = self->bell_, over] {
        *over = true;
        bell->notify();
      };
      auto const now = clock->now();
      auto const longest = time_source::time_point::max() - now;
      auto const when = *time < longest ? now + *time : time_source::time_point::max();
      alarm = clock->wake_at(when, time_source::wait_kind::sleep, executor, std::move(wake));
    }
    for (;;) {
      auto const seen = self->bell_->count();
      if (self->stopped_) co_return false;
      if (*over) co_return true;
      bool const goes_on = co_await wakeup::wait(self->bell_, seen);
      if (!goes_on) co_return false;
    }
  }

 private:
  std::shared_ptr<wakeup> bell_{std::make_shared<wakeup>()};
  std::atomic<bool> stopped_{false};
};

}  // namespace cwsandbox::inline v1::detail

#endif

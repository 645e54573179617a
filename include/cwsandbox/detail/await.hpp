// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_AWAIT_HPP
#define CWSANDBOX_DETAIL_AWAIT_HPP

/// \file
/// How the library's coroutines wait: for the first of several events, with a deadline, and with cancellation. asio 1.22
/// has no `cancel_after`, and its operators for awaitables cost every translation unit seconds, so these few
/// primitives do it with plain callbacks.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Why a wait ended.
enum class woken : unsigned char { event, deadline, cancelled };

/// One coroutine waits here for the first of several events, which may come from any thread. One use.
///
/// The coroutine sleeps in a timer of its executor and not in this object: an executor that is
/// destroyed finds it there and destroys it, and nothing keeps itself alive. The timer is touched
/// with the lock held only.
class first_event {
 public:
  /// The first call counts.
  CWSANDBOX_DECL void fire(woken why);
  [[nodiscard]] CWSANDBOX_DECL std::optional<woken> fired() const;

  /// The place where the waiting coroutine sleeps, one of its locals.
  class bed {
   public:
    CWSANDBOX_DECL bed(std::shared_ptr<first_event> event, asio::any_io_executor const& executor);
    bed(bed const&) = delete;
    bed& operator=(bed const&) = delete;
    CWSANDBOX_DECL ~bed();

    /// `cancelled` also when the coroutine's cancellation slot fires.
    [[nodiscard]] auto sleep() {
      return asio::async_initiate<asio::use_awaitable_t<> const, void(woken)>(
          start{}, asio::use_awaitable, this);
    }

   private:
    struct start {
      template <class Handler>
      void operator()(Handler handler, bed* self) const {
        auto& event = *self->event_;
        auto const slot = asio::get_associated_cancellation_slot(handler);
        std::lock_guard lock{event.mutex_};
        self->timer_.async_wait(asio::bind_cancellation_slot(
            slot, [&event, handler = std::move(handler)](asio::error_code const&) mutable {
              auto const why = event.fired().value_or(woken::cancelled);
              std::move(handler)(why);
            }));
        if (event.why_) self->timer_.cancel();
      }
    };

    std::shared_ptr<first_event> event_;
    asio::steady_timer timer_;
  };

 private:
  mutable std::mutex mutex_;
  std::optional<woken> why_;
  asio::steady_timer* timer_{nullptr};
};

/// Cancels whatever the coroutines of one task wait for. Any thread; stays cancelled.
class cancel_token {
 public:
  CWSANDBOX_DECL void cancel();
  [[nodiscard]] CWSANDBOX_DECL bool is_cancelled() const;

  /// While it lives, a cancellation fires the event.
  class [[nodiscard]] registration {
   public:
    CWSANDBOX_DECL registration(cancel_token* token, std::shared_ptr<first_event> event);
    registration(registration const&) = delete;
    registration& operator=(registration const&) = delete;
    CWSANDBOX_DECL ~registration();

   private:
    cancel_token* token_;
    std::shared_ptr<first_event> event_;
  };

 private:
  mutable std::mutex mutex_;
  bool cancelled_{};
  std::vector<std::shared_ptr<first_event>> events_;
};

/// What a waiting coroutine needs: where it runs, what time it is, and who may cancel it (nobody, when null).
struct task_context {
  asio::any_io_executor executor;
  std::shared_ptr<time_source> clock;
  std::shared_ptr<cancel_token> token{};

  [[nodiscard]] bool is_cancelled() const { return token && token->is_cancelled(); }
};

using deadline_point = std::optional<time_source::time_point>;

[[nodiscard]] inline deadline_point deadline_in(task_context const& context,
                                                std::optional<std::chrono::nanoseconds> limit) {
  if (!limit) return std::nullopt;
  auto const now = context.clock->now();
  auto const longest = time_source::time_point::max() - now;
  return *limit < longest ? now + *limit : time_source::time_point::max();
}

/// The sum, held at what a duration can hold.
[[nodiscard]] constexpr std::chrono::nanoseconds longer(std::chrono::nanoseconds limit,
                                                        std::chrono::nanoseconds by) noexcept {
  auto const longest = std::chrono::nanoseconds::max();
  return limit > longest - by ? longest : limit + by;
}

/// Waits for `event->fire()`, the deadline or a cancellation.
[[nodiscard]] inline asio::awaitable<woken> wait_for_event(
    task_context context, std::shared_ptr<first_event> event, deadline_point deadline,
    time_source::wait_kind kind = time_source::wait_kind::deadline) {
  std::unique_ptr<time_source::alarm> alarm;
  if (deadline) {
    auto wake = [event] { event->fire(woken::deadline); };
    alarm = context.clock->wake_at(*deadline, kind, context.executor, std::move(wake));
  }
  cancel_token::registration const registered{context.token.get(), event};
  first_event::bed bed{event, context.executor};
  auto const why = co_await bed.sleep();
  co_return why;
}

/// Sleeps; `deadline` means that the time passed.
[[nodiscard]] inline asio::awaitable<woken> sleep_for(task_context context,
                                                      std::chrono::nanoseconds duration) {
  auto event = std::make_shared<first_event>();
  auto const when = deadline_in(context, duration);
  auto const why =
      co_await wait_for_event(context, std::move(event), when, time_source::wait_kind::sleep);
  co_return why;
}

/// Waits until an operation is done, without touching it otherwise.
[[nodiscard]] inline asio::awaitable<woken> wait_until_done(
    task_context context, std::shared_ptr<operation_state_base> state, deadline_point deadline) {
  auto event = std::make_shared<first_event>();
  auto const id = state->add_waiter([event] { event->fire(woken::event); });
  auto const why = co_await wait_for_event(context, event, deadline);
  if (why != woken::event) state->remove_waiter(id);
  co_return why;
}

/// Awaits a transport's call, but not longer than `timeout` and not beyond a cancellation: then the call is told to end
/// and left to itself, so that even a transport that does not listen cannot hold its caller up. `keep_alive` owns what
/// the call uses.
template <class T>
[[nodiscard]] asio::awaitable<outcome<T>> bounded(task_context context,
                                                  asio::awaitable<outcome<T>> call,
                                                  std::optional<std::chrono::nanoseconds> timeout,
                                                  std::shared_ptr<void> keep_alive) {
  struct pending {
    asio::cancellation_signal signal;
    std::optional<outcome<T>> value;
  };
  if (context.is_cancelled())
    co_return make_error(error_kind::cancelled, "operation was cancelled");
  auto state = std::make_shared<pending>();
  auto event = std::make_shared<first_event>();
  auto done = [state, event, keep_alive](std::exception_ptr thrown, outcome<T> value) {
    if (thrown)
      state->value.emplace(error_from_exception(std::move(thrown)));
    else
      state->value.emplace(std::move(value));
    event->fire(woken::event);
  };
  asio::co_spawn(context.executor, std::move(call),
                 asio::bind_cancellation_slot(state->signal.slot(), std::move(done)));
  auto const deadline = deadline_in(context, timeout);
  auto const why = co_await wait_for_event(context, event, deadline);
  if (why == woken::event) co_return std::move(*state->value);
  state->signal.emit(asio::cancellation_type::terminal);
  if (why == woken::cancelled)
    co_return make_error(error_kind::cancelled, "operation was cancelled");
  co_return rpc_error(status_code::deadline_exceeded, "no answer in time");
}

/// Completes an operation when a coroutine ends; also when the coroutine is destroyed because its executor is, so that
/// nobody waits for ever.
template <class R>
class completion {
 public:
  completion(std::shared_ptr<operation_state<R>> state, std::shared_ptr<void> keep_alive)
      : state_{std::move(state)}, keep_alive_{std::move(keep_alive)} {}
  completion(completion&&) noexcept = default;
  completion& operator=(completion&&) = delete;
  ~completion() {
    if (state_)
      state_->complete(make_error(error_kind::cancelled, "the executor of the operation has ended"));
  }

  void operator()(std::exception_ptr thrown, outcome<R> value) {
    auto const state = std::exchange(state_, nullptr);
    if (thrown)
      state->complete(error_from_exception(std::move(thrown)));
    else
      state->complete(std::move(value));
  }

 private:
  std::shared_ptr<operation_state<R>> state_;
  std::shared_ptr<void> keep_alive_;
};

/// Runs a coroutine that ends an operation.
template <class R>
void spawn(asio::any_io_executor const& executor, std::shared_ptr<operation_state<R>> state,
           asio::awaitable<outcome<R>> work, std::shared_ptr<void> keep_alive) {
  asio::co_spawn(executor, std::move(work),
                 completion<R>{std::move(state), std::move(keep_alive)});
}

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/await.ipp>
#endif

#endif

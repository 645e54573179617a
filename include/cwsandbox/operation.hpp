// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_OPERATION_HPP
#define CWSANDBOX_OPERATION_HPP

/// \file
/// `operation<R>`: a call that is already under way, and the ways to learn how it ended.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/duration.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {
struct operation_access;

template <class R>
struct async_signature {
  using type = void(std::exception_ptr, R);
};
template <>
struct async_signature<void> {
  using type = void(std::exception_ptr);
};
}  // namespace detail

/// A call that was started and will end with a value of type `R` or with an error.
///
/// A cheap copyable handle: all copies stand for the same call, and every one of them may ask for the outcome, as often
/// as it likes, always with the same answer. Dropping the handles neither waits nor cancels. Thread-safe.
///
/// The value is given out by copy, and moved when the last handle asks as an rvalue (`sb.read_file(p).result()`).
template <class R>
class [[nodiscard]] operation {
 public:
  using value_type = R;

  /// A handle on nothing; only assignment, destruction and `valid()` may be used.
  operation() = default;

  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }

  /// True when the outcome is there: the members below will not block.
  [[nodiscard]] bool is_done() const { return state_->is_done(); }

  /// Waits for the end and gives the value, or throws the typed error.
  ///
  /// Blocks the calling thread. On the executor that must do the work this would never end, and throws
  /// `std::logic_error` instead: use `async()` there.
  R result() const& {
    block(std::nullopt);
    return take(false);
  }
  R result() && {
    block(std::nullopt);
    return take(true);
  }

  /// The same with a limit: throws `wait_timeout` when the time passes first. The call goes on and may be asked again.
  template <class Rep, class Period>
  R result_for(std::chrono::duration<Rep, Period> limit) const {
    if (!block(deadline_in(limit))) timed_out().raise();
    return take(false);
  }

  /// Waits for the end and gives value or error, without throwing. Blocks like `result()`; where that could not end,
  /// the outcome is an error of kind `logic`.
  [[nodiscard]] cwsandbox::outcome<R> outcome() const {
    if (auto impossible = state_->cannot_block()) return *std::move(impossible);
    state_->wait_until(std::nullopt);
    return state_->copy();
  }
  /// The same with a limit; an error of kind `wait_timeout` when the time passes first.
  template <class Rep, class Period>
  [[nodiscard]] cwsandbox::outcome<R> outcome_for(std::chrono::duration<Rep, Period> limit) const {
    if (auto impossible = state_->cannot_block()) return *std::move(impossible);
    if (!state_->wait_until(deadline_in(limit))) return timed_out();
    return state_->copy();
  }

  /// Hands the end to any asio completion token, of signature `void(std::exception_ptr, R)`, or
  /// `void(std::exception_ptr)` for `R` = void. With the default token: `auto r = co_await op.async();`.
  ///
  /// The handler runs on its associated executor, which is kept busy until then. A terminal or total cancellation
  /// through the handler's slot cancels the call as `cancel()` does. `R` must be default constructible.
  template <class Token = asio::use_awaitable_t<>>
  auto async(Token&& token = Token{}) const {
    using signature = typename detail::async_signature<R>::type;
    return asio::async_initiate<Token, signature>(start_async<to_exception>{}, token, state_);
  }

  /// Like `async`, with the signature `void(outcome<R>)`: nothing is thrown.
  template <class Token = asio::use_awaitable_t<>>
  auto async_outcome(Token&& token = Token{}) const {
    return asio::async_initiate<Token, void(cwsandbox::outcome<R>)>(start_async<to_outcome>{},
                                                                   token, state_);
  }

  /// Ends the call: it is done at once, with an error of kind `cancelled` (thrown as `operation_cancelled`), and the
  /// work behind it is stopped, the RPC included. False, with no effect, when it was done already.
  bool cancel() const { return state_->cancel(); }

 private:
  friend struct detail::operation_access;
  using state_type = detail::operation_state<R>;

  struct to_exception {
    template <class Handler>
    static void call(Handler& handler, state_type& state) {
      auto value = state.copy();
      if constexpr (std::is_void_v<R>) {
        std::move(handler)(value ? std::exception_ptr{} : value.error().to_exception_ptr());
      } else if (value) {
        std::move(handler)(std::exception_ptr{}, R{*std::move(value)});
      } else {
        std::move(handler)(value.error().to_exception_ptr(), R{});
      }
    }
  };
  struct to_outcome {
    template <class Handler>
    static void call(Handler& handler, state_type& state) {
      std::move(handler)(state.copy());
    }
  };

  template <class Deliver>
  struct start_async {
    template <class Handler>
    void operator()(Handler handler, std::shared_ptr<state_type> state) const {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) {
        slot.assign([weak = std::weak_ptr{state}](asio::cancellation_type type) {
          auto const ends = asio::cancellation_type::terminal | asio::cancellation_type::total;
          if ((type & ends) == asio::cancellation_type::none) return;
          if (auto s = weak.lock()) s->cancel();
        });
      }
      auto executor = asio::prefer(
          asio::get_associated_executor(handler, state->get_executor()),
          asio::execution::outstanding_work.tracked);
      // weak, for the state holds its waiters: when the work behind it is given up, all of them go with it
      auto& target = *state;
      target.add_waiter([weak = std::weak_ptr{state}, executor = std::move(executor),
                         handler = std::move(handler)]() mutable {
        auto ended = weak.lock();
        if (!ended) return;
        auto const where = executor;
        asio::post(where, [ended = std::move(ended), executor = std::move(executor),
                           handler = std::move(handler)]() mutable {
          asio::get_associated_cancellation_slot(handler).clear();
          Deliver::call(handler, *ended);
        });
      });
    }
  };

  explicit operation(std::shared_ptr<state_type> state) : state_{std::move(state)} {}

  bool block(std::optional<std::chrono::steady_clock::time_point> deadline) const {
    if (auto impossible = state_->cannot_block()) impossible->raise();
    return state_->wait_until(deadline);
  }

  // Nothing when the limit lies beyond what the clock can tell; what is no number is no time at all.
  template <class Rep, class Period>
  static std::optional<std::chrono::steady_clock::time_point> deadline_in(
      std::chrono::duration<Rep, Period> limit) {
    using clock = std::chrono::steady_clock;
    auto const wait = std::max(*optional_duration{limit}, std::chrono::nanoseconds::zero());
    auto const now = clock::now();
    if (wait > clock::time_point::max() - now) return std::nullopt;
    return now + std::chrono::duration_cast<clock::duration>(wait);
  }

  static error timed_out() {
    return make_error(error_kind::wait_timeout, "the operation did not end in the time given");
  }

  // Moving is right only when nobody else can ask: not even the work behind the call holds the state any more.
  R take([[maybe_unused]] bool may_move) const {
    if constexpr (std::is_void_v<R>) {
      state_->copy().value();
    } else {
      if (may_move && state_.use_count() == 1) return state_->take().value();
      return state_->copy().value();
    }
  }

 protected:
  std::shared_ptr<state_type> state_;
};

namespace detail {

/// How the library makes operations and reaches their state.
struct operation_access {
  template <class R>
  static operation<R> make(std::shared_ptr<operation_state<R>> state) {
    return operation<R>{std::move(state)};
  }
  template <class R>
  static std::shared_ptr<operation_state<R>> const& state(operation<R> const& op) {
    return op.state_;
  }
  /// Handles that derive from operation and are made from a state of their own.
  template <class Handle, class State>
  static Handle make_handle(std::shared_ptr<State> state) {
    return Handle{std::move(state)};
  }
};

/// An operation that is done.
template <class R>
operation<R> done_operation(asio::any_io_executor executor, outcome<R> value) {
  auto state = std::make_shared<operation_state<R>>(std::move(executor));
  state->complete(std::move(value));
  return operation_access::make(std::move(state));
}

}  // namespace detail

}  // namespace cwsandbox::inline v1

#endif

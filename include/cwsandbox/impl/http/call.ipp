// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_CALL_IPP
#define CWSANDBOX_IMPL_HTTP_CALL_IPP

#include <cwsandbox/transport/http/call.hpp>

#include <asio/dispatch.hpp>
#include <asio/this_coro.hpp>

#include <utility>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1::detail::http {

CWSANDBOX_DECL call::call(asio::any_io_executor strand, std::shared_ptr<request const> what,
                          std::optional<time_point> deadline)
    : strand_{std::move(strand)}, what_{std::move(what)}, deadline_{deadline} {}

CWSANDBOX_DECL asio::awaitable<outcome<std::string>> call::answer() {
  auto const executor = co_await asio::this_coro::executor;
  first_event::bed bed{event_, executor};
  auto const why = co_await bed.sleep();
  if (why == woken::cancelled) {
    cancel();
    co_return make_error(error_kind::cancelled, "operation was cancelled");
  }
  std::lock_guard lock{mutex_};
  co_return *std::move(answer_);
}

CWSANDBOX_DECL void call::cancel() noexcept {
  if (has_ended()) return;
  asio::dispatch(strand_, [self = shared_from_this()] {
    self->abort(make_error(error_kind::cancelled, "operation was cancelled"));
  });
}

CWSANDBOX_DECL bool call::has_ended() const { return event_->fired().has_value(); }

CWSANDBOX_DECL void call::watch_deadline() {
  if (!deadline_ || timer_) return;
  timer_.emplace(strand_, *deadline_);
  timer_->async_wait([weak = weak_from_this()](asio::error_code const& aborted) {
    auto const self = weak.lock();
    if (!aborted && self)
      self->abort(rpc_error(status_code::deadline_exceeded, "no answer in time"));
  });
}

CWSANDBOX_DECL void call::abort(error why) {
  if (has_ended()) return;
  finish(std::move(why));
  // The answer may still come, and must not be taken for that of another call.
  if (auto const open = std::exchange(io, nullptr)) open->close();
}

CWSANDBOX_DECL void call::finish(outcome<std::string> answer) {
  if (timer_) timer_->cancel();
  {
    std::lock_guard lock{mutex_};
    if (answer_) return;
    answer_.emplace(std::move(answer));
  }
  event_->fire(woken::event);
}

}  // namespace cwsandbox::inline v1::detail::http

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

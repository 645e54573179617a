// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_BLOCKING_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_BLOCKING_CALL_HPP

#include "call.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "http_listener.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace server {

/// Runs a coroutine of the transport for a thread that waits for it, and ends it when the caller hangs up.
template <class Response>
class blocking_call final : public call,
                            public std::enable_shared_from_this<blocking_call<Response>> {
 public:
  explicit blocking_call(environment& env) : env_{env}, strand_{asio::make_strand(env.executor)} {}

  [[nodiscard]] cwsandbox::outcome<Response> run(asio::awaitable<cwsandbox::outcome<Response>> work,
                                                 http_peer& peer) {
    auto done = [self = this->shared_from_this(), &peer](std::exception_ptr thrown,
                                                         cwsandbox::outcome<Response> result) {
      self->finish(std::move(thrown), std::move(result));
      peer.notify();
    };
    asio::co_spawn(strand_, std::move(work),
                   asio::bind_cancellation_slot(cancelled_.slot(), std::move(done)));
    env_.calls.add(*this);
    if (!peer.wait()) {
      cancel(false);
      peer.wait_patiently();
    }
    env_.calls.remove(*this);
    std::lock_guard const lock{mutex_};
    return std::move(*result_);
  }

  // A unary call ends by itself in a while.
  void drain() override {}
  void stop() override { cancel(true); }

 private:
  void cancel(bool stopping) {
    asio::post(strand_, [self = this->shared_from_this(), stopping] {
      self->stopping_ |= stopping;
      self->cancelled_.emit(asio::cancellation_type::terminal);
    });
  }

  void finish(std::exception_ptr thrown, cwsandbox::outcome<Response> result) {
    if (thrown) result = cwsandbox::detail::error_from_exception(std::move(thrown));
    if (!result && stopping_) result = stopping_error();
    std::lock_guard const lock{mutex_};
    result_ = std::move(result);
  }

  environment& env_;
  call_strand strand_;
  asio::cancellation_signal cancelled_{};
  bool stopping_{};
  std::mutex mutex_{};
  std::optional<cwsandbox::outcome<Response>> result_{};
};

}  // namespace server

#endif

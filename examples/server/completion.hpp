// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_COMPLETION_HPP
#define CWSANDBOX_EXAMPLES_SERVER_COMPLETION_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unique_function.hpp>

#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <utility>

namespace server {

/// Turns a reaction of gRPC (`OnReadDone`, `OnWriteDone`) into something that a coroutine awaits. One wait at a time.
class completion {
 public:
  /// Calls `begin`, which makes gRPC start, and waits for `complete`. gRPC always completes, after a cancellation too.
  template <class Begin>
  [[nodiscard]] asio::awaitable<bool> wait(Begin begin) {
    auto initiation = [this, begin](auto handler) {
      handler_ = [handler = std::move(handler)](bool ok) mutable {
        auto const executor = asio::get_associated_executor(handler);
        asio::post(executor,
                   [handler = std::move(handler), ok]() mutable { std::move(handler)(ok); });
      };
      begin();
    };
    auto const ok = co_await asio::async_initiate<asio::use_awaitable_t<> const, void(bool)>(
        initiation, asio::use_awaitable);
    co_return ok;
  }

  /// On any thread.
  void complete(bool ok) {
    auto handler = std::move(handler_);
    handler(ok);
  }

 private:
  cwsandbox::detail::unique_function<void(bool)> handler_{};
};

}  // namespace server

#endif

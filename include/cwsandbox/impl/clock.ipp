// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_CLOCK_IPP
#define CWSANDBOX_IMPL_CLOCK_IPP

#include <cwsandbox/clock.hpp>

#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

class steady_time_source final : public time_source {
 public:
  [[nodiscard]] time_point now() const noexcept override { return std::chrono::steady_clock::now(); }

  [[nodiscard]] std::unique_ptr<alarm> wake_at(time_point when, wait_kind /*kind*/,
                                               asio::any_io_executor const& executor,
                                               std::function<void()> wake) override {
    auto result = std::make_unique<steady_alarm>(executor, when);
    result->timer->async_wait([wake = std::move(wake)](asio::error_code const& ec) {
      if (!ec) wake();
    });
    return result;
  }

 private:
  // An alarm may be destroyed on another thread than the one its timer completes on, and asio's timers are not
  // thread-safe; a cancellation is therefore posted to the timer's executor.
  struct steady_alarm final : alarm {
    steady_alarm(asio::any_io_executor const& executor, time_point when)
        : timer{std::make_shared<asio::steady_timer>(executor, when)} {}
    steady_alarm(steady_alarm const&) = delete;
    steady_alarm& operator=(steady_alarm const&) = delete;
    ~steady_alarm() override {
      auto const executor = timer->get_executor();
      asio::post(executor, [timer = std::move(timer)] { timer->cancel(); });
    }
    std::shared_ptr<asio::steady_timer> timer;
  };
};

}  // namespace detail

CWSANDBOX_DECL std::shared_ptr<time_source> const& system_time_source() {
  static std::shared_ptr<time_source> const source = std::make_shared<detail::steady_time_source>();
  return source;
}

}  // namespace cwsandbox::inline v1

#endif

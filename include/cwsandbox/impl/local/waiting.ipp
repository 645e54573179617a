// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_WAITING_IPP
#define CWSANDBOX_IMPL_LOCAL_WAITING_IPP

#include <cwsandbox/transport/local/waiting.hpp>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace cwsandbox::inline v1::detail::local {

CWSANDBOX_DECL notifier::notifier() noexcept
    : event_{above_stdio(unique_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)})} {}

CWSANDBOX_DECL void notifier::raise() noexcept {
  std::uint64_t const one = 1;
  [[maybe_unused]] auto const n = ::write(event_.get(), &one, sizeof one);
}

CWSANDBOX_DECL void notifier::lower() noexcept {
  std::uint64_t count;
  [[maybe_unused]] auto const n = ::read(event_.get(), &count, sizeof count);
}

CWSANDBOX_DECL timer_fd::timer_fd() noexcept
    : timer_{
          above_stdio(unique_fd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)})} {}

CWSANDBOX_DECL void timer_fd::set(
    std::optional<std::chrono::steady_clock::time_point> when) noexcept {
  itimerspec spec{};
  if (when) {
    auto const ns = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::nanoseconds>(when->time_since_epoch()).count());
    spec.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
    spec.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

CWSANDBOX_DECL void timer_fd::silence() noexcept {
  std::uint64_t count;
  [[maybe_unused]] auto const n = ::read(timer_.get(), &count, sizeof count);
}

CWSANDBOX_DECL asio::posix::stream_descriptor descriptor_of(asio::any_io_executor const& io,
                                                            int fd) {
  return asio::posix::stream_descriptor{io, ::fcntl(fd, F_DUPFD_CLOEXEC, 3)};
}

CWSANDBOX_DECL asio::awaitable<asio::error_code> wait_readable(asio::any_io_executor io, int fd) {
  auto events = descriptor_of(io, fd);
  asio::error_code ec;
  co_await events.async_wait(asio::posix::stream_descriptor::wait_read,
                             asio::redirect_error(asio::use_awaitable, ec));
  co_return ec;
}

CWSANDBOX_DECL asio::awaitable<void> wait_for(
    asio::any_io_executor io, std::shared_ptr<notifier> changed,
    std::optional<std::chrono::steady_clock::time_point> until) {
  poll_set set;
  timer_fd timer;
  set.add(changed->fd(), 0);
  if (until) {
    timer.set(*until);
    set.add(timer.fd(), 1);
  }
  co_await wait_readable(io, set.fd());
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

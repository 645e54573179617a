// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_WAITING_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_WAITING_HPP

/// \file
/// Flags and timers as descriptors, and how a coroutine waits for them.

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/error_code.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace cwsandbox::inline v1::detail::local {

/// A flag that a coroutine waits for as for any other descriptor. Raised from any thread.
class notifier {
 public:
  CWSANDBOX_DECL notifier() noexcept;
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  CWSANDBOX_DECL void raise() noexcept;
  CWSANDBOX_DECL void lower() noexcept;
  void close() noexcept { event_.reset(); }

 private:
  unique_fd event_;
};

/// A timer as a descriptor.
class timer_fd {
 public:
  CWSANDBOX_DECL timer_fd() noexcept;
  [[nodiscard]] int fd() const noexcept { return timer_.get(); }
  /// Rings once at a time, or never.
  CWSANDBOX_DECL void set(std::optional<std::chrono::steady_clock::time_point> when) noexcept;
  CWSANDBOX_DECL void silence() noexcept;
  void close() noexcept { timer_.reset(); }

 private:
  unique_fd timer_;
};

/// A copy of a descriptor for asio to wait on.
[[nodiscard]] CWSANDBOX_DECL asio::posix::stream_descriptor descriptor_of(
    asio::any_io_executor const& io, int fd);

/// Waits until a descriptor can be read.
[[nodiscard]] CWSANDBOX_DECL asio::awaitable<asio::error_code> wait_readable(
    asio::any_io_executor io, int fd);

/// Waits until a notifier is raised or the time has come. On the executor of the coroutine that awaits it; `io` gives the
/// reactor.
[[nodiscard]] CWSANDBOX_DECL asio::awaitable<void> wait_for(
    asio::any_io_executor io, std::shared_ptr<notifier> changed,
    std::optional<std::chrono::steady_clock::time_point> until);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/waiting.ipp>
#endif

#endif

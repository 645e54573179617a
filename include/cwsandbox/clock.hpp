// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_CLOCK_HPP
#define CWSANDBOX_CLOCK_HPP

#include <cwsandbox/config.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace cwsandbox::inline v1 {

/// Where the library reads the time and waits for it to pass. The ordinary one is `system_time_source()`; a transport
/// may bring its own (`mock_transport` brings a virtual one, so that polling and time-outs take no real time).
///
/// All members may be called from any thread.
class time_source {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  /// Why somebody waits. Real time does not care; a virtual one passes for sleeps only, so that a deadline comes when
  /// enough has been slept, never because a test was slow.
  enum class wait_kind : unsigned char { sleep, deadline };

  /// A wait that was asked for. Destroying it cancels the wait; the callback may still come when it was already under
  /// way, so it must not hold references to what dies with the alarm.
  class alarm {
   public:
    virtual ~alarm() = default;
  };

  virtual ~time_source() = default;

  [[nodiscard]] virtual time_point now() const noexcept = 0;

  /// Calls `wake` once on `executor`, not from inside this call, when `when` has come.
  [[nodiscard]] virtual std::unique_ptr<alarm> wake_at(time_point when, wait_kind kind,
                                                       asio::any_io_executor const& executor,
                                                       std::function<void()> wake) = 0;
};

/// The real time: `std::chrono::steady_clock` and asio's timers.
[[nodiscard]] CWSANDBOX_DECL std::shared_ptr<time_source> const& system_time_source();

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/clock.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_VIRTUAL_CLOCK_HPP
#define CWSANDBOX_VIRTUAL_CLOCK_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/clock.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace cwsandbox::inline v1 {

namespace detail {
class virtual_clock_state;
}

/// A time source for tests: time passes because somebody sleeps, or because the test says so, and never by itself.
///
/// In automatic mode a sleep is over soon after the executor that it waits on has run what was there before: the clock
/// moves on to the next alarm, to deadlines on the way first, until the earliest sleep has ended. So a program that
/// polls for minutes is tested in microseconds, back-offs happen in the right order, and a deadline is met when
/// enough has been slept and not because the test was slow. A deadline alone does not move the time: somebody who
/// waits for nothing but a deadline waits until the test calls `advance`.
///
/// In manual mode only `advance` moves the time.
///
/// Alarms that are due at the same time fire in the order in which they were asked for. They are posted to their
/// executors; nothing of the caller's runs inside the members of this class. The clock does not count as work of an
/// executor. With one thread behind the executors every run of a test is the same.
///
/// Thread-safe. Alarms may outlive the clock, but not the executors that they were given.
class virtual_clock final : public time_source {
 public:
  enum mode : unsigned char { automatic, manual };

  virtual_clock() : virtual_clock{automatic} {}
  CWSANDBOX_DECL explicit virtual_clock(mode how);
  virtual_clock(virtual_clock const&) = delete;
  virtual_clock& operator=(virtual_clock const&) = delete;
  CWSANDBOX_DECL ~virtual_clock() override;

  /// The virtual time. It starts one day after the epoch of the steady clock, so that a time point which nobody set
  /// is in the past.
  [[nodiscard]] CWSANDBOX_DECL time_point now() const noexcept override;

  /// How much time has passed since the clock was made.
  [[nodiscard]] CWSANDBOX_DECL duration elapsed() const noexcept;

  [[nodiscard]] CWSANDBOX_DECL std::unique_ptr<alarm> wake_at(time_point when, wait_kind kind,
                                                              asio::any_io_executor const& executor,
                                                              std::function<void()> wake) override;

  /// Like a sleep until `when`, but not one of `sleeps()`: for time that something takes, like the answer of a peer,
  /// as opposed to time that the program under test chose to wait.
  [[nodiscard]] CWSANDBOX_DECL std::unique_ptr<alarm> pass_until(
      time_point when, asio::any_io_executor const& executor, std::function<void()> wake);

  /// Moves the time on and fires what becomes due, earliest first. Nothing happens when `by` is not positive.
  CWSANDBOX_DECL void advance(duration by);

  /// How long each sleep was asked to be, in the order in which they began, also those that were cancelled since.
  [[nodiscard]] CWSANDBOX_DECL std::vector<duration> sleeps() const;

  /// How many alarms have neither fired nor been cancelled.
  [[nodiscard]] CWSANDBOX_DECL std::size_t pending() const;

 private:
  std::shared_ptr<detail::virtual_clock_state> state_;
};

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/virtual_clock.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_DRIVER_ENDING_HPP
#define CWSANDBOX_DETAIL_DRIVER_ENDING_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// The handler of a driver's coroutine: ends the driver with what the coroutine threw. When the executor is destroyed
/// the handler is too, and abandons the driver in its destructor.
template <class Driver>
class driver_ending {
 public:
  explicit driver_ending(std::shared_ptr<Driver> driver) : driver_{std::move(driver)} {}
  driver_ending(driver_ending&&) noexcept = default;
  driver_ending& operator=(driver_ending&&) = delete;
  ~driver_ending() {
    if (driver_) driver_->abandon();
  }
  void operator()(std::exception_ptr thrown) {
    auto const driver = std::exchange(driver_, nullptr);
    if (thrown) driver->end_with(error_from_exception(std::move(thrown)));
  }

 private:
  std::shared_ptr<Driver> driver_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

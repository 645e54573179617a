// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_RANDOM_HPP
#define CWSANDBOX_DETAIL_RANDOM_HPP

#include <cwsandbox/config.hpp>

#include <random>

namespace cwsandbox::inline v1::detail {

/// Uniform in [0, 1), for the jitter of retries.
[[nodiscard]] inline double random_unit() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::generate_canonical<double, 24>(engine);
}

}  // namespace cwsandbox::inline v1::detail

#endif

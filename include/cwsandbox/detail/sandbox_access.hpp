// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SANDBOX_ACCESS_HPP
#define CWSANDBOX_DETAIL_SANDBOX_ACCESS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/fwd.hpp>

#include <memory>
#include <utility>

namespace cwsandbox::inline v1::detail {

template <class T>
class sandbox_core;

/// How sessions and lists make handles and reach what is behind them.
struct sandbox_access {
  template <class Sandbox, class Core>
  static Sandbox make(std::shared_ptr<Core> core) {
    return Sandbox{std::move(core)};
  }
  template <class T>
  static std::shared_ptr<sandbox_core<T>> const& core(basic_sandbox<T> const& sandbox) {
    return sandbox.core_;
  }
};

}  // namespace cwsandbox::inline v1::detail

#endif

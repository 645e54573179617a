// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UNIQUE_FUNCTION_HPP
#define CWSANDBOX_DETAIL_UNIQUE_FUNCTION_HPP

#include <cwsandbox/config.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// A move-only `std::function`, because asio's handlers cannot be copied (C++23 has std::move_only_function).
template <class Signature>
class unique_function;

template <class R, class... Args>
class unique_function<R(Args...)> {
 public:
  unique_function() = default;
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, unique_function> &&
             std::is_invocable_r_v<R, F&, Args...>)
  unique_function(F&& f) : target_{std::make_unique<holder<std::decay_t<F>>>(std::forward<F>(f))} {}

  explicit operator bool() const noexcept { return target_ != nullptr; }
  R operator()(Args... args) { return target_->call(std::forward<Args>(args)...); }

 private:
  struct base {
    virtual ~base() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct holder final : base {
    template <class G>
    explicit holder(G&& g) : f{std::forward<G>(g)} {}
    R call(Args... args) override { return f(std::forward<Args>(args)...); }
    F f;
  };
  std::unique_ptr<base> target_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

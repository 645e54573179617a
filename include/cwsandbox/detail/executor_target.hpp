// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXECUTOR_TARGET_HPP
#define CWSANDBOX_DETAIL_EXECUTOR_TARGET_HPP

#include <cwsandbox/config.hpp>

#include <asio/any_io_executor.hpp>

#include <typeinfo>

namespace cwsandbox::inline v1::detail {

/// The executor inside when it is one of type E, else null. Some releases of asio (1.22 is one) have a `target` that
/// does not look at the type and hands out whatever is there. Without RTTI nothing is known of any executor.
template <class E>
E const* target_of([[maybe_unused]] asio::any_io_executor const& executor) noexcept {
#if defined(ASIO_NO_TYPEID)
  return nullptr;
#else
  return executor && executor.target_type() == typeid(E) ? executor.target<E>() : nullptr;
#endif
}

}  // namespace cwsandbox::inline v1::detail

#endif

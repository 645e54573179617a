// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_BLOCKING_IPP
#define CWSANDBOX_IMPL_BLOCKING_IPP

#include <cwsandbox/detail/blocking.hpp>

#include <cwsandbox/detail/executor_target.hpp>

#include <asio/io_context.hpp>
#include <asio/strand.hpp>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL bool has_stopped(asio::any_io_executor const& executor) noexcept {
  using context = asio::io_context::executor_type;
  if (auto const* e = target_of<context>(executor)) return e->context().stopped();
  if (auto const* e = target_of<asio::strand<context>>(executor))
    return e->get_inner_executor().context().stopped();
  if (auto const* e = target_of<asio::strand<asio::any_io_executor>>(executor))
    return has_stopped(e->get_inner_executor());
  return false;
}

}  // namespace cwsandbox::inline v1::detail

#endif

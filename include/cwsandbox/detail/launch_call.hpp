// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LAUNCH_CALL_HPP
#define CWSANDBOX_DETAIL_LAUNCH_CALL_HPP

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/transport_traits.hpp>
#include <cwsandbox/operation.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>

#include <memory>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Spawns the coroutine of a call that belongs to no sandbox: `make(transport, context)`.
template <class R, class T, class F>
[[nodiscard]] operation<R> launch_call(T& transport, asio::any_io_executor const& executor, F make) {
  auto strand = asio::any_io_executor{asio::make_strand(executor)};
  auto shared = std::make_shared<T>(std::move(transport));
  auto state = std::make_shared<operation_state<R>>(executor);
  task_context context{strand, time_source_of(*shared), std::make_shared<cancel_token>()};
  state->on_cancel([token = context.token] { token->cancel(); });
  spawn(strand, state, make(shared, std::move(context)), shared);
  return operation_access::make(std::move(state));
}

}  // namespace cwsandbox::inline v1::detail

#endif

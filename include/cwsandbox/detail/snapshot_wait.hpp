// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SNAPSHOT_WAIT_HPP
#define CWSANDBOX_DETAIL_SNAPSHOT_WAIT_HPP

/// \file
/// Waiting until a snapshot is ready: after `snapshot()`, and in a `stop` that takes one.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/retried.hpp>
#include <cwsandbox/detail/snapshot_values.hpp>
#include <cwsandbox/detail/translated_call.hpp>
#include <cwsandbox/detail/unary_calls.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Snapshots are for transports that have their calls.
template <class T>
concept has_snapshots = can_call<T, rpc_method::create_file_system_snapshot> &&
                        can_call<T, rpc_method::get_file_system_snapshot> &&
                        can_call<T, rpc_method::list_file_system_snapshots> &&
                        can_call<T, rpc_method::delete_file_system_snapshot>;
template <class T>
concept has_snapshot_bucket_config =
    can_call<T, rpc_method::get_file_system_snapshot_bucket_config> &&
    can_call<T, rpc_method::update_file_system_snapshot_bucket_config>;

using snapshot_get = transport_call<rpc_method::get_file_system_snapshot>;

template <class T>
[[nodiscard]] asio::awaitable<outcome<wire::FileSystemSnapshot>> get_snapshot_retried(
    std::shared_ptr<T> transport, task_context context, std::string id, retry_policy policy) {
  auto call = [transport, context, id](nanoseconds timeout, int) {
    wire::GetFileSystemSnapshotRequest request{};
    request.file_system_snapshot_id = id;
    call_subject about{};
    about.operation = "Get file-system snapshot";
    about.snapshot_id = id;
    return translated_call<snapshot_get>(transport, context, std::move(request), timeout,
                                         std::move(about));
  };
  return retried<wire::FileSystemSnapshot>(context, policy, std::move(call));
}

/// Looks at a snapshot until it is ready; the error of one that will not be, or not in time. `each` is for every look.
template <class T>
[[nodiscard]] asio::awaitable<outcome<wire::FileSystemSnapshot>> wait_for_snapshot(
    std::shared_ptr<T> transport, task_context context, std::string id,
    retry_policy each) {
  poll_backoff backoff;
  for (;;) {
    auto left = nanoseconds{each.deadline - context.clock->now()};
    if (left <= nanoseconds::zero()) co_return snapshot_wait_expired(id);
    auto policy = each;
    policy.budget = std::min(each.budget, left);
    policy.after_timeout = true;
    auto call = get_snapshot_retried<T>(transport, context, id, policy);
    auto answer = co_await std::move(call);
    if (!answer) {
      bool const late = context.clock->now() >= each.deadline && is_poll_retryable(answer.error());
      if (late) co_return snapshot_wait_expired(id);
      co_return answer;
    }
    if (answer->file_system_snapshot_id.empty()) answer->file_system_snapshot_id = id;
    if (answer->state == wire::SnapshotState::ready) co_return answer;
    if (answer->state == wire::SnapshotState::failed) co_return snapshot_failed(*answer);
    left = nanoseconds{each.deadline - context.clock->now()};
    auto const why =
        co_await sleep_for(context, std::max(nanoseconds{}, std::min(backoff.next(), left)));
    if (why == woken::cancelled)
      co_return make_error(error_kind::cancelled, "operation was cancelled");
  }
}

}  // namespace cwsandbox::inline v1::detail

#endif

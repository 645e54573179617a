// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SNAPSHOT_WORK_HPP
#define CWSANDBOX_DETAIL_SNAPSHOT_WORK_HPP

/// \file
/// The calls about file-system snapshots (options, section 8).

#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/pages.hpp>
#include <cwsandbox/detail/retried.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/detail/snapshot_wait.hpp>
#include <cwsandbox/detail/snapshot_values.hpp>
#include <cwsandbox/detail/unary_calls.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

using snapshot_create = transport_call<rpc_method::create_file_system_snapshot>;
using snapshot_list = transport_call<rpc_method::list_file_system_snapshots>;
using snapshot_delete = transport_call<rpc_method::delete_file_system_snapshot>;
using bucket_get = transport_call<rpc_method::get_file_system_snapshot_bucket_config>;
using bucket_update = transport_call<rpc_method::update_file_system_snapshot_bucket_config>;

/// How long one call about snapshots may take, and its retries.
[[nodiscard]] inline retry_policy snapshot_policy(task_context const& context, nanoseconds timeout,
                                                  nanoseconds budget) {
  retry_policy policy{};
  policy.budget = budget;
  policy.rpc_timeout = timeout;
  policy.deadline = deadline_in(context, timeout).value_or(policy.deadline);
  return policy;
}

struct snapshot_plan {
  bool wait_for_ready{true};
  std::string request_id{};
};

template <class T>
[[nodiscard]] asio::awaitable<outcome<std::string>> snapshot_work(
    std::shared_ptr<sandbox_core<T>> core, std::shared_ptr<cancel_token> token,
    snapshot_plan plan) {
  auto const running = co_await core->ensure_running(token);
  if (!running) co_return running.error();
  auto const context = core->context(std::move(token));
  auto const transport = core->shared_transport();
  auto const sandbox_id = core->id_text();
  auto const names = core->look([](lifecycle const& l) { return l.echoed().scratch_volume_names; });
  if (names.size() > 1) co_return several_volumes(sandbox_id, names);

  wire::CreateFileSystemSnapshotRequest request{};
  request.sandbox_id = sandbox_id;
  request.request_id = std::move(plan.request_id);
  if (!names.empty()) request.scratch_volume_name = names.front();
  auto const timeout = plan.wait_for_ready
                           ? constants::snapshot_ready_timeout + constants::client_timeout_buffer
                           : core->limits().request_timeout;
  auto const policy = snapshot_policy(context, timeout, core->limits().poll_retry_budget);
  auto create = [transport, context, request, sandbox_id](nanoseconds left, int) {
    auto again = request;
    call_subject about{};
    about.operation = "Create file-system snapshot";
    about.sandbox_id = sandbox_id;
    return translated_call<snapshot_create>(transport, context, std::move(again), left,
                                            std::move(about));
  };
  auto call = retried<wire::FileSystemSnapshot>(context, policy, std::move(create));
  auto made = co_await std::move(call);
  if (!made) co_return made.error();
  auto id = std::move(made->file_system_snapshot_id);
  if (id.empty())
    co_return make_error(error_kind::snapshot,
                         "Create file-system snapshot failed: the answer has no snapshot id")
        .with([&](error_details& d) { d.sandbox_id = sandbox_id; });
  if (!plan.wait_for_ready) co_return std::move(id);
  auto each = policy;
  each.rpc_timeout = core->limits().poll_rpc_timeout;
  auto wait = wait_for_snapshot<T>(transport, context, id, each);
  auto const ready = co_await std::move(wait);
  if (!ready) co_return ready.error();
  co_return std::move(id);
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<FileSystemSnapshot>> get_snapshot_work(
    std::shared_ptr<T> transport, task_context context, std::string id, nanoseconds timeout) {
  auto const policy = snapshot_policy(context, timeout, call_limits{}.poll_retry_budget);
  auto call = get_snapshot_retried<T>(std::move(transport), context, std::move(id), policy);
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  co_return to_snapshot(*std::move(answer));
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<page<FileSystemSnapshot>>> list_snapshots_page(
    std::shared_ptr<T> transport, task_context context, std::string token, nanoseconds timeout) {
  wire::ListFileSystemSnapshotsRequest request{};
  request.page_token = std::move(token);
  call_subject about{};
  about.operation = "List file-system snapshots";
  auto call = translated_call<snapshot_list>(std::move(transport), std::move(context),
                                             std::move(request), timeout, std::move(about));
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  page<FileSystemSnapshot> result{};
  result.items.reserve(answer->file_system_snapshots.size());
  for (auto& snapshot : answer->file_system_snapshots)
    result.items.push_back(to_snapshot(std::move(snapshot)));
  result.next_token = std::move(answer->next_page_token);
  co_return std::move(result);
}

struct snapshot_filter {
  std::optional<std::string> source_sandbox_id{};
  std::optional<FileSystemSnapshotStatus> status{};

  [[nodiscard]] bool accepts(FileSystemSnapshot const& snapshot) const {
    return (!source_sandbox_id || snapshot.source_sandbox_id == *source_sandbox_id) &&
           (!status || snapshot.status == *status);
  }
};

/// A page that fails for a moment begins the list again: between pages nothing is lost or seen twice.
template <class T>
[[nodiscard]] asio::awaitable<outcome<std::vector<FileSystemSnapshot>>> list_snapshots_work(
    std::shared_ptr<T> transport, task_context context, snapshot_filter filter,
    nanoseconds timeout) {
  retry_policy policy{};
  policy.budget = call_limits{}.poll_retry_budget;
  policy.rpc_timeout = timeout;
  auto call = [transport, context](nanoseconds limit, int) {
    auto fetch = [transport, context](std::string const& token, nanoseconds left) {
      return list_snapshots_page<T>(transport, context, token, left);
    };
    return read_pages<FileSystemSnapshot>(context, limit, "List file-system snapshots",
                                          error_kind::generic, std::move(fetch));
  };
  auto pages = retried<std::vector<FileSystemSnapshot>>(context, policy, std::move(call));
  auto found = co_await std::move(pages);
  if (found) std::erase_if(*found, [&](auto const& snapshot) { return !filter.accepts(snapshot); });
  co_return found;
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<void>> delete_snapshot_work(std::shared_ptr<T> transport,
                                                                  task_context context,
                                                                  std::string id, bool missing_ok,
                                                                  nanoseconds timeout) {
  int attempts = 0;
  auto call = [&attempts, transport, context, id](nanoseconds left, int attempt) {
    attempts = attempt;
    wire::DeleteFileSystemSnapshotRequest request{};
    request.file_system_snapshot_id = id;
    call_subject about{};
    about.operation = "Delete file-system snapshot";
    about.snapshot_id = id;
    return translated_call<snapshot_delete>(transport, context, std::move(request), left,
                                            std::move(about));
  };
  auto const policy = snapshot_policy(context, timeout, call_limits{}.poll_retry_budget);
  auto work = retried<snapshot_delete::response>(context, policy, std::move(call));
  auto const answer = co_await std::move(work);
  if (answer) co_return outcome<void>{};
  // an attempt whose answer was lost may have deleted it
  bool const gone = is_not_found(answer.error(), reasons::fss_not_found) ||
                    answer.error().kind() == error_kind::snapshot_not_found;
  if (gone && (missing_ok || attempts > 1)) co_return outcome<void>{};
  co_return answer.error();
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<FileSystemSnapshotBucketConfig>> get_bucket_config_work(
    std::shared_ptr<T> transport, task_context context, nanoseconds timeout) {
  auto call = [transport, context](nanoseconds left, int) {
    wire::GetFileSystemSnapshotBucketConfigRequest request{};
    call_subject about{};
    about.operation = "Get file-system snapshot bucket config";
    return translated_call<bucket_get>(transport, context, std::move(request), left,
                                       std::move(about));
  };
  auto const policy = snapshot_policy(context, timeout, call_limits{}.poll_retry_budget);
  auto work = retried<wire::FileSystemSnapshotBucketConfig>(context, policy, std::move(call));
  auto answer = co_await std::move(work);
  if (!answer) co_return answer.error();
  co_return to_bucket_config(*std::move(answer));
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<FileSystemSnapshotBucketConfig>> set_bucket_config_work(
    std::shared_ptr<T> transport, task_context context, std::string bucket_name,
    std::string region, nanoseconds timeout) {
  wire::UpdateFileSystemSnapshotBucketConfigRequest wanted{};
  auto& config = wanted.file_system_snapshot_bucket_config.emplace();
  config.bucket_name = std::move(bucket_name);
  config.region = std::move(region);
  auto call = [transport, context, wanted](nanoseconds left, int) {
    auto request = wanted;
    call_subject about{};
    about.operation = "Set file-system snapshot bucket config";
    return translated_call<bucket_update>(transport, context, std::move(request), left,
                                          std::move(about));
  };
  auto const policy = snapshot_policy(context, timeout, call_limits{}.poll_retry_budget);
  auto work = retried<wire::FileSystemSnapshotBucketConfig>(context, policy, std::move(call));
  auto answer = co_await std::move(work);
  if (!answer) co_return answer.error();
  co_return to_bucket_config(*std::move(answer));
}

}  // namespace cwsandbox::inline v1::detail

#endif

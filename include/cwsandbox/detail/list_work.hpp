// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LIST_WORK_HPP
#define CWSANDBOX_DETAIL_LIST_WORK_HPP

/// \file
/// The calls that need no handle: list, from_id, remove (lifecycle, sections 4.7, 5.1 and 5.2).

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/check_id.hpp>
#include <cwsandbox/detail/launch_call.hpp>
#include <cwsandbox/detail/pages.hpp>
#include <cwsandbox/detail/sandbox_access.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/detail/translated_call.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What a list is asked for, in storage of its own.
struct list_plan {
  wire::ListSandboxesRequest request{};
  call_limits limits{};
};

/// The request of the options. `default_tags` come first; `default_runners` are used when none are given.
[[nodiscard]] CWSANDBOX_DECL wire::ListSandboxesRequest make_list_request(
    ListOptions const& options, std::vector<std::string> const& default_tags,
    std::vector<std::string> const& default_runners);

/// Makes a list call for one page. A transport object of its own keeps the connection alive meanwhile.
template <class T>
[[nodiscard]] asio::awaitable<outcome<page<wire::Sandbox>>> list_page(
    std::shared_ptr<T> transport, task_context context, wire::ListSandboxesRequest request,
    nanoseconds timeout) {
  call_subject about{};
  about.operation = "List sandboxes";
  auto call = translated_call<transport_call<rpc_method::list_sandboxes>>(
      std::move(transport), std::move(context), std::move(request), timeout, std::move(about));
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  page<wire::Sandbox> result{};
  result.items = std::move(answer->sandboxes);
  result.next_token = std::move(answer->next_page_token);
  co_return std::move(result);
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<std::vector<wire::Sandbox>>> list_all(
    std::shared_ptr<T> transport, task_context context, list_plan plan) {
  auto fetch = [transport, context, request = std::move(plan.request)](std::string const& token,
                                                                       nanoseconds timeout) {
    auto with_token = request;
    with_token.page_token = token;
    return list_page<T>(transport, context, std::move(with_token), timeout);
  };
  return read_pages<wire::Sandbox>(context, plan.limits.request_timeout, "List sandboxes",
                                   error_kind::generic, std::move(fetch));
}

/// `found` is called with each handle before the operation ends, for a session that adopts.
template <class Sandbox, class T>
[[nodiscard]] asio::awaitable<outcome<std::vector<Sandbox>>> list_work(
    std::shared_ptr<T> transport, asio::any_io_executor executor, task_context context,
    list_plan plan, std::function<outcome<void>(Sandbox const&)> found) {
  auto const limits = plan.limits;
  auto listed = co_await list_all(transport, std::move(context), std::move(plan));
  if (!listed) co_return listed.error();
  std::vector<Sandbox> sandboxes;
  sandboxes.reserve(listed->size());
  for (auto const& sandbox : *listed) {
    auto core = std::make_shared<sandbox_core<T>>(*transport, executor, limits, sandbox);
    sandboxes.push_back(sandbox_access::make<Sandbox>(std::move(core)));
  }
  if (found) {
    for (auto const& sandbox : sandboxes)
      if (auto adopted = found(sandbox); !adopted) co_return adopted.error();
  }
  co_return std::move(sandboxes);
}

template <class Sandbox, class T>
[[nodiscard]] operation<std::vector<Sandbox>> start_list(
    T transport, asio::any_io_executor const& executor, ListOptions const& options,
    std::vector<std::string> const& default_tags, std::vector<std::string> const& default_runners,
    call_limits limits, std::function<outcome<void>(Sandbox const&)> found = {}) {
  if (auto e = validation_error(validate(options))) e->raise();
  list_plan plan{};
  plan.request = make_list_request(options, default_tags, default_runners);
  plan.limits = limits;
  return launch_call<std::vector<Sandbox>>(
      transport, executor, [&](std::shared_ptr<T> shared, task_context context) {
        return list_work<Sandbox, T>(std::move(shared), executor, std::move(context),
                                     std::move(plan), std::move(found));
      });
}

template <class Sandbox, class T>
[[nodiscard]] asio::awaitable<outcome<Sandbox>> from_id_work(
    std::shared_ptr<T> transport, asio::any_io_executor executor, task_context context,
    std::string id, call_limits limits, std::function<outcome<void>(Sandbox const&)> found) {
  wire::GetSandboxRequest request{};
  request.sandbox_id = id;
  call_subject about{};
  about.operation = "Get sandbox";
  about.sandbox_id = id;
  auto call = translated_call<transport_call<rpc_method::get_sandbox>>(
      transport, std::move(context), std::move(request), limits.request_timeout,
      std::move(about));
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  if (answer->sandbox_id.empty()) answer->sandbox_id = id;
  auto core = std::make_shared<sandbox_core<T>>(*transport, executor, limits, *answer);
  auto sandbox = sandbox_access::make<Sandbox>(std::move(core));
  if (found)
    if (auto adopted = found(sandbox); !adopted) co_return adopted.error();
  co_return std::move(sandbox);
}

template <class Sandbox, class T>
[[nodiscard]] operation<Sandbox> start_from_id(
    T transport, asio::any_io_executor const& executor, std::string_view sandbox_id,
    call_limits limits, std::function<outcome<void>(Sandbox const&)> found = {}) {
  check_id("sandbox_id", sandbox_id);
  return launch_call<Sandbox>(
      transport, executor, [&](std::shared_ptr<T> shared, task_context context) {
        return from_id_work<Sandbox, T>(std::move(shared), executor, std::move(context),
                                        std::string{sandbox_id}, limits, std::move(found));
      });
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<void>> remove_work(std::shared_ptr<T> transport,
                                                         task_context context, std::string id,
                                                         bool missing_ok) {
  wire::DeleteSandboxRequest request{};
  request.sandbox_id = id;
  request.allow_missing = missing_ok;
  call_subject about{};
  about.operation = "Delete sandbox";
  about.sandbox_id = std::move(id);
  auto call = translated_call<transport_call<rpc_method::delete_sandbox>>(
      std::move(transport), std::move(context), std::move(request), call_limits{}.request_timeout,
      std::move(about));
  auto const answer = co_await std::move(call);
  if (answer) co_return outcome<void>{};
  bool const missing = is_not_found(answer.error(), reasons::sandbox_not_found);
  if (missing_ok && missing) co_return outcome<void>{};
  co_return answer.error();
}

template <class T>
[[nodiscard]] operation<void> start_remove(T transport, asio::any_io_executor const& executor,
                                           std::string_view sandbox_id,
                                           RemoveOptions const& options) {
  check_id("sandbox_id", sandbox_id);
  return launch_call<void>(transport, executor,
                           [&](std::shared_ptr<T> shared, task_context context) {
                             return remove_work<T>(std::move(shared), std::move(context),
                                                   std::string{sandbox_id}, options.missing_ok);
                           });
}

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/list_work.ipp>
#endif

#endif

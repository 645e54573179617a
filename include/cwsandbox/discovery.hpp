// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DISCOVERY_HPP
#define CWSANDBOX_DISCOVERY_HPP

/// \file
/// Runners: the places where sandboxes can run. (contract: options 7)

#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/discovery_values.hpp>
#include <cwsandbox/detail/launch_call.hpp>
#include <cwsandbox/detail/pages.hpp>
#include <cwsandbox/detail/translated_call.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/runner.hpp>
#include <cwsandbox/transport.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

namespace detail {

/// Discovery is for transports that can reach the service for it.
template <class T>
concept has_runner_discovery = can_call<T, rpc_method::list_available_runners> &&
                               can_call<T, rpc_method::get_available_runner>;

template <class T>
[[nodiscard]] asio::awaitable<outcome<page<Runner>>> list_runners_page(
    std::shared_ptr<T> transport, task_context context, wire::ListAvailableRunnersRequest request,
    std::chrono::nanoseconds timeout) {
  call_subject about{};
  about.operation = "List runners";
  about.discovery = true;
  auto call = translated_call<transport_call<rpc_method::list_available_runners>>(
      std::move(transport), std::move(context), std::move(request), timeout, std::move(about));
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  page<Runner> result{};
  result.items.reserve(answer->runners.size());
  for (auto& runner : answer->runners) result.items.push_back(to_runner(std::move(runner)));
  result.next_token = std::move(answer->next_page_token);
  co_return std::move(result);
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<std::vector<Runner>>> list_runners_work(
    std::shared_ptr<T> transport, task_context context, runner_query query) {
  auto fetch = [transport, context, request = std::move(query.request)](std::string const& token,
                                                                        std::chrono::nanoseconds timeout) {
    auto with_token = request;
    with_token.page_token = token;
    return list_runners_page<T>(transport, context, std::move(with_token), timeout);
  };
  auto pages = read_pages<Runner>(context, constants::discovery_timeout, "List runners",
                                  error_kind::discovery, std::move(fetch));
  auto found = co_await std::move(pages);
  if (found) std::erase_if(*found, [&](Runner const& runner) { return !query.accepts(runner); });
  co_return found;
}

template <class T>
[[nodiscard]] asio::awaitable<outcome<Runner>> get_runner_work(
    std::shared_ptr<T> transport, task_context context, wire::GetAvailableRunnerRequest request) {
  call_subject about{};
  about.operation = "Get runner";
  about.discovery = true;
  about.runner_id = request.runner_id;
  auto call = translated_call<transport_call<rpc_method::get_available_runner>>(
      std::move(transport), std::move(context), std::move(request), constants::discovery_timeout,
      std::move(about));
  auto answer = co_await std::move(call);
  if (!answer) co_return answer.error();
  co_return to_runner(*std::move(answer));
}

}  // namespace detail

/// The runners that match, in the order of the service; all pages are read, within 30 seconds and without retries.
///
///     for (auto const& runner : cw::list_runners(service, {.healthy_only = true}).result()) std::cout << runner << '\n';
///
/// Fails with DiscoveryError and its kind, CWSandboxAuthenticationError, and never with an error of a sandbox. Throws
/// `invalid_argument` at once for a negative minimum. (contract: options 7.1)
template <class T>
  requires detail::has_runner_discovery<T>
[[nodiscard]] operation<std::vector<Runner>> list_runners(T transport,
                                                          ListRunnersOptions const& options = {}) {
  auto query = detail::make_runner_query(options);
  auto const executor = asio::any_io_executor{transport.get_executor()};
  return detail::launch_call<std::vector<Runner>>(
      transport, executor, [&](std::shared_ptr<T> shared, detail::task_context context) {
        return detail::list_runners_work<T>(std::move(shared), std::move(context),
                                            std::move(query));
      });
}

/// One runner, with what it has left. A runner's id is unique only inside its organization. RunnerNotFoundError when
/// there is none. Throws `invalid_argument` at once when an id is empty or blank. (contract: options 7.2)
template <class T>
  requires detail::has_runner_discovery<T>
[[nodiscard]] operation<Runner> get_runner(T transport, std::string_view runner_id,
                                           std::string_view organization_id) {
  auto request = detail::make_runner_request(runner_id, organization_id);
  auto const executor = asio::any_io_executor{transport.get_executor()};
  return detail::launch_call<Runner>(
      transport, executor, [&](std::shared_ptr<T> shared, detail::task_context context) {
        return detail::get_runner_work<T>(std::move(shared), std::move(context),
                                          std::move(request));
      });
}

}  // namespace cwsandbox::inline v1

#endif

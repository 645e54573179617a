// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TRANSLATED_CALL_HPP
#define CWSANDBOX_DETAIL_TRANSLATED_CALL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// What a `call_context` says, in storage of its own.
struct call_subject {
  /// A literal.
  std::string_view operation{};
  std::string sandbox_id{};
  std::string snapshot_id{};
  std::string runner_id{};
  bool discovery{};
};

/// One call of a transport under a limit, its error translated.
template <class Call, class T>
[[nodiscard]] asio::awaitable<outcome<typename Call::response>> translated_call(
    std::shared_ptr<T> transport, task_context context, typename Call::request request,
    std::chrono::nanoseconds timeout, call_subject about) {
  call_options options{};
  options.timeout = timeout;
  auto call = Call::send(*transport, std::move(request), options);
  auto answer = co_await bounded(std::move(context), std::move(call), options.timeout, transport);
  if (answer) co_return answer;
  call_context what{};
  what.operation = about.operation;
  what.sandbox_id = about.sandbox_id;
  what.snapshot_id = about.snapshot_id;
  what.runner_id = about.runner_id;
  what.discovery = about.discovery;
  co_return translate(answer.error(), what);
}

}  // namespace cwsandbox::inline v1::detail

#endif

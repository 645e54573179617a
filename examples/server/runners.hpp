// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_RUNNERS_HPP
#define CWSANDBOX_EXAMPLES_SERVER_RUNNERS_HPP

#include "runner.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/discovery.hpp>

#include <asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace server {

namespace wire = cwsandbox::wire;

/// What discovery answers, however it is asked: this machine as the one runner. Outlives its calls.
template <cwsandbox::transport T>
class runners {
 public:
  runners(T transport, std::string runner_id)
      : transport_{std::move(transport)}, runner_{std::move(runner_id)} {}

  asio::awaitable<cwsandbox::outcome<wire::ListAvailableRunnersResponse>> list(
      wire::ListAvailableRunnersRequest request, cwsandbox::call_options options) const {
    auto const wanted = runner_.matches(request);
    if (!wanted) co_return wanted.error();
    wire::ListAvailableRunnersResponse response;
    if (*wanted) {
      auto described = co_await describe(request.view, options);
      if (!described) co_return described.error();
      response.runners.push_back(std::move(*described));
    }
    co_return response;
  }

  asio::awaitable<cwsandbox::outcome<wire::AvailableRunner>> get(
      wire::GetAvailableRunnerRequest request, cwsandbox::call_options options) const {
    if (auto const known = runner_.check(request); !known) co_return known.error();
    auto described = co_await describe(request.view, options);
    co_return described;
  }

 private:
  asio::awaitable<cwsandbox::outcome<wire::AvailableRunner>> describe(
      wire::RunnerView view, cwsandbox::call_options options) const {
    if (view != wire::RunnerView::full) co_return runner_.describe(-1);
    std::int32_t running = 0;
    wire::ListSandboxesRequest request;
    request.state = wire::State::running;
    for (;;) {
      auto page = co_await transport_.list_sandboxes(request, options);
      if (!page) co_return page.error();
      running += static_cast<std::int32_t>(page->sandboxes.size());
      request.page_token = std::move(page->next_page_token);
      if (request.page_token.empty()) co_return runner_.describe(running);
    }
  }

  T transport_;
  runner runner_;
};

}  // namespace server

#endif

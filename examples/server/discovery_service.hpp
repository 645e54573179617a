// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_DISCOVERY_SERVICE_HPP
#define CWSANDBOX_EXAMPLES_SERVER_DISCOVERY_SERVICE_HPP

#include "environment.hpp"
#include "runner.hpp"
#include "unary_call.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <asio/awaitable.hpp>

#include "coreweave/sandbox/v1/discovery.grpc.pb.h"

#include <cstdint>
#include <string>
#include <utility>

namespace server {

/// `coreweave.sandbox.v1.DiscoveryService` with this machine as the one runner.
template <cwsandbox::transport T>
class discovery_service final : public pb::DiscoveryService::CallbackService {
 public:
  discovery_service(environment& env, T transport, std::string runner_id)
      : env_{env}, transport_{std::move(transport)}, runner_{std::move(runner_id)} {}

  grpc::ServerUnaryReactor* ListAvailableRunners(
      grpc::CallbackServerContext* context, pb::ListAvailableRunnersRequest const* request,
      pb::ListAvailableRunnersResponse* response) override {
    return serve_unary<wire::rpc::ListAvailableRunners>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return list(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* GetAvailableRunner(grpc::CallbackServerContext* context,
                                               pb::GetAvailableRunnerRequest const* request,
                                               pb::AvailableRunner* response) override {
    return serve_unary<wire::rpc::GetAvailableRunner>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return get(std::move(r), options); });
  }

 private:
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

  environment& env_;
  T transport_;
  runner runner_;
};

}  // namespace server

#endif

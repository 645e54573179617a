// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_DISCOVERY_SERVICE_HPP
#define CWSANDBOX_EXAMPLES_SERVER_DISCOVERY_SERVICE_HPP

#include "environment.hpp"
#include "runners.hpp"
#include "unary_call.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/methods.hpp>

#include "coreweave/sandbox/v1/discovery.grpc.pb.h"

#include <utility>

namespace server {

/// `coreweave.sandbox.v1.DiscoveryService` with this machine as the one runner.
template <cwsandbox::transport T>
class discovery_service final : public pb::DiscoveryService::CallbackService {
 public:
  discovery_service(environment& env, runners<T> const& all) : env_{env}, runners_{all} {}

  grpc::ServerUnaryReactor* ListAvailableRunners(
      grpc::CallbackServerContext* context, pb::ListAvailableRunnersRequest const* request,
      pb::ListAvailableRunnersResponse* response) override {
    return serve_unary<wire::rpc::ListAvailableRunners>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return runners_.list(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* GetAvailableRunner(grpc::CallbackServerContext* context,
                                               pb::GetAvailableRunnerRequest const* request,
                                               pb::AvailableRunner* response) override {
    return serve_unary<wire::rpc::GetAvailableRunner>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return runners_.get(std::move(r), options); });
  }

 private:
  environment& env_;
  runners<T> const& runners_;
};

}  // namespace server

#endif

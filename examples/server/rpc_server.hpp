// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_RPC_SERVER_HPP
#define CWSANDBOX_EXAMPLES_SERVER_RPC_SERVER_HPP

#include "discovery_service.hpp"
#include "environment.hpp"
#include "options.hpp"
#include "other_methods.hpp"
#include "rest_service.hpp"
#include "runners.hpp"
#include "sandbox_service.hpp"
#include "server_builder.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace server {

/// The services on a transport, behind a port, and behind another one for REST. Started and ended on one thread.
template <cwsandbox::transport T>
class rpc_server {
 public:
  rpc_server(options const& settings, T transport)
      : settings_{settings},
        environment_{settings.token, transport.get_executor()},
        runners_{transport, settings.engine.runner_id},
        sandboxes_{environment_, transport},
        discovery_{environment_, runners_},
        others_{environment_},
        rest_{environment_, transport, runners_, settings.host} {}

  /// The URL that it listens on, and ` rest=` and the one for REST when that is wanted.
  [[nodiscard]] cwsandbox::outcome<std::string> start() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&sandboxes_);
    builder.RegisterService(&discovery_);
    builder.RegisterCallbackGenericService(&others_);
    auto url = listen(builder, settings_, server_);
    if (!url || !settings_.http_port) return url;
    auto const rest = rest_.start(settings_);
    if (!rest) {
      server_->Shutdown(std::chrono::system_clock::now());
      return rest;
    }
    return *url + " rest=" + *rest;
  }

  /// Takes no new calls, lets the others go on for a while, ends what is left, and returns then.
  void shut_down() {
    environment_.calls.drain();
    rest_.drain();
    environment_.calls.wait_until_empty(settings_.drain);
    environment_.calls.stop();
    // Longer than this only callers take who do not read; they are cut off.
    constexpr std::chrono::seconds last_answers{1};
    environment_.calls.wait_until_empty(last_answers);
    // gRPC by itself would wait for idle clients to hang up.
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
    rest_.close();
  }

  /// Ends all calls now. On any thread.
  void stop() { environment_.calls.stop(); }

 private:
  options const& settings_;
  environment environment_;
  runners<T> runners_;
  sandbox_service<T> sandboxes_;
  discovery_service<T> discovery_;
  other_methods others_;
  rest_service<T> rest_;
  std::unique_ptr<grpc::Server> server_{};
};

}  // namespace server

#endif

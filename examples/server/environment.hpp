// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_ENVIRONMENT_HPP
#define CWSANDBOX_EXAMPLES_SERVER_ENVIRONMENT_HPP

#include "auth.hpp"
#include "call.hpp"
#include "errors.hpp"
#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>

#include <grpcpp/server_context.h>
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace server {

/// What all services share. It outlives every call.
struct environment {
  environment(std::string token, asio::any_io_executor io)
      : auth{std::move(token)}, executor{std::move(io)} {}

  /// An error when the call may not go on.
  [[nodiscard]] cwsandbox::outcome<void> admit(credentials const& given) const {
    auto known = auth.check(given);
    if (known && calls.is_draining()) return stopping_error();
    return known;
  }
  [[nodiscard]] grpc::Status admit(grpc::ServerContextBase const& context) const {
    credentials given;
    for (auto const& [name, value] : context.client_metadata()) {
      std::string_view const text{value.data(), value.size()};
      if (name == "authorization") given.authorization.push_back(text);
      if (name == "x-wandb-api-key") given.api_keys.push_back(text);
    }
    auto const admitted = admit(given);
    return admitted ? grpc::Status::OK : to_status(admitted.error());
  }

  authenticator const auth;
  /// Where the calls' coroutines run, each on a strand of its own.
  asio::any_io_executor const executor;
  call_registry calls{};
};

using call_strand = asio::strand<asio::any_io_executor>;

/// What the caller said about the call beside the request.
[[nodiscard]] inline cwsandbox::call_options options_of(grpc::ServerContextBase const& context) {
  cwsandbox::call_options options;
  auto const deadline = context.deadline();
  if (deadline != std::chrono::system_clock::time_point::max())
    options.timeout = deadline - std::chrono::system_clock::now();
  return options;
}

}  // namespace server

#endif

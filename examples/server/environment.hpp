// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_ENVIRONMENT_HPP
#define CWSANDBOX_EXAMPLES_SERVER_ENVIRONMENT_HPP

#include "auth.hpp"
#include "call.hpp"
#include "errors.hpp"
#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/transport.hpp>

#include <grpcpp/server_context.h>
#include <asio/any_io_executor.hpp>
#include <asio/strand.hpp>

#include <chrono>
#include <string>

namespace server {

/// What all services share. It outlives every call.
struct environment {
  environment(std::string token, asio::any_io_executor io)
      : auth{std::move(token)}, executor{std::move(io)} {}

  /// OK when the call may go on.
  [[nodiscard]] grpc::Status admit(grpc::ServerContextBase const& context) const {
    auto status = auth.check(context);
    return status.ok() && calls.is_draining() ? to_status(stopping_error()) : status;
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

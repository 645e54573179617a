// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_AUTH_HPP
#define CWSANDBOX_EXAMPLES_SERVER_AUTH_HPP

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <string>

namespace server {

/// Knows who may call. Immutable.
class authenticator {
 public:
  /// An empty token lets everybody in.
  explicit authenticator(std::string token) : token_{std::move(token)} {}

  /// OK when the call carries the token as `authorization: Bearer TOKEN`, or as `x-wandb-api-key: TOKEN`, as partner
  /// accounts send it.
  [[nodiscard]] grpc::Status check(grpc::ServerContextBase const& context) const;

 private:
  std::string token_;
};

}  // namespace server

#endif

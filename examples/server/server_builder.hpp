// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_SERVER_BUILDER_HPP
#define CWSANDBOX_EXAMPLES_SERVER_SERVER_BUILDER_HPP

#include "options.hpp"

#include <cwsandbox/outcome.hpp>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

namespace server {

/// Starts a server with the services that the builder has, as the options say, and gives its URL.
[[nodiscard]] cwsandbox::outcome<std::string> listen(grpc::ServerBuilder& builder,
                                                     options const& settings,
                                                     std::unique_ptr<grpc::Server>& server);

}  // namespace server

#endif

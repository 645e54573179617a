// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_STATUS_HPP
#define CWSANDBOX_EXAMPLES_SERVER_STATUS_HPP

#include <cwsandbox/error.hpp>

#include <grpcpp/support/status.h>

namespace server {

/// What a transport reported, as callers are told of it: never OK, and no message without end.
[[nodiscard]] cwsandbox::error presentable(cwsandbox::error const& failure);

/// What a transport reported, for the wire: code, message, and reason, metadata, retry delay and field violations as
/// `grpc-status-details-bin`.
[[nodiscard]] grpc::Status to_status(cwsandbox::error const& failure);

}  // namespace server

#endif

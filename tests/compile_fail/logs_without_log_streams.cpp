// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: has_log_streams_like_grpc_or_local_transport

#include <cwsandbox/sandbox.hpp>
#include <cwsandbox/transport/http.hpp>

void use(cwsandbox::http_sandbox const& sandbox) { (void)sandbox.stream_logs(); }

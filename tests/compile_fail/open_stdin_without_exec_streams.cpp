// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: this option needs a transport with exec streams, such as grpc_transport or

#include <cwsandbox/sandbox.hpp>
#include <cwsandbox/transport/http.hpp>

void use(cwsandbox::http_sandbox const& sandbox) {
  (void)sandbox.exec({"cat"}, {.open_stdin = true});
}

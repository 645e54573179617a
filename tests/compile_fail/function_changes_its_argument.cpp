// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: a remote function cannot change its arguments

#include <cwsandbox/function.hpp>
#include <cwsandbox/transport/local.hpp>

void use(cwsandbox::local_session const& session) {
  (void)session.function<int(int&)>("f", "def f(x): return x");
}

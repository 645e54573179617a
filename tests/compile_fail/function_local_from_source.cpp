// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: local\(\) is for native functions

#include <cwsandbox/function.hpp>
#include <cwsandbox/transport/local.hpp>

int use(cwsandbox::local_session const& session) {
  return session.function<int(int)>("f", "def f(x): return x").local(1);
}

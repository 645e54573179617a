// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: an argument of this type cannot be encoded: name its members with CWSANDBOX_FIELDS

#include <cwsandbox/function.hpp>
#include <cwsandbox/transport/local.hpp>

struct point {
  int x = 0;
};

void use(cwsandbox::local_session const& session) {
  (void)session.function<int(point)>("f", "def f(p): return 1");
}

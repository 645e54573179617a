// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: a result of this type cannot be decoded: name its members with CWSANDBOX_FIELDS

#include <cwsandbox/function.hpp>
#include <cwsandbox/transport/local.hpp>

void use(cwsandbox::local_session const& session) {
  (void)session.function<void*()>("f", "def f(): return 1");
}

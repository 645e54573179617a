// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (does not match declaration order|specify fields in order|non-trivial designated|out of order|reorder-init-list)

#if defined(__clang__)
#pragma clang diagnostic error "-Wreorder-init-list"
#endif
#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{.tags = {"t"}, .container_image = "python:3.11"};

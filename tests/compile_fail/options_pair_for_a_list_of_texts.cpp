// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (could not convert|no matching constructor)

#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{.tags = {{"key", "value"}, {"other", "value"}}};

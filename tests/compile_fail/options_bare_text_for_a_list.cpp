// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (could not convert|no viable conversion|no known conversion|conversion from)

#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{.runner_ids = "runner-1"};

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (has no non-static data member named|does not refer to any field)

#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{.profile_ids = {"p"}};

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: (static assertion failed|static_assert failed)

#include <cwsandbox/options.hpp>

constexpr cwsandbox::static_defaults wrong{.services = {{.port = 0}}};
static_assert(cwsandbox::validate(wrong).ok());

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: too many elements in the braces of a list option: pass a whole container instead

#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{
    .services = {{.port = 1},
                 {.port = 2},
                 {.port = 3},
                 {.port = 4},
                 {.port = 5},
                 {.port = 6},
                 {.port = 7},
                 {.port = 8},
                 {.port = 9},
                 {.port = 10},
                 {.port = 11},
                 {.port = 12},
                 {.port = 13},
                 {.port = 14},
                 {.port = 15},
                 {.port = 16},
                 {.port = 17}},
};

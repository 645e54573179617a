// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Catch2 v3 links its own main; v2 compiles it where this is defined.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

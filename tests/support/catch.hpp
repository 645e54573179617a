// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_CATCH_HPP
#define CWSANDBOX_TESTS_SUPPORT_CATCH_HPP

// Catch2 v2 (Debian 12) and v3 name their headers differently; tests include this one.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(std::string const& text) { return Catch::Matchers::Contains(text); }
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The one translation unit that holds what the headers only declare.
#include <cwsandbox/src.hpp>

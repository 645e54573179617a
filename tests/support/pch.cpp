// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The precompiled header belongs to the object library that this file makes.

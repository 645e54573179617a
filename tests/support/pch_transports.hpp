// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_PCH_TRANSPORTS_HPP
#define CWSANDBOX_TESTS_SUPPORT_PCH_TRANSPORTS_HPP

// Precompiled for the tests that drive sessions: the session layer on each transport is compiled once, in
// pch_transports.cpp, and not in every test.

#include "support/pch.hpp"

#include <cwsandbox/cwsandbox.hpp>
#include <cwsandbox/transport/mock.hpp>

CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::mock_transport);
#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::local_transport);
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "conformance/fixtures.hpp"

// Once for all cases; with separate compilation the library has it.
#if defined(CWSANDBOX_TEST_REST) && !defined(CWSANDBOX_SEPARATE_COMPILATION)
CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::http_transport);
#endif

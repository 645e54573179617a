// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/pch_transports.hpp"

CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::mock_transport);
#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::local_transport);
#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_HPP

// Never compiled: what the checks in tests/headers must find.

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SESSION_HPP
#define CWSANDBOX_SESSION_HPP

// Never compiled: what the checks in tests/headers must find.

#include <cwsandbox/transport/local.hpp>

inline asio::awaitable<void> braces_in_await(transport& t, std::string id) {
  co_await t.get_sandbox(
      {.sandbox_id = id}, {});
}

#endif

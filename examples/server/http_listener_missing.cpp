// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

/// \file
/// Stands for `http_listener.cpp` where there is no HTTP library.

#include "http_listener.hpp"

#include <cwsandbox/error.hpp>

namespace server {

bool const http_listener::is_available = false;

cwsandbox::outcome<std::unique_ptr<http_listener>> http_listener::start(options const&,
                                                                        call_registry&,
                                                                        http_application&) {
  return cwsandbox::make_error(cwsandbox::error_kind::generic, "built without an HTTP library");
}

}  // namespace server

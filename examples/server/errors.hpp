// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_ERRORS_HPP
#define CWSANDBOX_EXAMPLES_SERVER_ERRORS_HPP

#include <cwsandbox/error.hpp>

#include <string>
#include <string_view>

namespace server {

/// A refusal with a reason of the service's own domain.
[[nodiscard]] cwsandbox::error reasoned_error(cwsandbox::status_code code, std::string_view reason,
                                              std::string message);

/// A refused field of the request.
[[nodiscard]] cwsandbox::error violation_error(std::string field, std::string description);

/// This server is about to end.
[[nodiscard]] cwsandbox::error stopping_error();

}  // namespace server

#endif

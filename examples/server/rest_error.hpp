// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_REST_ERROR_HPP
#define CWSANDBOX_EXAMPLES_SERVER_REST_ERROR_HPP

#include "http_listener.hpp"

#include <cwsandbox/error.hpp>
#include <cwsandbox/status_code.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace server {

/// The HTTP status that stands for a code (google/rpc/code.proto).
[[nodiscard]] int http_status_of(cwsandbox::status_code code);

/// An error as REST tells it: `{"error": {"code", "status", "message", "details"}}`. `status` is another HTTP status than
/// the code stands for.
[[nodiscard]] http_answer to_answer(cwsandbox::error const& failure,
                                    std::optional<int> status = std::nullopt);

/// A text as a JSON string, quotes included.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace server

#endif

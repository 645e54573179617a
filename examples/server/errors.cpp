// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "errors.hpp"

#include <cwsandbox/reasons.hpp>

#include <utility>

namespace server {

cwsandbox::error reasoned_error(cwsandbox::status_code code, std::string_view reason,
                                std::string message) {
  return cwsandbox::rpc_error(code, std::move(message)).with([&](cwsandbox::error_details& d) {
    d.reason = reason;
    d.domain = cwsandbox::reasons::domain;
  });
}

cwsandbox::error violation_error(std::string field, std::string description) {
  return cwsandbox::rpc_error(cwsandbox::status_code::invalid_argument,
                              "invalid " + field + ": " + description)
      .with([&](cwsandbox::error_details& d) {
        cwsandbox::FieldViolation violation;
        violation.field = std::move(field);
        violation.description = std::move(description);
        d.field_violations.push_back(std::move(violation));
      });
}

cwsandbox::error stopping_error() {
  return reasoned_error(cwsandbox::status_code::unavailable, cwsandbox::reasons::runner_unavailable,
                        "the server is shutting down");
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_ERRORS_IPP
#define CWSANDBOX_IMPL_LOCAL_ERRORS_IPP

#include <cwsandbox/transport/local/errors.hpp>

#include <cwsandbox/reasons.hpp>

#include <system_error>
#include <utility>

namespace cwsandbox::inline v1::detail::local {

CWSANDBOX_DECL error reasoned_error(status_code code, std::string_view reason,
                                    std::string message) {
  return rpc_error(code, std::move(message)).with([&](error_details& d) {
    d.reason = std::string(reason);
    d.domain = std::string(reasons::domain);
  });
}

CWSANDBOX_DECL error violation_error(std::string field, std::string description) {
  return rpc_error(status_code::invalid_argument, "invalid " + field + ": " + description)
      .with([&](error_details& d) {
        FieldViolation violation;
        violation.field = std::move(field);
        violation.description = std::move(description);
        d.field_violations.push_back(std::move(violation));
      });
}

CWSANDBOX_DECL error not_implemented_error(std::string message) {
  return reasoned_error(status_code::unimplemented, reasons::not_implemented, std::move(message));
}

CWSANDBOX_DECL std::string errno_text(int error) { return std::system_category().message(error); }

}  // namespace cwsandbox::inline v1::detail::local

#endif

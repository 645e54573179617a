// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_VALIDATION_ERROR_HPP
#define CWSANDBOX_DETAIL_VALIDATION_ERROR_HPP

#include <cwsandbox/error.hpp>
#include <cwsandbox/validation.hpp>

#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail {

/// The error of a failed validation: field and value of the first issue, the messages of all.
inline std::optional<error> validation_error(validation_result const& result) {
  if (result.ok()) return std::nullopt;
  return invalid_argument_error(std::string{result.front().field}, result.front().value_text(),
                                result.message());
}

}  // namespace cwsandbox::inline v1::detail

#endif

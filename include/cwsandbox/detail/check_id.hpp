// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_CHECK_ID_HPP
#define CWSANDBOX_DETAIL_CHECK_ID_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/text_rules.hpp>
#include <cwsandbox/error.hpp>

#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail {

/// Throws `invalid_argument` for an id that is empty or blank.
inline void check_id(std::string_view field, std::string_view id) {
  if (!trim(id).empty()) return;
  invalid_argument_error(std::string{field}, std::string{id},
                         std::string{field} + " must not be empty")
      .raise();
}

}  // namespace cwsandbox::inline v1::detail

#endif

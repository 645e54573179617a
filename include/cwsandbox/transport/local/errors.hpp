// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_ERRORS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_ERRORS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>

#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::local {

/// A failed call with a reason of the service's own domain.
[[nodiscard]] CWSANDBOX_DECL error reasoned_error(status_code code, std::string_view reason,
                                                  std::string message);

/// A refused field of a request.
[[nodiscard]] CWSANDBOX_DECL error violation_error(std::string field, std::string description);

/// What this engine does not do.
[[nodiscard]] CWSANDBOX_DECL error not_implemented_error(std::string message);

/// The text of an `errno`.
[[nodiscard]] CWSANDBOX_DECL std::string errno_text(int error);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/errors.ipp>
#endif

#endif

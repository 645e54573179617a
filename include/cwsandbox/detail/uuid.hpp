// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UUID_HPP
#define CWSANDBOX_DETAIL_UUID_HPP

#include <cwsandbox/config.hpp>

#include <string>

namespace cwsandbox::inline v1::detail {

/// A random UUID (version 4) as text of 36 characters, from the system's random source. Thread-safe.
[[nodiscard]] CWSANDBOX_DECL std::string make_uuid();

/// The same as 32 hexadecimal digits without the dashes.
[[nodiscard]] CWSANDBOX_DECL std::string make_uuid_hex();

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/uuid.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_BASE64_HPP
#define CWSANDBOX_DETAIL_BASE64_HPP

#include <cwsandbox/config.hpp>

#include <optional>
#include <string>
#include <string_view>

/// \file
/// Base64 for binary header values and for `bytes` fields in JSON.

namespace cwsandbox::inline v1::detail {

/// The standard alphabet, padded.
[[nodiscard]] CWSANDBOX_DECL std::string base64_encode(std::string_view bytes);

/// Takes the standard and the URL-safe alphabet (one of them, not a mix), padded or not. Nothing for any other
/// character, white space included, for a length that no encoder writes, for padding that does not fill the last
/// group, and for bits beyond the last byte that are not zero.
[[nodiscard]] CWSANDBOX_DECL std::optional<std::string> base64_decode(std::string_view text);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/base64.ipp>
#endif

#endif

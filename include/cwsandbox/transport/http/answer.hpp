// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_ANSWER_HPP
#define CWSANDBOX_TRANSPORT_HTTP_ANSWER_HPP

/// \file
/// What an HTTP response means for a call.

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/h1.hpp>

#include <chrono>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1::detail::http {

/// A date of HTTP in any of its three formats (RFC 9110, 5.6.7).
///
/// \param now decides the century of a year with two digits
[[nodiscard]] CWSANDBOX_DECL std::optional<std::chrono::sys_seconds> parse_http_date(
    std::string_view text, std::chrono::sys_seconds now);

/// The header `retry-after`: seconds, or a date, which is compared with `date`, the header of that name, if there is one.
/// Never negative; nothing when it is neither or does not fit.
[[nodiscard]] CWSANDBOX_DECL std::optional<std::chrono::nanoseconds> parse_retry_after(
    std::string_view text, std::optional<std::string_view> date, std::chrono::sys_seconds now);

/// The error of a complete response; nothing when its body is the JSON of the call's answer.
[[nodiscard]] CWSANDBOX_DECL std::optional<error> error_of(net::h1_response_parser const& response,
                                                           std::string_view body);

}  // namespace cwsandbox::inline v1::detail::http

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http/answer.ipp>
#endif

#endif

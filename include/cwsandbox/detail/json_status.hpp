// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_JSON_STATUS_HPP
#define CWSANDBOX_DETAIL_JSON_STATUS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/error.hpp>
#include <cwsandbox/status_code.hpp>

#include <optional>
#include <string_view>

/// \file
/// What an HTTP response says about a call that failed: a `google.rpc.Status` as JSON, or whatever
/// a proxy on the way had to say. Contract: lifecycle, section 7.5. Nothing here throws for what a
/// peer sent. `impl/json_status.ipp` needs simdjson.

namespace cwsandbox::inline v1::detail {

/// The code that an HTTP status stands for, by the table in google/rpc/code.proto; of several codes
/// the most general one. Beyond that table: 405 is `unimplemented`, 407 `unauthenticated`, 408
/// `deadline_exceeded`, 412 `failed_precondition`, 413 `resource_exhausted`, 416 `out_of_range`,
/// 425 and 502 `unavailable`; any other is `unknown`.
[[nodiscard]] CWSANDBOX_DECL status_code status_code_from_http(int http_status) noexcept;

/// The error that a response's body describes, of the kind `rpc`, with the details that
/// `attach_detail` knows. Nothing when the body is no such JSON.
///
/// Two forms are known: `{"error": {"code": 404, "status": "NOT_FOUND", "message": ..., "details":
/// [...]}}`, where `code` is an HTTP status, and the status itself without `error` around it, where
/// `code` is a gRPC code. A name in `status` counts more than a number in `code`; where neither
/// makes sense, the HTTP status of the response decides. Fields of other types than expected are
/// ignored.
[[nodiscard]] CWSANDBOX_DECL std::optional<error> parse_json_status(std::string_view body,
                                                                    int http_status);

/// The error of a response that is no success: what `parse_json_status` finds; else the code that
/// the HTTP status stands for, and as message the status line and the beginning of the body as
/// plain text.
///
/// Without such JSON a 404 does not come from the API, so it tells nothing about the sandbox that
/// was asked for: it is `unimplemented` then, as in gRPC.
[[nodiscard]] CWSANDBOX_DECL error http_response_error(int http_status,
                                                       std::string_view reason_phrase,
                                                       std::string_view body);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/json_status.ipp>
#endif

#endif

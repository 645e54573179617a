// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_STATUS_DETAILS_HPP
#define CWSANDBOX_DETAIL_STATUS_DETAILS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/detail/attach_detail.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/wire/rpc_status.hpp>

#include <optional>
#include <string>
#include <string_view>

/// \file
/// Error details as gRPC carries them: a serialized `google.rpc.Status` in the trailer `grpc-status-details-bin`.
/// Contract: lifecycle, section 7.5. Nothing here throws for what a peer sent.

namespace cwsandbox::inline v1::detail {

/// Takes reason, retry delay and field violations from a serialized status. False when there is none of them; bytes
/// that are no status change nothing.
CWSANDBOX_DECL bool attach_status_details(error_details& into, std::string_view serialized_status);

/// The same for the value of the trailer, which may hold several statuses, joined by commas: the first that says
/// anything counts.
CWSANDBOX_DECL bool attach_status_header(error_details& into, std::string_view header_value);

/// What a server answers a call with that failed with `e`: code, message, and as details what the above would take.
[[nodiscard]] CWSANDBOX_DECL wire::RpcStatus make_rpc_status(error const& e);

/// The same serialized.
[[nodiscard]] CWSANDBOX_DECL std::string serialized_rpc_status(error const& e);

/// The bytes that the value of a `-bin` header stands for; nothing when it is not base64. Of values joined by commas
/// the first that is counts.
[[nodiscard]] CWSANDBOX_DECL std::optional<std::string> decode_binary_header(
    std::string_view header_value);

/// The value of a `-bin` header: base64 without padding, as gRPC wants it to be sent.
[[nodiscard]] CWSANDBOX_DECL std::string encode_binary_header(std::string_view bytes);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/status_details.ipp>
#endif

#endif

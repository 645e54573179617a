// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_ATTACH_DETAIL_HPP
#define CWSANDBOX_DETAIL_ATTACH_DETAIL_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/error.hpp>
#include <cwsandbox/wire/rpc_status.hpp>

/// \file
/// What a server said about a failed call, put into the error; whichever codec it came through. Contract: lifecycle,
/// section 7.5.

namespace cwsandbox::inline v1::detail {

// Called for each detail of a status in order. True when something was taken from it.

/// The first reason counts; what comes without one does not.
CWSANDBOX_DECL bool attach_detail(error_details& into, wire::ErrorInfo const& info);
/// The first delay that 64 bits of nanoseconds hold counts.
CWSANDBOX_DECL bool attach_detail(error_details& into, wire::RetryInfo const& info);
/// All violations count that say anything.
CWSANDBOX_DECL bool attach_detail(error_details& into, wire::BadRequest const& request);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/attach_detail.ipp>
#endif

#endif

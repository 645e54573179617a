// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_AUTH_HPP
#define CWSANDBOX_AUTH_HPP

/// \file
/// Who the caller is: the headers that network transports send with every call (contract: options 3).
///
/// A transport looks for credentials in this order: its own `api_key` option, its own `auth` option, the process-wide
/// mode of `set_auth_mode`, the environment variable `CWSANDBOX_API_KEY`. With none of them a call goes out without
/// credentials and the service answers. Nothing of a credential ever appears in an error, a log or a text form.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Header names and values. Names are sent in lower case.
using auth_headers = std::vector<std::pair<std::string, std::string>>;

/// Gives the headers to send. Empty headers send none; `std::nullopt` means that there should have been some, and fails
/// the call with `CWSandboxAuthenticationError`. What it throws reaches the caller of the call unchanged.
///
/// Called when a connection is opened, and once more when the service does not accept what it gave; on a thread of the
/// transport's executor, so it must not block.
using auth_provider = std::function<std::optional<auth_headers>()>;

/// Replaces, for the whole process, where credentials come from unless a transport has its own. The last call counts; an
/// empty provider restores the built-in one. Connections that are open keep theirs. Thread-safe.
///
/// \param name shown when the provider gives nothing
CWSANDBOX_DECL void set_auth_mode(std::string name, auth_provider get_headers);

/// The provider that sends `authorization: Bearer <key>`, with the key of the environment variable `CWSANDBOX_API_KEY`
/// read at each use; no header when it is unset or empty. This is what holds when nothing else is set.
[[nodiscard]] CWSANDBOX_DECL auth_provider api_key_auth();

/// The provider that sends nothing.
[[nodiscard]] CWSANDBOX_DECL auth_provider no_auth();

namespace detail {

/// The headers to send, checked and with names in lower case.
[[nodiscard]] CWSANDBOX_DECL outcome<auth_headers> resolve_auth(std::string_view api_key,
                                                                auth_provider const& own);

}  // namespace detail

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/auth.ipp>
#endif

#endif

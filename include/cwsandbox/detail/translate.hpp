// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TRANSLATE_HPP
#define CWSANDBOX_DETAIL_TRANSLATE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>

#include <string_view>

namespace cwsandbox::inline v1::detail {

/// What the caller knows about the call that failed.
struct call_context {
  /// E.g. `Create sandbox`; begins most messages.
  std::string_view operation{};
  std::string_view sandbox_id{};
  /// File calls: the caller's path.
  std::string_view path{};
  /// Snapshot calls.
  std::string_view snapshot_id{};
  /// Discovery calls have error classes of their own.
  bool discovery{};
  /// Discovery: the runner that was asked for.
  std::string_view runner_id{};
};

/// Turns a transport's report into the typed error of the contract (lifecycle, section 7). Errors of another kind than
/// `rpc` come back unchanged.
[[nodiscard]] CWSANDBOX_DECL error translate(error const& report, call_context const& context);

/// True for NOT_FOUND, and for any code with the trusted not-found reason.
[[nodiscard]] CWSANDBOX_DECL bool is_not_found(error const& e, std::string_view reason) noexcept;

/// May a status poll be tried again after this (translated) error? Lifecycle, section 3.2.
[[nodiscard]] CWSANDBOX_DECL bool is_poll_retryable(error const& e) noexcept;

/// True when the server's reason may be believed.
[[nodiscard]] CWSANDBOX_DECL bool has_trusted_reason(error const& e) noexcept;

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/translate.ipp>
#endif

#endif

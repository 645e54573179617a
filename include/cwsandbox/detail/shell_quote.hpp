// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SHELL_QUOTE_HPP
#define CWSANDBOX_DETAIL_SHELL_QUOTE_HPP

#include <cwsandbox/config.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// One word for a POSIX shell, quoted only where needed. (contract: streams 1.2)
CWSANDBOX_DECL std::string shell_quote(std::string_view word);

/// The words of a command that changes to `cwd` first; they replace themselves by the caller's
/// words.
CWSANDBOX_DECL std::vector<std::string> wrap_with_cwd(std::span<std::string const> words,
                                                      std::string_view cwd);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/shell_quote.ipp>
#endif

#endif

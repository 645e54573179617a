// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_SHELL_QUOTE_IPP
#define CWSANDBOX_IMPL_SHELL_QUOTE_IPP

#include <cwsandbox/detail/shell_quote.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL std::string shell_quote(std::string_view word) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (word.empty()) return "''";
  if (word.find_first_not_of(plain) == std::string_view::npos) return std::string{word};
  std::string quoted = "'";
  for (char c : word) {
    if (c == '\'') {
      quoted += "'\"'\"'";
    } else {
      quoted += c;
    }
  }
  quoted += '\'';
  return quoted;
}

CWSANDBOX_DECL std::vector<std::string> wrap_with_cwd(std::span<std::string const> words,
                                                      std::string_view cwd) {
  std::string script = "cd " + shell_quote(cwd) + " && exec";
  for (auto const& word : words) {
    script += ' ';
    script += shell_quote(word);
  }
  std::vector<std::string> wrapped;
  wrapped.reserve(3);
  wrapped.emplace_back("/bin/sh");
  wrapped.emplace_back("-c");
  wrapped.push_back(std::move(script));
  return wrapped;
}

}  // namespace cwsandbox::inline v1::detail

#endif

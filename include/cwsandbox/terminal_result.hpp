// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TERMINAL_RESULT_HPP
#define CWSANDBOX_TERMINAL_RESULT_HPP

#include <cwsandbox/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cwsandbox::inline v1 {

/// How a terminal session ended. A plain value; the output is with whoever read it.
struct TerminalResult {
  /// The exit status; 128 + N for a command that signal N ended.
  std::int32_t exit_code{};
  /// The command as the caller gave it.
  std::vector<std::string> command{};

  friend bool operator==(TerminalResult const&, TerminalResult const&) = default;
};

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_PROCESS_RESULT_HPP
#define CWSANDBOX_PROCESS_RESULT_HPP

#include <cwsandbox/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cwsandbox::inline v1 {

/// What a finished command left behind. A plain value.
///
/// The members are named `out` and `err` because `stdout` and `stderr` are macros of the C library. They hold the
/// exact bytes of the two streams; text is whatever encoding the command wrote.
struct ProcessResult {
  /// Everything the command wrote to its standard output.
  std::string out{};
  /// Everything the command wrote to its standard error.
  std::string err{};
  /// The exit status; 128 + N for a command that signal N ended.
  std::int32_t exit_code{};
  /// The command as the caller gave it, without any wrapping done for `cwd`.
  std::vector<std::string> command{};
  /// True when `out` is shorter than what the command wrote, because a limit cut it.
  bool out_truncated{};
  /// True when `err` is shorter than what the command wrote, because a limit cut it.
  bool err_truncated{};
  /// Bytes the command wrote to its standard output, also those that a limit cut.
  std::int64_t out_bytes_produced{};
  /// Bytes the command wrote to its standard error, also those that a limit cut.
  std::int64_t err_bytes_produced{};

  friend bool operator==(ProcessResult const&, ProcessResult const&) = default;
};

}  // namespace cwsandbox::inline v1

#endif

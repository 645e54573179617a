// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_STATE_DIRECTORY_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_STATE_DIRECTORY_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace cwsandbox::inline v1::detail::local {

/// Bytes as lower-case hexadecimal digits.
[[nodiscard]] CWSANDBOX_DECL std::string hex_text(std::string_view bytes);

/// `size` random bytes as lower-case hexadecimal digits.
[[nodiscard]] CWSANDBOX_DECL std::string random_hex(std::size_t size);
/// A random UUID (version 4).
[[nodiscard]] CWSANDBOX_DECL std::string random_uuid();

/// The parent process id and the start time of a process, in clock ticks since the machine started; 0 when there is
/// no such process.
struct process_times {
  pid_t parent{};
  unsigned long long start{};
};
[[nodiscard]] CWSANDBOX_DECL process_times times_of(pid_t pid);

/// The names in a directory, without `.` and `..`; none when it cannot be read.
[[nodiscard]] CWSANDBOX_DECL std::vector<std::string> names_in(std::string const& path);

/// Makes a directory that only this user may change, unless it is there. An error says why it is not fit.
[[nodiscard]] CWSANDBOX_DECL outcome<void> make_private_directory(std::string const& path);

/// An engine's own directory: `<base>/<pid>-<start time>-<random>/`, with a file that the engine keeps locked while it
/// lives. Whatever is found unlocked in the base was left by an engine that was killed.
class state_directory {
 public:
  /// Makes the base and the directory.
  [[nodiscard]] CWSANDBOX_DECL static outcome<state_directory> make(std::string const& base);
  [[nodiscard]] CWSANDBOX_DECL static std::string default_base();

  [[nodiscard]] std::string const& path() const noexcept { return path_; }

  /// Kills what dead engines of the same base left running, and takes hold of their directories.
  struct leftover {
    std::string path{};
    unique_fd lock{};
  };
  [[nodiscard]] CWSANDBOX_DECL std::vector<leftover> take_leftovers() const;

 private:
  std::string base_;
  std::string path_;
  unique_fd lock_;
};

/// Notes in a file `sb-*.process` of the engine's directory which process is a sandbox' first one, for an engine that
/// finds it later.
CWSANDBOX_DECL void record_process(std::string const& path, pid_t pid);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/state_directory.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_FILES_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_FILES_HPP

/// \file
/// Files below the root of a sandbox, opened so that no path and no symbolic link leads out of it.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <linux/capability.h>
#include <sys/types.h>

namespace cwsandbox::inline v1::detail::local {

/// While it lives, the calling thread has no capability in effect: files are open to it as they are to the commands of
/// a sandbox, which have none either.
class without_capabilities {
 public:
  CWSANDBOX_DECL without_capabilities() noexcept;
  without_capabilities(without_capabilities const&) = delete;
  without_capabilities& operator=(without_capabilities const&) = delete;
  CWSANDBOX_DECL ~without_capabilities();

  /// False when they could not be laid down.
  [[nodiscard]] explicit operator bool() const noexcept { return done_; }

 private:
  /// The low and the high half of the sets, as the kernel takes them.
  __user_cap_data_struct before_[2]{};
  bool done_{};
  bool changed_{};
};

/// Opens a path as a process whose root is `root` would; -1 with `errno` set when that fails. Links and `..` never lead
/// above the root, and no link of a `/proc` is followed.
[[nodiscard]] CWSANDBOX_DECL unique_fd open_below(int root, char const* path, int flags,
                                                  mode_t mode = 0) noexcept;

/// Makes a directory and those above it. False with `errno` set when that failed.
CWSANDBOX_DECL bool make_directories_below(int root, std::string_view path);

/// The content of a regular file. Errors carry the reasons of the service's file calls and the path.
[[nodiscard]] CWSANDBOX_DECL outcome<std::string> read_file_below(int root, std::string const& path,
                                                                  std::size_t limit);
/// Overwrites or makes a regular file; the directory must be there.
[[nodiscard]] CWSANDBOX_DECL outcome<void> write_file_below(int root, std::string const& path,
                                                            std::string_view content,
                                                            std::size_t limit);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/files.ipp>
#endif

#endif

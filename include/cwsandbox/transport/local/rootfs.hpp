// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_ROOTFS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_ROOTFS_HPP

/// \file
/// What a sandbox sees as its file system, by the image it asked for.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>

#include <cwsandbox/transport/local/options.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

/// What an image name stands for.
struct resolved_image {
  /// The directory of the mapped image; empty for this machine's own programs.
  std::string rootfs{};
  /// Directories that come first on `PATH`, inside.
  std::string first_on_path{};
  /// Links to be made inside: name in the first directory of `PATH`, target.
  std::vector<std::pair<std::string, std::string>> links{};
};

/// Finds what a name stands for by the options.
[[nodiscard]] CWSANDBOX_DECL outcome<resolved_image> resolve_image(std::string const& name,
                                                                   local_options const& options);

/// Directories, links and mounts, as bubblewrap's arguments.
struct root_layout {
  std::vector<std::string> mounts{};
  /// Top-level names whose content comes from outside: nothing can be put there.
  std::vector<std::string> covered{};

  /// True for a path below one of them.
  [[nodiscard]] CWSANDBOX_DECL bool covers(std::string_view path) const;
};

/// The `/etc` of sandboxes that use this machine's own programs: what they need and nothing else. Made once per engine.
CWSANDBOX_DECL bool make_shared_etc(std::string const& path, local_network network);

/// Adds this machine's own programs and their libraries, read-only.
CWSANDBOX_DECL void show_programs(root_layout& layout);

/// Lays out the root of a sandbox: a private one in memory, gone with the sandbox, and what is mounted on it.
[[nodiscard]] CWSANDBOX_DECL outcome<root_layout> make_root(std::string const& shared_etc,
                                                            resolved_image const& image);

/// The `PATH` of an image whose creator sets none.
[[nodiscard]] CWSANDBOX_DECL std::string default_path(resolved_image const& image);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/rootfs.ipp>
#endif

#endif

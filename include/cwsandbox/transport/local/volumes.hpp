// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_VOLUMES_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_VOLUMES_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/spec.hpp>

#include <cwsandbox/transport/local/archive.hpp>
#include <cwsandbox/transport/local/guard.hpp>
#include <cwsandbox/transport/local/options.hpp>
#include <cwsandbox/transport/local/rootfs.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

/// True for a path without components `.` and `..`: no part of it leads back.
[[nodiscard]] CWSANDBOX_DECL bool leads_down(std::string_view path);

/// What a request may say of volumes and of where they are mounted.
[[nodiscard]] CWSANDBOX_DECL outcome<void> check_volumes(wire::SandboxSpec const& spec,
                                                         local_options const& options);

/// The names of the scratch volumes, in their order.
[[nodiscard]] CWSANDBOX_DECL std::vector<std::string> scratch_names(wire::SandboxSpec const& spec);

/// The scratch volumes of one sandbox: directories in the sandbox' own, and, where a volume has a size or is to be in
/// memory, a file system in memory on it, which only the namespaces of the guard see. The kernel takes that away when the
/// directory is removed.
///
/// `make` comes first; what is there is constant after it.
class volume_set {
 public:
  [[nodiscard]] CWSANDBOX_DECL outcome<void> make(std::string const& directory,
                                                  wire::SandboxSpec const& spec,
                                                  local_options const& options,
                                                  std::shared_ptr<guard> keeper);

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  /// Where to archive or restore a volume.
  [[nodiscard]] CWSANDBOX_DECL archive_place place_of(std::string const& name) const;

  /// Adds the mounts of a container to its layout. When volumes are to be restored, that has been done.
  [[nodiscard]] CWSANDBOX_DECL outcome<void> mount(wire::Container const& container,
                                                   root_layout& layout);
  /// True when a path of the sandbox lies in a volume with restored content. What is there could be a link out of the
  /// root for who makes the root.
  [[nodiscard]] CWSANDBOX_DECL bool in_restored(std::string_view path) const;
  /// Lets go of the namespaces.
  void release() noexcept { keeper_.reset(); }

 private:
  [[nodiscard]] CWSANDBOX_DECL outcome<void> make_sub_path(std::string const& volume,
                                                           std::string const& sub_path) const;

  std::string directory_;
  std::string bwrap_;
  std::shared_ptr<guard> keeper_;
  std::vector<std::string> names_;
  std::vector<std::string> restored_paths_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/volumes.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_REMOVE_TREE_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_REMOVE_TREE_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

#include <dirent.h>

namespace cwsandbox::inline v1::detail::local {

/// Removes a directory tree in small steps, with few descriptors whatever its depth: directories found below are moved
/// up beside each other and emptied in turn. No symbolic link is followed. What cannot be removed is left.
class tree_remover {
 public:
  tree_remover() = default;
  /// The tree at an absolute path; nothing happens until `step`.
  explicit tree_remover(std::string path) : path_{std::move(path)} {}
  tree_remover(tree_remover const&) = delete;
  tree_remover& operator=(tree_remover const&) = delete;
  CWSANDBOX_DECL ~tree_remover();

  /// Removes up to `budget` entries. True when there is nothing left to do.
  CWSANDBOX_DECL bool step(std::size_t budget);

 private:
  CWSANDBOX_DECL bool open_next();
  CWSANDBOX_DECL void close_current() noexcept;

  std::string path_{};
  unique_fd top_{};
  /// The directory being emptied, a child of `top_` or itself.
  DIR* current_{};
  std::string current_name_{};
  std::uint64_t moved_{};
  std::uint64_t emptied_{};
  bool done_{};
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/remove_tree.ipp>
#endif

#endif

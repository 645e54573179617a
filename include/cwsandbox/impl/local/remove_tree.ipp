// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_REMOVE_TREE_IPP
#define CWSANDBOX_IMPL_LOCAL_REMOVE_TREE_IPP

#include <cwsandbox/transport/local/remove_tree.hpp>

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

namespace cwsandbox::inline v1::detail::local {

namespace removing {
// Longer than a name that a sandbox would choose by accident, and not to be mistaken for one of the engine's.
inline std::string moved_name(std::uint64_t number) {
  return ".cwsandbox-removing-" + std::to_string(number);
}
}  // namespace removing

CWSANDBOX_DECL tree_remover::~tree_remover() { close_current(); }

CWSANDBOX_DECL void tree_remover::close_current() noexcept {
  if (current_ != nullptr) ::closedir(current_);
  current_ = nullptr;
}

CWSANDBOX_DECL bool tree_remover::open_next() {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  if (!top_) {
    ::chmod(path_.c_str(), 0700);
    top_.reset(::open(path_.c_str(), flags));
    if (!top_) return false;
    current_name_.clear();
    current_ = ::fdopendir(::fcntl(top_.get(), F_DUPFD_CLOEXEC, 3));
    return current_ != nullptr;
  }
  while (emptied_ < moved_) {
    current_name_ = removing::moved_name(emptied_++);
    int const fd = ::openat(top_.get(), current_name_.c_str(), flags);
    if (fd < 0) continue;
    current_ = ::fdopendir(fd);
    if (current_ != nullptr) return true;
    ::close(fd);
  }
  return false;
}

CWSANDBOX_DECL bool tree_remover::step(std::size_t budget) {
  if (done_ || path_.empty()) return true;
  while (budget-- > 0) {
    if (current_ == nullptr && !open_next()) {
      top_.reset();
      ::rmdir(path_.c_str());
      done_ = true;
      return true;
    }
    auto const* const entry = ::readdir(current_);
    if (entry == nullptr) {
      close_current();
      if (!current_name_.empty()) ::unlinkat(top_.get(), current_name_.c_str(), AT_REMOVEDIR);
      continue;
    }
    std::string_view const name{entry->d_name};
    if (name == "." || name == "..") continue;
    int const directory = ::dirfd(current_);
    if (::unlinkat(directory, entry->d_name, 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) continue;
    if (::unlinkat(directory, entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOTDIR) continue;
    // What this loop moved up itself comes later in its turn.
    if (current_name_.empty() && name.starts_with(".cwsandbox-removing-")) continue;
    ::fchmodat(directory, entry->d_name, 0700, 0);
    auto const moved = removing::moved_name(moved_);
    if (::renameat(directory, entry->d_name, top_.get(), moved.c_str()) == 0) ++moved_;
  }
  return false;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

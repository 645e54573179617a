// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_FILES_IPP
#define CWSANDBOX_IMPL_LOCAL_FILES_IPP

#include <cwsandbox/transport/local/files.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace cwsandbox::inline v1::detail::local {

namespace filing {

inline error file_error(status_code code, std::string_view reason, std::string const& path,
                        std::string message) {
  return reasoned_error(code, reason, std::move(message)).with([&](error_details& d) {
    d.metadata.emplace_back("filepath", path);
  });
}

inline error errno_error(int error, std::string const& path) {
  std::string message = path + ": " + errno_text(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return file_error(status_code::not_found, reasons::file_not_found, path, std::move(message));
    case EISDIR:
      return file_error(status_code::failed_precondition, reasons::file_is_directory, path,
                        std::move(message));
    case EACCES:
    case EPERM:
    case EROFS:
      return file_error(status_code::permission_denied, reasons::file_permission_denied, path,
                        std::move(message));
    default:
      return file_error(status_code::internal, reasons::file_io_failed, path, std::move(message));
  }
}

inline error too_large(std::string const& path, std::uint64_t size, std::size_t limit) {
  return file_error(status_code::invalid_argument, reasons::file_too_large, path,
                    path + ": " + std::to_string(size) + " bytes are more than the " +
                        std::to_string(limit) + " that one call carries")
      .with([&](error_details& d) {
        d.metadata.emplace_back("size_bytes", std::to_string(size));
        d.metadata.emplace_back("max_size_bytes", std::to_string(limit));
      });
}

inline bool bad_path(std::string const& path) {
  return path.empty() || path.front() != '/' || path.find('\0') != std::string::npos;
}

inline bool capability_call(long call, __user_cap_data_struct* sets) noexcept {
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  return ::syscall(call, &header, sets) == 0;
}

}  // namespace filing

CWSANDBOX_DECL without_capabilities::without_capabilities() noexcept {
  if (!filing::capability_call(SYS_capget, before_)) return;
  if (before_[0].effective == 0 && before_[1].effective == 0) {
    done_ = true;
    return;
  }
  __user_cap_data_struct sets[2] = {before_[0], before_[1]};
  sets[0].effective = sets[1].effective = 0;
  done_ = changed_ = filing::capability_call(SYS_capset, sets);
}

CWSANDBOX_DECL without_capabilities::~without_capabilities() {
  if (changed_) filing::capability_call(SYS_capset, before_);
}

CWSANDBOX_DECL unique_fd open_below(int root, char const* path, int flags, mode_t mode) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd;
  // The kernel asks to try again when a directory on the way is moved at that moment.
  int tries = 0;
  do {
    fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 64)));
  int const error = errno;
  unique_fd result = above_stdio(unique_fd{static_cast<int>(fd)});
  errno = error;
  return result;
}

CWSANDBOX_DECL bool make_directories_below(int root, std::string_view path) {
  unique_fd at{::fcntl(root, F_DUPFD_CLOEXEC, 3)};
  std::string sofar;
  while (!path.empty()) {
    auto const end = std::min(path.find('/'), path.size());
    std::string const name{path.substr(0, end)};
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty() || name == ".") continue;
    sofar += '/';
    sofar += name;
    unique_fd next = open_below(root, sofar.c_str(), O_PATH | O_DIRECTORY);
    if (!next && errno == ENOENT && name != "..") {
      if (::mkdirat(at.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return false;
      next = open_below(root, sofar.c_str(), O_PATH | O_DIRECTORY);
    }
    if (!next) return false;
    at = std::move(next);
  }
  return true;
}

CWSANDBOX_DECL outcome<std::string> read_file_below(int root, std::string const& path,
                                                    std::size_t limit) {
  using namespace filing;
  if (bad_path(path)) return violation_error("path", "must be absolute");
  // Not blocking: a fifo without a writer must not stop the engine.
  unique_fd const fd = open_below(root, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return errno_error(errno, path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, path);
  if (S_ISDIR(status.st_mode)) return errno_error(EISDIR, path);
  if (!S_ISREG(status.st_mode)) {
    return file_error(status_code::failed_precondition, reasons::file_io_failed, path,
                      path + ": not a regular file");
  }
  auto const size = static_cast<std::uint64_t>(status.st_size);
  if (size > limit) return too_large(path, size, limit);
  std::string content;
  // One byte more than the size shows the end of the file without a second round; files of /proc have no size.
  content.resize(static_cast<std::size_t>(size) + 1);
  std::size_t filled = 0;
  for (;;) {
    if (filled == content.size()) content.resize(std::max<std::size_t>(4096, content.size() * 2));
    auto const n = ::read(fd.get(), content.data() + filled, content.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, path);
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
    if (filled > limit) return too_large(path, filled, limit);
  }
  content.resize(filled);
  return content;
}

CWSANDBOX_DECL outcome<void> write_file_below(int root, std::string const& path,
                                              std::string_view content, std::size_t limit) {
  using namespace filing;
  if (bad_path(path)) return violation_error("path", "must be absolute");
  if (content.size() > limit) return too_large(path, content.size(), limit);
  constexpr int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY;
  unique_fd fd = open_below(root, path.c_str(), flags);
  if (!fd && errno == ENOENT) {
    fd = open_below(root, path.c_str(), flags | O_CREAT, 0644);
    // The caller's umask is not the sandbox's.
    if (fd) ::fchmod(fd.get(), 0644);
  }
  if (!fd) return errno_error(errno, path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, path);
  if (!S_ISREG(status.st_mode)) {
    return file_error(status_code::failed_precondition, reasons::file_io_failed, path,
                      path + ": not a regular file");
  }
  if (::ftruncate(fd.get(), 0) != 0 || !write_all(fd.get(), content))
    return errno_error(errno, path);
  return {};
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_UNIQUE_FD_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_UNIQUE_FD_HPP

#include <cwsandbox/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace cwsandbox::inline v1::detail::local {

/// Owns a file descriptor.
class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int fd) noexcept : fd_{fd} {}
  unique_fd(unique_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~unique_fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_{-1};
};

/// Both ends of a pipe, close-on-exec, and never numbered 0 to 2: a child process rearranges those.
struct pipe_ends {
  unique_fd read{};
  unique_fd write{};
};

/// Makes a pipe. Both ends are empty when the process has no descriptors left.
[[nodiscard]] CWSANDBOX_DECL pipe_ends make_pipe() noexcept;

/// The descriptor, moved above 2 when it is below.
[[nodiscard]] CWSANDBOX_DECL unique_fd above_stdio(unique_fd fd) noexcept;

CWSANDBOX_DECL void set_nonblocking(int fd) noexcept;

/// A file in memory that holds `content`, to be read from its start.
[[nodiscard]] CWSANDBOX_DECL unique_fd memory_file(char const* name,
                                                   std::string_view content) noexcept;

/// Writes everything to a blocking descriptor. False with `errno` set when that failed.
CWSANDBOX_DECL bool write_all(int fd, std::string_view bytes) noexcept;

/// The content of a small file below a directory (`AT_FDCWD` for an absolute path), or nothing of it.
[[nodiscard]] CWSANDBOX_DECL std::string read_small_file(int directory, char const* path,
                                                         std::size_t limit = std::size_t{1} << 20);

/// A set of descriptors of which the kernel knows which are ready. The set is a descriptor itself, so that one asio
/// object waits for all of them. Descriptors may be added and removed from any thread.
class poll_set {
 public:
  struct event {
    unsigned tag{};
    unsigned flags{};
  };

  CWSANDBOX_DECL poll_set() noexcept;

  [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(epoll_); }
  /// Watches a descriptor for input and hang-up, or for hang-up alone.
  CWSANDBOX_DECL bool add(int fd, unsigned tag, bool input = true) noexcept;
  CWSANDBOX_DECL void remove(int fd) noexcept;
  void close() noexcept { epoll_.reset(); }
  /// What is ready now, without waiting: the number of events stored.
  [[nodiscard]] CWSANDBOX_DECL std::size_t poll(event* events, std::size_t capacity) noexcept;

 private:
  unique_fd epoll_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/unique_fd.ipp>
#endif

#endif

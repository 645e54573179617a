// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_UNIQUE_FD_IPP
#define CWSANDBOX_IMPL_LOCAL_UNIQUE_FD_IPP

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>

namespace cwsandbox::inline v1::detail::local {

CWSANDBOX_DECL unique_fd above_stdio(unique_fd fd) noexcept {
  if (!fd || fd.get() > 2) return fd;
  return unique_fd{::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3)};
}

CWSANDBOX_DECL pipe_ends make_pipe() noexcept {
  int fds[2] = {-1, -1};
  pipe_ends result;
  if (::pipe2(fds, O_CLOEXEC) != 0) return result;
  result.read = above_stdio(unique_fd{fds[0]});
  result.write = above_stdio(unique_fd{fds[1]});
  if (!result.read || !result.write) return pipe_ends{};
  return result;
}

CWSANDBOX_DECL void set_nonblocking(int fd) noexcept {
  int const flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

CWSANDBOX_DECL unique_fd memory_file(char const* name, std::string_view content) noexcept {
  unique_fd fd = above_stdio(unique_fd{::memfd_create(name, MFD_CLOEXEC)});
  if (!fd || !write_all(fd.get(), content) || ::lseek(fd.get(), 0, SEEK_SET) != 0)
    return unique_fd{};
  return fd;
}

CWSANDBOX_DECL bool write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    auto const n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

CWSANDBOX_DECL std::string read_small_file(int directory, char const* path, std::size_t limit) {
  std::string result;
  unique_fd const fd{::openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!fd) return result;
  std::array<char, 4096> buffer;
  while (result.size() < limit) {
    auto const n = ::read(fd.get(), buffer.data(), std::min(buffer.size(), limit - result.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    result.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return result;
}

CWSANDBOX_DECL poll_set::poll_set() noexcept
    : epoll_{above_stdio(unique_fd{::epoll_create1(EPOLL_CLOEXEC)})} {}

CWSANDBOX_DECL bool poll_set::add(int fd, unsigned tag, bool input) noexcept {
  epoll_event change{};
  change.events = input ? static_cast<std::uint32_t>(EPOLLIN) : 0U;
  change.data.u32 = tag;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &change) == 0;
}

CWSANDBOX_DECL void poll_set::remove(int fd) noexcept {
  epoll_event change{};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &change);
}

CWSANDBOX_DECL std::size_t poll_set::poll(event* events, std::size_t capacity) noexcept {
  std::array<epoll_event, 16> ready;
  int const n = ::epoll_wait(epoll_.get(), ready.data(),
                             static_cast<int>(std::min(capacity, ready.size())), 0);
  for (int i = 0; i < n; ++i) {
    auto const& from = ready[static_cast<std::size_t>(i)];
    events[i] = event{from.data.u32, from.events};
  }
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

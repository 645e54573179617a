// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_STATE_DIRECTORY_IPP
#define CWSANDBOX_IMPL_LOCAL_STATE_DIRECTORY_IPP

#include <cwsandbox/transport/local/state_directory.hpp>

#include <cwsandbox/transport/local/errors.hpp>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace cwsandbox::inline v1::detail::local {

namespace keeping {

inline constexpr char const* lock_name = "lock";
inline constexpr std::string_view process_suffix = ".process";

template <class Number>
Number leading_number(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// True when the process that made a directory of this name is still there.
inline bool maker_lives(std::string_view name) {
  auto const dash = name.find('-');
  if (dash == std::string_view::npos) return false;
  auto const pid = leading_number<pid_t>(name);
  auto const start = leading_number<unsigned long long>(name.substr(dash + 1));
  return pid > 0 && start != 0 && times_of(pid).start == start;
}

inline void kill_recorded(std::string const& path) {
  auto const text = read_small_file(AT_FDCWD, path.c_str(), 128);
  auto const space = text.find(' ');
  if (space == std::string::npos) return;
  auto const pid = leading_number<pid_t>(text);
  auto const start = leading_number<unsigned long long>(std::string_view{text}.substr(space + 1));
  if (pid <= 0 || start == 0) return;
  unique_fd const pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (pidfd && times_of(pid).start == start) {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  }
}

}  // namespace keeping

CWSANDBOX_DECL std::string hex_text(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  result.reserve(2 * bytes.size());
  for (char const c : bytes) {
    auto const value = static_cast<unsigned char>(c);
    result += digits[value >> 4];
    result += digits[value & 15];
  }
  return result;
}

CWSANDBOX_DECL std::string random_hex(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    auto const n = ::getrandom(bytes.data() + filled, size - filled, 0);
    if (n > 0) filled += static_cast<std::size_t>(n);
  }
  return hex_text(bytes);
}

CWSANDBOX_DECL std::string random_uuid() {
  auto hex = random_hex(16);
  constexpr std::string_view variants = "89ab";
  hex[12] = '4';
  hex[16] = variants[static_cast<unsigned char>(hex[16]) & 3U];
  for (std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
  return hex;
}

CWSANDBOX_DECL process_times times_of(pid_t pid) {
  process_times result;
  auto const text =
      read_small_file(AT_FDCWD, ("/proc/" + std::to_string(pid) + "/stat").c_str(), 4096);
  // The name, second of all, may hold blanks and brackets.
  std::string_view rest{text};
  auto const bracket = rest.rfind(')');
  if (bracket == std::string_view::npos) return result;
  rest.remove_prefix(bracket + 1);
  for (int field = 3; field <= 22; ++field) {
    if (rest.empty()) return process_times{};
    rest.remove_prefix(1);
    if (field == 4) result.parent = keeping::leading_number<pid_t>(rest);
    if (field == 22) result.start = keeping::leading_number<unsigned long long>(rest);
    rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  }
  return result;
}

CWSANDBOX_DECL std::vector<std::string> names_in(std::string const& path) {
  std::vector<std::string> result;
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return result;
  while (auto const* entry = ::readdir(directory)) {
    std::string_view const name{entry->d_name};
    if (name != "." && name != "..") result.emplace_back(name);
  }
  ::closedir(directory);
  return result;
}

CWSANDBOX_DECL outcome<void> make_private_directory(std::string const& path) {
  auto const failed = [](std::string why) {
    return rpc_error(status_code::failed_precondition, std::move(why));
  };
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed(errno_text(errno));
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return failed(errno_text(errno));
  if (!S_ISDIR(status.st_mode)) return failed("not a directory");
  if (status.st_uid != ::geteuid() || (status.st_mode & 022) != 0)
    return failed("others may change it");
  return {};
}

CWSANDBOX_DECL std::string state_directory::default_base() {
  auto const name = "/cwsandbox-" + std::to_string(::geteuid());
  char const* const runtime = std::getenv("XDG_RUNTIME_DIR");
  return (runtime != nullptr && runtime[0] == '/' ? std::string(runtime) : std::string("/tmp")) +
         name;
}

CWSANDBOX_DECL outcome<state_directory> state_directory::make(std::string const& base) {
  auto const failed = [](std::string const& path, std::string const& why) -> error {
    return rpc_error(status_code::failed_precondition,
                     "the local engine cannot keep its files in " + path + ": " + why +
                         " (set local_options::state_directory to a directory of your own)");
  };
  state_directory result;
  result.base_ = base.empty() ? default_base() : base;
  // A base in /tmp could have been made by somebody else first.
  if (auto const fit = make_private_directory(result.base_); !fit)
    return failed(result.base_, fit.error().message());

  auto const pid = ::getpid();
  auto const name =
      std::to_string(pid) + "-" + std::to_string(times_of(pid).start) + "-" + random_hex(4);
  auto const final_path = result.base_ + "/" + name;
  auto const first_path = final_path + ".new";
  if (::mkdir(first_path.c_str(), 0700) != 0) return failed(first_path, errno_text(errno));
  auto const lock_path = first_path + "/" + keeping::lock_name;
  result.lock_.reset(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  // Locked before it has its final name: nobody ever sees it unlocked.
  if (!result.lock_ || ::flock(result.lock_.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::rename(first_path.c_str(), final_path.c_str()) != 0) {
    return failed(first_path, errno_text(errno));
  }
  result.path_ = final_path;
  return result;
}

CWSANDBOX_DECL std::vector<state_directory::leftover> state_directory::take_leftovers() const {
  std::vector<leftover> result;
  for (auto const& name : names_in(base_)) {
    leftover found;
    found.path = base_ + "/" + name;
    if (found.path == path_) continue;
    found.lock.reset(
        ::open((found.path + "/" + keeping::lock_name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (found.lock ? ::flock(found.lock.get(), LOCK_EX | LOCK_NB) != 0 : keeping::maker_lives(name))
      continue;
    for (auto const& file : names_in(found.path)) {
      if (file.ends_with(keeping::process_suffix)) keeping::kill_recorded(found.path + "/" + file);
    }
    result.push_back(std::move(found));
  }
  return result;
}

CWSANDBOX_DECL void record_process(std::string const& path, pid_t pid) {
  unique_fd const fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (fd)
    write_all(fd.get(), std::to_string(pid) + " " + std::to_string(times_of(pid).start) + "\n");
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

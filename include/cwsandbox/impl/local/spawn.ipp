// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SPAWN_IPP
#define CWSANDBOX_IMPL_LOCAL_SPAWN_IPP

#include <cwsandbox/transport/local/spawn.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// ThreadSanitizer takes every call of clone() for a fork and stops watching; the same function under glibc's other name
// is left alone.
#if defined(__SANITIZE_THREAD__) && defined(__GLIBC__)
#define CWSANDBOX_DETAIL_CLONE ::__clone
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;
#elif defined(__has_feature) && defined(__GLIBC__)
#if __has_feature(thread_sanitizer)
#define CWSANDBOX_DETAIL_CLONE ::__clone
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;
#endif
#endif
#if !defined(CWSANDBOX_DETAIL_CLONE)
#define CWSANDBOX_DETAIL_CLONE ::clone
#endif

namespace cwsandbox::inline v1::detail::local {

namespace spawning {

// The kernel headers of Debian 12 and older lack some of these names.
inline constexpr long close_range_call = 436;
inline constexpr unsigned close_range_on_exec = 4;
inline constexpr int pidfd_id = 3;

// The sanitizers know nothing of a child that borrows its parent's memory and runs on a stack of its own.
#define CWSANDBOX_DETAIL_IN_CHILD __attribute__((no_sanitize("address"), no_sanitize("thread")))

inline constexpr std::size_t stack_size = std::size_t{64} * 1024;

/// What the new process needs, prepared before it exists: between the clone and the exec nothing may be allocated,
/// because the memory is the parent's.
struct plan {
  spawn_request const* request{};
  char* const* arguments{};
  char* const* environment{};
  /// The files to try in turn.
  char const* const* candidates{};
  /// `sh FILE ARGUMENTS...`, for a script without an interpreter line; the file is filled in late.
  char const** script{};
  unsigned char* inner_stack{};
  std::size_t descriptors{};
  /// For a user namespace that is to be made: each of the two ids as it is outside.
  char const* user_map{};
  char const* group_map{};
  pid_t engine{};
  pid_t outer{};
  pid_t inner{};
  int inner_pidfd{-1};
  bool own_user{};
  spawn_stage stage{};
  int error{};
};

[[noreturn]] CWSANDBOX_DETAIL_IN_CHILD inline void give_up(plan& p, spawn_stage stage) noexcept {
  p.stage = stage;
  p.error = errno;
  ::_exit(127);
}

CWSANDBOX_DETAIL_IN_CHILD inline bool drop_capabilities() noexcept {
  for (int capability = 0; ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct header{};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct none[2] = {};
  return ::syscall(SYS_capset, &header, none) == 0;
}

CWSANDBOX_DETAIL_IN_CHILD inline void close_on_exec_all(std::size_t descriptors) noexcept {
  if (::syscall(close_range_call, 3U, ~0U, close_range_on_exec) == 0) return;
  for (std::size_t fd = 3; fd < descriptors; ++fd)
    ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
}

CWSANDBOX_DETAIL_IN_CHILD inline bool place_stdio(int from, int to) noexcept {
  return from < 0 || ::dup2(from, to) == to;
}

CWSANDBOX_DETAIL_IN_CHILD inline void execute(plan& p) noexcept {
  int error = ENOENT;
  for (auto const* candidate = p.candidates; *candidate != nullptr; ++candidate) {
    ::execve(*candidate, p.arguments, p.environment);
    if (errno == ENOEXEC) {
      p.script[1] = *candidate;
      ::execve("/bin/sh", const_cast<char* const*>(p.script), p.environment);
      errno = ENOEXEC;
    }
    // what is found but cannot be run says more than what is not found elsewhere
    if (errno != ENOENT && errno != ENOTDIR) {
      error = errno;
      if (error != EACCES) break;
    }
  }
  errno = error;
}

/// Runs in the new process, in its final namespaces.
CWSANDBOX_DETAIL_IN_CHILD inline int prepare_and_execute(void* argument) noexcept {
  auto& p = *static_cast<plan*>(argument);
  auto const& request = *p.request;
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < _NSIG; ++signal) ::sigaction(signal, &action, nullptr);

  // What loses its parent in a namespace becomes the first process' child; the kernel is to reap it.
  if (request.contain) {
    action.sa_handler = SIG_IGN;
    ::sigaction(SIGCHLD, &action, nullptr);
  }

  ::setsid();
  if (request.lifeline >= 0) {
    ::fcntl(request.lifeline, F_SETOWN, -::getpid());
    ::fcntl(request.lifeline, F_SETSIG, SIGKILL);
    ::fcntl(request.lifeline, F_SETFL, O_ASYNC | O_NONBLOCK);
  }
  if (!place_stdio(request.input, 0) || !place_stdio(request.output, 1) ||
      !place_stdio(request.error, 2)) {
    give_up(p, spawn_stage::fork);
  }
  close_on_exec_all(p.descriptors);
  for (int fd : request.keep) ::fcntl(fd, F_SETFD, 0);
  if (request.terminal) ::ioctl(0, TIOCSCTTY, 0);
  for (auto const& limit : request.limits) {
    ::setrlimit(static_cast<__rlimit_resource>(limit.resource), &limit.value);
  }
  for (auto const& mount : request.mounts) {
    if (::mount("tmpfs", mount.path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV,
                mount.options.c_str()) != 0) {
      give_up(p, spawn_stage::mount);
    }
  }
  if (request.unprivileged &&
      (!drop_capabilities() || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)) {
    give_up(p, spawn_stage::privileges);
  }
  if (!request.working_directory.empty() && ::chdir(request.working_directory.c_str()) != 0) {
    give_up(p, spawn_stage::directory);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  execute(p);
  give_up(p, spawn_stage::execute);
}

/// The caller's parent, as seen by who mounted `/proc`: `getppid` is 0 for every parent outside a PID namespace. -1 when
/// it cannot be told.
CWSANDBOX_DETAIL_IN_CHILD inline pid_t parent_in_proc() noexcept {
  int const fd = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[512];
  auto const size = ::read(fd, text, sizeof text);
  ::close(fd);
  // After the name, which may hold brackets itself, come the state and the parent.
  ssize_t at = size - 1;
  while (at >= 0 && text[at] != ')') --at;
  if (at < 0) return -1;
  pid_t parent = 0;
  for (at += 4; at < size && text[at] >= '0' && text[at] <= '9'; ++at) {
    parent = parent * 10 + (text[at] - '0');
  }
  return parent;
}

CWSANDBOX_DETAIL_IN_CHILD inline bool write_file(char const* path, char const* text) noexcept {
  int const fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  std::size_t size = 0;
  while (text[size] != '\0') ++size;
  bool const done = ::write(fd, text, size) == static_cast<ssize_t>(size);
  ::close(fd);
  return done;
}

/// Binds the life of a namespace's first process to the engine's, and gives the namespace its `/proc`.
CWSANDBOX_DETAIL_IN_CHILD inline bool settle_in_namespace(plan const& p) noexcept {
  // In this order: an engine that ended before the first call is no parent any more at the second, and one that ends
  // later sends the signal.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return false;
  if (parent_in_proc() != p.engine) ::_exit(127);
  if (p.own_user && (!write_file("/proc/self/setgroups", "deny") ||
                     !write_file("/proc/self/uid_map", p.user_map) ||
                     !write_file("/proc/self/gid_map", p.group_map))) {
    return false;
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0 &&
         ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

/// Runs in a child of the main thread to be. It must not go on before its first parent is gone: a program that asks to
/// die with its parent would mean that one.
CWSANDBOX_DETAIL_IN_CHILD inline int wait_for_adoption_and_execute(void* argument) noexcept {
  auto& p = *static_cast<plan*>(argument);
  if (p.request->contain) {
    pid_t parent;
    while ((parent = parent_in_proc()) == p.outer) ::sched_yield();
    if (parent < 0 || !settle_in_namespace(p)) give_up(p, spawn_stage::enter);
  } else {
    while (::getppid() == p.outer) ::sched_yield();
  }
  return prepare_and_execute(argument);
}

/// Runs in the first child. A PID namespace is entered by the children of the process that asks for it only, so
/// there is a second one; CLONE_PARENT makes it a child of the engine's process, which can then wait for it.
CWSANDBOX_DETAIL_IN_CHILD inline int enter_and_continue(void* argument) noexcept {
  auto& p = *static_cast<plan*>(argument);
  auto const& request = *p.request;
  for (int group : request.groups) {
    if (::write(group, "0", 1) != 1) give_up(p, spawn_stage::group);
  }
  if (request.by_main_thread) {
    p.outer = ::getpid();
    int flags = CLONE_VM | CLONE_PIDFD | SIGCHLD;
    if (request.contain) flags |= CLONE_NEWPID | CLONE_NEWNS;
    p.inner = CWSANDBOX_DETAIL_CLONE(wait_for_adoption_and_execute, p.inner_stack + stack_size,
                                     flags, argument, &p.inner_pidfd);
    if (p.inner < 0 && request.contain && errno == EPERM) {
      p.own_user = true;
      p.inner = CWSANDBOX_DETAIL_CLONE(wait_for_adoption_and_execute, p.inner_stack + stack_size,
                                       flags | CLONE_NEWUSER, argument, &p.inner_pidfd);
    }
    if (p.inner < 0) give_up(p, request.contain ? spawn_stage::enter : spawn_stage::fork);
    ::_exit(0);
  }
  if (request.enter < 0) return prepare_and_execute(argument);
  if (::setns(request.enter, request.namespaces) != 0) {
    give_up(p, spawn_stage::enter);
  }
  if (CWSANDBOX_DETAIL_CLONE(prepare_and_execute, p.inner_stack + stack_size,
                             CLONE_VM | CLONE_VFORK | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD,
                             argument, &p.inner) < 0) {
    give_up(p, spawn_stage::fork);
  }
  ::_exit(0);
}

#undef CWSANDBOX_DETAIL_IN_CHILD

inline std::vector<std::string> candidates_of(spawn_request const& request) {
  std::vector<std::string> result;
  auto const& name = request.arguments.front();
  if (name.find('/') != std::string::npos) {
    result.push_back(name);
    return result;
  }
  if (name.empty()) return result;
  std::size_t begin = 0;
  while (begin <= request.path.size()) {
    auto const end = std::min(request.path.find(':', begin), request.path.size());
    if (end > begin) result.push_back(request.path.substr(begin, end - begin) + "/" + name);
    begin = end + 1;
  }
  return result;
}

inline std::vector<char const*> pointers(std::vector<std::string> const& strings) {
  std::vector<char const*> result;
  result.reserve(strings.size() + 1);
  for (auto const& s : strings) result.push_back(s.c_str());
  result.push_back(nullptr);
  return result;
}

inline void reap_quietly(pid_t pid) noexcept {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL) != 0 && errno == EINTR) {
  }
}

/// While it lives, a process whose parent ends becomes a child of this process' main thread. It is a property of the
/// whole process and set for the moment of a spawn only.
class adoption {
 public:
  adoption() : lock_{mutex()} {
    ::prctl(PR_GET_CHILD_SUBREAPER, &before_, 0, 0, 0);
    if (before_ == 0) ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  }
  adoption(adoption const&) = delete;
  adoption& operator=(adoption const&) = delete;
  ~adoption() {
    if (before_ == 0) ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  std::lock_guard<std::mutex> lock_;
  int before_{};
};

}  // namespace spawning

CWSANDBOX_DECL spawn_result spawn(spawn_request const& request) {
  using namespace spawning;
  auto const files = candidates_of(request);
  auto const candidates = pointers(files);
  auto const arguments = pointers(request.arguments);
  auto const environment = pointers(request.environment);
  std::vector<char const*> script{"sh", nullptr};
  script.insert(script.end(), arguments.begin() + 1, arguments.end());
  auto const stacks = std::make_unique_for_overwrite<unsigned char[]>(2 * stack_size);

  plan p;
  p.request = &request;
  p.arguments = const_cast<char* const*>(arguments.data());
  p.environment = const_cast<char* const*>(environment.data());
  p.candidates = candidates.data();
  p.script = script.data();
  p.inner_stack = stacks.get() + stack_size;
  p.engine = ::getpid();
  auto const same = [](unsigned id) {
    return std::to_string(id) + " " + std::to_string(id) + " 1";
  };
  auto const user_map = same(::geteuid());
  auto const group_map = same(::getegid());
  p.user_map = user_map.c_str();
  p.group_map = group_map.c_str();
  rlimit open_files{};
  ::getrlimit(RLIMIT_NOFILE, &open_files);
  p.descriptors = static_cast<std::size_t>(std::min<rlim_t>(open_files.rlim_cur, 65536));

  spawn_result result;
  // Nobody is suspended for a process that changes its parent: the program's start closes this pipe.
  unique_fd gate;
  unique_fd gate_of_child;
  if (request.by_main_thread) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      result.stage = spawn_stage::fork;
      result.error = errno;
      return result;
    }
    gate.reset(ends[0]);
    gate_of_child.reset(ends[1]);
  }
  // A handler of this process must never run in a child that shares its memory.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  bool const two_steps = request.by_main_thread || request.enter >= 0;
  std::optional<adoption> adopting;
  if (request.by_main_thread) adopting.emplace();
  pid_t const outer = CWSANDBOX_DETAIL_CLONE(
      enter_and_continue, stacks.get() + stack_size,
      CLONE_VM | CLONE_VFORK | SIGCHLD | (request.by_main_thread ? CLONE_FILES : 0), &p);
  int const clone_error = errno;
  if (outer >= 0 && two_steps) reap_quietly(outer);
  adopting.reset();
  if (outer >= 0 && request.by_main_thread) {
    gate_of_child.reset();
    char none = 0;
    while (::read(gate.get(), &none, 1) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (outer < 0) {
    result.stage = spawn_stage::fork;
    result.error = clone_error;
    return result;
  }
  pid_t const pid = two_steps ? p.inner : outer;
  // Made by the first child, which shares this process' descriptors.
  unique_fd pidfd{p.inner_pidfd};
  if (p.stage != spawn_stage::none) {
    if (pid > 0) reap_quietly(pid);
    result.stage = p.stage;
    result.error = p.error;
    return result;
  }
  if (!pidfd) pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    result.stage = spawn_stage::fork;
    result.error = errno;
    ::kill(pid, SIGKILL);
    reap_quietly(pid);
    return result;
  }
  result.process = std::make_shared<child_process>(pid, std::move(pidfd));
  result.own_user = p.own_user;
  return result;
}

CWSANDBOX_DECL void reap_adopted(int pidfd, pid_t group) noexcept {
  siginfo_t info{};
  if (pidfd >= 0) {
    ::waitid(static_cast<idtype_t>(spawning::pidfd_id), static_cast<id_t>(pidfd), &info,
             WEXITED | WNOHANG | __WALL);
  }
  do {
    info.si_pid = 0;
  } while (group > 0 &&
           ::waitid(P_PGID, static_cast<id_t>(group), &info, WEXITED | WNOHANG | __WALL) == 0 &&
           info.si_pid != 0);
}

CWSANDBOX_DECL child_process::~child_process() {
  kill(SIGKILL, true);
  wait();
}

CWSANDBOX_DECL bool child_process::reap(int flags) noexcept {
  if (status_) return true;
  siginfo_t info{};
  int outcome;
  do {
    info.si_pid = 0;
    outcome = ::waitid(static_cast<idtype_t>(spawning::pidfd_id), static_cast<id_t>(pidfd_.get()),
                       &info, WEXITED | __WALL | flags);
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0) {
    // Somebody else reaps it (a program that ignores SIGCHLD or waits for any child): the end shows, the status is lost.
    pollfd end{pidfd_.get(), POLLIN, 0};
    if (::poll(&end, 1, (flags & WNOHANG) != 0 ? 0 : -1) <= 0) return false;
    status_ = 255;
    return true;
  }
  if (info.si_pid == 0) return false;
  status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  return true;
}

CWSANDBOX_DECL std::optional<int> child_process::exit_status() noexcept {
  std::lock_guard const lock{mutex_};
  reap(WNOHANG);
  return status_;
}

CWSANDBOX_DECL void child_process::wait() noexcept {
  std::lock_guard const lock{mutex_};
  reap(0);
}

CWSANDBOX_DECL void child_process::kill(int signal, bool group) noexcept {
  std::lock_guard const lock{mutex_};
  // Once reaped, the number may belong to somebody else.
  if (status_) return;
  ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
  if (group) ::kill(-pid_, signal);
}

}  // namespace cwsandbox::inline v1::detail::local

#undef CWSANDBOX_DETAIL_CLONE

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_SPAWN_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_SPAWN_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/unique_fd.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

namespace cwsandbox::inline v1::detail::local {

/// A limit that a new process gets before it runs.
struct process_limit {
  int resource{};
  rlimit value{};
};

/// A file system in memory to be mounted.
struct memory_mount {
  /// A directory that is there.
  std::string path{};
  /// As `mount` takes them, e.g. `size=4096`.
  std::string options{};
};

/// A process to be made.
struct spawn_request {
  /// The program and its arguments. A name without a slash is looked for in the directories of `path`.
  std::vector<std::string> arguments{};
  std::vector<std::string> environment{};
  std::string path{};
  /// Empty: left as it is.
  std::string working_directory{};
  int input{-1};
  int output{-1};
  int error{-1};
  /// A pidfd of a process whose namespaces the new process enters, or -1.
  int enter{-1};
  /// Which of them, as the flags of `setns`.
  int namespaces{};
  /// The new process holds no capability and can gain none.
  bool unprivileged{};
  /// The standard input is a terminal that controls the new session.
  bool terminal{};
  /// The new process is a child of this process' main thread, whichever thread makes it. The kernel's parent-death
  /// signal follows the thread, not the process; a program that asks for that signal (bwrap) would otherwise die with
  /// whichever thread of the embedder happened to start it.
  bool by_main_thread{};
  /// The new process is the first of a PID namespace, in a mount namespace whose `/proc` shows that one, and is killed
  /// when this process ends, at whatever moment. Needs `by_main_thread`.
  bool contain{};
  /// The read end of a pipe: when its other end is closed, the new process and its group are killed. -1 for none.
  int lifeline{-1};
  /// Descriptors that stay open in the new process under their own numbers.
  std::vector<int> keep{};
  /// `cgroup.procs` files of the groups to be in.
  std::vector<int> groups{};
  std::vector<process_limit> limits{};
  /// Mounted before the program runs, in the mount namespace that it is in. They stay there.
  std::vector<memory_mount> mounts{};
};

/// What went wrong first when a process could not be made.
enum class spawn_stage { none, fork, group, enter, mount, privileges, directory, execute };

/// A process that was made here. Its members may be called from any thread.
class child_process {
 public:
  child_process(pid_t pid, unique_fd pidfd) noexcept : pid_{pid}, pidfd_{std::move(pidfd)} {}
  child_process(child_process const&) = delete;
  child_process& operator=(child_process const&) = delete;
  /// Kills what was not reaped, and waits for its end.
  CWSANDBOX_DECL ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable once the process has ended.
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }

  /// The exit status once the process has ended: its exit code, or 128 + signal; 255 when somebody else took it. Reaps
  /// it.
  [[nodiscard]] CWSANDBOX_DECL std::optional<int> exit_status() noexcept;
  /// Waits for the end, which must be near.
  CWSANDBOX_DECL void wait() noexcept;
  /// Signals the process, or its whole group, unless it was reaped.
  CWSANDBOX_DECL void kill(int signal, bool group) noexcept;

 private:
  CWSANDBOX_DECL bool reap(int flags) noexcept;

  std::mutex mutex_;
  pid_t const pid_;
  unique_fd const pidfd_;
  std::optional<int> status_;
};

/// Reaps what became a child of this process by the way: while a child of the main thread is made, this process is given
/// all that its descendants leave behind. `pidfd` is one such process, or -1; `group` a process group, or 0.
CWSANDBOX_DECL void reap_adopted(int pidfd, pid_t group) noexcept;

struct spawn_result {
  std::shared_ptr<child_process> process{};
  spawn_stage stage{};
  int error{};
  /// A user namespace had to be made for `contain`.
  bool own_user{};
};

/// Makes a process. The calling thread stops until the new program runs or the attempt failed; the address space is
/// borrowed meanwhile, not copied, so that the cost does not grow with the size of this process.
///
/// The new process leads its own session, has default signal handling, no descriptor but the named ones, and is a
/// direct child of this process even when it lives in another PID namespace.
[[nodiscard]] CWSANDBOX_DECL spawn_result spawn(spawn_request const& request);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/spawn.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_SANDBOX_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_SANDBOX_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/exec.hpp>
#include <cwsandbox/wire/sandbox.hpp>

#include <cwsandbox/transport/local/guard.hpp>
#include <cwsandbox/transport/local/limits.hpp>
#include <cwsandbox/transport/local/log_buffer.hpp>
#include <cwsandbox/transport/local/options.hpp>
#include <cwsandbox/transport/local/remove_tree.hpp>
#include <cwsandbox/transport/local/rootfs.hpp>
#include <cwsandbox/transport/local/spawn.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>
#include <cwsandbox/transport/local/volumes.hpp>
#include <cwsandbox/transport/local/waiting.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

[[nodiscard]] constexpr bool is_terminal(wire::State state) noexcept {
  return state == wire::State::completed || state == wire::State::failed ||
         state == wire::State::terminated;
}

/// One client that reads a sandbox' log.
struct log_reader {
  std::shared_ptr<log_session> session{};
  std::shared_ptr<notifier> wake{};
  bool follow{};
  /// Where a reader that does not follow stops.
  std::uint64_t until{};
  /// Said once, then the stream ends.
  std::optional<wire::LogEntry> refusal{};
};

/// What a log reader does next: hand out an entry, wait for its notifier, or, with neither, end.
struct log_step {
  std::optional<wire::LogEntry> entry{};
  bool wait{};
};

/// What one exec runs with.
struct exec_setup {
  std::vector<std::string> command{};
  wire::string_map environment{};
  int input{-1};
  int output{-1};
  int error{-1};
  bool terminal{};
};

/// The template that a sandbox was made from, if any.
struct sandbox_origin {
  std::string template_id{};
  std::int64_t template_revision{};
};

/// A volume that starts with the content of a snapshot.
struct restore_source {
  std::string volume{};
  std::string snapshot_id{};
  unique_fd archive{};
};

/// One sandbox: its processes, its files and its record. Its members may be called from any thread; `step` and `clean`
/// by one caller at a time.
class sandbox {
 public:
  using log_function = std::function<void(std::string_view)>;

  CWSANDBOX_DECL sandbox(std::string id, std::uint64_t sequence, wire::SandboxSpec spec,
                         std::shared_ptr<local_options const> options, sandbox_origin origin);
  sandbox(sandbox const&) = delete;
  sandbox& operator=(sandbox const&) = delete;
  CWSANDBOX_DECL ~sandbox();

  [[nodiscard]] std::string const& id() const noexcept { return id_; }
  /// Grows from sandbox to sandbox.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] wire::SandboxSpec const& spec() const noexcept { return spec_; }

  /// Makes the files and the first process; when there is something to restore, that is only begun, and `step` does the
  /// rest. `engine_directory` holds the shared `/etc`; `keeper`, when there is one, takes the processes with it when the
  /// engine dies.
  [[nodiscard]] CWSANDBOX_DECL outcome<void> start(std::string const& engine_directory,
                                                   std::shared_ptr<guard> keeper,
                                                   std::vector<restore_source> restores,
                                                   log_function const& log);

  [[nodiscard]] CWSANDBOX_DECL wire::Sandbox snapshot() const;
  [[nodiscard]] CWSANDBOX_DECL wire::State state() const;
  /// Why the sandbox failed before its main process could run, when that was not the command's fault.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> start_failure() const;
  /// A notifier that is raised by each change of state from now on.
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<notifier> watch();

  /// Asks the main process to end and kills everything after `grace`. Only the first call counts and gives true.
  /// `at_end` is for who waits for the end: see `take_at_end`.
  CWSANDBOX_DECL bool stop(std::chrono::seconds grace, std::function<void()> at_end = nullptr);
  /// What is to be done once no process is left, before the files go.
  [[nodiscard]] CWSANDBOX_DECL std::function<void()> take_at_end();

  /// While it lives, the files of the sandbox stay; empty unless it runs.
  [[nodiscard]] CWSANDBOX_DECL static std::shared_ptr<void> hold_files(
      std::shared_ptr<sandbox> const& box);
  [[nodiscard]] CWSANDBOX_DECL bool files_held() const;
  /// Where a volume is, for who holds the files.
  [[nodiscard]] CWSANDBOX_DECL archive_place place_of(std::string const& volume) const;

  /// Runs a command inside. A command that cannot be run is not an error: the result says why.
  [[nodiscard]] CWSANDBOX_DECL outcome<spawn_result> execute(exec_setup const& setup);
  /// Opens the sandbox' own terminal device.
  [[nodiscard]] CWSANDBOX_DECL unique_fd open_terminal();
  [[nodiscard]] CWSANDBOX_DECL outcome<std::string> read_file(std::string const& path);
  [[nodiscard]] CWSANDBOX_DECL outcome<void> write_file(std::string const& path,
                                                        std::string_view content);

  [[nodiscard]] CWSANDBOX_DECL outcome<log_reader> open_log(wire::StreamLogsRequest const& request);
  [[nodiscard]] CWSANDBOX_DECL log_step read_log(log_reader& reader);

  /// What the supervisor waits for.
  [[nodiscard]] int events() const noexcept { return set_.fd(); }
  /// Handles what is ready. False once no process of the sandbox is left.
  CWSANDBOX_DECL bool step();
  /// Removes up to `budget` files of a sandbox without processes. True when all are gone.
  CWSANDBOX_DECL bool clean(std::size_t budget);
  /// For who waited for `events()` and will not any more: what is remembered of an ended sandbox holds no descriptor.
  CWSANDBOX_DECL void close_events() noexcept;
  /// Kills everything, waits for it, and removes all files, here and now. `events()` stays ready.
  CWSANDBOX_DECL void destroy() noexcept;

 private:
  using clock = std::chrono::steady_clock;
  enum tag : unsigned {
    info,
    released,
    main_process,
    first_process,
    output,
    wake,
    timer,
    execs,
    restoring,
    egress
  };

  struct session_entry {
    std::shared_ptr<log_session> session{};
    clock::time_point last_use{};
  };

  struct restore_job {
    std::string snapshot_id{};
    std::shared_ptr<child_process> tar{};
    unique_fd errors{};
    /// Ends when all processes of it have ended; empty after that.
    unique_fd alive{};
  };

  [[nodiscard]] CWSANDBOX_DECL outcome<void> start_restores(std::vector<restore_source> sources);
  /// Sees what has been restored. True when that is all and the main process is to run.
  [[nodiscard]] CWSANDBOX_DECL bool restored();
  [[nodiscard]] CWSANDBOX_DECL outcome<void> run_main();
  [[nodiscard]] CWSANDBOX_DECL outcome<root_layout> lay_out(std::vector<unique_fd>& files);
  [[nodiscard]] CWSANDBOX_DECL outcome<void> place_on_machine();
  [[nodiscard]] CWSANDBOX_DECL std::vector<process_limit> make_limits(log_function const& log);
  [[nodiscard]] CWSANDBOX_DECL outcome<void> launch(root_layout const& layout,
                                                    std::vector<unique_fd> const& files,
                                                    log_function const& log);
  [[nodiscard]] CWSANDBOX_DECL outcome<void> launch_without_isolation(spawn_request request);
  /// Lets `action` use the root with the rights of the sandbox' commands.
  template <class Action>
  auto with_files(Action action) -> decltype(action(0));
  CWSANDBOX_DECL void make_environment();
  CWSANDBOX_DECL void read_info();
  CWSANDBOX_DECL void read_output();
  CWSANDBOX_DECL void set_running();
  CWSANDBOX_DECL void start_egress();
  CWSANDBOX_DECL bool command_exists() const;
  [[nodiscard]] CWSANDBOX_DECL std::string unrunnable_command() const;
  CWSANDBOX_DECL void main_ended();
  CWSANDBOX_DECL void finish(wire::State state, std::string reason, std::optional<int> exit_code);
  CWSANDBOX_DECL void rearm();
  CWSANDBOX_DECL void on_timer();
  CWSANDBOX_DECL void signal_main(int signal);
  CWSANDBOX_DECL void kill_all() noexcept;
  CWSANDBOX_DECL bool all_gone();
  CWSANDBOX_DECL void notify();
  [[nodiscard]] CWSANDBOX_DECL wire::Container const& container() const noexcept {
    return spec_.containers.front();
  }
  [[nodiscard]] CWSANDBOX_DECL error not_running() const;
  [[nodiscard]] CWSANDBOX_DECL std::string last_output() const;

  std::string const id_;
  std::uint64_t const sequence_;
  wire::SandboxSpec const spec_;
  std::shared_ptr<local_options const> const options_;
  sandbox_origin const origin_;

  mutable std::mutex mutex_;
  wire::SandboxStatus status_;
  std::optional<error> failed_;
  std::vector<std::weak_ptr<notifier>> watchers_;

  // Set by start(), constant after it.
  /// Holds the scratch volumes, or the working files of a sandbox without isolation; made when needed.
  std::string directory_;
  std::string shared_etc_;
  resolved_image image_;
  volume_set volumes_;
  std::vector<std::string> environment_;
  std::string path_;
  std::string working_directory_;
  std::vector<std::string> command_;
  std::vector<process_limit> limits_;
  log_function tell_;

  control_groups groups_;
  poll_set set_;
  notifier wake_;
  timer_fd timer_;
  /// Lives longer than the processes in its namespace, which keep it from ending.
  std::shared_ptr<guard> guard_;
  /// bubblewrap, or the main process itself without isolation.
  std::shared_ptr<child_process> process_;
  pid_t first_pid_{};
  std::shared_ptr<unique_fd> first_;
  /// Closed by the kernel when this process dies, which kills the sandbox.
  unique_fd lifeline_;
  /// The other end, for the program that gives egress; empty when it is denied.
  unique_fd egress_lifeline_;
  std::shared_ptr<child_process> egress_;
  unique_fd release_;
  unique_fd info_;
  std::string info_text_;
  unique_fd output_;
  std::shared_ptr<unique_fd> root_;
  std::vector<std::weak_ptr<child_process>> execs_;

  log_buffer log_;
  std::vector<session_entry> sessions_;

  std::vector<restore_job> restores_;
  std::function<void()> at_end_;
  std::size_t holds_{};

  bool stopping_{};
  bool killed_{};
  /// Killed on purpose, so that the exit status means nothing.
  bool forced_{};
  std::optional<clock::time_point> kill_at_;
  std::optional<clock::time_point> expires_at_;
  std::optional<clock::time_point> egress_at_;
  std::string kill_reason_;
  bool gone_{};
  std::optional<tree_remover> remover_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/sandbox.ipp>
#include <cwsandbox/impl/local/sandbox_logs.ipp>
#include <cwsandbox/impl/local/sandbox_start.ipp>
#endif

#endif

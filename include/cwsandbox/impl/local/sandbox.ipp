// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SANDBOX_IPP
#define CWSANDBOX_IMPL_LOCAL_SANDBOX_IPP

#include <cwsandbox/transport/local/sandbox.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/files.hpp>
#include <cwsandbox/transport/local/records.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace cwsandbox::inline v1::detail::local {

namespace sandboxing {

/// Egress takes longer to come up than most first commands run; it does not compete with them.
inline constexpr std::chrono::milliseconds egress_delay{5};

/// The first number after a key of bubblewrap's status text.
inline std::optional<int> number_after(std::string_view text, std::string_view key) {
  auto at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  int value = 0;
  auto const end = std::from_chars(text.data(), text.data() + text.size(), value);
  // A number at the very end may go on in what was not read yet.
  if (end.ec != std::errc{} || end.ptr == text.data() + text.size()) return std::nullopt;
  return value;
}

/// 0 when the process has no children.
inline pid_t first_child_of(pid_t parent) {
  auto const name = std::to_string(parent);
  auto const children =
      read_small_file(AT_FDCWD, ("/proc/" + name + "/task/" + name + "/children").c_str());
  pid_t pid = 0;
  std::from_chars(children.data(), children.data() + children.size(), pid);
  return pid;
}

inline std::string start_hint(std::string const& output) {
  if (output.find("namespace") == std::string::npos && output.find("uid map") == std::string::npos)
    return output;
  return output +
         " (the kernel refuses namespaces to this user; an administrator may allow them with "
         "`sysctl "
         "kernel.unprivileged_userns_clone=1` on Debian or `sysctl "
         "kernel.apparmor_restrict_unprivileged_userns=0` on "
         "Ubuntu; local_isolation::none does without)";
}

}  // namespace sandboxing

CWSANDBOX_DECL sandbox::sandbox(std::string id, std::uint64_t sequence, wire::SandboxSpec spec,
                                std::shared_ptr<local_options const> options, sandbox_origin origin)
    : id_{std::move(id)},
      sequence_{sequence},
      spec_{std::move(spec)},
      options_{std::move(options)},
      origin_{std::move(origin)},
      log_{options_->log_bytes} {
  status_.state = wire::State::creating;
  status_.create_time = current_time();
  status_.runner_id = options_->runner_id;
  status_.effective_max_lifetime_seconds = spec_.max_lifetime_seconds;
  for (auto const& service : spec_.services) {
    wire::ServiceStatus echo;
    echo.port = service.port;
    echo.name = service.name;
    echo.protocol = service.protocol;
    echo.visibility = service.visibility == wire::Visibility::unspecified
                          ? wire::Visibility::private_
                          : service.visibility;
    status_.services.push_back(std::move(echo));
  }
  if (spec_.network) {
    status_.effective_egress = spec_.network->egress;
    status_.effective_ingress = spec_.network->ingress;
  }
  auto const& main = container();
  status_.effective_resource_requirements = main.resource_requirements;
  if (!main.resource_requirements && main.resources) {
    auto& effective = status_.effective_resource_requirements.emplace();
    effective.requests = main.resources;
    effective.limits = main.resources;
  }
  if (spec_.max_lifetime_seconds > 0) {
    expires_at_ = clock::now() + std::chrono::seconds{spec_.max_lifetime_seconds};
  }
}

CWSANDBOX_DECL sandbox::~sandbox() { destroy(); }

CWSANDBOX_DECL wire::Sandbox sandbox::snapshot() const {
  wire::Sandbox result;
  result.sandbox_id = id_;
  result.spec = spec_;
  result.source_template_id = origin_.template_id;
  result.source_template_revision = origin_.template_revision;
  std::lock_guard const lock{mutex_};
  result.status = status_;
  return result;
}

CWSANDBOX_DECL wire::State sandbox::state() const {
  std::lock_guard const lock{mutex_};
  return status_.state;
}

CWSANDBOX_DECL std::optional<error> sandbox::start_failure() const {
  std::lock_guard const lock{mutex_};
  return failed_;
}

CWSANDBOX_DECL std::shared_ptr<notifier> sandbox::watch() {
  auto result = std::make_shared<notifier>();
  std::lock_guard const lock{mutex_};
  std::erase_if(watchers_, [](auto const& w) { return w.expired(); });
  watchers_.push_back(result);
  return result;
}

CWSANDBOX_DECL void sandbox::notify() {
  for (auto const& weak : watchers_) {
    if (auto const watcher = weak.lock()) watcher->raise();
  }
}

CWSANDBOX_DECL error sandbox::not_running() const {
  return rpc_error(status_code::failed_precondition, "sandbox " + id_ + " is not running")
      .with([&](error_details& d) { d.sandbox_id = id_; });
}

CWSANDBOX_DECL bool sandbox::stop(std::chrono::seconds grace, std::function<void()> at_end) {
  std::lock_guard const lock{mutex_};
  if (stopping_ || is_terminal(status_.state)) return false;
  stopping_ = true;
  at_end_ = std::move(at_end);
  bool const was_running = status_.state == wire::State::running;
  status_.state = wire::State::terminating;
  kill_reason_ = "stopped";
  if (was_running && grace.count() > 0) {
    kill_at_ = clock::now() + grace;
    signal_main(SIGTERM);
    rearm();
  } else {
    forced_ = true;
    kill_all();
  }
  notify();
  return true;
}

CWSANDBOX_DECL std::function<void()> sandbox::take_at_end() {
  std::lock_guard const lock{mutex_};
  return std::exchange(at_end_, nullptr);
}

CWSANDBOX_DECL std::shared_ptr<void> sandbox::hold_files(std::shared_ptr<sandbox> const& box) {
  {
    std::lock_guard const lock{box->mutex_};
    if (box->status_.state != wire::State::running || box->stopping_) return nullptr;
    ++box->holds_;
  }
  return std::shared_ptr<void>(box.get(), [box](void*) {
    std::lock_guard const lock{box->mutex_};
    --box->holds_;
    box->notify();
  });
}

CWSANDBOX_DECL bool sandbox::files_held() const {
  std::lock_guard const lock{mutex_};
  return holds_ != 0;
}

CWSANDBOX_DECL archive_place sandbox::place_of(std::string const& volume) const {
  std::lock_guard const lock{mutex_};
  return volumes_.place_of(volume);
}

CWSANDBOX_DECL void sandbox::signal_main(int signal) {
  if (options_->isolation == local_isolation::none) {
    process_->kill(signal, false);
    return;
  }
  // The main process is the first child of the namespace's first process; those that lost their parent come after it.
  pid_t const pid = sandboxing::first_child_of(first_pid_);
  unique_fd const pidfd{pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1};
  // Its parent again, in case the number went to somebody else meanwhile.
  if (!pidfd || times_of(pid).parent != first_pid_ ||
      ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) != 0) {
    forced_ = true;
    kill_all();
  }
}

CWSANDBOX_DECL void sandbox::kill_all() noexcept {
  killed_ = true;
  for (auto const& weak : execs_) {
    if (auto const exec = weak.lock()) exec->kill(SIGKILL, true);
  }
  if (egress_) egress_->kill(SIGKILL, true);
  for (auto const& job : restores_) job.tar->kill(SIGKILL, true);
  if (first_) {
    // bubblewrap sees the end of its child, reaps it and follows.
    ::syscall(SYS_pidfd_send_signal, first_->get(), SIGKILL, nullptr, 0);
  } else if (process_) {
    // The first process is in bubblewrap's group until it is known by itself.
    process_->kill(SIGKILL, true);
  }
}

CWSANDBOX_DECL outcome<spawn_result> sandbox::execute(exec_setup const& setup) {
  spawn_request request;
  std::shared_ptr<unique_fd> first;
  {
    std::lock_guard const lock{mutex_};
    if (status_.state != wire::State::running) return not_running();
    first = first_;
    request.groups = groups_.entrances();
  }
  request.arguments = setup.command;
  request.path = path_;
  if (setup.environment.empty() && !setup.terminal) {
    request.environment = environment_;
  } else {
    wire::string_map variables;
    if (setup.terminal) variables.insert_or_assign("TERM", "xterm-256color");
    for (auto const& variable : environment_) {
      auto const equals = variable.find('=');
      variables.insert_or_assign(variable.substr(0, equals), variable.substr(equals + 1));
    }
    for (auto const& [name, value] : setup.environment) variables.insert_or_assign(name, value);
    for (auto const& [name, value] : variables) {
      request.environment.push_back(name + "=" + value);
      if (name == "PATH") request.path = value;
    }
  }
  request.working_directory = working_directory_;
  request.input = setup.input;
  request.output = setup.output;
  request.error = setup.error;
  request.terminal = setup.terminal;
  request.limits = limits_;
  if (first) {
    request.enter = first->get();
    request.namespaces =
        CLONE_NEWUSER | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWCGROUP;
    if (options_->network == local_network::isolated) request.namespaces |= CLONE_NEWNET;
    request.unprivileged = true;
  }
  auto made = spawn(request);
  if (!made.process) {
    if (made.stage == spawn_stage::execute || made.stage == spawn_stage::directory) return made;
    if (state() != wire::State::running) return not_running();
    return rpc_error(made.error == EAGAIN ? status_code::resource_exhausted : status_code::internal,
                     "cannot enter sandbox " + id_ + ": " + errno_text(made.error));
  }
  std::lock_guard const lock{mutex_};
  std::erase_if(execs_, [](auto const& e) { return e.expired(); });
  execs_.push_back(made.process);
  if (killed_ || is_terminal(status_.state)) {
    made.process->kill(SIGKILL, true);
    set_.add(made.process->pidfd(), execs);
  }
  return made;
}

CWSANDBOX_DECL unique_fd sandbox::open_terminal() {
  std::shared_ptr<unique_fd> root;
  {
    std::lock_guard const lock{mutex_};
    root = root_;
  }
  constexpr int flags = O_RDWR | O_NOCTTY | O_NONBLOCK;
  if (!root) return unique_fd{};
  bool const isolated = options_->isolation == local_isolation::namespaces;
  return open_below(root->get(), isolated ? "/dev/pts/ptmx" : "/dev/ptmx", flags);
}

template <class Action>
auto sandbox::with_files(Action action) -> decltype(action(0)) {
  std::shared_ptr<unique_fd> root;
  {
    std::lock_guard const lock{mutex_};
    if (status_.state != wire::State::running) return not_running();
    root = root_;
  }
  if (options_->isolation == local_isolation::none) return action(root->get());
  without_capabilities const plain;
  if (!plain) return rpc_error(status_code::internal, "capabilities: " + errno_text(errno));
  return action(root->get());
}

CWSANDBOX_DECL outcome<std::string> sandbox::read_file(std::string const& path) {
  return with_files(
      [&](int root) { return read_file_below(root, path, options_->max_file_bytes); });
}

CWSANDBOX_DECL outcome<void> sandbox::write_file(std::string const& path,
                                                 std::string_view content) {
  return with_files(
      [&](int root) { return write_file_below(root, path, content, options_->max_file_bytes); });
}

CWSANDBOX_DECL bool sandbox::step() {
  std::array<poll_set::event, 16> ready;
  auto const count = set_.poll(ready.data(), ready.size());
  bool runs_now = false;
  std::unique_lock lock{mutex_};
  for (std::size_t i = 0; i < count && !gone_; ++i) {
    switch (ready[i].tag) {
      case info:
        read_info();
        break;
      case released:
        set_.remove(release_.get());
        release_.reset();
        set_running();
        break;
      case main_process:
        set_.remove(process_->pidfd());
        main_ended();
        break;
      case first_process:
        set_.remove(first_->get());
        break;
      case output:
        read_output();
        break;
      case wake:
        wake_.lower();
        break;
      case timer:
        timer_.silence();
        on_timer();
        break;
      case execs:
        break;
      case restoring:
        runs_now = runs_now || (!restores_.empty() && restored());
        break;
      case egress:
        set_.remove(egress_->pidfd());
        if (!killed_ && egress_->exit_status().value_or(0) != 0) {
          tell_("sandboxes have no egress: " + options_->slirp4netns +
                " ended (may this user open /dev/net/tun?)");
        }
        break;
    }
  }
  if (runs_now) {
    lock.unlock();
    auto const started = run_main();
    lock.lock();
    if (!started && !is_terminal(status_.state)) {
      failed_ = started.error();
      finish(wire::State::failed, failed_->message(), std::nullopt);
    }
  }
  if (gone_) return false;
  if (!is_terminal(status_.state) || !all_gone()) return true;
  gone_ = true;
  return false;
}

CWSANDBOX_DECL void sandbox::read_info() {
  std::array<char, 1024> buffer;
  for (;;) {
    auto const n = ::read(info_.get(), buffer.data(), buffer.size());
    if (n > 0) {
      info_text_.append(buffer.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) {
      set_.remove(info_.get());
      info_.reset();
    }
    break;
  }
  if (first_) return;
  auto pid = sandboxing::number_after(info_text_, "\"child-pid\"");
  if (!pid) return;
  // That is the number inside the guard's namespace.
  if (guard_) pid = sandboxing::first_child_of(process_->pid());
  if (*pid <= 0) return;
  unique_fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0))};
  if (!pidfd) return;
  first_pid_ = *pid;
  first_ = std::make_shared<unique_fd>(std::move(pidfd));
  set_.add(first_->get(), first_process);
  // One byte lets bubblewrap go on; some versions read two.
  if (release_ && !killed_) write_all(release_.get(), "go");
  record_process(directory_ + ".process", first_pid_);
  if (killed_) kill_all();
}

CWSANDBOX_DECL void sandbox::read_output() {
  std::array<char, 65536> buffer;
  bool any = false;
  for (int rounds = 0; rounds < 16 && output_; ++rounds) {
    auto const n = ::read(output_.get(), buffer.data(), buffer.size());
    if (n > 0) {
      log_.append(
          std::string_view{buffer.data(), static_cast<std::size_t>(n)},
          std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()));
      any = true;
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) {
      set_.remove(output_.get());
      output_.reset();
    }
    break;
  }
  if (any) notify();
}

CWSANDBOX_DECL bool sandbox::command_exists() const {
  auto const runs = [&](std::string const& file) {
    unique_fd const fd = open_below(root_->get(), file.c_str(), O_PATH);
    struct stat status {};
    return fd && ::fstat(fd.get(), &status) == 0 && !S_ISDIR(status.st_mode) &&
           (status.st_mode & 0111) != 0;
  };
  auto const& name = command_.front();
  if (name.find('/') != std::string::npos) {
    return runs(name.front() == '/' ? name : working_directory_ + "/" + name);
  }
  std::string_view path{path_};
  while (!path.empty()) {
    auto const end = std::min(path.find(':'), path.size());
    if (runs(std::string(path.substr(0, end)) + "/" + name)) return true;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return false;
}

CWSANDBOX_DECL std::string sandbox::unrunnable_command() const {
  return "cannot run '" + command_.front() + "': not found or not executable";
}

CWSANDBOX_DECL void sandbox::set_running() {
  if (status_.state != wire::State::creating || !first_ || process_->exit_status()) return;
  auto const path = "/proc/" + std::to_string(first_pid_) + "/root";
  unique_fd root{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!root) return;
  root_ = std::make_shared<unique_fd>(std::move(root));
  if (!command_exists()) {
    kill_all();
    finish(wire::State::failed, unrunnable_command(), std::nullopt);
    return;
  }
  status_.state = wire::State::running;
  status_.start_time = current_time();
  notify();
  if (egress_lifeline_) {
    egress_at_ = clock::now() + sandboxing::egress_delay;
    rearm();
  }
}

CWSANDBOX_DECL void sandbox::start_egress() {
  unique_fd const null = above_stdio(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
  spawn_request request;
  request.arguments = {options_->slirp4netns,
                       "--configure",
                       "--mtu=65520",
                       "--disable-host-loopback",
                       "--exit-fd=" + std::to_string(egress_lifeline_.get()),
                       std::to_string(first_pid_),
                       "tap0"};
  request.path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  request.input = request.output = request.error = null.get();
  request.keep = {egress_lifeline_.get()};
  auto made = spawn(request);
  egress_lifeline_.reset();
  if (!made.process) {
    tell_("sandboxes have no egress: cannot run " + options_->slirp4netns + ": " +
          errno_text(made.error) +
          " (install it with `apt-get install slirp4netns`, or name it in "
          "local_options::slirp4netns)");
    return;
  }
  egress_ = std::move(made.process);
  set_.add(egress_->pidfd(), egress);
}

CWSANDBOX_DECL std::string sandbox::last_output() const {
  std::string text;
  if (log_.begin() < log_.end()) text = log_.at(log_.end() - 1).bytes;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

CWSANDBOX_DECL void sandbox::main_ended() {
  if (is_terminal(status_.state)) return;
  if (output_) read_output();
  std::optional<int> code;
  if (options_->isolation == local_isolation::none) {
    code = process_->exit_status();
  } else {
    if (info_) read_info();
    code = sandboxing::number_after(info_text_, "\"exit-code\"");
  }
  bool const started = status_.start_time.has_value();
  // bwrap may have tried to run the command before it was seen that everything is mounted
  bool const not_runnable = !started && last_output().starts_with("bwrap: execvp ");
  kill_all();
  // Whatever exit status follows a kill is the kill's doing.
  if (forced_ || (stopping_ && !code)) {
    finish(wire::State::terminated, kill_reason_, std::nullopt);
  } else if (not_runnable) {
    finish(wire::State::failed, unrunnable_command(), std::nullopt);
  } else if (code) {
    finish(wire::State::completed, {}, code);
  } else if (started) {
    finish(wire::State::failed, "the sandbox ended unexpectedly", std::nullopt);
  } else {
    failed_ = reasoned_error(status_code::failed_precondition, reasons::backend_unavailable,
                             sandboxing::start_hint(last_output()));
    finish(wire::State::failed, failed_->message(), std::nullopt);
  }
}

CWSANDBOX_DECL void sandbox::finish(wire::State state, std::string reason,
                                    std::optional<int> exit_code) {
  status_.state = state;
  status_.state_reason = std::move(reason);
  status_.end_time = current_time();
  if (exit_code) status_.exit_code = *exit_code;
  kill_at_.reset();
  expires_at_.reset();
  egress_at_.reset();
  rearm();
  root_.reset();
  if (output_) set_.remove(output_.get());
  output_.reset();
  for (auto const& weak : execs_) {
    if (auto const exec = weak.lock(); exec && !exec->exit_status()) set_.add(exec->pidfd(), execs);
  }
  notify();
  wake_.raise();
}

CWSANDBOX_DECL void sandbox::rearm() {
  auto when = expires_at_;
  for (auto const& other : {kill_at_, egress_at_}) {
    if (other && (!when || *other < *when)) when = other;
  }
  timer_.set(when);
}

CWSANDBOX_DECL void sandbox::on_timer() {
  auto const now = clock::now();
  if (egress_at_ && *egress_at_ <= now) {
    egress_at_.reset();
    if (status_.state == wire::State::running) start_egress();
  }
  bool const expired = expires_at_ && *expires_at_ <= now;
  if (!expired && !(kill_at_ && *kill_at_ <= now)) return rearm();
  if (expired) {
    status_.state = wire::State::terminating;
    stopping_ = true;
    kill_reason_ =
        "maximum lifetime of " + std::to_string(spec_.max_lifetime_seconds) + " s reached";
    expires_at_.reset();
  }
  forced_ = true;
  kill_at_.reset();
  timer_.set(std::nullopt);
  kill_all();
}

CWSANDBOX_DECL bool sandbox::all_gone() {
  bool gone = restores_.empty();
  for (auto const& weak : execs_) {
    auto const exec = weak.lock();
    if (!exec) continue;
    if (exec->exit_status()) {
      set_.remove(exec->pidfd());
    } else {
      gone = false;
    }
  }
  auto const ended = [](int pidfd) {
    pollfd end{pidfd, POLLIN, 0};
    return ::poll(&end, 1, 0) > 0;
  };
  if (process_ && !process_->exit_status()) gone = false;
  if (egress_ && !egress_->exit_status()) gone = false;
  if (first_ && !ended(first_->get())) gone = false;
  return gone;
}

CWSANDBOX_DECL bool sandbox::clean(std::size_t budget) {
  std::lock_guard const lock{mutex_};
  if (!remover_) return true;
  if (!remover_->step(budget)) return false;
  ::unlink((directory_ + ".process").c_str());
  groups_.remove();
  remover_.reset();
  if (first_) reap_adopted(first_->get(), 0);
  if (process_) reap_adopted(-1, process_->pid());
  if (egress_) reap_adopted(-1, egress_->pid());
  // What is remembered of an ended sandbox holds no descriptor.
  first_.reset();
  process_.reset();
  egress_.reset();
  guard_.reset();
  volumes_.release();
  for (auto* fd : {&lifeline_, &egress_lifeline_, &release_, &info_, &output_}) fd->reset();
  return true;
}

CWSANDBOX_DECL void sandbox::close_events() noexcept {
  std::lock_guard const lock{mutex_};
  set_.close();
  wake_.close();
  timer_.close();
}

CWSANDBOX_DECL void sandbox::destroy() noexcept {
  // It may be all that holds this sandbox' files, and lets go of them under the lock.
  static_cast<void>(take_at_end());
  {
    std::lock_guard const lock{mutex_};
    if (!gone_) kill_all();
    for (auto const& job : restores_) {
      job.tar->wait();
      pollfd end{job.alive.get(), POLLIN, 0};
      ::poll(&end, 1, 1000);
    }
    restores_.clear();
    if (!gone_ && process_) {
      // Processes of other namespaces that are this process' children keep the first process from ending.
      for (auto const& weak : execs_) {
        if (auto const exec = weak.lock()) exec->wait();
      }
      process_->wait();
      if (egress_) egress_->wait();
      if (first_) {
        pollfd end{first_->get(), POLLIN, 0};
        ::poll(&end, 1, 1000);
      }
    }
    gone_ = true;
    if (!is_terminal(status_.state))
      finish(wire::State::terminated, "the engine ended", std::nullopt);
    // What else would have told the supervisor is closed below; this it closes itself.
    wake_.raise();
  }
  while (!clean(4096)) {
  }
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

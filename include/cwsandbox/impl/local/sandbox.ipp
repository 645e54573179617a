// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SANDBOX_IPP
#define CWSANDBOX_IMPL_LOCAL_SANDBOX_IPP

#include <cwsandbox/transport/local/sandbox.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/files.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

namespace cwsandbox::inline v1::detail::local {

namespace sandboxing {

inline constexpr std::string_view keep_alive = "trap \"exit 0\" TERM INT; sleep infinity & wait";
/// Egress takes longer to come up than most first commands run; it does not compete with them.
inline constexpr std::chrono::milliseconds egress_delay{5};
inline constexpr std::size_t max_sessions = 64;
inline constexpr std::chrono::seconds session_life{60};

inline wire::Timestamp now() {
  return wire::Timestamp::from(
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()));
}

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

inline std::string joined(std::vector<std::string> const& words) {
  std::string result;
  for (auto const& word : words) {
    result += word;
    result += '\0';
  }
  return result;
}

inline std::string_view first_component(std::string_view path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path.substr(0, path.find('/'));
}

inline bool covered(root_layout const& layout, std::string_view path) {
  return std::find(layout.covered.begin(), layout.covered.end(), first_component(path)) !=
         layout.covered.end();
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

CWSANDBOX_DECL notifier::notifier() noexcept
    : event_{above_stdio(unique_fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)})} {}

CWSANDBOX_DECL void notifier::raise() noexcept {
  std::uint64_t const one = 1;
  [[maybe_unused]] auto const n = ::write(event_.get(), &one, sizeof one);
}

CWSANDBOX_DECL void notifier::lower() noexcept {
  std::uint64_t count;
  [[maybe_unused]] auto const n = ::read(event_.get(), &count, sizeof count);
}

CWSANDBOX_DECL timer_fd::timer_fd() noexcept
    : timer_{
          above_stdio(unique_fd{::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)})} {}

CWSANDBOX_DECL void timer_fd::set(
    std::optional<std::chrono::steady_clock::time_point> when) noexcept {
  itimerspec spec{};
  if (when) {
    auto const ns = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::nanoseconds>(when->time_since_epoch()).count());
    spec.it_value.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
    spec.it_value.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

CWSANDBOX_DECL void timer_fd::silence() noexcept {
  std::uint64_t count;
  [[maybe_unused]] auto const n = ::read(timer_.get(), &count, sizeof count);
}

CWSANDBOX_DECL sandbox::sandbox(std::string id, std::uint64_t sequence, wire::SandboxSpec spec,
                                std::shared_ptr<local_options const> options)
    : id_{std::move(id)},
      sequence_{sequence},
      spec_{std::move(spec)},
      options_{std::move(options)},
      log_{options_->log_bytes} {
  status_.state = wire::State::creating;
  status_.create_time = sandboxing::now();
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

CWSANDBOX_DECL void sandbox::make_environment(resolved_image const& image) {
  wire::string_map variables;
  bool const isolated = options_->isolation == local_isolation::namespaces;
  path_ = default_path(image);
  variables.insert_or_assign("PATH", path_);
  variables.insert_or_assign("HOME", isolated ? "/root" : directory_);
  variables.insert_or_assign("LANG", "C.UTF-8");
  variables.insert_or_assign("HOSTNAME", id_);
  for (auto const& [name, value] : container().environment_variables)
    variables.insert_or_assign(name, value);
  for (auto const& [name, value] : variables) {
    environment_.push_back(name + "=" + value);
    if (name == "PATH") path_ = value;
  }
}

CWSANDBOX_DECL outcome<root_layout> sandbox::lay_out(std::string const& engine_directory,
                                                     resolved_image const& image,
                                                     std::vector<unique_fd>& files) {
  using namespace sandboxing;
  auto made = make_root(engine_directory + "/etc", image);
  if (!made) return made;
  auto& layout = *made;
  auto const add = [&](std::initializer_list<std::string> words) {
    layout.mounts.insert(layout.mounts.end(), words.begin(), words.end());
  };
  auto const refused = [](std::string const& field, std::string const& path) {
    return violation_error("sandbox.spec.containers[0]." + field,
                           "'" + path + "' lies in a part of the image that cannot be changed");
  };
  auto mounts = container().volume_mounts;
  std::sort(mounts.begin(), mounts.end(),
            [](auto const& a, auto const& b) { return a.mount_path.size() < b.mount_path.size(); });
  unique_fd top;
  if (!mounts.empty()) {
    ::mkdir(directory_.c_str(), 0700);
    top.reset(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  for (auto const& mount : mounts) {
    if (covered(layout, mount.mount_path)) return refused("volume_mounts", mount.mount_path);
    auto const source = "/" + mount.volume + "/" + mount.sub_path;
    if (!top || !make_directories_below(top.get(), source)) {
      return rpc_error(status_code::internal, "cannot make a volume: " + errno_text(errno));
    }
    add({mount.read_only ? "--ro-bind" : "--bind", directory_ + source, mount.mount_path});
  }
  for (auto const& file : container().files) {
    if (covered(layout, file.path)) return refused("files", file.path);
    files.push_back(memory_file("mounted-file", file.content));
    if (!files.back()) return rpc_error(status_code::resource_exhausted, errno_text(errno));
    // The main process may be one of them.
    add({"--perms", "0755", "--file", std::to_string(files.back().get()), file.path});
  }
  if (!covered(layout, working_directory_)) add({"--dir", working_directory_});
  auto const& security = container().security_context;
  if (security && security->read_only_root_filesystem.value_or(false)) add({"--remount-ro", "/"});
  return made;
}

CWSANDBOX_DECL outcome<void> sandbox::place_on_machine() {
  if (::mkdir(directory_.c_str(), 0700) != 0) {
    return rpc_error(status_code::internal, directory_ + ": " + errno_text(errno));
  }
  unique_fd const root{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!make_directories_below(root.get(), working_directory_)) {
    return violation_error("sandbox.spec.containers[0].working_dir", errno_text(errno));
  }
  for (auto const& file : container().files) {
    std::string_view const directory = std::string_view{file.path}.substr(0, file.path.rfind('/'));
    if (!make_directories_below(root.get(), directory)) {
      return violation_error("sandbox.spec.containers[0].files",
                             file.path + ": " + errno_text(errno));
    }
    auto written = write_file_below(root.get(), file.path, file.content, file.content.size());
    if (!written)
      return violation_error("sandbox.spec.containers[0].files", written.error().message());
  }
  return {};
}

CWSANDBOX_DECL std::vector<process_limit> sandbox::make_limits(log_function const& log) {
  auto const& main = container();
  wire::Resources wanted;
  wanted.cpu = options_->limits.cpu;
  wanted.memory = options_->limits.memory;
  if (main.resources) wanted = *main.resources;
  if (main.resource_requirements && main.resource_requirements->limits)
    wanted = *main.resource_requirements->limits;
  resource_limits numbers;
  numbers.cpu_millis = quantity_value(wanted.cpu, 1000).value_or(0);
  numbers.memory_bytes = quantity_value(wanted.memory, 1).value_or(0);
  numbers.processes = options_->limits.processes;
  std::vector<std::string> missing;
  groups_ = control_groups::make("cwsandbox-" + id_, numbers, missing);

  std::vector<process_limit> result;
  process_limit no_core;
  no_core.resource = RLIMIT_CORE;
  result.push_back(no_core);
  for (auto const& name : missing) {
    std::string note = "this machine gives no control group for " + name + ": ";
    if (name == "memory") {
      // Counts what a process may write to, unlike RLIMIT_AS, which stops runtimes that only reserve addresses.
      process_limit data;
      data.resource = RLIMIT_DATA;
      data.value.rlim_cur = data.value.rlim_max = static_cast<rlim_t>(numbers.memory_bytes);
      result.push_back(data);
      note += "the limit holds for each process of a sandbox by itself";
    } else {
      note += "the limit is not enforced";
    }
    log(note);
  }
  return result;
}

CWSANDBOX_DECL outcome<void> sandbox::start(std::string const& engine_directory,
                                            std::shared_ptr<guard> keeper,
                                            log_function const& log) {
  directory_ = engine_directory + "/" + id_;
  guard_ = std::move(keeper);
  tell_ = log;
  auto image = resolve_image(container().image, *options_);
  if (!image) return image.error();
  bool const isolated = options_->isolation == local_isolation::namespaces;
  if (isolated && image->rootfs.empty()) {
    log("image '" + container().image +
        "' has no root file system here: its sandboxes see this machine's /usr");
  }
  remover_.emplace(directory_);
  command_.push_back(container().command);
  command_.insert(command_.end(), container().args.begin(), container().args.end());
  if (command_.front().empty()) command_.erase(command_.begin());
  if (command_.empty()) command_ = {"/bin/sh", "-c", std::string(sandboxing::keep_alive)};
  working_directory_ =
      container().working_dir.empty() ? (isolated ? "/" : directory_) : container().working_dir;
  make_environment(*image);

  outcome<root_layout> layout;
  std::vector<unique_fd> files;
  if (isolated) {
    layout = lay_out(engine_directory, *image, files);
    if (!layout) return layout.error();
  } else if (auto placed = place_on_machine(); !placed) {
    return placed;
  }
  limits_ = make_limits(log);
  auto launched = launch(*layout, files, log);
  if (launched) rearm();
  return launched;
}

CWSANDBOX_DECL outcome<void> sandbox::launch(root_layout const& layout,
                                             std::vector<unique_fd> const& files,
                                             log_function const& log) {
  auto logs = make_pipe();
  unique_fd const null = above_stdio(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
  if (!logs.read || !null || !set_)
    return rpc_error(status_code::resource_exhausted, errno_text(errno));
  set_nonblocking(logs.read.get());

  spawn_request request;
  request.path = "/usr/local/bin:/usr/bin:/bin";
  request.input = null.get();
  request.output = logs.write.get();
  request.error = logs.write.get();
  request.groups = groups_.entrances();
  request.limits = limits_;
  output_ = std::move(logs.read);
  set_.add(wake_.fd(), wake);
  set_.add(timer_.fd(), timer);
  set_.add(output_.get(), output);
  if (options_->isolation == local_isolation::none)
    return launch_without_isolation(std::move(request));

  auto lifeline = make_pipe();
  auto block = make_pipe();
  auto status = make_pipe();
  if (!lifeline.read || !block.read || !status.read) {
    return rpc_error(status_code::resource_exhausted, errno_text(errno));
  }
  std::vector<std::string> arguments{"--unshare-user",
                                     "--unshare-pid",
                                     "--unshare-ipc",
                                     "--unshare-uts",
                                     "--unshare-cgroup-try",
                                     "--new-session",
                                     "--cap-drop",
                                     "ALL",
                                     "--uid",
                                     "0",
                                     "--gid",
                                     "0",
                                     "--hostname",
                                     id_,
                                     "--clearenv"};
  auto const add = [&](std::initializer_list<std::string> words) {
    arguments.insert(arguments.end(), words.begin(), words.end());
  };
  if (!guard_) add({"--die-with-parent"});
  if (options_->network == local_network::isolated) add({"--unshare-net"});
  for (auto const& variable : environment_) {
    auto const equals = variable.find('=');
    add({"--setenv", variable.substr(0, equals), variable.substr(equals + 1)});
  }
  arguments.insert(arguments.end(), layout.mounts.begin(), layout.mounts.end());
  add({"--chdir", working_directory_, "--json-status-fd", std::to_string(status.write.get()),
       "--block-fd", std::to_string(block.read.get()), "--sync-fd",
       std::to_string(lifeline.read.get())});
  // In a file, because the variables are nobody's business who lists processes.
  unique_fd const argument_file = memory_file("bwrap-arguments", sandboxing::joined(arguments));
  if (!argument_file) return rpc_error(status_code::resource_exhausted, errno_text(errno));

  request.arguments = {options_->bwrap, "--args", std::to_string(argument_file.get()), "--"};
  request.arguments.insert(request.arguments.end(), command_.begin(), command_.end());
  if (guard_) {
    guard_->admit(request);
  } else {
    request.by_main_thread = true;
  }
  request.lifeline = lifeline.read.get();
  request.keep = {argument_file.get(), status.write.get(), block.read.get(), lifeline.read.get()};
  for (auto const& file : files) request.keep.push_back(file.get());
  auto made = spawn(request);
  if (!made.process) {
    std::string message = options_->bwrap + ": " + errno_text(made.error);
    if (made.stage == spawn_stage::execute && made.error == ENOENT) {
      message +=
          " (install it with `apt-get install bubblewrap`, or name it in local_options::bwrap)";
    }
    log(message);
    return reasoned_error(status_code::failed_precondition, reasons::backend_unavailable,
                          std::move(message));
  }
  set_nonblocking(status.read.get());
  std::lock_guard const lock{mutex_};
  process_ = std::move(made.process);
  lifeline_ = std::move(lifeline.write);
  bool const denied = spec_.network && spec_.network->deny_egress.value_or(false);
  if (options_->network == local_network::isolated && !denied)
    egress_lifeline_ = std::move(lifeline.read);
  release_ = std::move(block.write);
  info_ = std::move(status.read);
  set_.add(info_.get(), info);
  set_.add(process_->pidfd(), main_process);
  // The other end is closed when everything is mounted and the main process is about to run.
  block.read.reset();
  set_.add(release_.get(), released, false);
  return {};
}

CWSANDBOX_DECL outcome<void> sandbox::launch_without_isolation(spawn_request request) {
  request.arguments = command_;
  request.environment = environment_;
  request.path = path_;
  request.working_directory = working_directory_;
  auto made = spawn(request);
  std::lock_guard const lock{mutex_};
  root_ = std::make_shared<unique_fd>(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!made.process) {
    finish(wire::State::failed, "cannot run '" + command_.front() + "': " + errno_text(made.error),
           std::nullopt);
    return {};
  }
  process_ = std::move(made.process);
  set_.add(process_->pidfd(), main_process);
  status_.state = wire::State::running;
  status_.start_time = sandboxing::now();
  return {};
}

CWSANDBOX_DECL wire::Sandbox sandbox::snapshot() const {
  wire::Sandbox result;
  result.sandbox_id = id_;
  result.spec = spec_;
  std::lock_guard const lock{mutex_};
  result.status = status_;
  return result;
}

CWSANDBOX_DECL wire::State sandbox::state() const {
  std::lock_guard const lock{mutex_};
  return status_.state;
}

CWSANDBOX_DECL bool sandbox::failed_to_start() const {
  std::lock_guard const lock{mutex_};
  return failed_to_start_;
}

CWSANDBOX_DECL std::string sandbox::state_reason() const {
  std::lock_guard const lock{mutex_};
  return status_.state_reason;
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

CWSANDBOX_DECL void sandbox::stop(std::chrono::seconds grace) {
  std::lock_guard const lock{mutex_};
  if (stopping_ || is_terminal(status_.state)) return;
  stopping_ = true;
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

CWSANDBOX_DECL outcome<log_reader> sandbox::open_log(wire::StreamLogsRequest const& request) {
  log_reader reader;
  reader.follow = request.follow;
  if (request.follow) reader.wake = watch();
  auto const now = clock::now();
  std::lock_guard const lock{mutex_};
  reader.until = log_.end();
  auto const refuse = [&](char const* code, std::string message) {
    wire::LogStreamError refusal;
    refusal.code = code;
    refusal.message = std::move(message);
    reader.refusal.emplace().error = std::move(refusal);
  };
  std::erase_if(sessions_, [&](session_entry const& s) {
    return s.session.use_count() == 1 && now - s.last_use > sandboxing::session_life;
  });
  if (!request.resume_log_session_id.empty()) {
    if (request.timestamps || request.tail_lines != 0 || request.since_time) {
      return rpc_error(status_code::invalid_argument,
                       "a resumed log keeps its form: no timestamps, tail_lines or since_time");
    }
    auto const known = std::find_if(
        sessions_.begin(), sessions_.end(),
        [&](session_entry const& s) { return s.session->id() == request.resume_log_session_id; });
    if (known == sessions_.end()) {
      refuse("SESSION_NOT_FOUND",
             "log session '" + request.resume_log_session_id + "' is not known");
      return reader;
    }
    // A copy: the broken connection's reader may still hold the old one.
    reader.session = std::make_shared<log_session>(*known->session);
    switch (reader.session->seek(log_, request.resume_log_offset)) {
      case log_session::seek_result::found:
        known->session = reader.session;
        known->last_use = now;
        break;
      case log_session::seek_result::beyond_end:
        refuse("INVALID_RESUME_OFFSET", "the log session has not come that far");
        break;
      case log_session::seek_result::gone:
        refuse("REPLAY_GAP", "that part of the log is gone");
        break;
    }
    return reader;
  }
  if (request.resume_log_offset != 0) {
    return rpc_error(status_code::invalid_argument,
                     "resume_log_offset needs resume_log_session_id");
  }
  auto position = log_.tail(request.tail_lines);
  if (request.since_time)
    position = std::max(position, log_.since(request.since_time->to_sys_time()));
  reader.session =
      std::make_shared<log_session>("ls-" + random_hex(8), request.timestamps, position);
  if (sessions_.size() >= sandboxing::max_sessions) sessions_.erase(sessions_.begin());
  session_entry entry;
  entry.session = reader.session;
  entry.last_use = now;
  sessions_.push_back(std::move(entry));
  return reader;
}

CWSANDBOX_DECL log_step sandbox::read_log(log_reader& reader) {
  log_step result;
  if (reader.refusal) {
    result.entry = std::move(reader.refusal);
    reader.refusal.reset();
    reader.session.reset();
    return result;
  }
  if (!reader.session) return result;
  if (reader.wake) reader.wake->lower();
  std::lock_guard const lock{mutex_};
  for (auto& known : sessions_) {
    if (known.session == reader.session) known.last_use = clock::now();
  }
  if (reader.session->lost(log_)) {
    wire::LogStreamError lost;
    lost.code = "STREAM_TRUNCATED";
    lost.message = "the log was written faster than it was read";
    result.entry.emplace().error = std::move(lost);
    reader.session.reset();
    return result;
  }
  result.entry = reader.session->next(log_, reader.follow ? log_.end() : reader.until);
  if (!result.entry && reader.follow) result.wait = !is_terminal(status_.state);
  return result;
}

CWSANDBOX_DECL bool sandbox::step() {
  std::array<poll_set::event, 16> ready;
  auto const count = set_.poll(ready.data(), ready.size());
  std::lock_guard const lock{mutex_};
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
      case egress:
        set_.remove(egress_->pidfd());
        if (!killed_ && egress_->exit_status().value_or(0) != 0) {
          tell_("sandboxes have no egress: " + options_->slirp4netns +
                " ended (may this user open /dev/net/tun?)");
        }
        break;
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
  status_.start_time = sandboxing::now();
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
    failed_to_start_ = true;
    finish(wire::State::failed, sandboxing::start_hint(last_output()), std::nullopt);
  }
}

CWSANDBOX_DECL void sandbox::finish(wire::State state, std::string reason,
                                    std::optional<int> exit_code) {
  status_.state = state;
  status_.state_reason = std::move(reason);
  status_.end_time = sandboxing::now();
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
  bool gone = true;
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
  {
    std::lock_guard const lock{mutex_};
    if (!gone_ && process_) {
      kill_all();
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

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SANDBOX_START_IPP
#define CWSANDBOX_IMPL_LOCAL_SANDBOX_START_IPP

#include <cwsandbox/transport/local/sandbox.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/files.hpp>
#include <cwsandbox/transport/local/records.hpp>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>

namespace cwsandbox::inline v1::detail::local {

namespace starting {

inline constexpr std::string_view keep_alive = "trap \"exit 0\" TERM INT; sleep infinity & wait";

inline std::string joined(std::vector<std::string> const& words) {
  std::string result;
  for (auto const& word : words) {
    result += word;
    result += '\0';
  }
  return result;
}

inline error restore_error(std::string const& snapshot_id, std::string const& why) {
  return reasoned_error(status_code::failed_precondition, reasons::fss_restore_failed,
                        "cannot restore file-system snapshot '" + snapshot_id + "': " + why);
}

}  // namespace starting

CWSANDBOX_DECL void sandbox::make_environment() {
  wire::string_map variables;
  bool const isolated = options_->isolation == local_isolation::namespaces;
  path_ = default_path(image_);
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

CWSANDBOX_DECL outcome<root_layout> sandbox::lay_out(std::vector<unique_fd>& files) {
  auto made = make_root(shared_etc_, image_);
  if (!made) return made;
  auto& layout = *made;
  auto const add = [&](std::initializer_list<std::string> words) {
    layout.mounts.insert(layout.mounts.end(), words.begin(), words.end());
  };
  if (auto mounted = volumes_.mount(container(), layout); !mounted) return mounted.error();
  for (auto const& file : container().files) {
    if (layout.covers(file.path)) {
      return violation_error(
          "sandbox.spec.containers[0].files",
          "'" + file.path + "' lies in a part of the image that cannot be changed");
    }
    files.push_back(memory_file("mounted-file", file.content));
    if (!files.back()) return rpc_error(status_code::resource_exhausted, errno_text(errno));
    // The main process may be one of them.
    add({"--perms", "0755", "--file", std::to_string(files.back().get()), file.path});
  }
  if (!layout.covers(working_directory_) && !volumes_.in_restored(working_directory_))
    add({"--dir", working_directory_});
  auto const& security = container().security_context;
  if (security && security->read_only_root_filesystem.value_or(false)) add({"--remount-ro", "/"});
  return made;
}

CWSANDBOX_DECL outcome<void> sandbox::place_on_machine() {
  if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
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
                                            std::vector<restore_source> restores,
                                            log_function const& log) {
  directory_ = engine_directory + "/" + id_;
  shared_etc_ = engine_directory + "/etc";
  guard_ = std::move(keeper);
  tell_ = log;
  auto image = resolve_image(container().image, *options_);
  if (!image) return image.error();
  image_ = std::move(*image);
  bool const isolated = options_->isolation == local_isolation::namespaces;
  if (isolated && image_.rootfs.empty()) {
    log("image '" + container().image +
        "' has no root file system here: its sandboxes see this machine's /usr");
  }
  remover_.emplace(directory_);
  command_.push_back(container().command);
  command_.insert(command_.end(), container().args.begin(), container().args.end());
  if (command_.front().empty()) command_.erase(command_.begin());
  if (command_.empty()) command_ = {"/bin/sh", "-c", std::string(starting::keep_alive)};
  working_directory_ =
      container().working_dir.empty() ? (isolated ? "/" : directory_) : container().working_dir;
  make_environment();
  if (!set_) return rpc_error(status_code::resource_exhausted, errno_text(errno));
  set_.add(wake_.fd(), wake);
  set_.add(timer_.fd(), timer);
  if (auto made = volumes_.make(directory_, spec_, *options_, guard_); !made) return made;
  if (restores.empty()) return run_main();
  return start_restores(std::move(restores));
}

CWSANDBOX_DECL outcome<void> sandbox::start_restores(std::vector<restore_source> sources) {
  std::lock_guard const lock{mutex_};
  for (auto const& source : sources) {
    restore_job job;
    job.snapshot_id = source.snapshot_id;
    job.errors = memory_file("tar-errors", {});
    auto alive = make_pipe();
    spawn_result made;
    made.error = errno;
    if (job.errors && alive.read) {
      made = unpack_volume(volumes_.place_of(source.volume), source.archive.get(), job.errors.get(),
                           alive.write.get());
    }
    if (!made.process) {
      restores_.clear();
      return starting::restore_error(source.snapshot_id, errno_text(made.error));
    }
    job.tar = std::move(made.process);
    job.alive = std::move(alive.read);
    set_.add(job.tar->pidfd(), restoring);
    set_.add(job.alive.get(), restoring);
    restores_.push_back(std::move(job));
  }
  rearm();
  return {};
}

CWSANDBOX_DECL bool sandbox::restored() {
  std::erase_if(restores_, [&](restore_job& job) {
    pollfd end{job.alive.get(), POLLIN, 0};
    if (job.alive && ::poll(&end, 1, 0) > 0) {
      set_.remove(job.alive.get());
      job.alive.reset();
    }
    auto const status = job.tar->exit_status();
    if (status) set_.remove(job.tar->pidfd());
    if (!status || job.alive) return false;
    if (*status != 0 && !failed_) {
      failed_ =
          starting::restore_error(job.snapshot_id, archive_failure(job.errors.get(), *status));
    }
    return true;
  });
  if (!restores_.empty()) return false;
  if (killed_) {
    failed_.reset();
    finish(wire::State::terminated, kill_reason_, std::nullopt);
    return false;
  }
  if (failed_) finish(wire::State::failed, failed_->message(), std::nullopt);
  return !failed_;
}

CWSANDBOX_DECL outcome<void> sandbox::run_main() {
  outcome<root_layout> layout;
  std::vector<unique_fd> files;
  if (options_->isolation == local_isolation::namespaces) {
    layout = lay_out(files);
    if (!layout) return layout.error();
  } else if (auto placed = place_on_machine(); !placed) {
    return placed;
  }
  limits_ = make_limits(tell_);
  auto launched = launch(*layout, files, tell_);
  if (launched) {
    std::lock_guard const lock{mutex_};
    rearm();
  }
  return launched;
}

CWSANDBOX_DECL outcome<void> sandbox::launch(root_layout const& layout,
                                             std::vector<unique_fd> const& files,
                                             log_function const& log) {
  auto logs = make_pipe();
  unique_fd const null = above_stdio(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
  if (!logs.read || !null) return rpc_error(status_code::resource_exhausted, errno_text(errno));
  set_nonblocking(logs.read.get());

  spawn_request request;
  request.path = "/usr/local/bin:/usr/bin:/bin";
  request.input = null.get();
  request.output = logs.write.get();
  request.error = logs.write.get();
  request.groups = groups_.entrances();
  request.limits = limits_;
  output_ = std::move(logs.read);
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
  unique_fd const argument_file = memory_file("bwrap-arguments", starting::joined(arguments));
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
  status_.start_time = current_time();
  return {};
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SANDBOX_HPP
#define CWSANDBOX_SANDBOX_HPP

/// \file
/// `basic_sandbox<T>`: one sandbox, on any transport.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/check_id.hpp>
#include <cwsandbox/detail/list_work.hpp>
#include <cwsandbox/detail/log_driver.hpp>
#include <cwsandbox/detail/sandbox_access.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/detail/transport_traits.hpp>
#include <cwsandbox/detail/sandbox_owner.hpp>
#include <cwsandbox/detail/snapshot_work.hpp>
#include <cwsandbox/fwd.hpp>
#include <cwsandbox/logs.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/process.hpp>
#include <cwsandbox/sandbox_info.hpp>
#include <cwsandbox/snapshots.hpp>
#include <cwsandbox/status.hpp>
#include <cwsandbox/terminal.hpp>
#include <cwsandbox/transport.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// What may be said where a sandbox is made: options in braces, or whole defaults.
template <class O>
concept sandbox_defaults_like = std::same_as<O, SandboxDefaults> || std::same_as<O, static_defaults>;

/// One sandbox: an isolated place where commands run.
///
/// A cheap copyable handle; all copies stand for the same sandbox, and handles compare equal when they do. It is made
/// unstarted, without any call, and starts when it is first used (`exec`, files, `wait`) or on `start()`.
///
/// **Who stops it.** A sandbox of a session belongs to the session. One that `run()`, or the constructor, made is
/// stopped when its last handle dies, waiting for the end unless that happens on its own executor; `detach()` opts out.
/// One that `list()` or `from_id()` found is only looked at, until a session adopts it.
///
/// **Threads.** All members may be called from any thread. Work runs on the transport's executor (or the session's).
///
/// **Errors.** Mistakes in arguments throw `invalid_argument` at once. Everything else is in the operations, as the
/// classes of `error.hpp`. (contract: lifecycle, streams)
template <class T>
class basic_sandbox {
 public:
  using transport_type = T;
  /// What `exec` takes in braces: all of ExecOptions where the transport has exec streams.
  using exec_options =
      std::conditional_t<T::capabilities.exec_stream, ExecOptions, UnaryExecOptions>;

  /// A handle on nothing; only assignment, comparison and `valid()` may be used.
  basic_sandbox() = default;

  /// An unstarted sandbox that belongs to no session. No call is made.
  explicit basic_sandbox(T transport, SandboxOptions const& options = {})
      : basic_sandbox{make(std::move(transport), SandboxDefaults{}, options)} {}
  template <sandbox_defaults_like O>
  basic_sandbox(T transport, O const& defaults)
      : basic_sandbox{make(std::move(transport), defaults, SandboxOptions{})} {}

  /// Makes a sandbox and starts it: returns when the service has accepted it, not when it runs. Blocks; in a coroutine
  /// use the constructor and `co_await sandbox.start().async()`.
  [[nodiscard]] static basic_sandbox run(T transport, SandboxOptions const& options = {}) {
    basic_sandbox sandbox{std::move(transport), options};
    sandbox.start().result();
    return sandbox;
  }
  template <sandbox_defaults_like O>
  [[nodiscard]] static basic_sandbox run(T transport, O const& defaults) {
    basic_sandbox sandbox{std::move(transport), defaults};
    sandbox.start().result();
    return sandbox;
  }
  /// The same with the main process as its words.
  [[nodiscard]] static basic_sandbox run(T transport, command const& main_process,
                                         SandboxOptions options = {}) {
    auto const words = main_process.to_vector();
    if (auto e = detail::validation_error(validate(main_process))) e->raise();
    std::vector<std::string> const args(words.begin() + 1, words.end());
    options.command = words.front();
    if (args.empty())
      options.args = empty;
    else
      options.args = args;
    return run(std::move(transport), options);
  }

  /// The sandboxes that exist, by default those that have not ended. All pages are read. (contract: lifecycle 5.1)
  [[nodiscard]] static operation<std::vector<basic_sandbox>> list(T transport,
                                                                  ListOptions const& options = {}) {
    auto const executor = asio::any_io_executor{transport.get_executor()};
    return detail::start_list<basic_sandbox>(std::move(transport), executor, options, {}, {}, {});
  }

  /// A handle on a sandbox that exists; SandboxNotFoundError when it does not. (contract: lifecycle 5.2)
  [[nodiscard]] static operation<basic_sandbox> from_id(T transport, std::string_view sandbox_id) {
    auto const executor = asio::any_io_executor{transport.get_executor()};
    return detail::start_from_id<basic_sandbox>(std::move(transport), executor, sandbox_id, {}, {});
  }

  /// Deletes a sandbox by its id, at once and without waiting for its end. (contract: lifecycle 4.7)
  static operation<void> remove(T transport, std::string_view sandbox_id,
                                RemoveOptions const& options = {}) {
    auto const executor = asio::any_io_executor{transport.get_executor()};
    return detail::start_remove(std::move(transport), executor, sandbox_id, options);
  }

  /// The record of a snapshot; SnapshotNotFoundError when there is none. This and the other calls about snapshots are
  /// tried again for up to 30 seconds when they fail for a moment. (contract: options 8.3)
  [[nodiscard]] static operation<FileSystemSnapshot> get_snapshot(
      T transport, std::string_view file_system_snapshot_id,
      SnapshotCallOptions const& options = {})
    requires detail::has_snapshots<T>
  {
    detail::check_id("file_system_snapshot_id", file_system_snapshot_id);
    return call_about_snapshots<FileSystemSnapshot>(
        std::move(transport), options.timeout, [&](auto shared, auto context, auto timeout) {
          return detail::get_snapshot_work<T>(std::move(shared), std::move(context),
                                              std::string{file_system_snapshot_id}, timeout);
        });
  }

  /// The snapshots of the organization, in the order of the service. All pages are read.
  [[nodiscard]] static operation<std::vector<FileSystemSnapshot>> list_snapshots(
      T transport, ListSnapshotsOptions const& options = {})
    requires detail::has_snapshots<T>
  {
    detail::snapshot_filter filter{};
    if (options.source_sandbox_id)
      filter.source_sandbox_id.emplace(*options.source_sandbox_id);
    filter.status = options.status;
    return call_about_snapshots<std::vector<FileSystemSnapshot>>(
        std::move(transport), options.timeout, [&](auto shared, auto context, auto timeout) {
          return detail::list_snapshots_work<T>(std::move(shared), std::move(context),
                                                std::move(filter), timeout);
        });
  }

  /// Deletes a snapshot; sandboxes that were made of it keep what they have. SnapshotNotFoundError when there is none,
  /// unless an earlier attempt of this call may have deleted it.
  static operation<void> delete_snapshot(T transport, std::string_view file_system_snapshot_id,
                                         DeleteSnapshotOptions const& options = {})
    requires detail::has_snapshots<T>
  {
    detail::check_id("file_system_snapshot_id", file_system_snapshot_id);
    return call_about_snapshots<void>(
        std::move(transport), options.timeout, [&](auto shared, auto context, auto timeout) {
          return detail::delete_snapshot_work<T>(std::move(shared), std::move(context),
                                                 std::string{file_system_snapshot_id},
                                                 options.missing_ok, timeout);
        });
  }

  /// Where the organization keeps its snapshots.
  [[nodiscard]] static operation<FileSystemSnapshotBucketConfig> get_snapshot_bucket_config(
      T transport, SnapshotCallOptions const& options = {})
    requires detail::has_snapshot_bucket_config<T>
  {
    return call_about_snapshots<FileSystemSnapshotBucketConfig>(
        std::move(transport), options.timeout, [&](auto shared, auto context, auto timeout) {
          return detail::get_bucket_config_work<T>(std::move(shared), std::move(context), timeout);
        });
  }

  /// Keeps the organization's snapshots in a bucket of its own from now on, or, with an empty name, in the managed one.
  /// Gives the new setting. Needs the rights of an administrator; snapshots in the old bucket cannot be restored
  /// meanwhile (SnapshotBucketMismatchError).
  static operation<FileSystemSnapshotBucketConfig> set_snapshot_bucket_config(
      T transport, std::string_view bucket_name, std::string_view region = {},
      SnapshotCallOptions const& options = {})
    requires detail::has_snapshot_bucket_config<T>
  {
    return call_about_snapshots<FileSystemSnapshotBucketConfig>(
        std::move(transport), options.timeout, [&](auto shared, auto context, auto timeout) {
          return detail::set_bucket_config_work<T>(std::move(shared), std::move(context),
                                                   std::string{bucket_name}, std::string{region},
                                                   timeout);
        });
  }

  [[nodiscard]] bool valid() const noexcept { return core_ != nullptr; }

  // ---- life

  /// Sends the create. Ends when the service has accepted it; starting again does nothing. A create that failed may be
  /// tried again: it carries the same request id, so that nothing is made twice.
  operation<void> start() const { return core_->start(); }

  /// Starts if need be and waits until the sandbox runs (or is being stopped by others: look at `status()`).
  /// SandboxTimeoutError when it takes too long, SandboxFailedError and SandboxTerminatedError when it never will.
  operation<void> wait(WaitOptions const& options = {}) const {
    check(options);
    return core_->wait(options.timeout.to_optional());
  }

  /// Starts if need be and waits until the sandbox has ended; gives how. (contract: lifecycle 3.6)
  operation<SandboxStatus> wait_until_complete(CompletionOptions const& options = {}) const {
    check(options);
    return core_->wait_until_complete(options.timeout.to_optional(), options.raise_on_termination);
  }

  /// Asks the service for the status now. Does not start the sandbox.
  [[nodiscard]] operation<SandboxStatus> get_status() const { return core_->get_status(); }

  /// Stops the sandbox and waits until its end was seen. Stopping an ended one, or twice, does nothing; one that was
  /// never started never will be. (contract: lifecycle 4)
  ///
  /// With `snapshot_on_stop` its scratch volumes are archived. SandboxSnapshotError when it has none, or a snapshot
  /// failed; SnapshotOnStopConflictError when it has ended, or is being stopped otherwise, so that none can be taken;
  /// SnapshotWaitTimeoutError when one is not ready in time. In the last case, and when a snapshot failed, the sandbox is
  /// stopped all the same.
  operation<void> stop(StopOptions const& options = {}) const {
    check(options);
    if (options.snapshot_on_stop && !detail::has_snapshots<T>)
      invalid_argument_error("snapshot_on_stop", "true",
                             "snapshot_on_stop needs a transport with the calls for snapshots")
          .raise();
    detail::stop_plan plan{};
    plan.grace = options.graceful_shutdown.value_or(default_graceful_shutdown);
    plan.missing_ok = options.missing_ok;
    plan.snapshot = options.snapshot_on_stop;
    plan.wait_for_ready = options.wait_for_ready;
    plan.request_id = options.request_id.value_or("");
    return core_->stop(std::move(plan));
  }

  /// Gives up the ownership of a sandbox without a session: it goes on when the last handle dies.
  void detach() const noexcept {
    if (owner_) owner_->release();
  }

  // ---- commands and files

  /// Runs a command. Returns at once; what happens is in the process. No shell is involved: the words go as they are.
  ///
  ///     auto r = sb.exec({"python3", "-c", code}, {.timeout = 10s}).result();
  ///
  /// Throws `invalid_argument` for an empty command, a NUL in a word, a relative `cwd`, a time-out that is not
  /// positive. (contract: streams 1)
  ///
  /// On a transport without exec streams, such as `http_transport`, there is no live output and no input: `open_stdin`
  /// does not compile in the braces. Where the options are an object of their own, or the transport stands for another,
  /// as `any_transport` does, it throws `invalid_argument`.
  [[nodiscard]] process exec(command const& words, exec_options const& options = {}) const {
    return start_exec(words, options);
  }
  template <std::same_as<ExecOptions> Options>
    requires(!std::same_as<Options, exec_options>)
  [[nodiscard]] process exec(command const& words, Options const& options) const {
    return start_exec(words, options);
  }

  /// Runs a command, usually a shell, on a terminal of its own. Returns at once; what happens is in the terminal, whose
  /// output must be read or closed.
  ///
  ///     auto shell = sb.shell({"/bin/bash"}, {.width = 120, .height = 40});
  ///
  /// Throws `invalid_argument` for an empty command, a NUL in a word, a size of 0. (contract: streams 3)
  ///
  /// On a transport without exec streams, such as `http_transport`, there is no such member: use `grpc_transport` or
  /// `local_transport`. One that stands for another, such as `any_transport`, throws `invalid_argument` when that one
  /// has none.
  [[nodiscard]] terminal shell(command const& words = {"/bin/bash"},
                               ShellOptions const& options = {}) const
    requires detail::has_exec_streams_like_grpc_or_local_transport<T>
  {
    auto const abilities = detail::abilities_of(core_->transport());
    if (!abilities.exec_stream)
      invalid_argument_error("transport", std::string{abilities.name},
                             "shell needs a transport with exec streams, such as grpc_transport or "
                             "local_transport; this one has none: " +
                                 std::string{abilities.name})
          .raise();
    if (auto e = detail::validation_error(validate(words))) e->raise();
    check(options);
    detail::exec_plan plan{};
    plan.init.command = words.to_vector();
    plan.init.tty = true;
    plan.init.tty_width = options.width.value_or(0);
    plan.init.tty_height = options.height.value_or(0);
    plan.init.container = options.container.value_or("");
    plan.timeout = core_->limits().request_timeout;
    return core_->shell(words.to_vector(), std::move(plan));
  }

  /// The log of the sandbox: what its main process writes. Returns at once; whatever fails is thrown by the reader.
  ///
  ///     for (auto const& line : sb.stream_logs({.follow = true}).lines()) std::cout << line;
  ///
  /// Starts the sandbox if need be and waits until it runs. The log of one that has ended cannot be followed; whether
  /// it can still be read is for the service to say. Throws `invalid_argument` for a negative number of lines, a
  /// time-out that is not positive, and for what cannot be said together with `resume`. (contract: streams 4)
  ///
  /// On a transport without log streams, such as `http_transport`, there is no such member: use `grpc_transport` or
  /// `local_transport`. One that stands for another, such as `any_transport`, throws `invalid_argument` when that one
  /// has none.
  [[nodiscard]] log_reader stream_logs(LogOptions const& options = {}) const
    requires detail::has_log_streams_like_grpc_or_local_transport<T>
  {
    auto const abilities = detail::abilities_of(core_->transport());
    if (!abilities.log_stream)
      invalid_argument_error("transport", std::string{abilities.name},
                             "stream_logs needs a transport with log streams, such as "
                             "grpc_transport or local_transport; this one has none: " +
                                 std::string{abilities.name})
          .raise();
    check(options);
    return detail::start_logs(core_, options);
  }

  /// The whole content of a file. SandboxFileError with the path and the reason when it cannot be read.
  [[nodiscard]] operation<std::string> read_file(std::string_view path,
                                                 FileOptions const& options = {}) const {
    check_path(path);
    check(options);
    return core_->read_file(std::string{path}, std::string{options.container.value_or("")},
                            options.timeout.to_optional());
  }

  /// Makes a file of these bytes, over what was there. SandboxFileError when it cannot be written.
  operation<void> write_file(std::string_view path, std::string_view content,
                             FileOptions const& options = {}) const {
    check_path(path);
    check(options);
    return core_->write_file(std::string{path}, std::string{content},
                             std::string{options.container.value_or("")},
                             options.timeout.to_optional());
  }

  // ---- snapshots

  /// Archives the scratch volume of the sandbox, which is started if need be, and gives the id of the snapshot. With
  /// more than one scratch volume it is an error.
  ///
  /// SandboxSnapshotError and its kinds when the snapshot cannot be made, SnapshotWaitTimeoutError when it is not ready
  /// in time. A lost answer makes no second snapshot: all attempts carry one request id. (contract: options 8.2)
  [[nodiscard]] operation<std::string> snapshot(SnapshotOptions const& options = {}) const
    requires detail::has_snapshots<T>
  {
    detail::snapshot_plan plan{};
    plan.wait_for_ready = options.wait_for_ready;
    plan.request_id = options.request_id.value_or("");
    if (plan.request_id.empty()) plan.request_id = detail::make_uuid();
    return core_->template launch<std::string>([&](std::shared_ptr<detail::cancel_token> token) {
      return detail::snapshot_work<T>(core_, std::move(token), std::move(plan));
    });
  }

  // ---- what is known of it, without any call

  /// Empty until the service has accepted it.
  [[nodiscard]] std::optional<std::string> id() const {
    return look([](auto const& l) { return l.id(); });
  }
  /// The last status seen; empty while it is not started.
  [[nodiscard]] std::optional<SandboxStatus> status() const {
    return look([](auto const& l) { return l.status(); });
  }
  /// What the service said about the status, or empty.
  [[nodiscard]] std::string status_reason() const {
    return look([](auto const& l) { return l.state_reason(); });
  }
  /// When the status was last seen.
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> status_updated_at() const {
    return look([](auto const& l) { return l.status_updated_at(); });
  }
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> started_at() const {
    return look([](auto const& l) { return l.started_at(); });
  }
  [[nodiscard]] std::optional<std::string> runner_id() const {
    return look([](auto const& l) { return l.runner_id(); });
  }
  [[nodiscard]] std::optional<std::string> runner_group_id() const {
    return look([](auto const& l) { return l.runner_group_id(); });
  }
  /// Exit status of the main process, once a wait saw it complete and the service told it.
  [[nodiscard]] std::optional<std::int32_t> exit_code() const {
    return look([](auto const& l) { return l.exit_code(); });
  }
  /// Its tags: those of the session first.
  [[nodiscard]] std::vector<std::string> tags() const { return core_->tags(); }
  [[nodiscard]] std::vector<ServiceUrl> service_urls() const {
    return look([](auto const& l) { return l.echoed().service_urls; });
  }
  [[nodiscard]] std::optional<std::vector<ExposedPort>> exposed_ports() const {
    return look([](auto const& l) { return l.echoed().exposed_ports; });
  }
  [[nodiscard]] std::vector<std::string> dns_egress_names() const {
    return look([](auto const& l) { return l.echoed().dns_egress_names; });
  }
  [[nodiscard]] std::optional<GrantedResources> resource_requests() const {
    return look([](auto const& l) { return l.echoed().resource_requests; });
  }
  [[nodiscard]] std::optional<GrantedResources> resource_limits() const {
    return look([](auto const& l) { return l.echoed().resource_limits; });
  }
  [[nodiscard]] std::optional<GrantedGpu> resource_gpu() const {
    return look([](auto const& l) { return l.echoed().resource_gpu; });
  }
  /// The snapshot that a stop of this handle has taken; the first one when there are several.
  [[nodiscard]] std::optional<std::string> file_system_snapshot_id() const {
    return look([](auto const& l) {
      auto const& ids = l.echoed().file_system_snapshot_ids;
      return ids.empty() ? std::nullopt : std::optional{ids.front()};
    });
  }
  /// All snapshots that a stop of this handle has taken.
  [[nodiscard]] std::vector<std::string> file_system_snapshot_ids() const {
    return look([](auto const& l) { return l.echoed().file_system_snapshot_ids; });
  }
  /// How the commands of this sandbox ended so far.
  [[nodiscard]] ExecStats exec_stats() const { return core_->exec_stats(); }

  friend bool operator==(basic_sandbox const& a, basic_sandbox const& b) noexcept {
    return a.core_ == b.core_;
  }
  /// `sandbox sb-1 (running)`.
  friend std::ostream& operator<<(std::ostream& os, basic_sandbox const& sandbox) {
    if (!sandbox.valid()) return os << "sandbox (none)";
    os << "sandbox " << sandbox.id().value_or("(no id)");
    auto const status = sandbox.status();
    return os << " (" << (status ? to_string(*status) : "not started") << ')';
  }

 private:
  friend struct detail::sandbox_access;
  using core_type = detail::sandbox_core<T>;

  explicit basic_sandbox(std::shared_ptr<core_type> core,
                         std::shared_ptr<detail::sandbox_owner<T>> owner = {})
      : core_{std::move(core)}, owner_{std::move(owner)} {}

  [[nodiscard]] static basic_sandbox make(T transport, SandboxDefaults const& defaults,
                                          SandboxOptions const& options) {
    auto const executor = asio::any_io_executor{transport.get_executor()};
    auto core = detail::make_core(std::move(transport), executor, defaults, options);
    auto owner = std::make_shared<detail::sandbox_owner<T>>(core);
    return basic_sandbox{std::move(core), std::move(owner)};
  }

  template <class R, class F>
  static operation<R> call_about_snapshots(T transport, optional_duration timeout, F work) {
    validation_result found;
    detail::check_positive(found, "timeout", timeout);
    if (auto e = detail::validation_error(found)) e->raise();
    auto const limit = timeout.to_optional().value_or(default_request_timeout);
    auto const executor = asio::any_io_executor{transport.get_executor()};
    return detail::launch_call<R>(
        transport, executor, [&](std::shared_ptr<T> shared, detail::task_context context) {
          return work(std::move(shared), std::move(context), limit);
        });
  }
  template <class F>
  [[nodiscard]] auto look(F f) const {
    return core_->look(f);
  }
  template <class O>
  static void check(O const& options) {
    if (auto e = detail::validation_error(validate(options))) e->raise();
  }
  static void check_path(std::string_view path) {
    if (auto e = detail::validation_error(validate_file_path(path))) e->raise();
  }

  [[nodiscard]] process start_exec(command const& words, ExecOptions const& options) const {
    auto const abilities = detail::abilities_of(core_->transport());
    if (options.open_stdin && !abilities.exec_stream)
      invalid_argument_error("open_stdin", "true",
                             "open_stdin needs a transport with exec streams; this one has none: " +
                                 std::string{abilities.name})
          .raise();
    if (auto e = detail::validation_error(validate(words))) e->raise();
    check(options);
    auto caller_words = words.to_vector();
    detail::exec_plan plan{};
    plan.init.command =
        options.cwd ? detail::wrap_with_cwd(caller_words, *options.cwd) : caller_words;
    options.env.for_each([&](auto const& pair) {
      plan.init.env.insert_or_assign(std::string{pair.first}, std::string{pair.second});
    });
    plan.init.container = options.container.value_or("");
    plan.timeout = options.timeout.value_or(core_->limits().request_timeout);
    plan.check = options.check;
    return core_->exec(std::move(caller_words), std::move(plan), options.open_stdin,
                       options.max_buffered_bytes);
  }

  std::shared_ptr<core_type> core_;
  std::shared_ptr<detail::sandbox_owner<T>> owner_;
};

template <class T, class... Args>
basic_sandbox(T, Args const&...) -> basic_sandbox<T>;

}  // namespace cwsandbox::inline v1

#endif

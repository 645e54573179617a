// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <cwsandbox/transport/local/options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1 {

namespace detail::local {
class engine;
class exec_call;
class log_call;
}  // namespace detail::local

/// The sandbox service inside this process: every sandbox is a tree of processes on this machine, kept apart by
/// namespaces that bubblewrap makes.
///
/// A copyable handle on one engine; copies see the same sandboxes. When the last handle and the last running stream are
/// gone the engine kills what runs and removes its files, on the thread that lets go, whatever the executor does. When
/// the process is killed, the kernel ends its sandboxes, and the next engine with the same state directory removes what
/// they left.
///
/// It answers like the remote service, error reasons included (contract: streams, section 7). What it does not do it
/// refuses with `CWSANDBOX_NOT_IMPLEMENTED` or a field violation, never by ignoring it: named volumes, secrets, public
/// endpoints, egress rules.
///
/// - Scratch volumes are directories of the state directory. One with a size is a file system in memory of that size,
///   whatever its medium, because nothing else can be held to a size without privileges; so is one of the medium memory,
///   at most half of the machine's memory without a size.
/// - Enforced: separate namespaces, a private root, no capabilities and none to be had, `max_lifetime_seconds`, egress
///   denial, limits of CPU, memory and processes where this process may make control groups.
/// - Not enforced: limits where there are no control groups, but for memory, which is then limited for each process by
///   itself. `local_options::log` is told.
///
/// All members may be called from any thread; awaitables complete on the executor of the coroutine that awaits them.
class local_transport {
 public:
  static constexpr transport_capabilities capabilities{"local", true, true};

  /// A running command. See `exec_stream_handle`; not thread-safe. Destroying it kills the command and its group.
  class exec_stream {
   public:
    exec_stream(exec_stream&&) noexcept = default;
    CWSANDBOX_DECL exec_stream& operator=(exec_stream&& other) noexcept;
    CWSANDBOX_DECL ~exec_stream();

    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>
    read();
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> write(std::string_view bytes);
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> resize(std::uint32_t columns,
                                                                       std::uint32_t rows);
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> close_input();
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> half_close();
    CWSANDBOX_DECL void cancel() noexcept;

   private:
    friend class local_transport;
    explicit exec_stream(std::shared_ptr<detail::local::exec_call> call) noexcept
        : call_{std::move(call)} {}
    std::shared_ptr<detail::local::exec_call> call_;
  };

  /// A running log stream. See `log_stream_handle`; not thread-safe.
  class log_stream {
   public:
    log_stream(log_stream&&) noexcept = default;
    CWSANDBOX_DECL log_stream& operator=(log_stream&& other) noexcept;
    CWSANDBOX_DECL ~log_stream();

    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::LogEntry>>> read();
    CWSANDBOX_DECL void cancel() noexcept;

   private:
    friend class local_transport;
    explicit log_stream(std::shared_ptr<detail::local::log_call> call) noexcept
        : call_{std::move(call)} {}
    std::shared_ptr<detail::local::log_call> call_;
  };

  /// An engine on the library's background thread.
  CWSANDBOX_DECL local_transport();
  /// An engine on an executor of the program's; it makes no thread.
  CWSANDBOX_DECL explicit local_transport(asio::any_io_executor executor);
  CWSANDBOX_DECL explicit local_transport(local_options options);
  CWSANDBOX_DECL local_transport(local_options options, asio::any_io_executor executor);

  [[nodiscard]] CWSANDBOX_DECL asio::any_io_executor get_executor() const noexcept;

  /// Answers when the sandbox runs, has failed, or takes unusually long. FAILED_PRECONDITION when this machine cannot
  /// isolate sandboxes; the message says what to install or allow.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>> create_sandbox(
      wire::CreateSandboxRequest request, call_options options) const;
  /// Each field of the overrides that is set replaces the template's as a whole, lists, maps and messages too.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>> create_sandbox_from_template(
      wire::CreateSandboxFromTemplateRequest request, call_options options) const;
  /// Ended sandboxes stay known, up to `local_options::remembered_sandboxes`.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>> get_sandbox(
      wire::GetSandboxRequest request, call_options options) const;
  /// In the order of creation.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ListSandboxesResponse>> list_sandboxes(
      wire::ListSandboxesRequest request, call_options options) const;
  /// Sends SIGTERM to the main process and kills the sandbox after the grace period. A main process that ends within it
  /// leaves the sandbox COMPLETED with its exit code, the kill TERMINATED. Snapshots that are asked for are made when no
  /// process is left; the answer names them before that.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::DeleteSandboxResponse>> delete_sandbox(
      wire::DeleteSandboxRequest request, call_options options) const;
  /// Kills all sandboxes with all of the tags, or simply all when `purge_all` is set; one of the two is needed.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::PurgeSandboxesResponse>>
  purge_sandboxes(wire::PurgeSandboxesRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ExecResponse>> exec(
      wire::ExecRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ReadFileResponse>> read_file(
      wire::ReadFileRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::WriteFileResponse>> write_file(
      wire::WriteFileRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<exec_stream>> stream_exec(
      wire::ExecStreamInit init, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<log_stream>> stream_logs(
      wire::StreamLogsRequest request, call_options options) const;

  /// Archives a scratch volume of a running sandbox, as its files are at the moment when each is read. Answers when that
  /// is done or takes unusually long. A request id that was used before gives the snapshot of then.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
  create_file_system_snapshot(wire::CreateFileSystemSnapshotRequest request,
                              call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
  get_file_system_snapshot(wire::GetFileSystemSnapshotRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ListFileSystemSnapshotsResponse>>
  list_file_system_snapshots(wire::ListFileSystemSnapshotsRequest request,
                             call_options options) const;
  /// A snapshot that is being made is given up; sandboxes that are being restored from it go on.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
  delete_file_system_snapshot(wire::DeleteFileSystemSnapshotRequest request,
                              call_options options) const;
  /// The managed bucket, which has no name here. Another cannot be set: CWSANDBOX_NOT_IMPLEMENTED.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshotBucketConfig>>
  get_file_system_snapshot_bucket_config(wire::GetFileSystemSnapshotBucketConfigRequest request,
                                         call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshotBucketConfig>>
  update_file_system_snapshot_bucket_config(
      wire::UpdateFileSystemSnapshotBucketConfigRequest request, call_options options) const;
  /// This machine is the one runner, in the group and the organization `local`.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ListAvailableRunnersResponse>>
  list_available_runners(wire::ListAvailableRunnersRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::AvailableRunner>> get_available_runner(
      wire::GetAvailableRunnerRequest request, call_options options) const;
  /// Templates are kept in memory, as long as the engine lives. Each update adds one to the revision. An update without
  /// a mask writes what is set; a mask may name `display_name`, `spec` and the fields of the spec (`spec.tags`). Deleted
  /// templates are shown when asked for.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>>
  create_sandbox_template(wire::CreateSandboxTemplateRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>> get_sandbox_template(
      wire::GetSandboxTemplateRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::ListSandboxTemplatesResponse>>
  list_sandbox_templates(wire::ListSandboxTemplatesRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>>
  update_sandbox_template(wire::UpdateSandboxTemplateRequest request, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::Empty>> delete_sandbox_template(
      wire::DeleteSandboxTemplateRequest request, call_options options) const;

 private:
  std::shared_ptr<detail::local::engine> engine_;
};

static_assert(transport<local_transport>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/transport.ipp>
#endif

#endif

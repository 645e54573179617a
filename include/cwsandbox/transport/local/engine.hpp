// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_ENGINE_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_ENGINE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/sandbox.hpp>

#include <cwsandbox/transport/local/options.hpp>
#include <cwsandbox/transport/local/runners.hpp>
#include <cwsandbox/transport/local/sandbox.hpp>
#include <cwsandbox/transport/local/snapshots.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>
#include <cwsandbox/transport/local/templates.hpp>
#include <cwsandbox/transport/local/waiting.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

/// All sandboxes of one engine. Its members may be called from any thread. Destroying it kills every sandbox and removes
/// every file, without help of the executor.
class engine {
 public:
  CWSANDBOX_DECL engine(local_options options, asio::any_io_executor executor);
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;
  CWSANDBOX_DECL ~engine();

  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }
  [[nodiscard]] local_options const& options() const noexcept { return *options_; }

  /// Starts a sandbox, or finds the one that an earlier request with the same id started.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> create(
      wire::CreateSandboxRequest request, sandbox_origin origin = {});
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> create_from_template(
      wire::CreateSandboxFromTemplateRequest request);
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> find(std::string const& id) const;
  /// The same, for a call that names a container.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> find(
      std::string const& id, std::string const& container) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::ListSandboxesResponse> list(
      wire::ListSandboxesRequest const& request) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::PurgeSandboxesResponse> purge(
      wire::PurgeSandboxesRequest const& request);
  CWSANDBOX_DECL void forget(std::string const& id);

  /// The store of snapshots, opened at first use; CWSANDBOX_FSS_NOT_SUPPORTED when the options say so.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<snapshot_store>> snapshots();
  /// Begins a snapshot, or finds the one that an earlier request with the same id began.
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> create_snapshot(
      wire::CreateFileSystemSnapshotRequest const& request);
  /// Stops a sandbox and archives volumes before its files go. The ids of the snapshots; those of the first such stop
  /// when it is repeated.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::vector<std::string>> stop_with_snapshots(
      std::shared_ptr<sandbox> const& box, wire::DeleteSandboxRequest const& request);
  [[nodiscard]] template_store& templates() noexcept { return templates_; }
  [[nodiscard]] machine_runner const& runner() const noexcept { return runner_; }
  [[nodiscard]] CWSANDBOX_DECL std::int32_t running_sandboxes() const;

 private:
  [[nodiscard]] CWSANDBOX_DECL outcome<void> open();
  [[nodiscard]] CWSANDBOX_DECL outcome<void> check(wire::SandboxSpec const& spec) const;
  /// The same as `snapshots`, for who has the lock.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<snapshot_store>> open_snapshots();
  [[nodiscard]] CWSANDBOX_DECL outcome<std::vector<restore_source>> restore_sources(
      wire::SandboxSpec const& spec);
  /// What the next sandbox starts in; empty when there is no such thing here.
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<guard> keeper();
  CWSANDBOX_DECL void forget_oldest();
  CWSANDBOX_DECL void log_once(std::string_view text);

  std::shared_ptr<local_options const> const options_;
  asio::any_io_executor const executor_;

  mutable std::mutex mutex_;
  std::optional<state_directory> state_;
  std::mutex guard_mutex_;
  std::shared_ptr<guard> guard_;
  bool unguarded_{};
  std::uint64_t next_sequence_{1};
  std::map<std::uint64_t, std::shared_ptr<sandbox>> sandboxes_;
  std::map<std::string, std::uint64_t, std::less<>> by_id_;
  std::map<std::string, std::uint64_t, std::less<>> by_request_;
  std::shared_ptr<snapshot_store> snapshots_;
  template_store templates_;
  machine_runner runner_;
  std::mutex log_mutex_;
  std::set<std::string, std::less<>> logged_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/engine.ipp>
#include <cwsandbox/impl/local/engine_snapshots.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_SNAPSHOTS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_SNAPSHOTS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/settings.hpp>
#include <cwsandbox/wire/snapshots.hpp>

#include <cwsandbox/transport/local/archive.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>
#include <cwsandbox/transport/local/waiting.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

/// What a snapshot is made of.
struct snapshot_source {
  archive_place place{};
  /// Keeps the volume from being removed while it lives.
  std::shared_ptr<void> hold{};
};

/// Snapshots in a directory: `<id>.tar` with the content, beside it `<id>.record` once it is complete, `<id>.part` until
/// then. Members may be called from any thread.
class snapshot_store : public std::enable_shared_from_this<snapshot_store> {
 public:
  /// `lasting`: the directory outlives the engine, and what an earlier one left there is known again.
  snapshot_store(std::string directory, bool lasting)
      : directory_{std::move(directory)}, lasting_{lasting} {}
  snapshot_store(snapshot_store const&) = delete;
  snapshot_store& operator=(snapshot_store const&) = delete;
  ~snapshot_store() { close(); }

  /// Makes the directory and takes hold of it. FAILED_PRECONDITION when another engine has it.
  [[nodiscard]] CWSANDBOX_DECL outcome<void> open();

  /// Enters a snapshot in the state CREATING: an id and the times are added to the record.
  [[nodiscard]] CWSANDBOX_DECL wire::FileSystemSnapshot reserve(wire::FileSystemSnapshot record);
  /// Starts to make it. `io` is where its end is waited for.
  CWSANDBOX_DECL void start(asio::any_io_executor const& io, std::string const& id,
                            snapshot_source source);
  /// Takes back what was entered and not started.
  CWSANDBOX_DECL void discard(std::string const& id);
  /// The snapshot of an earlier request with the same id; empty when there is none.
  [[nodiscard]] CWSANDBOX_DECL std::optional<wire::FileSystemSnapshot> find_request(
      std::string const& request_id) const;
  /// What was made at the end of a sandbox.
  [[nodiscard]] CWSANDBOX_DECL std::vector<wire::FileSystemSnapshot> made_at_end_of(
      std::string const& sandbox_id) const;

  [[nodiscard]] CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> get(std::string const& id);
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::ListFileSystemSnapshotsResponse> list(
      wire::ListFileSystemSnapshotsRequest const& request);
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> remove(
      wire::DeleteFileSystemSnapshotRequest const& request);
  /// The content of a complete snapshot. It stays readable when the snapshot is deleted.
  [[nodiscard]] CWSANDBOX_DECL outcome<unique_fd> open_archive(std::string const& id);

  /// Waits for a snapshot that is being made, for a while.
  [[nodiscard]] CWSANDBOX_DECL static asio::awaitable<void> wait_until_settled(
      asio::any_io_executor io, std::shared_ptr<snapshot_store> store, std::string id,
      std::chrono::steady_clock::duration patience);

  /// Ends what is being made. Nothing can be made any more.
  CWSANDBOX_DECL void close() noexcept;

 private:
  struct entry {
    wire::FileSystemSnapshot record{};
    // Outlives the process: a guard ends only after what is in its namespace.
    snapshot_source source{};
    std::shared_ptr<child_process> tar{};
    unique_fd errors{};
  };
  using entries = std::map<std::uint64_t, entry>;

  [[nodiscard]] std::string path_of(std::string const& id, char const* suffix) const {
    return directory_ + "/" + id + suffix;
  }
  CWSANDBOX_DECL void load();
  [[nodiscard]] CWSANDBOX_DECL bool save(wire::FileSystemSnapshot const& record) const;
  [[nodiscard]] CWSANDBOX_DECL entries::iterator find(std::string const& id);
  /// Notices the end of what makes a snapshot.
  CWSANDBOX_DECL void settle(std::string const& id);
  CWSANDBOX_DECL void complete(entry& e, int exit_status);
  CWSANDBOX_DECL static void fail(entry& e, std::string why);
  CWSANDBOX_DECL void notify();
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<notifier> watch();
  CWSANDBOX_DECL static asio::awaitable<void> await_end(asio::any_io_executor io,
                                                        std::shared_ptr<snapshot_store> store,
                                                        std::string id,
                                                        std::shared_ptr<child_process> tar);

  std::string const directory_;
  bool const lasting_;
  mutable std::mutex mutex_;
  unique_fd lock_;
  bool closed_{};
  std::uint64_t next_{1};
  entries entries_;
  std::vector<std::weak_ptr<notifier>> watchers_;
};

/// Where snapshots are kept, as the settings service says it: nowhere that has a name.
[[nodiscard]] CWSANDBOX_DECL wire::FileSystemSnapshotBucketConfig managed_bucket();
[[nodiscard]] CWSANDBOX_DECL outcome<wire::FileSystemSnapshotBucketConfig> update_bucket(
    wire::UpdateFileSystemSnapshotBucketConfigRequest const& request);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/snapshots.ipp>
#endif

#endif

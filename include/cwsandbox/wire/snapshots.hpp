// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_SNAPSHOTS_HPP
#define CWSANDBOX_WIRE_SNAPSHOTS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Snapshots of scratch volumes.

namespace cwsandbox::inline v1::wire {

/// A saved state of a scratch volume.
struct FileSystemSnapshot {
  std::string file_system_snapshot_id{};
  SnapshotState state{};
  std::string state_reason{};
  std::int64_t size_bytes{};
  std::string source_sandbox_id{};
  SnapshotTrigger trigger{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> complete_time{};
  std::string source_volume_name{};
  std::string object_bucket{};
  std::optional<Timestamp> updated_at{};
  std::string request_id{};

  bool operator==(FileSystemSnapshot const&) const = default;
};

template <>
struct descriptor<FileSystemSnapshot> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.FileSystemSnapshot";
  template <class M = FileSystemSnapshot>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "file_system_snapshot_id", "fileSystemSnapshotId", &M::file_system_snapshot_id),
        field(2, "state", &M::state),
        field(3, "state_reason", "stateReason", &M::state_reason),
        field(4, "size_bytes", "sizeBytes", &M::size_bytes),
        field(5, "source_sandbox_id", "sourceSandboxId", &M::source_sandbox_id),
        field(6, "trigger", &M::trigger),
        field(7, "create_time", "createTime", &M::create_time),
        field(8, "complete_time", "completeTime", &M::complete_time),
        field(9, "source_volume_name", "sourceVolumeName", &M::source_volume_name),
        field(10, "object_bucket", "objectBucket", &M::object_bucket),
        field(11, "updated_at", "updatedAt", &M::updated_at),
        field(12, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for a snapshot of a scratch volume.
struct CreateFileSystemSnapshotRequest {
  std::string sandbox_id{};
  std::string request_id{};
  std::string scratch_volume_name{};

  bool operator==(CreateFileSystemSnapshotRequest const&) const = default;
};

template <>
struct descriptor<CreateFileSystemSnapshotRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateFileSystemSnapshotRequest";
  template <class M = CreateFileSystemSnapshotRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "request_id", "requestId", &M::request_id),
                 field(3, "scratch_volume_name", "scratchVolumeName", &M::scratch_volume_name));
  }
};

/// Asks for one snapshot.
struct GetFileSystemSnapshotRequest {
  std::string file_system_snapshot_id{};

  bool operator==(GetFileSystemSnapshotRequest const&) const = default;
};

template <>
struct descriptor<GetFileSystemSnapshotRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetFileSystemSnapshotRequest";
  template <class M = GetFileSystemSnapshotRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "file_system_snapshot_id", "fileSystemSnapshotId", &M::file_system_snapshot_id));
  }
};

/// Asks for a page of snapshots, of one sandbox when it is named.
struct ListFileSystemSnapshotsRequest {
  std::int32_t page_size{};
  std::string page_token{};
  std::string source_sandbox_id{};

  bool operator==(ListFileSystemSnapshotsRequest const&) const = default;
};

template <>
struct descriptor<ListFileSystemSnapshotsRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListFileSystemSnapshotsRequest";
  template <class M = ListFileSystemSnapshotsRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "page_size", "pageSize", &M::page_size),
                 field(2, "page_token", "pageToken", &M::page_token),
                 field(3, "source_sandbox_id", "sourceSandboxId", &M::source_sandbox_id));
  }
};

/// A page of snapshots.
struct ListFileSystemSnapshotsResponse {
  std::vector<FileSystemSnapshot> file_system_snapshots{};
  std::string next_page_token{};

  bool operator==(ListFileSystemSnapshotsResponse const&) const = default;
};

template <>
struct descriptor<ListFileSystemSnapshotsResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListFileSystemSnapshotsResponse";
  template <class M = ListFileSystemSnapshotsResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "file_system_snapshots", "fileSystemSnapshots", &M::file_system_snapshots),
        field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for a snapshot to be deleted.
struct DeleteFileSystemSnapshotRequest {
  std::string file_system_snapshot_id{};
  bool allow_missing{};

  bool operator==(DeleteFileSystemSnapshotRequest const&) const = default;
};

template <>
struct descriptor<DeleteFileSystemSnapshotRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteFileSystemSnapshotRequest";
  template <class M = DeleteFileSystemSnapshotRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "file_system_snapshot_id", "fileSystemSnapshotId", &M::file_system_snapshot_id),
        field(2, "allow_missing", "allowMissing", &M::allow_missing));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

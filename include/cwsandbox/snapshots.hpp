// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SNAPSHOTS_HPP
#define CWSANDBOX_SNAPSHOTS_HPP

/// \file
/// File-system snapshots: archives of scratch volumes that outlive their sandboxes. The calls are members of
/// `basic_sandbox`. (contract: options 8)

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/duration.hpp>
#include <cwsandbox/validation.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>

namespace cwsandbox::inline v1 {

enum class FileSystemSnapshotStatus : std::uint8_t { unspecified, creating, ready, failed, deleting };
/// Why a snapshot was taken: by `stop`, or by `snapshot()`.
enum class FileSystemSnapshotTrigger : std::uint8_t { unspecified, on_delete, manual };
enum class FileSystemSnapshotBucketMode : std::uint8_t { unspecified, cw_managed, bring_your_own };

template <>
struct detail::enum_texts<FileSystemSnapshotStatus> {
  static constexpr std::array<detail::enum_entry<FileSystemSnapshotStatus>, 5> entries{{
      {FileSystemSnapshotStatus::unspecified, "unspecified"},
      {FileSystemSnapshotStatus::creating, "creating"},
      {FileSystemSnapshotStatus::ready, "ready"},
      {FileSystemSnapshotStatus::failed, "failed"},
      {FileSystemSnapshotStatus::deleting, "deleting"},
  }};
};
template <>
struct detail::enum_texts<FileSystemSnapshotTrigger> {
  static constexpr std::array<detail::enum_entry<FileSystemSnapshotTrigger>, 3> entries{{
      {FileSystemSnapshotTrigger::unspecified, "unspecified"},
      {FileSystemSnapshotTrigger::on_delete, "on_delete"},
      {FileSystemSnapshotTrigger::manual, "manual"},
  }};
};
template <>
struct detail::enum_texts<FileSystemSnapshotBucketMode> {
  static constexpr std::array<detail::enum_entry<FileSystemSnapshotBucketMode>, 3> entries{{
      {FileSystemSnapshotBucketMode::unspecified, "unspecified"},
      {FileSystemSnapshotBucketMode::cw_managed, "cw_managed"},
      {FileSystemSnapshotBucketMode::bring_your_own, "bring_your_own"},
  }};
};

/// The record of a snapshot. Texts are empty, and the size 0, while they are not known.
struct FileSystemSnapshot {
  using time_point = std::chrono::system_clock::time_point;

  std::string file_system_snapshot_id{};
  FileSystemSnapshotStatus status{};
  std::string status_reason{};
  std::int64_t size_bytes{};
  std::string source_sandbox_id{};
  FileSystemSnapshotTrigger trigger{};
  std::string request_id{};
  std::string object_bucket{};
  std::string source_volume_name{};
  std::optional<time_point> created_at{};
  std::optional<time_point> updated_at{};
  std::optional<time_point> completed_at{};

  friend bool operator==(FileSystemSnapshot const&, FileSystemSnapshot const&) = default;
};

/// `FileSystemSnapshot(file_system_snapshot_id='a', status=ready, size_bytes=1, source_sandbox_id='s')`; what is empty
/// is left out.
CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, FileSystemSnapshot const& snapshot);

/// Where the snapshots of an organization are kept.
struct FileSystemSnapshotBucketConfig {
  FileSystemSnapshotBucketMode mode{};
  std::string bucket_name{};
  std::string region{};
  std::string effective_bucket_name{};

  friend bool operator==(FileSystemSnapshotBucketConfig const&,
                         FileSystemSnapshotBucketConfig const&) = default;
};

/// Options of `basic_sandbox::snapshot`.
struct SnapshotOptions {
  /// Wait until the snapshot is ready, for 605 seconds at most. Without it the call ends as soon as the service has
  /// begun.
  bool wait_for_ready = true;
  /// Idempotency key. Unset or empty: a random UUID, the same for every attempt.
  std::optional<std::string_view> request_id = {};
};

/// Filters of `basic_sandbox::list_snapshots`. They are applied here, after all pages.
struct ListSnapshotsOptions {
  std::optional<std::string_view> source_sandbox_id = {};
  std::optional<FileSystemSnapshotStatus> status = {};
  /// Limit of the call, > 0. Unset: 300 seconds.
  optional_duration timeout = {};
};

/// Options of `basic_sandbox::delete_snapshot`.
struct DeleteSnapshotOptions {
  bool missing_ok = false;  ///< a snapshot that is gone already is no error
  /// Limit of the call, > 0. Unset: 300 seconds.
  optional_duration timeout = {};
};

/// Options of the other calls about snapshots.
struct SnapshotCallOptions {
  /// Limit of the call, > 0. Unset: 300 seconds.
  optional_duration timeout = {};
};

static_assert(std::is_trivially_destructible_v<SnapshotOptions> &&
              std::is_trivially_destructible_v<ListSnapshotsOptions> &&
              std::is_trivially_destructible_v<DeleteSnapshotOptions> &&
              std::is_trivially_destructible_v<SnapshotCallOptions>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/snapshots.ipp>
#endif

#endif

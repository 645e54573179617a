// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_SNAPSHOT_VALUES_IPP
#define CWSANDBOX_IMPL_SNAPSHOT_VALUES_IPP

#include <cwsandbox/detail/snapshot_values.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace cwsandbox::inline v1::detail {

inline FileSystemSnapshotStatus to_status(wire::SnapshotState state) noexcept {
  switch (state) {
    case wire::SnapshotState::creating:
      return FileSystemSnapshotStatus::creating;
    case wire::SnapshotState::ready:
      return FileSystemSnapshotStatus::ready;
    case wire::SnapshotState::failed:
      return FileSystemSnapshotStatus::failed;
    case wire::SnapshotState::deleting:
      return FileSystemSnapshotStatus::deleting;
    case wire::SnapshotState::unspecified:
      break;
  }
  return FileSystemSnapshotStatus::unspecified;
}

inline FileSystemSnapshotTrigger to_trigger(wire::SnapshotTrigger trigger) noexcept {
  switch (trigger) {
    case wire::SnapshotTrigger::manual:
      return FileSystemSnapshotTrigger::manual;
    case wire::SnapshotTrigger::on_delete:
      return FileSystemSnapshotTrigger::on_delete;
    case wire::SnapshotTrigger::unspecified:
      break;
  }
  return FileSystemSnapshotTrigger::unspecified;
}

inline std::optional<FileSystemSnapshot::time_point> to_time(
    std::optional<wire::Timestamp> const& time) {
  if (!time) return std::nullopt;
  return std::chrono::floor<std::chrono::microseconds>(time->to_sys_time());
}

CWSANDBOX_DECL FileSystemSnapshot to_snapshot(wire::FileSystemSnapshot from) {
  FileSystemSnapshot snapshot{};
  snapshot.file_system_snapshot_id = std::move(from.file_system_snapshot_id);
  snapshot.status = to_status(from.state);
  snapshot.status_reason = std::move(from.state_reason);
  snapshot.size_bytes = from.size_bytes;
  snapshot.source_sandbox_id = std::move(from.source_sandbox_id);
  snapshot.trigger = to_trigger(from.trigger);
  snapshot.request_id = std::move(from.request_id);
  snapshot.object_bucket = std::move(from.object_bucket);
  snapshot.source_volume_name = std::move(from.source_volume_name);
  snapshot.created_at = to_time(from.create_time);
  snapshot.updated_at = to_time(from.updated_at);
  snapshot.completed_at = to_time(from.complete_time);
  return snapshot;
}

CWSANDBOX_DECL FileSystemSnapshotBucketConfig to_bucket_config(
    wire::FileSystemSnapshotBucketConfig from) {
  FileSystemSnapshotBucketConfig config{};
  switch (from.mode) {
    case wire::FileSystemSnapshotBucketMode::cw_managed:
      config.mode = FileSystemSnapshotBucketMode::cw_managed;
      break;
    case wire::FileSystemSnapshotBucketMode::bring_your_own:
      config.mode = FileSystemSnapshotBucketMode::bring_your_own;
      break;
    case wire::FileSystemSnapshotBucketMode::unspecified:
      break;
  }
  config.bucket_name = std::move(from.bucket_name);
  config.region = std::move(from.region);
  config.effective_bucket_name = std::move(from.effective_bucket_name);
  return config;
}

CWSANDBOX_DECL error snapshot_failed(wire::FileSystemSnapshot const& snapshot) {
  auto const& id = snapshot.file_system_snapshot_id;
  auto const why = snapshot.state_reason.empty() ? "unknown error" : snapshot.state_reason;
  return make_error(error_kind::snapshot, "Snapshot " + id + " failed: " + why)
      .with([&](error_details& d) {
        d.subject = id;
        d.sandbox_id = snapshot.source_sandbox_id;
      });
}

CWSANDBOX_DECL error snapshot_wait_expired(std::string const& id) {
  return make_error(error_kind::snapshot_wait_timeout,
                    "Timed out waiting for snapshot " + id + " to become ready")
      .with([&](error_details& d) { d.subject = id; });
}

CWSANDBOX_DECL error snapshot_on_stop_conflict(std::string const& sandbox_id,
                                               std::string_view why) {
  std::string text = "Sandbox " + sandbox_id + " cannot be stopped with a snapshot: ";
  return make_error(error_kind::snapshot_on_stop_conflict, text.append(why))
      .with([&](error_details& d) { d.sandbox_id = sandbox_id; });
}

CWSANDBOX_DECL error no_volume(std::string const& sandbox_id) {
  return make_error(error_kind::snapshot,
                    "Sandbox " + sandbox_id + " has no scratch volume to take a snapshot of")
      .with([&](error_details& d) { d.sandbox_id = sandbox_id; });
}

CWSANDBOX_DECL error several_volumes(std::string const& sandbox_id,
                                     std::vector<std::string> const& names) {
  std::string text = "Sandbox " + sandbox_id + " has multiple scratch volumes, and a snapshot is of one:";
  for (auto const& name : names) text.append(" ").append(name);
  return make_error(error_kind::snapshot, std::move(text)).with([&](error_details& d) {
    d.sandbox_id = sandbox_id;
  });
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_LOCAL_VOLUMES_HPP
#define CWSANDBOX_TESTS_SUPPORT_LOCAL_VOLUMES_HPP

#include "support/local_driver.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace local_test {

/// Adds a scratch volume and mounts it.
inline wire::ScratchVolume& add_volume(wire::CreateSandboxRequest& request, std::string name,
                                       std::string mount_path) {
  auto& mount = container_of(request).volume_mounts.emplace_back();
  mount.volume = name;
  mount.mount_path = std::move(mount_path);
  auto& volume = request.sandbox->spec->volumes.emplace_back();
  volume.name = std::move(name);
  return volume.source.emplace<wire::ScratchVolume>();
}

/// A request for a sandbox that sleeps, with one volume at `/data`.
inline wire::CreateSandboxRequest request_with_volume(std::string const& restore_from = {}) {
  auto request = request_for({"sleep", "infinity"});
  add_volume(request, "work", "/data").restore_from_snapshot_id = restore_from;
  return request;
}

inline auto snapshot(driver& d, std::string sandbox_id, std::string volume = {},
                     std::string request_id = {}) {
  wire::CreateFileSystemSnapshotRequest request;
  request.sandbox_id = std::move(sandbox_id);
  request.scratch_volume_name = std::move(volume);
  request.request_id = std::move(request_id);
  return run(d.io(), d.transport().create_file_system_snapshot(std::move(request), {}));
}

inline auto get_snapshot(driver& d, std::string id) {
  wire::GetFileSystemSnapshotRequest request;
  request.file_system_snapshot_id = std::move(id);
  return run(d.io(), d.transport().get_file_system_snapshot(std::move(request), {}));
}

inline auto delete_snapshot(driver& d, std::string id, bool allow_missing = false) {
  wire::DeleteFileSystemSnapshotRequest request;
  request.file_system_snapshot_id = std::move(id);
  request.allow_missing = allow_missing;
  return run(d.io(), d.transport().delete_file_system_snapshot(std::move(request), {}));
}

/// Runs the context until a snapshot is no longer being made.
inline wire::FileSystemSnapshot settled(driver& d, std::string const& id) {
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  for (;;) {
    auto record = get_snapshot(d, id).value();
    if (record.state != wire::SnapshotState::creating ||
        std::chrono::steady_clock::now() > deadline)
      return record;
    d.io().restart();
    d.io().run_one_for(std::chrono::milliseconds{50});
  }
}

/// A snapshot that must succeed.
inline wire::FileSystemSnapshot ready_snapshot(driver& d, std::string const& sandbox_id,
                                               std::string volume = {}) {
  auto const begun = snapshot(d, sandbox_id, std::move(volume)).value();
  return settled(d, begun.file_system_snapshot_id);
}

}  // namespace local_test

#endif

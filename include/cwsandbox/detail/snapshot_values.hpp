// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SNAPSHOT_VALUES_HPP
#define CWSANDBOX_DETAIL_SNAPSHOT_VALUES_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/snapshots.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail {

[[nodiscard]] CWSANDBOX_DECL FileSystemSnapshot to_snapshot(wire::FileSystemSnapshot from);
[[nodiscard]] CWSANDBOX_DECL FileSystemSnapshotBucketConfig to_bucket_config(
    wire::FileSystemSnapshotBucketConfig from);

/// The error of a snapshot that the service gave up.
[[nodiscard]] CWSANDBOX_DECL error snapshot_failed(wire::FileSystemSnapshot const& snapshot);
/// The error of a snapshot that was not ready in time.
[[nodiscard]] CWSANDBOX_DECL error snapshot_wait_expired(std::string const& id);
/// The error of a stop that was to take a snapshot and cannot any more.
[[nodiscard]] CWSANDBOX_DECL error snapshot_on_stop_conflict(std::string const& sandbox_id,
                                                             std::string_view why);
/// The error of a sandbox without volumes.
[[nodiscard]] CWSANDBOX_DECL error no_volume(std::string const& sandbox_id);
/// The error of a sandbox with several volumes of which one must be meant.
[[nodiscard]] CWSANDBOX_DECL error several_volumes(std::string const& sandbox_id,
                                                   std::vector<std::string> const& names);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/snapshot_values.ipp>
#endif

#endif

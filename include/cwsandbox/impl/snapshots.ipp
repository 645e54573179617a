// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_SNAPSHOTS_IPP
#define CWSANDBOX_IMPL_SNAPSHOTS_IPP

#include <cwsandbox/snapshots.hpp>

namespace cwsandbox::inline v1 {

CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, FileSystemSnapshot const& snapshot) {
  os << "FileSystemSnapshot(file_system_snapshot_id='" << snapshot.file_system_snapshot_id
     << "', status=" << to_string(snapshot.status);
  if (snapshot.size_bytes != 0) os << ", size_bytes=" << snapshot.size_bytes;
  if (!snapshot.source_sandbox_id.empty())
    os << ", source_sandbox_id='" << snapshot.source_sandbox_id << '\'';
  if (!snapshot.status_reason.empty()) os << ", status_reason='" << snapshot.status_reason << '\'';
  return os << ')';
}

}  // namespace cwsandbox::inline v1

#endif

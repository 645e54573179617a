// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_ARCHIVE_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_ARCHIVE_HPP

/// \file
/// Volumes as archives. The machine's `tar` does the work, in a bubblewrap of its own that sees the volume and the
/// machine's programs and nothing else: whatever names and links an archive or a volume holds, there is nowhere to get to.

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/guard.hpp>
#include <cwsandbox/transport/local/spawn.hpp>

#include <string>

namespace cwsandbox::inline v1::detail::local {

/// Where `tar` runs.
struct archive_place {
  std::string bwrap{};
  /// The guard in whose namespaces the volume is mounted; empty for none.
  std::shared_ptr<guard> keeper{};
  /// The directory of the volume, as seen from there.
  std::string volume{};
};

/// Starts to write a volume into a file. Hard links, symbolic links, modes and holes are kept; sockets are left out.
/// Exit status 0 is success; 1 is too when files changed meanwhile. `errors` takes the messages.
[[nodiscard]] CWSANDBOX_DECL spawn_result pack_volume(archive_place const& place, int archive,
                                                      int errors);

/// Starts to fill an empty volume from such a file. Exit status 0 is success. `alive` is held open by all processes of
/// it: when they are killed, the last one may end a moment after the one that is waited for.
[[nodiscard]] CWSANDBOX_DECL spawn_result unpack_volume(archive_place const& place, int archive,
                                                        int errors, int alive);

/// What went wrong with one of them, in a line.
[[nodiscard]] CWSANDBOX_DECL std::string archive_failure(int errors, int exit_status);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/archive.ipp>
#endif

#endif

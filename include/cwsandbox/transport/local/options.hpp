// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_OPTIONS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_OPTIONS_HPP

#include <cwsandbox/config.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1 {

/// How a local sandbox is kept apart from the machine.
enum class local_isolation : std::uint8_t {
  /// Its own user, PID, mount, IPC, UTS and network namespaces, made by bubblewrap; no capabilities, a private root.
  namespaces,
  /// No isolation at all: commands run as ordinary processes of the calling user, and file paths are the machine's
  /// own. For trusted code where namespaces are not to be had; never chosen by the engine itself.
  none,
};

/// What a local sandbox reaches on the network.
enum class local_network : std::uint8_t {
  /// Its own network namespace: a loopback of its own, and the outside through slirp4netns where that is installed and
  /// egress is not denied.
  isolated,
  /// The machine's network, loopback included. Not with `deny_egress`.
  host,
};

/// A root file system for images.
struct local_image {
  /// The image's name as sandboxes give it, or a glob (`debian:*`).
  std::string name{};
  /// The directory with the unpacked image. Shown read-only inside; the root itself, `/tmp`, `/root`, `/home`, `/run`
  /// and `/var/tmp` are private and writable, in memory.
  std::string rootfs{};
};

/// What a sandbox may use when its creator does not say. Empty or 0: no limit.
struct local_limits {
  /// CPUs, a quantity such as `500m`.
  std::string cpu{};
  /// Memory, a quantity such as `256Mi`.
  std::string memory{};
  /// Processes and threads at one time; enforced only where cgroups are.
  std::uint32_t processes{};
};

/// Settings of a local engine.
struct local_options {
  /// Root file systems by image name; the first that matches is used.
  std::vector<local_image> images{};
  /// Refuse images that `images` does not name. Otherwise they get this machine's `/usr`, read-only.
  bool only_mapped_images{};
  local_isolation isolation{local_isolation::namespaces};
  local_network network{local_network::isolated};
  /// Where scratch volumes and the engine's own files are kept (what sandboxes write elsewhere is in memory and counts
  /// as theirs): a directory that only the calling user may enter, made when it is missing.
  /// Empty: `cwsandbox-<uid>` in `$XDG_RUNTIME_DIR`, else in `/tmp`.
  std::string state_directory{};
  /// Whether there are file-system snapshots. Without, those calls fail with CWSANDBOX_FSS_NOT_SUPPORTED.
  bool snapshots{true};
  /// Where snapshots are kept when they are to outlive the engine: a directory that only the calling user may enter,
  /// made when it is missing, of one engine at a time. The next engine with the same directory knows them again.
  /// Empty: in the state directory, gone with the engine.
  std::string snapshot_directory{};
  /// The bubblewrap program; a name without a slash is looked for in the usual directories.
  std::string bwrap{"bwrap"};
  /// The slirp4netns program, which gives isolated sandboxes a way out.
  std::string slirp4netns{"slirp4netns"};
  local_limits limits{};
  /// The runner id that sandboxes report.
  std::string runner_id{"local"};
  /// How much output of its main process each sandbox remembers, in bytes.
  std::size_t log_bytes{std::size_t{4} << 20};
  /// The largest file that the file calls take, in bytes.
  std::size_t max_file_bytes{std::size_t{32} << 20};
  /// What a unary exec returns of each stream when the caller sets no limit, in bytes.
  std::size_t max_output_bytes{std::size_t{16} << 20};
  /// How many ended sandboxes stay known.
  std::size_t remembered_sandboxes{1000};
  /// Told what an operator should know (an image without a root file system, a limit that cannot be enforced), each
  /// matter once. May be called from any thread of the executor; empty for silence.
  std::function<void(std::string_view)> log{};
};

}  // namespace cwsandbox::inline v1

#endif

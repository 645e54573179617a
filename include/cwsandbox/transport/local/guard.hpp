// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_GUARD_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_GUARD_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/spawn.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>

#include <memory>

namespace cwsandbox::inline v1::detail::local {

/// The first process of a PID namespace in which an engine starts its sandboxes. It ends with the engine's process, even
/// when that is killed, and the kernel then kills all that is in the namespace and below, in whatever state it is.
///
/// bubblewrap's own way (`--die-with-parent`) is not enough: each of its three processes asks for its parent-death
/// signal by itself, some way into its life, and whose parent is gone by then never gets one.
///
/// Its members may be called from any thread.
class guard {
 public:
  /// Starts the process. Empty when this machine gives no such namespace.
  [[nodiscard]] CWSANDBOX_DECL static std::shared_ptr<guard> make();

  /// True while it lives and shows the file systems that are mounted now; a new one is needed otherwise. Those that were
  /// started here stay.
  [[nodiscard]] CWSANDBOX_DECL bool usable() noexcept;
  /// Makes a process to be in the namespace.
  CWSANDBOX_DECL void admit(spawn_request& request) const noexcept;
  /// The root directory with all that is mounted there; empty when it cannot be opened.
  [[nodiscard]] CWSANDBOX_DECL unique_fd root() const noexcept;

 private:
  std::shared_ptr<child_process> process_;
  int namespaces_{};
  /// Closed by the kernel when the engine's process runs another program.
  unique_fd lifeline_;
  unique_fd mounts_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/guard.ipp>
#endif

#endif

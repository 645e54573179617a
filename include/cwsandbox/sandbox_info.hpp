// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SANDBOX_INFO_HPP
#define CWSANDBOX_SANDBOX_INFO_HPP

#include <cwsandbox/config.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cwsandbox::inline v1 {

/// A service of a sandbox that can be reached from outside.
struct ServiceUrl {
  std::int32_t port{};
  std::string name{};
  std::string url{};

  friend bool operator==(ServiceUrl const&, ServiceUrl const&) = default;
};

/// A port that a sandbox offers.
struct ExposedPort {
  std::int32_t port{};
  std::string name{};

  friend bool operator==(ExposedPort const&, ExposedPort const&) = default;
};

/// CPU and memory as the service granted them; empty where it did not say.
struct GrantedResources {
  std::string cpu{};
  std::string memory{};

  friend bool operator==(GrantedResources const&, GrantedResources const&) = default;
};

/// GPUs as the service granted them; empty where it did not say.
struct GrantedGpu {
  std::int64_t count{};
  std::string type{};
  std::int64_t memory_gb{};

  friend bool operator==(GrantedGpu const&, GrantedGpu const&) = default;
};

/// How the commands of one sandbox ended so far. Every command is counted once, also when nobody asked how it ended.
struct ExecStats {
  /// Commands that have ended.
  std::uint64_t exec_count{};
  /// Exit status 0.
  std::uint64_t exec_completed_ok{};
  /// Any other exit status, whether it was checked or not.
  std::uint64_t exec_completed_nonzero{};
  /// No exit status: time-out, cancellation, broken stream, error of the service.
  std::uint64_t exec_failures{};

  friend bool operator==(ExecStats const&, ExecStats const&) = default;
};

}  // namespace cwsandbox::inline v1

#endif

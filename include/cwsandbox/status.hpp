// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_STATUS_HPP
#define CWSANDBOX_STATUS_HPP

#include <cwsandbox/detail/enum_text.hpp>

#include <array>
#include <cstdint>

namespace cwsandbox::inline v1 {

/// Where a sandbox is in its life.
enum class SandboxStatus : std::uint8_t {
  unspecified,
  creating,
  pending,
  running,
  paused,
  terminating,
  completed,
  failed,
  terminated,
};

template <>
struct detail::enum_texts<SandboxStatus> {
  static constexpr std::array<detail::enum_entry<SandboxStatus>, 9> entries{{
      {SandboxStatus::unspecified, "unspecified"},
      {SandboxStatus::creating, "creating"},
      {SandboxStatus::pending, "pending"},
      {SandboxStatus::running, "running"},
      {SandboxStatus::paused, "paused"},
      {SandboxStatus::terminating, "terminating"},
      {SandboxStatus::completed, "completed"},
      {SandboxStatus::failed, "failed"},
      {SandboxStatus::terminated, "terminated"},
  }};
};

}  // namespace cwsandbox::inline v1

#endif

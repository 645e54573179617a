// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_PLACEMENT_HPP
#define CWSANDBOX_PLACEMENT_HPP

#include <cwsandbox/detail/enum_text.hpp>

#include <array>
#include <cstdint>

namespace cwsandbox::inline v1 {

/// Where a sandbox is placed first.
enum class PlacementMode : std::uint8_t { unspecified, serverless, cks };

/// Whether a create that finds no room is tried once more in the other place. Default: strict, one
/// attempt.
enum class PlacementSpillover : std::uint8_t { strict, cks_then_serverless, serverless_then_cks };

template <>
struct detail::enum_texts<PlacementMode> {
  static constexpr std::array<detail::enum_entry<PlacementMode>, 3> entries{{
      {PlacementMode::unspecified, "unspecified"},
      {PlacementMode::serverless, "serverless"},
      {PlacementMode::cks, "cks"},
  }};
};

template <>
struct detail::enum_texts<PlacementSpillover> {
  static constexpr std::array<detail::enum_entry<PlacementSpillover>, 3> entries{{
      {PlacementSpillover::strict, "strict"},
      {PlacementSpillover::cks_then_serverless, "cks_then_serverless"},
      {PlacementSpillover::serverless_then_cks, "serverless_then_cks"},
  }};
};

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_PLACEMENT_FSM_HPP
#define CWSANDBOX_DETAIL_PLACEMENT_FSM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/placement.hpp>

#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What differs between the create attempts of one sandbox.
struct create_attempt {
  PlacementMode mode{PlacementMode::unspecified};
  std::vector<std::string> runner_ids{};
  std::string request_id{};

  friend bool operator==(create_attempt const&, create_attempt const&) = default;
};

/// Where the creates of one sandbox go, without I/O (lifecycle, section 6). Lives as long as the sandbox: what it says
/// after a failed start is what the next start sends.
///
/// Per start: send `current()`; when that fails, ask `spill_after`; when it says true, send `current()` once more, at
/// once; when that fails too, raise what `second_failed` returns.
class placement_fsm {
 public:
  /// Runner ids without a mode mean CKS, and a spillover chooses the first place when the mode does not.
  CWSANDBOX_DECL placement_fsm(PlacementMode mode, PlacementSpillover spillover,
                               std::vector<std::string> runner_ids, std::string request_id);

  /// What the next create sends.
  [[nodiscard]] create_attempt const& current() const noexcept { return current_; }

  /// True while the alternate place is the current one.
  [[nodiscard]] bool has_spilled() const noexcept { return spilled_; }

  /// The first attempt of a start failed with this (translated) error: does a second one follow? If so, `current()` is
  /// that attempt, with the new request id.
  [[nodiscard]] CWSANDBOX_DECL bool spill_after(error const& first, std::string new_request_id);

  /// Both attempts of a start failed. Restores the first attempt when the second one was definitely refused; keeps the
  /// second one for the next start when it may have been accepted. Returns the error to raise.
  [[nodiscard]] CWSANDBOX_DECL error second_failed(error const& first, error const& second);

 private:
  PlacementSpillover spillover_;
  bool spilled_{};
  create_attempt current_;
  create_attempt primary_{};
};

/// May a create that failed with this error be tried in the other place? Only reasons of the trusted domain count.
[[nodiscard]] CWSANDBOX_DECL bool is_spillover_eligible(error const& e) noexcept;

/// True when the error proves that no sandbox was made.
[[nodiscard]] CWSANDBOX_DECL bool is_definite_rejection(error const& e) noexcept;

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/placement_fsm.ipp>
#endif

#endif

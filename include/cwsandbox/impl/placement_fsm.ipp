// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_PLACEMENT_FSM_IPP
#define CWSANDBOX_IMPL_PLACEMENT_FSM_IPP

#include <cwsandbox/detail/placement_fsm.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/reasons.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL bool is_spillover_eligible(error const& e) noexcept {
  constexpr std::string_view eligible[] = {
      reasons::runner_capacity_exhausted,
      reasons::placement_rejected,
      reasons::placement_constraint_unsatisfied,
      reasons::no_suitable_runner,
      reasons::runner_overloaded,
      reasons::runner_unavailable,
  };
  return has_trusted_reason(e) &&
         std::find(std::begin(eligible), std::end(eligible), e.reason()) != std::end(eligible);
}

CWSANDBOX_DECL bool is_definite_rejection(error const& e) noexcept {
  bool const blocked = has_trusted_reason(e) && (e.reason() == reasons::serverless_not_allowed ||
                                                 e.reason() == reasons::serverless_disabled ||
                                                 e.reason() == reasons::serverless_misconfigured);
  if (blocked || is_spillover_eligible(e)) return true;
  if (e.is(error_kind::authentication) || e.is(error_kind::not_found)) return true;
  // these say that nobody answered, not that somebody refused
  if (e.is(error_kind::not_running) || e.is(error_kind::timeout) ||
      e.reason() == reasons::backend_unavailable)
    return false;
  return e.is(error_kind::sandbox) && !e.reason().empty();
}

CWSANDBOX_DECL placement_fsm::placement_fsm(PlacementMode mode, PlacementSpillover spillover,
                                            std::vector<std::string> runner_ids,
                                            std::string request_id)
    : spillover_{spillover}, current_{mode, std::move(runner_ids), std::move(request_id)} {
  if (mode != PlacementMode::unspecified) return;
  if (spillover == PlacementSpillover::serverless_then_cks) {
    current_.mode = PlacementMode::serverless;
  } else if (spillover == PlacementSpillover::cks_then_serverless || !current_.runner_ids.empty()) {
    current_.mode = PlacementMode::cks;
  }
}

CWSANDBOX_DECL bool placement_fsm::spill_after(error const& first, std::string new_request_id) {
  if (spillover_ == PlacementSpillover::strict || spilled_ || !is_spillover_eligible(first))
    return false;
  primary_ = current_;
  spilled_ = true;
  current_.request_id = std::move(new_request_id);
  if (spillover_ == PlacementSpillover::cks_then_serverless) {
    current_.mode = PlacementMode::serverless;
    current_.runner_ids.clear();
  } else {
    current_.mode = PlacementMode::cks;
  }
  return true;
}

CWSANDBOX_DECL error placement_fsm::second_failed(error const& first, error const& second) {
  if (is_definite_rejection(second)) {
    current_ = std::move(primary_);
    spilled_ = false;
  }
  return second.with([&](error_details& e) {
    e.message.append(" (Primary placement failed with ")
        .append(first.reason())
        .append(": ")
        .append(first.message())
        .append(")");
    e.causes.insert(e.causes.begin(), first);
  });
}

}  // namespace cwsandbox::inline v1::detail

#endif

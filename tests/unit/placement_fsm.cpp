// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/placement_fsm.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/reasons.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
namespace reasons = cwsandbox::reasons;
using cw::error;
using cw::error_kind;
using cw::PlacementMode;
using cw::PlacementSpillover;
using cw::status_code;
using detail::create_attempt;
using detail::placement_fsm;

namespace {

// A create that the service answered with this, as the layer above sees it.
error failed(status_code code, std::string_view reason, std::string_view domain = reasons::domain) {
  auto const report = cw::rpc_error(code, "no room").with([&](cw::error_details& e) {
    e.reason = reason;
    e.domain = domain;
  });
  return detail::translate(report, {.operation = "Create sandbox"});
}

error no_room() { return failed(status_code::resource_exhausted, reasons::no_suitable_runner); }

placement_fsm cks_first(std::vector<std::string> runner_ids = {"r1"}) {
  return {PlacementMode::unspecified, PlacementSpillover::cks_then_serverless,
          std::move(runner_ids), "id-1"};
}

}  // namespace

TEST_CASE("the first place follows from mode, spillover and runner ids", "[placement]") {
  struct row {
    PlacementMode mode;
    PlacementSpillover spillover;
    std::vector<std::string> runner_ids;
    PlacementMode expected;
  };
  row const rows[] = {
      {PlacementMode::unspecified, PlacementSpillover::strict, {}, PlacementMode::unspecified},
      {PlacementMode::unspecified, PlacementSpillover::strict, {"r"}, PlacementMode::cks},
      {PlacementMode::cks, PlacementSpillover::strict, {}, PlacementMode::cks},
      {PlacementMode::serverless, PlacementSpillover::strict, {}, PlacementMode::serverless},
      {PlacementMode::unspecified, PlacementSpillover::cks_then_serverless, {}, PlacementMode::cks},
      {PlacementMode::unspecified,
       PlacementSpillover::cks_then_serverless,
       {"r"},
       PlacementMode::cks},
      {PlacementMode::cks, PlacementSpillover::cks_then_serverless, {"r"}, PlacementMode::cks},
      {PlacementMode::unspecified,
       PlacementSpillover::serverless_then_cks,
       {},
       PlacementMode::serverless},
      {PlacementMode::serverless,
       PlacementSpillover::serverless_then_cks,
       {},
       PlacementMode::serverless},
  };
  for (auto const& r : rows) {
    INFO(cw::to_string(r.mode) << ' ' << cw::to_string(r.spillover) << ' ' << r.runner_ids.size());
    placement_fsm const p{r.mode, r.spillover, r.runner_ids, "id"};
    CHECK(p.current() == create_attempt{r.expected, r.runner_ids, "id"});
    CHECK_FALSE(p.has_spilled());
  }
}

TEST_CASE("only the six trusted reasons spill", "[placement]") {
  struct row {
    error failure;
    bool spills;
  };
  row const rows[] = {
      {failed(status_code::resource_exhausted, reasons::runner_capacity_exhausted), true},
      {failed(status_code::failed_precondition, reasons::placement_rejected), true},
      {failed(status_code::failed_precondition, reasons::placement_constraint_unsatisfied), true},
      {failed(status_code::not_found, reasons::no_suitable_runner), true},
      {failed(status_code::resource_exhausted, reasons::runner_overloaded), true},
      {failed(status_code::unavailable, reasons::runner_unavailable), true},
      // blocked
      {failed(status_code::failed_precondition, reasons::serverless_not_allowed), false},
      {failed(status_code::failed_precondition, reasons::serverless_disabled), false},
      {failed(status_code::failed_precondition, reasons::serverless_misconfigured), false},
      // anything else
      {failed(status_code::resource_exhausted, ""), false},
      {failed(status_code::unavailable, ""), false},
      {failed(status_code::unavailable, reasons::backend_unavailable), false},
      {failed(status_code::unauthenticated, ""), false},
      {failed(status_code::invalid_argument, reasons::invalid_request), false},
      {failed(status_code::deadline_exceeded, ""), false},
      // reasons of another domain
      {failed(status_code::resource_exhausted, reasons::no_suitable_runner, "example.com"), false},
      {failed(status_code::resource_exhausted, reasons::no_suitable_runner, ""), false},
  };
  for (auto const& r : rows) {
    INFO(r.failure);
    auto p = cks_first();
    CHECK(p.spill_after(r.failure, "id-2") == r.spills);
    CHECK(p.has_spilled() == r.spills);
    CHECK(p.current().request_id == (r.spills ? "id-2" : "id-1"));
  }
}

TEST_CASE("strict placement never spills", "[placement]") {
  for (auto const mode :
       {PlacementMode::unspecified, PlacementMode::cks, PlacementMode::serverless}) {
    placement_fsm p{mode, PlacementSpillover::strict, {}, "id-1"};
    CHECK_FALSE(p.spill_after(no_room(), "id-2"));
    CHECK(p.current() == create_attempt{mode, {}, "id-1"});
  }
}

TEST_CASE("a spill changes the place and the request id, and stays when it succeeds",
          "[placement]") {
  SECTION("to serverless, which takes no runner ids") {
    auto p = cks_first({"r1", "r2"});
    REQUIRE(p.spill_after(no_room(), "id-2"));
    CHECK(p.current() == create_attempt{PlacementMode::serverless, {}, "id-2"});
  }
  SECTION("to CKS") {
    placement_fsm p{PlacementMode::serverless, PlacementSpillover::serverless_then_cks, {}, "id-1"};
    REQUIRE(p.spill_after(no_room(), "id-2"));
    CHECK(p.current() == create_attempt{PlacementMode::cks, {}, "id-2"});
  }
}

TEST_CASE("the second failure is raised with the first one as its cause", "[placement]") {
  auto p = cks_first();
  auto const first = no_room();
  REQUIRE(p.spill_after(first, "id-2"));
  auto const second = failed(status_code::permission_denied, "");
  auto const raised = p.second_failed(first, second);

  CHECK(raised.kind() == error_kind::authentication);
  CHECK(raised.code() == status_code::permission_denied);
  CHECK_THAT(raised.message(), ContainsSubstring(second.message()));
  CHECK_THAT(raised.message(),
             ContainsSubstring("Primary placement failed with CWSANDBOX_NO_SUITABLE_RUNNER: " +
                               first.message()));
  REQUIRE(raised.cause() != nullptr);
  CHECK(raised.cause()->kind() == first.kind());
  CHECK(raised.cause()->reason() == reasons::no_suitable_runner);
}

TEST_CASE("what a second failure leaves behind depends on whether it was definite", "[placement]") {
  struct row {
    error failure;
    bool definite;
  };
  row const rows[] = {
      {no_room(), true},
      {failed(status_code::unavailable, reasons::runner_unavailable), true},
      {failed(status_code::failed_precondition, reasons::serverless_not_allowed), true},
      {failed(status_code::unavailable, reasons::serverless_disabled), true},
      {failed(status_code::internal, reasons::serverless_misconfigured), true},
      {failed(status_code::unauthenticated, ""), true},
      {failed(status_code::permission_denied, ""), true},
      {failed(status_code::not_found, ""), true},
      {failed(status_code::unavailable, ""), false},
      {failed(status_code::unavailable, reasons::backend_unavailable), false},
      {failed(status_code::internal, reasons::backend_unavailable), false},
      {failed(status_code::unavailable, reasons::fss_backend_throttled), false},
      {failed(status_code::deadline_exceeded, ""), false},
      {failed(status_code::deadline_exceeded, reasons::command_timeout), false},
      {failed(status_code::cancelled, ""), false},
      {failed(status_code::resource_exhausted, "CWSANDBOX_SOMETHING_NEW"), true},
      {failed(status_code::internal, "CWSANDBOX_SOMETHING_NEW"), true},
      {failed(status_code::invalid_argument, reasons::invalid_request), true},
      {failed(status_code::not_found, reasons::fss_not_found), true},
      {failed(status_code::resource_exhausted, ""), false},
      {failed(status_code::internal, ""), false},
      {failed(status_code::unknown, ""), false},
      {cw::make_error(error_kind::cancelled, "operation was cancelled"), false},
  };
  for (auto const& r : rows) {
    INFO(r.failure);
    auto p = cks_first();
    auto const first = no_room();
    REQUIRE(p.spill_after(first, "id-2"));
    CHECK(p.second_failed(first, r.failure).kind() == r.failure.kind());
    CHECK(p.has_spilled() != r.definite);
    if (r.definite) {
      CHECK(p.current() == create_attempt{PlacementMode::cks, {"r1"}, "id-1"});
      // and the next start may spill again
      CHECK(p.spill_after(first, "id-3"));
      CHECK(p.current() == create_attempt{PlacementMode::serverless, {}, "id-3"});
    } else {
      CHECK(p.current() == create_attempt{PlacementMode::serverless, {}, "id-2"});
      // already in the other place: no third one
      CHECK_FALSE(p.spill_after(first, "id-3"));
      CHECK(p.current() == create_attempt{PlacementMode::serverless, {}, "id-2"});
    }
  }
}

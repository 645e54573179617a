// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/lifecycle.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::error_kind;
using cw::SandboxStatus;
using detail::lifecycle;
using detail::observation;
using detail::phase;

namespace {

constexpr lifecycle::time_point t0{1000s};
constexpr lifecycle::time_point t1{2000s};
constexpr auto unknown_state = static_cast<wire::State>(99);

wire::Sandbox in_state(wire::State state) {
  wire::Sandbox sandbox{};
  sandbox.sandbox_id = "sb";
  sandbox.status.emplace();
  sandbox.status->state = state;
  return sandbox;
}

lifecycle created() {
  lifecycle l;
  l.created(in_state(wire::State::creating), t0);
  return l;
}

lifecycle seen(wire::State state, observation how = observation::poll) {
  auto l = created();
  l.observed(in_state(state), how, t1);
  return l;
}

constexpr wire::State all_states[] = {
    wire::State::unspecified, wire::State::creating,
    wire::State::running,     wire::State::completed,
    wire::State::failed,      wire::State::terminating,
    wire::State::terminated,  wire::State::pending,
    wire::State::paused,      unknown_state,
};

}  // namespace

TEST_CASE("a sandbox begins unknown to the service", "[lifecycle]") {
  lifecycle const l;
  CHECK(l.phase() == phase::not_started);
  CHECK_FALSE(l.status());
  CHECK_FALSE(l.id());
  CHECK_FALSE(l.status_updated_at());
  CHECK_FALSE(l.exit_code());
  CHECK_FALSE(l.is_done());
  CHECK_FALSE(l.refusal());
}

TEST_CASE("an accepted create means pending, whatever the answer says", "[lifecycle]") {
  for (auto const state : all_states) {
    INFO(static_cast<int>(state));
    lifecycle l;
    auto answer = in_state(state);
    answer.status->runner_id = "r";
    answer.status->exit_code = 3;
    l.created(answer, t0);
    CHECK(l.phase() == phase::starting);
    CHECK(l.status() == SandboxStatus::pending);
    CHECK(l.id() == "sb");
    CHECK(l.status_updated_at() == t0);
    CHECK_FALSE(l.exit_code());
    CHECK_FALSE(l.runner_id());
  }
}

TEST_CASE("what each state means to a poll and to a query", "[lifecycle]") {
  struct row {
    wire::State state;
    observation how;
    detail::phase phase;
    SandboxStatus status;
  };
  row const rows[] = {
      {wire::State::unspecified, observation::poll, phase::terminal, SandboxStatus::completed},
      {wire::State::unspecified, observation::query, phase::starting, SandboxStatus::unspecified},
      {wire::State::creating, observation::poll, phase::starting, SandboxStatus::creating},
      {wire::State::creating, observation::query, phase::starting, SandboxStatus::creating},
      {wire::State::running, observation::poll, phase::running, SandboxStatus::running},
      {wire::State::running, observation::query, phase::running, SandboxStatus::running},
      {wire::State::completed, observation::poll, phase::terminal, SandboxStatus::completed},
      {wire::State::completed, observation::query, phase::terminal, SandboxStatus::completed},
      {wire::State::failed, observation::poll, phase::terminal, SandboxStatus::failed},
      {wire::State::failed, observation::query, phase::terminal, SandboxStatus::failed},
      {wire::State::terminating, observation::poll, phase::stopping, SandboxStatus::terminating},
      {wire::State::terminating, observation::query, phase::stopping, SandboxStatus::terminating},
      {wire::State::terminated, observation::poll, phase::terminal, SandboxStatus::terminated},
      {wire::State::terminated, observation::query, phase::terminal, SandboxStatus::terminated},
      {wire::State::pending, observation::poll, phase::starting, SandboxStatus::pending},
      {wire::State::pending, observation::query, phase::starting, SandboxStatus::pending},
      {wire::State::paused, observation::poll, phase::running, SandboxStatus::paused},
      {wire::State::paused, observation::query, phase::running, SandboxStatus::paused},
      {unknown_state, observation::poll, phase::starting, SandboxStatus::unspecified},
      {unknown_state, observation::query, phase::starting, SandboxStatus::unspecified},
  };
  for (auto const& r : rows) {
    INFO(static_cast<int>(r.state) << (r.how == observation::poll ? " poll" : " query"));
    auto const l = seen(r.state, r.how);
    CHECK(l.phase() == r.phase);
    CHECK(l.status() == r.status);
    CHECK(l.status_updated_at() == t1);
    CHECK(l.is_done() == (r.phase == phase::terminal));
    CHECK_FALSE(l.is_stop_owned());
  }
}

TEST_CASE("public and wire states correspond", "[lifecycle]") {
  for (auto const state : all_states) {
    if (state == unknown_state) continue;
    CHECK(detail::to_wire(detail::to_status(state)) == state);
  }
  CHECK(detail::to_status(unknown_state) == SandboxStatus::unspecified);
}

TEST_CASE("an end is final", "[lifecycle]") {
  for (auto const end : {wire::State::completed, wire::State::failed, wire::State::terminated,
                         wire::State::unspecified}) {
    auto const before = seen(end);
    for (auto const later : all_states) {
      auto l = before;
      auto answer = in_state(later);
      answer.status->exit_code = 5;
      answer.status->runner_id = "late";
      answer.status->services.emplace_back().url = "http://late";
      l.observed(answer, observation::poll, t1 + 1s);
      CHECK(l.phase() == phase::terminal);
      CHECK(l.status() == before.status());
      CHECK(l.exit_code() == before.exit_code());
      CHECK(l.status_updated_at() == t1);
      CHECK_FALSE(l.runner_id());
      CHECK(l.echoed().service_urls.empty());
      l.stop_accepted(t1 + 2s);
      l.gone(true, t1 + 3s);
      CHECK(l.status() == before.status());
      CHECK_FALSE(l.is_stop_owned());
    }
  }
}

TEST_CASE("a cancelled sandbox never starts", "[lifecycle]") {
  lifecycle l;
  l.cancel();
  CHECK(l.is_done());
  CHECK(l.is_cancelled());
  for (auto const state : all_states) l.observed(in_state(state), observation::poll, t1);
  CHECK(l.phase() == phase::not_started);
  CHECK_FALSE(l.status());
}

TEST_CASE("a stopping sandbox takes nothing but its end", "[lifecycle]") {
  for (bool const ours : {false, true}) {
    auto stopping = created();
    if (ours) {
      stopping.stop_accepted(t1);
    } else {
      stopping.observed(in_state(wire::State::terminating), observation::poll, t1);
    }
    REQUIRE(stopping.phase() == phase::stopping);
    REQUIRE(stopping.status() == SandboxStatus::terminating);
    CHECK(stopping.is_stop_owned() == ours);

    for (auto const state : {wire::State::creating, wire::State::running, wire::State::terminating,
                             wire::State::pending, wire::State::paused, unknown_state}) {
      auto l = stopping;
      auto answer = in_state(state);
      answer.status->runner_id = "late";
      answer.status->effective_egress.emplace_back().destination = std::string{"late.org"};
      l.observed(answer, observation::poll, t1 + 1s);
      CHECK(l.phase() == phase::stopping);
      CHECK(l.status() == SandboxStatus::terminating);
      CHECK(l.status_updated_at() == t1);
      CHECK_FALSE(l.runner_id());
      CHECK(l.echoed().dns_egress_names.empty());
    }
    auto query = stopping;
    query.observed(in_state(wire::State::unspecified), observation::query, t1 + 1s);
    CHECK(query.phase() == phase::stopping);

    for (auto const end : {wire::State::completed, wire::State::failed, wire::State::terminated}) {
      auto l = stopping;
      l.observed(in_state(end), observation::poll, t1 + 1s);
      CHECK(l.phase() == phase::terminal);
      CHECK(l.status() == detail::to_status(end));
      CHECK(l.is_stop_owned() == ours);
    }
  }
}

TEST_CASE("a sandbox that the service has no more is terminated", "[lifecycle]") {
  for (bool const ours : {false, true}) {
    auto l = created();
    l.gone(ours, t1);
    CHECK(l.phase() == phase::terminal);
    CHECK(l.status() == SandboxStatus::terminated);
    CHECK(l.is_stop_owned() == ours);
    CHECK(l.status_updated_at() == t1);
  }
}

TEST_CASE("only a polled completion has an exit code", "[lifecycle]") {
  struct row {
    wire::State state;
    observation how;
    std::optional<std::int32_t> sent;
    std::optional<std::int32_t> expected;
  };
  row const rows[] = {
      {wire::State::completed, observation::poll, 0, 0},
      {wire::State::completed, observation::poll, 42, 42},
      {wire::State::completed, observation::poll, {}, {}},
      {wire::State::unspecified, observation::poll, 3, 3},  // a poll takes it for a completion
      {wire::State::completed, observation::query, 42, {}},
      {wire::State::failed, observation::poll, 1, {}},
      {wire::State::terminated, observation::poll, 1, {}},
      {wire::State::running, observation::poll, 1, {}},
      {wire::State::terminating, observation::poll, 1, {}},
  };
  for (auto const& r : rows) {
    INFO(static_cast<int>(r.state));
    auto l = created();
    auto answer = in_state(r.state);
    answer.status->exit_code = r.sent;
    l.observed(answer, r.how, t1);
    CHECK(l.exit_code() == r.expected);
  }
}

TEST_CASE("runner and start time are known while it runs and after", "[lifecycle]") {
  for (auto const state : all_states) {
    INFO(static_cast<int>(state));
    auto l = created();
    auto answer = in_state(state);
    answer.status->runner_id = "r-1";
    answer.status->runner_group_id = "g-1";
    answer.status->start_time = wire::Timestamp{1700, 0};
    l.observed(answer, observation::poll, t1);
    bool const known = l.phase() != phase::starting;
    CHECK(l.runner_id() == (known ? std::optional<std::string>{"r-1"} : std::nullopt));
    CHECK(l.runner_group_id() == (known ? std::optional<std::string>{"g-1"} : std::nullopt));
    CHECK(l.started_at() == (known ? std::optional{lifecycle::time_point{1700s}} : std::nullopt));
  }
  SECTION("empty texts read as absent") {
    auto const l = seen(wire::State::running);
    CHECK_FALSE(l.runner_id());
    CHECK_FALSE(l.runner_group_id());
    CHECK_FALSE(l.started_at());
  }
  SECTION("not any more when it turns out to be starting") {
    auto l = created();
    auto answer = in_state(wire::State::running);
    answer.status->runner_id = "r-1";
    answer.status->start_time = wire::Timestamp{1700, 0};
    l.observed(answer, observation::poll, t1);
    l.observed(in_state(wire::State::pending), observation::query, t1);
    CHECK_FALSE(l.runner_id());
    CHECK_FALSE(l.started_at());
  }
}

TEST_CASE("service URLs are echoed and replaced by each answer", "[lifecycle]") {
  auto answer = in_state(wire::State::running);
  auto& own = answer.status->services.emplace_back();
  own.port = 80;
  own.name = "own";
  own.url = "http://own";
  own.visibility = wire::Visibility::public_;
  own.endpoint.emplace().url = "https://shadowed";
  auto& behind = answer.status->services.emplace_back();
  behind.port = 81;
  behind.name = "endpoint";
  behind.visibility = wire::Visibility::private_;
  behind.endpoint.emplace().url = "https://endpoint";
  auto& hidden = answer.status->services.emplace_back();
  hidden.port = 82;
  hidden.name = "none";

  auto l = created();
  l.observed(answer, observation::poll, t1);
  CHECK(l.echoed().service_urls == std::vector<cw::ServiceUrl>{{80, "own", "http://own"},
                                                        {81, "endpoint", "https://endpoint"}});
  CHECK(l.echoed().exposed_ports == std::vector<cw::ExposedPort>{{80, "own"}, {81, "endpoint"}});

  // no services at all: the URLs go, the ports stay
  l.observed(in_state(wire::State::running), observation::poll, t1);
  CHECK(l.echoed().service_urls.empty());
  REQUIRE(l.echoed().exposed_ports);
  CHECK(l.echoed().exposed_ports->size() == 2);

  // services without visibility: no port any more
  auto invisible = in_state(wire::State::running);
  invisible.status->services.emplace_back().port = 90;
  l.observed(invisible, observation::poll, t1);
  CHECK(l.echoed().exposed_ports == std::vector<cw::ExposedPort>{});
}

TEST_CASE("host names that may be reached are echoed", "[lifecycle]") {
  auto answer = in_state(wire::State::running);
  auto& rules = answer.status->effective_egress;
  rules.emplace_back().destination = std::string{"pypi.org"};
  rules.emplace_back().destination = true;
  rules.emplace_back().destination = std::string{};
  rules.emplace_back().destination = wire::CidrBlock{"10.0.0.0/8", {}};
  rules.emplace_back().destination = std::string{"*.example.org"};
  lifecycle l;
  l.created(answer, t0);
  CHECK(l.echoed().dns_egress_names == std::vector<std::string>{"pypi.org", "*.example.org"});
}

TEST_CASE("granted resources are echoed", "[lifecycle]") {
  wire::Resources const small{"1", "2Gi", {}};
  wire::Resources const large{"2", "4Gi", wire::Gpu{1, std::string{"H100"}}};
  wire::Resources const by_memory{"", "", wire::Gpu{2, std::int64_t{80}}};
  SECTION("requirements") {
    auto answer = in_state(wire::State::running);
    answer.status->effective_resource_requirements.emplace();
    answer.status->effective_resource_requirements->requests = small;
    answer.status->effective_resource_requirements->limits = large;
    answer.status->effective_resources = by_memory;  // not looked at
    auto l = created();
    l.observed(answer, observation::query, t1);
    CHECK(l.echoed().resource_requests == cw::GrantedResources{"1", "2Gi"});
    CHECK(l.echoed().resource_limits == cw::GrantedResources{"2", "4Gi"});
    CHECK(l.echoed().resource_gpu == cw::GrantedGpu{1, "H100", 0});
  }
  SECTION("the GPU of the requests when the limits have none") {
    auto answer = in_state(wire::State::running);
    answer.status->effective_resource_requirements.emplace();
    answer.status->effective_resource_requirements->requests = by_memory;
    answer.status->effective_resource_requirements->limits = small;
    auto l = created();
    l.observed(answer, observation::query, t1);
    CHECK_FALSE(l.echoed().resource_requests);
    CHECK(l.echoed().resource_limits == cw::GrantedResources{"1", "2Gi"});
    CHECK(l.echoed().resource_gpu == cw::GrantedGpu{2, "", 80});
  }
  SECTION("plain resources count for both sides") {
    auto answer = in_state(wire::State::running);
    answer.status->effective_resources = large;
    auto l = created();
    l.observed(answer, observation::query, t1);
    CHECK(l.echoed().resource_requests == cw::GrantedResources{"2", "4Gi"});
    CHECK(l.echoed().resource_limits == cw::GrantedResources{"2", "4Gi"});
    CHECK(l.echoed().resource_gpu == cw::GrantedGpu{1, "H100", 0});
  }
  SECTION("empty texts and zero counts are absent") {
    auto answer = in_state(wire::State::running);
    answer.status->effective_resources = wire::Resources{"", "", wire::Gpu{}};
    auto l = created();
    l.observed(answer, observation::query, t1);
    CHECK_FALSE(l.echoed().resource_requests);
    CHECK_FALSE(l.echoed().resource_limits);
    CHECK_FALSE(l.echoed().resource_gpu);
  }
}

TEST_CASE("scratch volumes are those of the options until the service echoes its own",
          "[lifecycle]") {
  lifecycle l;
  l.set_scratch_volume_names({"given"});
  l.created(in_state(wire::State::creating), t0);
  CHECK(l.echoed().scratch_volume_names == std::vector<std::string>{"given"});

  auto answer = in_state(wire::State::running);
  answer.spec.emplace();
  answer.spec->volumes = {
      {"a", wire::ScratchVolume{}}, {"named", std::string{"vol-1"}}, {"unset", std::monostate{}}};
  l.observed(answer, observation::query, t1);
  CHECK(l.echoed().scratch_volume_names == std::vector<std::string>{"a", "unset"});

  answer.spec->volumes.clear();
  l.observed(answer, observation::query, t1);
  CHECK(l.echoed().scratch_volume_names.empty());
}

TEST_CASE("what is refused in which state", "[lifecycle]") {
  SECTION("nothing while it starts or runs") {
    for (auto const state : {wire::State::creating, wire::State::pending, wire::State::running,
                             wire::State::paused, unknown_state})
      CHECK_FALSE(seen(state).refusal());
    CHECK_FALSE(lifecycle{}.refusal());
  }
  SECTION("everything once it stops or has ended") {
    for (auto const state : {wire::State::terminating, wire::State::completed, wire::State::failed,
                             wire::State::terminated}) {
      auto const e = seen(state).refusal();
      REQUIRE(e);
      CHECK(e->kind() == error_kind::not_running);
      CHECK(e->message() == "Sandbox sb has been stopped");
      CHECK(e->sandbox_id() == "sb");
    }
  }
  SECTION("everything when it was cancelled") {
    lifecycle l;
    l.cancel();
    auto const e = l.refusal();
    REQUIRE(e);
    CHECK(e->kind() == error_kind::not_running);
    CHECK(e->message() == "Sandbox was cancelled before starting");
  }
}

TEST_CASE("the service's words about a state are told", "[lifecycle]") {
  auto answer = in_state(wire::State::failed);
  answer.status->state_reason = "image not found";
  auto l = created();
  l.observed(answer, observation::poll, t1);
  CHECK(l.state_reason() == "image not found");
  CHECK_THAT(l.terminal_error(true)->message(), ContainsSubstring("image not found"));
  CHECK_THAT(l.refusal()->message(), ContainsSubstring("image not found"));
}

TEST_CASE("how waits end for a terminal sandbox", "[lifecycle]") {
  struct row {
    wire::State end;
    bool ours;
    bool raise;
    std::optional<error_kind> expected;
    std::string_view message;
  };
  row const rows[] = {
      {wire::State::failed, false, true, error_kind::failed, "Sandbox sb failed to start"},
      {wire::State::failed, false, false, error_kind::failed, "Sandbox sb failed to start"},
      {wire::State::failed, true, true, error_kind::failed, "Sandbox sb failed to start"},
      {wire::State::failed, true, false, error_kind::failed, "Sandbox sb failed to start"},
      {wire::State::terminated, false, true, error_kind::terminated, "Sandbox sb was terminated"},
      {wire::State::terminated, false, false, {}, ""},
      {wire::State::terminated, true, true, error_kind::terminated, "Sandbox sb was terminated"},
      {wire::State::terminated, true, false, {}, ""},
      {wire::State::completed, true, true, error_kind::terminated, "Sandbox sb was terminated"},
      {wire::State::completed, true, false, {}, ""},
      {wire::State::completed, false, true, {}, ""},
      {wire::State::completed, false, false, {}, ""},
      {wire::State::unspecified, false, true, {}, ""},
      {wire::State::unspecified, true, true, error_kind::terminated, "Sandbox sb was terminated"},
  };
  for (auto const& r : rows) {
    INFO(static_cast<int>(r.end) << (r.ours ? " ours" : "") << (r.raise ? " raise" : ""));
    auto l = created();
    if (r.ours) l.stop_accepted(t1);
    l.observed(in_state(r.end), observation::poll, t1);
    auto const e = l.terminal_error(r.raise);
    REQUIRE(e.has_value() == r.expected.has_value());
    if (!e) continue;
    CHECK(e->kind() == *r.expected);
    CHECK(e->message() == r.message);
    CHECK(e->sandbox_id() == "sb");
  }
}

TEST_CASE("a stop that proved not to be ours is disowned", "[lifecycle]") {
  auto l = created();
  l.stop_accepted(t1);
  l.disown_stop();
  l.observed(in_state(wire::State::completed), observation::poll, t1);
  CHECK_FALSE(l.terminal_error(true));
}

TEST_CASE("the id of a sandbox that was found is taken from the answer", "[lifecycle]") {
  lifecycle l;
  l.observed(in_state(wire::State::running), observation::query, t0);
  CHECK(l.id() == "sb");
  CHECK(l.phase() == phase::running);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "unit/mock_support.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace test;
namespace wire = cw::wire;

namespace {

struct life_test {
  asio::io_context io;
  std::optional<cw::mock_transport> mock{io.get_executor()};
  cw::call_options options{};

  cw::outcome<wire::Sandbox> create(std::string tag = "tag") {
    wire::CreateSandboxRequest request{};
    request.sandbox.emplace();
    request.sandbox->spec.emplace();
    request.sandbox->spec->tags = {std::move(tag)};
    return run(io, mock->create_sandbox(request, options));
  }
  cw::outcome<wire::Sandbox> get(std::string id) {
    wire::GetSandboxRequest request{};
    request.sandbox_id = std::move(id);
    return run(io, mock->get_sandbox(request, options));
  }
  wire::State state(std::string id) { return get(std::move(id)).value().status.value().state; }
  cw::outcome<wire::DeleteSandboxResponse> erase(std::string id, bool allow_missing = false) {
    wire::DeleteSandboxRequest request{};
    request.sandbox_id = std::move(id);
    request.allow_missing = allow_missing;
    return run(io, mock->delete_sandbox(request, options));
  }
};

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("mock life: created, running, deleted, terminated") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "sb-1");
  CHECK(life.id() == "sb-1");
  CHECK_FALSE(life.created());
  CHECK(life.created_spec().tags.empty());

  auto const created = t.create("unit");
  REQUIRE(created);
  CHECK(created->sandbox_id == "sb-1");
  CHECK(created->status.value().state == wire::State::creating);
  CHECK(created->spec.value().tags == names{"unit"});
  CHECK(life.created());
  CHECK(life.created_spec().tags == names{"unit"});
  CHECK(life.create_request().sandbox.has_value());

  CHECK(t.state("sb-1") == wire::State::running);
  CHECK(t.state("sb-1") == wire::State::running);
  CHECK(life.polls() == 2);
  CHECK_FALSE(life.deleted());

  auto const deleted = t.erase("sb-1");
  REQUIRE(deleted);
  CHECK(deleted->sandbox.value().status.value().state == wire::State::terminating);
  CHECK(life.deleted());
  CHECK(life.delete_request().sandbox_id == "sb-1");
  CHECK(t.state("sb-1") == wire::State::terminated);
}

TEST_CASE("mock life: starting and ending may take polls") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "sb-1").creating_polls(2).terminating_polls(1);
  CHECK(t.create());
  CHECK(t.state("sb-1") == wire::State::creating);
  CHECK(t.state("sb-1") == wire::State::creating);
  CHECK(t.state("sb-1") == wire::State::running);
  CHECK(t.erase("sb-1"));
  CHECK(t.state("sb-1") == wire::State::terminating);
  CHECK(t.state("sb-1") == wire::State::terminated);
}

TEST_CASE("mock life: the test may change the state") {
  life_test t;
  auto life = cw::expect_sandbox(*t.mock, "sb-1");
  CHECK(t.create());
  life.set_state(wire::State::paused);
  CHECK(t.state("sb-1") == wire::State::paused);
  life.set_state(wire::State::completed);
  life.set_exit_code(7);
  auto const seen = t.get("sb-1");
  CHECK(seen->status.value().state == wire::State::completed);
  CHECK(seen->status.value().exit_code == 7);
  CHECK(t.erase("sb-1"));
  CHECK(t.state("sb-1") == wire::State::completed);
}

TEST_CASE("mock life: what is not there is not found") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "sb-1");
  auto const early = t.get("sb-1");
  REQUIRE_FALSE(early);
  CHECK(early.error().code() == cw::status_code::not_found);
  CHECK(early.error().reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
  CHECK(life.polls() == 0);
  CHECK(t.create());
  CHECK(t.erase("sb-1"));
  CHECK_FALSE(t.erase("sb-1"));
  auto const again = t.erase("sb-1", true);
  REQUIRE(again);
  CHECK_FALSE(again->sandbox);
}

TEST_CASE("mock life: several are created in the order in which they were expected") {
  life_test t;
  auto const first = cw::expect_sandbox(*t.mock, "sb-1");
  auto const second = cw::expect_sandbox(*t.mock, "sb-2");
  auto const third = cw::expect_sandbox(*t.mock, "sb-3");
  CHECK(t.create("a")->sandbox_id == "sb-1");
  CHECK(t.create("b")->sandbox_id == "sb-2");
  CHECK(t.erase("sb-1"));
  CHECK(t.create("c")->sandbox_id == "sb-3");
  CHECK(first.created_spec().tags == names{"a"});
  CHECK(second.created_spec().tags == names{"b"});
  CHECK(third.created_spec().tags == names{"c"});
  CHECK(first.deleted());
  CHECK_FALSE(second.deleted());
  CHECK(t.state("sb-2") == wire::State::running);

  violations seen;
  CHECK_FALSE(t.create("d"));
  CHECK(seen.all().size() == 1);
}

TEST_CASE("mock life: a later expectation of the test comes first") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "sb-1");
  REQUIRE_CALL(*t.mock.value(), create_sandbox(_, _))
      .RETURN(cw::rpc_error(cw::status_code::unavailable, "busy"));
  CHECK_FALSE(t.create());
  CHECK(t.create()->sandbox_id == "sb-1");
}

TEST_CASE("mock life: a sandbox may be there from the beginning") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "old").existing();
  auto const made = cw::expect_sandbox(*t.mock, "new");
  CHECK(t.state("old") == wire::State::running);
  CHECK(t.create()->sandbox_id == "new");
  CHECK_FALSE(life.created());
}

TEST_CASE("mock life: a sandbox may be made from a template") {
  life_test t;
  auto const life = cw::expect_sandbox(*t.mock, "sb-1");
  wire::CreateSandboxFromTemplateRequest request{};
  request.template_id = "t-1";
  request.overrides.emplace();
  request.overrides->tags = {"x"};
  auto const created = run(t.io, t.mock->create_sandbox_from_template(request, t.options));
  REQUIRE(created);
  CHECK(created->source_template_id == "t-1");
  CHECK(life.created());
  CHECK(life.template_request().template_id == "t-1");
  CHECK(life.created_spec().tags == names{"x"});
}

TEST_CASE("mock life: may end before its sandbox, which answers on") {
  life_test t;
  {
    auto const life = cw::expect_sandbox(*t.mock, "sb-1");
    CHECK(t.create());
  }
  CHECK(t.state("sb-1") == wire::State::running);
  CHECK(t.erase("sb-1"));
}

TEST_CASE("mock life: may outlive its mock") {
  life_test t;
  auto life = cw::expect_sandbox(*t.mock, "sb-1");
  CHECK(t.create());
  t.mock.reset();
  life.set_state(wire::State::failed);
  CHECK(life.created());
}

TEST_CASE("mock life: a sandbox that was never created is reported where it was expected") {
  life_test t;
  violations seen;
  {
    auto const life = cw::expect_sandbox(*t.mock, "sb-1");
    auto moved = cw::expect_sandbox(*t.mock, "sb-2").existing();
    auto const kept = std::move(moved);
  }
  REQUIRE(seen.all().size() == 1);
  CHECK_THAT(seen.all()[0], ContainsSubstring("Expected the sandbox \"sb-1\" to be created"));

  // it takes no create any more
  auto const next = cw::expect_sandbox(*t.mock, "sb-3");
  CHECK(t.create()->sandbox_id == "sb-3");

  try {
    auto const life = cw::expect_sandbox(*t.mock, "sb-4");
    throw std::runtime_error{"the real news"};
  } catch (std::runtime_error const&) {
  }
  CHECK(seen.all().size() == 1);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <algorithm>
#include <string_view>

using namespace test;
using namespace std::chrono_literals;
using cw::SandboxStatus;
using State = wire::State;

namespace {

std::vector<std::string> request_ids(cw::mock_transport const& mock) {
  std::vector<std::string> ids;
  for (auto const& request : mock.requests<wire::CreateSandboxRequest>())
    ids.push_back(request.request_id);
  return ids;
}

std::vector<std::optional<std::chrono::nanoseconds>> timeouts(cw::mock_transport const& mock,
                                                              std::string_view rpc) {
  std::vector<std::optional<std::chrono::nanoseconds>> all;
  for (auto const& call : mock.history())
    if (call.rpc == rpc) all.push_back(call.options.timeout);
  return all;
}

}  // namespace

// ---- start (lifecycle 1.2)

TEST_CASE("making a sandbox makes no call", "[lifecycle][start]") {
  world w;
  auto const sandbox = w.unstarted();
  w.settle();
  CHECK(w.mock.calls().empty());
  CHECK_FALSE(sandbox.id());
  CHECK_FALSE(sandbox.status());
}

TEST_CASE("start ends when the service has accepted the sandbox", "[lifecycle][start]") {
  world w;
  w->creates = {shown(State::running)};
  auto const sandbox = w.unstarted();
  REQUIRE(w.get(sandbox.start()));
  CHECK(w.mock.calls() == names{"create_sandbox"});
  CHECK(sandbox.id() == "sb-1");
  CHECK(sandbox.status() == SandboxStatus::pending);  // whatever the answer says
  CHECK(sandbox.status_updated_at());
  REQUIRE(w.get(sandbox.start()));
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("what is used first starts the sandbox", "[lifecycle][start]") {
  struct use {
    char const* name;
    std::function<void(world&, cw::mock_sandbox const&)> begin;
    bool starts;
  };
  auto const uses = std::vector<use>{
      {"wait", [](world& w, auto const& s) { CHECK(w.get(s.wait())); }, true},
      {"wait_until_complete",
       [](world& w, auto const& s) {
         w->gets = {shown(State::completed, 0)};
         CHECK(w.get(s.wait_until_complete()));
       },
       true},
      {"exec", [](world& w, auto const& s) { CHECK(w.get(s.exec({"true"}))); }, true},
      {"read_file",
       [](world& w, auto const& s) {
         w->reads = {wire::ReadFileResponse{}};
         CHECK(w.get(s.read_file("/f")));
       },
       true},
      {"write_file",
       [](world& w, auto const& s) {
         w->writes = {wire::WriteFileResponse{}};
         CHECK(w.get(s.write_file("/f", "x")));
       },
       true},
      {"get_status",
       [](world& w, auto const& s) { CHECK(w.failure(s.get_status()) == error_kind::not_running); },
       false},
      {"stop", [](world& w, auto const& s) { CHECK(w.get(s.stop())); }, false},
  };
  for (auto const& one : uses) {
    CAPTURE(one.name);
    world w;
    auto const sandbox = w.unstarted();
    one.begin(w, sandbox);
    CHECK(w.mock.count("create_sandbox") == (one.starts ? 1u : 0u));
    if (!one.starts) CHECK(w.mock.calls().empty());
  }
}

TEST_CASE("the status of a sandbox that was not started is an error that says so",
          "[lifecycle][start]") {
  world w;
  auto const sandbox = w.unstarted();
  CHECK_THAT(w.get(sandbox.get_status()).error().message(),
             ContainsSubstring("has not been started"));
  REQUIRE(w.get(sandbox.stop()));
  CHECK_THAT(w.get(sandbox.get_status()).error().message(),
             ContainsSubstring("was cancelled before starting"));
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a create that failed is tried again with the same request id", "[lifecycle][start]") {
  world w;
  w->creates = {cw::rpc_error(status_code::unavailable, "down"),
                cw::rpc_error(status_code::resource_exhausted, "full"), shown(State::creating)};
  auto const sandbox = w.unstarted();
  CHECK(w.failure(sandbox.start()) == error_kind::unavailable);
  CHECK_FALSE(sandbox.id());
  CHECK_FALSE(sandbox.status());
  CHECK(w.failure(sandbox.exec({"true"})) == error_kind::resource_exhausted);
  REQUIRE(w.get(sandbox.start()));
  auto const ids = request_ids(w.mock);
  REQUIRE(ids.size() == 3);
  CHECK(ids[0].size() == 36);
  CHECK(ids[1] == ids[0]);
  CHECK(ids[2] == ids[0]);
}

TEST_CASE("two sandboxes have two request ids", "[lifecycle][start]") {
  world w;
  REQUIRE(w.get(w.unstarted().start()));
  REQUIRE(w.get(w.unstarted().start()));
  auto const ids = request_ids(w.mock);
  REQUIRE(ids.size() == 2);
  CHECK(ids[0] != ids[1]);
}

TEST_CASE("a request id of the caller's is sent", "[lifecycle][start]") {
  world w;
  REQUIRE(w.get(w.unstarted({.request_id = "mine"}).start()));
  CHECK(request_ids(w.mock) == names{"mine"});
}

TEST_CASE("starts at the same time are one create", "[lifecycle][start]") {
  world w;
  w.mock.set_latency("create_sandbox", 1s);
  auto const sandbox = w.unstarted();
  auto const first = sandbox.start();
  auto const second = sandbox.start();
  auto const third = sandbox.exec({"true"});
  auto const fourth = sandbox.wait();
  CHECK(w.get(first));
  CHECK(w.get(second));
  CHECK(w.get(third));
  CHECK(w.get(fourth));
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("starts at the same time share the failure of the create", "[lifecycle][start]") {
  world w;
  w->creates = {cw::rpc_error(status_code::unauthenticated, "who?")};
  auto const sandbox = w.unstarted();
  auto const first = sandbox.start();
  auto const second = sandbox.start();
  CHECK(w.failure(first) == error_kind::authentication);
  CHECK(w.failure(second) == error_kind::authentication);
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("a start that is cancelled leaves the create to the others", "[lifecycle][start]") {
  world w;
  w.mock.set_latency("create_sandbox", 1s);
  auto const sandbox = w.unstarted();
  auto const first = sandbox.start();
  auto const second = sandbox.start();
  CHECK(first.cancel());
  CHECK(w.failure(first) == error_kind::cancelled);
  CHECK(w.get(second));
  CHECK(sandbox.id() == "sb-1");
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("a sandbox that was cancelled before its start cannot be used", "[lifecycle][start]") {
  world w;
  auto const sandbox = w.unstarted();
  REQUIRE(w.get(sandbox.stop()));
  CHECK(w.failure(sandbox.start()) == error_kind::not_running);
  CHECK(w.failure(sandbox.wait()) == error_kind::not_running);
  CHECK(w.failure(sandbox.wait_until_complete()) == error_kind::not_running);
  CHECK(w.failure(sandbox.exec({"true"})) == error_kind::not_running);
  CHECK(w.failure(sandbox.read_file("/f")) == error_kind::not_running);
  CHECK(w.failure(sandbox.write_file("/f", "")) == error_kind::not_running);
  CHECK(w.get(sandbox.stop()));
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a create is bounded by the request time-out and says what was done",
          "[lifecycle][start]") {
  world w;
  w.mock.set_latency("create_sandbox", cw::mock_transport::never);
  auto const sandbox = w.unstarted({.request_timeout = 7s});
  auto const start = sandbox.start();
  w.settle();
  CHECK(timeouts(w.mock, "create_sandbox").front() == 7s);
  w.advance(7s);
  auto const result = w.get(start);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::request_timeout);
  CHECK_THAT(result.error().message(), ContainsSubstring("Create sandbox timed out"));
}

TEST_CASE("an answer without an id is no sandbox", "[lifecycle][start]") {
  world w;
  w->creates = {wire::Sandbox{}};
  auto const sandbox = w.unstarted();
  CHECK(w.failure(sandbox.start()) == error_kind::sandbox);
  CHECK_FALSE(sandbox.status());
}

TEST_CASE("a template is made into a sandbox by its own call", "[lifecycle][start]") {
  world w;
  auto const sandbox = w.unstarted({.template_id = "tpl-1"});
  REQUIRE(w.get(sandbox.start()));
  CHECK(w.mock.calls() == names{"create_sandbox_from_template"});
  auto const request = w.mock.requests<wire::CreateSandboxFromTemplateRequest>().front();
  CHECK(request.template_id == "tpl-1");
  CHECK(request.request_id.size() == 36);
}

// ---- wait (3.1 to 3.5)

TEST_CASE("how a wait for running ends is said by the state that is seen", "[lifecycle][wait]") {
  struct row {
    State seen;
    std::optional<error_kind> failure;
    SandboxStatus status;
  };
  auto const rows = std::vector<row>{
      {State::running, {}, SandboxStatus::running},
      {State::paused, {}, SandboxStatus::paused},
      {State::terminating, {}, SandboxStatus::terminating},
      {State::completed, {}, SandboxStatus::completed},
      {State::unspecified, {}, SandboxStatus::completed},
      {State::failed, error_kind::failed, SandboxStatus::failed},
      {State::terminated, error_kind::terminated, SandboxStatus::terminated},
  };
  for (auto const& row : rows) {
    CAPTURE(static_cast<int>(row.seen));
    world w;
    w->gets = {shown(State::creating), shown(State::pending), shown(static_cast<State>(77)),
               shown(row.seen, row.seen == State::completed ? std::optional{3} : std::nullopt)};
    auto const sandbox = w.unstarted();
    auto const result = w.get(sandbox.wait());
    CHECK(w.mock.count("get_sandbox") == 4);
    if (row.failure) {
      REQUIRE_FALSE(result);
      CHECK(result.error().kind() == *row.failure);
      CHECK(result.error().sandbox_id() == "sb-1");
    } else {
      CHECK(result);
    }
    CHECK(sandbox.status() == row.status);
    CHECK(sandbox.exit_code() == (row.seen == State::completed ? std::optional{3} : std::nullopt));

    // asked again, nothing is called, except while it is being stopped by others
    auto const again = w.get(sandbox.wait());
    CHECK(again.has_value() == result.has_value());
    if (row.seen != State::terminating) CHECK(w.mock.count("get_sandbox") == 4);
  }
}

TEST_CASE("polls come at growing intervals up to two seconds", "[lifecycle][wait]") {
  world w;
  w->gets = {shown(State::creating), shown(State::creating), shown(State::creating),
             shown(State::creating), shown(State::creating), shown(State::creating),
             shown(State::creating), shown(State::creating), shown(State::running)};
  REQUIRE(w.get(w.unstarted().wait()));
  auto const sleeps = w.mock.clock()->sleeps();
  using ns = std::chrono::nanoseconds;
  CHECK(sleeps == std::vector<ns>{200ms, 300ms, 450ms, 675ms, 1012500us, 1518750us, 2s, 2s});
  for (auto const& timeout : timeouts(w.mock, "get_sandbox")) CHECK(timeout == 15s);
}

TEST_CASE("waiters share one sequence of polls", "[lifecycle][wait]") {
  world w;
  w->gets = {shown(State::creating), shown(State::creating), shown(State::running)};
  auto const sandbox = w.unstarted();
  std::vector<cw::operation<void>> waits;
  for (int i = 0; i < 20; ++i) waits.push_back(sandbox.wait());
  auto const command = sandbox.exec({"true"});
  for (auto const& one : waits) CHECK(w.get(one));
  CHECK(w.get(command));
  CHECK(w.mock.count("create_sandbox") == 1);
  CHECK(w.mock.count("get_sandbox") == 3);
}

TEST_CASE("a waiter that gives up leaves the polls to the others", "[lifecycle][wait]") {
  world w;
  w->gets = {shown(State::creating), shown(State::creating), shown(State::creating),
             shown(State::creating), shown(State::running)};
  auto const sandbox = w.unstarted();
  auto const patient = sandbox.wait();
  auto const hasty = sandbox.wait({.timeout = 600ms});
  auto const cancelled = sandbox.wait();
  w.finish(hasty);
  CHECK(cancelled.cancel());
  CHECK(w.failure(cancelled) == error_kind::cancelled);
  CHECK(w.get(patient));
  CHECK(w.mock.count("get_sandbox") == 5);
  auto const result = hasty.outcome();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::timeout);
  CHECK(result.error().message() == "Sandbox sb-1 did not become ready within 0.6s");
  CHECK(result.error().sandbox_id() == "sb-1");
}

TEST_CASE("a wait that timed out leaves the sandbox as it is", "[lifecycle][wait]") {
  world w;
  w->gets = {shown(State::creating)};
  auto const sandbox = w.unstarted();
  auto const wait = sandbox.wait({.timeout = 1s});
  CHECK(w.failure(wait) == error_kind::timeout);
  CHECK(sandbox.status() == SandboxStatus::creating);
  w->gets = {shown(State::running)};
  CHECK(w.get(sandbox.wait()));
  CHECK(w.mock.count("create_sandbox") == 1);
  CHECK(w.mock.count("delete_sandbox") == 0);
}

TEST_CASE("the time-out of a wait begins after the create", "[lifecycle][wait]") {
  world w;
  w.mock.set_latency("create_sandbox", 50s);
  w->gets = {shown(State::creating), shown(State::running)};
  CHECK(w.get(w.unstarted().wait({.timeout = 1s})));
  CHECK(w.elapsed() >= 50s);
}

TEST_CASE("a wait is bounded by the request time-out unless it says otherwise",
          "[lifecycle][wait]") {
  world w;
  w->gets = {shown(State::creating)};
  CHECK(w.failure(w.unstarted().wait()) == error_kind::timeout);
  CHECK(w.elapsed() >= 300s);
  CHECK(w.elapsed() < 303s);
}

TEST_CASE("waiters that come after a failed poll begin a new one", "[lifecycle][wait]") {
  world w;
  w->gets = {cw::rpc_error(status_code::internal, "broken"), shown(State::running)};
  auto const sandbox = w.unstarted();
  auto const first = sandbox.wait();
  auto const second = sandbox.wait();
  CHECK(w.failure(first) == error_kind::sandbox);
  CHECK(w.failure(second) == error_kind::sandbox);
  CHECK(w.mock.count("get_sandbox") == 1);
  CHECK(w.get(sandbox.wait()));
}

TEST_CASE("which errors of a poll are tried again", "[lifecycle][retry]") {
  struct row {
    cw::error report;
    bool again;
    error_kind kind;
  };
  auto const rows = std::vector<row>{
      {cw::rpc_error(status_code::unavailable, ""), true, error_kind::unavailable},
      {cw::rpc_error(status_code::deadline_exceeded, ""), true, error_kind::request_timeout},
      {cw::rpc_error(status_code::resource_exhausted, ""), true, error_kind::resource_exhausted},
      {refused(status_code::internal, "CWSANDBOX_BACKEND_UNAVAILABLE"), true,
       error_kind::unavailable},
      {cw::rpc_error(status_code::not_found, ""), false, error_kind::not_found},
      {cw::rpc_error(status_code::cancelled, ""), false, error_kind::not_running},
      {cw::rpc_error(status_code::permission_denied, ""), false, error_kind::authentication},
      {cw::rpc_error(status_code::internal, ""), false, error_kind::sandbox},
      {cw::rpc_error(status_code::unknown, ""), false, error_kind::sandbox},
      {refused(status_code::unavailable, "CWSANDBOX_COMMAND_TIMEOUT"), false,
       error_kind::command_timeout},
  };
  for (auto const& row : rows) {
    CAPTURE(row.report.code(), row.report.reason());
    world w;
    w->gets = {row.report, shown(State::running)};
    auto const result = w.get(w.unstarted().wait());
    CHECK(result.has_value() == row.again);
    CHECK(w.mock.count("get_sandbox") == (row.again ? 2u : 1u));
    if (!result) CHECK(result.error().kind() == row.kind);
  }
}

TEST_CASE("an outage ends the wait when the retry budget is used up", "[lifecycle][retry]") {
  world w;
  w->gets = {cw::rpc_error(status_code::unavailable, "down")};
  auto const result = w.get(w.unstarted().wait());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::unavailable);
  CHECK(w.elapsed() >= 29s);
  CHECK(w.elapsed() <= 30s);
}

TEST_CASE("without a retry budget the first transient error is the end", "[lifecycle][retry]") {
  world w;
  w->gets = {cw::rpc_error(status_code::unavailable, "down")};
  auto const sandbox = w.unstarted({.poll_retry_budget = 0s, .poll_rpc_timeout = 3s});
  CHECK(w.failure(sandbox.wait()) == error_kind::unavailable);
  CHECK(w.mock.count("get_sandbox") == 1);
  CHECK(timeouts(w.mock, "get_sandbox").front() == 3s);
}

TEST_CASE("a poll that is never answered is given up and tried again", "[lifecycle][retry]") {
  world w;
  auto const sandbox = w.unstarted();
  REQUIRE(w.get(sandbox.start()));
  w.mock.set_latency("get_sandbox", cw::mock_transport::never);
  auto const wait = sandbox.wait();
  w.settle();
  w.mock.set_latency("get_sandbox", 0s);
  w.advance(15s);
  CHECK(w.get(wait));
  CHECK(w.mock.count("get_sandbox") == 2);
}

TEST_CASE("a completion without exit code is looked at again", "[lifecycle][exit code]") {
  SECTION("until the code is there") {
    world w;
    w->gets = {shown(State::completed), shown(State::completed, 5)};
    auto const sandbox = w.unstarted();
    CHECK(w.get(sandbox.wait_until_complete()));
    CHECK(sandbox.exit_code() == 5);
    CHECK(w.mock.clock()->sleeps() == std::vector<std::chrono::nanoseconds>{2s});
    CHECK(timeouts(w.mock, "get_sandbox")[1] == 2s);
  }
  SECTION("but not more than twice") {
    world w;
    w->gets = {shown(State::completed)};
    auto const sandbox = w.unstarted();
    CHECK(w.get(sandbox.wait()));
    CHECK_FALSE(sandbox.exit_code());
    CHECK(w.mock.count("get_sandbox") == 3);
  }
  SECTION("and a look that fails changes nothing") {
    world w;
    w->gets = {shown(State::completed), cw::rpc_error(status_code::internal, "")};
    auto const sandbox = w.unstarted();
    CHECK(w.get(sandbox.wait_until_complete()));
    CHECK(sandbox.status() == SandboxStatus::completed);
  }
  SECTION("and a wait whose time is up takes the completion") {
    world w;
    w->gets = {shown(State::completed)};
    auto const sandbox = w.unstarted();
    auto const result = w.get(sandbox.wait_until_complete({.timeout = 1s}));
    REQUIRE(result);
    CHECK(*result == SandboxStatus::completed);
    CHECK(w.elapsed() == 1s);
    CHECK(w.get(w.unstarted().wait({.timeout = 1s})));
  }
}

// ---- wait_until_complete (3.6, 4.6)

TEST_CASE("how a wait for the end ends", "[lifecycle][complete]") {
  struct row {
    State end;
    std::optional<error_kind> raised;
    std::optional<error_kind> quiet;
    SandboxStatus status;
  };
  auto const rows = std::vector<row>{
      {State::completed, {}, {}, SandboxStatus::completed},
      {State::failed, error_kind::failed, error_kind::failed, SandboxStatus::failed},
      {State::terminated, error_kind::terminated, {}, SandboxStatus::terminated},
      {State::unspecified, {}, {}, SandboxStatus::completed},
  };
  for (auto const& row : rows)
    for (bool const raises : {true, false}) {
      CAPTURE(static_cast<int>(row.end), raises);
      world w;
      w->gets = {shown(State::creating), shown(State::running), shown(State::paused),
                 shown(State::terminating), shown(row.end, 0)};
      auto const sandbox = w.unstarted();
      auto const expected = raises ? row.raised : row.quiet;
      auto const check = [&](cw::outcome<SandboxStatus> const& result) {
        CHECK(result.has_value() == !expected);
        if (result)
          CHECK(*result == row.status);
        else
          CHECK(result.error().kind() == *expected);
      };
      check(w.get(sandbox.wait_until_complete({.raise_on_termination = raises})));
      CHECK(w.mock.count("get_sandbox") == 5);
      // UNSPECIFIED that a poll sees is a completion too
      CHECK(sandbox.exit_code().has_value() == (row.status == SandboxStatus::completed));
      check(w.get(sandbox.wait_until_complete({.raise_on_termination = raises})));
      CHECK(w.mock.count("get_sandbox") == 5);
    }
}

TEST_CASE("waiters for the end share the polls and have policies of their own",
          "[lifecycle][complete]") {
  world w;
  w->gets = {shown(State::running), shown(State::terminated)};
  auto const sandbox = w.unstarted();
  auto const raises = sandbox.wait_until_complete();
  auto const quiet = sandbox.wait_until_complete({.raise_on_termination = false});
  CHECK(w.failure(raises) == error_kind::terminated);
  auto const result = w.get(quiet);
  REQUIRE(result);
  CHECK(*result == SandboxStatus::terminated);
  CHECK(w.mock.count("get_sandbox") == 2);
}

TEST_CASE("a wait for the end times out and leaves the sandbox", "[lifecycle][complete]") {
  world w;
  auto const sandbox = w.unstarted();
  auto const result = w.get(sandbox.wait_until_complete({.timeout = 5s}));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::timeout);
  CHECK(result.error().message() == "Timed out waiting for sandbox sb-1");
  CHECK(sandbox.status() == SandboxStatus::running);
  CHECK(w.mock.count("delete_sandbox") == 0);
}

TEST_CASE("a sandbox that vanished ends the wait for its end at once", "[lifecycle][complete]") {
  world w;
  w->gets = {shown(State::running), no_such_sandbox()};
  auto const result = w.get(w.unstarted().wait_until_complete());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::not_found);
  CHECK(result.error().message() == "Sandbox 'sb-1' not found");
}

// ---- get_status (3.7)

TEST_CASE("get_status asks once and tells no exit code", "[lifecycle][status]") {
  world w;
  auto const sandbox = w.running();
  auto const before = w.mock.count("get_sandbox");
  w->gets = {shown(State::completed, 4)};
  auto const status = w.get(sandbox.get_status());
  REQUIRE(status);
  CHECK(*status == SandboxStatus::completed);
  CHECK_FALSE(sandbox.exit_code());
  CHECK(w.mock.count("get_sandbox") == before + 1);
  CHECK(timeouts(w.mock, "get_sandbox").back() == 15s);
  CHECK(*w.get(sandbox.get_status()) == SandboxStatus::completed);  // ended: nothing more is asked
  CHECK(w.mock.count("get_sandbox") == before + 1);
}

TEST_CASE("get_status is not tried again", "[lifecycle][status]") {
  world w;
  auto const sandbox = w.running();
  auto const before = w.mock.count("get_sandbox");
  w->gets = {cw::rpc_error(status_code::unavailable, "down")};
  auto const result = w.get(sandbox.get_status());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::unavailable);
  CHECK(w.mock.count("get_sandbox") == before + 1);
}

// ---- use against state (1.4)

TEST_CASE("a sandbox that stops or has stopped refuses to be used", "[lifecycle][refusal]") {
  for (auto const state :
       {State::terminating, State::completed, State::failed, State::terminated}) {
    CAPTURE(static_cast<int>(state));
    world w;
    auto const sandbox = w.running();
    w->gets = {shown(state, 0)};
    REQUIRE(w.get(sandbox.get_status()));
    auto const calls = w.mock.calls();
    auto const result = w.get(sandbox.exec({"true"}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::not_running);
    CHECK_THAT(result.error().message(), ContainsSubstring("Sandbox sb-1 has been stopped"));
    CHECK(w.failure(sandbox.read_file("/f")) == error_kind::not_running);
    CHECK(w.failure(sandbox.write_file("/f", "")) == error_kind::not_running);
    CHECK(w.mock.calls() == calls);
  }
}

TEST_CASE("a command on a sandbox that completes before it ran is refused without a call",
          "[lifecycle][refusal]") {
  world w;
  w->gets = {shown(State::completed, 0)};
  CHECK(w.failure(w.unstarted().exec({"true"})) == error_kind::not_running);
  CHECK(w.mock.count("stream_exec") == 0);
}

// ---- from_id, list, remove (4.7, 5.1, 5.2)

TEST_CASE("from_id gives a handle on what exists", "[lifecycle][from_id]") {
  world w;
  w->gets = {shown(State::running, {}, "sb-9")};
  auto const found = w.get(cw::mock_sandbox::from_id(w.mock, "sb-9"));
  REQUIRE(found);
  CHECK(found->id() == "sb-9");
  CHECK(found->status() == SandboxStatus::running);
  CHECK(timeouts(w.mock, "get_sandbox").front() == 300s);
  REQUIRE(w.get(found->start()));  // there is nothing to start
  CHECK(w.get(found->exec({"true"})));
  CHECK(w.mock.calls() == names{"get_sandbox", "stream_exec"});
}

TEST_CASE("from_id of a sandbox that does not exist", "[lifecycle][from_id]") {
  world w;
  w->gets = {cw::rpc_error(status_code::not_found, "")};
  auto const found = w.get(cw::mock_sandbox::from_id(w.mock, "sb-9"));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind() == error_kind::not_found);
  CHECK(found.error().message() == "Sandbox 'sb-9' not found");
  CHECK(found.error().sandbox_id() == "sb-9");
  CHECK(w.mock.count("get_sandbox") == 1);
}

TEST_CASE("what a query shows ends no life with an exit code", "[lifecycle][from_id]") {
  world w;
  w->gets = {shown(State::unspecified), shown(State::running)};
  auto const found = w.get(cw::mock_sandbox::from_id(w.mock, "sb-1"));
  REQUIRE(found);
  CHECK(found->status() == SandboxStatus::unspecified);
  CHECK(w.get(found->wait()));
  CHECK(found->status() == SandboxStatus::running);
}

TEST_CASE("list reads all pages", "[lifecycle][list]") {
  world w;
  wire::ListSandboxesResponse one{};
  one.sandboxes = {shown(State::running, {}, "a"), shown(State::creating, {}, "b")};
  one.next_page_token = "t1";
  wire::ListSandboxesResponse two{};
  two.next_page_token = "t2";
  wire::ListSandboxesResponse three{};
  three.sandboxes = {shown(State::completed, 0, "c")};
  w->lists = {one, two, three};
  auto const found = w.get(cw::mock_sandbox::list(
      w.mock, {.tags = {"x", "y"}, .status = SandboxStatus::completed, .show_terminated = true}));
  REQUIRE(found);
  names ids;
  for (auto const& sandbox : *found) ids.push_back(*sandbox.id());
  CHECK(ids == names{"a", "b", "c"});
  CHECK((*found)[2].status() == SandboxStatus::completed);
  CHECK_FALSE((*found)[2].exit_code());
  auto const requests = w.mock.requests<wire::ListSandboxesRequest>();
  names tokens;
  for (auto const& request : requests) {
    tokens.push_back(request.page_token);
    CHECK(request.tags == names{"x", "y"});
    CHECK(request.state == State::completed);
    CHECK(request.show_terminated);
  }
  CHECK(tokens == names{"", "t1", "t2"});
}

TEST_CASE("a list that goes round in circles is an error", "[lifecycle][list]") {
  world w;
  wire::ListSandboxesResponse a{};
  a.next_page_token = "a";
  wire::ListSandboxesResponse b{};
  b.next_page_token = "b";
  w->lists = {a, b, a};
  auto const found = w.get(cw::mock_sandbox::list(w.mock));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind() == error_kind::generic);
  CHECK_THAT(found.error().message(),
             ContainsSubstring("pagination loop detected: repeated page token"));
  CHECK(w.mock.count("list_sandboxes") == 3);
}

TEST_CASE("a list without end is an error after a hundred pages", "[lifecycle][list]") {
  world w;
  std::vector<cw::outcome<wire::ListSandboxesResponse>> pages;
  for (int i = 0; i < 120; ++i) {
    wire::ListSandboxesResponse page{};
    page.next_page_token = std::to_string(i);
    pages.emplace_back(page);
  }
  w->lists = pages;
  auto const found = w.get(cw::mock_sandbox::list(w.mock));
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().message(), ContainsSubstring("pagination exceeded 100 pages"));
  CHECK(w.mock.count("list_sandboxes") == 100);
}

TEST_CASE("a list may have a hundred pages", "[lifecycle][list]") {
  world w;
  std::vector<cw::outcome<wire::ListSandboxesResponse>> pages;
  for (int i = 1; i <= 100; ++i) {
    wire::ListSandboxesResponse page{};
    if (i < 100) page.next_page_token = std::to_string(i);
    pages.emplace_back(page);
  }
  w->lists = pages;
  CHECK(w.get(cw::mock_sandbox::list(w.mock)));
}

TEST_CASE("the pages of a list share one deadline", "[lifecycle][list]") {
  world w;
  w.mock.set_latency("list_sandboxes", 130s);
  wire::ListSandboxesResponse a{};
  a.next_page_token = "a";
  wire::ListSandboxesResponse b{};
  b.next_page_token = "b";
  w->lists = {a, b, wire::ListSandboxesResponse{}};
  auto const found = w.get(cw::mock_sandbox::list(w.mock));
  REQUIRE_FALSE(found);
  CHECK(found.error().is(error_kind::request_timeout));
  auto const given = timeouts(w.mock, "list_sandboxes");
  REQUIRE(given.size() == 3);
  CHECK(given[0] == 300s);
  CHECK(given[1] == 170s);
  CHECK(given[2] == 40s);
  CHECK(w.elapsed() == 300s);
}

TEST_CASE("a list whose time is up between two pages says so", "[lifecycle][list]") {
  world w;
  w.mock.set_latency("list_sandboxes", 150s);
  wire::ListSandboxesResponse a{};
  a.next_page_token = "a";
  wire::ListSandboxesResponse b{};
  b.next_page_token = "b";
  w->lists = {a, b};
  auto const found = w.get(cw::mock_sandbox::list(w.mock));
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().message(), ContainsSubstring("timed out"));
  CHECK(w.mock.count("list_sandboxes") == 2);
}

TEST_CASE("a page that fails fails the list", "[lifecycle][list]") {
  world w;
  wire::ListSandboxesResponse a{};
  a.next_page_token = "a";
  w->lists = {a, cw::rpc_error(status_code::unavailable, "down")};
  auto const found = w.get(cw::mock_sandbox::list(w.mock));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind() == error_kind::unavailable);
  CHECK(w.mock.count("list_sandboxes") == 2);
}

TEST_CASE("remove deletes at once and does not wait", "[lifecycle][remove]") {
  world w;
  CHECK(w.get(cw::mock_sandbox::remove(w.mock, "sb-7")));
  CHECK(w.mock.calls() == names{"delete_sandbox"});
  auto const request = w.mock.requests<wire::DeleteSandboxRequest>().front();
  CHECK(request.sandbox_id == "sb-7");
  CHECK(request.grace_period_seconds == 0);
  CHECK(timeouts(w.mock, "delete_sandbox").front() == 300s);
}

TEST_CASE("removing what is missing", "[lifecycle][remove]") {
  for (auto const& report :
       {cw::rpc_error(status_code::not_found, ""),
        refused(status_code::failed_precondition, "CWSANDBOX_SANDBOX_NOT_FOUND")}) {
    world w;
    w->deletes = {report};
    CHECK(w.failure(cw::mock_sandbox::remove(w.mock, "sb-7")) == error_kind::not_found);
    CHECK(w.get(cw::mock_sandbox::remove(w.mock, "sb-7", {.missing_ok = true})));
  }
}

TEST_CASE("an error of remove says what was done", "[lifecycle][remove]") {
  world w;
  w->deletes = {cw::rpc_error(status_code::internal, "oops")};
  auto const result = w.get(cw::mock_sandbox::remove(w.mock, "sb-7", {.missing_ok = true}));
  REQUIRE_FALSE(result);
  CHECK(result.error().message() == "Delete sandbox failed: oops");
}

// ---- placement (6)

TEST_CASE("a placement that is refused is tried once on the other side", "[lifecycle][spillover]") {
  world w;
  w->creates = {refused(status_code::resource_exhausted, "CWSANDBOX_RUNNER_CAPACITY_EXHAUSTED"),
                shown(State::creating)};
  auto const sandbox = w.unstarted(
      {.runner_ids = {"r1"}, .placement_spillover = cw::PlacementSpillover::cks_then_serverless});
  REQUIRE(w.get(sandbox.start()));
  auto const requests = w.mock.requests<wire::CreateSandboxRequest>();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].request_id != requests[1].request_id);
  CHECK(requests[0].sandbox->spec->mode != requests[1].sandbox->spec->mode);
  CHECK(requests[0].sandbox->spec->runner_ids == names{"r1"});
  CHECK(requests[1].sandbox->spec->runner_ids.empty());
}

TEST_CASE("when both placements fail the error has both", "[lifecycle][spillover]") {
  struct row {
    cw::error second;
    bool restored;  // the next start repeats the first attempt
  };
  auto const rows = std::vector<row>{
      {refused(status_code::permission_denied, "CWSANDBOX_SERVERLESS_NOT_ALLOWED"), true},
      {cw::rpc_error(status_code::unavailable, "down"), false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.restored);
    world w;
    w->creates = {refused(status_code::resource_exhausted, "CWSANDBOX_NO_SUITABLE_RUNNER", "none"),
                  row.second, shown(State::creating)};
    auto const sandbox =
        w.unstarted({.placement_spillover = cw::PlacementSpillover::cks_then_serverless});
    auto const result = w.get(sandbox.start());
    REQUIRE_FALSE(result);
    REQUIRE(result.error().cause() != nullptr);
    auto const& causes = result.error().details().causes;
    CHECK(std::any_of(causes.begin(), causes.end(), [](cw::error const& cause) {
      return cause.reason() == "CWSANDBOX_NO_SUITABLE_RUNNER";
    }));
    REQUIRE(w.get(sandbox.start()));
    auto const ids = request_ids(w.mock);
    REQUIRE(ids.size() == 3);
    CHECK(ids[1] != ids[0]);
    CHECK(ids[2] == (row.restored ? ids[0] : ids[1]));
  }
}

TEST_CASE("what is no refusal of the placement does not spill", "[lifecycle][spillover]") {
  auto untrusted = refused(status_code::resource_exhausted, "CWSANDBOX_NO_SUITABLE_RUNNER")
                       .with([](cw::error_details& d) { d.domain = "example.com"; });
  for (auto const& report :
       {cw::rpc_error(status_code::resource_exhausted, ""),
        refused(status_code::unavailable, "CWSANDBOX_BACKEND_UNAVAILABLE"),
        refused(status_code::permission_denied, "CWSANDBOX_SERVERLESS_DISABLED"), untrusted}) {
    CAPTURE(report.reason());
    world w;
    w->creates = {report, shown(State::creating)};
    auto const sandbox =
        w.unstarted({.placement_spillover = cw::PlacementSpillover::cks_then_serverless});
    CHECK_FALSE(w.get(sandbox.start()));
    CHECK(w.mock.count("create_sandbox") == 1);
  }
}

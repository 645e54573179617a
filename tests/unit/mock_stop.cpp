// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <string_view>

using namespace test;
using namespace std::chrono_literals;
using cw::SandboxStatus;
using State = wire::State;

namespace {

wire::DeleteSandboxResponse deleted(std::optional<State> state) {
  wire::DeleteSandboxResponse response{};
  if (state) response.sandbox.emplace(shown(*state));
  return response;
}

std::size_t deletes(world& w) { return w.mock.count("delete_sandbox"); }

}  // namespace

// ---- the shared stop (lifecycle 4.1)

TEST_CASE("a stop ends when the end of the sandbox was seen", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w->gets_after_delete = {shown(State::running), shown(State::terminating),
                          shown(State::terminating), shown(State::terminated)};
  auto const before = w.mock.count("get_sandbox");
  REQUIRE(w.get(sandbox.stop()));
  CHECK(sandbox.status() == SandboxStatus::terminated);
  CHECK(w.mock.count("get_sandbox") == before + 4);
}

TEST_CASE("the request of a stop", "[stop]") {
  struct row {
    cw::StopOptions options;
    std::int32_t grace;
    std::chrono::nanoseconds timeout;
    bool missing_ok;
  };
  auto const rows = std::vector<row>{
      {{}, 10, 20s, false},
      {{.graceful_shutdown = 0s}, 0, 10s, false},
      {{.graceful_shutdown = 1500ms, .missing_ok = true}, 2, 11500ms, true},
      {{.graceful_shutdown = 120s}, 120, 130s, false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.grace);
    world w;
    auto const sandbox = w.running();
    REQUIRE(w.get(sandbox.stop(row.options)));
    auto const request = w.mock.requests<wire::DeleteSandboxRequest>().front();
    CHECK(request.sandbox_id == "sb-1");
    CHECK(request.grace_period_seconds == row.grace);
    CHECK(request.allow_missing == row.missing_ok);
    CHECK(request.snapshot_volumes.empty());
    CHECK(request.request_id.empty());
    for (auto const& call : w.mock.history())
      if (call.rpc == "delete_sandbox") CHECK(call.options.timeout == row.timeout);
  }
}

TEST_CASE("a grace beyond all measure is held at what can be said", "[stop]") {
  world w;
  auto const sandbox = w.running();
  REQUIRE(w.get(sandbox.stop({.graceful_shutdown = std::chrono::hours::max()})));
  CHECK(w.mock.requests<wire::DeleteSandboxRequest>().front().grace_period_seconds == INT32_MAX);
}

TEST_CASE("stops at the same time are one stop", "[stop]") {
  world w;
  auto const sandbox = w.running();
  auto const first = sandbox.stop({.graceful_shutdown = 3s});
  auto const second = sandbox.stop({.graceful_shutdown = 8s});
  w.settle();
  auto const third = sandbox.stop();
  CHECK(w.get(first));
  CHECK(w.get(second));
  CHECK(w.get(third));
  auto const requests = w.mock.requests<wire::DeleteSandboxRequest>();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].grace_period_seconds == 3);
}

TEST_CASE("who joins a stop decides for himself about a missing sandbox", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w->deletes = {no_such_sandbox()};
  auto const strict = sandbox.stop();
  auto const relaxed = sandbox.stop({.missing_ok = true});
  CHECK(w.failure(strict) == error_kind::not_found);
  CHECK(w.get(relaxed));
  CHECK(deletes(w) == 1);
}

TEST_CASE("stopping what has ended or never began makes no call", "[stop]") {
  world w;
  SECTION("never started") {
    auto const sandbox = w.unstarted();
    CHECK(w.get(sandbox.stop()));
    CHECK(w.get(sandbox.stop()));
    CHECK(w.mock.calls().empty());
  }
  SECTION("ended") {
    w->gets = {shown(State::completed, 0)};
    auto const sandbox = w.unstarted();
    REQUIRE(w.get(sandbox.wait_until_complete()));
    CHECK(w.get(sandbox.stop()));
    CHECK(deletes(w) == 0);
  }
  SECTION("stopped") {
    auto const sandbox = w.running();
    CHECK(w.get(sandbox.stop()));
    auto const calls = w.mock.calls();
    CHECK(w.get(sandbox.stop()));
    CHECK(w.mock.calls() == calls);
  }
}

TEST_CASE("a sandbox that others are stopping is only waited for", "[stop]") {
  world w;
  w->gets = {shown(State::terminating)};
  auto const sandbox = w.unstarted();
  REQUIRE(w.get(sandbox.wait()));
  w->gets = {shown(State::terminating), shown(State::terminated)};
  CHECK(w.get(sandbox.stop()));
  CHECK(deletes(w) == 0);
  CHECK(sandbox.status() == SandboxStatus::terminated);
}

TEST_CASE("an end that a poll saw before the delete was answered is ours", "[stop]") {
  for (bool const fails : {false, true}) {
    CAPTURE(fails);
    world w;
    auto const sandbox = w.running();
    w.mock.set_latency("get_sandbox", 1s);
    w.mock.set_latency("delete_sandbox", 5s);
    w->gets = {shown(State::completed)};
    w->gets_after_delete = {shown(State::completed)};
    if (fails) w->deletes = {no_such_sandbox()};
    auto const completion = sandbox.wait_until_complete();
    auto const stop = sandbox.stop();
    CHECK(w.failure(completion) == error_kind::terminated);
    CHECK_FALSE(stop.is_done());
    CHECK(w.get(stop).has_value() == !fails);
    CHECK(sandbox.status() == SandboxStatus::completed);
  }
}

TEST_CASE("a delete that failed changes nothing and may be repeated", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w->deletes = {cw::rpc_error(status_code::unavailable, "down"),
                deleted(State::terminating)};
  auto const result = w.get(sandbox.stop());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::unavailable);
  CHECK(sandbox.status() == SandboxStatus::running);
  CHECK(w.get(sandbox.exec({"true"})));
  CHECK(w.get(sandbox.stop()));
  CHECK(deletes(w) == 2);
}

TEST_CASE("after a delete that failed a completion still tells its exit code", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w->deletes = {cw::rpc_error(status_code::unavailable, "down")};
  REQUIRE_FALSE(w.get(sandbox.stop()));
  w->gets = {shown(State::completed), shown(State::completed, 6)};
  CHECK(w.get(sandbox.wait_until_complete()));
  CHECK(sandbox.exit_code() == 6);
}

TEST_CASE("a delete that is not answered is given up", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w.mock.set_latency("delete_sandbox", cw::mock_transport::never);
  auto const stop = sandbox.stop();
  w.settle();
  CHECK_FALSE(stop.is_done());
  w.advance(20s);
  auto const result = w.get(stop);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::request_timeout);
  CHECK_THAT(result.error().message(), ContainsSubstring("Stop sandbox"));
}

TEST_CASE("a failed sandbox is a good end of a stop", "[stop]") {
  world w;
  auto const sandbox = w.running();
  w->gets_after_delete = {shown(State::failed)};
  CHECK(w.get(sandbox.stop()));
  CHECK(sandbox.status() == SandboxStatus::failed);
  CHECK(w.failure(sandbox.wait()) == error_kind::failed);
}

TEST_CASE("a stop that is not waited for goes on", "[stop]") {
  world w;
  auto const sandbox = w.running();
  (void)sandbox.stop();
  auto const cancelled = sandbox.stop();
  CHECK(cancelled.cancel());
  w.settle();
  CHECK(w.get(sandbox.stop()));
  CHECK(sandbox.status() == SandboxStatus::terminated);
  CHECK(deletes(w) == 1);
}

// ---- the outcomes (4.3)

TEST_CASE("what the service answers to a delete decides", "[stop][outcomes]") {
  struct row {
    char const* name;
    cw::outcome<wire::DeleteSandboxResponse> answer;
    bool missing_ok;
    std::optional<error_kind> failure;
    SandboxStatus status;
    bool confirms;    // polls for the end
    bool stop_owned;  // a completion counts as terminated
  };
  auto const untrusted = refused(status_code::failed_precondition, "CWSANDBOX_SANDBOX_NOT_FOUND")
                             .with([](cw::error_details& d) { d.domain = "example.com"; });
  auto const rows = std::vector<row>{
      {"accepted", deleted(State::terminating), false, {}, SandboxStatus::terminated, true, true},
      {"accepted, state unknown", deleted(State::unspecified), true, {}, SandboxStatus::terminated,
       true, true},
      {"accepted and ended at once", deleted(State::terminated), false, {},
       SandboxStatus::terminated, false, true},
      {"accepted, empty answer, strict", deleted({}), false, {}, SandboxStatus::terminated, true,
       true},
      {"empty answer, relaxed", deleted({}), true, {}, SandboxStatus::terminated, false, true},
      {"missing by code, relaxed", cw::rpc_error(status_code::not_found, ""), true, {},
       SandboxStatus::terminated, false, false},
      {"missing by reason, relaxed",
       refused(status_code::failed_precondition, "CWSANDBOX_SANDBOX_NOT_FOUND"), true, {},
       SandboxStatus::terminated, false, false},
      {"missing by code, strict", cw::rpc_error(status_code::not_found, ""), false,
       error_kind::not_found, SandboxStatus::running, false, false},
      {"missing by reason, strict", no_such_sandbox(), false, error_kind::not_found,
       SandboxStatus::running, false, false},
      {"missing by a reason of somebody else's", untrusted, true, error_kind::sandbox,
       SandboxStatus::running, false, false},
      {"refused", cw::rpc_error(status_code::permission_denied, ""), true,
       error_kind::authentication, SandboxStatus::running, false, false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.name);
    world w;
    cw::basic_session session{w.mock};
    auto const sandbox = session.sandbox();
    REQUIRE(w.get(sandbox.wait()));
    auto const polls = w.mock.count("get_sandbox");
    w->deletes = {row.answer};
    auto const result = w.get(sandbox.stop({.missing_ok = row.missing_ok}));
    CHECK(result.has_value() == !row.failure);
    if (!result) {
      CHECK(result.error().kind() == *row.failure);
      CHECK(result.error().sandbox_id() == "sb-1");
    }
    CHECK(sandbox.status() == row.status);
    CHECK((w.mock.count("get_sandbox") > polls) == row.confirms);
    CHECK(deletes(w) == 1);
    // the session forgets what is gone and keeps what still runs
    CHECK(session.sandbox_count() == (row.failure ? 1u : 0u));
    w->deletes = {deleted(State::terminating)};
    CHECK(w.get(session.close()));
  }
}

TEST_CASE("a completion after a stop of ours counts as a termination", "[stop][outcomes]") {
  world w;
  auto const sandbox = w.running();
  w->gets_after_delete = {shown(State::completed)};
  REQUIRE(w.get(sandbox.stop()));
  CHECK(sandbox.status() == SandboxStatus::completed);
  CHECK(w.failure(sandbox.wait()) == error_kind::terminated);
  CHECK(w.failure(sandbox.wait_until_complete()) == error_kind::terminated);
  auto const quiet = w.get(sandbox.wait_until_complete({.raise_on_termination = false}));
  REQUIRE(quiet);
  CHECK(*quiet == SandboxStatus::completed);
  // and its exit code is not looked for
  CHECK(w.mock.clock()->sleeps().empty());
}

// ---- those who wait meanwhile (4.1.7, 3.6.4)

TEST_CASE("an accepted stop ends the waits for running and not those for the end", "[stop][waiters]") {
  world w;
  w->gets = {shown(State::creating)};
  auto const sandbox = w.unstarted();
  auto const running = sandbox.wait({.timeout = 250s});
  auto const command = sandbox.exec({"true"});
  auto const ended = sandbox.wait_until_complete({.raise_on_termination = false});
  w.finish(sandbox.start());
  auto const stop = sandbox.stop();
  auto const result = w.get(running);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::not_running);
  CHECK_THAT(result.error().message(), ContainsSubstring("has been stopped"));
  CHECK(w.failure(command) == error_kind::not_running);
  CHECK(w.get(stop));
  auto const end = w.get(ended);
  REQUIRE(end);
  CHECK(*end == SandboxStatus::terminated);
  CHECK(w.mock.count("stream_exec") == 0);
}

TEST_CASE("a wait and a stop at the same time see the same end", "[stop][waiters]") {
  world w;
  auto const sandbox = w.running();
  auto const ended = sandbox.wait_until_complete();
  auto const stop = sandbox.stop();
  CHECK(w.get(stop));
  CHECK(w.failure(ended) == error_kind::terminated);
}

TEST_CASE("a sandbox that is gone ends all waits", "[stop][waiters]") {
  world w;
  auto const sandbox = w.running();
  auto const ended = sandbox.wait_until_complete();
  w->deletes = {no_such_sandbox()};
  CHECK(w.get(sandbox.stop({.missing_ok = true})));
  CHECK(w.failure(ended) == error_kind::not_running);
}

// ---- a sandbox that is missing while its end is confirmed (4.5)

TEST_CASE("a stopped sandbox that cannot be found any more has an unknown end", "[stop][missing]") {
  world w;
  auto const sandbox = w.running();
  auto const ended = sandbox.wait_until_complete();
  w->gets_after_delete = {no_such_sandbox()};
  auto const begin = w.elapsed();
  auto const result = w.get(sandbox.stop());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::terminal_state_unavailable);
  CHECK(result.error().sandbox_id() == "sb-1");
  CHECK(w.failure(ended) == error_kind::terminal_state_unavailable);
  CHECK(w.elapsed() - begin >= 2s);
  CHECK(w.elapsed() - begin < 5s);
}

TEST_CASE("a stopped sandbox that shows up again in time has its end", "[stop][missing]") {
  world w;
  auto const sandbox = w.running();
  w->gets_after_delete = {no_such_sandbox(), no_such_sandbox(), shown(State::completed, 0)};
  CHECK(w.get(sandbox.stop()));
  CHECK(sandbox.status() == SandboxStatus::completed);
}

TEST_CASE("another error while the end is confirmed is the error of the stop", "[stop][missing]") {
  world w;
  auto const sandbox = w.running();
  w->gets_after_delete = {no_such_sandbox(), cw::rpc_error(status_code::internal, "oops")};
  CHECK(w.failure(sandbox.stop()) == error_kind::sandbox);
  // the stop was accepted: asked again it only looks
  w->gets_after_delete = {shown(State::terminated)};
  CHECK(w.get(sandbox.stop()));
  CHECK(deletes(w) == 1);
}

TEST_CASE("a sandbox that others stop and that vanishes", "[stop][missing]") {
  for (bool const missing_ok : {true, false}) {
    CAPTURE(missing_ok);
    world w;
    w->gets = {shown(State::terminating)};
    auto const sandbox = w.unstarted();
    REQUIRE(w.get(sandbox.wait()));
    w->gets = {no_such_sandbox()};
    CHECK(w.failure(sandbox.stop({.missing_ok = missing_ok})) ==
          (missing_ok ? error_kind::terminal_state_unavailable : error_kind::not_found));
  }
}

// ---- during the start (1.2.9)

TEST_CASE("a stop waits for the create and deletes what it made", "[stop][start]") {
  world w;
  w.mock.set_latency("create_sandbox", 5s);
  auto const sandbox = w.unstarted();
  auto const start = sandbox.start();
  w.settle();
  auto const stop = sandbox.stop();
  CHECK(w.get(start));
  CHECK(w.get(stop));
  CHECK(sandbox.status() == SandboxStatus::terminated);
  CHECK(w.mock.calls().at(0) == "create_sandbox");
  CHECK(w.mock.calls().at(1) == "delete_sandbox");
}

TEST_CASE("a stop during a create that fails leaves a sandbox that never starts", "[stop][start]") {
  world w;
  w.mock.set_latency("create_sandbox", 5s);
  w->creates = {cw::rpc_error(status_code::unavailable, "down")};
  auto const sandbox = w.unstarted();
  auto const start = sandbox.start();
  w.settle();
  auto const stop = sandbox.stop();
  CHECK(w.failure(start) == error_kind::unavailable);
  CHECK(w.get(stop));
  CHECK(w.failure(sandbox.start()) == error_kind::not_running);
  CHECK(deletes(w) == 0);
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("who starts again while a stop waits for the create leaves nothing behind",
          "[stop][start]") {
  world w;
  w.mock.set_latency("create_sandbox", 5s);
  w->creates = {cw::rpc_error(status_code::unavailable, "down"), shown(State::creating)};
  auto const sandbox = w.unstarted();
  // the second start is made by the failure of the first, before the stop has a chance to look
  bool started_again = false;
  std::optional<cw::operation<void>> second;
  auto const first = sandbox.start();
  cw::detail::operation_access::state(first)->add_waiter([&] {
    second = sandbox.start();
    started_again = true;
  });
  w.settle();
  auto const stop = sandbox.stop();
  CHECK(w.failure(first) == error_kind::unavailable);
  CHECK(w.get(stop));
  REQUIRE(started_again);
  auto const result = w.get(*second);
  if (w.mock.count("create_sandbox") == 2) {
    CHECK(result);
    CHECK(deletes(w) == 1);
    CHECK(sandbox.status() == SandboxStatus::terminated);
  } else {
    CHECK(result.error().kind() == error_kind::not_running);
    CHECK(deletes(w) == 0);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <algorithm>

using namespace test;
using namespace std::chrono_literals;
using cw::SandboxStatus;
using State = wire::State;

namespace {

wire::ListSandboxesResponse page(std::vector<wire::Sandbox> sandboxes) {
  wire::ListSandboxesResponse response{};
  response.sandboxes = std::move(sandboxes);
  return response;
}

}  // namespace

TEST_CASE("a session makes no call by itself", "[session]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = session.sandbox();
  w.settle();
  CHECK(session.sandbox_count() == 1);
  CHECK_FALSE(session.is_closed());
  CHECK(w.get(session.close()));
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a session counts its sandboxes, started or not", "[session]") {
  world w;
  cw::basic_session session{w.mock};
  CHECK(session.sandbox_count() == 0);
  auto const one = session.sandbox();
  auto const two = session.sandbox();
  CHECK(session.sandbox_count() == 2);
  REQUIRE(w.get(one.start()));
  CHECK(session.sandbox_count() == 2);
  REQUIRE(w.get(one.stop()));
  CHECK(session.sandbox_count() == 1);
  REQUIRE(w.get(two.stop()));
  CHECK(session.sandbox_count() == 0);
  REQUIRE(w.get(session.close()));
}

TEST_CASE("a session gives its defaults to its sandboxes", "[session]") {
  world w;
  cw::basic_session session{w.mock, cw::SandboxDefaults{.container_image = "debian:12",
                                                        .tags = {"a", "b"},
                                                        .environment_variables = {{"K", "1"}}}};
  auto const sandbox = session.sandbox({.tags = {"b", "c"}, .environment_variables = {{"K", "2"}}});
  CHECK(sandbox.tags() == names{"a", "b", "b", "c"});
  REQUIRE(w.get(sandbox.start()));
  auto const spec = *w.mock.requests<wire::CreateSandboxRequest>().front().sandbox->spec;
  CHECK(spec.tags == names{"a", "b", "b", "c"});
  CHECK(spec.containers.front().image == "debian:12");
  REQUIRE(w.get(session.close()));
}

TEST_CASE("close stops all sandboxes at once", "[session][close]") {
  asio::io_context io{1};
  cw::mock_transport mock{io.get_executor()};
  mock.set_latency("delete_sandbox", 10s);
  std::vector<cw::sandbox_life> lives;
  for (int i = 0; i < 5; ++i) lives.push_back(cw::expect_sandbox(mock, "sb-" + std::to_string(i)));
  cw::basic_session session{mock};
  auto const finish = [&](auto const& op) {
    while (!op.is_done()) {
      io.restart();
      REQUIRE(io.poll_one() != 0);
    }
    return op.outcome();
  };
  for (int i = 0; i < 5; ++i) REQUIRE(finish(session.sandbox().wait()));
  CHECK(session.sandbox_count() == 5);
  auto const begin = mock.clock()->elapsed();
  auto const close = session.close();
  CHECK(session.is_closed());
  CHECK(session.sandbox_count() == 0);
  REQUIRE(finish(close));
  CHECK(mock.clock()->elapsed() - begin == 10s);
  for (auto const& life : lives) {
    CHECK(life.deleted());
    CHECK(life.delete_request().grace_period_seconds == 10);
    CHECK_FALSE(life.delete_request().allow_missing);
  }
}

TEST_CASE("a closed session makes no sandboxes and takes none", "[session][close]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = w.running();
  REQUIRE(w.get(session.close()));
  auto const calls = w.mock.calls();
  CHECK_THROWS_AS(session.sandbox(), cw::SandboxError);
  CHECK_THROWS_AS(session.adopt(sandbox), cw::SandboxError);
  CHECK_THROWS_AS(session.from_id("sb-1"), cw::SandboxError);
  CHECK_THROWS_AS(session.list({.adopt = true}), cw::SandboxError);
  CHECK(w.mock.calls() == calls);
  // looking is allowed
  w->lists = {page({shown(State::running)})};
  CHECK(w.get(session.from_id("sb-1", false)));
  CHECK(w.get(session.list()));
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("a session that closes while a list is under way adopts nothing", "[session][close]") {
  world w;
  cw::basic_session session{w.mock};
  w->lists = {page({shown(State::running)})};
  w.mock.set_latency("list_sandboxes", 5s);
  auto const list = session.list({.adopt = true});
  w.mock.set_latency("get_sandbox", 5s);
  auto const from_id = session.from_id("sb-1");
  REQUIRE(w.get(session.close()));
  CHECK(w.failure(list) == error_kind::sandbox);
  CHECK(w.failure(from_id) == error_kind::sandbox);
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("closing again is no error and stops nothing twice", "[session][close]") {
  world w;
  cw::basic_session session{w.mock};
  REQUIRE(w.get(session.sandbox().wait()));
  auto const first = session.close();
  auto const second = session.close();  // joins the first
  CHECK_FALSE(second.is_done());
  CHECK(w.get(second));
  CHECK(first.is_done());
  CHECK(w.get(session.close()));
  CHECK(w.mock.count("delete_sandbox") == 1);
}

TEST_CASE("sandboxes that were never started are cancelled by close", "[session][close]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = session.sandbox();
  REQUIRE(w.get(session.close()));
  CHECK(w.failure(sandbox.start()) == error_kind::not_running);
  CHECK(w.failure(sandbox.exec({"true"})) == error_kind::not_running);
  CHECK(w.mock.calls().empty());
}

TEST_CASE("sandboxes that have ended need no call at close", "[session][close]") {
  world w;
  w->gets = {shown(State::completed, 0)};
  cw::basic_session session{w.mock};
  REQUIRE(w.get(session.sandbox().wait_until_complete()));
  REQUIRE(w.get(session.close()));
  CHECK(w.mock.count("delete_sandbox") == 0);
}

TEST_CASE("close attempts every stop and tells all failures", "[session][close]") {
  asio::io_context io{1};
  cw::mock_transport mock{io.get_executor()};
  std::vector<cw::sandbox_life> lives;
  for (int i = 0; i < 4; ++i) lives.push_back(cw::expect_sandbox(mock, "sb-" + std::to_string(i)));
  ALLOW_CALL(*mock, delete_sandbox(cw::for_sandbox("sb-1"), _))
      .RETURN(cw::rpc_error(status_code::unavailable, "down"));
  ALLOW_CALL(*mock, delete_sandbox(cw::for_sandbox("sb-3"), _)).RETURN(no_such_sandbox());
  cw::basic_session session{mock};
  auto const finish = [&](auto const& op) {
    while (!op.is_done()) {
      io.restart();
      REQUIRE(io.poll_one() != 0);
    }
    return op.outcome();
  };
  for (int i = 0; i < 4; ++i) REQUIRE(finish(session.sandbox().wait()));
  auto const second = [&] { return session.close(); };
  auto const first = session.close();
  auto const joined = second();
  auto const result = finish(first);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::sandbox);
  CHECK(result.error().message() ==
        "Failed to stop 2 sandbox(es). Some sandboxes may still be running.");
  auto const& causes = result.error().details().causes;
  REQUIRE(causes.size() == 2);
  CHECK(std::count_if(causes.begin(), causes.end(), [](cw::error const& e) {
          return e.kind() == error_kind::unavailable && e.sandbox_id() == "sb-1";
        }) == 1);
  CHECK(std::count_if(causes.begin(), causes.end(), [](cw::error const& e) {
          return e.kind() == error_kind::not_found && e.sandbox_id() == "sb-3";
        }) == 1);
  CHECK(finish(joined));    // the first caller alone is told
  CHECK(finish(second()));  // and nothing is tried again
  CHECK(mock.count("delete_sandbox") == 4);
  CHECK(lives[0].deleted());
  CHECK(lives[2].deleted());
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("a create that is in flight at close is waited for and deleted", "[session][close]") {
  world w;
  w.mock.set_latency("create_sandbox", 30s);
  cw::basic_session session{w.mock};
  auto const sandbox = session.sandbox();
  auto const command = sandbox.exec({"true"});
  w.settle();
  REQUIRE(w.get(session.close()));
  CHECK(sandbox.id() == "sb-1");
  CHECK(sandbox.status() == SandboxStatus::terminated);
  CHECK(w.mock.count("delete_sandbox") == 1);
  w.finish(command);  // one way or the other
}

TEST_CASE("commands that run when their session closes end with an error", "[session][close]") {
  world w;
  w->execs = {cw::exec_script{}.out("begun").hang()};
  cw::basic_session session{w.mock};
  auto const command = session.sandbox().exec({"sleep", "infinity"});
  CHECK(w.get(command.out().read()));
  REQUIRE(w.get(session.close()));
  CHECK_FALSE(command.is_done());  // the service ends the stream; this one is silent
  w.advance(30s);
  w.advance(5s);
  CHECK(w.failure(command) == error_kind::not_running);
}

// ---- adopting (5.3)

TEST_CASE("a session adopts what was made elsewhere", "[session][adopt]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = w.running();
  session.adopt(sandbox);
  session.adopt(sandbox);  // once is enough
  CHECK(session.sandbox_count() == 1);
  REQUIRE(w.get(session.close()));
  CHECK(sandbox.status() == SandboxStatus::terminated);
  CHECK(w.mock.count("delete_sandbox") == 1);
}

TEST_CASE("a sandbox that was not started cannot be adopted", "[session][adopt]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = w.unstarted();
  try {
    session.adopt(sandbox);
    FAIL("it was adopted");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "sandbox");
  }
  CHECK(session.sandbox_count() == 0);
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a sandbox belongs to the session that adopted it last", "[session][adopt]") {
  world w;
  cw::basic_session first{w.mock};
  cw::basic_session second{w.mock};
  auto const sandbox = first.sandbox();
  REQUIRE(w.get(sandbox.wait()));
  second.adopt(sandbox);
  CHECK(first.sandbox_count() == 0);
  CHECK(second.sandbox_count() == 1);
  REQUIRE(w.get(first.close()));
  CHECK(sandbox.status() == SandboxStatus::running);
  REQUIRE(w.get(second.close()));
  CHECK(sandbox.status() == SandboxStatus::terminated);
}

TEST_CASE("an adopted sandbox is no longer stopped with its last handle", "[session][adopt]") {
  world w;
  cw::basic_session session{w.mock};
  {
    cw::mock_sandbox const sandbox{w.mock};
    REQUIRE(w.get(sandbox.wait()));
    session.adopt(sandbox);
  }
  w.settle();
  CHECK(w.mock.count("delete_sandbox") == 0);
  REQUIRE(w.get(session.close()));
  CHECK(w.mock.count("delete_sandbox") == 1);
}

TEST_CASE("from_id adopts unless it is told not to", "[session][adopt]") {
  for (bool const adopt : {true, false}) {
    world w;
    cw::basic_session session{w.mock, cw::SandboxDefaults{.request_timeout = 60s}};
    auto const found = w.get(adopt ? session.from_id("sb-1") : session.from_id("sb-1", false));
    REQUIRE(found);
    CHECK(w.mock.history().front().options.timeout == 60s);
    CHECK(session.sandbox_count() == (adopt ? 1u : 0u));
    REQUIRE(w.get(session.close()));
    CHECK(w.mock.count("delete_sandbox") == (adopt ? 1u : 0u));
  }
}

TEST_CASE("list adopts only when it is told to", "[session][adopt]") {
  for (bool const adopt : {true, false}) {
    world w;
    w->lists = {page({shown(State::running, {}, "a"), shown(State::running, {}, "b")})};
    cw::basic_session session{w.mock};
    REQUIRE(w.get(session.list({.adopt = adopt})));
    CHECK(session.sandbox_count() == (adopt ? 2u : 0u));
    REQUIRE(w.get(session.close()));
    CHECK(w.mock.count("delete_sandbox") == (adopt ? 2u : 0u));
  }
}

TEST_CASE("the list of a session adds its tags and runners", "[session][list]") {
  struct row {
    char const* name;
    std::function<cw::operation<std::vector<cw::mock_sandbox>>(cw::mock_session const&)> list;
    names tags;
    names runners;
  };
  auto const rows = std::vector<row>{
      {"nothing given", [](auto const& s) { return s.list(); }, {"x"}, {"r1"}},
      {"tags and runners",
       [](auto const& s) { return s.list({.tags = {"y", "x"}, .runner_ids = {"r2"}}); },
       {"x", "y", "x"},
       {"r2"}},
      {"no runners",
       [](auto const& s) { return s.list({.runner_ids = std::vector<std::string>{}}); },
       {"x"},
       {}},
  };
  for (auto const& row : rows) {
    CAPTURE(row.name);
    world w;
    cw::mock_session const session{w.mock, cw::SandboxDefaults{.tags = {"x"}, .runner_ids = {"r1"}}};
    REQUIRE(w.get(row.list(session)));
    auto const request = w.mock.requests<wire::ListSandboxesRequest>().front();
    CHECK(request.tags == row.tags);
    CHECK(request.runner_ids == row.runners);
  }
}

// ---- moving

TEST_CASE("a session that is moved keeps its sandboxes", "[session][move]") {
  world w;
  cw::basic_session first{w.mock};
  auto const sandbox = first.sandbox();
  REQUIRE(w.get(sandbox.wait()));
  cw::basic_session second{std::move(first)};
  CHECK(second.sandbox_count() == 1);
  REQUIRE(w.get(second.close()));
  CHECK(sandbox.status() == SandboxStatus::terminated);
}

TEST_CASE("sandboxes outlive their session as handles only", "[session][move]") {
  world w;
  cw::mock_sandbox sandbox;
  {
    cw::basic_session session{w.mock};
    sandbox = session.sandbox();
    REQUIRE(w.get(session.close()));
  }
  CHECK(w.failure(sandbox.exec({"true"})) == error_kind::not_running);
}

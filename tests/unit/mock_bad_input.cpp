// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <limits>

using namespace test;
using namespace std::chrono_literals;
using State = wire::State;

namespace {

struct mistake {
  char const* name;
  std::function<void(cw::mock_transport const&, cw::mock_sandbox const&)> make;
  std::string field;
};

auto const nul = std::string("a\0b", 3);
auto const long_tag = std::string(60, 't');
using seconds = std::chrono::duration<double>;
auto const infinite = seconds{std::numeric_limits<double>::infinity()};
auto const no_number = seconds{std::numeric_limits<double>::quiet_NaN()};

std::vector<mistake> mistakes() {
  return {
      {"empty command", [](auto&, auto& s) { (void)s.exec(names{}); }, "command"},
      {"NUL in a word", [](auto&, auto& s) { (void)s.exec({"echo", nul}); }, "command"},
      {"relative working directory",
       [](auto&, auto& s) { (void)s.exec({"pwd"}, {.cwd = "tmp"}); }, "cwd"},
      {"empty working directory", [](auto&, auto& s) { (void)s.exec({"pwd"}, {.cwd = ""}); },
       "cwd"},
      {"NUL in a working directory",
       [](auto&, auto& s) { (void)s.exec({"pwd"}, {.cwd = std::string("/a\0", 3)}); }, "cwd"},
      {"command without time", [](auto&, auto& s) { (void)s.exec({"true"}, {.timeout = 0s}); },
       "timeout"},
      {"negative time of a command",
       [](auto&, auto& s) { (void)s.exec({"true"}, {.timeout = -1s}); }, "timeout"},
      {"infinite time of a command",
       [](auto&, auto& s) { (void)s.exec({"true"}, {.timeout = infinite}); }, "timeout"},
      {"no number as time of a command",
       [](auto&, auto& s) { (void)s.exec({"true"}, {.timeout = no_number}); }, "timeout"},
      {"empty name in the environment of a command",
       [](auto&, auto& s) { (void)s.exec({"true"}, {.env = {{"", "x"}}}); }, "env"},
      {"blank container",
       [](auto&, auto& s) { (void)s.exec({"true"}, {.container = ""}); }, "container"},
      {"relative path to read", [](auto&, auto& s) { (void)s.read_file("etc/passwd"); }, "path"},
      {"empty path to read", [](auto&, auto& s) { (void)s.read_file(""); }, "path"},
      {"relative path to write", [](auto&, auto& s) { (void)s.write_file("x", ""); }, "path"},
      {"NUL in a path", [](auto&, auto& s) { (void)s.write_file("/" + nul, ""); }, "path"},
      {"negative time of a file call",
       [](auto&, auto& s) { (void)s.read_file("/x", {.timeout = -1s}); }, "timeout"},
      {"negative wait", [](auto&, auto& s) { (void)s.wait({.timeout = -1ms}); }, "timeout"},
      {"infinite wait", [](auto&, auto& s) { (void)s.wait({.timeout = infinite}); }, "timeout"},
      {"negative wait for the end",
       [](auto&, auto& s) { (void)s.wait_until_complete({.timeout = -1ms}); }, "timeout"},
      {"negative grace",
       [](auto&, auto& s) { (void)s.stop({.graceful_shutdown = -1s}); }, "graceful_shutdown"},
      {"over-long tag",
       [](auto& t, auto&) { (void)cw::mock_sandbox{t, {.tags = {"ok", long_tag}}}; }, "tags"},
      {"over-long tag in defaults",
       [](auto& t, auto&) { cw::basic_session{t, cw::SandboxDefaults{.tags = {long_tag}}}; },
       "tags"},
      {"over-long tag of a filter",
       [](auto& t, auto&) { (void)cw::mock_sandbox::list(t, {.tags = {long_tag}}); }, "tags"},
      {"negative request time-out",
       [](auto& t, auto&) { (void)cw::mock_sandbox{t, {.request_timeout = -1s}}; },
       "request_timeout"},
      {"negative retry budget",
       [](auto& t, auto&) { (void)cw::mock_sandbox{t, {.poll_retry_budget = -1s}}; },
       "poll_retry_budget"},
      {"no number as time-out of polls",
       [](auto& t, auto&) { (void)cw::mock_sandbox{t, {.poll_rpc_timeout = no_number}}; },
       "poll_rpc_timeout"},
      {"lifetime of half a second",
       [](auto& t, auto&) { (void)cw::mock_sandbox{t, {.max_lifetime = 500ms}}; }, "max_lifetime"},
      {"placement that contradicts itself",
       [](auto& t, auto&) {
         (void)cw::mock_sandbox{
             t,
             {.placement_mode = cw::PlacementMode::serverless,
              .placement_spillover = cw::PlacementSpillover::cks_then_serverless}};
       },
       "placement_spillover"},
      {"empty command of run",
       [](auto& t, auto&) { (void)cw::mock_sandbox::run(t, cw::command{}); }, "command"},
      {"blank id", [](auto& t, auto&) { (void)cw::mock_sandbox::from_id(t, " \t"); }, "sandbox_id"},
      {"empty id to remove", [](auto& t, auto&) { (void)cw::mock_sandbox::remove(t, ""); },
       "sandbox_id"},
      {"page of no size",
       [](auto& t, auto&) { (void)cw::mock_sandbox::list(t, {.page_size = 0}); }, "page_size"},
  };
}

}  // namespace

TEST_CASE("mistakes in arguments are told at once and without any call", "[bad input]") {
  for (auto const& one : mistakes()) {
    CAPTURE(one.name);
    world w;
    auto const sandbox = w.unstarted();
    bool told = false;
    try {
      one.make(w.mock, sandbox);
    } catch (cw::invalid_argument const& e) {
      told = true;
      CHECK(e.field().substr(0, one.field.size()) == one.field);
      CHECK_FALSE(std::string{e.what()}.empty());
      CHECK(e.as_error().kind() == error_kind::invalid_argument);
    }
    CHECK(told);
    w.settle();
    CHECK(w.mock.calls().empty());
    CHECK_FALSE(sandbox.status());
  }
}

TEST_CASE("a mistake is a standard invalid_argument and no error of the service", "[bad input]") {
  world w;
  auto const sandbox = w.unstarted();
  CHECK_THROWS_AS(sandbox.exec(names{}), std::invalid_argument);
  try {
    (void)sandbox.read_file("relative");
  } catch (cw::CWSandboxError const&) {
    FAIL("it is none");
  } catch (std::exception const& e) {
    CHECK_THAT(e.what(), ContainsSubstring("relative"));
  }
}

TEST_CASE("names that collide in a session's defaults are found when the sandbox is made",
          "[bad input]") {
  world w;
  cw::basic_session const session{w.mock};
  CHECK_THROWS_AS(session.sandbox({.tags = {"bad tag"}}), cw::invalid_argument);
  CHECK(session.sandbox_count() == 0);
  CHECK(w.mock.calls().empty());
}

TEST_CASE("use after the end", "[bad input]") {
  SECTION("of the session") {
    world w;
    cw::basic_session session{w.mock};
    auto const sandbox = session.sandbox();
    REQUIRE(w.get(session.close()));
    REQUIRE(w.get(session.close()));
    CHECK_THROWS_AS(session.sandbox(), cw::SandboxError);
    CHECK_THROWS_AS(session.adopt(sandbox), cw::invalid_argument);
    CHECK(w.failure(sandbox.exec({"true"})) == error_kind::not_running);
    CHECK(w.mock.calls().empty());
  }
  SECTION("of the sandbox") {
    world w;
    auto const sandbox = w.running();
    w->gets = {shown(State::completed, 0)};
    REQUIRE(w.get(sandbox.wait_until_complete()));
    auto const calls = w.mock.calls();
    CHECK(w.failure(sandbox.exec({"true"})) == error_kind::not_running);
    CHECK(w.get(sandbox.stop()));
    CHECK(w.get(sandbox.start()));
    CHECK(w.mock.calls() == calls);
  }
  SECTION("stop before start") {
    world w;
    auto const sandbox = w.unstarted();
    CHECK(w.get(sandbox.stop()));
    CHECK(w.failure(sandbox.start()) == error_kind::not_running);
    CHECK(w.mock.calls().empty());
  }
}

TEST_CASE("a handle on nothing can be looked at", "[bad input]") {
  cw::mock_sandbox const nothing;
  CHECK_FALSE(nothing.valid());
  CHECK(nothing == cw::mock_sandbox{});
  nothing.detach();
}

TEST_CASE("blocking where it could never end is told", "[bad input][deadlock]") {
  world w;
  w->execs = {cw::exec_script{}.hang()};
  auto const sandbox = w.running();
  auto const process = sandbox.exec({"x"}, {.open_stdin = true});
  int told = 0;
  auto const expect_told = [&](auto const& f) {
    try {
      f();
    } catch (std::logic_error const& e) {
      if (dynamic_cast<cw::invalid_argument const*>(&e) == nullptr) ++told;
    }
  };
  asio::post(w.io, [&] {
    expect_told([&] { (void)process.result(); });
    expect_told([&] { (void)process.result_for(1h); });
    expect_told([&] { (void)process.wait(); });
    expect_told([&] { (void)*process.out().chunks().begin(); });
    expect_told([&] { (void)process.out().read().result(); });
    expect_told([&] { sandbox.stop().result(); });
    expect_told([&] { (void)cw::mock_sandbox::run(w.mock); });
    CHECK(process.outcome().error().kind() == error_kind::logic);
    CHECK(process.outcome_for(1h).error().kind() == error_kind::logic);
    CHECK(sandbox.start().is_done() == true);
    CHECK_NOTHROW(sandbox.wait().result());  // what is done may be asked anywhere
  });
  w.settle();
  CHECK(told == 7);
  process.cancel();
  w.settle();
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <cwsandbox/runtime.hpp>

#include <stdexcept>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using cw::SandboxStatus;
using State = wire::State;

namespace {

// What a session could not clean up, as its handler was told.
struct complaints {
  explicit complaints(cw::mock_session const& session) {
    session.on_cleanup_error([all = all](cw::error const& e) { all->push_back(e); });
  }
  std::shared_ptr<std::vector<cw::error>> all = std::make_shared<std::vector<cw::error>>();
};

}  // namespace

// ---- blocking destructors, on the library's own thread

TEST_CASE("a session that is left by an exception stops its sandboxes", "[cleanup]") {
  service s{cw::background_executor()};
  CHECK_THROWS_AS(
      [&] {
        cw::basic_session session{s.mock};
        auto const sandbox = session.sandbox();
        (void)sandbox.exec({"true"}).result();
        throw std::runtime_error{"something went wrong"};
      }(),
      std::runtime_error);
  CHECK(s.mock.count("delete_sandbox") == 1);
  CHECK(s.mock.calls().back() == "get_sandbox");  // the end was waited for
}

TEST_CASE("errors of the cleanup are told and do not replace the exception", "[cleanup]") {
  service s{cw::background_executor()};
  s.deletes = {cw::rpc_error(status_code::unavailable, "down")};
  std::shared_ptr<std::vector<cw::error>> told;
  try {
    cw::basic_session session{s.mock};
    told = complaints{session}.all;
    session.sandbox().start().result();
    throw std::runtime_error{"first"};
  } catch (std::runtime_error const& e) {
    CHECK(std::string{e.what()} == "first");
  }
  REQUIRE(told->size() == 1);
  CHECK(told->front().kind() == error_kind::sandbox);
  REQUIRE(told->front().details().causes.size() == 1);
  CHECK(told->front().cause()->kind() == error_kind::unavailable);
}

TEST_CASE("the last handle of a sandbox without a session stops it", "[cleanup]") {
  service s{cw::background_executor()};
  {
    auto const sandbox = cw::mock_sandbox::run(s.mock);
    {
      auto const copy = sandbox;
      (void)copy.exec({"true"}).result();
    }
    CHECK(s.mock.count("delete_sandbox") == 0);
  }
  CHECK(s.mock.count("delete_sandbox") == 1);
}

TEST_CASE("a sandbox that was detached goes on", "[cleanup]") {
  service s{cw::background_executor()};
  {
    auto const sandbox = cw::mock_sandbox::run(s.mock);
    auto const copy = sandbox;
    copy.detach();
  }
  CHECK(s.mock.count("delete_sandbox") == 0);
}

TEST_CASE("a sandbox that was only looked at goes on", "[cleanup]") {
  service s{cw::background_executor()};
  { (void)cw::mock_sandbox::from_id(s.mock, "sb-1").result(); }
  CHECK(s.mock.count("delete_sandbox") == 0);
}

TEST_CASE("a run that fails leaves nothing to stop", "[cleanup]") {
  service s{cw::background_executor()};
  s.creates = {cw::rpc_error(status_code::resource_exhausted, "full")};
  CHECK_THROWS_AS(cw::mock_sandbox::run(s.mock), cw::SandboxResourceExhaustedError);
  CHECK(s.mock.calls() == names{"create_sandbox"});
}

TEST_CASE("assigning over a session closes it", "[cleanup]") {
  service s{cw::background_executor()};
  cw::basic_session session{s.mock};
  session.sandbox().start().result();
  session = cw::basic_session{s.mock};
  CHECK(s.mock.count("delete_sandbox") == 1);
  CHECK_FALSE(session.is_closed());
  auto& same = session;
  session = std::move(same);
  CHECK_FALSE(session.is_closed());
}

// ---- destructors on the executor itself

TEST_CASE("a destructor on its own executor does not block", "[cleanup][executor]") {
  world w;
  w.mock.set_latency("delete_sandbox", 5s);
  auto session = std::make_unique<cw::mock_session>(w.mock);
  auto alone = std::make_unique<cw::mock_sandbox>(w.mock);
  auto const sandbox = session->sandbox();
  REQUIRE(w.get(sandbox.wait()));
  REQUIRE(w.get(alone->wait()));
  bool destroyed = false;
  asio::post(w.io, [&] {
    session.reset();
    alone.reset();
    destroyed = true;
  });
  while (w.mock.count("delete_sandbox") < 2) {
    w.io.restart();
    REQUIRE(w.io.poll_one() != 0);
  }
  CHECK(destroyed);
  w.settle();
  CHECK(sandbox.status() == SandboxStatus::terminated);
}

TEST_CASE("what goes wrong after such a destructor is told later", "[cleanup][executor]") {
  world w;
  w->deletes = {cw::rpc_error(status_code::unavailable, "down")};
  auto session = std::make_unique<cw::mock_session>(w.mock);
  auto const told = complaints{*session}.all;
  REQUIRE(w.get(session->sandbox().wait()));
  asio::post(w.io, [&] {
    session.reset();
    CHECK(told->empty());
  });
  w.settle();
  REQUIRE(told->size() == 1);
  CHECK(told->front().cause()->kind() == error_kind::unavailable);
}

TEST_CASE("a destructor whose executor has stopped says so and does not wait",
          "[cleanup][executor]") {
  world w;
  std::shared_ptr<std::vector<cw::error>> told;
  {
    cw::basic_session session{w.mock};
    told = complaints{session}.all;
    REQUIRE(w.get(session.sandbox().wait()));
    w.settle();
    REQUIRE(w.io.stopped());
  }
  REQUIRE(told->size() == 1);
  CHECK_THAT(told->front().message(), ContainsSubstring("executor has stopped"));
}

TEST_CASE("nothing to stop is no complaint, whatever the executor", "[cleanup][executor]") {
  world w;
  std::shared_ptr<std::vector<cw::error>> told;
  {
    cw::basic_session session{w.mock};
    told = complaints{session}.all;
    auto const sandbox = session.sandbox();
    w.settle();
  }
  CHECK(told->empty());
  CHECK(w.mock.calls().empty());
}

// ---- executors that end

TEST_CASE("an executor that is destroyed ends what is pending on it", "[cleanup][destroyed]") {
  struct row {
    char const* name;
    char const* stuck;  // the call that is never answered
    std::function<std::function<cw::error()>(world&, cw::mock_sandbox const&)> begin;
  };
  auto const ended = [](auto op) {
    return [op]() -> cw::error {
      REQUIRE(op.is_done());
      auto const result = op.outcome();
      REQUIRE_FALSE(result);
      return result.error();
    };
  };
  auto const rows = std::vector<row>{
      {"start", "create_sandbox", [&](world&, auto& s) { return ended(s.start()); }},
      {"wait", "create_sandbox", [&](world&, auto& s) { return ended(s.wait()); }},
      {"wait for a poll", "get_sandbox", [&](world&, auto& s) { return ended(s.wait()); }},
      {"wait for the end", "get_sandbox",
       [&](world&, auto& s) { return ended(s.wait_until_complete()); }},
      {"exec before the start", "create_sandbox",
       [&](world&, auto& s) { return ended(s.exec({"x"})); }},
      {"exec before the stream", "stream_exec",
       [&](world&, auto& s) { return ended(s.exec({"x"})); }},
      {"exec", "", [&](world&, auto& s) { return ended(s.exec({"x"})); }},
      {"exec with input", "",
       [&](world&, auto& s) { return ended(s.exec({"x"}, {.open_stdin = true})); }},
      {"write", "",
       [&](world&, auto& s) {
         auto const process = s.exec({"x"}, {.open_stdin = true});
         for (int i = 0; i < 20; ++i) (void)process.in().write("x");
         return ended(process.in().write("x"));
       }},
      {"read_file", "read_file", [&](world&, auto& s) { return ended(s.read_file("/x")); }},
      {"write_file", "write_file", [&](world&, auto& s) { return ended(s.write_file("/x", "")); }},
      {"list", "list_sandboxes",
       [&](world& w, auto&) { return ended(cw::mock_sandbox::list(w.mock)); }},
      {"from_id", "get_sandbox",
       [&](world& w, auto&) { return ended(cw::mock_sandbox::from_id(w.mock, "sb-1")); }},
      {"remove", "delete_sandbox",
       [&](world& w, auto&) { return ended(cw::mock_sandbox::remove(w.mock, "sb-1")); }},
      {"stop", "delete_sandbox",
       [&](world& w, auto& s) {
         REQUIRE(w.get(s.wait()));
         return ended(s.stop());
       }},
      {"stop during the start", "create_sandbox",
       [&](world& w, auto& s) {
         (void)s.start();
         w.settle();
         return ended(s.stop());
       }},
      {"all of several", "create_sandbox",
       [&](world&, auto& s) {
         return ended(cw::when_all(std::vector<cw::operation<void>>{s.start(), s.wait()}));
       }},
  };
  for (auto const& row : rows)
    for (bool const began : {true, false}) {
      CAPTURE(row.name, began);
      std::function<cw::error()> after;
      {
        world w;
        w->execs = {exec_script{}.stall_input().out("x").hang()};
        w->reads = {wire::ReadFileResponse{}};
        w->writes = {wire::WriteFileResponse{}};
        if (*row.stuck != '\0') w.mock.set_latency(row.stuck, cw::mock_transport::never);
        auto const sandbox = w.unstarted();
        after = row.begin(w, sandbox);
        if (began) w.settle();
      }
      auto const e = after();
      if (std::string{row.name} == "write")
        CHECK(e.kind() == error_kind::execution);
      else
        CHECK(e.kind() == error_kind::cancelled);
    }
}

TEST_CASE("sleeping polls end with their executor", "[cleanup][destroyed]") {
  std::optional<cw::operation<void>> wait;
  std::optional<cw::operation<SandboxStatus>> end;
  std::optional<cw::operation<std::optional<std::string>>> read;
  {
    world w{cw::virtual_clock::manual};
    w->gets = {shown(State::creating)};
    auto const sandbox = w.unstarted();
    wait = sandbox.wait();
    end = sandbox.wait_until_complete();
    read = sandbox.exec({"x"}).out().read();
    w.settle();
    CHECK(w.mock.clock()->pending() > 0);
  }
  CHECK(wait->outcome().error().kind() == error_kind::cancelled);
  CHECK(end->outcome().error().kind() == error_kind::cancelled);
  REQUIRE(read->is_done());
  CHECK_FALSE(*read->outcome());
}

TEST_CASE("a close that is pending ends with its executor", "[cleanup][destroyed]") {
  std::optional<cw::operation<void>> close;
  {
    world w;
    w.mock.set_latency("delete_sandbox", cw::mock_transport::never);
    cw::basic_session session{w.mock};
    (void)complaints{session};
    REQUIRE(w.get(session.sandbox().wait()));
    close = session.close();
    w.settle();
    w.io.stop();
  }
  REQUIRE(close->is_done());
  CHECK(close->outcome().error().kind() == error_kind::sandbox);
}

TEST_CASE("operations that nobody keeps are carried out and freed", "[cleanup]") {
  world w;
  w->reads = {wire::ReadFileResponse{}};
  w->writes = {wire::WriteFileResponse{}};
  auto const sandbox = w.unstarted();
  (void)sandbox.start();
  (void)sandbox.wait();
  (void)sandbox.exec({"x"}, {.open_stdin = true});
  (void)sandbox.read_file("/x");
  (void)sandbox.write_file("/x", "");
  (void)sandbox.get_status();
  (void)cw::mock_sandbox::list(w.mock);
  (void)sandbox.exec({"x"}).out().read_line();
  w.settle();
  (void)sandbox.stop();
  w.settle();
  CHECK(w.mock.count("stream_exec") == 2);
  CHECK(w.mock.count("delete_sandbox") == 1);
  CHECK(sandbox.status() == SandboxStatus::terminated);
}

TEST_CASE("a coroutine that waits for an operation is freed with its executor",
          "[cleanup][destroyed]") {
  auto const watched = std::make_shared<int>(0);
  {
    world w;
    w.mock.set_latency("create_sandbox", cw::mock_transport::never);
    auto const sandbox = w.unstarted();
    auto const work = [](cw::mock_sandbox s, std::shared_ptr<int>) -> asio::awaitable<void> {
      auto const process = s.exec({"x"});
      auto const result = co_await process.async();
      (void)result;
    };
    asio::co_spawn(w.io, work(sandbox, watched), [](std::exception_ptr) {});
    w.settle();
    CHECK(watched.use_count() > 1);
  }
  CHECK(watched.use_count() == 1);
}

TEST_CASE("cancelling a coroutine cancels the command it waits for", "[cleanup]") {
  world w;
  auto const script = exec_script{}.hang();
  w->execs = {script};
  auto const sandbox = w.running();
  asio::cancellation_signal signal;
  bool cancelled = false;
  auto const work = [](cw::mock_sandbox s) -> asio::awaitable<void> {
    auto const result = co_await s.exec({"x"}).async();
    (void)result;
  };
  asio::co_spawn(w.io, work(sandbox),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e) {
                   try {
                     if (e) std::rethrow_exception(e);
                   } catch (cw::operation_cancelled const&) {
                     cancelled = true;
                   }
                 }));
  w.settle();
  signal.emit(asio::cancellation_type::terminal);
  w.settle();
  CHECK(cancelled);
  CHECK(script.cancelled());
}

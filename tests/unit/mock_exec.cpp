// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <algorithm>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using cw::SandboxStatus;
using State = wire::State;

namespace {

cw::outcome<cw::ProcessResult> run_script(exec_script const& script,
                                          cw::ExecOptions const& options = {}) {
  world w;
  w->execs = {script};
  auto const sandbox = w.running();
  auto result = w.get(sandbox.exec({"cmd", "arg"}, options));
  w.settle();
  return result;
}

error_kind failure_of(exec_script const& script) {
  auto const result = run_script(script);
  REQUIRE_FALSE(result);
  return result.error().kind();
}

}  // namespace

// ---- what is sent (streams 1.1, 1.2)

TEST_CASE("a command without input is sent and half-closed, and waits for nothing", "[exec]") {
  for (bool const ready : {true, false}) {
    auto const script = ready ? exec_script{}.out("o").err("e").exit(7)
                              : exec_script{}.no_ready().out("o").err("e").exit(7);
    auto const result = run_script(script);
    REQUIRE(result);
    CHECK(result->exit_code == 7);
    CHECK(result->out == "o");
    CHECK(result->err == "e");
    CHECK(result->command == names{"cmd", "arg"});
    auto const record = script.last();
    CHECK(record.events == names{"half_close"});
    CHECK(record.init.sandbox_id == "sb-1");
    CHECK(record.init.command == names{"cmd", "arg"});
    CHECK_FALSE(record.init.tty);
    CHECK(record.init.env.empty());
    CHECK(record.init.container.empty());
  }
}

TEST_CASE("a peer that takes no half-close cannot hold the output up", "[exec]") {
  auto const result = run_script(exec_script{}.stall_input().out("x").exit(0));
  REQUIRE(result);
  CHECK(result->out == "x");
}

TEST_CASE("the order of the messages of a command with input", "[exec][input]") {
  world w;
  auto const script = exec_script{}.no_ready().out("early").ready().await_input("ab").exit(0);
  w->execs = {script};
  auto const sandbox = w.running();
  auto const process = sandbox.exec({"cat"}, {.open_stdin = true});
  REQUIRE(w.get(process.in().write("a")));
  REQUIRE(w.get(process.in().write("")));
  REQUIRE(w.get(process.in().writeline("b")));
  (void)process.in().close();
  w.finish(process);
  CHECK(script.frames() == names{"a", "b\n"});
  auto const events = script.events();
  REQUIRE(events.size() >= 2);
  CHECK(events[0] == "input:a");
  CHECK(events[1] == "input:b\n");
}

TEST_CASE("the end of the input is a close and then a half-close", "[exec][input]") {
  world w;
  auto const script = exec_script{}.await_input("x").await_input_close().exit(0);
  w->execs = {script};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  CHECK(w.get(process.in().write("x")));
  CHECK(w.get(process.in().close()));
  REQUIRE(w.get(process));
  auto const events = script.events();
  REQUIRE(events.size() >= 2);
  CHECK(events[0] == "input:x");
  CHECK(events[1] == "close_input");
  CHECK(std::count(events.begin(), events.end(), "close_input") == 1);
}

TEST_CASE("input that is never closed stays open until the command ends", "[exec][input]") {
  world w;
  auto const script = exec_script{}.await_input("x").out("got it").exit(0);
  w->execs = {script};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  CHECK(w.get(process.in().write("x")));
  REQUIRE(w.get(process));
  CHECK_FALSE(script.input_closed());
}

TEST_CASE("a working directory wraps the command and shows in nothing else", "[exec]") {
  world w;
  auto const script = exec_script{}.exit(3);
  w->execs = {script};
  auto const sandbox = w.running();
  auto const process =
      sandbox.exec({"echo", "a b", "", "it's"}, {.cwd = "/work dir", .check = true});
  auto const result = w.get(process);
  CHECK(script.last().init.command ==
        names{"/bin/sh", "-c", "cd '/work dir' && exec echo 'a b' '' 'it'\"'\"'s'"});
  CHECK(process.command() == names{"echo", "a b", "", "it's"});
  REQUIRE_FALSE(result);
  CHECK_THAT(result.error().message(), ContainsSubstring("echo a b"));
  CHECK(result.error().details().exec_result->command == names{"echo", "a b", "", "it's"});
}

TEST_CASE("environment and container of a command are sent when given", "[exec]") {
  auto const script = exec_script{}.exit(0);
  REQUIRE(run_script(script, {.env = {{"K", "V"}}, .container = "side"}));
  auto const init = script.last().init;
  CHECK(init.container == "side");
  REQUIRE(init.env.size() == 1);
  CHECK(init.env.begin()->first == "K");
  CHECK(init.env.begin()->second == "V");
}

TEST_CASE("the words of a command are copied by the call", "[exec]") {
  world w;
  auto const script = exec_script{}.exit(0);
  w->execs = {script};
  auto const sandbox = w.running();
  names words{"echo", "first"};
  auto const process = sandbox.exec(words);
  words[1] = "changed";
  REQUIRE(w.get(process));
  CHECK(script.last().init.command == names{"echo", "first"});
}

TEST_CASE("many commands run at the same time", "[exec]") {
  world w;
  auto const sandbox = w.running();
  w->execs = {exec_script{}.out("0").delay(3s).exit(0), exec_script{}.out("1").delay(1s).exit(1),
              exec_script{}.out("2").delay(2s).exit(2)};
  std::vector<cw::process> all;
  for (int i = 0; i < 3; ++i) all.push_back(sandbox.exec({"n"}));
  for (auto const& one : all) w.finish(one);
  for (int i = 0; i < 3; ++i) {
    CHECK(all[static_cast<std::size_t>(i)].poll() == i);
    CHECK(all[static_cast<std::size_t>(i)].result().out == std::to_string(i));
  }
  CHECK(w.elapsed() == 3s);
}

// ---- limits (1.4)

TEST_CASE("the deadline of the call is the limit and a little more", "[exec][timeout]") {
  struct row {
    cw::optional_duration given;
    std::chrono::nanoseconds sent;
  };
  for (auto const& row : std::vector<row>{{{}, 305s},
                                          {300ms, 5300ms},
                                          {20s, 25s},
                                          {std::chrono::hours::max(),
                                           std::chrono::nanoseconds::max()}}) {
    auto const script = exec_script{}.exit(0);
    REQUIRE(run_script(script, {.timeout = row.given}));
    CHECK(script.last().options.timeout == row.sent);
  }
}

TEST_CASE("the default limit of a command is the request time-out of its sandbox",
          "[exec][timeout]") {
  world w;
  auto const script = exec_script{}.exit(0);
  w->execs = {script};
  REQUIRE(w.get(w.unstarted({.request_timeout = 40s}).exec({"true"})));
  CHECK(script.last().options.timeout == 45s);
}

TEST_CASE("a command whose time is up ends although the peer never answers", "[exec][timeout]") {
  struct row {
    char const* name;
    exec_script script;
    bool opens;
  };
  for (auto const& row : std::vector<row>{
           {"silent after some output", exec_script{}.out("x").hang(), true},
           {"takes nothing and says nothing", exec_script{}.no_ready().stall_input().hang(), true},
           {"never opens", exec_script{}.exit(0), false},
       }) {
    CAPTURE(row.name);
    world w;
    w->execs = {row.script};
    auto const sandbox = w.running();
    if (!row.opens) w.mock.set_latency("stream_exec", cw::mock_transport::never);
    auto const process = sandbox.exec({"sleep", "9"}, {.timeout = 2s});
    w.settle();
    CHECK_FALSE(process.is_done());
    w.advance(6900ms);
    CHECK_FALSE(process.is_done());
    w.advance(100ms);
    auto const result = w.get(process);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::timeout);
    CHECK(result.error().message() == "Command 'sleep 9' did not finish within 2s");
    CHECK_FALSE(process.poll());
    w.settle();
    if (row.opens) CHECK(row.script.cancelled());
    CHECK(sandbox.status() == SandboxStatus::running);
  }
}

TEST_CASE("stopping the sandbox ends a command whose stream stays silent", "[exec][liveness]") {
  world w;
  auto const script = exec_script{}.out("x").hang();
  w->execs = {script};
  auto const sandbox = w.running();
  auto const process = sandbox.exec({"sleep", "infinity"}, {.timeout = 3000s});
  w.settle();
  REQUIRE(w.get(sandbox.stop()));
  auto const asked = w.mock.count("get_sandbox");
  w.settle();
  CHECK_FALSE(process.is_done());
  w.advance(5s);  // what was under way had its time
  auto const result = w.get(process);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::not_running);
  CHECK_THAT(result.error().message(), ContainsSubstring("terminated"));
  CHECK(w.mock.count("get_sandbox") == asked);  // the end was known
  CHECK(script.cancelled());
}

TEST_CASE("the wait for the sandbox does not count against the limit", "[exec][timeout]") {
  world w;
  w->gets = {shown(State::creating), shown(State::creating), shown(State::creating),
             shown(State::creating), shown(State::running)};
  w.mock.set_latency("create_sandbox", 60s);
  CHECK(w.get(w.unstarted().exec({"true"}, {.timeout = 1ms})));
}

TEST_CASE("a server that keeps talking does not extend the limit", "[exec][timeout]") {
  world w;
  auto script = exec_script{};
  for (int i = 0; i < 100; ++i) script = std::move(script).out("x").delay(1s);
  w->execs = {std::move(script).exit(0)};
  auto const process = w.running().exec({"chatty"}, {.timeout = 10s});
  CHECK(w.failure(process) == error_kind::timeout);
  CHECK(w.elapsed() == 15s);
}

TEST_CASE("a command that is never ready for its input ends with a time-out", "[exec][timeout]") {
  struct row {
    cw::optional_duration limit;
    std::chrono::nanoseconds patience;
  };
  for (auto const& row : std::vector<row>{{{}, 5s}, {2s, 2s}, {100s, 5s}}) {
    world w;
    auto const script = exec_script{}.no_ready().hang();
    w->execs = {script};
    auto const process = w.running().exec({"cat"}, {.timeout = row.limit, .open_stdin = true});
    auto const write = process.in().write("x");
    w.settle();
    w.advance(row.patience - 1ms);
    CHECK_FALSE(process.is_done());
    w.advance(1ms);
    auto const result = w.get(process);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::timeout);
    CHECK_THAT(result.error().message(), ContainsSubstring("ready signal"));
    w.settle();
    CHECK(script.cancelled());
    CHECK(script.frames().empty());
  }
}

TEST_CASE("an end before ready is the end and not a time-out", "[exec][input]") {
  struct row {
    exec_script script;
    std::optional<error_kind> failure;
  };
  for (auto const& row : std::vector<row>{
           {exec_script{}.no_ready().exit(4), {}},
           {exec_script{}.no_ready().error("X", "bad"), error_kind::execution},
           {exec_script{}.no_ready().end(), error_kind::outcome_unknown},
           {exec_script{}.no_ready().fail(cw::rpc_error(status_code::unavailable, "")),
            error_kind::unavailable},
       }) {
    world w;
    w->execs = {row.script};
    auto const process = w.running().exec({"cat"}, {.open_stdin = true});
    (void)process.in().write("x");
    auto const result = w.get(process);
    CHECK(result.has_value() == !row.failure);
    if (!result) CHECK(result.error().kind() == *row.failure);
    CHECK(row.script.frames().empty());
    CHECK(w.elapsed() == 0s);
  }
}

// ---- how it ends (1.5, 1.6)

TEST_CASE("the result is the exact bytes of each stream", "[exec][result]") {
  auto const result = run_script(
      exec_script{}.out("a").err("1").out("").out(std::string("\0\xff\r\n", 4)).err("2").exit(0));
  REQUIRE(result);
  CHECK(result->out == std::string("a\0\xff\r\n", 5));
  CHECK(result->err == "12");
  CHECK(result->out_bytes_produced == 5);
  CHECK(result->err_bytes_produced == 2);
  CHECK_FALSE(result->out_truncated);
  CHECK_FALSE(result->err_truncated);
}

TEST_CASE("output of an unknown stream is standard output, and empty messages are nothing",
          "[exec][result]") {
  wire::ExecStreamResponse strange{};
  wire::ExecStreamOutput output{};
  output.data = "x";
  strange.message = output;
  auto const result = run_script(exec_script{}.frame(strange).empty_frame().exit(0));
  REQUIRE(result);
  CHECK(result->out == "x");
}

TEST_CASE("any exit code is a result unless it is checked", "[exec][result]") {
  for (auto const code : {0, 1, 137, -1, INT32_MAX, INT32_MIN}) {
    auto const result = run_script(exec_script{}.exit(code));
    REQUIRE(result);
    CHECK(result->exit_code == code);
    auto const checked = run_script(exec_script{}.out("o").err("e").exit(code), {.check = true});
    CHECK(checked.has_value() == (code == 0));
    if (!checked) {
      CHECK(checked.error().kind() == error_kind::execution);
      auto const& finished = checked.error().details().exec_result;
      REQUIRE(finished);
      CHECK(finished->exit_code == code);
      CHECK(finished->out == "o");
      CHECK(finished->err == "e");
    }
  }
}

TEST_CASE("a stream that ends without an exit is an unknown outcome and never a success",
          "[exec][result]") {
  auto const first_word = run_script(exec_script{}.no_ready().end());
  REQUIRE_FALSE(first_word);
  CHECK(first_word.error().kind() == error_kind::outcome_unknown);
  CHECK(first_word.error().is(error_kind::execution));
  CHECK(failure_of(exec_script{}.end()) == error_kind::outcome_unknown);
  CHECK(failure_of(exec_script{}.out("almost done\n").end()) == error_kind::outcome_unknown);
}

TEST_CASE("what breaks a stream has its class and is never sent again", "[exec][result]") {
  struct row {
    cw::error report;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {cw::rpc_error(status_code::unavailable, ""), error_kind::unavailable},
           {cw::rpc_error(status_code::cancelled, ""), error_kind::not_running},
           {cw::rpc_error(status_code::not_found, ""), error_kind::not_found},
           {cw::rpc_error(status_code::unauthenticated, ""), error_kind::authentication},
           {cw::rpc_error(status_code::permission_denied, ""), error_kind::authentication},
           {cw::rpc_error(status_code::resource_exhausted, ""), error_kind::resource_exhausted},
           {cw::rpc_error(status_code::deadline_exceeded, ""), error_kind::timeout},
           {cw::rpc_error(status_code::internal, ""), error_kind::sandbox},
           {refused(status_code::unknown, "CWSANDBOX_COMMAND_TIMEOUT"),
            error_kind::command_timeout},
       }) {
    CAPTURE(row.report.code());
    for (bool const begun : {true, false}) {
      world w;
      auto const sandbox = w.running();
      if (begun)
        w->execs = {exec_script{}.out("x").fail(row.report), exec_script{}.exit(0)};
      else
        w->execs = {cw::outcome<exec_script>{row.report}, exec_script{}.exit(0)};
      CHECK(w.failure(sandbox.exec({"true"})) == row.kind);
      CHECK(w.mock.count("stream_exec") == 1);
    }
  }
}

TEST_CASE("errors inside the stream", "[exec][result]") {
  CHECK(failure_of(exec_script{}.error("STREAM_BACKPRESSURE", "x")) ==
        error_kind::stream_backpressure);
  CHECK(failure_of(exec_script{}.error("STREAM_TRUNCATED", "x")) == error_kind::stream_truncated);
  CHECK(failure_of(exec_script{}.error("E2BIG", "x")) == error_kind::execution);
}

TEST_CASE("nothing is read after the last word", "[exec][result]") {
  auto const result = run_script(exec_script{}.exit(2).out("late").error("X", "late"));
  REQUIRE(result);
  CHECK(result->exit_code == 2);
  CHECK(result->out.empty());
}

// ---- liveness

TEST_CASE("a stream that breaks because its sandbox ended says so", "[exec][liveness]") {
  for (auto const& script :
       {exec_script{}.fail(cw::rpc_error(status_code::unavailable, "reset")),
        exec_script{}.fail(cw::rpc_error(status_code::internal, "reset")), exec_script{}.end()}) {
    world w;
    auto const sandbox = w.running();
    w->gets = {shown(State::terminated)};
    w->execs = {script};
    auto const result = w.get(sandbox.exec({"true"}));
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message(), ContainsSubstring("it is terminated"));
    CHECK(sandbox.status() == SandboxStatus::terminated);
  }
}

TEST_CASE("looking for an explanation cannot hold the error up", "[exec][liveness]") {
  world w;
  auto const sandbox = w.running();
  w.mock.set_latency("get_sandbox", cw::mock_transport::never);
  w->execs = {exec_script{}.fail(cw::rpc_error(status_code::unavailable, "reset"))};
  auto const process = sandbox.exec({"true"});
  w.settle();
  w.advance(15s);
  CHECK(w.failure(process) == error_kind::unavailable);
}

TEST_CASE("a silent stream of a sandbox that ended becomes an error that tells the status",
          "[exec][liveness]") {
  struct row {
    cw::outcome<wire::Sandbox> seen;
    error_kind kind;
    char const* text;
  };
  for (auto const& row : std::vector<row>{
           {shown(State::terminated), error_kind::not_running, "it is terminated"},
           {shown(State::failed), error_kind::not_running, "it is failed"},
           {shown(State::completed, 0), error_kind::not_running, "it is completed"},
           {no_such_sandbox(), error_kind::not_found, "not found"},
       }) {
    CAPTURE(row.text);
    world w;
    auto const script = exec_script{}.out("x").hang();
    w->execs = {script};
    auto const sandbox = w.running();
    w->gets = {row.seen};
    auto const process = sandbox.exec({"sleep", "infinity"}, {.timeout = 3000s});
    w.settle();
    w.advance(29s);
    auto const asked = w.mock.count("get_sandbox");
    w.advance(1s);
    CHECK(w.mock.count("get_sandbox") == asked + 1);
    CHECK_FALSE(process.is_done());
    w.advance(5s);  // the rest of the stream had its time
    auto const result = w.get(process);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == row.kind);
    CHECK_THAT(result.error().message(), ContainsSubstring(row.text));
    w.settle();
    CHECK(script.cancelled());
  }
}

TEST_CASE("a silent stream of a sandbox that lives is waited for", "[exec][liveness]") {
  world w;
  w->execs = {exec_script{}.delay(400s).exit(0)};
  auto const sandbox = w.running();
  auto const process = sandbox.exec({"make"}, {.timeout = 3000s});
  CHECK(w.get(process));
  CHECK(w.mock.count("get_sandbox") >= 10);
}

TEST_CASE("when the status cannot be had a silent stream is waited for", "[exec][liveness]") {
  world w;
  w->execs = {exec_script{}.delay(100s).exit(0)};
  auto const sandbox = w.running();
  w->gets = {cw::rpc_error(status_code::unavailable, "down")};
  CHECK(w.get(sandbox.exec({"make"})));
}

TEST_CASE("an exit that arrives behind the end of its sandbox counts", "[exec][liveness]") {
  world w;
  w->execs = {exec_script{}.delay(32s).exit(0)};
  auto const sandbox = w.running();
  w->gets = {shown(State::completed, 0)};
  CHECK(w.get(sandbox.exec({"true"})));
}

TEST_CASE("a stream that talks has its sandbox left alone", "[exec][liveness]") {
  world w;
  auto script = exec_script{};
  for (int i = 0; i < 20; ++i) script = std::move(script).delay(20s).out("x");
  w->execs = {std::move(script).exit(0)};
  auto const sandbox = w.running();
  auto const asked = w.mock.count("get_sandbox");
  CHECK(w.get(sandbox.exec({"make"}, {.timeout = 3000s})));
  CHECK(w.mock.count("get_sandbox") == asked);
}

// ---- cancel (1.7)

TEST_CASE("cancel ends a command at once and the call with it", "[exec][cancel]") {
  world w;
  auto const script = exec_script{}.out("x").hang();
  w->execs = {script};
  auto const process = w.running().exec({"sleep", "infinity"});
  CHECK(*w.get(process.out().read()) == "x");
  auto const pending = process.out().read();
  CHECK_FALSE(process.poll());
  CHECK(process.cancel());
  CHECK(process.is_done());
  CHECK(pending.is_done());
  CHECK_FALSE(process.poll());
  CHECK_FALSE(process.cancel());
  CHECK(w.failure(process) == error_kind::cancelled);
  CHECK_THROWS_AS(process.result(), cw::operation_cancelled);
  CHECK_THROWS_AS(process.wait(), cw::operation_cancelled);
  w.settle();
  CHECK(script.cancelled());
}

TEST_CASE("cancel before the stream is open", "[exec][cancel]") {
  struct row {
    char const* rpc;
    std::size_t streams;
  };
  for (auto const& row :
       std::vector<row>{{"create_sandbox", 0}, {"get_sandbox", 0}, {"stream_exec", 1}}) {
    CAPTURE(row.rpc);
    world w;
    w.mock.set_latency(row.rpc, cw::mock_transport::never);
    auto const sandbox = w.unstarted();
    auto const process = sandbox.exec({"true"});
    auto const read = process.err().read();
    w.settle();
    CHECK_FALSE(read.is_done());
    CHECK(process.cancel());
    CHECK(process.is_done());
    REQUIRE(read.is_done());
    CHECK_FALSE(*read.outcome());
    w.settle();
    CHECK(w.mock.count("stream_exec") == row.streams);
    CHECK(sandbox.exec_stats().exec_count == 1);
  }
}

TEST_CASE("a command that was dropped goes on", "[exec][cancel]") {
  world w;
  auto const script = exec_script{}.delay(10s).exit(0);
  w->execs = {script};
  auto const sandbox = w.running();
  (void)sandbox.exec({"true"});
  while (!script.finished()) {
    w.io.restart();
    REQUIRE(w.io.poll_one() != 0);
  }
  w.settle();
  CHECK_FALSE(script.cancelled());
  CHECK(sandbox.exec_stats().exec_completed_ok == 1);
}

// ---- statistics (1.7.3)

TEST_CASE("every command is counted once, before its end can be seen", "[exec][stats]") {
  world w;
  auto const sandbox = w.running();
  auto const stats = [&] {
    auto const s = sandbox.exec_stats();
    return std::vector<std::uint64_t>{s.exec_count, s.exec_completed_ok, s.exec_completed_nonzero,
                                      s.exec_failures};
  };
  using counts = std::vector<std::uint64_t>;
  // asked at the very moment at which the command ends
  auto const after = [&](cw::process const& process) {
    auto const seen = std::make_shared<counts>();
    cw::detail::operation_access::state(process)->add_waiter([seen, stats] { *seen = stats(); });
    w.finish(process);
    w.settle();
    CHECK(stats() == *seen);
    return *seen;
  };
  CHECK(stats() == counts{0, 0, 0, 0});
  w->execs = {exec_script{}.exit(0)};
  CHECK(after(sandbox.exec({"x"})) == counts{1, 1, 0, 0});
  w->execs = {exec_script{}.exit(3)};
  CHECK(after(sandbox.exec({"x"})) == counts{2, 1, 1, 0});
  CHECK(after(sandbox.exec({"x"}, {.check = true})) == counts{3, 1, 2, 0});
  w->execs = {exec_script{}.end()};
  CHECK(after(sandbox.exec({"x"})) == counts{4, 1, 2, 1});
  w->execs = {cw::rpc_error(status_code::internal, "")};
  CHECK(after(sandbox.exec({"x"})) == counts{5, 1, 2, 2});
  w->execs = {exec_script{}.hang()};
  auto const cancelled = sandbox.exec({"x"});
  w.settle();
  CHECK(cancelled.cancel());
  w.settle();
  CHECK(stats() == counts{6, 1, 2, 3});
}

TEST_CASE("commands on a sandbox that never starts are failures", "[exec][stats]") {
  world w;
  w->creates = {cw::rpc_error(status_code::unavailable, "down")};
  auto const sandbox = w.unstarted();
  auto const process = sandbox.exec({"x"});
  auto const read = process.out().read();
  CHECK(w.failure(process) == error_kind::unavailable);
  REQUIRE(read.is_done());
  CHECK_FALSE(*read.outcome());
  CHECK(sandbox.exec_stats() == cw::ExecStats{.exec_count = 1, .exec_failures = 1});
}

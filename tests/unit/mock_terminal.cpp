// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Terminal sessions (streams, section 3).

#include <cwsandbox/transport/any.hpp>

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <algorithm>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using State = wire::State;

namespace {

// Everything that is still to come, read one by one; nothing blocks.
names read_all(world& w, cw::stream_reader const& reader) {
  names all;
  for (;;) {
    auto item = w.get(reader.read());
    REQUIRE(item);
    if (!*item) return all;
    all.push_back(**item);
  }
}

// What the client sent but for the end of the call.
names sent(exec_script const& script) {
  auto events = script.events();
  std::erase(events, "cancelled");
  return events;
}

exec_script many_frames(std::size_t count) {
  auto script = exec_script{};
  for (std::size_t i = 0; i < count; ++i) script = std::move(script).out("x");
  return script;
}

}  // namespace

// ---- what is sent

TEST_CASE("a shell is bash on a terminal of the size that the service likes", "[terminal]") {
  world w;
  auto const script = exec_script{}.exit(0);
  w->execs = {script};
  auto const terminal = w.running().shell();
  auto const result = w.get(terminal);
  REQUIRE(result);
  CHECK(*result == cw::TerminalResult{0, {"/bin/bash"}});
  auto const record = script.last();
  CHECK(record.init.command == names{"/bin/bash"});
  CHECK(record.init.tty);
  CHECK(record.init.tty_width == 0);
  CHECK(record.init.tty_height == 0);
  CHECK(record.init.container.empty());
  CHECK(record.init.env.empty());
  CHECK_FALSE(record.options.timeout);
}

TEST_CASE("size, container and words of a terminal are sent when given", "[terminal]") {
  world w;
  auto const script = exec_script{}.exit(3);
  w->execs = {script};
  names words{"python3", "-q"};
  auto const terminal =
      w.running().shell(words, {.width = 120, .height = 40, .container = "side"});
  words[0] = "changed";
  auto const result = w.get(terminal);
  REQUIRE(result);
  CHECK(*result == cw::TerminalResult{3, {"python3", "-q"}});
  CHECK(terminal.command() == names{"python3", "-q"});
  auto const init = script.last().init;
  CHECK(init.command == names{"python3", "-q"});
  CHECK(init.tty_width == 120);
  CHECK(init.tty_height == 40);
  CHECK(init.container == "side");
}

TEST_CASE("mistakes in the arguments of a shell are thrown before any call", "[terminal]") {
  world w;
  auto const sandbox = w.unstarted();
  CHECK_THROWS_AS(sandbox.shell({}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.shell({std::string_view{"a\0b", 3}}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.shell({"sh"}, {.width = 0}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.shell({"sh"}, {.height = 0}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.shell({"sh"}, {.container = ""}), cw::invalid_argument);
  w.settle();
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a shell starts its sandbox", "[terminal]") {
  world w;
  w->execs = {exec_script{}.out("$ ").exit(0)};
  auto const terminal = w.unstarted().shell();
  CHECK(read_all(w, terminal.output()) == names{"$ "});
  CHECK(w.get(terminal));
  CHECK(w.mock.count("create_sandbox") == 1);
}

TEST_CASE("sizes and input that came before ready are sent after it", "[terminal][resize]") {
  world w;
  auto const script = exec_script{}.no_ready().delay(3s).ready().await_input("a").hang();
  w->execs = {script};
  auto const terminal = w.running().shell();
  auto const in = terminal.in();
  CHECK(w.get(in.write("a")));
  terminal.resize(1, 2);
  CHECK(w.get(in.write("b")));
  terminal.resize(3, 4);
  terminal.resize(3, 4);
  CHECK(w.get(in.close()));
  CHECK(sent(script).empty());
  w.settle();
  // one size before what waits, none left out; the end comes last
  CHECK(sent(script) == names{"resize:1x2", "input:a", "resize:3x4", "resize:3x4", "input:b",
                              "close_input", "half_close"});
  // nothing can follow the end of the input
  terminal.resize(5, 6);
  w.settle();
  CHECK(script.resizes().size() == 3);
  CHECK(terminal.cancel());
  w.settle();
}

TEST_CASE("a size goes before the rest of a large input", "[terminal][resize]") {
  world w;
  auto const script = exec_script{}.await_resize().await_input_close().exit(0);
  w->execs = {script};
  auto const terminal = w.running().shell();
  CHECK(w.get(terminal.in().write(std::string(204800, 'x'))));
  terminal.resize(10, 20);
  terminal.resize(30, 40);
  CHECK(w.get(terminal.in().close()));
  CHECK(w.get(terminal));
  std::vector<std::size_t> sizes;
  for (auto const& frame : script.frames()) sizes.push_back(frame.size());
  CHECK(sizes == std::vector<std::size_t>{65536, 65536, 65536, 8192});
  auto const events = script.events();
  REQUIRE(events.size() >= 3);
  CHECK(events[0] == "resize:10x20");
  CHECK(events[2] == "resize:30x40");
}

TEST_CASE("a size that comes while nothing is typed is sent at once", "[terminal][resize]") {
  world w;
  auto const script = exec_script{}.await_resize().out("first").await_resize().exit(0);
  w->execs = {script};
  auto const terminal = w.running().shell();
  w.settle();
  CHECK(script.resizes().empty());
  terminal.resize(100, 30);
  CHECK(*w.get(terminal.output().read()) == "first");
  CHECK_FALSE(terminal.is_done());
  terminal.resize(0, 0);
  CHECK(w.get(terminal));
  CHECK(sent(script) == names{"resize:100x30", "resize:0x0"});
}

TEST_CASE("resizing a session that has ended is an error", "[terminal][resize]") {
  world w;
  w->execs = {exec_script{}.exit(0)};
  auto const terminal = w.running().shell();
  w.finish(terminal);
  CHECK_THROWS_AS(terminal.resize(1, 1), cw::SandboxExecutionError);
}

TEST_CASE("typing after the end of a session says that it has ended", "[terminal][writer]") {
  world w;
  w->execs = {exec_script{}.exit(0)};
  auto const terminal = w.running().shell();
  w.finish(terminal);
  try {
    (void)terminal.in().write("x");
    FAIL("it was written");
  } catch (cw::SandboxExecutionError const& e) {
    REQUIRE(e.causes().size() == 1);
    CHECK_THAT(e.causes().front().message(), ContainsSubstring("terminal session has ended"));
  }
  CHECK(w.get(terminal.in().close()));
}

TEST_CASE("closing the input does not end a session", "[terminal][writer]") {
  world w;
  auto const script = exec_script{}.await_input_close().delay(60s).out("late").exit(5);
  w->execs = {script};
  auto const terminal = w.running().shell();
  CHECK(w.get(terminal.in().close()));
  CHECK(*w.get(terminal.output().read()) == "late");
  CHECK(w.get(terminal)->exit_code == 5);
  CHECK(sent(script) == names{"close_input", "half_close"});
}

// ---- the output

TEST_CASE("both outputs of a terminal are one, frame by frame", "[terminal][reader]") {
  world w;
  w->execs = {exec_script{}.out("a\r\nb").err("e").out("").out("\xff").exit(0)};
  auto const terminal = w.running().shell();
  auto const output = terminal.output();
  CHECK(read_all(w, output) == names{"a\r\nb", "e", "", "\xff"});
  CHECK(read_all(w, output).empty());
}

TEST_CASE("output that came before anybody read is there", "[terminal][reader]") {
  world w;
  w->execs = {exec_script{}.out("early").exit(0)};
  auto const terminal = w.running().shell();
  w.finish(terminal);
  CHECK(read_all(w, terminal.output()) == names{"early"});
}

TEST_CASE("output that nobody reads holds the session up", "[terminal][reader]") {
  constexpr std::size_t most = cw::constants::output_queue_items;
  world w;
  auto const script = many_frames(most + 10).exit(0);
  w->execs = {script};
  auto const terminal = w.running().shell();
  w.settle();
  CHECK_FALSE(terminal.is_done());
  CHECK_FALSE(script.finished());
  SECTION("until it is read") {
    CHECK(read_all(w, terminal.output()).size() == most + 10);
    CHECK(w.get(terminal));
  }
  SECTION("until enough of it is read") {
    for (int i = 0; i < 11; ++i) CHECK(*w.get(terminal.output().read()) == "x");
    CHECK(w.get(terminal));
    CHECK(read_all(w, terminal.output()).size() == most - 1);
  }
  SECTION("and a line is no smaller than it is") {
    CHECK(w.get(terminal.output().read_line())->value().size() == most + 10);
    CHECK(w.get(terminal));
  }
  SECTION("until it is closed") {
    terminal.output().close();
    w.settle();
    CHECK(w.failure(terminal) == error_kind::cancelled);
    CHECK(script.cancelled());
  }
}

TEST_CASE("less output than may wait holds nothing up", "[terminal][reader]") {
  world w;
  w->execs = {many_frames(cw::constants::output_queue_items - 1).exit(4)};
  auto const terminal = w.running().shell();
  CHECK(w.get(terminal)->exit_code == 4);
}

TEST_CASE("closing the output ends the session", "[terminal][reader]") {
  world w;
  auto const script = exec_script{}.out("x").hang();
  w->execs = {script};
  auto const sandbox = w.running();
  auto const terminal = sandbox.shell();
  auto const output = terminal.output();
  CHECK(*w.get(output.read()) == "x");
  auto const pending = output.read();
  w.settle();
  CHECK_FALSE(pending.is_done());
  output.close();
  output.close();
  CHECK_FALSE(*w.get(pending));
  w.settle();
  CHECK(script.cancelled());
  CHECK_THROWS_AS(terminal.result(), cw::operation_cancelled);
  CHECK_THROWS_AS(terminal.wait(), cw::operation_cancelled);
  CHECK_FALSE(terminal.poll());
  CHECK_FALSE(terminal.cancel());
  CHECK_THROWS_AS(terminal.in().write("x"), cw::SandboxExecutionError);
  CHECK_THROWS_AS(terminal.resize(1, 1), cw::SandboxExecutionError);
  CHECK(read_all(w, output).empty());
  CHECK(sandbox.exec_stats().exec_failures == 1);
}

// ---- the end

TEST_CASE("a terminal before and after its end", "[terminal]") {
  struct row {
    char const* name;
    exec_script script;
    std::optional<int> code;
    std::optional<error_kind> failure;
  };
  for (auto const& row : std::vector<row>{
           {"exit 0", exec_script{}.delay(1s).exit(0), 0, {}},
           {"exit 130", exec_script{}.delay(1s).exit(130), 130, {}},
           {"no exit status", exec_script{}.delay(1s).end(), {}, error_kind::outcome_unknown},
           {"an error without a code", exec_script{}.delay(1s).error("", "boom"), {},
            error_kind::execution},
           {"backpressure", exec_script{}.error("STREAM_BACKPRESSURE", "slow"), {},
            error_kind::stream_backpressure},
           {"truncated", exec_script{}.error("STREAM_TRUNCATED", "lost"), {},
            error_kind::stream_truncated},
           {"unavailable", exec_script{}.fail(cw::rpc_error(status_code::unavailable, "gone")), {},
            error_kind::unavailable},
           {"deadline of the service",
            exec_script{}.fail(cw::rpc_error(status_code::deadline_exceeded, "long")), {},
            error_kind::request_timeout},
       }) {
    CAPTURE(row.name);
    world w;
    w->execs = {row.script};
    auto const sandbox = w.running();
    auto const terminal = sandbox.shell({"sh"});
    CHECK_FALSE(terminal.is_done());
    CHECK_FALSE(terminal.poll());
    CHECK_THROWS_AS(terminal.result_for(0s), cw::wait_timeout);
    // after the stream was there its reader ends normally, whatever became of it
    CHECK(read_all(w, terminal.output()).empty());
    w.finish(terminal);
    CHECK(terminal.poll() == row.code);
    CHECK(terminal.exit_code() == row.code);
    auto const result = terminal.outcome();
    CHECK(result.has_value() == !row.failure);
    if (row.failure)
      CHECK(result.error().kind() == *row.failure);
    else
      CHECK(terminal.wait() == *row.code);
    CHECK(sandbox.exec_stats().exec_count == 1);
    CHECK(sandbox.exec_stats().exec_failures == (row.failure ? 1U : 0U));
  }
}

TEST_CASE("a session without an exit status is no success", "[terminal]") {
  world w;
  w->execs = {exec_script{}.end()};
  auto const terminal = w.running().shell();
  w.finish(terminal);
  CHECK_THROWS_AS(terminal.wait(), cw::SandboxExecutionError);
}

TEST_CASE("a session must become ready although nothing is typed", "[terminal][ready]") {
  world w;
  auto const script = exec_script{}.no_ready().out("x").hang();
  w->execs = {script};
  auto const terminal = w.running().shell();
  w.settle();
  w.advance(4900ms);
  CHECK_FALSE(terminal.is_done());
  w.advance(100ms);
  auto const result = w.get(terminal);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::timeout);
  CHECK_THAT(result.error().message(), ContainsSubstring("ready signal"));
  w.settle();
  CHECK(script.cancelled());
  CHECK(read_all(w, terminal.output()) == names{"x"});
}

TEST_CASE("an end before ready is that end", "[terminal][ready]") {
  world w;
  w->execs = {exec_script{}.no_ready().exit(127)};
  auto const terminal = w.running().shell();
  (void)terminal.in().write("x");
  CHECK(w.get(terminal)->exit_code == 127);
}

TEST_CASE("a session has no time limit", "[terminal]") {
  world w;
  w->gets = {shown(State::running)};
  auto const script = exec_script{}.hang();
  w->execs = {script};
  auto const terminal = w.unstarted({.request_timeout = 10s}).shell();
  w.settle();
  for (int i = 0; i < 100; ++i) w.advance(1000s);
  CHECK_FALSE(terminal.is_done());
  CHECK(terminal.cancel());
  w.settle();
  CHECK(script.cancelled());
}

TEST_CASE("a session that is never opened ends with the request time-out", "[terminal]") {
  world w;
  w->execs = {exec_script{}.exit(0)};
  auto const sandbox = w.unstarted({.request_timeout = 20s});
  REQUIRE(w.get(sandbox.wait()));
  w.mock.set_latency("stream_exec", cw::mock_transport::never);
  auto const terminal = sandbox.shell();
  w.settle();
  w.advance(19s);
  CHECK_FALSE(terminal.is_done());
  w.advance(1s);
  w.finish(terminal);
  CHECK_THROWS_AS(terminal.result(), cw::SandboxTimeoutError);
}

TEST_CASE("a session that could not be opened tells its reader why, once", "[terminal][reader]") {
  struct row {
    char const* name;
    cw::outcome<wire::Sandbox> create;
    cw::outcome<exec_script> open;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {"no sandbox", cw::rpc_error(status_code::unavailable, "down"), exec_script{}.exit(0),
            error_kind::unavailable},
           {"no stream", shown(State::creating), no_such_sandbox(), error_kind::not_found},
       }) {
    CAPTURE(row.name);
    world w;
    w->creates = {row.create};
    w->execs = {row.open};
    auto const terminal = w.unstarted().shell();
    auto const output = terminal.output();
    SECTION(std::string{"a read: "} + row.name) {
      CHECK(w.failure(output.read()) == row.kind);
      CHECK(read_all(w, output).empty());
    }
    SECTION(std::string{"a line: "} + row.name) {
      CHECK(w.failure(output.read_line()) == row.kind);
      CHECK(read_all(w, output).empty());
    }
    SECTION(std::string{"a loop: "} + row.name) {
      w.finish(terminal);
      auto const loop = [&] {
        for (auto const& chunk : output.chunks()) FAIL(chunk);
      };
      CHECK_THROWS_AS(loop(), cw::SandboxError);
      CHECK_NOTHROW(loop());
    }
    CHECK(w.failure(terminal) == row.kind);
  }
}

TEST_CASE("the outputs of a command end normally even when it was never opened", "[process]") {
  world w;
  w->creates = {cw::rpc_error(status_code::unavailable, "down")};
  auto const process = w.unstarted().exec({"x"});
  CHECK(read_all(w, process.out()).empty());
  CHECK(read_all(w, process.err()).empty());
  CHECK(w.failure(process) == error_kind::unavailable);
}

TEST_CASE("stopping the sandbox ends its sessions", "[terminal][liveness]") {
  world w;
  auto const script = exec_script{}.hang();
  w->execs = {script};
  auto const sandbox = w.running();
  auto const terminal = sandbox.shell();
  w.settle();
  REQUIRE(w.get(sandbox.stop()));
  w.settle();
  w.advance(5s);
  CHECK(w.failure(terminal) == error_kind::not_running);
  CHECK(script.cancelled());
  CHECK(w.failure(sandbox.shell()) == error_kind::not_running);
}

TEST_CASE("the end of a session can be awaited", "[terminal]") {
  world w;
  w->execs = {exec_script{}.out("x").exit(9)};
  auto const terminal = w.running().shell({"sh"});
  cw::TerminalResult seen{};
  auto const work = [&]() -> asio::awaitable<void> { seen = co_await terminal.async(); };
  asio::co_spawn(w.io, work(), [](std::exception_ptr) {});
  w.finish(terminal);
  w.settle();
  CHECK(seen == cw::TerminalResult{9, {"sh"}});
}

TEST_CASE("a terminal works through a transport that is chosen at run time", "[terminal]") {
  world w;
  auto const script = exec_script{}.await_resize().exit(0);
  w->execs = {script};
  cw::any_sandbox const sandbox{cw::any_transport{w.mock}};
  sandbox.detach();
  auto const terminal = sandbox.shell();
  terminal.resize(7, 8);
  CHECK(w.get(terminal));
  CHECK(sent(script) == names{"resize:7x8"});
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <thread>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using State = wire::State;

namespace {

// Everything that is still to come, read one by one; nothing blocks.
names read_all(world& w, cw::stream_reader const& reader, bool lines = false) {
  names all;
  for (;;) {
    auto item = w.get(lines ? reader.read_line() : reader.read());
    REQUIRE(item);
    if (!*item) return all;
    all.push_back(**item);
  }
}

}  // namespace

// ---- the process (streams 2.1)

TEST_CASE("a process before and after its end", "[process]") {
  struct row {
    char const* name;
    exec_script script;
    bool check;
    std::optional<int> code;
    std::optional<error_kind> failure;
  };
  for (auto const& row : std::vector<row>{
           {"exit 0", exec_script{}.delay(1s).exit(0), false, 0, {}},
           {"exit 5", exec_script{}.delay(1s).exit(5), false, 5, {}},
           {"checked exit 5", exec_script{}.delay(1s).exit(5), true, 5, error_kind::execution},
           {"failure", exec_script{}.delay(1s).end(), false, {}, error_kind::outcome_unknown},
       }) {
    CAPTURE(row.name);
    world w;
    w->execs = {row.script};
    auto const process = w.running().exec({"x"}, {.check = row.check});
    CHECK_FALSE(process.is_done());
    CHECK_FALSE(process.poll());
    CHECK_FALSE(process.exit_code());
    // a wait of ours that times out is not remembered
    CHECK_THROWS_AS(process.result_for(0s), cw::wait_timeout);
    CHECK(process.outcome_for(0s).error().kind() == error_kind::wait_timeout);
    w.finish(process);
    for (int i = 0; i < 2; ++i) {
      CHECK(process.is_done());
      CHECK(process.poll() == row.code);
      CHECK(process.exit_code() == row.code);
      CHECK_FALSE(process.cancel());
      auto const result = process.outcome();
      CHECK(result.has_value() == !row.failure);
      if (row.failure) {
        CHECK(result.error().kind() == *row.failure);
        CHECK_THROWS_AS(process.wait(), cw::SandboxExecutionError);
        CHECK_THROWS_AS(process.result(), cw::SandboxExecutionError);
      } else {
        CHECK(process.wait() == *row.code);
        CHECK(process.result().exit_code == *row.code);
      }
    }
  }
}

TEST_CASE("a process without input has none", "[process]") {
  world w;
  auto const process = w.running().exec({"x"});
  CHECK_FALSE(process.has_input());
  try {
    (void)process.in();
    FAIL("it has");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "open_stdin");
  }
  w.finish(process);
}

// ---- readers (2.2)

TEST_CASE("a reader gets each frame as it was sent", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("a\nb").out("").err("e").out(std::string("\0", 1)).exit(0)};
  auto const process = w.running().exec({"x"});
  auto const out = process.out();
  CHECK(read_all(w, out) == names{"a\nb", "", std::string("\0", 1)});
  CHECK(read_all(w, process.err()) == names{"e"});
  CHECK(read_all(w, out).empty());  // one pass
  CHECK(process.result().out == std::string("a\nb\0", 4));
}

TEST_CASE("lines are given without their end", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("one\ntw").out("o\n\nlast").exit(0)};
  auto const process = w.running().exec({"x"});
  CHECK(read_all(w, process.out(), true) == names{"one", "two", "", "last"});
}

TEST_CASE("iterating reads to the end", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("one\n").out("two\n").err("!").exit(0)};
  auto const process = w.running().exec({"x"});
  w.finish(process);
  names lines;
  for (auto const& line : process.out().lines()) lines.push_back(line);
  CHECK(lines == names{"one", "two"});
  names chunks;
  for (auto const& chunk : process.err().chunks()) chunks.push_back(chunk);
  CHECK(chunks == names{"!"});
}

TEST_CASE("output is live", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("first").delay(5s).out("second").exit(0)};
  auto const process = w.running().exec({"x"});
  CHECK(*w.get(process.out().read()) == "first");
  CHECK_FALSE(process.is_done());
  CHECK(w.elapsed() == 0s);
  CHECK(*w.get(process.out().read()) == "second");
  CHECK(w.elapsed() == 5s);
  w.finish(process);
}

TEST_CASE("with several readers each item goes to one", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("1").out("2").out("3").exit(0)};
  auto const process = w.running().exec({"x"});
  auto const a = process.out();
  auto const b = process.out();
  auto const first = a.read();
  auto const second = b.read();
  auto const third = a.read();
  auto const end = b.read();
  CHECK(*w.get(first) == "1");
  CHECK(*w.get(second) == "2");
  CHECK(*w.get(third) == "3");
  CHECK_FALSE(*w.get(end));
  w.finish(process);
}

TEST_CASE("a read that is cancelled takes no item", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.delay(1s).out("1\n").exit(0)};
  auto const process = w.running().exec({"x"});
  auto const chunk = process.out().read();
  auto const line = process.out().read_line();
  CHECK(chunk.cancel());
  CHECK(line.cancel());
  CHECK(w.failure(chunk) == error_kind::cancelled);
  CHECK(w.failure(line) == error_kind::cancelled);
  CHECK(*w.get(process.out().read()) == "1\n");
  w.finish(process);
}

TEST_CASE("closing a reader ends reads and not the command", "[process][reader]") {
  world w;
  auto const script = exec_script{}.out("1").delay(1s).out("2").exit(0);
  w->execs = {script};
  auto const process = w.running().exec({"x"});
  auto const reader = process.out();
  CHECK(*w.get(reader.read()) == "1");
  auto const waiting = reader.read();
  reader.close();
  reader.close();
  REQUIRE(waiting.is_done());
  CHECK_FALSE(*waiting.outcome());
  CHECK_FALSE(*w.get(process.out().read_line()));
  auto const result = w.get(process);
  REQUIRE(result);
  CHECK(result->out == "12");
  CHECK_FALSE(script.cancelled());
}

TEST_CASE("readers end normally whatever ends the command", "[process][reader]") {
  struct row {
    char const* name;
    std::function<void(world&)> prepare;
  };
  auto const report = cw::rpc_error(status_code::internal, "");
  for (auto const& row : std::vector<row>{
           {"exit", [](world& w) { w->execs = {exec_script{}.exit(1)}; }},
           {"in-band error", [](world& w) { w->execs = {exec_script{}.error("X", "")}; }},
           {"end without exit", [](world& w) { w->execs = {exec_script{}.end()}; }},
           {"broken stream", [&](world& w) { w->execs = {exec_script{}.fail(report)}; }},
           {"stream refused", [&](world& w) { w->execs = {report}; }},
           {"create refused", [&](world& w) { w->creates = {report}; }},
           {"poll failed", [&](world& w) { w->gets = {report}; }},
           {"sandbox failed", [&](world& w) { w->gets = {shown(State::failed)}; }},
           {"sandbox completed", [&](world& w) { w->gets = {shown(State::completed, 0)}; }},
       }) {
    CAPTURE(row.name);
    world w;
    row.prepare(w);
    auto const process = w.unstarted().exec({"x"}, {.check = true});
    auto const out = process.out().read();
    auto const err = process.err().read_line();
    CHECK_FALSE(w.get(process));
    // the end of the streams comes before the end of the command
    REQUIRE(out.is_done());
    REQUIRE(err.is_done());
    CHECK(out.outcome());
    CHECK_FALSE(*out.outcome());
    CHECK_FALSE(*err.outcome());
    CHECK_FALSE(*w.get(process.out().read()));
  }
}

TEST_CASE("readers may outlive everything else", "[process][reader]") {
  std::optional<cw::stream_reader> reader;
  {
    world w;
    w->execs = {exec_script{}.out("kept").exit(0)};
    auto const process = w.running().exec({"x"});
    reader.emplace(process.out());
    w.finish(process);
  }
  auto const item = reader->read().outcome();
  REQUIRE(item);
  CHECK(*item == "kept");
}

TEST_CASE("the result can be taken while readers read on", "[process][reader]") {
  world w;
  w->execs = {exec_script{}.out("one\ntwo\n").exit(0)};
  auto process = w.running().exec({"x"});
  auto const reader = process.out();
  w.finish(process);
  CHECK(std::move(process).result().out == "one\ntwo\n");
  CHECK(*reader.read_line().outcome() == "one");
  CHECK(*reader.read_line().outcome() == "two");
}

// ---- bounded memory

TEST_CASE("the result keeps no more than it may and says so", "[process][limit]") {
  world w;
  w->execs = {exec_script{}.out("abcdef").out("gh").err("xyz").exit(0)};
  auto const result = w.get(w.running().exec({"x"}, {.max_buffered_bytes = 4}));
  REQUIRE(result);
  CHECK(result->out == "abcd");
  CHECK(result->err == "xyz");
  CHECK(result->out_truncated);
  CHECK_FALSE(result->err_truncated);
  CHECK(result->out_bytes_produced == 8);
  CHECK(result->err_bytes_produced == 3);
}

TEST_CASE("a checked failure keeps no more than it may", "[process][limit]") {
  world w;
  w->execs = {exec_script{}.out("abcdef").exit(1)};
  auto const result = w.get(w.running().exec({"x"}, {.check = true, .max_buffered_bytes = 4}));
  REQUIRE_FALSE(result);
  CHECK(result.error().details().exec_result->out == "abcd");
  CHECK(result.error().details().exec_result->out_truncated);
}

TEST_CASE("a reader that is behind stops the stream", "[process][limit]") {
  world w;
  auto script = exec_script{};
  for (int i = 0; i < 10; ++i) script = std::move(script).out("0123456789");
  auto const played = std::move(script).exit(0);
  w->execs = {played};
  auto const process = w.running().exec({"x"}, {.max_buffered_bytes = 15});
  auto const reader = process.out();
  w.settle();
  CHECK_FALSE(process.is_done());
  CHECK_FALSE(played.finished());
  auto const all = read_all(w, reader);
  CHECK(all.size() == 10);
  auto const result = w.get(process);
  REQUIRE(result);
  CHECK(result->out == "012345678901234");
  CHECK(result->out_bytes_produced == 100);
}

TEST_CASE("a reader that leaves lets the stream go on", "[process][limit]") {
  world w;
  auto script = exec_script{};
  for (int i = 0; i < 10; ++i) script = std::move(script).out("0123456789");
  w->execs = {std::move(script).exit(0)};
  auto const process = w.running().exec({"x"}, {.max_buffered_bytes = 15});
  auto const reader = process.out();
  w.settle();
  CHECK_FALSE(process.is_done());
  reader.close();
  CHECK(w.get(process));
}

TEST_CASE("a command that is held up by its reader still has a limit", "[process][limit]") {
  world w;
  auto const script = exec_script{}.out("0123456789").out("0123456789").exit(0);
  w->execs = {script};
  auto const process = w.running().exec({"x"}, {.timeout = 5s, .max_buffered_bytes = 1});
  auto const reader = process.out();
  w.settle();
  CHECK_FALSE(process.is_done());
  SECTION("of time") {
    w.advance(10s);
    CHECK(w.failure(process) == error_kind::timeout);
  }
  SECTION("by cancellation") {
    CHECK(process.cancel());
    w.settle();
    CHECK(w.failure(process) == error_kind::cancelled);
  }
  CHECK(script.cancelled());
}

// ---- writers (2.3)

TEST_CASE("input is cut into frames in order", "[process][writer]") {
  world w;
  std::string const large(204800, 'x');
  auto const script = exec_script{}.await_input_close().exit(0);
  w->execs = {script};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  auto const in = process.in();
  CHECK(w.get(in.write("first")));
  CHECK(w.get(in.write(large)));
  CHECK(w.get(in.writeline("")));
  CHECK_FALSE(in.closed());
  auto const close = in.close();
  CHECK(in.closed());
  CHECK(w.get(close));
  REQUIRE(w.get(process));
  std::vector<std::size_t> sizes;
  for (auto const& frame : script.frames()) sizes.push_back(frame.size());
  CHECK(sizes == std::vector<std::size_t>{5, 65536, 65536, 65536, 8192, 1});
  CHECK(script.input() == "first" + large + "\n");
}

TEST_CASE("a command can be talked with", "[process][writer]") {
  world w;
  w->execs = {exec_script{}.echo_input().exit(0)};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  for (auto const* text : {"one", "two"}) {
    CHECK(w.get(process.in().writeline(text)));
    CHECK(*w.get(process.out().read_line()) == text);
  }
  CHECK(w.get(process.in().close()));
  auto const result = w.get(process);
  REQUIRE(result);
  CHECK(result->out == "one\ntwo\n");
}

TEST_CASE("writes beyond sixteen wait until the peer takes some", "[process][writer]") {
  world w;
  w->execs = {exec_script{}.stall_input().hang()};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  w.settle();
  auto const in = process.in();
  // one is being sent, sixteen wait
  std::vector<cw::operation<void>> writes;
  for (int i = 0; i < 20; ++i) {
    writes.push_back(in.write("x"));
    w.settle();
  }
  std::size_t done = 0;
  for (auto const& write : writes) done += write.is_done() ? 1 : 0;
  CHECK(done == 17);
  auto const close = in.close();
  CHECK_FALSE(close.is_done());
  CHECK(process.cancel());
  w.settle();
  // the end of the command fails the writes and completes the close
  CHECK(w.failure(writes.back()) == error_kind::execution);
  CHECK(w.get(close));
}

TEST_CASE("writing after the end of input", "[process][writer]") {
  world w;
  w->execs = {exec_script{}.hang()};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  auto const in = process.in();
  CHECK(w.get(in.close()));
  CHECK(w.get(in.close()));
  try {
    (void)in.write("x");
    FAIL("it was written");
  } catch (cw::SandboxExecutionError const& e) {
    CHECK_THAT(e.what(), ContainsSubstring("closed"));
  }
  CHECK_THROWS_AS(in.writeline("x"), cw::SandboxExecutionError);
  process.cancel();
  w.settle();
}

TEST_CASE("writing after the end of the command", "[process][writer]") {
  world w;
  w->execs = {exec_script{}.exit(0)};
  auto const process = w.running().exec({"cat"}, {.open_stdin = true});
  auto const in = process.in();
  w.finish(process);
  try {
    (void)in.write("x");
    FAIL("it was written");
  } catch (cw::SandboxExecutionError const& e) {
    CHECK_THAT(e.what(), ContainsSubstring("failed"));
    REQUIRE(e.causes().size() == 1);
    CHECK_THAT(e.causes().front().message(), ContainsSubstring("process has exited"));
  }
  CHECK(w.get(in.close()));
  // that it ended comes before that it is closed
  try {
    (void)in.write("x");
    FAIL("it was written");
  } catch (cw::SandboxExecutionError const& e) {
    CHECK_THAT(e.what(), ContainsSubstring("failed"));
  }
}

TEST_CASE("input for a command that never starts", "[process][writer]") {
  world w;
  w->creates = {cw::rpc_error(status_code::unavailable, "down")};
  auto const process = w.unstarted().exec({"cat"}, {.open_stdin = true});
  std::vector<cw::operation<void>> writes;
  for (int i = 0; i < 18; ++i) writes.push_back(process.in().write("x"));
  CHECK(w.failure(process) == error_kind::unavailable);
  CHECK(w.failure(writes.back()) == error_kind::execution);
}

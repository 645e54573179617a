// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// No co_await inside a macro of Catch2: it names its argument twice, and g++ 12 evaluates both.

#include "unit/mock_support.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace test;
using namespace std::chrono_literals;
namespace wire = cw::wire;

namespace {

using names = std::vector<std::string>;

std::string describe(cw::outcome<std::optional<wire::ExecStreamResponse>> const& read) {
  if (!read) return "error " + std::string{to_string(read.error().code())};
  if (!*read) return "end";
  auto const& message = (*read)->message;
  if (std::holds_alternative<wire::ExecStreamReady>(message)) return "ready";
  if (auto const* output = std::get_if<wire::ExecStreamOutput>(&message))
    return (output->stream == wire::ExecStreamOutput::Stream::stderr_ ? "err " : "out ") +
           output->data;
  if (auto const* exit = std::get_if<wire::ExecStreamExit>(&message))
    return "exit " + std::to_string(exit->exit_code);
  if (auto const* error = std::get_if<wire::ExecStreamError>(&message))
    return "error frame " + error->code + ' ' + error->message;
  return "empty";
}

std::string describe(cw::outcome<std::optional<wire::LogEntry>> const& read) {
  if (!read) return "error " + std::string{to_string(read.error().code())};
  if (!*read) return "end";
  auto const& entry = **read;
  if (entry.error) return "error entry " + entry.error->code + ' ' + entry.error->message;
  return entry.data + '|' + entry.log_session_id + '|' + std::to_string(entry.next_log_offset);
}

struct stream_test {
  asio::io_context io;
  cw::mock_transport mock{io.get_executor()};

  asio::awaitable<std::unique_ptr<cw::mock_exec_stream>> open(std::string command = "cmd") {
    wire::ExecStreamInit init{};
    init.sandbox_id = "sb-1";
    init.command = {std::move(command)};
    cw::call_options const options{};
    auto stream = co_await mock.stream_exec(std::move(init), options);
    REQUIRE(stream);
    co_return std::make_unique<cw::mock_exec_stream>(*std::move(stream));
  }

  static asio::awaitable<names> read_all(cw::mock_exec_stream& stream) {
    names seen;
    for (;;) {
      auto const read = co_await stream.read();
      seen.push_back(describe(read));
      if (!read || !*read) co_return seen;
    }
  }

  // Opens the stream of a script and reads it to its end.
  names play(cw::exec_script script) {
    ALLOW_CALL(*mock, stream_exec(_, _)).RETURN(script);
    auto const work = [&]() -> asio::awaitable<names> {
      auto const stream = co_await open();
      co_return co_await read_all(*stream);
    };
    return run(io, work());
  }

  names play(cw::log_script script) {
    ALLOW_CALL(*mock, stream_logs(_, _)).RETURN(script);
    auto const work = [&]() -> asio::awaitable<names> {
      wire::StreamLogsRequest const request{};
      cw::call_options const options{};
      auto stream = co_await mock.stream_logs(request, options);
      names seen;
      for (;;) {
        auto const read = co_await stream->read();
        seen.push_back(describe(read));
        if (!read || !*read) co_return seen;
      }
    };
    return run(io, work());
  }
};

}  // namespace

TEST_CASE("mock exec stream: plays its script in order, ready first") {
  stream_test t;
  CHECK(t.play(cw::exec_script{}.out("a\n").err("b").out("").exit(3)) ==
        names{"ready", "out a\n", "err b", "out ", "exit 3", "end"});
  CHECK(t.play(cw::exec_script{}) == names{"ready", "end"});
  CHECK(t.play(cw::exec_script{}.out("early").ready().exit(0)) ==
        names{"out early", "ready", "exit 0", "end"});
  CHECK(t.play(cw::exec_script{}.no_ready().empty_frame().exit(0)) ==
        names{"empty", "exit 0", "end"});
  CHECK(t.play(cw::exec_script{}.error("STREAM_TRUNCATED", "lost")) ==
        names{"ready", "error frame STREAM_TRUNCATED lost", "end"});
  CHECK(t.play(
            cw::exec_script{}.out("x").fail(cw::rpc_error(cw::status_code::unavailable, "gone"))) ==
        names{"ready", "out x", "error UNAVAILABLE"});
  CHECK(t.play(cw::exec_script{}.out("x").end().out("never")) == names{"ready", "out x", "end"});
}

TEST_CASE("mock exec stream: opening may fail") {
  stream_test t;
  REQUIRE_CALL(*t.mock, stream_exec(_, _))
      .RETURN(cw::rpc_error(cw::status_code::not_found, "no such sandbox"));
  std::optional<cw::error> failure;
  auto const work = [&]() -> asio::awaitable<void> {
    wire::ExecStreamInit const init{};
    cw::call_options const options{};
    auto const stream = co_await t.mock.stream_exec(init, options);
    if (!stream) failure = stream.error();
  };
  run(t.io, work());
  REQUIRE(failure);
  CHECK(failure->code() == cw::status_code::not_found);
}

TEST_CASE("mock exec stream: what the client sends is recorded in order") {
  stream_test t;
  auto const script = cw::exec_script{}.await_input_close().exit(0);
  REQUIRE_CALL(*t.mock, stream_exec(cw::command_is("cat"), _)).RETURN(script);
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open("cat");
    bool const sent_1 = (co_await stream->write("ab")).has_value();
    CHECK(sent_1);
    bool const sent_2 = (co_await stream->resize(80, 24)).has_value();
    CHECK(sent_2);
    bool const sent_3 = (co_await stream->write("c")).has_value();
    CHECK(sent_3);
    bool const sent_4 = (co_await stream->close_input()).has_value();
    CHECK(sent_4);
    bool const sent_5 = (co_await stream->half_close()).has_value();
    CHECK(sent_5);
    bool const sent_6 = (co_await stream->write("too late")).has_value();
    CHECK_FALSE(sent_6);
    auto const seen = co_await t.read_all(*stream);
    CHECK(seen == names{"ready", "exit 0", "end"});
    stream->cancel();
  };
  run(t.io, work());
  CHECK(script.starts() == 1);
  CHECK(script.events() ==
        names{"input:ab", "resize:80x24", "input:c", "close_input", "half_close"});
  CHECK(script.frames() == names{"ab", "c"});
  CHECK(script.input() == "abc");
  CHECK(script.resizes() == std::vector<std::pair<std::uint32_t, std::uint32_t>>{{80, 24}});
  CHECK(script.input_closed());
  CHECK(script.half_closed());
  CHECK(script.finished());
  CHECK_FALSE(script.cancelled());
  CHECK(script.last().init.sandbox_id == "sb-1");
}

TEST_CASE("mock exec stream: a script may wait for input, however it is cut") {
  stream_test t;
  auto const script = cw::exec_script{}
                          .await_input("12\n")
                          .out("one")
                          .await_input("3")
                          .await_resize()
                          .out("two")
                          .exit(0);
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  names seen;
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    auto const reader = [&]() -> asio::awaitable<void> { seen = co_await t.read_all(*stream); };
    bool done = false;
    asio::co_spawn(t.io, reader(), [&](std::exception_ptr) { done = true; });
    bool const sent_1 = (co_await stream->write("1")).has_value();
    CHECK(sent_1);
    bool const sent_2 = (co_await stream->write("2\n3")).has_value();
    CHECK(sent_2);
    bool const sent_3 = (co_await stream->resize(1, 2)).has_value();
    CHECK(sent_3);
    while (!done) co_await asio::post(t.io, asio::use_awaitable);
  };
  run(t.io, work());
  CHECK(seen == names{"ready", "out one", "out two", "exit 0", "end"});
}

TEST_CASE("mock exec stream: other input than the script awaits is a violation") {
  stream_test t;
  violations seen;
  auto const play = [&](std::string input) {
    ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(cw::exec_script{}.await_input("yes").exit(0));
    std::optional<cw::error> failure;
    auto const work = [&]() -> asio::awaitable<void> {
      auto const stream = co_await t.open();
      bool const sent_1 = (co_await stream->write(input)).has_value();
      CHECK(sent_1);
      bool const sent_2 = (co_await stream->half_close()).has_value();
      CHECK(sent_2);
      bool const sent_3 = (co_await stream->read()).has_value();
      CHECK(sent_3);
      auto const read = co_await stream->read();
      if (!read) failure = read.error();
    };
    run(t.io, work());
    REQUIRE(failure);
    CHECK(failure->kind() == cw::error_kind::foreign);
  };
  play("no");
  play("ye");
  REQUIRE(seen.all().size() == 2);
  CHECK_THAT(seen.all()[0], ContainsSubstring("awaits the input \"yes\""));
  CHECK_THAT(seen.all()[0], ContainsSubstring("the client sent \"no\""));
  CHECK_THAT(seen.all()[1], ContainsSubstring("the client sent \"ye\" and closed the input"));
}

TEST_CASE("mock exec stream: input can be echoed") {
  stream_test t;
  auto const script = cw::exec_script{}.await_input("a").echo_input().exit(0);
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  auto const work = [&]() -> asio::awaitable<names> {
    auto const stream = co_await t.open();
    bool const sent_1 = (co_await stream->write("ab")).has_value();
    CHECK(sent_1);
    bool const sent_2 = (co_await stream->write("cd")).has_value();
    CHECK(sent_2);
    bool const sent_3 = (co_await stream->close_input()).has_value();
    CHECK(sent_3);
    co_return co_await t.read_all(*stream);
  };
  CHECK(run(t.io, work()) == names{"ready", "out b", "out cd", "exit 0", "end"});
}

TEST_CASE("mock exec stream: cancel wakes a pending read") {
  stream_test t;
  auto const script = cw::exec_script{}.hang();
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  names seen;
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    auto const canceller = [&]() -> asio::awaitable<void> {
      stream->cancel();
      co_return;
    };
    auto const read_1 = co_await stream->read();
    CHECK(describe(read_1) == "ready");
    asio::co_spawn(t.io, canceller(), [](std::exception_ptr) {});
    seen.push_back(describe(co_await stream->read()));
    seen.push_back(describe(co_await stream->read()));
    stream->cancel();
    bool const sent_1 = (co_await stream->write("x")).has_value();
    CHECK_FALSE(sent_1);
  };
  run(t.io, work());
  CHECK(seen == names{"error CANCELLED", "error CANCELLED"});
  CHECK(script.cancelled());
  CHECK_FALSE(script.finished());
  CHECK(script.events() == names{"cancelled"});
}

TEST_CASE("mock exec stream: a cancellation slot ends a pending read and the call") {
  stream_test t;
  auto const script = cw::exec_script{}.no_ready().hang();
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  std::string seen;
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    seen = describe(co_await stream->read());
  };
  asio::cancellation_signal cancel;
  asio::co_spawn(t.io, work(),
                 asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  t.io.poll();
  CHECK(seen.empty());
  cancel.emit(asio::cancellation_type::terminal);
  t.io.run();
  CHECK(seen == "error CANCELLED");
  CHECK(script.cancelled());
}

TEST_CASE("mock exec stream: dropping the handle cancels the call, moving it does not") {
  stream_test t;
  auto const script = cw::exec_script{}.hang();
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  auto const work = [&]() -> asio::awaitable<void> {
    auto first = co_await t.open();
    auto second = co_await t.open();
    cw::mock_exec_stream moved{std::move(*first)};
    first.reset();
    CHECK_FALSE(script.records()[0].cancelled);
    CHECK_FALSE(script.records()[1].cancelled);
    moved = std::move(*second);
    CHECK(script.records()[0].cancelled);
    CHECK_FALSE(script.records()[1].cancelled);
  };
  run(t.io, work());
  CHECK(script.records()[1].cancelled);
}

TEST_CASE("mock exec stream: a pending read does not keep its context from going") {
  auto const script = cw::exec_script{}.no_ready().hang();
  {
    stream_test t;
    ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
    auto const work = [&]() -> asio::awaitable<void> {
      auto const stream = co_await t.open();
      auto const read = co_await stream->read();
      CHECK_FALSE(read);
    };
    asio::co_spawn(t.io, work(), [](std::exception_ptr) {});
    t.io.poll();
  }
  CHECK(script.cancelled());
}

TEST_CASE("mock exec stream: sends can be stalled until the stream is over") {
  stream_test t;
  auto const script = cw::exec_script{}.stall_input().await_input("x").exit(0);
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  names order;
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    bool done = false;
    auto const writer = [&]() -> asio::awaitable<void> {
      auto const sent = co_await stream->write("x");
      order.push_back(sent ? "written" : "refused");
    };
    asio::co_spawn(t.io, writer(), [&](std::exception_ptr) { done = true; });
    auto const read_1 = co_await stream->read();
    CHECK(describe(read_1) == "ready");
    auto const read_2 = co_await stream->read();
    CHECK(describe(read_2) == "exit 0");
    order.push_back("exit");
    while (!done) co_await asio::post(t.io, asio::use_awaitable);
    order.push_back("done");
  };
  run(t.io, work());
  CHECK(order == names{"exit", "written", "done"});

  auto const hanging = cw::exec_script{}.stall_input().hang();
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(hanging);
  std::optional<cw::error> failure;
  auto const cancelled = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    auto const canceller = [&]() -> asio::awaitable<void> {
      stream->cancel();
      co_return;
    };
    asio::co_spawn(t.io, canceller(), [](std::exception_ptr) {});
    auto const sent = co_await stream->write("x");
    if (!sent) failure = sent.error();
  };
  run(t.io, cancelled());
  REQUIRE(failure);
  CHECK(failure->code() == cw::status_code::cancelled);
}

TEST_CASE("mock exec stream: delays take virtual time") {
  stream_test t;
  CHECK(t.play(cw::exec_script{}.delay(5s).out("x").delay(7s).exit(0)) ==
        names{"ready", "out x", "exit 0", "end"});
  CHECK(t.mock.clock()->elapsed() == 12s);
  CHECK(t.mock.clock()->sleeps().empty());
}

TEST_CASE("mock exec stream: a deadline comes before the end of a longer delay") {
  stream_test t;
  auto const script = cw::exec_script{}.no_ready().delay(20s).exit(0);
  ALLOW_CALL(*t.mock, stream_exec(_, _)).RETURN(script);
  std::string seen;
  auto const work = [&]() -> asio::awaitable<void> {
    auto const stream = co_await t.open();
    auto const clock = t.mock.clock();
    std::function<void()> const wake = [&] { stream->cancel(); };
    auto const deadline = clock->wake_at(clock->now() + 10s, cw::time_source::wait_kind::deadline,
                                         t.io.get_executor(), wake);
    seen = describe(co_await stream->read());
  };
  run(t.io, work());
  CHECK(seen == "error CANCELLED");
  CHECK(t.mock.clock()->elapsed() == 10s);
  CHECK(t.mock.clock()->pending() == 0);
}

TEST_CASE("mock exec script: a value whose streams go their own ways") {
  stream_test t;
  auto const base = cw::exec_script{}.out("base");
  auto const good = base.exit(0);
  auto const bad = base.err("oops").exit(1);
  CHECK(t.play(good) == names{"ready", "out base", "exit 0", "end"});
  CHECK(t.play(good) == names{"ready", "out base", "exit 0", "end"});
  CHECK(t.play(bad) == names{"ready", "out base", "err oops", "exit 1", "end"});
  CHECK(t.play(base) == names{"ready", "out base", "end"});
  CHECK(good.starts() == 2);
  CHECK(bad.starts() == 1);
  CHECK(base.starts() == 1);

  auto const copy = good;
  CHECK(t.play(copy).size() == 4);
  CHECK(good.starts() == 3);
  CHECK(cw::exec_script{}.input().empty());
}

TEST_CASE("mock log stream: plays its script and counts offsets") {
  stream_test t;
  CHECK(t.play(cw::log_script{}.line("one").data("tw").session("log-2", 100).line("o")) ==
        names{"one\n|log-1|4", "tw|log-1|6", "o\n|log-2|102", "end"});
  CHECK(t.play(cw::log_script{}.data("x", "s", 7).error("STREAM_INTERRUPTED", "soon").end()) ==
        names{"x|s|7", "error entry STREAM_INTERRUPTED soon", "end"});
  CHECK(t.play(cw::log_script{}.line("x").fail(cw::rpc_error(
            cw::status_code::unavailable, "gone"))) == names{"x\n|log-1|2", "error UNAVAILABLE"});
  wire::LogEntry entry{};
  entry.data = "any";
  CHECK(t.play(cw::log_script{}.delay(3s).entry(entry)) == names{"any||0", "end"});
  CHECK(t.mock.clock()->elapsed() == 3s);
  CHECK(t.mock.count("stream_logs") == 4);
}

TEST_CASE("mock log stream: cancel wakes a pending read") {
  stream_test t;
  auto const script = cw::log_script{}.hang();
  REQUIRE_CALL(*t.mock, stream_logs(cw::for_sandbox("sb-1"), _)).RETURN(script);
  std::string seen;
  auto const work = [&]() -> asio::awaitable<void> {
    wire::StreamLogsRequest request{};
    request.sandbox_id = "sb-1";
    request.follow = true;
    cw::call_options const options{};
    auto stream = co_await t.mock.stream_logs(std::move(request), options);
    auto const canceller = [&]() -> asio::awaitable<void> {
      stream->cancel();
      co_return;
    };
    asio::co_spawn(t.io, canceller(), [](std::exception_ptr) {});
    seen = describe(co_await stream->read());
  };
  run(t.io, work());
  CHECK(seen == "error CANCELLED");
  CHECK(script.cancelled());
  CHECK(script.last().request.follow);
}

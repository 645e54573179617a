// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Sessions on a transport that is chosen at run time, with and without streams in it.

#include <cwsandbox/transport/any.hpp>
#include <cwsandbox/transport/recording.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include "support/instant_transport.hpp"
#include "support/mock_service.hpp"
#include "support/unary_transport.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

static_assert(cw::transport<cw::any_transport>);
static_assert(cw::any_transport::capabilities.exec_stream);
static_assert(cw::any_transport::capabilities.log_stream);
static_assert(!std::convertible_to<cw::mock_transport, cw::any_transport>);
static_assert(!std::constructible_from<cw::any_transport, int>);
static_assert(std::same_as<decltype(cw::basic_session{std::declval<cw::any_transport>()}),
                           cw::any_session>);

cw::any_sandbox make(cw::any_transport transport) {
  cw::any_sandbox sandbox{std::move(transport)};
  sandbox.detach();
  return sandbox;
}

}  // namespace

TEST_CASE("a session on a transport that was chosen at run time", "[any]") {
  world w;
  w->gets = {shown(wire::State::creating), shown(wire::State::running)};
  auto const script = cw::exec_script{}.await_input("in").out("out").exit(3);
  w->execs = {script};
  wire::ReadFileResponse file{};
  file.content = "text";
  w->reads = {file};
  bool const with_streams = true;
  cw::any_transport const transport = with_streams ? cw::any_transport{w.mock}
                                                   : cw::any_transport{unary_transport{w.mock}};
  cw::any_session session{transport};
  auto const sandbox = session.sandbox();
  auto const process = sandbox.exec({"cat"}, {.open_stdin = true});
  auto const in = process.in();
  auto const written = in.write("in");
  auto const closed = in.close();
  auto const result = w.get(process);
  REQUIRE(result);
  CHECK(result->out == "out");
  CHECK(result->exit_code == 3);
  CHECK(script.input() == "in");
  CHECK(*w.get(sandbox.read_file("/f")) == "text");
  CHECK(w.get(session.close()));
  CHECK(w.mock.calls() == names{"create_sandbox", "get_sandbox", "get_sandbox", "stream_exec",
                                "read_file", "delete_sandbox", "get_sandbox"});
  // the polls slept by the clock of the held transport
  CHECK(w.mock.clock()->sleeps() == std::vector<cw::virtual_clock::duration>{200ms});
}

TEST_CASE("what is held can be asked for", "[any]") {
  world w;
  cw::any_transport const any{w.mock};
  CHECK(any.name() == "mock");
  CHECK(any.held().log_stream);
  REQUIRE(any.target<cw::mock_transport>() != nullptr);
  CHECK(any.target<cw::mock_transport>()->clock() == w.mock.clock());
  CHECK(any.target<unary_transport>() == nullptr);
  CHECK(any.get_time_source() == w.mock.get_time_source());
  CHECK(any.get_executor() == w.mock.get_executor());

  cw::any_transport const unary{unary_transport{w.mock}};
  CHECK(unary.name() == "unary");
  CHECK_FALSE(unary.held().exec_stream);
  CHECK_FALSE(unary.held().log_stream);

  cw::any_transport const plain{cw::tests::instant_transport{w.io.get_executor()}};
  CHECK(plain.get_time_source() == cw::system_time_source());
  // also behind decorators, on either side
  CHECK(cw::recording{unary}.held().name == "unary");
  CHECK(cw::any_transport{cw::recording{unary}}.name() == "unary");
}

TEST_CASE("commands on a transport without streams go over the unary call", "[any][unary]") {
  world w;
  w->unary_execs = {answer(3)};
  auto const sandbox = make(cw::any_transport{unary_transport{w.mock}});
  auto const result =
      w.get(sandbox.exec({"a", "b"}, {.cwd = "/d", .timeout = 7s, .env = {{"K", "V"}}}));
  REQUIRE(result);
  CHECK(result->exit_code == 3);
  CHECK(result->out == "one\ntwo");
  CHECK(result->err == "e");
  CHECK(result->command == names{"a", "b"});
  auto const request = w.mock.requests<wire::ExecRequest>().front();
  CHECK(request.sandbox_id == "sb-1");
  CHECK(request.command == names{"/bin/sh", "-c", "cd /d && exec a b"});
  CHECK(request.env.size() == 1);
  CHECK(w.mock.history().back().options.timeout == 12s);
  CHECK(w.mock.count("stream_exec") == 0);
}

TEST_CASE("output that the unary call cut is not passed off as whole", "[any][unary]") {
  world w;
  auto cut = answer(0);
  cut.stderr_truncated = true;
  w->unary_execs = {cut};
  auto const process = make(cw::any_transport{unary_transport{w.mock}}).exec({"a"});
  CHECK(w.failure(process) == error_kind::stream_truncated);
}

TEST_CASE("how commands without streams fail", "[any][unary]") {
  world w;
  auto const sandbox = make(cw::any_transport{unary_transport{w.mock}});
  w->unary_execs = {answer(4)};
  CHECK(w.failure(sandbox.exec({"a"}, {.check = true})) == error_kind::execution);

  w->unary_execs = {cw::rpc_error(status_code::unavailable, "down")};
  CHECK(w.failure(sandbox.exec({"a"})) == error_kind::unavailable);

  w.mock.set_latency("exec", cw::mock_transport::never);
  auto const late = sandbox.exec({"a"}, {.timeout = 2s});
  w.settle();
  w.advance(7s);
  CHECK(w.failure(late) == error_kind::timeout);

  auto const cancelled = sandbox.exec({"a"});
  w.settle();
  CHECK(cancelled.cancel());
  CHECK(w.failure(cancelled) == error_kind::cancelled);
  w.settle();
  CHECK(w.mock.count("exec") == 4);
}

TEST_CASE("input for a command needs streams, and is refused before any call", "[any][unary]") {
  world w;
  auto const sandbox = make(cw::any_transport{unary_transport{w.mock}});
  CHECK_THROWS_AS((void)sandbox.exec({"a"}, {.open_stdin = true}), cw::invalid_argument);
  CHECK_THROWS_WITH((void)sandbox.exec({"a"}, {.open_stdin = true}),
                    "open_stdin needs a transport with exec streams; this one has none: unary");
  CHECK(w.mock.count("exec") == 0);
}

TEST_CASE("a stream over unary calls takes no input", "[any][unary]") {
  world w;
  cw::any_transport const any{unary_transport{w.mock}};
  wire::ExecStreamInit init{};
  init.command = {"a"};
  auto stream = run(w.io, any.stream_exec(init, {}));
  REQUIRE(stream);
  auto const written = run(w.io, stream->write("text"));
  REQUIRE_FALSE(written);
  CHECK(written.error().code() == status_code::unimplemented);
  CHECK_THAT(written.error().message(), ContainsSubstring("'unary' has no input"));
  CHECK_THAT(written.error().message(), ContainsSubstring("local_transport"));
  CHECK(w.mock.count("exec") == 0);
}

TEST_CASE("what the held transport cannot do is unimplemented", "[any]") {
  world w;
  cw::any_transport const any{unary_transport{w.mock}};
  wire::ExecStreamInit init{};
  init.tty = true;
  auto const terminal = run(w.io, any.stream_exec(init, {}));
  REQUIRE_FALSE(terminal);
  CHECK(terminal.error().kind() == error_kind::rpc);
  CHECK(terminal.error().code() == status_code::unimplemented);
  CHECK_THAT(terminal.error().message(), ContainsSubstring("'unary' has no terminals"));

  auto const logs = run(w.io, any.stream_logs({}, {}));
  REQUIRE_FALSE(logs);
  CHECK(logs.error().kind() == error_kind::rpc);
  CHECK(logs.error().code() == status_code::unimplemented);
  CHECK_THAT(logs.error().message(), ContainsSubstring("'unary' has no log streams"));
  CHECK_THAT(logs.error().message(), ContainsSubstring("grpc_transport"));

  auto stream = *run(w.io, any.stream_exec({}, {}));
  CHECK_FALSE(run(w.io, stream.resize(1, 1)));
  auto const read = run(w.io, stream.read());
  REQUIRE_FALSE(read);
  CHECK_THAT(read.error().message(), ContainsSubstring("'unary' has no terminals"));
}

TEST_CASE("calls that only some transports have", "[any]") {
  world w;
  wire::GetAvailableRunnerRequest request{};
  request.runner_id = "r-1";
  wire::AvailableRunner runner{};
  runner.runner_id = "r-1";
  REQUIRE_CALL(*w.mock, get_available_runner(_, _)).RETURN(runner);
  cw::any_transport const with{w.mock};
  auto const found = run(w.io, with.get_available_runner(request, {}));
  REQUIRE(found);
  CHECK(found->runner_id == "r-1");

  cw::any_transport const without{unary_transport{w.mock}};
  auto const refused = run(w.io, without.get_available_runner(request, {}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == status_code::unimplemented);
  CHECK(refused.error().message() == "the transport 'unary' has no call GetAvailableRunner");
}

TEST_CASE("streams of the held transport are passed through", "[any]") {
  world w;
  cw::any_transport const any{w.mock};
  auto const script = cw::log_script{}.line("a").hang();
  REQUIRE_CALL(*w.mock, stream_logs(_, _)).RETURN(script);
  {
    auto stream = *run(w.io, any.stream_logs({}, {}));
    CHECK((*run(w.io, stream.read()))->data == "a\n");
    auto other = std::move(stream);
  }
  CHECK(script.records().front().cancelled);

  auto const commands = cw::exec_script{}.hang();
  w->execs = {commands};
  {
    auto stream = *run(w.io, any.stream_exec({}, {}));
    CHECK((*run(w.io, stream.read())).has_value());
    CHECK(run(w.io, stream.write("x")));
    CHECK(run(w.io, stream.resize(3, 2)));
    CHECK(run(w.io, stream.close_input()));
    CHECK(run(w.io, stream.half_close()));
    stream.cancel();
  }
  CHECK(commands.events() ==
        names{"input:x", "resize:3x2", "close_input", "half_close", "cancelled"});
}

TEST_CASE("a cancellation reaches the held transport", "[any]") {
  world w;
  w.mock.set_latency("get_sandbox", cw::mock_transport::never);
  w.mock.set_latency("exec", cw::mock_transport::never);
  cw::any_transport const any{unary_transport{w.mock}};
  asio::cancellation_signal signal;

  std::optional<status_code> code;
  asio::co_spawn(w.io, any.get_sandbox({}, {}),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, cw::outcome<wire::Sandbox> result) {
                       code = result.error().code();
                     }));
  w.settle();
  CHECK_FALSE(code);
  signal.emit(asio::cancellation_type::terminal);
  w.settle();
  CHECK(code == status_code::cancelled);

  auto stream = *run(w.io, any.stream_exec({}, {}));
  CHECK((*run(w.io, stream.read())).has_value());
  CHECK(run(w.io, stream.half_close()));
  code.reset();
  using read_type = cw::outcome<std::optional<wire::ExecStreamResponse>>;
  asio::co_spawn(w.io, stream.read(),
                 asio::bind_cancellation_slot(signal.slot(),
                                              [&](std::exception_ptr, read_type result) {
                                                code = result.error().code();
                                              }));
  w.settle();
  CHECK(w.mock.count("exec") == 1);
  CHECK_FALSE(code);
  signal.emit(asio::cancellation_type::terminal);
  w.settle();
  CHECK(code == status_code::cancelled);
  CHECK(w.io.stopped());  // nothing goes on
}

TEST_CASE("a chosen transport without streams refuses a shell at once", "[any]") {
  world w;
  auto const sandbox = make(cw::any_transport{unary_transport{w.mock}});
  try {
    (void)sandbox.shell();
    FAIL("it was opened");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "transport");
    CHECK_THAT(e.what(), ContainsSubstring("unary"));
    CHECK_THAT(e.what(), ContainsSubstring("grpc_transport"));
  }
  CHECK(w.mock.calls().empty());
}

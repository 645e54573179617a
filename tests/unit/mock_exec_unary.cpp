// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Commands on a transport without streams, over the unary call.

#include "support/mock_service.hpp"
#include "support/unary_transport.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;
using State = wire::State;

namespace {

using sandbox_type = cw::basic_sandbox<unary_transport>;

sandbox_type make(world& w) {
  sandbox_type sandbox{unary_transport{w.mock}};
  sandbox.detach();
  return sandbox;
}

}  // namespace

TEST_CASE("a command over the unary call", "[exec][unary]") {
  world w;
  w->unary_execs = {answer(3)};
  auto const sandbox = make(w);
  auto const process = sandbox.exec({"a", "b"}, {.cwd = "/d", .timeout = 7s});
  auto const line = process.out().read_line();
  auto const result = w.get(process);
  REQUIRE(result);
  CHECK(result->exit_code == 3);
  CHECK(result->out == "one\ntwo");
  CHECK(result->err == "e");
  CHECK(result->command == names{"a", "b"});
  CHECK(*line.outcome() == "one");
  CHECK(*process.out().read_line().outcome() == "two");
  CHECK_FALSE(*process.out().read().outcome());
  auto const request = w.mock.requests<wire::ExecRequest>().front();
  CHECK(request.command == names{"/bin/sh", "-c", "cd /d && exec a b"});
  CHECK(w.mock.history().back().options.timeout == 12s);
  CHECK(sandbox.exec_stats() ==
        cw::ExecStats{.exec_count = 1, .exec_completed_nonzero = 1});
}

TEST_CASE("limits of the server and of the caller show in the result", "[exec][unary]") {
  world w;
  auto cut = answer(0);
  cut.stdout_truncated = true;
  cut.stdout_bytes_produced = 1000;
  w->unary_execs = {cut};
  auto const result = w.get(make(w).exec({"a"}, {.max_buffered_bytes = 3}));
  REQUIRE(result);
  CHECK(result->out == "one");
  CHECK(result->out_truncated);
  CHECK(result->out_bytes_produced == 1000);
  CHECK_FALSE(result->err_truncated);
  CHECK(result->err_bytes_produced == 1);
}

TEST_CASE("how commands over the unary call fail", "[exec][unary]") {
  world w;
  auto const sandbox = make(w);
  w->unary_execs = {answer(4)};
  auto const checked = w.get(sandbox.exec({"a"}, {.check = true}));
  REQUIRE_FALSE(checked);
  CHECK(checked.error().details().exec_result->exit_code == 4);

  w->unary_execs = {cw::rpc_error(status_code::unavailable, "down")};
  auto const process = sandbox.exec({"a"});
  CHECK(w.failure(process) == error_kind::unavailable);
  CHECK_FALSE(*process.err().read().outcome());

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
  CHECK(sandbox.exec_stats() ==
        cw::ExecStats{.exec_count = 4, .exec_completed_nonzero = 1, .exec_failures = 3});
}

TEST_CASE("there is no input without streams", "[exec][unary]") {
  world w;
  auto const sandbox = make(w);
  try {
    cw::ExecOptions options{};
    options.open_stdin = true;
    (void)sandbox.exec({"a"}, options);
    FAIL("there is");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "open_stdin");
    CHECK_THAT(e.what(), ContainsSubstring("unary"));
  }
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a command over the unary call ends with its executor", "[exec][unary]") {
  std::optional<cw::process> process;
  {
    world w;
    w->unary_execs = {answer(0)};
    w.mock.set_latency("exec", cw::mock_transport::never);
    process = make(w).exec({"a"});
    w.settle();
  }
  REQUIRE(process->is_done());
  CHECK(process->outcome().error().kind() == error_kind::cancelled);
  CHECK_FALSE(*process->out().read().outcome());
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "unit/mock_support.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;
using namespace std::chrono_literals;
namespace wire = cw::wire;

namespace {

struct mock_test {
  asio::io_context io;
  cw::mock_transport mock{io.get_executor()};
  cw::call_options options{};

  cw::outcome<wire::Sandbox> get(std::string id = "sb-1") {
    wire::GetSandboxRequest request{};
    request.sandbox_id = std::move(id);
    return run(io, mock.get_sandbox(request, options));
  }
  cw::outcome<wire::ExecResponse> exec(std::vector<std::string> command) {
    wire::ExecRequest request{};
    request.command = std::move(command);
    return run(io, mock.exec(request, options));
  }
};

wire::CreateSandboxRequest create_request(std::vector<std::string> tags) {
  wire::CreateSandboxRequest request{};
  request.sandbox.emplace();
  request.sandbox->spec.emplace();
  request.sandbox->spec->tags = std::move(tags);
  return request;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("mock: an expectation answers with a value, an error or a status") {
  mock_test t;
  wire::Sandbox sandbox{};
  sandbox.sandbox_id = "sb-1";
  trompeloeil::sequence order;
  REQUIRE_CALL(*t.mock, get_sandbox(_, _)).RETURN(sandbox).IN_SEQUENCE(order);
  REQUIRE_CALL(*t.mock, get_sandbox(_, _))
      .RETURN(cw::rpc_error(cw::status_code::unavailable, "gone"))
      .IN_SEQUENCE(order);

  auto const first = t.get();
  REQUIRE(first);
  CHECK(first->sandbox_id == "sb-1");
  auto const second = t.get();
  REQUIRE_FALSE(second);
  CHECK(second.error().kind() == cw::error_kind::rpc);
  CHECK(second.error().code() == cw::status_code::unavailable);
}

TEST_CASE("mock: an exception of the library reaches the caller as the same error") {
  mock_test t;
  REQUIRE_CALL(*t.mock, create_sandbox(_, _))
      .THROW(cw::SandboxResourceExhaustedError{"no capacity", {.retry_after = 2s}});
  auto const result = run(t.io, t.mock.create_sandbox({}, t.options));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == cw::error_kind::resource_exhausted);
  CHECK(result.error().retry_after() == 2s);
  CHECK_THROWS_AS(result.value(), cw::SandboxResourceExhaustedError);
}

TEST_CASE("mock: an exception of somebody else's is thrown again as it was") {
  mock_test t;
  REQUIRE_CALL(*t.mock, get_sandbox(_, _)).THROW(std::out_of_range{"mine"});
  auto const result = t.get();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == cw::error_kind::foreign);
  CHECK_THROWS_AS(result.value(), std::out_of_range);
}

TEST_CASE("mock: a call without expectation is reported, readable, and fails") {
  mock_test t;
  violations seen;
  t.options.timeout = 1500ms;
  auto const request = create_request({"red", "a \"quoted\"\n\x01 one"});
  auto const result = run(t.io, t.mock.create_sandbox(request, t.options));
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == cw::error_kind::foreign);
  CHECK_THROWS_AS(result.value(), trompeloeil::expectation_violation);
  REQUIRE(seen.all().size() == 1);
  CHECK_THAT(seen.all()[0], ContainsSubstring("No match for call of create_sandbox"));
  CHECK_THAT(seen.all()[0],
             ContainsSubstring(R"({sandbox: {spec: {tags: ["red", "a \"quoted\"\n\x01 one"]}}})"));
  CHECK_THAT(seen.all()[0], ContainsSubstring("timeout 1.5 s"));
  CHECK(t.mock.calls() == names{"create_sandbox"});
}

TEST_CASE("mock: requests are printed field by field and cut when they are long") {
  std::ostringstream os;
  wire::WriteFileRequest request{};
  request.path = "/x";
  request.content = std::string(1000, 'y');
  trompeloeil::print(os, request);
  CHECK(os.str() == "{path: \"/x\", content: \"" + std::string(200, 'y') + "\"... (1000 bytes)}");

  os.str("");
  wire::ExecStreamInit init{};
  init.tty = true;
  init.tty_width = 80;
  init.env = {{"A", "1"}, {"B", "2"}};
  trompeloeil::print(os, init);
  CHECK(os.str() == R"({tty: true, tty_width: 80, env: ["A": "1", "B": "2"]})");

  os.str("");
  trompeloeil::print(os, cw::call_options{});
  CHECK(os.str() == "no timeout");
}

TEST_CASE("mock: calls are recorded with requests, options and virtual times") {
  mock_test t;
  ALLOW_CALL(*t.mock, get_sandbox(_, _)).RETURN(wire::Sandbox{});
  ALLOW_CALL(*t.mock, exec(_, _)).RETURN(wire::ExecResponse{});
  t.options.timeout = 15s;
  CHECK(t.get("one"));
  t.mock.clock()->advance(200ms);
  CHECK(t.exec({"ls"}));
  auto const copy = t.mock;
  CHECK(t.get("two"));

  CHECK(copy.calls() == names{"get_sandbox", "exec", "get_sandbox"});
  CHECK(copy.count("get_sandbox") == 2);
  CHECK(copy.count("delete_sandbox") == 0);
  auto const gets = copy.requests<wire::GetSandboxRequest>();
  REQUIRE(gets.size() == 2);
  CHECK(gets[0].sandbox_id == "one");
  CHECK(gets[1].sandbox_id == "two");
  auto const history = copy.history();
  REQUIRE(history.size() == 3);
  CHECK(history[0].time == 0ms);
  CHECK(history[1].time == 200ms);
  CHECK(history[1].options.timeout == 15s);
}

TEST_CASE("mock: every unary call asks the mock") {
  mock_test t;
  REQUIRE_CALL(*t.mock, create_sandbox(_, _)).RETURN(wire::Sandbox{});
  REQUIRE_CALL(*t.mock, create_sandbox_from_template(_, _)).RETURN(wire::Sandbox{});
  REQUIRE_CALL(*t.mock, get_sandbox(_, _)).RETURN(wire::Sandbox{});
  REQUIRE_CALL(*t.mock, list_sandboxes(_, _)).RETURN(wire::ListSandboxesResponse{});
  REQUIRE_CALL(*t.mock, delete_sandbox(_, _)).RETURN(wire::DeleteSandboxResponse{});
  REQUIRE_CALL(*t.mock, purge_sandboxes(_, _)).RETURN(wire::PurgeSandboxesResponse{});
  REQUIRE_CALL(*t.mock, exec(_, _)).RETURN(wire::ExecResponse{});
  REQUIRE_CALL(*t.mock, read_file(_, _)).RETURN(wire::ReadFileResponse{});
  REQUIRE_CALL(*t.mock, write_file(_, _)).RETURN(wire::WriteFileResponse{});
  CHECK(run(t.io, t.mock.create_sandbox({}, t.options)));
  CHECK(run(t.io, t.mock.create_sandbox_from_template({}, t.options)));
  CHECK(run(t.io, t.mock.get_sandbox({}, t.options)));
  CHECK(run(t.io, t.mock.list_sandboxes({}, t.options)));
  CHECK(run(t.io, t.mock.delete_sandbox({}, t.options)));
  CHECK(run(t.io, t.mock.purge_sandboxes({}, t.options)));
  CHECK(run(t.io, t.mock.exec({}, t.options)));
  CHECK(run(t.io, t.mock.read_file({}, t.options)));
  CHECK(run(t.io, t.mock.write_file({}, t.options)));
  CHECK(t.mock.calls().size() == 9);
}

TEST_CASE("mock: matchers look at commands, sandboxes and tags") {
  mock_test t;
  auto const answer = [](int code) {
    wire::ExecResponse response{};
    response.exit_code = code;
    return response;
  };
  ALLOW_CALL(*t.mock, exec(_, _)).RETURN(answer(0));
  ALLOW_CALL(*t.mock, exec(cw::command_starts_with("git"), _)).RETURN(answer(1));
  ALLOW_CALL(*t.mock, exec(cw::command_is("git", std::string{"status"}), _)).RETURN(answer(2));
  CHECK(t.exec({"ls"})->exit_code == 0);
  CHECK(t.exec({})->exit_code == 0);
  CHECK(t.exec({"git", "log"})->exit_code == 1);
  CHECK(t.exec({"git", "status", "-s"})->exit_code == 1);
  CHECK(t.exec({"git", "status"})->exit_code == 2);

  wire::Sandbox other{};
  other.sandbox_id = "other";
  ALLOW_CALL(*t.mock, get_sandbox(!cw::for_sandbox("sb-1"), _)).RETURN(other);
  ALLOW_CALL(*t.mock, get_sandbox(cw::for_sandbox("sb-1"), _)).RETURN(wire::Sandbox{});
  CHECK(t.get("sb-1")->sandbox_id.empty());
  CHECK(t.get("sb-2")->sandbox_id == "other");

  ALLOW_CALL(*t.mock, create_sandbox(_, _)).RETURN(other);
  ALLOW_CALL(*t.mock, create_sandbox(cw::tagged("red"), _)).RETURN(wire::Sandbox{});
  auto create = [&](wire::CreateSandboxRequest request) {
    return run(t.io, t.mock.create_sandbox(std::move(request), t.options))->sandbox_id;
  };
  CHECK(create({}) == "other");
  CHECK(create(create_request({"blue"})) == "other");
  CHECK(create(create_request({"blue", "red"})).empty());
}

TEST_CASE("mock: a mismatch says what the matcher wanted") {
  mock_test t;
  violations seen;
  ALLOW_CALL(*t.mock, exec(cw::command_is("python3", "--version"), _)).RETURN(wire::ExecResponse{});
  CHECK_FALSE(t.exec({"python2"}));
  REQUIRE(seen.all().size() == 1);
  CHECK_THAT(seen.all()[0], ContainsSubstring("has the command \"python3\" \"--version\""));
  CHECK_THAT(seen.all()[0], ContainsSubstring("command: [\"python2\"]"));
}

TEST_CASE("mock: latency is virtual time and no sleep of the program") {
  mock_test t;
  ALLOW_CALL(*t.mock, get_sandbox(_, _)).RETURN(wire::Sandbox{});
  t.mock.set_latency("get_sandbox", 20s);
  CHECK(t.get());
  CHECK(t.mock.clock()->elapsed() == 20s);
  CHECK(t.mock.clock()->sleeps().empty());
  CHECK(t.mock.history()[0].time == 0s);
  CHECK(t.mock.get_time_source()->now() == t.mock.clock()->now());
}

TEST_CASE("mock: a call that gets no answer ends when it is cancelled") {
  mock_test t;
  REQUIRE_CALL(*t.mock, get_sandbox(_, _)).RETURN(wire::Sandbox{});
  t.mock.set_latency("get_sandbox", cw::mock_transport::never);
  cw::outcome<wire::Sandbox> result;
  auto const call = [&]() -> asio::awaitable<void> {
    wire::GetSandboxRequest const request{};
    result = co_await t.mock.get_sandbox(request, t.options);
  };
  asio::cancellation_signal cancel;
  asio::co_spawn(t.io, call(),
                 asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  t.io.poll();
  CHECK(t.mock.count("get_sandbox") == 1);
  cancel.emit(asio::cancellation_type::terminal);
  t.io.run();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == cw::error_kind::rpc);
  CHECK(result.error().code() == cw::status_code::cancelled);
}

TEST_CASE("mock: many threads may call at once") {
  asio::thread_pool pool{4};
  cw::mock_transport const mock{pool.get_executor()};
  ALLOW_CALL(*mock, get_sandbox(_, _)).RETURN(wire::Sandbox{});
  mock.set_latency("get_sandbox", 1ms);
  auto const call = [&]() -> asio::awaitable<bool> {
    cw::call_options const options{};
    wire::GetSandboxRequest const request{};
    auto const result = co_await mock.get_sandbox(request, options);
    co_return result.has_value();
  };
  std::vector<std::future<bool>> results;
  for (int i = 0; i < 100; ++i) results.push_back(asio::co_spawn(pool, call(), asio::use_future));
  for (auto& result : results) CHECK(result.get());
  CHECK(mock.count("get_sandbox") == 100);
}

TEST_CASE("mock: on the background thread unless an executor is given") {
  cw::mock_transport const mock;
  CHECK(mock.get_executor() == cw::background_executor());
  asio::io_context io;
  CHECK(cw::mock_transport{io.get_executor()}.get_executor() ==
        asio::any_io_executor{io.get_executor()});
}

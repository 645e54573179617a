// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The calls that remote functions make, on a transport without streams; and their rules without any call.

#include <cwsandbox/function.hpp>

#include "support/mock_service.hpp"
#include "support/unary_transport.hpp"
#include "unit/mock_support.hpp"

#include <limits>

using namespace test;
using namespace std::chrono_literals;

namespace {

namespace detail = cwsandbox::detail;

int twice(int n) { return 2 * n; }
int same_name_a(int n) { return n; }
int same_name_b(int n) { return n; }

}  // namespace

CWSANDBOX_REMOTE(twice);

namespace {

detail::native_registration const first = detail::register_native("same_name", &same_name_a);
detail::native_registration const second = detail::register_native("same_name", &same_name_b);

// What must run before anything else of this file is registered as entered.
bool const entered = !cw::remote_main(0, nullptr).has_value();

wire::ExecResponse ended(std::int32_t code, std::string err = {}, std::string out = {}) {
  wire::ExecResponse response{};
  response.exit_code = code;
  response.stderr_ = std::move(err);
  response.stdout_ = std::move(out);
  return response;
}

wire::ReadFileResponse holding(std::string content) {
  wire::ReadFileResponse response{};
  response.content = std::move(content);
  return response;
}

cw::error no_such_file() { return refused(status_code::not_found, "CWSANDBOX_FILE_NOT_FOUND"); }

std::vector<std::string> calls_of(cw::mock_transport const& mock) {
  std::vector<std::string> names;
  for (auto const& call : mock.history())
    if (call.rpc != "get_sandbox") names.push_back(call.rpc);
  return names;
}

using session_type = cw::basic_session<unary_transport>;
std::vector<std::string> const whole_life{"create_sandbox", "write_file", "exec", "read_file",
                                          "delete_sandbox"};

}  // namespace

TEST_CASE("a call starts, writes, runs, reads and stops", "[functions]") {
  REQUIRE(entered);
  world w;
  w->writes = {wire::WriteFileResponse{}};
  w->unary_execs = {ended(0)};
  w->reads = {holding("{\"result\": 5}")};
  session_type session{unary_transport{w.mock}};
  auto const add = session.function<int(int, int)>(
      "add", "def add(x, y): return x + y",
      {.temp_dir = "/work/", .closure_variables = {{"base", "[1, 2]"}}});
  CHECK(calls_of(w.mock).empty());
  auto const sum = w.get(add.remote(2, 3));
  REQUIRE(sum);
  CHECK(*sum == 5);
  CHECK(calls_of(w.mock) == whole_life);

  auto const payload = w.mock.requests<wire::WriteFileRequest>().front();
  CHECK(payload.content ==
        R"({"source":"def add(x, y): return x + y","name":"add","closure_vars":{"base":[1,2]},)"
        R"("args":[2,3],"kwargs":{}})");
  CHECK(payload.path.starts_with("/work/sandbox_payload_"));
  CHECK(payload.path.ends_with(".json"));
  auto const id = payload.path.substr(22, payload.path.size() - 27);
  CHECK(id.size() == 32);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  auto const exec = w.mock.requests<wire::ExecRequest>().front();
  REQUIRE(exec.command.size() == 5);
  CHECK(exec.command[0] == "python");
  CHECK(exec.command[1] == "-c");
  CHECK(exec.command[2].find("/work") == std::string::npos);
  CHECK(exec.command[3] == payload.path);
  CHECK(exec.command[4] == "/work/sandbox_result_" + id + ".json");
  CHECK(w.mock.requests<wire::ReadFileRequest>().front().path == exec.command[4]);
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("no call is made for arguments that cannot be encoded", "[functions]") {
  world w;
  session_type session{unary_transport{w.mock}};
  auto const f = session.function<int(double, cw::keyword<"k", double>)>("f", "x");
  double const nan = std::numeric_limits<double>::quiet_NaN();
  try {
    (void)f.remote(1, nan);
    FAIL("NaN was taken");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "kwargs['k']");
  }
  auto const calls = f.map({{nan, 1.0}});
  REQUIRE(calls.size() == 1);
  CHECK(w.failure(calls[0]) == error_kind::invalid_argument);
  CHECK(w.mock.history().empty());
}

TEST_CASE("the sandbox is stopped whatever failed", "[functions]") {
  struct row {
    char const* what;
    std::vector<std::string> calls;
    error_kind kind;
  };
  for (auto const& [what, calls, kind] :
       {row{"write", {"create_sandbox", "write_file", "delete_sandbox"}, error_kind::file},
        row{"exec", {"create_sandbox", "write_file", "exec", "delete_sandbox"},
            error_kind::authentication},
        row{"read", whole_life, error_kind::file},
        row{"missing", whole_life, error_kind::execution},
        row{"unreadable", whole_life, error_kind::execution},
        row{"wrong type", whole_life, error_kind::execution},
        row{"async", whole_life, error_kind::async_function},
        row{"raised", whole_life, error_kind::execution}}) {
    CAPTURE(what);
    std::string const failing = what;
    world w;
    auto const denied = refused(status_code::permission_denied, "CWSANDBOX_FILE_PERMISSION_DENIED");
    w->writes = {wire::WriteFileResponse{}};
    w->unary_execs = {ended(failing == "raised" ? 1 : 0)};
    w->reads = {holding("{\"result\": 5}")};
    if (failing == "write") w->writes = {denied};
    if (failing == "exec") w->unary_execs = {cw::rpc_error(status_code::unauthenticated, "no")};
    if (failing == "read") w->reads = {denied};
    if (failing == "missing") w->reads = {no_such_file()};
    if (failing == "unreadable") w->reads = {holding("{\"result\": ")};
    if (failing == "wrong type") w->reads = {holding("{\"result\": true}")};
    if (failing == "async") w->reads = {holding("{\"async\": true}")};
    if (failing == "raised")
      w->reads = {holding(R"({"type":"Oops","message":"m","traceback":"t"})")};
    session_type session{unary_transport{w.mock}};
    auto const f = session.function<int()>("f", "x");
    CHECK(w.failure(f.remote()) == kind);
    CHECK(calls_of(w.mock) == calls);
    CHECK(session.sandbox_count() == 0);
  }
}

TEST_CASE("a call that is cancelled on the mock stops its sandbox", "[functions]") {
  world w;
  w.mock.set_latency("exec", cw::virtual_clock::duration::max());
  w->writes = {wire::WriteFileResponse{}};
  w->unary_execs = {ended(0)};
  session_type session{unary_transport{w.mock}};
  auto const op = session.function<int()>("f", "x").remote();
  while (calls_of(w.mock).size() < 3) {
    w.io.restart();
    REQUIRE(w.io.poll_one() != 0);
  }
  CHECK(op.cancel());
  CHECK(w.failure(op) == error_kind::cancelled);
  w.settle();
  CHECK(calls_of(w.mock).back() == "delete_sandbox");
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("a folder that is not there is made", "[functions]") {
  world w;
  w->writes = {no_such_file(), wire::WriteFileResponse{}};
  w->unary_execs = {ended(0)};
  w->reads = {holding("{\"result\": null}")};
  session_type session{unary_transport{w.mock}};
  CHECK(w.get(session.function<void()>("f", "x", {.temp_dir = "/no/such"}).remote()));
  CHECK(calls_of(w.mock) == names{"create_sandbox", "write_file", "exec", "write_file", "exec",
                                  "read_file", "delete_sandbox"});
  CHECK(w.mock.requests<wire::ExecRequest>().front().command == names{"mkdir", "-p", "/no/such"});
}

TEST_CASE("a failed call carries what the command printed", "[functions]") {
  world w;
  w->writes = {wire::WriteFileResponse{}};
  w->unary_execs = {ended(1, "noise\nEXCEPTION:first\nTraceback:\n  ValueError: indented\n"
                             "json.JSONDecodeError: last: one\n", "printed")};
  w->reads = {no_such_file()};
  session_type session{unary_transport{w.mock}};
  auto const result = w.get(session.function<int()>("f", "x").remote());
  REQUIRE_FALSE(result);
  auto const& d = result.error().details();
  CHECK(d.message == "Function 'f' execution failed in sandbox: last: one");
  CHECK(d.exception_type == "JSONDecodeError");
  CHECK(d.exception_message == "last: one");
  CHECK(d.sandbox_id == "sb-1");
  REQUIRE(d.exec_result);
  CHECK(d.exec_result->out == "printed");
}

TEST_CASE("a native function goes with its program", "[functions]") {
  world w;
  auto const program = detail::this_program().value();
  w->writes = {wire::WriteFileResponse{}};
  w->unary_execs = {ended(0, {}, program->machine + "\nyes\n"), ended(0)};
  w->reads = {holding("{\"result\": 42}")};
  session_type session{unary_transport{w.mock}};
  auto const f = session.function(twice);
  CHECK(f.local(4) == 8);
  CHECK(*w.get(f.remote(21)) == 42);
  CHECK(calls_of(w.mock) == names{"create_sandbox", "exec", "write_file", "write_file", "exec",
                                  "read_file", "delete_sandbox"});
  auto const writes = w.mock.requests<wire::WriteFileRequest>();
  CHECK(writes[0].content == program->content);
  CHECK(writes[1].content == R"({"name":"twice","args":[21],"kwargs":{}})");
  auto const run = w.mock.requests<wire::ExecRequest>().back();
  REQUIRE(run.command.size() == 8);
  CHECK(run.command[0] == "/bin/sh");
  CHECK(run.command[4] == writes[0].path);
  CHECK(run.command[5] == "--cwsandbox-remote-function");
  CHECK(run.command[6] == writes[1].path);
}

TEST_CASE("a sandbox that the program does not fit into is refused in words", "[functions]") {
  auto const program = detail::this_program().value();
  REQUIRE_FALSE(program->loader.empty());
  struct row {
    wire::ExecResponse check;
    wire::ExecResponse run;
    std::string words;
  };
  for (auto const& [check, run, words] :
       {row{ended(0, {}, "riscv128\nyes\n"), {}, "its architecture is riscv128, this program's is "},
        row{ended(0, {}, program->machine + "\nno\n"), {}, "it has no " + program->loader},
        row{ended(127, "no sh"), {}, "takes /bin/sh and uname: no sh"},
        row{ended(0, {}, program->machine + "\nyes\n"),
            ended(1, "p: /lib/libc.so.6: version `GLIBC_2.99' not found\n"),
            "is older than this program needs"},
        row{ended(0, {}, program->machine + "\nyes\n"),
            ended(127, "p: error while loading shared libraries: libx.so.1: cannot open\n"),
            "lacks a shared library that this program needs: p: error"}}) {
    CAPTURE(words);
    world w;
    w->writes = {wire::WriteFileResponse{}};
    w->unary_execs = {check, run};
    w->reads = {no_such_file()};
    session_type session{unary_transport{w.mock}};
    auto const result = w.get(session.function(twice).remote(1));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::function);
    CHECK(result.error().message().starts_with("Function 'twice' cannot run in this sandbox: "));
    CHECK(result.error().message().find(words) != std::string::npos);
    CHECK(calls_of(w.mock).back() == "delete_sandbox");
  }
}

TEST_CASE("functions that share a name are refused", "[functions]") {
  world w;
  session_type session{unary_transport{w.mock}};
  CHECK_THROWS_WITH(session.function(same_name_a), "several functions are registered as same_name");
}

TEST_CASE("the marker lines are read as the contract says", "[functions]") {
  struct row {
    char const* err;
    char const* type;
    char const* message;
  };
  for (auto const& [err, type, message] :
       {row{"", "", ""}, row{"just text\n", "", ""}, row{"EXCEPTION:bad\n", "", "bad"},
        row{"EXCEPTION:bad", "", "bad"}, row{"ValueError: bad\r\n", "ValueError", "bad"},
        row{"a.b.OopsException: x: y\n", "OopsException", "x: y"},
        row{" ValueError: indented\n", "", ""}, row{"Not An Error: x\n", "", ""},
        row{"ValueError: a\nEXCEPTION:b\n", "ValueError", "b"},
        row{"EXCEPTION:b\nValueError: a\n", "ValueError", "a"},
        row{"RESULT_SERIALIZATION_ERROR:TypeError:no set\n", "TypeError",
            "return value is not JSON-serializable: no set"},
        row{"RESULT_SERIALIZATION_ERROR:TypeError:\n", "TypeError",
            "return value is not JSON-serializable"},
        row{"RESULT_SERIALIZATION_ERROR:TypeError\n", "TypeError",
            "return value is not JSON-serializable"}}) {
    CAPTURE(err);
    auto const found = detail::read_function_markers(err);
    CHECK(found.type == type);
    CHECK(found.message == message);
  }
}

TEST_CASE("an asynchronous definition is seen in the source", "[functions]") {
  CHECK(detail::defines_async_function("async def f(): pass", "f"));
  CHECK(detail::defines_async_function("async  def\tf (x):\n  pass\n", "f"));
  CHECK(detail::defines_async_function("def f(): pass\nasync def f(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("async def f(): pass\ndef f(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("async def ff(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("async def g(): pass\ndef f(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("  async def f(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("asyncdef f(): pass", "f"));
  CHECK_FALSE(detail::defines_async_function("", "f"));
}

TEST_CASE("outcomes are read as they were written", "[functions]") {
  using state = detail::function_outcome::state;
  detail::function_outcome failure{};
  failure.what = state::failure;
  failure.type = "a::b";
  failure.message = "line\n\"quoted\"";
  auto const back = detail::read_function_outcome(detail::write_function_outcome(failure));
  CHECK(back.what == state::failure);
  CHECK(back.type == failure.type);
  CHECK(back.message == failure.message);
  CHECK(back.traceback.empty());
  for (auto const* text : {"", "5", "{}", "{\"result\":", "{\"message\":\"m\"}", "{\"type\":1}"}) {
    CAPTURE(text);
    CHECK(detail::read_function_outcome(text).what == state::unreadable);
  }
}

TEST_CASE("the loader of an ELF file is found and nonsense is refused", "[functions]") {
  auto const program = detail::this_program().value();
  CHECK(program->loader.starts_with('/'));
  CHECK(detail::elf_loader(program->content) == program->loader);
  CHECK_FALSE(detail::elf_loader(""));
  CHECK_FALSE(detail::elf_loader("#!/bin/sh\n exit 0 and more"));
  for (std::size_t const length : {16u, 40u, 64u, 100u})
    CHECK_FALSE(detail::elf_loader(std::string_view{program->content}.substr(0, length)));
}

TEST_CASE("a program that is started as a remote function ends with its code", "[functions]") {
  char const* const ordinary[] = {"program", "argument"};
  CHECK_FALSE(cw::remote_main(2, ordinary));
  char const* const broken[] = {"program", "--cwsandbox-remote-function", "/no/such", "/no/such"};
  CHECK(cw::remote_main(4, broken) == 1);
  CHECK(cw::remote_main(2, broken) == 1);
}

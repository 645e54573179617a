// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Remote functions on the local engine. The native ones send this very program to the sandbox.

#include <cwsandbox/cwsandbox.hpp>
#include <cwsandbox/function.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

#include <unistd.h>

namespace function_test {

struct range {
  int low = 0;
  int high = 0;
  std::optional<std::string> unit{};
};

struct summary {
  int count = 0;
  range bounds{};
  std::map<std::string, std::vector<int>> groups{};
};

summary summarize(std::vector<int> const& numbers, std::map<std::string, int> names) {
  summary out;
  out.count = static_cast<int>(numbers.size());
  for (int const n : numbers) {
    out.bounds.low = std::min(out.bounds.low, n);
    out.bounds.high = std::max(out.bounds.high, n);
  }
  for (auto const& [name, n] : names) out.groups[name].assign(2, n);
  out.bounds.unit = "m";
  return out;
}

struct odd_number : std::runtime_error {
  using std::runtime_error::runtime_error;
};

int halve(int number) {
  std::fprintf(stderr, "halving %d\n", number);
  if (number % 2 != 0) throw odd_number{"no half of " + std::to_string(number)};
  return number / 2;
}

void throw_a_number() { throw 7; }
double nan_of(double) { return std::numeric_limits<double>::quiet_NaN(); }
int process_id() { return static_cast<int>(::getpid()); }
void vanish(int code) { std::_Exit(code); }
int unregistered(int n) { return n; }
int also_unregistered(int n) { return n + 1; }

}  // namespace function_test

CWSANDBOX_FIELDS(function_test::range, low, high, unit);
CWSANDBOX_FIELDS(function_test::summary, count, bounds, groups);
CWSANDBOX_REMOTE(function_test::summarize);
CWSANDBOX_REMOTE(function_test::halve);
CWSANDBOX_REMOTE(function_test::throw_a_number);
CWSANDBOX_REMOTE(function_test::nan_of);
CWSANDBOX_REMOTE(function_test::process_id);
CWSANDBOX_REMOTE(function_test::vanish);

namespace {

namespace cw = cwsandbox;
using namespace std::chrono_literals;

// The main of the tests is not ours: a copy of them that runs inside of a sandbox must end before it.
bool enter_remote() {
  std::ifstream file{"/proc/self/cmdline"};
  std::string const words{std::istreambuf_iterator<char>{file}, {}};
  std::vector<char const*> argv;
  for (std::size_t at = 0; at < words.size(); at += std::char_traits<char>::length(&words[at]) + 1)
    argv.push_back(&words[at]);
  if (auto const code = cw::remote_main(static_cast<int>(argv.size()), argv.data())) std::exit(*code);
  return true;
}
bool const entered = enter_remote();

cw::local_transport engine() {
  static cw::local_transport const shared;
  return shared;
}

// The error of a call that must fail.
template <class R>
cw::error failure_of(cw::operation<R> const& op) {
  auto const result = op.outcome();
  REQUIRE_FALSE(result);
  return result.error();
}

std::size_t running(std::string const& tag) {
  return cw::local_sandbox::list(engine(), {.tags = {tag}}).result().size();
}

TEST_CASE("a function from source is called with its arguments") {
  cw::basic_session session{engine(), cw::SandboxDefaults{.tags = {"function-add"}}};
  auto const add = session.function<int(int, int)>("add", "def add(x, y):\n    return x + y\n");
  CHECK(add.name() == "add");
  CHECK(add.remote(2, 3).result() == 5);
  CHECK(session.sandbox_count() == 0);
  CHECK(running("function-add") == 0);
  CHECK(session.get_metrics().at("cwsandbox/sandboxes_created") == 1);
}

TEST_CASE("map gives the operations in the order of the input") {
  cw::basic_session session{engine(), cw::SandboxDefaults{.tags = {"function-map"}}};
  auto const add = session.function<int(int, int)>("add", "def add(x, y):\n    return x + y\n");
  auto const sums = add.map({{1, 2}, {3, 4}, {5, 6}});
  REQUIRE(sums.size() == 3);
  CHECK(cw::results(sums) == std::vector<int>{3, 7, 11});
  CHECK(session.sandbox_count() == 0);
  CHECK(running("function-map") == 0);
  CHECK(session.get_metrics().at("cwsandbox/sandboxes_created") == 3);
  CHECK(add.map({}).empty());
}

TEST_CASE("one failing call of a map leaves the others alone") {
  cw::basic_session session{engine()};
  auto const invert = session.function<double(double)>("invert", "def invert(x): return 1 / x");
  double const nan = std::numeric_limits<double>::quiet_NaN();
  auto const calls = invert.map({{2.0}, {0.0}, {nan}, {4.0}});
  REQUIRE(calls.size() == 4);
  CHECK(calls[0].result() == 0.5);
  CHECK(failure_of(calls[1]).details().exception_type == "ZeroDivisionError");
  CHECK(failure_of(calls[2]).kind() == cw::error_kind::invalid_argument);
  CHECK(failure_of(calls[2]).details().subject == "args[0]");
  CHECK(calls[3].result() == 0.25);
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("what a function raises arrives with type, message and traceback") {
  cw::basic_session session{engine()};
  auto const fail = session.function<int(int)>("fail",
                                               "import sys\n"
                                               "def fail(x):\n"
                                               "    print('about to fail', file=sys.stderr)\n"
                                               "    raise ValueError('bad ' + str(x))\n");
  try {
    fail.remote(7).result();
    FAIL("the function did not fail");
  } catch (cw::SandboxExecutionError const& e) {
    CHECK(e.exception_type() == "ValueError");
    CHECK(e.exception_message() == "bad 7");
    CHECK(std::string{e.what()} == "Function 'fail' execution failed in sandbox: bad 7");
    CHECK(e.traceback().find("line 4, in fail") != std::string::npos);
    CHECK(e.traceback().find("raise ValueError('bad ' + str(x))") != std::string::npos);
    CHECK(e.traceback().find("in call") == std::string::npos);  // the runner's own
    REQUIRE(e.has_result());
    CHECK(e.result().exit_code == 1);
    CHECK(e.result().err == "about to fail\n");
    CHECK_FALSE(e.sandbox_id().empty());
  }
}

TEST_CASE("exceptions of every name keep type and message") {
  cw::basic_session session{engine()};
  struct row {
    char const* source;
    char const* type;
    char const* message;
  };
  for (auto const& [source, type, message] :
       {row{"class Oops(Exception): pass\ndef f(): raise Oops('a\\nb')", "Oops", "a\nb"},
        row{"def f(): raise KeyboardInterrupt()", "KeyboardInterrupt", ""},
        row{"import sys\ndef f(): sys.exit(3)", "SystemExit", "3"},
        row{"def f(): raise ValueError('caf\\u00e9 \\ud800')", "ValueError", "caf\xc3\xa9 ?"},
        row{"def f(:\n", "SyntaxError", nullptr},
        row{"raise RuntimeError('at the top')", "RuntimeError", "at the top"},
        row{"g = 1", "NameError", "the source does not define 'f'"},
        row{"f = 1", "TypeError", "'int' object is not callable"}}) {
    CAPTURE(source);
    auto const e = failure_of(session.function<int()>("f", source).remote());
    CHECK(e.kind() == cw::error_kind::execution);
    CHECK(e.details().exception_type == type);
    if (message != nullptr) CHECK(e.details().exception_message == message);
    REQUIRE(e.details().exec_result);
    CHECK(e.details().exec_result->exit_code == 1);
  }
}

TEST_CASE("what user code prints cannot pretend to be a failure or a result") {
  cw::basic_session session{engine()};
  std::string const lies =
      "import sys\n"
      "def f(fails):\n"
      "    print('EXCEPTION:made up', file=sys.stderr)\n"
      "    print('FakeError: made up', file=sys.stderr)\n"
      "    print('RESULT_SERIALIZATION_ERROR:Fake:made up', file=sys.stderr)\n"
      "    print('{\"result\": 9}')\n"
      "    if fails: raise KeyError('real')\n"
      "    return 1\n";
  auto const f = session.function<int(bool)>("f", lies);
  CHECK(f.remote(false).result() == 1);
  auto const e = failure_of(f.remote(true));
  CHECK(e.details().exception_type == "KeyError");
  CHECK(e.details().exception_message == "'real'");
  CHECK(e.details().exec_result->out == "{\"result\": 9}\n");
}

TEST_CASE("results that are not JSON are refused in the sandbox") {
  cw::basic_session session{engine()};
  struct row {
    char const* value;
    char const* type;
    char const* message;
  };
  for (auto const& [value, type, message] :
       {row{"{1, 2}", "TypeError",
            "return value is not JSON-serializable: Object of type set is not JSON serializable"},
        row{"b'x'", "TypeError", "return value is not JSON-serializable"},
        row{"float('nan')", "ValueError", "return value is not JSON-serializable"},
        row{"[float('inf')]", "ValueError", "return value is not JSON-serializable"},
        row{"{'a': [{1: 2}]}", "TypeError",
            "return value is not JSON-serializable: keys must be text: result['a'][0] (key 1 has "
            "type int)"}}) {
    CAPTURE(value);
    auto const source = std::string{"def f(): return "} + value;
    auto const e = failure_of(session.function<cw::json()>("f", source).remote());
    CHECK(e.details().exception_type == type);
    CHECK(e.details().exception_message.starts_with(message));
    CHECK(e.details().exec_result->exit_code == 1);
  }
}

TEST_CASE("numbers arrive as they were sent, or not at all") {
  cw::basic_session session{engine()};
  using limits = std::numeric_limits<std::int64_t>;
  using both = std::tuple<std::int64_t, std::int64_t>;
  auto const same = session.function<both(std::int64_t, std::int64_t)>(
      "same", "def same(a, b):\n    assert a == -2**63 and b == 2**63 - 1\n    return a, b\n");
  CHECK(same.remote(limits::min(), limits::max()).result() == both{limits::min(), limits::max()});

  auto const kind = session.function<std::string(double)>("kind", "def kind(x): return repr(x)");
  CHECK(kind.remote(5).result() == "5.0");
  CHECK(kind.remote(0.1).result() == "0.1");

  auto const huge = session.function<std::int64_t()>("huge", "def huge(): return 2**64");
  auto const e = failure_of(huge.remote());
  CHECK(e.kind() == cw::error_kind::execution);
  CHECK(e.message().find("18446744073709551616 does not fit into 64 bits") != std::string::npos);
  auto const list = session.function<std::vector<std::int8_t>()>("f", "def f(): return [1, 200]");
  CHECK(failure_of(list.remote()).message() ==
        "Function 'f' returned what its signature does not say: result[1]: 200 does not fit into 8 "
        "bits");
  auto const text = session.function<int()>("f", "def f(): return '1'");
  CHECK(failure_of(text.remote()).message().find("\"1\" must be an integer") != std::string::npos);
}

TEST_CASE("arguments that JSON cannot hold are refused before any call") {
  cw::basic_session session{engine()};
  auto const f = session.function<int(std::map<std::string, std::vector<double>>)>(
      "f", "def f(x): return 1");
  try {
    (void)f.remote({{"a", {1, std::numeric_limits<double>::infinity()}}});
    FAIL("infinity was taken");
  } catch (cw::invalid_argument const& e) {
    CHECK(e.field() == "args[0]['a'][1]");
    CHECK(std::string{e.what()} ==
          "Function arguments are not JSON-serializable: args[0]['a'][1]: JSON has no infinity");
  }
  CHECK(session.sandbox_count() == 0);
  CHECK(session.get_metrics().at("cwsandbox/sandboxes_created") == 0);
}

TEST_CASE("nested values, keyword arguments and closure variables reach the function") {
  cw::basic_session session{engine()};
  using nested = std::map<std::string, std::vector<std::map<std::string, std::optional<bool>>>>;
  auto const echo = session.function<nested(nested)>("echo", "def echo(x): return x");
  nested const value{{"a", {{{"b", true}, {"c", {}}}, {}}}, {"\xc3\xa9 \"", {}}};
  CHECK(echo.remote(value).result() == value);

  auto const scale = session.function<double(double, cw::keyword<"by", double>)>(
      "scale", "def scale(x, *, by=1): return x * by + offset['n'][0]",
      {.closure_variables = {{"offset", cw::value_to_json(std::map<std::string, std::vector<int>>{
                                            {"n", {100}}})}}});
  CHECK(scale.remote(2.5, 4.0).result() == 110.0);
  auto const all = scale.map({{1.0, 2.0}, {2.0, 3.0}});
  CHECK(cw::results(all) == std::vector<double>{102.0, 106.0});

  auto const nothing = session.function<void(std::string)>("f", "def f(x): assert x == 'a'");
  nothing.remote("a").result();
  CHECK(failure_of(nothing.remote("b")).details().exception_type == "AssertionError");
}

TEST_CASE("the options of the sandbox hold for every call") {
  cw::basic_session session{engine(), cw::SandboxDefaults{.environment_variables = {{"A", "1"}, {"B", "2"}}}};
  using texts = std::vector<std::string>;
  auto const f = session.function<texts()>(
      "f",
      "import os, sys\n"
      "def f():\n"
      "    return [os.environ['A'], os.environ['B'], open('/data/file').read(), *sys.argv]\n",
      {.temp_dir = "/var/tmp/deep/er", .mounted_files = {{"/data/file", "content"}},
       .environment_variables = {{"B", "3"}}});
  auto const op = f.remote();
  auto const result = op.outcome();
  if (result)
    CHECK(*result == texts{"1", "3", "content", "-c"});
  else
    FAIL(result.error().message());
}

TEST_CASE("an image without the interpreter ends with exit code 127") {
  cw::basic_session session{engine()};
  auto const f = session.function<int()>("f", "def f(): return 1", {.interpreter = {"no-python", "-c"}});
  try {
    f.remote().result();
    FAIL("there was an interpreter");
  } catch (cw::SandboxExecutionError const& e) {
    CHECK(e.result().exit_code == 127);
    CHECK(e.exception_type().empty());
    CHECK(std::string{e.what()}.starts_with("Function 'f' execution failed in sandbox: "));
  }
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("another interpreter runs with a runner of its own") {
  cw::basic_session session{engine()};
  auto const f = session.function<std::string(std::string)>(
      "main", "echo", {.interpreter = {"/bin/sh", "-c"},
                       .runner = "grep -q '\"args\":\\[\"hello\"\\]' \"$0\" && "
                                 "echo '{\"result\": \"from sh\"}' >\"$1\""});
  CHECK(f.remote("hello").result() == "from sh");
  auto const e = failure_of(f.remote("other"));
  CHECK(e.message() ==
        "Function 'main' execution failed in sandbox: it ended with exit code 1 and left no result");
}

TEST_CASE("a runner that writes no outcome is read by its marker lines") {
  cw::basic_session session{engine()};
  auto const e = failure_of(session
                                .function<int()>("f", "source",
                                                 {.interpreter = {"/bin/sh", "-c"},
                                                  .runner = "echo 'noise' >&2; "
                                                            "echo 'EXCEPTION:first' >&2; "
                                                            "echo 'ValueError: second' >&2; exit 1"})
                                .remote());
  CHECK(e.details().exception_type == "ValueError");
  CHECK(e.details().exception_message == "second");
}

TEST_CASE("asynchronous functions are refused, when they are made or when they are called") {
  cw::basic_session session{engine()};
  CHECK_THROWS_AS(session.function<int()>("f", "async def f():\n    return 1\n"), cw::AsyncFunctionError);
  auto const hidden = session.function<int()>("f", "async def g():\n    return 1\nf = g\n");
  CHECK_THROWS_AS(hidden.remote().result(), cw::AsyncFunctionError);
  auto const indirect =
      session.function<int()>("f", "async def g():\n    return 1\ndef f():\n    return g()\n");
  CHECK_THROWS_AS(indirect.remote().result(), cw::AsyncFunctionError);
  auto const other = session.function<int()>(
      "f", "async def g(): pass\nasync def f(): pass\ndef f():\n    return 2\n");
  CHECK(other.remote().result() == 2);
}

TEST_CASE("bad input is refused when the function is made") {
  cw::basic_session session{engine()};
  auto const field_of = [](auto make) -> std::string {
    try {
      (void)make();
    } catch (cw::invalid_argument const& e) {
      return e.field();
    }
    return "(taken)";
  };
  CHECK(field_of([&] { return session.function<int()>("", "def f(): pass"); }) == "name");
  CHECK(field_of([&] { return session.function<int()>("f", ""); }) == "source");
  CHECK(field_of([&] {
          return session.function<int()>("f", "x", {.closure_variables = {{"a", "[1"}}});
        }) == "closure_variables['a']");
  CHECK(field_of([&] { return session.function<int()>("f", "x", {.temp_dir = "tmp"}); }) == "temp_dir");
  CHECK(field_of([&] {
          return session.function(function_test::halve, {.runner = "x"});
        }) == "runner");
  CHECK(field_of([&] { return session.function(function_test::unregistered); }) == "function");
  CHECK(function_test::also_unregistered(1) == 2);
}

TEST_CASE("a cancelled call stops its sandbox") {
  cw::basic_session session{engine(), cw::SandboxDefaults{.tags = {"function-cancel"}}};
  auto const wait = session.function<int()>(
      "wait", "import time\ndef wait():\n    print('waiting', flush=True)\n    time.sleep(600)\n");
  auto const op = wait.remote();
  auto const deadline = std::chrono::steady_clock::now() + 30s;
  while (running("function-cancel") == 0 && std::chrono::steady_clock::now() < deadline)
    ::usleep(1000);
  CHECK(op.cancel());
  CHECK_THROWS_AS(op.result(), cw::operation_cancelled);
  while (session.sandbox_count() != 0 && std::chrono::steady_clock::now() < deadline) ::usleep(1000);
  CHECK(session.sandbox_count() == 0);
  CHECK(running("function-cancel") == 0);
}

TEST_CASE("a function outlives its session but cannot be called then") {
  std::optional<cw::local_session> session{std::in_place, engine()};
  auto const f = session->function<int()>("f", "def f(): return 1");
  session.reset();
  CHECK_THROWS_AS(f.remote(), cw::SandboxError);
}

TEST_CASE("a native function runs in a copy of this program") {
  cw::basic_session session{engine()};
  auto const f = session.function(function_test::summarize);
  auto const here = f.local({3, -1, 7}, {{"a", 1}});
  auto const there = f.remote({3, -1, 7}, {{"a", 1}}).result();
  for (auto const& s : {here, there}) {
    CHECK(s.count == 3);
    CHECK(s.bounds.low == -1);
    CHECK(s.bounds.high == 7);
    CHECK(s.bounds.unit == "m");
    CHECK(s.groups.at("a") == std::vector<int>{1, 1});
  }
  CHECK(session.function(function_test::process_id).remote().result() != ::getpid());
  CHECK(session.sandbox_count() == 0);
}

TEST_CASE("what a native function throws arrives with type and message") {
  cw::basic_session session{engine()};
  auto const halve = session.function(function_test::halve);
  auto const calls = halve.map({{8}, {3}, {4}});
  CHECK(calls[0].result() == 4);
  auto const e = failure_of(calls[1]);
  CHECK(e.details().exception_type == "function_test::odd_number");
  CHECK(e.details().exception_message == "no half of 3");
  CHECK(e.details().exec_result->err == "halving 3\n");
  CHECK(e.details().exec_result->exit_code == 1);
  CHECK(calls[2].result() == 2);

  auto const other = failure_of(session.function(function_test::throw_a_number).remote());
  CHECK(other.details().exception_type == "int");
  auto const nan = failure_of(session.function(function_test::nan_of).remote(1.0));
  CHECK(nan.details().exception_message == "return value is not JSON-serializable: JSON has no NaN");
  auto const gone = failure_of(session.function(function_test::vanish).remote(9));
  CHECK(gone.details().exec_result->exit_code == 9);
  CHECK(gone.message().ends_with("it ended with exit code 9 and left no result"));
}

TEST_CASE("functions work in coroutines") {
  cw::basic_session session{engine()};
  auto const add = session.function<int(int, int)>("add", "def add(x, y): return x + y");
  asio::io_context io;
  int sum = 0;
  auto const work = [&]() -> asio::awaitable<void> {
    sum = co_await add.remote(20, 22).async();
    co_await session.close().async();
  };
  asio::co_spawn(io, work(), asio::detached);
  io.run();
  CHECK(sum == 42);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Commands: lines 14 to 28 (streams, section 7), streams 1 and 2.

#include "conformance/fixtures.hpp"

using namespace conformance;

namespace {

std::vector<std::string> all_of(cw::stream_items items) {
  std::vector<std::string> all;
  for (auto& item : items) all.push_back(std::move(item));
  return all;
}

}  // namespace

CONFORMANCE_CASE("14 echo prints its words and exits with 0", "[exec][14]", feature::none) {
  auto const result = given.running_sandbox().exec({"echo", "hello"}).result();
  CHECK(result.exit_code == 0);
  CHECK(result.out == "hello\n");
  CHECK(result.err == "");
}

CONFORMANCE_CASE("15 one write of a command is one item", "[exec][15]", feature::exec_stream) {
  auto const process = given.running_sandbox().exec({"echo", "hello"});
  CHECK(all_of(process.out().chunks()) == std::vector<std::string>{"hello\n"});
}

CONFORMANCE_CASE("16 both outputs are kept apart", "[exec][16]", feature::none) {
  auto const process = given.running_sandbox().exec({"sh", "-c", "echo to out; echo to err >&2"});
  CHECK(all_of(process.out().lines()) == std::vector<std::string>{"to out"});
  CHECK(all_of(process.err().lines()) == std::vector<std::string>{"to err"});
  auto const result = process.result();
  CHECK(result.out == "to out\n");
  CHECK(result.err == "to err\n");
}

CONFORMANCE_CASE("17 a checked exit that is not 0 is an error with the result", "[exec][17]",
                 feature::none) {
  auto const process = given.running_sandbox().exec({"sh", "-c", "exit 42"}, {.check = true});
  auto const error = error_of<cw::SandboxExecutionError>([&] { process.result(); });
  CHECK(error.has_result());
  CHECK(error.result().exit_code == 42);
}

CONFORMANCE_CASE("18 a checked failure leaves the output readable", "[exec][18]", feature::none) {
  auto const process = given.running_sandbox().exec({"sh", "-c", "echo a line; exit 42"},
                                                    {.cwd = "/tmp", .check = true});
  CHECK(all_of(process.out().lines()) == std::vector<std::string>{"a line"});
  auto const error = error_of<cw::SandboxExecutionError>([&] { process.result(); });
  CHECK(error.result().exit_code == 42);
  CHECK(error.result().out == "a line\n");
  CHECK(error.result().command == std::vector<std::string>{"sh", "-c", "echo a line; exit 42"});
}

CONFORMANCE_CASE("19 an unchecked exit that is not 0 is a result", "[exec][19]", feature::none) {
  CHECK(given.running_sandbox().exec({"sh", "-c", "exit 1"}).result().exit_code == 1);
}

CONFORMANCE_CASE("20 standard error is in the result", "[exec][20]", feature::none) {
  auto const result = given.running_sandbox().exec({"sh", "-c", "echo oops >&2"}).result();
  CHECK(result.out == "");
  CHECK(result.err == "oops\n");
}

CONFORMANCE_CASE("21 python computes", "[exec][21]", feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const sum = sandbox.exec({"python", "-c", "print(2 + 2)"}).result();
  CHECK(sum.exit_code == 0);
  CHECK(sum.out == "4\n");
  CHECK(sandbox.exec({"python", "--version"}).result().out.starts_with("Python 3."));
}

CONFORMANCE_CASE("22 the exit code is there after the result and not before", "[exec][22]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const endless = sandbox.exec({"sleep", "60"});
  CHECK_FALSE(endless.exit_code());
  CHECK_FALSE(endless.is_done());
  auto const process = sandbox.exec({"true"});
  process.result();
  CHECK(process.exit_code() == 0);
  CHECK(endless.cancel());
}

CONFORMANCE_CASE("23 the exit follows the end of the output", "[exec][23]", feature::none) {
  auto const process = given.running_sandbox().exec({"echo", "hello"});
  (void)all_of(process.out().chunks());
  CHECK(process.result_for(5s).exit_code == 0);
  CHECK(process.poll() == 0);
}

CONFORMANCE_CASE("24 two thousand lines arrive once and in order", "[exec][24]", feature::none) {
  auto const process = given.running_sandbox().exec({"seq", "2000"});
  auto const lines = all_of(process.out().lines());
  REQUIRE(lines.size() == 2000);
  for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i + 1));
}

CONFORMANCE_CASE("25 output is live and writes are not merged", "[exec][25]",
                 feature::exec_stream | feature::processes) {
  auto const script = "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.2; done";
  auto const process = given.running_sandbox().exec({"sh", "-c", script});
  std::vector<std::string> items;
  std::optional<std::chrono::steady_clock::time_point> first;
  double spread = 0;
  for (auto const& item : process.out().chunks()) {
    if (!first) first = std::chrono::steady_clock::now();
    items.push_back(item);
    spread = seconds_since(*first);
  }
  REQUIRE(items.size() == 10);
  for (std::size_t i = 0; i < items.size(); ++i)
    CHECK(items[i] == "line " + std::to_string(i + 1) + "\n");
  CHECK(spread > 1.0);
}

CONFORMANCE_CASE("26 a command may be started before the sandbox runs", "[exec][26]",
                 feature::none) {
  auto sandbox = given.new_sandbox();
  auto const unstarted = sandbox.exec({"echo", "first"});
  auto const again = sandbox.exec({"echo", "second"});
  CHECK(unstarted.result().out == "first\n");
  CHECK(again.result().out == "second\n");
}

CONFORMANCE_CASE("27 two sandboxes keep their outputs apart", "[exec][27]", feature::none) {
  auto& session = given.open_session();
  auto one = session.sandbox();
  auto two = session.sandbox();
  auto const from_one = one.exec({"echo", "I am one"});
  auto const from_two = two.exec({"echo", "I am two"});
  CHECK(from_two.result().out == "I am two\n");
  CHECK(from_one.result().out == "I am one\n");
}

CONFORMANCE_CASE("28 commands at the same time do not mix", "[exec][28]", feature::none) {
  auto sandbox = given.running_sandbox();
  std::vector<cw::process> processes;
  for (int i = 0; i < 10; ++i)
    processes.push_back(sandbox.exec({"sh", "-c", "echo " + std::to_string(i) + "; seq 200"}));
  auto const results = cw::results(processes);
  auto const counted = sandbox.exec({"seq", "200"}).result().out;
  for (std::size_t i = 0; i < results.size(); ++i)
    CHECK(results[i].out == std::to_string(i) + "\n" + counted);
}

CONFORMANCE_CASE("streams 1.2 a working directory is entered first", "[exec][streams]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const result = sandbox.exec({"pwd"}, {.cwd = "/tmp"}).result();
  CHECK(result.out == "/tmp\n");
  CHECK(result.command == std::vector<std::string>{"pwd"});
}

CONFORMANCE_CASE("streams 1.2 a missing working directory is a result", "[exec][streams]",
                 feature::none) {
  auto const result =
      given.running_sandbox().exec({"echo", "ran"}, {.cwd = "/no/such/place"}).result();
  CHECK(result.exit_code != 0);
  CHECK(result.out == "");
  CHECK_FALSE(result.err.empty());
}

CONFORMANCE_CASE("7.2.7 a working directory may have blanks and quotes in its name",
                 "[exec][7.2.7]", feature::processes) {
  auto sandbox = given.running_sandbox();
  std::string const name = "/tmp/a b 'c' \"d\" $e";
  CHECK(sandbox.exec({"mkdir", name}).result().exit_code == 0);
  CHECK(sandbox.exec({"pwd"}, {.cwd = name}).result().out == name + "\n");
}

CONFORMANCE_CASE("streams 1.2 words are not read by a shell", "[exec][streams]", feature::none) {
  auto const word = "$HOME *; `id` 'x' \"y\"";
  CHECK(given.running_sandbox().exec({"echo", word}).result().out == word + std::string{"\n"});
}

CONFORMANCE_CASE("streams 1.2 variables of a command beat those of the sandbox",
                 "[exec][streams]", feature::none) {
  auto sandbox = given.running_sandbox({.environment_variables = {{"A", "1"}, {"B", "2"}}});
  auto const result =
      sandbox.exec({"sh", "-c", "echo \"$A$B$C\""}, {.env = {{"B", "two"}, {"C", "3"}}}).result();
  CHECK(result.out == "1two3\n");
  CHECK(sandbox.exec({"sh", "-c", "echo \"$A$B$C\""}).result().out == "12\n");
}

CONFORMANCE_CASE("streams 1.5 output is kept byte by byte", "[exec][streams]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const code = "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'\\r\\nno newline')";
  std::string expected;
  for (int i = 0; i < 256; ++i) expected += static_cast<char>(i);
  CHECK(sandbox.exec({"python", "-c", code}).result().out == expected + "\r\nno newline");
}

CONFORMANCE_CASE("streams 1.4 a command whose time is up is killed", "[exec][streams]",
                 feature::exec_stream | feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const process = sandbox.exec({"sh", "-c", "echo $$; sleep 1000"}, {.timeout = 100ms});
  auto const pid = process.out().read_line().result().value();
  (void)error_of<cw::SandboxTimeoutError>([&] { process.result_for(20s); });
  CHECK(all_of(process.out().chunks()).empty());
  bool const killed =
      eventually([&] { return sandbox.exec({"kill", "-0", pid}).result().exit_code != 0; });
  CHECK(killed);
}

CONFORMANCE_CASE("streams 1.7 a cancelled command ends its streams and fails its result",
                 "[exec][streams]", feature::exec_stream) {
  auto sandbox = given.running_sandbox();
  auto const process = sandbox.exec({"sh", "-c", "echo started; sleep 1000"});
  CHECK(process.out().read_line().result() == "started");
  CHECK(process.cancel());
  CHECK_FALSE(process.out().read().result());
  CHECK_FALSE(process.err().read().result());
  (void)error_of<cw::operation_cancelled>([&] { process.result(); });
  CHECK_FALSE(process.cancel());
  CHECK(sandbox.exec({"echo", "next"}).result().out == "next\n");
}

CONFORMANCE_CASE("7.2.10 cancelling kills all that the command has started", "[exec][7.2.10]",
                 feature::exec_stream | feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const script = "yes child >/dev/null & echo $!; yes";
  auto const process = sandbox.exec({"sh", "-c", script}, {.max_buffered_bytes = 1024});
  auto const child = process.out().read_line().result().value();
  CHECK(sandbox.exec({"kill", "-0", child}).result().exit_code == 0);
  CHECK(process.cancel());
  CHECK(sandbox.exec({"echo", "next"}).result().out == "next\n");
  bool const killed =
      eventually([&] { return sandbox.exec({"kill", "-0", child}).result().exit_code != 0; });
  CHECK(killed);
}

CONFORMANCE_CASE("streams 1.7 a command that is done cannot be cancelled", "[exec][streams]",
                 feature::none) {
  auto const process = given.running_sandbox().exec({"true"});
  process.result();
  CHECK_FALSE(process.cancel());
  CHECK(process.result().exit_code == 0);
}

CONFORMANCE_CASE("streams 1.3 a sandbox that was stopped takes no commands", "[exec][streams]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.stop().result();
  auto const process = sandbox.exec({"true"});
  (void)error_of<cw::SandboxNotRunningError>([&] { process.result(); });
  CHECK(all_of(process.out().chunks()).empty());
  CHECK(all_of(process.err().chunks()).empty());
}

CONFORMANCE_CASE("streams 1.3 a sandbox that completed takes no commands", "[exec][streams]",
                 feature::none) {
  auto sandbox = given.new_sandbox({.command = "true"});
  sandbox.wait_until_complete().result();
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.exec({"true"}).result(); });
}

CONFORMANCE_CASE("streams 1.6 a command ends with its sandbox", "[exec][streams]",
                 feature::exec_stream | feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const process = sandbox.exec({"sh", "-c", "echo started; sleep 1000"});
  CHECK(process.out().read_line().result() == "started");
  sandbox.stop().result();
  CHECK_FALSE(process.out().read().result());
  auto const end = process.outcome_for(20s);
  // killed with an exit status, or an error: but never a success, and never a hang
  if (end)
    CHECK(end->exit_code != 0);
  else
    CHECK(end.error().kind() != cw::error_kind::wait_timeout);
}

CONFORMANCE_CASE("7.2.9 output that nobody reads holds nothing up", "[exec][7.2.9]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const code =
      "import sys\n"
      "for i in range(128):\n"
      "  sys.stdout.write('x' * 4095 + '\\n'); sys.stdout.flush()\n"
      "sys.stdout.write('y' * 1048576); sys.stdout.flush()\n"
      "sys.stderr.write('done'); sys.exit(3)";
  auto const process = sandbox.exec({"python", "-c", code}, {.max_buffered_bytes = 1024});
  auto const result = process.result_for(30s);
  CHECK(result.exit_code == 3);
  CHECK(result.err == "done");
  CHECK(result.out.size() == 1024);
  CHECK(result.out_truncated);
  CHECK(result.out_bytes_produced == 128 * 4096 + 1048576);
}

CONFORMANCE_CASE("7.2.9 large output arrives complete", "[exec][7.2.9]", feature::processes) {
  auto const code = "import sys; sys.stdout.write('0123456789abcdef' * 524288)";
  auto const result = given.running_sandbox().exec({"python", "-c", code}).result();
  CHECK(result.out.size() == 16U * 524288U);
  CHECK(result.out.ends_with("0123456789abcdef"));
}

CONFORMANCE_CASE("88 commands are counted by how they end", "[exec][88]", feature::none) {
  auto sandbox = given.running_sandbox();
  auto const counters = [&] {
    auto const s = sandbox.exec_stats();
    return std::vector<std::uint64_t>{s.exec_count, s.exec_completed_ok, s.exec_completed_nonzero,
                                      s.exec_failures};
  };
  using numbers = std::vector<std::uint64_t>;
  CHECK(counters() == numbers{0, 0, 0, 0});
  sandbox.exec({"true"}).result();
  CHECK(counters() == numbers{1, 1, 0, 0});
  sandbox.exec({"false"}).result();
  CHECK(counters() == numbers{2, 1, 1, 0});
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Input of commands: lines 29 to 44 (streams, section 7).

#include <cwsandbox/config.hpp>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include "conformance/fixtures.hpp"
#include "conformance/streams.hpp"

using namespace conformance;

CONFORMANCE_CASE("29 a command is ready for input soon", "[stdin][29]", feature::exec_stream) {
  auto const id = given.run_bare();
  auto const start = std::chrono::steady_clock::now();
  exec_steps steps{};
  steps.input.emplace();
  steps.cancel_when = [](exec_transcript const& seen) {
    return seen.template count<wire::ExecStreamReady>() == 1;
  };
  auto const seen = play_exec(given, id, {"cat"}, std::move(steps));
  CHECK(seen.cancelled);
  CHECK(seconds_since(start) < 5.0);
  given.delete_bare(id);
}

CONFORMANCE_CASE("30 a shell runs the script on its input", "[stdin][30]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sh"}, {.open_stdin = true});
  process.in().write("x=6\necho $((x * 7))\n").result();
  process.in().close().result();
  auto const result = process.result();
  CHECK(result.exit_code == 0);
  CHECK(result.out == "42\n");
}

CONFORMANCE_CASE("31 several writes keep order and content", "[stdin][31]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sh"}, {.open_stdin = true});
  for (auto const* part : {"echo o", "ne; ec", "ho two\nfor i in 3 4", "; do echo $i; done\n"})
    process.in().write(part).result();
  process.in().close().result();
  CHECK(process.result().out == "one\ntwo\n3\n4\n");
}

CONFORMANCE_CASE("32 each line of the line helper is a line", "[stdin][32]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sh"}, {.open_stdin = true});
  process.in().writeline("echo first").result();
  process.in().writeline("echo second").result();
  process.in().close().result();
  CHECK(process.result().out == "first\nsecond\n");
}

CONFORMANCE_CASE("33 two hundred kilobytes arrive", "[stdin][33]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"wc", "-c"}, {.open_stdin = true});
  process.in().write(std::string(204800, 'x')).result();
  process.in().close().result();
  CHECK(process.result().out == "204800\n");
}

CONFORMANCE_CASE("34 the end of the input is seen", "[stdin][34]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sort"}, {.open_stdin = true});
  std::string sorted;
  for (int i = 9; i >= 0; --i) {
    process.in().writeline("line " + std::to_string(i)).result();
    sorted.insert(0, "line " + std::to_string(i) + "\n");
  }
  process.in().close().result();
  auto const result = process.result();
  CHECK(result.exit_code == 0);
  CHECK(result.out == sorted);
}

CONFORMANCE_CASE("35 output streams while input goes in", "[stdin][35]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sort"}, {.open_stdin = true});
  auto const reader = process.out();
  for (auto const* line : {"pear", "apple", "fig"}) process.in().writeline(line).result();
  process.in().close().result();
  std::vector<std::string> lines;
  for (auto const& line : reader.lines()) lines.push_back(line);
  CHECK(lines == std::vector<std::string>{"apple", "fig", "pear"});
}

CONFORMANCE_CASE("36 cat gives back exactly what it got", "[stdin][36]", feature::exec_stream) {
  auto const process = given.running_sandbox().exec({"cat"}, {.open_stdin = true});
  process.in().write("hello world").result();
  process.in().close().result();
  auto const result = process.result();
  CHECK(result.exit_code == 0);
  CHECK(result.out == "hello world");
}

CONFORMANCE_CASE("37 three writes are three lines in order", "[stdin][37]",
                 feature::exec_stream) {
  auto const process = given.running_sandbox().exec({"cat"}, {.open_stdin = true});
  for (auto const* line : {"one\n", "two\n", "three\n"}) process.in().write(line).result();
  process.in().close().result();
  CHECK(process.result().out == "one\ntwo\nthree\n");
}

CONFORMANCE_CASE("37 what goes in comes out before the input is closed", "[stdin][37]",
                 feature::exec_stream) {
  auto const process = given.running_sandbox().exec({"cat"}, {.open_stdin = true});
  process.in().writeline("question").result();
  CHECK(process.out().read_line().result() == "question");
  process.in().writeline("another").result();
  CHECK(process.out().read_line().result() == "another");
  process.in().close().result();
  CHECK(process.result().exit_code == 0);
}

CONFORMANCE_CASE("38 bytes of every value arrive unchanged", "[stdin][38]",
                 feature::exec_stream | feature::processes) {
  std::string bytes;
  while (bytes.size() < 1000) bytes += static_cast<char>(bytes.size() % 255 + 1);
  auto const code =
      "import sys; d = sys.stdin.buffer.read(); print(len(d), d == bytes(i % 255 + 1 for i in "
      "range(1000)))";
  auto const process =
      given.running_sandbox().exec({"python", "-c", code}, {.open_stdin = true});
  process.in().write(bytes).result();
  process.in().close().result();
  CHECK(process.result().out == "1000 True\n");
}

CONFORMANCE_CASE("39 closing the input again changes nothing", "[stdin][39]",
                 feature::exec_stream | feature::processes) {
  auto const process = given.running_sandbox().exec({"sh"}, {.open_stdin = true});
  process.in().write("exit 0\n").result();
  for (int i = 0; i < 3; ++i) process.in().close().result();
  CHECK(process.result().exit_code == 0);
  process.in().close().result();
}

CONFORMANCE_CASE("40 a write after the close is an error", "[stdin][40]", feature::exec_stream) {
  auto const process = given.running_sandbox().exec({"cat"}, {.open_stdin = true});
  process.in().close().result();
  CHECK(process.in().closed());
  auto const error =
      error_of<cw::SandboxExecutionError>([&] { process.in().write("late").result(); });
  // the command may have ended meanwhile, which is the other thing that the error may say
  bool const says_why = std::string{error.what()}.find("closed") != std::string::npos ||
                        process.is_done();
  CHECK(says_why);
  CHECK(process.result().out == "");
}

CONFORMANCE_CASE("41 a command without input has none and succeeds", "[stdin][41]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  cw::ExecOptions without_input{};
  without_input.open_stdin = false;
  for (auto const& process :
       {sandbox.exec({"echo", "hello"}), sandbox.exec({"echo", "hello"}, without_input)}) {
    CHECK_FALSE(process.has_input());
    (void)error_of<cw::invalid_argument>([&] { (void)process.in(); });
    CHECK(process.result().out == "hello\n");
  }
}

CONFORMANCE_CASE("41 a command without input reads the end at once", "[stdin][41]",
                 feature::processes) {
  auto const result = given.running_sandbox().exec({"wc", "-c"}).result_for(10s);
  CHECK(result.out == "0\n");
}

CONFORMANCE_CASE("42 a command may exit with its input open", "[stdin][42]",
                 feature::exec_stream) {
  auto const process =
      given.running_sandbox().exec({"sh", "-c", "exit 0"}, {.open_stdin = true});
  CHECK(process.result_for(10s).exit_code == 0);
  (void)error_of<cw::SandboxExecutionError>([&] { process.in().write("late").result(); });
  process.in().close().result();
}

CONFORMANCE_CASE("43 an open input keeps cat waiting", "[stdin][43]", feature::exec_stream) {
  auto const process =
      given.running_sandbox().exec({"cat"}, {.timeout = 2s, .open_stdin = true});
  (void)error_of<cw::wait_timeout>([&] { process.result_for(3s); });
  CHECK_FALSE(process.is_done());
}

namespace {

template <class Session>
asio::awaitable<std::vector<std::string>> in_a_coroutine(Session& session) {
  std::vector<std::string> seen;
  auto sandbox = session.sandbox();
  co_await sandbox.wait().async();
  auto process = sandbox.exec({"cat"}, {.open_stdin = true});
  co_await process.in().write("through ").async();
  co_await process.in().writeline("cat").async();
  auto const line = co_await process.out().read_line().async();
  seen.push_back(line.value_or("(none)"));
  co_await process.in().close().async();
  auto const result = co_await process.async();
  seen.push_back(result.out);
  co_await sandbox.write_file("/tmp/async", "content").async();
  auto content = co_await sandbox.read_file("/tmp/async").async();
  seen.push_back(std::move(content));
  auto const missing = co_await sandbox.read_file("/tmp/missing").async_outcome();
  seen.push_back(missing ? "found" : missing.error().reason());
  co_await sandbox.stop().async();
  co_return seen;
}

}  // namespace

CONFORMANCE_CASE("44 the asynchronous calls behave the same", "[stdin][44]",
                 feature::exec_stream) {
  auto& session = given.open_session();
  auto const seen = await(given.executor(), in_a_coroutine(session));
  CHECK(seen == std::vector<std::string>{"through cat", "through cat\n", "content",
                                         "CWSANDBOX_FILE_NOT_FOUND"});
}

CONFORMANCE_CASE("7.2.12 binary input in small pieces arrives exactly", "[stdin][7.2.12]",
                 feature::exec_stream) {
  std::string bytes;
  while (bytes.size() < 4096) bytes += static_cast<char>(bytes.size() * 7 % 256);
  auto const process = given.running_sandbox().exec({"cat"}, {.open_stdin = true});
  for (std::size_t at = 0; at < bytes.size(); at += 512)
    process.in().write(std::string_view{bytes}.substr(at, 512)).result();
  process.in().close().result();
  CHECK(process.result().out == bytes);
}

CONFORMANCE_CASE("48 twenty megabytes go in and come out", "[stdin][48]",
                 feature::exec_stream | feature::processes) {
  auto sandbox = given.running_sandbox();
  std::string bytes(std::size_t{20} << 20, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  auto const up = sandbox.exec({"sh", "-c", "cat > /tmp/big"}, {.open_stdin = true});
  up.in().write(bytes).result();
  up.in().close().result();
  CHECK(up.result().exit_code == 0);
  auto const down = sandbox.exec({"cat", "/tmp/big"}).result();
  bool const same = down.out == bytes;  // not in the CHECK, which would print it
  CHECK(same);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Terminals: section 3, and line 11 of what clients of other languages add (streams, section 7.2).

#include "conformance/fixtures.hpp"
#include "conformance/streams.hpp"

using namespace conformance;

namespace {

constexpr feature terminals = feature::exec_stream | feature::terminal;

// A program that shows itself in a list of processes by a number of its own.
constexpr auto sleeps_for = "98765";

// What comes until the text was seen; all of it when the session ends first.
std::string read_until(cw::stream_reader const& output, std::string const& text) {
  std::string seen;
  while (seen.find(text) == std::string::npos) {
    auto const piece = output.read().result_for(30s);
    if (!piece) break;
    seen += *piece;
  }
  return seen;
}

std::string read_all(cw::stream_reader const& output) {
  std::string all;
  for (auto const& piece : output.chunks()) all += piece;
  return all;
}

std::size_t count_of(std::string const& text, std::string const& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

template <class Sandbox>
bool runs(Sandbox const& sandbox, std::string const& argument) {
  auto const script = "for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f 2>/dev/null; echo; "
                      "done | grep -q '^sleep " + argument + "'";
  return sandbox.exec({"sh", "-c", script}).result().exit_code == 0;
}

}  // namespace

CONFORMANCE_CASE("7.2.11 lines typed and closed before the shell reads are run",
                 "[terminal][7.2.11]", terminals) {
  // a line editor may take the terminal over between the typing and the reading
  for (auto const* program : {"/bin/sh", "/bin/bash"}) {
    CAPTURE(program);
    auto const terminal = given.running_sandbox().shell({program}, {.width = 80, .height = 24});
    terminal.in().writeline("echo one-$((40 + 2))").result();
    terminal.in().writeline("echo two-$((50 + 5))").result();
    terminal.in().close().result();
    auto const shown = read_all(terminal.output());
    CAPTURE(shown);
    auto const result = terminal.result_for(30s);
    CHECK(result.exit_code == 0);
    CHECK(result.command == std::vector<std::string>{program});
    CHECK(count_of(shown, "echo one-$((40 + 2))") >= 1);  // the echo
    CHECK(count_of(shown, "one-42\r\n") == 1);
    CHECK(count_of(shown, "two-55\r\n") == 1);
  }
}

CONFORMANCE_CASE("3 a terminal ends at once when its input is closed unused", "[terminal]",
                 terminals) {
  auto const terminal = given.running_sandbox().shell({"/bin/sh"});
  terminal.in().close().result();
  (void)read_all(terminal.output());
  CHECK(terminal.result_for(30s).exit_code == 0);
}

CONFORMANCE_CASE("3 the command goes on after its input was closed", "[terminal]", terminals) {
  auto const terminal = given.running_sandbox().shell(
      {"sh", "-c", "cat > /dev/null; sleep 0.3; echo still here; exit 3"});
  terminal.in().close().result();
  CHECK(count_of(read_all(terminal.output()), "still here\r\n") == 1);
  CHECK(terminal.wait() == 3);
}

CONFORMANCE_CASE("3 the input may end in the middle of a line", "[terminal]", terminals) {
  auto const terminal =
      given.running_sandbox().shell({"sh", "-c", "stty -echo; echo go; cat; exit 4"});
  auto const output = terminal.output();
  CHECK(read_until(output, "go\r\n") == "go\r\n");
  terminal.in().write("no end").result();
  terminal.in().close().result();
  CHECK(read_all(output) == "no end");
  CHECK(terminal.wait() == 4);
}

CONFORMANCE_CASE("3 an end that was typed ahead reaches a program that edits lines", "[terminal]",
                 terminals) {
  // whoever leaves the canonical mode with an end of file unread reads it as a NUL
  auto sandbox = given.running_sandbox();
  auto const script =
      "echo go; while [ ! -e /tmp/go ]; do sleep 0.02; done; stty -icanon min 1 time 0 -echo; "
      "while c=$(head -c 1 | od -An -tx1); do [ \"$c\" = ' 04' ] && exit 5; done";
  auto const terminal = sandbox.shell({"sh", "-c", script});
  auto const output = terminal.output();
  CHECK(read_until(output, "go\r\n") == "go\r\n");
  terminal.in().close().result();
  sandbox.write_file("/tmp/go", "").result();
  (void)read_all(output);
  CHECK(terminal.result_for(30s).exit_code == 5);
}

CONFORMANCE_CASE("3 all three descriptors are a terminal", "[terminal]", terminals) {
  auto const terminal = given.running_sandbox().shell(
      {"sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo out && echo err >&2"});
  CHECK(read_all(terminal.output()) == "out\r\nerr\r\n");
  CHECK(terminal.wait() == 0);
}

CONFORMANCE_CASE("3 a terminal has the size that was asked for", "[terminal]", terminals) {
  auto sandbox = given.running_sandbox();
  auto const sized = sandbox.shell({"stty", "size"}, {.width = 123, .height = 45});
  CHECK(read_all(sized.output()) == "45 123\r\n");
  auto const plain = sandbox.shell({"stty", "size"});
  CHECK(read_all(plain.output()) == "24 80\r\n");
}

CONFORMANCE_CASE("3 a resize is seen, and told to the program", "[terminal]", terminals) {
  auto const script =
      "trap 'stty size; exit 6' WINCH; echo go; while :; do sleep 0.05; done";
  auto const terminal =
      given.running_sandbox().shell({"sh", "-c", script}, {.width = 80, .height = 24});
  auto const output = terminal.output();
  CHECK(read_until(output, "go\r\n") == "go\r\n");
  terminal.resize(100, 30);
  CHECK(read_all(output) == "30 100\r\n");
  CHECK(terminal.wait() == 6);
  (void)error_of<cw::SandboxExecutionError>([&] { terminal.resize(1, 1); });
}

CONFORMANCE_CASE("3 a size given before the session is ready is not lost", "[terminal]",
                 terminals) {
  // the second size may arrive behind the line
  auto const script = "read line; until [ \"$(stty size)\" = '21 91' ]; do sleep 0.01; done; echo seen";
  auto const terminal =
      given.running_sandbox().shell({"sh", "-c", script}, {.width = 80, .height = 24});
  terminal.resize(90, 20);
  terminal.resize(91, 21);
  terminal.in().writeline("").result();
  CHECK(count_of(read_all(terminal.output()), "seen\r\n") == 1);
  CHECK(terminal.wait() == 0);
}

CONFORMANCE_CASE("3 the exit status of a session", "[terminal]", terminals) {
  auto sandbox = given.running_sandbox();
  struct row {
    char const* script;
    int code;
  };
  for (auto const& row : {row{"exit 0", 0}, row{"exit 42", 42}, row{"kill -KILL $$", 137}}) {
    CAPTURE(row.script);
    auto const terminal = sandbox.shell({"sh", "-c", row.script});
    (void)read_all(terminal.output());
    CHECK(terminal.wait() == row.code);
    CHECK(terminal.poll() == row.code);
  }
  auto const missing = sandbox.shell({"/no/such/program"});
  (void)read_all(missing.output());
  CHECK(missing.wait() == 127);
}

CONFORMANCE_CASE("3 an interrupt that is typed reaches the program", "[terminal]", terminals) {
  auto const terminal = given.running_sandbox().shell({"sh", "-c", "echo go; exec sleep 60"});
  auto const output = terminal.output();
  CHECK(read_until(output, "go\r\n") == "go\r\n");
  terminal.in().write("\x03").result();
  (void)read_all(output);
  CHECK(terminal.result_for(30s).exit_code == 130);
}

CONFORMANCE_CASE("3 bytes of every value pass a raw terminal unchanged", "[terminal]", terminals) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i % 256);
  auto const terminal = given.running_sandbox().shell(
      {"sh", "-c", "stty raw -echo; printf go; exec head -c 4096"});
  auto const output = terminal.output();
  CHECK(read_until(output, "go") == "go");
  terminal.in().write(bytes).result();
  auto const seen = read_all(output);
  bool const same = seen == bytes;  // not in the CHECK, which would print it
  CHECK(same);
  CHECK(terminal.wait() == 0);
}

CONFORMANCE_CASE("3 much output arrives complete and in order", "[terminal]", terminals) {
  auto const terminal = given.running_sandbox().shell({"seq", "100000"});
  std::string expected;
  for (int i = 1; i <= 100000; ++i) expected += std::to_string(i) + "\r\n";
  bool const same = read_all(terminal.output()) == expected;
  CHECK(same);
  CHECK(terminal.wait() == 0);
}

CONFORMANCE_CASE("3 closing the output kills what runs on the terminal", "[terminal]", terminals) {
  auto sandbox = given.running_sandbox();
  auto const terminal = sandbox.shell({"/bin/sh"});
  terminal.in().writeline(std::string{"sleep "} + sleeps_for).result();
  REQUIRE(eventually([&] { return runs(sandbox, sleeps_for); }));
  terminal.output().close();
  (void)error_of<cw::operation_cancelled>([&] { (void)terminal.result(); });
  CHECK(eventually([&] { return !runs(sandbox, sleeps_for); }));
  CHECK(sandbox.exec({"true"}).result().exit_code == 0);
}

CONFORMANCE_CASE("3 sessions of one sandbox do not mix", "[terminal]", terminals) {
  auto sandbox = given.running_sandbox();
  auto const first = sandbox.shell({"cat"});
  auto const second = sandbox.shell({"cat"});
  first.in().writeline("first").result();
  second.in().writeline("second").result();
  first.in().close().result();
  second.in().close().result();
  CHECK(read_all(first.output()) == "first\r\nfirst\r\n");
  CHECK(read_all(second.output()) == "second\r\nsecond\r\n");
}

CONFORMANCE_CASE("3 a shell in a sandbox that has ended", "[terminal]", terminals) {
  auto sandbox = given.running_sandbox();
  sandbox.stop().result();
  auto const terminal = sandbox.shell();
  (void)error_of<cw::SandboxNotRunningError>([&] { (void)terminal.output().read().result(); });
  CHECK_FALSE(terminal.output().read().result());
  (void)error_of<cw::SandboxNotRunningError>([&] { (void)terminal.wait(); });
}

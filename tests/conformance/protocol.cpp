// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Exec streams message by message, and the unary exec: 7.1.1 to 7.1.8, 7.2.8 and 7.2.11 (streams, section 7).

#include "conformance/fixtures.hpp"
#include "conformance/streams.hpp"

using namespace conformance;

namespace {

constexpr feature real_streams = feature::exec_stream | feature::processes;

wire::ExecRequest exec_request(std::string id, std::vector<std::string> command) {
  wire::ExecRequest request{};
  request.sandbox_id = std::move(id);
  request.command = std::move(command);
  return request;
}

}  // namespace

CONFORMANCE_CASE("7.1.1 ready comes once and before the output", "[protocol][7.1.1]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  auto const seen = play_exec(given, id, {"echo", "hello"});
  CHECK_FALSE(seen.failure);
  CHECK(seen.template count<wire::ExecStreamReady>() == 1);
  CHECK(seen.template first<wire::ExecStreamReady>() <
        seen.template first<wire::ExecStreamOutput>());
  CHECK(seen.out() == "hello\n");
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.2 the exit comes once, last, and with status OK", "[protocol][7.1.2]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  for (int i = 0; i < 10; ++i) {
    auto const seen = play_exec(given, id, {"sh", "-c", "seq 3000; echo err >&2; exit 4"});
    CHECK_FALSE(seen.failure);
    CHECK(seen.template count<wire::ExecStreamExit>() == 1);
    CHECK(seen.template count<wire::ExecStreamError>() == 0);
    CHECK(seen.exit_code() == 4);
    CHECK(seen.out().ends_with("\n2999\n3000\n"));
    CHECK(seen.err() == "err\n");
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.2 output that is written just before the exit is not lost",
                 "[protocol][7.1.2]", real_streams) {
  auto const id = given.run_bare();
  auto const script = "head -c 300000 /dev/zero; echo tail >&2";
  for (int i = 0; i < 5; ++i) {
    auto const seen = play_exec(given, id, {"sh", "-c", script});
    CHECK(seen.out().size() == 300000);
    CHECK(seen.err() == "tail\n");
    CHECK(seen.exit_code() == 0);
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.3 an empty command is an invalid argument", "[protocol][7.1.3]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  auto const seen = play_exec(given, id, {});
  REQUIRE(seen.failure);
  CHECK(seen.failure->code() == cw::status_code::invalid_argument);
  auto const unary = given.call(&scenario<Fixture>::transport::exec, exec_request(id, {}));
  REQUIRE_FALSE(unary);
  CHECK(unary.error().code() == cw::status_code::invalid_argument);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.5 input after the close is ignored", "[protocol][7.1.5]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  exec_steps steps{};
  steps.input = {"first\n"};
  // the mock's cat would give it back; here it matters that it does no harm
  if constexpr ((Fixture::provides - feature::processes) != Fixture::provides)
    steps.late_input = "late\n";
  auto const seen = play_exec(given, id, {"cat"}, std::move(steps));
  CHECK_FALSE(seen.failure);
  CHECK(seen.out() == "first\n");
  CHECK(seen.exit_code() == 0);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.5 input for a command that has ended is ignored", "[protocol][7.1.5]",
                 real_streams) {
  auto const id = given.run_bare();
  exec_steps steps{};
  steps.input = std::vector<std::string>(4, std::string(16000, 'x'));
  auto const seen = play_exec(given, id, {"true"}, std::move(steps));
  CHECK_FALSE(seen.failure);
  CHECK(seen.exit_code() == 0);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.5 a resize without a terminal is ignored", "[protocol][7.1.5]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  exec_steps steps{};
  steps.input = {"still here"};
  steps.resize = true;
  auto const seen = play_exec(given, id, {"cat"}, std::move(steps));
  CHECK_FALSE(seen.failure);
  CHECK(seen.out() == "still here");
  CHECK(seen.exit_code() == 0);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.6 a command that is not found ends with 127", "[protocol][7.1.6]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  CHECK(sandbox.exec({"no-such-command-here"}).result_for(20s).exit_code == 127);
}

CONFORMANCE_CASE("7.1.6 a file that is not executable ends with 126", "[protocol][7.1.6]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  sandbox.write_file("/tmp/plain", "no program").result();
  CHECK(sandbox.exec({"chmod", "644", "/tmp/plain"}).result().exit_code == 0);
  CHECK(sandbox.exec({"/tmp/plain"}).result_for(20s).exit_code == 126);
  CHECK(sandbox.exec({"/tmp"}).result_for(20s).exit_code == 126);
}

CONFORMANCE_CASE("7.1.6 a signal is 128 and its number", "[protocol][7.1.6]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  CHECK(sandbox.exec({"sh", "-c", "kill -9 $$"}).result().exit_code == 137);
  CHECK(sandbox.exec({"sh", "-c", "kill -15 $$"}).result().exit_code == 143);
}

CONFORMANCE_CASE("7.1.7 output frames are small", "[protocol][7.1.7]", real_streams) {
  auto const id = given.run_bare();
  auto const seen = play_exec(given, id, {"head", "-c", "1000000", "/dev/zero"});
  std::size_t total = 0;
  for (auto const& message : seen.messages) {
    auto const* output = std::get_if<wire::ExecStreamOutput>(&message.message);
    if (output == nullptr) continue;
    CHECK(output->data.size() <= 1048576);
    total += output->data.size();
  }
  CHECK(total == 1000000);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.8 a reader that is slow loses nothing", "[protocol][7.1.8]", real_streams) {
  auto sandbox = given.running_sandbox();
  auto const process = sandbox.exec({"seq", "300000"}, {.max_buffered_bytes = 4096});
  auto const reader = process.out();
  int expected = 0;
  bool in_order = true;
  for (auto const& line : reader.lines()) in_order = in_order && line == std::to_string(++expected);
  CHECK(in_order);
  CHECK(expected == 300000);
  CHECK(process.result().exit_code == 0);
}

CONFORMANCE_CASE("streams 1.1 half-closing is not cancelling", "[protocol][streams]",
                 real_streams) {
  auto const id = given.run_bare();
  auto const seen = play_exec(given, id, {"sh", "-c", "cat; sleep 0.2; echo done"});
  CHECK_FALSE(seen.failure);
  CHECK(seen.out() == "done\n");
  CHECK(seen.exit_code() == 0);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.8 the unary exec keeps the outputs apart", "[protocol][7.2.8]",
                 feature::none) {
  auto const id = given.run_bare();
  auto const script = "echo to out; echo to err >&2; exit 7";
  auto const both = given.call(&scenario<Fixture>::transport::exec,
                               exec_request(id, {"sh", "-c", script}))
                        .value();
  CHECK(both.exit_code == 7);
  CHECK(both.stdout_ == "to out\n");
  CHECK(both.stderr_ == "to err\n");
  CHECK_FALSE(both.stdout_truncated);
  CHECK(both.stdout_bytes_produced == 7);
  auto const quiet =
      given.call(&scenario<Fixture>::transport::exec, exec_request(id, {"true"})).value();
  CHECK(quiet.exit_code == 0);
  CHECK(quiet.stdout_ == "");
  CHECK(quiet.stderr_ == "");
  given.delete_bare(id);
}

CONFORMANCE_CASE("streams 6 the unary exec cuts output and says so", "[protocol][streams]",
                 feature::processes) {
  auto const id = given.run_bare();
  auto request = exec_request(id, {"sh", "-c", "head -c 5000 /dev/zero; echo short >&2; exit 2"});
  request.max_output_bytes = 100;
  auto const cut = given.call(&scenario<Fixture>::transport::exec, request).value();
  CHECK(cut.exit_code == 2);
  CHECK(cut.stdout_.size() == 100);
  CHECK(cut.stdout_truncated);
  CHECK(cut.stdout_bytes_produced == 5000);
  CHECK(cut.stderr_ == "short\n");
  CHECK_FALSE(cut.stderr_truncated);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.11 a terminal runs the lines that were typed before its input closed",
                 "[protocol][7.2.11]", real_streams | feature::terminal) {
  auto const id = given.run_bare();
  wire::ExecStreamInit init{};
  init.sandbox_id = id;
  init.command = {"/bin/sh"};
  init.tty = true;
  init.tty_width = 80;
  init.tty_height = 24;
  exec_steps steps{};
  steps.input = {"echo first $((40 + 2))\n", "stty size\n"};
  auto const seen =
      await(given.executor(), play_exec(given.service(), std::move(init), std::move(steps)));
  CHECK_FALSE(seen.failure);
  std::string text;
  for (auto const& message : seen.messages)
    if (auto const* output = std::get_if<wire::ExecStreamOutput>(&message.message))
      text += output->data;
  CHECK_THAT(text, ContainsSubstring("echo first $((40 + 2))"));
  CHECK_THAT(text, ContainsSubstring("first 42"));
  CHECK_THAT(text, ContainsSubstring("24 80"));
  CHECK(seen.exit_code() == 0);
  given.delete_bare(id);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Logs as a sandbox gives them: lines 53 to 61 and 7.2.15 to 7.2.19 (streams, section 7) through stream_logs.

#include <cwsandbox/transport/fault_injecting.hpp>

#include "conformance/fixtures.hpp"

using namespace conformance;

namespace {

constexpr feature live_logs = feature::log_stream | feature::processes;
constexpr auto counter = "i=0; while :; do i=$((i + 1)); echo counter=$i; sleep 0.05; done";
constexpr auto three_lines = "echo one; echo two; echo three; sleep 1000";

using texts = std::vector<std::string>;

// So many lines, or fewer when the log ends.
texts read_lines(cw::log_reader const& reader, std::size_t count) {
  texts lines;
  while (lines.size() < count) {
    auto line = reader.read_line().result_for(30s);
    if (!line) break;
    lines.push_back(*std::move(line));
  }
  return lines;
}

// A sandbox whose main process is a script, once that has written so many lines.
template <class Fixture>
auto printing(scenario<Fixture>& given, std::string const& script, std::size_t lines) {
  auto sandbox = given.running_sandbox({.command = "sh", .args = {"-c", script}});
  CHECK(read_lines(sandbox.stream_logs({.follow = true}), lines).size() == lines);
  return sandbox;
}

// The sandbox on a transport whose log streams break after some messages, again and again.
template <class Fixture>
auto on_bad_line(scenario<Fixture>& given, std::string const& id, cw::fault_plan const& plan) {
  cw::fault_injecting<typename Fixture::transport> bad{given.service(), plan};
  auto sandbox = cw::basic_sandbox<decltype(bad)>::from_id(bad, id).result();
  return sandbox;
}

}  // namespace

CONFORMANCE_CASE("53 the log of a silent sandbox has no lines", "[log_reader][53]",
                 feature::log_stream) {
  auto const sandbox = given.running_sandbox({.command = "sleep", .args = {"infinity"}});
  CHECK(read_lines(sandbox.stream_logs({.tail_lines = 10}), 1).empty());
}

CONFORMANCE_CASE("54 and 7.2.19 a followed log is live", "[log_reader][54]", live_logs) {
  auto const sandbox = given.new_sandbox({.command = "sh", .args = {"-c", counter}});
  auto const reader = sandbox.stream_logs({.follow = true});  // which starts it
  CHECK(read_lines(reader, 3) == texts{"counter=1\n", "counter=2\n", "counter=3\n"});
  REQUIRE(reader.resume_point());
  CHECK(reader.resume_point()->offset == 30);
}

CONFORMANCE_CASE("57 a place that the service does not know is an error", "[log_reader][57]",
                 live_logs) {
  auto const sandbox = given.running_sandbox();
  auto const reader =
      sandbox.stream_logs({.follow = true, .resume = cw::LogResume{"no-such-session", 10}});
  auto const e = error_of<cw::SandboxError>([&] { (void)reader.read_line().result(); });
  CHECK(e.reason() == "SESSION_NOT_FOUND");
}

CONFORMANCE_CASE("58 and 59 a followed log survives broken connections", "[log_reader][58][59]",
                 live_logs) {
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", counter}});
  cw::fault_plan plan;
  for (std::size_t n = 1; n <= 3; ++n)
    plan.interrupt(cw::rpc_method::stream_logs, 5, {.nth = n, .times = 1});
  auto const other = on_bad_line(given, sandbox.id().value(), plan);
  auto const lines = read_lines(other.stream_logs({.follow = true}), 60);
  REQUIRE(lines.size() == 60);
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(lines[i] == "counter=" + std::to_string(i + 1) + '\n');
  CHECK(plan.injected(cw::rpc_method::stream_logs) == 3);
}

CONFORMANCE_CASE("60 lines keep their times when the connection breaks", "[log_reader][60]",
                 live_logs) {
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", counter}});
  cw::fault_plan plan;
  plan.interrupt(cw::rpc_method::stream_logs, 4);
  auto const other = on_bad_line(given, sandbox.id().value(), plan);
  auto const lines = read_lines(other.stream_logs({.follow = true, .timestamps = true}), 25);
  REQUIRE(lines.size() == 25);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(lines[i]);
    auto const blank = lines[i].find(' ');
    REQUIRE(blank != std::string::npos);
    CHECK(blank >= 20);
    CHECK(lines[i][10] == 'T');
    CHECK(lines[i].substr(blank + 1) == "counter=" + std::to_string(i + 1) + '\n');
  }
  CHECK(plan.injected(cw::rpc_method::stream_logs) == 1);
}

CONFORMANCE_CASE("58 a reader goes on where another one was", "[log_reader][58]", live_logs) {
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", counter}});
  std::optional<cw::LogResume> place;
  int next = 1;
  for (int i = 0; i < 3; ++i) {
    cw::LogOptions options{.follow = true};
    if (place) options.resume = *place;
    auto const reader = sandbox.stream_logs(options);
    for (auto const& line : read_lines(reader, 2))
      CHECK(line == "counter=" + std::to_string(next++) + '\n');
    place = reader.resume_point();
    REQUIRE(place);
  }
  CHECK(next == 7);
}

CONFORMANCE_CASE("61 and 7.2.19 a log is opened and closed over and over",
                 "[log_reader][61][7.2.19]", live_logs) {
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", counter}});
  for (int i = 0; i < 10; ++i) {
    auto const reader = sandbox.stream_logs({.follow = true});
    CHECK(read_lines(reader, 1) == texts{"counter=1\n"});
    auto const pending = reader.read_all();
    reader.close();
    CHECK(pending.result_for(30s).empty());
  }
}

CONFORMANCE_CASE("7.2.15 and 7.2.16 the last lines of the main process alone",
                 "[log_reader][7.2.15][7.2.16]", feature::log_stream) {
  auto const sandbox = printing(given, three_lines, 3);
  CHECK(sandbox.exec({"echo", "from an exec"}).result().exit_code == 0);
  CHECK(sandbox.stream_logs({.tail_lines = 2}).read_all().result() == "two\nthree\n");
  CHECK(sandbox.stream_logs({.tail_lines = 0}).read_all().result() == "one\ntwo\nthree\n");
  CHECK(sandbox.stream_logs().read_all().result() == "one\ntwo\nthree\n");
}

CONFORMANCE_CASE("7.2.15 the last of a thousand lines", "[log_reader][7.2.15]",
                 feature::log_stream) {
  auto const sandbox = printing(given, "seq 1000; sleep 1000", 1000);
  texts lines;
  for (auto const& line : sandbox.stream_logs({.tail_lines = 25}).lines()) lines.push_back(line);
  REQUIRE(lines.size() == 25);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i] == std::to_string(976 + i) + '\n');
}

CONFORMANCE_CASE("7.2.17 entries say where the log stands", "[log_reader][7.2.17]",
                 feature::log_stream) {
  auto const sandbox = printing(given, three_lines, 3);
  for (bool const timestamps : {false, true}) {
    std::uint64_t offset = 0;
    for (auto const& entry : sandbox.stream_logs({.timestamps = timestamps}).entries()) {
      CHECK_FALSE(entry.session_id.empty());
      offset += entry.data.size();
      CHECK(entry.next_offset == offset);
    }
    CHECK(offset >= 14);
  }
}

CONFORMANCE_CASE("7.2.18 a very long line is one line to its reader", "[log_reader][7.2.18]",
                 live_logs) {
  auto const script = "echo first; head -c 400000 /dev/zero | tr '\\0' x; echo; sleep 1000";
  auto const sandbox = printing(given, script, 2);
  auto const lines = read_lines(sandbox.stream_logs({.tail_lines = 1}), 2);
  REQUIRE(lines.size() == 1);
  bool const intact = lines.front() == std::string(400000, 'x') + '\n';
  CHECK(intact);
}

CONFORMANCE_CASE("7.2.18 a line that is longer than lines may be can be read in pieces",
                 "[log_reader][7.2.18]", live_logs) {
  auto const script =
      "echo first; head -c 1200000 /dev/zero | tr '\\0' x; echo; echo last; sleep 1000";
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", script}});
  auto const reader = sandbox.stream_logs({.follow = true});
  CHECK(read_lines(reader, 1) == texts{"first\n"});
  auto const e = error_of<cw::SandboxStreamTruncatedError>([&] { (void)read_lines(reader, 1); });
  CHECK(e.stream_code() == "STREAM_TRUNCATED");
  std::string all;
  auto const pieces = sandbox.stream_logs({.follow = true});
  while (!all.ends_with("last\n")) {
    auto piece = pieces.read().result_for(30s);
    REQUIRE(piece);
    all += piece->data;
  }
  CHECK(all.size() == 6 + 1200001 + 5);
}

CONFORMANCE_CASE("7.1.13 and 20 a followed log ends with its main process", "[log_reader][7.1.13]",
                 live_logs) {
  auto const sandbox = given.running_sandbox(
      {.command = "sh",
       .args = {"-c", "echo first; until test -e /tmp/go; do sleep 0.02; done; printf last"}});
  auto const reader = sandbox.stream_logs({.follow = true});
  CHECK(read_lines(reader, 1) == texts{"first\n"});
  sandbox.write_file("/tmp/go", "").result();
  CHECK(read_lines(reader, 5) == texts{"last"});
  CHECK_FALSE(reader.read_line().result());
  sandbox.wait_until_complete().result();
  CHECK_THROWS_AS(sandbox.stream_logs({.follow = true}).read_line().result(),
                  cw::SandboxNotRunningError);
}

CONFORMANCE_CASE("a stop ends a followed log in order", "[log_reader]", live_logs) {
  auto const sandbox = given.running_sandbox({.command = "sh", .args = {"-c", three_lines}});
  auto const reader = sandbox.stream_logs({.follow = true});
  CHECK(read_lines(reader, 3).size() == 3);
  auto const rest = reader.read_all();
  sandbox.stop({.graceful_shutdown = 0s}).result();
  CHECK(rest.result_for(30s).empty());
}

CONFORMANCE_CASE("7.2.19 a followed log gives each of many lines once", "[log_reader][7.2.19]",
                 live_logs) {
  auto const sandbox =
      given.running_sandbox({.command = "sh", .args = {"-c", "sleep 0.1; seq 20000; sleep 1000"}});
  auto const lines = read_lines(sandbox.stream_logs({.follow = true}), 20000);
  REQUIRE(lines.size() == 20000);
  for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i + 1) + '\n');
}

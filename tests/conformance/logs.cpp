// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Log streams: lines 53 to 61, 7.1.11, 7.1.13 and 7.2.15 to 7.2.19 (streams, section 7), as a transport gives them.

#include <cwsandbox/config.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "conformance/fixtures.hpp"
#include "conformance/streams.hpp"

using namespace conformance;

namespace {

constexpr feature live_logs = feature::log_stream | feature::processes;
constexpr auto counter = "i=0; while :; do i=$((i + 1)); echo counter=$i; sleep 0.05; done";
constexpr auto three_lines = "echo one; echo two; echo three; sleep 1000";

wire::StreamLogsRequest logs_of(std::string id) {
  wire::StreamLogsRequest request{};
  request.sandbox_id = std::move(id);
  return request;
}

wire::StreamLogsRequest resume_after(log_transcript const& seen, std::string id) {
  auto request = logs_of(std::move(id));
  request.follow = true;
  request.resume_log_session_id = seen.entries.back().log_session_id;
  request.resume_log_offset = seen.entries.back().next_log_offset;
  return request;
}

// The number in `counter=N`, wherever the line begins.
int number_in(std::string const& line) {
  auto const at = line.find("counter=");
  return at == std::string::npos ? -1 : std::atoi(line.c_str() + at + 8);
}

// Runs a script as the main command and waits until so many lines are in the log.
template <class Fixture>
std::string run_printing(scenario<Fixture>& given, std::string const& script, std::size_t lines) {
  auto const id = given.run_bare({"sh", "-c", script});
  auto request = logs_of(id);
  request.follow = true;
  REQUIRE_FALSE(read_logs(given, std::move(request), whole_lines(lines)).failure);
  return id;
}

}  // namespace

CONFORMANCE_CASE("53 the log of a silent command ends by itself without lines", "[logs][53]",
                 feature::log_stream) {
  auto const id = given.run_bare();
  auto request = logs_of(id);
  request.tail_lines = 10;
  auto const seen = read_logs(given, std::move(request));
  CHECK(seen.ended);
  CHECK(seen.text() == "");
  CHECK_FALSE(seen.failure);
  given.delete_bare(id);
}

CONFORMANCE_CASE("54 and 55 and 56 a followed log is live and counts its bytes",
                 "[logs][54][55][56]", live_logs) {
  auto const id = given.run_bare({"sh", "-c", counter});
  auto request = logs_of(id);
  request.follow = true;
  auto const seen = read_logs(given, std::move(request), entries(6));
  REQUIRE(seen.entries.size() == 6);
  std::uint64_t offset = 0;
  for (auto const& entry : seen.entries) {
    CHECK_FALSE(entry.log_session_id.empty());
    CHECK(entry.log_session_id == seen.entries.front().log_session_id);
    CHECK_FALSE(entry.data.empty());
    offset += entry.data.size();
    CHECK(entry.next_log_offset == offset);
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("57 an unknown log session is said in the stream", "[logs][57]",
                 feature::log_stream) {
  auto const id = given.run_bare();
  auto request = logs_of(id);
  request.follow = true;
  request.resume_log_session_id = "no-such-session";
  request.resume_log_offset = 10;
  auto const seen = read_logs(given, std::move(request));
  CHECK_FALSE(seen.failure);
  CHECK(seen.ended);
  REQUIRE(seen.entries.size() == 1);
  CHECK(seen.error_code() == "SESSION_NOT_FOUND");
  given.delete_bare(id);
}

CONFORMANCE_CASE("58 and 59 a resumed log goes on where the other one was left",
                 "[logs][58][59]", live_logs) {
  auto const id = given.run_bare({"sh", "-c", counter});
  auto request = logs_of(id);
  request.follow = true;
  auto const first = read_logs(given, std::move(request), entries(3));
  auto const second = read_logs(given, resume_after(first, id), entries(3));
  auto const third = read_logs(given, resume_after(second, id), entries(5));
  auto const text = first.text() + second.text() + third.text();
  log_transcript all{};
  all.entries.emplace_back().data = text;
  auto const lines = all.lines();
  REQUIRE(lines.size() >= 3);
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(lines[i].starts_with("counter=" + std::to_string(i + 1)));
  CHECK(third.entries.front().log_session_id == first.entries.front().log_session_id);
  CHECK(third.entries.back().next_log_offset == text.size());
  given.delete_bare(id);
}

CONFORMANCE_CASE("58 a resume may go back to an earlier offset", "[logs][58]", live_logs) {
  auto const id = run_printing(given, three_lines, 3);
  auto request = logs_of(id);
  request.follow = true;
  auto const first = read_logs(given, std::move(request), whole_lines(3));
  auto again = resume_after(first, id);
  again.resume_log_offset = 2;  // in the middle of a line
  auto const second = read_logs(given, std::move(again), whole_lines(3));
  CHECK(second.text() == first.text().substr(2));
  CHECK(second.entries.back().next_log_offset == first.text().size());
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.11 a resume beyond the end is said in the stream", "[logs][7.1.11]",
                 live_logs) {
  auto const id = run_printing(given, three_lines, 3);
  auto request = logs_of(id);
  request.follow = true;
  auto resume = resume_after(read_logs(given, std::move(request), whole_lines(3)), id);
  resume.resume_log_offset += 1000;
  auto const seen = read_logs(given, std::move(resume), entries(1));
  CHECK(seen.error_code() == "INVALID_RESUME_OFFSET");
  given.delete_bare(id);
}

CONFORMANCE_CASE("60 a resumed log keeps its timestamps", "[logs][60]", live_logs) {
  auto const id = given.run_bare({"sh", "-c", counter});
  auto request = logs_of(id);
  request.follow = true;
  request.timestamps = true;
  auto const first = read_logs(given, std::move(request), entries(3));
  auto const second = read_logs(given, resume_after(first, id), entries(3));
  log_transcript all{};
  all.entries.emplace_back().data = first.text() + second.text();
  auto lines = all.lines();
  REQUIRE(lines.size() >= 4);
  if (lines.back().back() != '\n') lines.pop_back();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    INFO(lines[i]);
    auto const blank = lines[i].find(' ');
    REQUIRE(blank != std::string::npos);
    CHECK(blank >= 20);
    CHECK(lines[i][10] == 'T');
    CHECK(lines[i].substr(blank + 1) == "counter=" + std::to_string(i + 1) + "\n");
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("60 a resume with a form of its own is refused", "[logs][60]", live_logs) {
  auto const id = run_printing(given, three_lines, 3);
  auto request = logs_of(id);
  request.follow = true;
  auto resume = resume_after(read_logs(given, std::move(request), whole_lines(3)), id);
  resume.timestamps = true;
  auto const seen = read_logs(given, std::move(resume), entries(1));
  REQUIRE(seen.failure);
  CHECK(seen.failure->code() == cw::status_code::invalid_argument);
  given.delete_bare(id);
}

CONFORMANCE_CASE("61 a cancelled log call makes room for a new one", "[logs][61][7.2.19]",
                 live_logs) {
  auto const id = given.run_bare({"sh", "-c", counter});
  for (int i = 0; i < 10; ++i) {
    auto request = logs_of(id);
    request.follow = true;
    auto const seen = read_logs(given, std::move(request), entries(1));
    CHECK(number_in(seen.text()) == 1);
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.15 tail gives exactly the last lines", "[logs][7.2.15]",
                 feature::log_stream) {
  auto const id = run_printing(given, three_lines, 3);
  auto request = logs_of(id);
  request.tail_lines = 2;
  auto const tail = read_logs(given, request);
  CHECK(tail.ended);
  CHECK(tail.text() == "two\nthree\n");
  request.tail_lines = 0;
  CHECK(read_logs(given, request).text() == "one\ntwo\nthree\n");
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.15 tail counts among a thousand lines", "[logs][7.2.15]",
                 feature::log_stream) {
  auto const id = run_printing(given, "seq 1000; sleep 1000", 1000);
  auto request = logs_of(id);
  request.tail_lines = 25;
  auto const lines = read_logs(given, std::move(request)).lines();
  REQUIRE(lines.size() == 25);
  for (std::size_t i = 0; i < lines.size(); ++i)
    CHECK(lines[i] == std::to_string(976 + i) + "\n");
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.16 the output of commands is in no log", "[logs][7.2.16]",
                 feature::log_stream) {
  auto sandbox = given.running_sandbox({.command = "sh", .args = {"-c", three_lines}});
  auto const id = sandbox.id().value();
  CHECK(sandbox.exec({"echo", "from an exec"}).result().exit_code == 0);
  auto request = logs_of(id);
  request.follow = true;
  CHECK(read_logs(given, std::move(request), whole_lines(3)).text() == "one\ntwo\nthree\n");
  CHECK(read_logs(given, logs_of(id)).text() == "one\ntwo\nthree\n");
}

CONFORMANCE_CASE("7.2.17 every entry has an offset and a session", "[logs][7.2.17]",
                 feature::log_stream) {
  auto const id = run_printing(given, three_lines, 3);
  for (bool const timestamps : {false, true}) {
    auto request = logs_of(id);
    request.timestamps = timestamps;
    auto const seen = read_logs(given, std::move(request));
    CHECK_FALSE(seen.entries.empty());
    std::uint64_t offset = 0;
    for (auto const& entry : seen.entries) {
      CHECK_FALSE(entry.log_session_id.empty());
      offset += entry.data.size();
      CHECK(entry.next_log_offset == offset);
    }
  }
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.18 a very long line is one line", "[logs][7.2.18]", live_logs) {
  auto const script = "echo first; head -c 400000 /dev/zero | tr '\\0' x; echo; sleep 1000";
  auto const id = given.run_bare({"sh", "-c", script});
  auto all = logs_of(id);
  all.follow = true;
  (void)read_logs(given, std::move(all), whole_lines(2));
  auto request = logs_of(id);
  request.tail_lines = 1;
  auto const text = read_logs(given, std::move(request)).text();
  CHECK(text.size() == 400001);
  bool const intact = text == std::string(400000, 'x') + '\n';
  CHECK(intact);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.1.13 following gives the tail and then what comes", "[logs][7.1.13]",
                 live_logs) {
  auto sandbox = given.running_sandbox(
      {.command = "sh",
       .args = {"-c", "echo one; echo two; echo three; until test -e /tmp/go; do sleep 0.02; done; "
                      "echo four"}});
  auto const id = sandbox.id().value();
  auto request = logs_of(id);
  request.follow = true;
  (void)read_logs(given, request, whole_lines(3));
  request.tail_lines = 1;
  bool asked = false;
  auto const seen = read_logs(given, request, [&](log_transcript const& so_far) {
    if (!asked && so_far.text() == "three\n") {
      asked = true;
      wire::WriteFileRequest go{};
      go.sandbox_id = id;
      go.path = "/tmp/go";
      asio::co_spawn(given.executor(), given.service().write_file(go, given.limit()),
                     asio::detached);
    }
    return false;
  });
  CHECK(seen.ended);
  CHECK_FALSE(seen.failure);
  CHECK(seen.text() == "three\nfour\n");
}

CONFORMANCE_CASE("7.1.13 following ends when the command has", "[logs][7.1.13]",
                 feature::log_stream) {
  auto const id = given.call(&scenario<Fixture>::transport::create_sandbox,
                             given.create_request({"sh", "-c", "echo first; echo last"}))
                      .value()
                      .sandbox_id;
  auto request = logs_of(id);
  request.follow = true;
  auto const seen = read_logs(given, std::move(request));
  CHECK(seen.ended);
  CHECK(seen.text() == "first\nlast\n");
  (void)given.ended(id);
}

CONFORMANCE_CASE("7.2.19 a log that is followed from the start gives each line once",
                 "[logs][7.2.19]", live_logs) {
  auto const id = given.run_bare({"sh", "-c", "sleep 0.1; seq 3000"});
  auto request = logs_of(id);
  request.follow = true;
  auto const lines = read_logs(given, std::move(request)).lines();
  REQUIRE(lines.size() == 3000);
  for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i + 1) + "\n");
}

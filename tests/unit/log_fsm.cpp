// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The rules of log streams (streams, section 4), without a transport and with a time of the test's own.

#include <cwsandbox/detail/log_channel.hpp>
#include <cwsandbox/detail/log_fsm.hpp>

#include "support/catch.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::error_kind;
using cw::status_code;
using cw::detail::line_cutter;
using cw::detail::log_channel;
using cw::detail::log_fsm;
using step = log_fsm::step;
using names = std::vector<std::string>;

namespace {

constexpr cw::log_time now{std::chrono::seconds{1'700'000'000}};

log_fsm::settings following() {
  log_fsm::settings s{};
  s.sandbox_id = "sb-1";
  s.follow = true;
  return s;
}
log_fsm::settings finite() {
  auto s = following();
  s.follow = false;
  return s;
}

wire::LogEntry entry(std::string data, std::string session = "s", std::uint64_t offset = 0) {
  wire::LogEntry e{};
  e.data = std::move(data);
  e.log_session_id = std::move(session);
  e.next_log_offset = offset;
  return e;
}
wire::LogEntry in_band(std::string code, std::string message = "why") {
  wire::LogEntry e{};
  e.error.emplace();
  e.error->code = std::move(code);
  e.error->message = std::move(message);
  return e;
}
cw::error report(status_code code) { return cw::rpc_error(code, "gone"); }

cw::LogEntry piece(std::string data, std::uint64_t end = 0) {
  cw::LogEntry e{};
  e.data = std::move(data);
  e.session_id = "s";
  e.next_offset = end;
  return e;
}

names lines_of(line_cutter& cutter) {
  names all;
  while (auto line = cutter.next()) all.push_back(*line);
  return all;
}

}  // namespace

// ---- requests (4.1, 4.5)

TEST_CASE("the first request says what the caller wants and has no resume fields", "[logs]") {
  auto s = following();
  s.timestamps = true;
  s.tail_lines = 7;
  s.since = now;
  s.container = "side";
  log_fsm const fsm{s};
  auto const request = fsm.request(now + 1h);
  CHECK(request.sandbox_id == "sb-1");
  CHECK(request.follow);
  CHECK(request.timestamps);
  CHECK(request.tail_lines == 7);
  CHECK(request.container == "side");
  CHECK(request.since_time == wire::Timestamp{1'700'000'000, 0});
  CHECK(request.resume_log_session_id.empty());
  CHECK(request.resume_log_offset == 0);
  CHECK_FALSE(fsm.begins_anew());
}

TEST_CASE("a resume request has nothing but the place", "[logs]") {
  auto s = following();
  s.timestamps = true;
  s.tail_lines = 7;
  s.since = now;
  s.container = "side";
  log_fsm fsm{s};
  CHECK(fsm.received(entry("abc", "s-1", 3)) == step::read_on);
  CHECK(fsm.received(entry("", "", 0)) == step::read_on);  // the last that said something counts
  CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
  wire::StreamLogsRequest expected{};
  expected.sandbox_id = "sb-1";
  expected.follow = true;
  expected.resume_log_session_id = "s-1";
  expected.resume_log_offset = 3;
  CHECK(fsm.request(now) == expected);
  CHECK_FALSE(fsm.begins_anew());
}

TEST_CASE("entries without data still say where the log stands", "[logs]") {
  log_fsm fsm{following()};
  CHECK(fsm.received(entry("", "s-2", 40)) == step::read_on);
  CHECK_FALSE(fsm.entry());
  CHECK(fsm.closed(report(status_code::unknown)) == step::reconnect);
  auto const request = fsm.request(now);
  CHECK(request.resume_log_session_id == "s-2");
  CHECK(request.resume_log_offset == 40);
}

TEST_CASE("without a session a retry is fresh", "[logs]") {
  auto s = following();
  s.timestamps = true;
  s.tail_lines = 7;
  s.since = now;
  s.container = "side";
  log_fsm fsm{s};
  SECTION("with all that was asked for while nothing was delivered") {
    CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
    CHECK(fsm.request(now + 1h) == log_fsm{s}.request(now));
    CHECK_FALSE(fsm.begins_anew());
  }
  SECTION("from now on when something was") {
    CHECK(fsm.received(entry("abc", "", 3)) == step::read_on);
    CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
    wire::StreamLogsRequest expected{};
    expected.sandbox_id = "sb-1";
    expected.follow = true;
    expected.timestamps = true;
    expected.container = "side";
    expected.since_time = wire::Timestamp{1'700'003'600, 0};
    CHECK(fsm.request(now + 1h) == expected);
    CHECK(fsm.begins_anew());
  }
}

TEST_CASE("a place that the caller holds is where the first request goes on", "[logs]") {
  auto s = following();
  s.resume = cw::LogResume{"s-9", 90};
  log_fsm fsm{s};
  auto const first = fsm.request(now);
  CHECK(first.resume_log_session_id == "s-9");
  CHECK(first.resume_log_offset == 90);
  SECTION("and where one is tried again") {
    CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
    CHECK(fsm.request(now) == first);
  }
  SECTION("and it is an error that it is gone") {
    CHECK(fsm.received(in_band("SESSION_NOT_FOUND")) == step::finished);
    REQUIRE(fsm.failure());
    CHECK(fsm.failure()->kind() == error_kind::sandbox);
    CHECK(fsm.failure()->reason() == "SESSION_NOT_FOUND");
  }
  SECTION("until data has come") {
    CHECK(fsm.received(entry("x", "s-9", 91)) == step::read_on);
    CHECK(fsm.received(in_band("SESSION_NOT_FOUND")) == step::reconnect);
    CHECK(fsm.begins_anew());
  }
}

// ---- in-band errors (4.3)

TEST_CASE("what the service says in the stream", "[logs]") {
  struct row {
    char const* code;
    step follow;
    bool keeps_session;
    error_kind kind;  // of the one that is not followed, and of both when it ends them
  };
  for (auto const& row : std::vector<row>{
           {"SESSION_NOT_FOUND", step::reconnect, false, error_kind::sandbox},
           {"REPLAY_GAP", step::reconnect, false, error_kind::sandbox},
           {"RUNNER_UNAVAILABLE", step::reconnect, false, error_kind::sandbox},
           {"RUNNER_DRAINING", step::reconnect, false, error_kind::sandbox},
           {"STREAM_INTERRUPTED", step::reconnect, true, error_kind::sandbox},
           {"STREAM_TRUNCATED", step::finished, true, error_kind::stream_truncated},
           {"INVALID_RESUME_OFFSET", step::finished, true, error_kind::sandbox},
           {"SANDBOX_NOT_FOUND", step::finished, true, error_kind::sandbox},
           {"PERMISSION_DENIED", step::finished, true, error_kind::sandbox},
           {"OF_A_LATER_VERSION", step::finished, true, error_kind::sandbox},
       }) {
    CAPTURE(row.code);
    log_fsm followed{following()};
    CHECK(followed.received(entry("abc", "s-1", 3)) == step::read_on);
    CHECK(followed.received(in_band(row.code)) == row.follow);
    CHECK(followed.is_finished() == (row.follow == step::finished));
    if (row.follow == step::reconnect) {
      CHECK(followed.begins_anew() == !row.keeps_session);
      CHECK(followed.request(now).resume_log_session_id == (row.keeps_session ? "s-1" : ""));
    } else {
      REQUIRE(followed.failure());
      CHECK(followed.failure()->kind() == row.kind);
      CHECK(followed.failure()->sandbox_id() == "sb-1");
    }
    log_fsm read{finite()};
    CHECK(read.received(in_band(row.code)) == step::finished);
    REQUIRE(read.failure());
    CHECK(read.failure()->kind() == row.kind);
  }
}

TEST_CASE("the words of an error of the stream are the service's, or its code", "[logs]") {
  log_fsm a{finite()};
  CHECK(a.received(in_band("X", "why")) == step::finished);
  CHECK(a.failure()->message() == "why");
  log_fsm b{finite()};
  CHECK(b.received(in_band("X", "")) == step::finished);
  CHECK(b.failure()->message() == "X");
  log_fsm c{finite()};
  CHECK(c.received(in_band("STREAM_TRUNCATED")) == step::finished);
  CHECK(c.failure()->details().stream_code == "STREAM_TRUNCATED");
}

TEST_CASE("an error without a code is none", "[logs]") {
  log_fsm fsm{finite()};
  auto e = in_band("", "just words");
  e.data = "x";
  CHECK(fsm.received(std::move(e)) == step::read_on);
  REQUIRE(fsm.entry());
  CHECK(fsm.entry()->data == "x");
}

TEST_CASE("data beside an error is delivered", "[logs]") {
  log_fsm fsm{finite()};
  auto e = in_band("X");
  e.data = "last\n";
  CHECK(fsm.received(std::move(e)) == step::finished);
  REQUIRE(fsm.entry());
  CHECK(fsm.entry()->data == "last\n");
}

// ---- transport errors (4.4)

TEST_CASE("only some failures of a followed log are tried again", "[logs]") {
  struct row {
    status_code code;
    bool again;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {status_code::unavailable, true, error_kind::unavailable},
           {status_code::internal, true, error_kind::sandbox},
           {status_code::unknown, true, error_kind::sandbox},
           {status_code::deadline_exceeded, false, error_kind::request_timeout},
           {status_code::cancelled, false, error_kind::not_running},
           {status_code::not_found, false, error_kind::not_found},
           {status_code::permission_denied, false, error_kind::authentication},
           {status_code::failed_precondition, false, error_kind::sandbox},
           {status_code::resource_exhausted, false, error_kind::resource_exhausted},
       }) {
    CAPTURE(static_cast<int>(row.code));
    log_fsm followed{following()};
    CHECK(followed.closed(report(row.code)) == (row.again ? step::reconnect : step::finished));
    if (!row.again) CHECK(followed.failure()->kind() == row.kind);
    log_fsm read{finite()};
    CHECK(read.closed(report(row.code)) == step::finished);
    CHECK(read.failure()->kind() == row.kind);
  }
}

TEST_CASE("a clean end is the end, followed or not", "[logs]") {
  for (auto const& s : {following(), finite()}) {
    log_fsm fsm{s};
    CHECK(fsm.closed({}) == step::finished);
    CHECK_FALSE(fsm.failure());
    CHECK(fsm.received(entry("late")) == step::finished);
    CHECK_FALSE(fsm.entry());
  }
}

TEST_CASE("three attempts without data are the last", "[logs]") {
  log_fsm fsm{following()};
  SECTION("from the beginning") {}
  SECTION("since the last data, whose call is the first of them") {
    CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
    CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
    CHECK(fsm.delay() == 1s);
    CHECK(fsm.received(entry("x", "s", 1)) == step::read_on);
  }
  CHECK(fsm.closed(report(status_code::internal)) == step::reconnect);
  CHECK(fsm.delay() == 500ms);
  CHECK(fsm.received(in_band("STREAM_INTERRUPTED")) == step::reconnect);
  CHECK(fsm.delay() == 1s);
  CHECK(fsm.received(entry("", "s", 1)) == step::read_on);  // no data
  CHECK(fsm.received(in_band("STREAM_INTERRUPTED")) == step::finished);
  REQUIRE(fsm.failure());
  CHECK(fsm.failure()->kind() == error_kind::unavailable);
  REQUIRE(fsm.failure()->cause());
  CHECK(fsm.failure()->cause()->code() == status_code::internal);
}

TEST_CASE("attempts that only the stream ended have no cause", "[logs]") {
  log_fsm fsm{following()};
  CHECK(fsm.closed(report(status_code::unavailable)) == step::reconnect);
  CHECK(fsm.received(entry("x", "s", 1)) == step::read_on);  // the cause lies before it
  CHECK(fsm.received(in_band("SESSION_NOT_FOUND")) == step::reconnect);
  CHECK(fsm.received(in_band("SESSION_NOT_FOUND")) == step::reconnect);
  CHECK(fsm.received(in_band("SESSION_NOT_FOUND")) == step::finished);
  REQUIRE(fsm.failure());
  CHECK(fsm.failure()->kind() == error_kind::unavailable);
  CHECK_FALSE(fsm.failure()->cause());
}

TEST_CASE("the end of the sandbox is the end of its followed log", "[logs]") {
  for (auto const code : {status_code::cancelled, status_code::aborted, status_code::not_found,
                          status_code::failed_precondition}) {
    CAPTURE(static_cast<int>(code));
    log_fsm followed{following()};
    followed.set_sandbox_over(true);
    CHECK(followed.closed(report(code)) == step::finished);
    CHECK_FALSE(followed.failure());
    log_fsm read{finite()};
    read.set_sandbox_over(true);
    CHECK(read.closed(report(code)) == step::finished);
    CHECK(read.failure());
  }
  log_fsm broken{following()};  // what is left of the log may still be had
  broken.set_sandbox_over(true);
  CHECK(broken.closed(report(status_code::unavailable)) == step::reconnect);
  CHECK(broken.closed(report(status_code::unavailable)) == step::reconnect);
  CHECK(broken.closed(report(status_code::unavailable)) == step::finished);
  CHECK_FALSE(broken.failure());
  log_fsm refused{following()};
  refused.set_sandbox_over(true);
  CHECK(refused.closed(report(status_code::permission_denied)) == step::finished);
  CHECK(refused.failure());

  auto const gone = cw::make_error(error_kind::not_running, "has ended");
  log_fsm silent{following()};
  silent.sandbox_ended(gone);
  CHECK(silent.is_finished());
  CHECK_FALSE(silent.failure());
  log_fsm cut{finite()};  // it was promised whole
  cut.sandbox_ended(gone);
  REQUIRE(cut.failure());
  CHECK(cut.failure()->kind() == error_kind::not_running);
}

TEST_CASE("the first end of a log counts", "[logs]") {
  log_fsm fsm{finite()};
  fsm.timed_out(1500ms);
  fsm.failed(cw::make_error(error_kind::sandbox, "late"));
  CHECK(fsm.closed({}) == step::finished);
  REQUIRE(fsm.failure());
  CHECK(fsm.failure()->kind() == error_kind::request_timeout);
  CHECK(fsm.failure()->message().find("1.5s") != std::string::npos);
}

// ---- lines (4.2)

TEST_CASE("lines are cut at LF and keep it", "[logs][lines]") {
  struct row {
    names pieces;
    names lines;
    std::string rest;
  };
  for (auto const& row : std::vector<row>{
           {{"a\nb\n"}, {"a\n", "b\n"}, ""},
           {{"a\r\nb\rc\n"}, {"a\r\n", "b\rc\n"}, ""},
           {{"\n\n"}, {"\n", "\n"}, ""},
           {{"a", "b", "c\nd"}, {"abc\n"}, "d"},
           {{"a", "\n", "b"}, {"a\n"}, "b"},
           {{"\xc3", "\xa4\n"}, {"\xc3\xa4\n"}, ""},
           {{"\xf0\x9f", "\x98", "\x80\n"}, {"\xf0\x9f\x98\x80\n"}, ""},
           {{"\xc3\n"}, {"\xef\xbf\xbd\n"}, ""},
           {{"\xff" "a\n"}, {"\xef\xbf\xbd" "a\n"}, ""},
           {{"a\n\xe2\x82"}, {"a\n"}, "\xef\xbf\xbd"},
           {{std::string{"a\0b\n", 4}}, {std::string{"a\0b\n", 4}}, ""},
       }) {
    line_cutter cutter;
    names lines;
    for (auto const& one : row.pieces) {
      cutter.feed(piece(one));
      for (auto& line : lines_of(cutter)) lines.push_back(line);
    }
    CHECK(lines == row.lines);
    CHECK(cutter.take_rest() == row.rest);
    CHECK(cutter.empty());
  }
}

TEST_CASE("a line may be a mebibyte long with its LF, and no longer", "[logs][lines]") {
  constexpr std::size_t most = 1048576;
  auto const cut = [](std::string text) {
    line_cutter cutter;
    for (std::size_t at = 0; at < text.size(); at += 50000) {
      cutter.feed(piece(text.substr(at, 50000)));
      if (auto line = cutter.next()) return line->size();
    }
    CHECK(cutter.next() == std::nullopt);
    return cutter.is_too_long() ? std::size_t{0} : std::size_t{1};
  };
  CHECK(cut(std::string(most - 1, 'x') + '\n') == most);
  CHECK(cut(std::string(most, 'x') + '\n') == 0);
  CHECK(cut(std::string(most, 'x')) == 1);
  CHECK(cut(std::string(most + 1, 'x')) == 0);
  // the text counts and not its bytes
  CHECK(cut(std::string(most / 3, '\xff') + '\n') == most / 3 * 3 + 1);
  CHECK(cut(std::string(most / 3 + 1, '\xff') + '\n') == 0);
}

TEST_CASE("the place of a reader is exact within a piece", "[logs][lines]") {
  line_cutter cutter;
  cutter.feed(piece("one\ntwo\nth", 110));
  CHECK(cutter.position() == cw::LogResume{"s", 100});
  CHECK(cutter.next() == "one\n");
  CHECK(cutter.position() == cw::LogResume{"s", 104});
  CHECK(cutter.next() == "two\n");
  cutter.feed(piece("ree\n", 114));
  CHECK(cutter.position() == cw::LogResume{"s", 108});
  CHECK(cutter.next() == "three\n");
  CHECK(cutter.position() == cw::LogResume{"s", 114});
}

TEST_CASE("many small lines are cut in little time", "[logs][lines]") {
  line_cutter cutter;
  std::size_t count = 0;
  for (int i = 0; i < 200; ++i) {
    cutter.feed(piece(std::string(2000, '\n') + "unfinished"));
    count += lines_of(cutter).size();
  }
  CHECK(count == 400000);
}

// ---- the queue

namespace {

struct channel_of_a_test {
  asio::io_context io{1};
  std::shared_ptr<log_channel> channel{
      std::make_shared<log_channel>(io.get_executor(), std::nullopt)};

  std::string line() {
    auto const next = channel->try_line();
    if (!next) return "(waits)";
    if (!*next) return "(" + next->error().message() + ")";
    return (**next).value_or("(end)");
  }
};

}  // namespace

TEST_CASE("a failure comes after what was there, without the unfinished line, and stays", "[logs]") {
  channel_of_a_test t;
  t.channel->append(piece("a\nb"));
  t.channel->append(piece("c\nrest"));
  t.channel->finish(cw::make_error(error_kind::sandbox, "boom"));
  CHECK(t.line() == "a\n");
  CHECK(t.line() == "bc\n");
  CHECK(t.line() == "(boom)");
  CHECK(t.line() == "(boom)");
  CHECK_FALSE(*t.channel->try_entry());
}

TEST_CASE("what begins anew does not end an unfinished line", "[logs]") {
  channel_of_a_test t;
  t.channel->append(piece("a\nunfinished"));
  t.channel->begin_anew();
  t.channel->append(piece("b\n"));
  SECTION("of lines") {
    CHECK(t.line() == "a\n");
    CHECK(t.line() == "b\n");
    CHECK(t.line() == "(waits)");
  }
  SECTION("of all") {
    auto all = std::make_shared<cw::detail::operation_state<std::string>>(t.io.get_executor());
    t.channel->read_all(all, 100, nullptr);
    t.channel->finish({});
    CHECK(*all->copy() == "a\nb\n");
  }
  SECTION("of pieces") {
    CHECK((**t.channel->try_entry())->data == "a\nunfinished");
    CHECK((**t.channel->try_entry())->data == "b\n");
  }
}

TEST_CASE("the queue is full by number and by bytes", "[logs]") {
  channel_of_a_test t;
  bool const by_number = GENERATE(true, false);
  if (by_number) {
    for (std::size_t i = 0; i < cw::constants::output_queue_items; ++i) {
      CHECK_FALSE(t.channel->is_full());
      t.channel->append(piece("x"));
    }
  } else {
    t.channel->append(piece(std::string(cw::constants::log_queue_bytes, 'x')));
  }
  CHECK(t.channel->is_full());
  bool room = false;
  t.channel->when_not_full([&] { room = true; });
  CHECK_FALSE(room);
  SECTION("until it is read") {
    auto const first = t.channel->try_entry();
    REQUIRE(first);
    CHECK(first->has_value());
  }
  SECTION("until it is closed") { t.channel->close(); }
  CHECK(room);
  CHECK_FALSE(t.channel->is_full());
}

TEST_CASE("a line that is too long ends the log and stops its source", "[logs]") {
  channel_of_a_test t;
  int stops = 0;
  t.channel->on_stop([&] { ++stops; });
  t.channel->append(piece("ok\n" + std::string(1048577, 'x')));
  t.channel->append(piece("more\n"));
  CHECK(t.line() == "ok\n");
  auto const next = t.channel->try_line();
  REQUIRE(next);
  REQUIRE_FALSE(*next);
  CHECK(next->error().kind() == error_kind::stream_truncated);
  CHECK(stops == 1);
  CHECK_FALSE(*t.channel->try_line());
  t.channel->close();
  CHECK(stops == 1);
}

TEST_CASE("reads are served in their order, and a cancelled one takes nothing", "[logs]") {
  channel_of_a_test t;
  using state = log_channel::read_state<std::string>;
  auto const first = std::make_shared<state>(t.io.get_executor());
  auto const second = std::make_shared<state>(t.io.get_executor());
  auto keep = std::make_shared<int>(1);
  t.channel->read_line(first, keep);
  t.channel->read_line(second, keep);
  CHECK(keep.use_count() == 3);
  CHECK(first->cancel());
  CHECK(keep.use_count() == 2);
  t.channel->append(piece("a\n"));
  REQUIRE(second->is_done());
  CHECK(**second->copy() == "a\n");
  CHECK(keep.use_count() == 1);
}

TEST_CASE("more than the limit is not gathered", "[logs]") {
  channel_of_a_test t;
  auto all = std::make_shared<cw::detail::operation_state<std::string>>(t.io.get_executor());
  t.channel->read_all(all, 3, nullptr);
  t.channel->append(piece("ab"));
  CHECK_FALSE(all->is_done());
  t.channel->append(piece("cd"));
  REQUIRE(all->is_done());
  CHECK(all->copy().error().kind() == error_kind::stream_truncated);
}

TEST_CASE("options of logs are checked", "[logs]") {
  cw::LogResume const held{"s", 1};
  auto const bad = [](cw::LogOptions const& o) { return !cw::validate(o).ok(); };
  CHECK_FALSE(bad({}));
  CHECK_FALSE(bad({.follow = true, .tail_lines = 0, .since = now, .timestamps = true}));
  CHECK(bad({.tail_lines = -1}));
  CHECK(bad({.timeout = 0s}));
  CHECK(bad({.container = ""}));
  CHECK_FALSE(bad({.follow = true, .resume = held}));
  CHECK(bad({.resume = cw::LogResumeView{"", 1}}));
  CHECK(bad({.tail_lines = 1, .resume = held}));
  CHECK(bad({.since = now, .resume = held}));
  CHECK(bad({.timestamps = true, .resume = held}));
  CHECK(bad({.container = "c", .resume = held}));
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// stream_logs of a sandbox (streams, section 4).

#include <cwsandbox/transport/any.hpp>

#include "support/mock_service.hpp"
#include "support/unary_transport.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;
using cw::log_script;
using State = wire::State;

namespace {

// A world whose log calls play these scripts, the last one again and again.
class log_world : public world {
 public:
  template <class... Scripts>
  explicit log_world(Scripts... scripts) {
    allowed_ = NAMED_ALLOW_CALL(*mock, stream_logs(_, _)).LR_RETURN(logs.next());
    (logs.push(std::move(scripts)), ...);
  }

  // Everything that is still to come, read one by one; nothing blocks. The error, if that is the end.
  std::pair<names, std::optional<error_kind>> read_all(cw::log_reader const& reader) {
    names all;
    for (;;) {
      auto const line = get(reader.read_line());
      if (!line) return {all, line.error().kind()};
      if (!*line) return {all, {}};
      all.push_back(**line);
    }
  }
  std::vector<wire::StreamLogsRequest> requests() const {
    return mock.requests<wire::StreamLogsRequest>();
  }

  replies<log_script> logs;

 private:
  std::unique_ptr<trompeloeil::expectation> allowed_;
};

using lines_and_end = std::pair<names, std::optional<error_kind>>;

cw::error gone(status_code code = status_code::unavailable) { return cw::rpc_error(code, "gone"); }

}  // namespace

// ---- the call

TEST_CASE("a log that is not followed has the request timeout of its sandbox", "[logs]") {
  auto const script = log_script{}.line("one").data("two");
  log_world w{script};
  auto const reader = w.running().stream_logs();
  CHECK(w.read_all(reader) == lines_and_end{{"one\n", "two"}, {}});
  CHECK(w.read_all(reader) == lines_and_end{{}, {}});
  auto const record = script.last();
  CHECK_FALSE(record.request.follow);
  CHECK(record.request.sandbox_id == "sb-1");
  CHECK(record.options.timeout == 300s);
}

TEST_CASE("the options of a log are sent", "[logs]") {
  auto const script = log_script{}.line("x");
  log_world w{script};
  auto const since = cw::log_time{1700000000s};
  auto const sandbox = w.running();
  CHECK(w.read_all(sandbox.stream_logs({.tail_lines = 7,
                                        .since = since,
                                        .timestamps = true,
                                        .timeout = 2s,
                                        .container = "side"}))
            .first.size() == 1);
  auto const record = script.last();
  CHECK(record.request.tail_lines == 7);
  CHECK(record.request.since_time == wire::Timestamp{1700000000, 0});
  CHECK(record.request.timestamps);
  CHECK(record.request.container == "side");
  CHECK(record.options.timeout == 2s);
  CHECK(w.read_all(sandbox.stream_logs({.follow = true, .timeout = 2s})).first.size() == 1);
  CHECK(script.last().request.follow);
  CHECK_FALSE(script.last().options.timeout);
}

TEST_CASE("mistakes in the options of a log are thrown before any call", "[logs]") {
  log_world w;
  auto const sandbox = w.unstarted();
  CHECK_THROWS_AS(sandbox.stream_logs({.tail_lines = -1}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.stream_logs({.timeout = 0s}), cw::invalid_argument);
  CHECK_THROWS_AS(sandbox.stream_logs({.tail_lines = 1, .resume = cw::LogResume{"s", 1}}),
                  cw::invalid_argument);
  w.settle();
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a log starts its sandbox and waits until it runs", "[logs]") {
  log_world w{log_script{}.line("x")};
  w->gets = {shown(State::creating), shown(State::running)};
  auto const reader = w.unstarted().stream_logs({.follow = true});
  CHECK(w.read_all(reader) == lines_and_end{{"x\n"}, {}});
  CHECK(w.mock.calls() == names{"create_sandbox", "get_sandbox", "get_sandbox", "stream_logs"});
}

TEST_CASE("a create that fails is told by the reader", "[logs]") {
  log_world w;
  w->creates = {gone()};
  auto const reader = w.unstarted().stream_logs();
  CHECK(w.read_all(reader) == lines_and_end{{}, error_kind::unavailable});
  CHECK(w.read_all(reader) == lines_and_end{{}, error_kind::unavailable});
}

TEST_CASE("logs of a sandbox that has ended", "[logs]") {
  log_world w{log_script{}.line("last words")};
  auto const sandbox = w.running();
  w->gets = {shown(State::completed, 0)};
  CHECK(w.get(sandbox.wait_until_complete()));
  CHECK(w.read_all(sandbox.stream_logs({.follow = true})) ==
        lines_and_end{{}, error_kind::not_running});
  CHECK(w.requests().empty());
  CHECK(w.read_all(sandbox.stream_logs()) == lines_and_end{{"last words\n"}, {}});
}

TEST_CASE("a sandbox that ended while it was waited for has a log to read", "[logs]") {
  log_world w{log_script{}.line("quick")};
  w->gets = {shown(State::failed)};
  CHECK(w.read_all(w.unstarted().stream_logs()) == lines_and_end{{"quick\n"}, {}});
}

TEST_CASE("a sandbox that was cancelled before its start has no log", "[logs]") {
  log_world w;
  auto const sandbox = w.unstarted();
  CHECK(w.get(sandbox.stop()));
  CHECK(w.read_all(sandbox.stream_logs()) == lines_and_end{{}, error_kind::not_running});
  CHECK(w.mock.calls().empty());
}

TEST_CASE("a log that does not end in time", "[logs]") {
  auto const script = log_script{}.line("one").data("part").hang();
  log_world w{script};
  auto const reader = w.running().stream_logs({.timeout = 2s});
  w.settle();
  w.advance(1999ms);
  CHECK_FALSE(script.cancelled());
  w.advance(1ms);
  CHECK(w.read_all(reader) == lines_and_end{{"one\n"}, error_kind::request_timeout});
  CHECK(script.cancelled());
}

TEST_CASE("a followed log has no limit", "[logs]") {
  log_world w{log_script{}.delay(3600s).line("late")};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(w.read_all(reader) == lines_and_end{{"late\n"}, {}});
}

// ---- resume

TEST_CASE("a followed log goes on where it broke", "[logs][resume]") {
  auto const first = log_script{}.session("s").data("one\ntw").fail(gone());
  auto const second = log_script{}.session("s", 6).data("o\nthree\n");
  log_world w{first, second};
  auto const reader =
      w.running().stream_logs({.follow = true, .tail_lines = 5, .timestamps = true});
  CHECK(w.read_all(reader) == lines_and_end{{"one\n", "two\n", "three\n"}, {}});
  auto const requests = w.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].tail_lines == 5);
  wire::StreamLogsRequest expected{};
  expected.sandbox_id = "sb-1";
  expected.follow = true;
  expected.resume_log_session_id = "s";
  expected.resume_log_offset = 6;
  CHECK(requests[1] == expected);
  CHECK(w.mock.clock()->sleeps().back() == 500ms);
}

TEST_CASE("a character that a break cut in two is whole again", "[logs][resume]") {
  log_world w{log_script{}.data("\xc3").fail(gone()), log_script{}.session("log-1", 1).data("\xa4\n")};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(w.read_all(reader) == lines_and_end{{"\xc3\xa4\n"}, {}});
}

TEST_CASE("a session that is gone begins anew from now", "[logs][resume]") {
  auto const before = std::chrono::system_clock::now();
  log_world w{log_script{}.session("s").data("one\nunfinished").fail(gone()),
              log_script{}.error("SESSION_NOT_FOUND", "who?"),
              log_script{}.session("t").data("two\n")};
  auto const reader =
      w.running().stream_logs({.follow = true, .tail_lines = 9, .timestamps = true});
  CHECK(w.read_all(reader) == lines_and_end{{"one\n", "two\n"}, {}});
  auto const requests = w.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].resume_log_session_id == "s");
  CHECK(requests[2].resume_log_session_id.empty());
  CHECK(requests[2].tail_lines == 0);
  CHECK(requests[2].timestamps);
  REQUIRE(requests[2].since_time);
  CHECK(requests[2].since_time->to_sys_time() >= before - 1s);
  CHECK(reader.resume_point() == cw::LogResume{"t", 4});
}

TEST_CASE("a followed log is tried three times", "[logs][resume]") {
  log_world w{log_script{}.fail(gone())};
  auto const sandbox = w.running();
  auto const sleeps = w.mock.clock()->sleeps().size();
  auto const start = w.elapsed();
  auto const reader = sandbox.stream_logs({.follow = true});
  auto const end = w.get(reader.read_line());
  REQUIRE_FALSE(end);
  CHECK(end.error().kind() == error_kind::unavailable);
  REQUIRE(end.error().cause());
  CHECK(end.error().cause()->code() == status_code::unavailable);
  CHECK(w.requests().size() == 3);
  CHECK(w.elapsed() - start == 1500ms);
  auto const all = w.mock.clock()->sleeps();
  CHECK(std::vector(all.begin() + static_cast<std::ptrdiff_t>(sleeps), all.end()) ==
        std::vector<cw::virtual_clock::duration>{500ms, 1s});
}

TEST_CASE("data begins the attempts again", "[logs][resume]") {
  log_world w{log_script{}.fail(gone()),
              log_script{}.error("RUNNER_DRAINING", ""),
              log_script{}.line("a").error("STREAM_INTERRUPTED", ""),
              log_script{}.fail(gone(status_code::unknown)),
              log_script{}.session("log-1", 2).line("b").end()};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(w.read_all(reader) == lines_and_end{{"a\n", "b\n"}, {}});
  CHECK(w.requests().size() == 5);
}

TEST_CASE("a call that cannot be opened counts as an attempt", "[logs][resume]") {
  log_world w;
  w.logs.push(gone());
  w.logs.push(log_script{}.line("x"));
  CHECK(w.read_all(w.running().stream_logs({.follow = true})) == lines_and_end{{"x\n"}, {}});
}

TEST_CASE("what is not followed is not tried again", "[logs]") {
  for (auto const code : {status_code::unavailable, status_code::internal, status_code::unknown}) {
    log_world w{log_script{}.line("a").data("b").fail(gone(code))};
    auto const seen = w.read_all(w.running().stream_logs());
    CHECK(seen.first == names{"a\n"});
    CHECK(seen.second);
    CHECK(w.requests().size() == 1);
  }
  log_world w{log_script{}.line("a").error("STREAM_INTERRUPTED", "bye")};
  auto const reader = w.running().stream_logs();
  CHECK(w.read_all(reader) == lines_and_end{{"a\n"}, error_kind::sandbox});
  CHECK(w.get(reader.read_line()).error().message() == "bye");
}

TEST_CASE("other failures of a followed log are told at once", "[logs]") {
  struct row {
    status_code code;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {status_code::not_found, error_kind::not_found},
           {status_code::cancelled, error_kind::not_running},
           {status_code::deadline_exceeded, error_kind::request_timeout},
           {status_code::permission_denied, error_kind::authentication},
       }) {
    log_world w{log_script{}.line("a").fail(gone(row.code))};
    CHECK(w.read_all(w.running().stream_logs({.follow = true})) ==
          lines_and_end{{"a\n"}, row.kind});
    CHECK(w.requests().size() == 1);
  }
}

TEST_CASE("a caller may hold the place where a log goes on", "[logs][resume]") {
  log_world w{log_script{}.session("s").data("one\ntwo\nth").hang(),
              log_script{}.session("s", 4).data("two\nthree\n")};
  auto const sandbox = w.running();
  auto reader = sandbox.stream_logs({.follow = true});
  CHECK_FALSE(reader.resume_point());
  CHECK(*w.get(reader.read_line()) == "one\n");
  auto const held = reader.resume_point();
  CHECK(held == cw::LogResume{"s", 4});
  reader.close();
  auto const next = sandbox.stream_logs({.follow = true, .resume = held});
  CHECK(next.resume_point() == held);
  CHECK(w.read_all(next) == lines_and_end{{"two\n", "three\n"}, {}});
  auto const request = w.requests().back();
  CHECK(request.resume_log_session_id == "s");
  CHECK(request.resume_log_offset == 4);
  CHECK(next.resume_point() == cw::LogResume{"s", 14});
}

TEST_CASE("a place that is gone is told to who held it", "[logs][resume]") {
  log_world w{log_script{}.error("SESSION_NOT_FOUND", "who?")};
  auto const reader =
      w.running().stream_logs({.follow = true, .resume = cw::LogResume{"s", 4}});
  auto const end = w.get(reader.read_line());
  REQUIRE_FALSE(end);
  CHECK(end.error().kind() == error_kind::sandbox);
  CHECK(end.error().reason() == "SESSION_NOT_FOUND");
  CHECK(w.requests().size() == 1);
}

// ---- the reader

TEST_CASE("entries are what the service sent", "[logs][reader]") {
  wire::LogEntry sent{};
  sent.data = "\xff\n";
  sent.timestamp = wire::Timestamp{5, 6};
  sent.log_session_id = "s";
  sent.next_log_offset = 2;
  log_world w{log_script{}.entry(sent).data("", "s", 2).data("x", "s", 3)};
  auto const reader = w.running().stream_logs();
  auto const first = w.get(reader.read());
  REQUIRE(first);
  CHECK(**first == cw::LogEntry{"\xff\n", cw::log_time{5s + 6ns}, "s", 2});
  CHECK(reader.resume_point() == cw::LogResume{"s", 2});
  CHECK((*w.get(reader.read()))->data == "x");
  CHECK_FALSE(*w.get(reader.read()));
}

TEST_CASE("the whole log as one text", "[logs][reader]") {
  log_world w{log_script{}.data("a\nb\xff").data("c")};
  auto const sandbox = w.running();
  CHECK(*w.get(sandbox.stream_logs().read_all()) == "a\nb\xef\xbf\xbd" "c");
  CHECK(w.failure(sandbox.stream_logs().read_all(4)) == error_kind::stream_truncated);
}

TEST_CASE("ranges over a log that is there", "[logs][reader]") {
  log_world w{log_script{}.line("a").line("b").fail(gone(status_code::data_loss))};
  auto const sandbox = w.running();
  auto const reader = sandbox.stream_logs();
  w.settle();
  names seen;
  CHECK_THROWS_AS(
      [&] {
        for (auto const& line : reader.lines()) seen.push_back(line);
      }(),
      cw::SandboxError);
  CHECK(seen == names{"a\n", "b\n"});
  auto const other = sandbox.stream_logs();
  w.settle();
  seen.clear();
  CHECK_THROWS_AS(
      [&] {
        for (auto const& entry : other.entries()) seen.push_back(entry.data);
      }(),
      cw::SandboxError);
  CHECK(seen == names{"a\n", "b\n"});
}

TEST_CASE("closing a log cancels its call and ends its reads", "[logs][reader]") {
  auto const script = log_script{}.line("a").hang();
  log_world w{script};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(*w.get(reader.read_line()) == "a\n");
  auto const pending = reader.read_line();
  w.settle();
  CHECK_FALSE(pending.is_done());
  reader.close();
  reader.close();
  CHECK_FALSE(*w.get(pending));
  w.settle();
  CHECK(script.cancelled());
  CHECK(w.read_all(reader) == lines_and_end{{}, {}});
  CHECK(w.mock.clock()->pending() == 0);
}

TEST_CASE("a log may be closed at any time", "[logs][reader]") {
  auto const script = log_script{}.line("a").hang();
  log_world w{script};
  SECTION("before its sandbox is made") {
    w.unstarted().stream_logs({.follow = true}).close();
    w.settle();
    CHECK(script.starts() == 0);
  }
  SECTION("while it waits for another attempt") {
    log_world other{log_script{}.fail(gone())};
    auto const reader = other.running().stream_logs({.follow = true});
    while (other.requests().empty()) {
      other.io.restart();
      other.io.poll_one();
    }
    reader.close();
    other.settle();
    CHECK(other.requests().size() <= 2);
    CHECK(other.mock.clock()->pending() == 0);
  }
}

TEST_CASE("a log that nobody can read any more is ended", "[logs][reader]") {
  auto const script = log_script{}.line("a").hang();
  log_world w{script};
  auto const sandbox = w.running();
  SECTION("with its handles") {
    auto reader = sandbox.stream_logs({.follow = true});
    auto const copy = reader;
    w.settle();
    reader = {};
    w.settle();
    CHECK_FALSE(script.cancelled());
    CHECK(*w.get(copy.read_line()) == "a\n");
  }
  SECTION("with its range") {
    auto lines = sandbox.stream_logs({.follow = true}).lines();
    w.settle();
    CHECK(*lines.begin() == "a\n");
    CHECK_FALSE(script.cancelled());
  }
  SECTION("with its last pending read") {
    auto const line = sandbox.stream_logs({.follow = true}).read_line();
    CHECK(*w.get(line) == "a\n");
  }
  SECTION("with its last pending read when that is cancelled") {
    auto const all = sandbox.stream_logs({.follow = true}).read_all();
    w.settle();
    CHECK_FALSE(script.cancelled());
    CHECK(all.cancel());
  }
  w.settle();
  CHECK(script.cancelled());
  CHECK(w.mock.clock()->pending() == 0);
}

TEST_CASE("a log that nobody reads holds the service up", "[logs][reader]") {
  constexpr std::size_t most = cw::constants::output_queue_items;
  auto script = log_script{};
  for (std::size_t i = 0; i < most + 10; ++i) script = std::move(script).line("x");
  log_world w{script};
  auto const reader = w.running().stream_logs({.follow = true});
  w.settle();
  CHECK_FALSE(script.finished());
  w.advance(600s);  // the silence is the reader's
  CHECK_FALSE(script.finished());
  CHECK_FALSE(script.cancelled());
  CHECK(w.read_all(reader).first.size() == most + 10);
  CHECK(script.finished());
}

TEST_CASE("a line that is too long ends the log", "[logs][reader]") {
  auto const script = log_script{}.line("ok").data(std::string(1048577, 'x')).hang();
  log_world w{script};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(w.read_all(reader) == lines_and_end{{"ok\n"}, error_kind::stream_truncated});
  w.settle();
  CHECK(script.cancelled());
}

TEST_CASE("a read may be cancelled without loss", "[logs][reader]") {
  log_world w{log_script{}.delay(10s).line("a")};
  auto const reader = w.running().stream_logs({.follow = true});
  auto const first = reader.read_line();
  CHECK(first.cancel());
  CHECK(*w.get(reader.read_line()) == "a\n");
}

// ---- the end of the sandbox

TEST_CASE("a stop ends a followed log in order", "[logs][stop]") {
  struct row {
    char const* name;
    log_script script;
  };
  for (auto const& row : std::vector<row>{
           {"that ends by itself", log_script{}.line("a").delay(1s).end()},
           {"that is cut", log_script{}.line("a").delay(100s).fail(gone(status_code::cancelled))},
           {"that stays silent", log_script{}.line("a").hang()},
       }) {
    CAPTURE(row.name);
    log_world w{row.script};
    auto const sandbox = w.running();
    auto const reader = sandbox.stream_logs({.follow = true});
    CHECK(*w.get(reader.read_line()) == "a\n");
    CHECK(w.get(sandbox.stop()));
    w.settle();
    w.advance(cw::constants::stream_end_grace);
    CHECK(w.read_all(reader) == lines_and_end{{}, {}});
    CHECK(w.mock.clock()->pending() == 0);
  }
}

TEST_CASE("a silent log ends when its sandbox is found to have ended", "[logs][stop]") {
  auto const script = log_script{}.line("a").hang();
  log_world w{script};
  auto const reader = w.running().stream_logs({.follow = true});
  CHECK(*w.get(reader.read_line()) == "a\n");
  w.advance(30s);
  CHECK_FALSE(script.cancelled());  // it runs
  w->gets = {shown(State::completed, 0)};
  w.advance(30s);
  CHECK_FALSE(script.cancelled());  // the end of the stream may be on its way
  w.advance(5s);
  CHECK(w.read_all(reader) == lines_and_end{{}, {}});
  CHECK(script.cancelled());
}

TEST_CASE("a log that is not followed is not whole when its sandbox was stopped", "[logs][stop]") {
  log_world w{log_script{}.line("a").hang()};
  auto const sandbox = w.running();
  auto const reader = sandbox.stream_logs();
  CHECK(*w.get(reader.read_line()) == "a\n");
  CHECK(w.get(sandbox.stop()));
  w.settle();
  w.advance(cw::constants::stream_end_grace);
  CHECK(w.read_all(reader) == lines_and_end{{}, error_kind::not_running});
}

TEST_CASE("the end of the executor ends a log", "[logs]") {
  std::optional<cw::log_reader> reader;
  std::optional<cw::operation<std::optional<std::string>>> pending;
  {
    log_world w{log_script{}.line("a").hang()};
    reader = w.running().stream_logs({.follow = true});
    CHECK(*w.get(reader->read_line()) == "a\n");
    pending = reader->read_line();
    w.settle();
  }
  REQUIRE(pending->is_done());
  CHECK(pending->outcome().error().kind() == error_kind::cancelled);
}

TEST_CASE("a chosen transport without streams refuses logs at once", "[logs][any]") {
  world w;
  cw::basic_sandbox<cw::any_transport> const sandbox{cw::any_transport{unary_transport{w.mock}}};
  sandbox.detach();
  try {
    (void)sandbox.stream_logs();
    FAIL("it was accepted");
  } catch (cw::invalid_argument const& e) {
    CHECK_THAT(e.what(), ContainsSubstring("this one has none: unary"));
  }
}

TEST_CASE("a chosen transport passes logs on", "[logs][any]") {
  log_world w{log_script{}.line("a")};
  cw::basic_sandbox<cw::any_transport> const sandbox{cw::any_transport{w.mock}};
  sandbox.detach();
  CHECK(w.read_all(sandbox.stream_logs()) == lines_and_end{{"a\n"}, {}});
}

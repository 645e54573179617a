// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include <cwsandbox/transport/local/log_buffer.hpp>

#include <chrono>
#include <string>

namespace local = cwsandbox::detail::local;
using namespace std::chrono_literals;

namespace {

local::log_time at(std::chrono::nanoseconds since_start) {
  return local::log_time{std::chrono::sys_days{std::chrono::January / 31 / 2026}} + since_start;
}

std::string all(local::log_session& session, local::log_buffer const& log) {
  std::string result;
  while (auto entry = session.next(log, log.end())) {
    result += entry->data;
    CHECK(entry->next_log_offset >= result.size());
  }
  return result;
}

}  // namespace

TEST_CASE("the tail of a log is its last lines, the unfinished one among them") {
  local::log_buffer log{1 << 20};
  CHECK(log.tail(3) == 0);
  log.append("one\ntwo\nthree\n", at(0s));
  CHECK(log.tail(1) == 8);
  CHECK(log.tail(2) == 4);
  CHECK(log.tail(3) == 0);
  CHECK(log.tail(99) == 0);
  CHECK(log.tail(0) == 0);
  log.append("fo", at(1s));
  log.append("ur", at(2s));
  CHECK(log.tail(1) == 14);
  CHECK(log.tail(2) == 8);
}

TEST_CASE("a log read since a time begins with a whole line") {
  local::log_buffer log{1 << 20};
  log.append("early\nhalf", at(0s));
  log.append(" way\nlate\n", at(10s));
  CHECK(log.since(at(0s)) == 0);
  CHECK(log.since(at(5s)) == 15);
  CHECK(log.since(at(11s)) == log.end());
}

TEST_CASE("a log keeps its newest bytes") {
  local::log_buffer log{10};
  for (int i = 0; i < 100; ++i) log.append("12345\n", at(std::chrono::seconds{i}));
  CHECK(log.end() == 600);
  CHECK(log.end() - log.begin() <= 12);
  CHECK(log.begin() % 6 == 0);
}

TEST_CASE("each entry's offset is the sum of the data so far") {
  local::log_buffer log{1 << 20};
  log.append("one\n", at(0s));
  log.append("two\n", at(1s));
  local::log_session session{"s", false, 0};
  auto first = session.next(log, log.end());
  REQUIRE(first);
  CHECK(first->data == "one\n");
  CHECK(first->next_log_offset == 4);
  CHECK(first->log_session_id == "s");
  auto second = session.next(log, log.end());
  REQUIRE(second);
  CHECK(second->next_log_offset == 8);
  CHECK(!session.next(log, log.end()));
}

TEST_CASE("time stamps stand before lines, not before the pieces of one") {
  local::log_buffer log{1 << 20};
  log.append("be", at(1ms));
  log.append("gin\nnext\n", at(2s));
  local::log_session session{"s", true, 0};
  CHECK(all(session, log) ==
        "2026-01-31T00:00:00.001000000Z begin\n2026-01-31T00:00:02.000000000Z next\n");
}

TEST_CASE("a session is resumed at any byte, time stamps included") {
  local::log_buffer log{1 << 20};
  log.append("one\ntw", at(0s));
  log.append("o\nthree\n", at(1s));
  log.append("four\n", at(2s));
  for (bool const timestamps : {false, true}) {
    local::log_session whole{"s", timestamps, 0};
    auto const text = all(whole, log);
    for (std::size_t offset = 0; offset <= text.size(); ++offset) {
      auto resumed = whole;
      REQUIRE(resumed.seek(log, offset) == local::log_session::seek_result::found);
      std::string rest;
      while (auto entry = resumed.next(log, log.end())) rest += entry->data;
      REQUIRE(rest == text.substr(offset));
    }
    CHECK(whole.seek(log, text.size() + 1) == local::log_session::seek_result::beyond_end);
  }
}

TEST_CASE("a session cannot go back to what the log has dropped") {
  local::log_buffer log{100};
  log.append(std::string(50, 'a') + "\n", at(0s));
  local::log_session session{"s", false, 0};
  all(session, log);
  for (int i = 1; i < 10; ++i) log.append(std::string(50, 'b') + "\n", at(std::chrono::seconds{i}));
  CHECK(session.lost(log));
  CHECK(session.seek(log, 0) == local::log_session::seek_result::gone);
}

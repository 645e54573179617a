// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/output_buffer.hpp>
#include <cwsandbox/operation.hpp>

#include <asio/system_executor.hpp>

#include "support/catch.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
using cw::detail::output_buffer;
using unit = output_buffer::unit;
using items = std::vector<std::string>;

namespace {

using read_state = cw::detail::operation_state<output_buffer::item>;

std::shared_ptr<read_state> read(output_buffer& buffer, unit what = unit::chunk) {
  auto state = std::make_shared<read_state>(asio::system_executor{});
  buffer.read(what, state);
  return state;
}

void append(output_buffer& buffer, items const& chunks) {
  for (auto chunk : chunks) buffer.append(std::move(chunk));
}

std::string next(output_buffer& buffer, unit what) {
  auto const item = buffer.try_read(what);
  return item && *item ? (*item)->value_or("<end>") : "<nothing>";
}

// Everything that can be read now; "<end>" for the end of the stream.
items drain(output_buffer& buffer, unit what = unit::chunk) {
  items all;
  while (auto item = buffer.try_read(what)) {
    if (!*item) {
      all.emplace_back("<error>");
      continue;
    }
    if (!**item) {
      all.emplace_back("<end>");
      break;
    }
    all.push_back(***item);
  }
  return all;
}

}  // namespace

TEST_CASE("chunks are read as they came", "[output_buffer]") {
  output_buffer buffer;
  append(buffer, {"a\nb", "", std::string("\0x", 2), "c\r\n"});
  CHECK(drain(buffer) == items{"a\nb", "", std::string("\0x", 2), "c\r\n"});
  CHECK_FALSE(buffer.try_read(unit::chunk));
  buffer.finish();
  CHECK(drain(buffer) == items{"<end>"});
  CHECK(drain(buffer) == items{"<end>"});
  CHECK(buffer.copy_kept() == std::string("a\nb\0xc\r\n", 8));
  CHECK(buffer.bytes_produced() == 8);
  CHECK_FALSE(buffer.is_truncated());
}

TEST_CASE("lines are cut at LF whatever the chunks were", "[output_buffer]") {
  struct row {
    items chunks;
    items lines;
  };
  for (auto const& row : std::vector<row>{
           {{"one\ntwo\n"}, {"one\n", "two\n", "<end>"}},
           {{"o", "ne", "\nt", "wo"}, {"one\n", "two", "<end>"}},
           {{"\n\n"}, {"\n", "\n", "<end>"}},
           {{""}, {"<end>"}},
           {{}, {"<end>"}},
           {{"a\r\nb"}, {"a\r\n", "b", "<end>"}},
       }) {
    output_buffer buffer;
    append(buffer, row.chunks);
    buffer.finish();
    CHECK(drain(buffer, unit::line) == row.lines);
  }
}

TEST_CASE("lines and chunks may be mixed", "[output_buffer]") {
  output_buffer buffer;
  append(buffer, {"one\ntw", "o\nthree", "four"});
  buffer.finish();
  CHECK(next(buffer, unit::line) == "one\n");
  CHECK(next(buffer, unit::chunk) == "tw");
  CHECK(next(buffer, unit::line) == "o\n");
  CHECK(drain(buffer) == items{"three", "four", "<end>"});
}

TEST_CASE("reads are served in the order of the calls", "[output_buffer]") {
  output_buffer buffer;
  auto const first = read(buffer);
  auto const second = read(buffer, unit::line);
  auto const third = read(buffer);
  CHECK_FALSE(buffer.try_read(unit::chunk));  // it would overtake
  append(buffer, {"a"});
  CHECK(first->is_done());
  CHECK(*first->value() == "a");
  CHECK_FALSE(second->is_done());
  append(buffer, {"b"});
  CHECK_FALSE(second->is_done());
  append(buffer, {"c\nd"});
  CHECK(*second->value() == "bc\n");
  CHECK(*third->value() == "d");
  auto const last = read(buffer);
  buffer.finish();
  CHECK_FALSE(last->value()->has_value());
}

TEST_CASE("the item of a cancelled read goes to the next", "[output_buffer]") {
  output_buffer buffer;
  auto const first = read(buffer);
  auto const second = read(buffer);
  first->cancel();
  append(buffer, {"a"});
  CHECK(*second->value() == "a");
}

TEST_CASE("close ends reads and leaves the result complete", "[output_buffer]") {
  output_buffer buffer;
  append(buffer, {"a"});
  CHECK(*read(buffer)->value() == "a");
  auto const waiting = read(buffer);
  buffer.close();
  CHECK_FALSE(waiting->value()->has_value());
  append(buffer, {"b"});
  buffer.close();
  CHECK(drain(buffer) == items{"<end>"});
  CHECK(buffer.copy_kept() == "ab");
}

TEST_CASE("what comes after the end is dropped", "[output_buffer]") {
  output_buffer buffer;
  buffer.finish();
  append(buffer, {"late"});
  CHECK(buffer.bytes_produced() == 0);
  CHECK(drain(buffer) == items{"<end>"});
}

TEST_CASE("readers go on where the result keeps the bytes", "[output_buffer]") {
  output_buffer buffer;
  append(buffer, {"one\n", "two\n"});
  CHECK(next(buffer, unit::line) == "one\n");
  std::string kept;
  buffer.finish();
  buffer.move_kept_to(kept);
  CHECK(kept == "one\ntwo\n");
  CHECK(drain(buffer, unit::line) == items{"two\n", "<end>"});
}

TEST_CASE("without a reader only the limit is kept", "[output_buffer][limit]") {
  output_buffer buffer{4};
  append(buffer, {"abcdef", "gh", "i"});
  CHECK_FALSE(buffer.is_full());
  CHECK(buffer.copy_kept() == "abcd");
  CHECK(buffer.bytes_produced() == 9);
  CHECK(buffer.is_truncated());
  SECTION("and a reader who comes late reads that") {
    buffer.attach();
    buffer.finish();
    CHECK(drain(buffer) == items{"abcd", "<end>"});
  }
  SECTION("in lines too") {
    buffer.attach();
    buffer.finish();
    CHECK(drain(buffer, unit::line) == items{"abcd", "<end>"});
  }
  SECTION("and what comes then") {
    buffer.attach();
    append(buffer, {"jk"});
    buffer.finish();
    CHECK(drain(buffer) == items{"abcd", "jk", "<end>"});
    CHECK(buffer.copy_kept() == "abcd");
  }
}

TEST_CASE("a line that was kept whole is the last of a reader who comes late",
          "[output_buffer][limit]") {
  output_buffer buffer{3};
  append(buffer, {"ab\ncd\n"});
  buffer.attach();
  buffer.finish();
  CHECK(drain(buffer, unit::line) == items{"ab\n", "<end>"});
}

TEST_CASE("exactly the limit is not truncated", "[output_buffer][limit]") {
  output_buffer buffer{4};
  append(buffer, {"ab", "cd"});
  CHECK_FALSE(buffer.is_truncated());
  append(buffer, {"e"});
  CHECK(buffer.is_truncated());
}

TEST_CASE("a reader sees everything and the sender waits for it", "[output_buffer][limit]") {
  output_buffer buffer{4};
  buffer.attach();
  append(buffer, {"abcd", "efgh"});
  CHECK_FALSE(buffer.is_full());
  append(buffer, {"i"});
  CHECK(buffer.is_full());
  int woken = 0;
  buffer.when_not_full([&] { ++woken; });
  CHECK(drain(buffer, unit::chunk) == items{"abcd", "efgh", "i"});
  CHECK(woken == 1);
  CHECK_FALSE(buffer.is_full());
  buffer.when_not_full([&] { ++woken; });
  CHECK(woken == 2);
  CHECK(buffer.copy_kept() == "abcd");
}

TEST_CASE("what ends the wait of the sender", "[output_buffer][limit]") {
  output_buffer buffer{0};
  buffer.attach();
  append(buffer, {"a"});
  REQUIRE(buffer.is_full());
  bool woken = false;
  buffer.when_not_full([&] { woken = true; });
  SECTION("a read") { CHECK(*read(buffer)->value() == "a"); }
  SECTION("the end") { buffer.finish(); }
  SECTION("a reader who leaves") { buffer.close(); }
  CHECK(woken);
}

TEST_CASE("after the reader has left nothing beyond the limit is held", "[output_buffer][limit]") {
  output_buffer buffer{2};
  buffer.attach();
  append(buffer, {"abcdef"});
  buffer.close();
  append(buffer, {"ghijkl"});
  CHECK_FALSE(buffer.is_full());
  CHECK(buffer.copy_kept() == "ab");
  CHECK(buffer.bytes_produced() == 12);
}

TEST_CASE("what was read is forgotten bit by bit", "[output_buffer][limit]") {
  output_buffer buffer{2};
  buffer.attach();
  append(buffer, {"abc", "de\nf", "ghi", "jkl\n", "m"});
  CHECK(next(buffer, unit::chunk) == "abc");
  CHECK(next(buffer, unit::line) == "de\n");
  CHECK(next(buffer, unit::chunk) == "f");
  append(buffer, {"no\np"});
  CHECK(next(buffer, unit::line) == "ghijkl\n");
  CHECK(next(buffer, unit::line) == "mno\n");
  CHECK_FALSE(buffer.is_full());
  buffer.finish();
  CHECK(drain(buffer) == items{"p", "<end>"});
  CHECK(buffer.copy_kept() == "ab");
}

TEST_CASE("a reader who waits for a long line is not behind", "[output_buffer][limit]") {
  output_buffer buffer{1};
  buffer.attach();
  append(buffer, {"abcdef"});
  REQUIRE(buffer.is_full());
  bool woken = false;
  buffer.when_not_full([&] { woken = true; });
  auto const line = read(buffer, unit::line);
  CHECK(woken);
  append(buffer, {"ghijkl"});
  CHECK_FALSE(buffer.is_full());
  append(buffer, {"\nmno"});
  CHECK(*line->value() == "abcdefghijkl\n");
  CHECK(buffer.is_full());
}

TEST_CASE("a number of chunks may wait, however large", "[output_buffer][limit]") {
  output_buffer buffer{output_buffer::limits{0, 3}};
  buffer.attach();
  append(buffer, {"abc", ""});
  CHECK_FALSE(buffer.is_full());
  append(buffer, {"de\n"});
  CHECK(buffer.is_full());
  bool woken = false;
  buffer.when_not_full([&] { woken = true; });
  SECTION("read as chunks") { CHECK(next(buffer, unit::chunk) == "abc"); }
  SECTION("read as lines") { CHECK(next(buffer, unit::line) == "abcde\n"); }
  SECTION("closed") { buffer.close(); }
  CHECK(woken);
  CHECK_FALSE(buffer.is_full());
  CHECK(buffer.copy_kept() == "");
}

TEST_CASE("a failure comes after what was there, and once", "[output_buffer]") {
  for (auto const what : {unit::chunk, unit::line}) {
    output_buffer buffer;
    append(buffer, {"a"});
    buffer.fail(cw::make_error(cw::error_kind::unavailable, "gone"));
    buffer.finish();
    CHECK(drain(buffer, what) == items{"a", "<error>", "<end>"});
    CHECK(drain(buffer, what) == items{"<end>"});
  }
}

TEST_CASE("a failure after the end is none", "[output_buffer]") {
  output_buffer buffer;
  buffer.finish();
  buffer.fail(cw::make_error(cw::error_kind::unavailable, "gone"));
  CHECK(drain(buffer) == items{"<end>"});
}

TEST_CASE("a waiting read gets the failure", "[output_buffer]") {
  output_buffer buffer;
  auto const first = read(buffer);
  auto const second = read(buffer);
  buffer.fail(cw::make_error(cw::error_kind::unavailable, "gone"));
  REQUIRE_FALSE(first->value());
  CHECK(first->value().error().kind() == cw::error_kind::unavailable);
  REQUIRE(second->value());
  CHECK_FALSE(second->value()->has_value());
}

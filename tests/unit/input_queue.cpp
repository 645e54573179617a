// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/input_queue.hpp>
#include <cwsandbox/operation.hpp>

#include <asio/system_executor.hpp>

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace cw = cwsandbox;
using cw::detail::input_queue;
using done_state = cw::detail::operation_state<void>;

namespace {

std::shared_ptr<done_state> write(input_queue& queue, std::string bytes) {
  auto state = std::make_shared<done_state>(asio::system_executor{});
  queue.write(std::move(bytes), state);
  return state;
}
std::shared_ptr<done_state> close(input_queue& queue) {
  auto state = std::make_shared<done_state>(asio::system_executor{});
  queue.close(state);
  return state;
}

// The next thing to send; "<end>" for the end of input, "<none>" for nothing.
std::string pop(input_queue& queue) {
  auto const item = queue.pop([] {});
  if (!item) return "<none>";
  auto const* bytes = std::get_if<std::string>(&*item);
  return bytes ? *bytes : "<end>";
}

bool fine(std::shared_ptr<done_state> const& state) { return state->is_done() && state->value(); }

}  // namespace

TEST_CASE("writes are sent in their order and then the end", "[input_queue]") {
  input_queue queue;
  CHECK(fine(write(queue, "a")));
  CHECK(fine(write(queue, "")));
  CHECK(fine(close(queue)));
  CHECK(queue.is_closed());
  CHECK(pop(queue) == "a");
  CHECK(pop(queue) == "");
  CHECK(pop(queue) == "<end>");
  CHECK(pop(queue) == "<none>");
}

TEST_CASE("sixteen writes wait in the queue and the others before it", "[input_queue]") {
  input_queue queue;
  for (int i = 0; i < 16; ++i) CHECK(fine(write(queue, std::to_string(i))));
  auto const next = write(queue, "16");
  auto const after = write(queue, "17");
  auto const end = close(queue);
  CHECK(queue.is_closed());
  CHECK_FALSE(next->is_done());
  CHECK(pop(queue) == "0");
  CHECK(fine(next));
  CHECK_FALSE(after->is_done());
  CHECK(pop(queue) == "1");
  CHECK(fine(after));
  CHECK_FALSE(end->is_done());
  CHECK(pop(queue) == "2");
  CHECK(fine(end));
  for (int i = 3; i < 18; ++i) CHECK(pop(queue) == std::to_string(i));
  CHECK(pop(queue) == "<end>");
}

TEST_CASE("a write that is cancelled while it waits is not sent", "[input_queue]") {
  input_queue queue;
  for (int i = 0; i < 16; ++i) write(queue, std::to_string(i));
  auto const cancelled = write(queue, "never");
  auto const kept = write(queue, "kept");
  auto const end = close(queue);
  cancelled->cancel();
  end->cancel();  // the input was closed nevertheless
  CHECK(pop(queue) == "0");
  CHECK(fine(kept));
  for (int i = 1; i < 16; ++i) CHECK(pop(queue) == std::to_string(i));
  CHECK(pop(queue) == "kept");
  CHECK(pop(queue) == "<end>");
}

TEST_CASE("the sender is told when there is something to send", "[input_queue]") {
  input_queue queue;
  int told = 0;
  auto const ready = [&] { ++told; };
  CHECK_FALSE(queue.pop(ready));
  write(queue, "a");
  write(queue, "b");
  CHECK(told == 1);
  CHECK(queue.pop(ready));
  CHECK(queue.pop(ready));
  CHECK_FALSE(queue.pop(ready));
  close(queue);
  CHECK(told == 2);
}

TEST_CASE("a write after the end of input is refused", "[input_queue]") {
  input_queue queue;
  CHECK_FALSE(queue.refusal());
  close(queue);
  auto const late = write(queue, "a");
  REQUIRE(late->is_done());
  REQUIRE_FALSE(late->value());
  CHECK(late->value().error().kind() == cw::error_kind::execution);
  CHECK_THAT(late->value().error().message(), ContainsSubstring("closed"));
  CHECK(queue.refusal());
  CHECK(fine(close(queue)));
}

TEST_CASE("the end of the command fails what waits and closes the rest", "[input_queue]") {
  input_queue queue;
  for (int i = 0; i < 16; ++i) write(queue, "x");
  auto const waiting = write(queue, "y");
  auto const end = close(queue);
  queue.finish("the process has exited");
  queue.finish("again");
  REQUIRE(waiting->is_done());
  REQUIRE_FALSE(waiting->value());
  auto const& e = waiting->value().error();
  CHECK(e.kind() == cw::error_kind::execution);
  CHECK_THAT(e.message(), ContainsSubstring("failed"));
  REQUIRE(e.cause() != nullptr);
  CHECK(e.cause()->message() == "the process has exited");
  CHECK(fine(end));
  CHECK(pop(queue) == "<none>");

  // that it has ended comes before that it is closed
  auto const late = write(queue, "z");
  CHECK_THAT(late->value().error().message(), ContainsSubstring("the process has exited"));
  CHECK(fine(close(queue)));
}

TEST_CASE("closing after the command has ended says closed", "[input_queue]") {
  input_queue queue;
  queue.finish("over");
  CHECK_FALSE(queue.is_closed());
  CHECK(fine(close(queue)));
  CHECK(queue.is_closed());
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/virtual_clock.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
using namespace std::chrono_literals;
using cw::error_kind;
using detail::first_event;
using detail::woken;

namespace {

struct fixture {
  asio::io_context io{1};
  std::shared_ptr<cw::virtual_clock> clock =
      std::make_shared<cw::virtual_clock>(cw::virtual_clock::manual);
  std::shared_ptr<detail::cancel_token> token = std::make_shared<detail::cancel_token>();
  detail::task_context context{io.get_executor(), clock, token};

  void settle() {
    io.restart();
    io.poll();
  }
  template <class T>
  std::shared_ptr<std::optional<T>> begin(asio::awaitable<T> work) {
    auto result = std::make_shared<std::optional<T>>();
    asio::co_spawn(io, std::move(work), [result](std::exception_ptr e, T value) {
      if (!e) result->emplace(std::move(value));
    });
    settle();
    return result;
  }
};

// A call that listens to nobody.
asio::awaitable<cw::outcome<int>> deaf(std::shared_ptr<asio::steady_timer> timer) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  try {
    co_await timer->async_wait(asio::use_awaitable);
  } catch (std::exception const&) {
  }
  co_return 7;
}

asio::awaitable<cw::outcome<int>> listening(asio::any_io_executor executor) {
  asio::steady_timer timer{executor, asio::steady_timer::time_point::max()};
  co_await timer.async_wait(asio::use_awaitable);  // throws when it is cancelled
  co_return 7;
}

asio::awaitable<cw::outcome<int>> at_once(cw::outcome<int> value) { co_return value; }

asio::awaitable<cw::outcome<int>> throwing() {
  throw std::runtime_error{"out of luck"};
  co_return 1;
}

asio::awaitable<cw::outcome<void>> wait_for_ever(detail::task_context context,
                                                 std::shared_ptr<first_event> event) {
  co_await detail::wait_for_event(context, event, std::nullopt);
  co_return cw::outcome<void>{};
}

}  // namespace

TEST_CASE("a wait ends with the first of its events", "[await]") {
  struct row {
    char const* name;
    void (*act)(fixture&, first_event&);
    woken why;
  };
  row const rows[] = {
      {"event", [](fixture&, first_event& e) { e.fire(woken::event); }, woken::event},
      {"deadline", [](fixture& f, first_event&) { f.clock->advance(5s); }, woken::deadline},
      {"cancelled", [](fixture& f, first_event&) { f.token->cancel(); }, woken::cancelled},
      {"event and then the rest",
       [](fixture& f, first_event& e) {
         e.fire(woken::event);
         f.token->cancel();
         f.clock->advance(5s);
       },
       woken::event},
  };
  for (auto const& row : rows) {
    CAPTURE(row.name);
    fixture f;
    auto event = std::make_shared<first_event>();
    auto const deadline = detail::deadline_in(f.context, 5s);
    auto const result = f.begin(detail::wait_for_event(f.context, event, deadline));
    CHECK_FALSE(result->has_value());
    row.act(f, *event);
    f.settle();
    REQUIRE(result->has_value());
    CHECK(**result == row.why);
    CHECK(f.clock->pending() == 0);
  }
}

TEST_CASE("what came before the wait ends it", "[await]") {
  fixture f;
  auto event = std::make_shared<first_event>();
  CHECK_FALSE(event->fired());
  event->fire(woken::event);
  event->fire(woken::deadline);
  CHECK(event->fired() == woken::event);
  CHECK(**f.begin(detail::wait_for_event(f.context, event, std::nullopt)) == woken::event);

  f.token->cancel();
  CHECK(f.token->is_cancelled());
  CHECK(**f.begin(detail::sleep_for(f.context, 1s)) == woken::cancelled);

  fixture g;
  CHECK(**g.begin(detail::sleep_for(g.context, 0s)) == woken::deadline);
}

TEST_CASE("a cancelled token cancels all who wait and whoever comes", "[await]") {
  fixture f;
  auto const first = f.begin(detail::sleep_for(f.context, 1s));
  auto const second = f.begin(detail::sleep_for(f.context, 2s));
  f.token->cancel();
  auto const third = f.begin(detail::sleep_for(f.context, 1s));
  CHECK(**first == woken::cancelled);
  CHECK(**second == woken::cancelled);
  CHECK(**third == woken::cancelled);
}

TEST_CASE("deadlines are held at the end of time", "[await]") {
  fixture f;
  using point = cw::time_source::time_point;
  CHECK(detail::deadline_in(f.context, std::chrono::nanoseconds::max()) == point::max());
  CHECK(detail::deadline_in(f.context, 1s) == f.clock->now() + 1s);
  CHECK_FALSE(detail::deadline_in(f.context, std::nullopt));
  CHECK(detail::longer(std::chrono::nanoseconds::max(), 5s) == std::chrono::nanoseconds::max());
  CHECK(detail::longer(1s, 5s) == 6s);
}

TEST_CASE("a wait for an operation leaves it as it is", "[await]") {
  fixture f;
  auto state = std::make_shared<detail::operation_state<int>>(f.io.get_executor());
  auto const patient = f.begin(detail::wait_until_done(f.context, state, std::nullopt));
  auto const deadline = detail::deadline_in(f.context, 1s);
  auto const hasty = f.begin(detail::wait_until_done(f.context, state, deadline));
  f.clock->advance(1s);
  f.settle();
  CHECK(**hasty == woken::deadline);
  CHECK_FALSE(patient->has_value());
  CHECK_FALSE(state->is_done());
  state->complete(1);
  f.settle();
  CHECK(**patient == woken::event);
  CHECK(**f.begin(detail::wait_until_done(f.context, state, std::nullopt)) == woken::event);
}

TEST_CASE("a bounded call gives what the call gives", "[await][bounded]") {
  fixture f;
  auto const kept = std::make_shared<int>(0);
  CHECK(***f.begin(detail::bounded(f.context, at_once(3), 1s, kept)) == 3);
  auto const failed = f.begin(
      detail::bounded(f.context, at_once(cw::make_error(error_kind::failed, "no")), 1s, kept));
  CHECK((*failed)->error().kind() == error_kind::failed);
  auto const thrown = f.begin(detail::bounded(f.context, throwing(), 1s, kept));
  CHECK((*thrown)->error().kind() == error_kind::foreign);
  CHECK((*thrown)->error().message() == "out of luck");
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a call that does not listen cannot hold its caller up", "[await][bounded]") {
  fixture f;
  auto timer =
      std::make_shared<asio::steady_timer>(f.io, asio::steady_timer::time_point::max());
  auto const kept = std::make_shared<int>(0);
  auto const late = f.begin(detail::bounded(f.context, deaf(timer), 5s, kept));
  f.clock->advance(5s);
  f.settle();
  REQUIRE(late->has_value());
  CHECK((*late)->error().kind() == error_kind::rpc);
  CHECK((*late)->error().code() == cw::status_code::deadline_exceeded);

  auto other =
      std::make_shared<asio::steady_timer>(f.io, asio::steady_timer::time_point::max());
  auto const cancelled = f.begin(detail::bounded(f.context, deaf(other), {}, kept));
  f.token->cancel();
  f.settle();
  REQUIRE(cancelled->has_value());
  CHECK((*cancelled)->error().kind() == error_kind::cancelled);

  CHECK(kept.use_count() > 1);  // the calls go on, on their own
  timer->cancel();
  other->cancel();
  f.settle();
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a call that listens is told to end", "[await][bounded]") {
  fixture f;
  auto const kept = std::make_shared<int>(0);
  auto const late = f.begin(detail::bounded(f.context, listening(f.io.get_executor()), 5s, kept));
  f.clock->advance(5s);
  f.settle();
  CHECK((*late)->error().code() == cw::status_code::deadline_exceeded);
  CHECK(kept.use_count() == 1);
}

TEST_CASE("a cancelled task makes no call", "[await][bounded]") {
  fixture f;
  f.token->cancel();
  auto const result = f.begin(detail::bounded(f.context, at_once(3), 1s, nullptr));
  CHECK((*result)->error().kind() == error_kind::cancelled);
}

TEST_CASE("a coroutine ends its operation", "[await][spawn]") {
  fixture f;
  auto const run = [&](asio::awaitable<cw::outcome<int>> work) {
    auto state = std::make_shared<detail::operation_state<int>>(f.io.get_executor());
    detail::spawn(f.context.executor, state, std::move(work), nullptr);
    f.settle();
    REQUIRE(state->is_done());
    return state->value();
  };
  CHECK(*run(at_once(5)) == 5);
  CHECK(run(throwing()).error().kind() == error_kind::foreign);
}

TEST_CASE("an executor that is destroyed ends the operations on it and frees what they hold",
          "[await][spawn]") {
  auto const event = std::make_shared<first_event>();
  auto const kept = std::make_shared<int>(0);
  auto const clock = std::make_shared<cw::virtual_clock>(cw::virtual_clock::automatic);
  std::vector<std::shared_ptr<detail::operation_state<void>>> states;
  {
    asio::io_context io{1};
    for (int i = 0; i < 3; ++i)
      states.push_back(std::make_shared<detail::operation_state<void>>(io.get_executor()));
    auto const strand = asio::any_io_executor{asio::make_strand(io.get_executor())};
    // one never began, one waits for an event, one for another operation
    detail::task_context context{strand, clock, std::make_shared<detail::cancel_token>()};
    detail::spawn(strand, states[0], wait_for_ever(context, event), kept);
    io.poll();
    auto const waits = [](detail::task_context c, std::shared_ptr<detail::operation_state<void>> on)
        -> asio::awaitable<cw::outcome<void>> {
      co_await detail::wait_until_done(std::move(c), on, std::nullopt);
      co_return on->value();
    };
    detail::spawn(strand, states[1], waits(context, states[0]), kept);
    io.restart();
    io.poll();
    detail::spawn(strand, states[2], wait_for_ever(context, event), kept);
  }
  for (auto const& state : states) {
    REQUIRE(state->is_done());
    CHECK(state->value().error().kind() == error_kind::cancelled);
  }
  CHECK(kept.use_count() == 1);
  CHECK(event.use_count() == 1);
  event->fire(woken::event);  // too late for anybody
}

TEST_CASE("events may be fired by any thread", "[await]") {
  asio::thread_pool pool{2};
  auto const clock = std::make_shared<cw::virtual_clock>(cw::virtual_clock::manual);
  std::atomic<int> woken_up{0};
  constexpr int rounds = 200;
  std::vector<std::shared_ptr<first_event>> events;
  for (int i = 0; i < rounds; ++i) events.push_back(std::make_shared<first_event>());
  auto const wait = [&](std::shared_ptr<first_event> event) -> asio::awaitable<void> {
    auto const executor = co_await asio::this_coro::executor;
    detail::task_context context{executor, clock, nullptr};
    co_await detail::wait_for_event(context, event, std::nullopt);
    ++woken_up;
  };
  for (auto const& event : events)
    asio::co_spawn(asio::make_strand(pool), wait(event), asio::detached);
  std::thread other{[&] {
    for (auto const& event : events) event->fire(woken::event);
  }};
  for (auto const& event : events) event->fire(woken::cancelled);
  other.join();
  pool.join();
  CHECK(woken_up == rounds);
}

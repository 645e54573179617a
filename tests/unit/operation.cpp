// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/operation.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
using namespace std::chrono_literals;
using cw::error_kind;
using cw::operation;

namespace {

// A call whose end the test decides about.
template <class R>
struct pending {
  explicit pending(asio::any_io_executor executor)
      : state{std::make_shared<detail::operation_state<R>>(std::move(executor))},
        op{detail::operation_access::make(state)} {}

  std::shared_ptr<detail::operation_state<R>> state;
  operation<R> op;
};

cw::error not_found() { return cw::make_error(error_kind::not_found, "gone"); }

// Counts how it is passed about.
struct counted {
  counted() = default;
  explicit counted(std::string t) : text{std::move(t)} {}
  counted(counted const& other) : text{other.text}, copies{other.copies + 1} {}
  counted(counted&& other) noexcept : text{std::move(other.text)}, copies{other.copies} {}
  counted& operator=(counted const&) = default;
  counted& operator=(counted&&) = default;
  ~counted() = default;
  std::string text;
  int copies = 0;
};

std::optional<error_kind> kind_of(std::exception_ptr e) {
  if (!e) return std::nullopt;
  return detail::error_from_exception(e).kind();
}

// A thread that is joined before what it uses is gone.
class joined_thread {
 public:
  template <class F>
  explicit joined_thread(F&& f) : thread_{std::forward<F>(f)} {}
  joined_thread(joined_thread&&) = default;
  ~joined_thread() {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

asio::any_io_executor elsewhere() {
  static asio::io_context context;
  return context.get_executor();
}

static_assert(std::is_default_constructible_v<operation<int>>);
static_assert(std::is_copy_constructible_v<operation<int>>);

}  // namespace

TEST_CASE("a handle on nothing is not valid", "[operation]") {
  operation<int> op;
  CHECK_FALSE(op.valid());
  op = detail::done_operation<int>(elsewhere(), 1);
  CHECK(op.valid());
}

TEST_CASE("an operation that is done gives its value as often as it is asked", "[operation]") {
  auto const op = detail::done_operation<std::string>(elsewhere(), std::string{"text"});
  auto const copy = op;
  for (int i = 0; i < 3; ++i) {
    CHECK(op.is_done());
    CHECK(op.result() == "text");
    CHECK(copy.result() == "text");
    CHECK(op.result_for(0s) == "text");
    CHECK(*op.outcome() == "text");
    CHECK(*copy.outcome_for(0s) == "text");
  }
}

TEST_CASE("an operation that failed gives its error as often as it is asked", "[operation]") {
  auto const op = detail::done_operation<int>(elsewhere(), not_found());
  for (int i = 0; i < 3; ++i) {
    CHECK_THROWS_AS(op.result(), cw::SandboxNotFoundError);
    CHECK_THROWS_AS(op.result_for(1s), cw::SandboxNotFoundError);
    CHECK(op.outcome().error().kind() == error_kind::not_found);
    CHECK(op.outcome_for(0s).error().message() == "gone");
  }
  auto moved = op;
  CHECK_THROWS_AS(std::move(moved).result(), cw::SandboxNotFoundError);
}

TEST_CASE("operations without a value", "[operation]") {
  auto const good = detail::done_operation<void>(elsewhere(), {});
  CHECK_NOTHROW(good.result());
  CHECK_NOTHROW(good.result_for(0s));
  CHECK(good.outcome());
  auto const bad = detail::done_operation<void>(elsewhere(), not_found());
  CHECK_THROWS_AS(bad.result(), cw::SandboxNotFoundError);
  CHECK_FALSE(bad.outcome());
}

TEST_CASE("the value is moved to the last one who asks", "[operation]") {
  auto const make = [] { return detail::done_operation<counted>(elsewhere(), counted{"text"}); };
  SECTION("a temporary handle") {
    auto const value = make().result();
    CHECK(value.text == "text");
    CHECK(value.copies == 0);
  }
  SECTION("a handle that is given up") {
    auto op = make();
    auto const value = std::move(op).result();
    CHECK(value.copies == 0);
  }
  SECTION("not while others may ask") {
    auto op = make();
    auto const other = op;
    CHECK(std::move(op).result().text == "text");
    CHECK(other.result().text == "text");
  }
  SECTION("not from a handle that is kept") {
    auto const op = make();
    CHECK(op.result().text == "text");
    CHECK(op.result().text == "text");
  }
}

TEST_CASE("a blocked result ends when the operation does", "[operation]") {
  pending<int> p{elsewhere()};
  std::promise<void> waiting;
  joined_thread const other{[&] {
    waiting.get_future().wait();
    p.state->complete(7);
  }};
  CHECK_FALSE(p.op.is_done());
  waiting.set_value();
  CHECK(p.op.result() == 7);
}

TEST_CASE("a wait that was too short can be repeated", "[operation]") {
  pending<int> p{elsewhere()};
  CHECK_THROWS_AS(p.op.result_for(0s), cw::wait_timeout);
  CHECK_THROWS_AS(p.op.result_for(1ms), cw::wait_timeout);
  CHECK_THROWS_AS(p.op.result_for(-1s), cw::wait_timeout);
  CHECK(p.op.outcome_for(0s).error().kind() == error_kind::wait_timeout);
  CHECK_FALSE(p.op.is_done());
  p.state->complete(7);
  CHECK(p.op.result_for(0s) == 7);
  CHECK(*p.op.outcome_for(0s) == 7);
}

TEST_CASE("a limit of any length is one", "[operation]") {
  using seconds = std::chrono::duration<double>;
  SECTION("far away") {
    pending<int> p{elsewhere()};
    std::vector<joined_thread> waiters;
    std::atomic<int> sum{0};
    waiters.emplace_back([&] { sum += p.op.result_for(std::chrono::hours::max()); });
    waiters.emplace_back([&] { sum += p.op.result_for(std::chrono::nanoseconds::max()); });
    waiters.emplace_back(
        [&] { sum += *p.op.outcome_for(seconds{std::numeric_limits<double>::infinity()}); });
    waiters.emplace_back([&] { sum += *p.op.outcome_for(seconds{1e300}); });
    p.state->complete(1);
    waiters.clear();
    CHECK(sum == 4);
  }
  SECTION("long past") {
    pending<int> const p{elsewhere()};
    CHECK_THROWS_AS(p.op.result_for(std::chrono::hours::min()), cw::wait_timeout);
    CHECK_THROWS_AS(p.op.result_for(seconds{-1e300}), cw::wait_timeout);
    CHECK_THROWS_AS(p.op.result_for(seconds{std::numeric_limits<double>::quiet_NaN()}),
                    cw::wait_timeout);
  }
}

TEST_CASE("the first outcome counts", "[operation]") {
  pending<int> p{elsewhere()};
  CHECK(p.state->complete(1));
  CHECK_FALSE(p.state->complete(2));
  CHECK_FALSE(p.state->complete(not_found()));
  CHECK(p.op.result() == 1);
}

TEST_CASE("cancelling ends an operation at once and stops the work behind it", "[operation]") {
  pending<int> p{elsewhere()};
  int stopped = 0;
  p.state->on_cancel([&] { ++stopped; });
  CHECK(p.op.cancel());
  CHECK(stopped == 1);
  CHECK(p.op.is_done());
  CHECK_THROWS_AS(p.op.result(), cw::operation_cancelled);
  CHECK(p.op.outcome().error().kind() == error_kind::cancelled);
  SECTION("once") {
    CHECK_FALSE(p.op.cancel());
    CHECK(stopped == 1);
  }
  SECTION("whatever the work says later") {
    CHECK_FALSE(p.state->complete(1));
    CHECK_THROWS_AS(p.op.result(), cw::operation_cancelled);
  }
  SECTION("also when the hook comes later") {
    p.state->on_cancel([&] { ++stopped; });
    CHECK(stopped == 2);
  }
}

TEST_CASE("cancelling what is done has no effect", "[operation]") {
  pending<int> p{elsewhere()};
  int stopped = 0;
  p.state->on_cancel([&] { ++stopped; });
  p.state->complete(1);
  CHECK_FALSE(p.op.cancel());
  CHECK(stopped == 0);
  p.state->on_cancel([&] { ++stopped; });
  CHECK(stopped == 0);
  CHECK(p.op.result() == 1);
}

TEST_CASE("the cancel hook does not outlive the operation", "[operation]") {
  pending<int> p{elsewhere()};
  auto const owned = std::make_shared<int>(1);
  p.state->on_cancel([owned] {});
  CHECK(owned.use_count() == 2);
  p.state->complete(1);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("the cancel hook may use the operation", "[operation]") {
  pending<int> p{elsewhere()};
  p.state->on_cancel([&] {
    CHECK(p.op.is_done());
    CHECK_FALSE(p.op.cancel());
  });
  CHECK(p.op.cancel());
}

TEST_CASE("waiters are called once, unless they are removed", "[operation]") {
  pending<int> p{elsewhere()};
  int first = 0;
  int second = 0;
  int late = 0;
  auto const owned = std::make_shared<int>(1);
  auto const id = p.state->add_waiter([&, owned] { ++first; });
  CHECK(id != 0);
  CHECK(p.state->add_waiter([&] { ++second; }) != id);
  p.state->remove_waiter(id);
  CHECK(owned.use_count() == 1);
  p.state->remove_waiter(id);
  p.state->remove_waiter(12345);
  p.state->complete(1);
  CHECK(first == 0);
  CHECK(second == 1);
  CHECK(p.state->add_waiter([&] { ++late; }) == 0);
  CHECK(late == 1);
}

TEST_CASE("a callback gets the value on its executor", "[operation]") {
  asio::io_context work;
  asio::io_context home;
  pending<int> p{work.get_executor()};
  std::optional<std::exception_ptr> e;
  int value = 0;
  p.op.async(asio::bind_executor(home, [&](std::exception_ptr failure, int v) {
    CHECK(home.get_executor().running_in_this_thread());
    e = failure;
    value = v;
  }));
  joined_thread const other{[&] { p.state->complete(7); }};
  // the handler keeps its executor busy: this returns after it has run, however late that is
  home.run();
  REQUIRE(e);
  CHECK_FALSE(*e);
  CHECK(value == 7);
}

TEST_CASE("a callback without executor runs on that of the operation", "[operation]") {
  asio::io_context work;
  auto const op = detail::done_operation<int>(work.get_executor(), 7);
  int value = 0;
  op.async([&](std::exception_ptr, int v) { value = v; });
  CHECK(value == 0);  // never from inside the call
  work.run();
  CHECK(value == 7);
}

TEST_CASE("a callback gets the error", "[operation]") {
  asio::io_context work;
  std::vector<std::optional<error_kind>> kinds;
  detail::done_operation<int>(work.get_executor(), not_found())
      .async([&](std::exception_ptr e, int) { kinds.push_back(kind_of(e)); });
  detail::done_operation<void>(work.get_executor(), not_found()).async([&](std::exception_ptr e) {
    kinds.push_back(kind_of(e));
  });
  detail::done_operation<void>(work.get_executor(), {}).async([&](std::exception_ptr e) {
    kinds.push_back(kind_of(e));
  });
  work.run();
  CHECK(kinds == std::vector<std::optional<error_kind>>{error_kind::not_found,
                                                        error_kind::not_found, std::nullopt});
}

TEST_CASE("a callback may ask for the outcome itself", "[operation]") {
  asio::io_context work;
  std::vector<std::string> seen;
  detail::done_operation<int>(work.get_executor(), 7).async_outcome([&](cw::outcome<int> o) {
    seen.push_back(std::to_string(*o));
  });
  detail::done_operation<int>(work.get_executor(), not_found())
      .async_outcome([&](cw::outcome<int> o) { seen.push_back(o.error().message()); });
  detail::done_operation<void>(work.get_executor(), {}).async_outcome([&](cw::outcome<void> o) {
    seen.emplace_back(o ? "good" : "bad");
  });
  work.run();
  CHECK(seen == std::vector<std::string>{"7", "gone", "good"});
}

TEST_CASE("an operation as a future", "[operation]") {
  asio::thread_pool pool{1};
  pending<int> value{pool.get_executor()};
  pending<void> nothing{pool.get_executor()};
  pending<int> failing{pool.get_executor()};
  auto value_future = value.op.async(asio::use_future);
  auto nothing_future = nothing.op.async(asio::use_future);
  auto failing_future = failing.op.async(asio::use_future);
  value.state->complete(7);
  nothing.state->complete({});
  failing.state->complete(not_found());
  CHECK(value_future.get() == 7);
  CHECK_NOTHROW(nothing_future.get());
  CHECK_THROWS_AS(failing_future.get(), cw::SandboxNotFoundError);
}

TEST_CASE("an operation in a coroutine", "[operation]") {
  asio::thread_pool work{1};
  asio::io_context home;
  pending<std::string> value{work.get_executor()};
  pending<void> nothing{work.get_executor()};
  pending<int> failing{work.get_executor()};
  bool finished = false;
  auto const body = [&]() -> asio::awaitable<void> {
    auto const text = co_await value.op.async();
    CHECK(text == "text");
    CHECK(home.get_executor().running_in_this_thread());
    co_await nothing.op.async(asio::use_awaitable);
    CHECK(home.get_executor().running_in_this_thread());
    bool thrown = false;
    try {
      co_await failing.op.async();
    } catch (cw::SandboxNotFoundError const&) {
      thrown = true;
    }
    CHECK(thrown);
    auto const o = co_await failing.op.async_outcome();
    CHECK(o.error().kind() == error_kind::not_found);
    finished = true;
  };
  asio::co_spawn(home, body, asio::detached);
  joined_thread const other{[&] {
    value.state->complete(std::string{"text"});
    nothing.state->complete({});
    failing.state->complete(not_found());
  }};
  home.run();
  CHECK(finished);
}

TEST_CASE("a cancellation slot cancels the call", "[operation]") {
  for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    asio::io_context home;
    pending<int> p{elsewhere()};
    int stopped = 0;
    p.state->on_cancel([&] { ++stopped; });
    asio::cancellation_signal signal;
    std::optional<error_kind> kind;
    p.op.async(asio::bind_cancellation_slot(
        signal.slot(),
        asio::bind_executor(home, [&](std::exception_ptr e, int) { kind = kind_of(e); })));
    signal.emit(asio::cancellation_type::none);
    CHECK_FALSE(p.op.is_done());
    signal.emit(type);
    CHECK(p.op.is_done());
    CHECK(stopped == 1);
    home.run();
    CHECK(kind == error_kind::cancelled);
    // nothing is left in the slot
    signal.emit(type);
    CHECK(stopped == 1);
  }
}

TEST_CASE("cancelling a coroutine cancels the call it waits for", "[operation]") {
  asio::io_context home;
  pending<int> p{elsewhere()};
  asio::cancellation_signal signal;
  bool cancelled = false;
  auto const body = [&]() -> asio::awaitable<void> {
    try {
      co_await p.op.async();
    } catch (cw::operation_cancelled const&) {
      cancelled = true;
    }
  };
  asio::co_spawn(home, body, asio::bind_cancellation_slot(signal.slot(), asio::detached));
  home.poll();
  asio::post(home, [&] { signal.emit(asio::cancellation_type::terminal); });
  home.run();
  CHECK(cancelled);
  CHECK_FALSE(p.state->complete(1));
}

TEST_CASE("blocking where the work must run is diagnosed", "[operation]") {
  // each runs f on the executor that the operation is made with
  using run_on = std::function<void(std::function<void(asio::any_io_executor)>)>;
  auto const finish = [](asio::any_io_executor executor, auto const& f) {
    asio::post(executor, [executor, &f] { f(executor); });
  };
  std::vector<std::pair<std::string, run_on>> const places{
      {"io_context",
       [&](auto f) {
         asio::io_context context;
         finish(context.get_executor(), f);
         context.run();
       }},
      {"strand of io_context",
       [&](auto f) {
         asio::io_context context;
         finish(asio::make_strand(context), f);
         context.run();
       }},
      {"strand of any executor",
       [&](auto f) {
         asio::io_context context;
         finish(asio::make_strand(asio::any_io_executor{context.get_executor()}), f);
         context.run();
       }},
      {"thread_pool",
       [&](auto f) {
         asio::thread_pool pool{1};
         finish(pool.get_executor(), f);
         pool.join();
       }},
      {"strand of thread_pool",
       [&](auto f) {
         asio::thread_pool pool{1};
         finish(asio::make_strand(pool.get_executor()), f);
         pool.join();
       }},
      {"io_context kept busy",
       [&](auto f) {
         asio::io_context context;
         finish(asio::require(context.get_executor(), asio::execution::outstanding_work.tracked),
                f);
         context.run();
       }},
  };
  for (auto const& [name, run] : places) {
    INFO(name);
    bool ran = false;
    run([&](asio::any_io_executor executor) {
      pending<int> p{executor};
      CHECK_THROWS_AS(p.op.result(), std::logic_error);
      CHECK_THROWS_AS(p.op.result_for(1h), std::logic_error);
      CHECK(p.op.outcome().error().kind() == error_kind::logic);
      CHECK(p.op.outcome_for(1h).error().kind() == error_kind::logic);
      auto temporary = p.op;
      CHECK_THROWS_AS(std::move(temporary).result(), std::logic_error);
      pending<void> v{executor};
      CHECK_THROWS_AS(v.op.result(), std::logic_error);
      // the operation is as it was, and its value may be asked for once it is there
      p.state->complete(7);
      CHECK(p.op.result() == 7);
      CHECK(*p.op.outcome_for(0s) == 7);
      ran = true;
    });
    CHECK(ran);
  }
}

TEST_CASE("blocking on a foreign executor is fine", "[operation]") {
  asio::thread_pool work{1};
  asio::io_context home;
  pending<int> p{work.get_executor()};
  int value = 0;
  asio::post(home, [&] { value = p.op.result(); });
  asio::post(work, [&] { p.state->complete(7); });
  home.run();
  CHECK(value == 7);
}

TEST_CASE("handlers of an operation that never ends go with their context", "[operation]") {
  auto const owned = std::make_shared<int>(1);
  std::weak_ptr<detail::operation_state<int>> state;
  std::future<int> future;
  {
    asio::io_context context;
    pending<int> p{context.get_executor()};
    state = p.state;
    p.op.async([owned](std::exception_ptr, int) {});
    future = p.op.async(asio::use_future);
    // the work behind the call is dropped with p, before it had an end
  }
  CHECK(state.expired());
  CHECK(owned.use_count() == 1);
  CHECK_THROWS_AS(future.get(), std::future_error);
}

TEST_CASE("a pending handler does not need a handle to be kept", "[operation]") {
  asio::io_context home;
  auto state = std::make_shared<detail::operation_state<int>>(home.get_executor());
  int value = 0;
  detail::operation_access::make(state).async([&](std::exception_ptr, int v) { value = v; });
  state->complete(7);
  state.reset();
  home.run();
  CHECK(value == 7);
}

TEST_CASE("many may wait for one operation", "[operation]") {
  constexpr int handlers = 1000;
  asio::thread_pool pool{2};
  pending<int> p{pool.get_executor()};
  std::atomic<int> sum{0};
  std::vector<joined_thread> blocked;
  for (int i = 0; i < 4; ++i) blocked.emplace_back([&] { sum += p.op.result(); });
  for (int i = 0; i < handlers; ++i) p.op.async([&](std::exception_ptr, int v) { sum += v; });
  p.state->complete(1);
  blocked.clear();
  pool.join();
  CHECK(sum == handlers + 4);
}

TEST_CASE("threads may end, cancel, ask and drop an operation all at once", "[operation]") {
  for (int round = 0; round < 200; ++round) {
    asio::thread_pool pool{2};
    std::atomic<int> ends{0};
    std::atomic<int> winners{0};
    std::atomic<int> hooks{0};
    bool was_cancelled = false;
    {
      pending<std::string> p{pool.get_executor()};
      auto const handle = p.op;
      std::vector<joined_thread> threads;
      threads.emplace_back([&] { p.state->on_cancel([&] { ++hooks; }); });
      threads.emplace_back([&] { winners += p.state->complete(std::string(40, 'x')); });
      threads.emplace_back([&] { winners += handle.cancel(); });
      threads.emplace_back([&, mine = p.op]() mutable {
        auto const o = mine.outcome();
        CHECK((o ? o->size() : 40U) == 40U);
        ++ends;
        mine = {};
      });
      threads.emplace_back(
          [&, mine = p.op] { mine.async_outcome([&](cw::outcome<std::string>) { ++ends; }); });
      threads.clear();
      was_cancelled = !handle.outcome();
    }
    pool.join();
    CHECK(winners == 1);
    CHECK(ends == 2);
    CHECK(hooks == (was_cancelled ? 1 : 0));
  }
}

TEST_CASE("the last of several threads may take the value", "[operation]") {
  // whoever asks last moves the value out: not while another one still reads it
  for (int round = 0; round < 500; ++round) {
    std::string const text(100, 'x');
    auto op = detail::done_operation<std::string>(elsewhere(), std::string{text});
    std::atomic<int> right{0};
    {
      std::vector<joined_thread> threads;
      for (int i = 0; i < 3; ++i)
        threads.emplace_back(
            [&, mine = op]() mutable { right += std::move(mine).result() == text; });
      op = {};
    }
    CHECK(right == 3);
  }
}

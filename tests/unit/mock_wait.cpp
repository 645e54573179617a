// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using State = wire::State;
namespace detail = cwsandbox::detail;

namespace {

// Operations whose end the test decides about.
struct pending_set {
  explicit pending_set(std::size_t count, asio::any_io_executor executor = asio::system_executor{}) {
    for (std::size_t i = 0; i < count; ++i) {
      states.push_back(std::make_shared<detail::operation_state<int>>(executor));
      operations.push_back(detail::operation_access::make(states.back()));
    }
  }
  void end(std::size_t i) { states[i]->complete(static_cast<int>(i)); }
  void fail(std::size_t i) { states[i]->complete(cw::make_error(error_kind::failed, "no")); }
  // Which ones these are.
  std::vector<int> indices(std::vector<cw::operation<int>> const& some) const {
    std::vector<int> all;
    for (auto const& op : some)
      for (std::size_t i = 0; i < states.size(); ++i)
        if (detail::operation_access::state(op) == states[i]) all.push_back(static_cast<int>(i));
    return all;
  }

  std::vector<std::shared_ptr<detail::operation_state<int>>> states;
  std::vector<cw::operation<int>> operations;
};

using ints = std::vector<int>;

}  // namespace

// ---- results (options 6)

TEST_CASE("results are in the order of the input", "[results]") {
  pending_set set{3};
  set.end(2);
  set.end(0);
  auto const all = cw::when_all(set.operations);
  CHECK_FALSE(all.is_done());
  set.end(1);
  CHECK(all.result() == ints{0, 1, 2});
  CHECK(cw::results(set.operations) == ints{0, 1, 2});
  CHECK(cw::results(set.operations) == ints{0, 1, 2});
}

TEST_CASE("the first failure in the order of the input is the failure of all", "[results]") {
  pending_set set{3};
  set.states[2]->complete(cw::make_error(error_kind::not_found, "third"));
  set.states[1]->complete(cw::make_error(error_kind::failed, "second"));
  set.end(0);
  CHECK_THROWS_AS(cw::results(set.operations), cw::SandboxFailedError);
  CHECK(set.operations[0].result() == 0);
  CHECK(cw::when_all(set.operations).outcome().error().message() == "second");
}

TEST_CASE("results of nothing", "[results]") {
  CHECK(cw::results(std::vector<cw::operation<int>>{}).empty());
  cw::results(std::vector<cw::operation<void>>{});
}

TEST_CASE("results of operations without a value, of one operation, of processes", "[results]") {
  world w;
  auto const sandbox = w.running();
  std::vector<cw::operation<void>> waits{sandbox.wait(), sandbox.start()};
  w.finish(waits[0]);
  w.finish(waits[1]);
  cw::results(waits);
  w->execs = {exec_script{}.exit(1), exec_script{}.exit(2)};
  std::vector<cw::process> work;
  for (int i = 0; i < 2; ++i) work.push_back(sandbox.exec({"x"}));
  auto const all = cw::when_all(work);
  w.finish(all);
  CHECK(cw::results(work)[1].exit_code == 2);
  CHECK(cw::results(work[0]).exit_code == 1);
}

TEST_CASE("cancelling when_all leaves the operations alone", "[results]") {
  pending_set set{2};
  auto const all = cw::when_all(set.operations);
  CHECK(all.cancel());
  CHECK(all.outcome().error().kind() == error_kind::cancelled);
  CHECK_FALSE(set.operations[0].is_done());
  set.end(0);
  set.end(1);
  CHECK(cw::results(set.operations) == ints{0, 1});
}

// ---- wait

TEST_CASE("which items are done and which are not", "[wait]") {
  struct row {
    char const* name;
    std::vector<std::size_t> ended;
    std::optional<std::size_t> num_returns;
    ints done;
    ints pending;
  };
  for (auto const& row : std::vector<row>{
           {"all", {3, 1, 0, 2}, {}, {3, 1, 0, 2}, {}},
           {"more than there are", {3, 1, 0, 2}, 9, {3, 1, 0, 2}, {}},
           {"the first", {2}, 1, {2}, {0, 1, 3}},
           {"the first two", {3, 0}, 2, {3, 0}, {1, 2}},
           {"none in time", {}, 1, {}, {0, 1, 2, 3}},
           {"some in time", {2}, {}, {2}, {0, 1, 3}},
       }) {
    CAPTURE(row.name);
    pending_set set{4};
    auto const some = cw::when_some(
        set.operations, {.num_returns = row.num_returns});
    for (auto const i : row.ended) set.end(i);
    auto const wanted = std::min<std::size_t>(row.num_returns.value_or(4), 4);
    CHECK(some.is_done() == (row.ended.size() >= wanted));
    if (!some.is_done()) CHECK(some.cancel());  // what is done so far
    auto const result = some.result();
    CHECK(set.indices(result.done) == row.done);
    CHECK(set.indices(result.pending) == row.pending);
  }
}

TEST_CASE("what has ended before is looked at in the order of the input", "[wait]") {
  pending_set set{4};
  set.end(3);
  set.end(1);
  set.end(2);
  auto const one = cw::wait(set.operations, {.num_returns = 1});
  CHECK(set.indices(one.done) == ints{1});
  CHECK(set.indices(one.pending) == ints{2, 3, 0});
  auto const two = cw::wait(set.operations, {.num_returns = 2});
  CHECK(set.indices(two.done) == ints{1, 2});
  CHECK(set.indices(two.pending) == ints{3, 0});  // what has ended first
}

TEST_CASE("failures and cancellations are ends", "[wait]") {
  pending_set set{3};
  set.fail(0);
  set.operations[1].cancel();
  auto const two = cw::wait(set.operations, {.num_returns = 2});
  CHECK(set.indices(two.done) == ints{0, 1});
  CHECK(set.indices(two.pending) == ints{2});
}

TEST_CASE("a time-out of zero looks once", "[wait]") {
  pending_set set{3};
  set.end(1);
  auto const looked = cw::wait(set.operations, {.timeout = 0s});
  CHECK(set.indices(looked.done) == ints{1});
  CHECK(set.indices(looked.pending) == ints{0, 2});
  CHECK(set.operations[0].cancel());  // nothing was cancelled by it
}

TEST_CASE("a wait whose time passes gives what is done so far", "[wait]") {
  // no executor is needed for that, so a busy or stopped one does no harm
  asio::io_context never_run;
  pending_set set{2, never_run.get_executor()};
  set.end(0);
  auto const result = cw::wait(set.operations, {.timeout = 1ms});
  CHECK(set.indices(result.done) == ints{0});
  CHECK(set.indices(result.pending) == ints{1});
}

TEST_CASE("a time-out in a coroutine", "[wait]") {
  asio::io_context io;
  pending_set set{2, io.get_executor()};
  set.end(1);
  auto const some = cw::when_some(set.operations, {.timeout = 1ms});
  CHECK_FALSE(some.is_done());
  ints done;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto const result = co_await some.async();
        done = set.indices(result.done);
      },
      asio::detached);
  io.run();
  CHECK(done == ints{1});
}

TEST_CASE("a wait may outlive the executor that it was to wake up on", "[wait]") {
  std::optional<cw::operation<cw::wait_result<cw::operation<int>>>> some;
  pending_set set{1};
  {
    asio::io_context io;
    set = pending_set{1, io.get_executor()};
    some = cw::when_some(set.operations, {.timeout = 1ms});
    io.run();
  }
  CHECK(some->result().pending.size() == 1);
}

TEST_CASE("waiting for no time-out at all", "[wait]") {
  pending_set set{1};
  auto const some = cw::when_some(set.operations, {.timeout = std::chrono::hours::max()});
  CHECK_FALSE(some.is_done());
  set.end(0);
  CHECK(some.result().done.size() == 1);
  CHECK(cw::wait(set.operations, {.timeout = std::chrono::hours::max()}).done.size() == 1);
}

TEST_CASE("a cancellation slot ends a wait and no item", "[wait]") {
  asio::io_context io;
  pending_set set{3, io.get_executor()};
  asio::cancellation_signal signal;
  std::optional<ints> done;
  std::exception_ptr failure;
  cw::when_some(set.operations)
      .async(asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr e, cw::wait_result<cw::operation<int>> result) {
            failure = e;
            done = set.indices(result.done);
          }));
  set.end(2);
  signal.emit(asio::cancellation_type::terminal);
  io.run();
  CHECK_FALSE(failure);
  REQUIRE(done);
  CHECK(*done == ints{2});
  CHECK_FALSE(set.operations[0].is_done());
}

TEST_CASE("waiting again and again leaves nothing behind", "[wait]") {
  auto state = std::make_shared<detail::operation_state<int>>(asio::system_executor{});
  std::weak_ptr const watched = state;
  {
    std::vector<cw::operation<int>> const items{detail::operation_access::make(state)};
    for (int i = 0; i < 100; ++i) CHECK(cw::wait(items, {.timeout = 0s}).pending.size() == 1);
  }
  CHECK(state.use_count() == 1);
  state.reset();
  CHECK(watched.expired());
}

TEST_CASE("waiting for nothing", "[wait]") {
  auto const result = cw::wait(std::vector<cw::operation<int>>{}, {.num_returns = 3});
  CHECK(result.done.empty());
  CHECK(result.pending.empty());
}

TEST_CASE("the same item twice counts twice", "[wait]") {
  pending_set set{1};
  std::vector<cw::operation<int>> const twice{set.operations[0], set.operations[0]};
  auto const some = cw::when_some(twice);
  set.end(0);
  CHECK(some.result().done.size() == 2);
}

TEST_CASE("wrong arguments of a wait", "[wait]") {
  pending_set set{1};
  auto const field_of = [&](cw::WaitForOptions const& options) -> std::string {
    try {
      (void)cw::when_some(set.operations, options);
    } catch (cw::invalid_argument const& e) {
      return e.field();
    }
    return "";
  };
  CHECK(field_of({.num_returns = 0}) == "num_returns");
  CHECK(field_of({.timeout = -1s}) == "timeout");
  using seconds = std::chrono::duration<double>;
  CHECK(field_of({.timeout = seconds{std::numeric_limits<double>::infinity()}}) == "timeout");
  CHECK(field_of({.timeout = seconds{std::numeric_limits<double>::quiet_NaN()}}) == "timeout");
  CHECK_THROWS_AS(cw::wait(set.operations, {.timeout = -1s}), cw::invalid_argument);
}

// ---- sandboxes as items

TEST_CASE("sandboxes are started and are done when their wait is", "[wait][sandboxes]") {
  asio::io_context io{1};
  cw::mock_transport mock{io.get_executor()};
  auto slow = cw::expect_sandbox(mock, "slow").creating_polls(5);
  auto quick = cw::expect_sandbox(mock, "quick").creating_polls(1);
  auto broken = cw::expect_sandbox(mock, "broken");
  broken.set_state(State::failed);
  std::vector<cw::mock_sandbox> items;
  for (int i = 0; i < 3; ++i) {
    items.emplace_back(mock);
    items.back().detach();
  }
  auto const some = cw::when_some(items, {.num_returns = 2});
  while (!some.is_done()) {
    io.restart();
    REQUIRE(io.poll_one() != 0);
  }
  auto const result = some.result();
  REQUIRE(result.done.size() == 2);
  CHECK(result.done[0] == items[2]);
  CHECK(result.done[1] == items[1]);
  REQUIRE(result.pending.size() == 1);
  CHECK(result.pending[0] == items[0]);
  CHECK(result.pending[0].id() == "slow");
}

TEST_CASE("waiting on its own executor is a mistake that is told", "[wait]") {
  world w;
  w->execs = {exec_script{}.hang()};
  auto const sandbox = w.running();
  std::vector<cw::process> const work{sandbox.exec({"x"})};
  int thrown = 0;
  asio::post(w.io, [&] {
    try {
      (void)cw::wait(work, {.timeout = 60s});
    } catch (std::logic_error const&) {
      ++thrown;
    }
    try {
      (void)cw::results(work);
    } catch (std::logic_error const&) {
      ++thrown;
    }
    CHECK(cw::wait(work, {.timeout = 0s}).pending.size() == 1);  // looking is allowed
  });
  w.settle();
  CHECK(thrown == 2);
  work[0].cancel();
  w.settle();
}

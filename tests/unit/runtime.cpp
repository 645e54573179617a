// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/clock.hpp>
#include <cwsandbox/runtime.hpp>

#include <asio/execution/outstanding_work.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/require.hpp>
#include <asio/strand.hpp>
#include <asio/system_executor.hpp>
#include <asio/thread_pool.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace cw = cwsandbox;
using namespace std::chrono_literals;
using wait_kind = cw::time_source::wait_kind;

TEST_CASE("there is one background thread, and it is not the caller's", "[runtime]") {
  CHECK(cw::background_executor() == cw::background_executor());
  CHECK_FALSE(cw::running_on(cw::background_executor()));
  std::vector<std::thread::id> ids;
  for (int i = 0; i < 3; ++i) {
    std::promise<std::thread::id> ran;
    asio::post(cw::background_executor(), [&] {
      CHECK(cw::running_on(cw::background_executor()));
      ran.set_value(std::this_thread::get_id());
    });
    ids.push_back(ran.get_future().get());
  }
  CHECK(ids[0] != std::this_thread::get_id());
  CHECK(ids[1] == ids[0]);
  CHECK(ids[2] == ids[0]);
}

TEST_CASE("a thread knows the contexts that it runs", "[runtime]") {
  asio::io_context context;
  asio::io_context other;
  auto const strand = asio::make_strand(context);
  auto const any_strand = asio::make_strand(asio::any_io_executor{context.get_executor()});
  auto const busy =
      asio::require(context.get_executor(), asio::execution::outstanding_work.untracked);
  std::vector<asio::any_io_executor> const executors{context.get_executor(), strand, any_strand,
                                                     busy};

  for (auto const& executor : executors) CHECK_FALSE(cw::running_on(executor));
  int ran = 0;
  for (auto const& executor : executors)
    asio::post(executor, [&] {
      ++ran;
      // whoever blocks the thread of a context blocks all that runs there
      for (auto const& same : executors) CHECK(cw::running_on(same));
      auto const tracked =
          asio::require(context.get_executor(), asio::execution::outstanding_work.tracked);
      CHECK(cw::running_on(tracked));
      CHECK(cw::running_on(asio::make_strand(tracked)));
      CHECK_FALSE(cw::running_on(other.get_executor()));
      CHECK_FALSE(cw::running_on(asio::make_strand(other)));
      CHECK_FALSE(cw::running_on(cw::background_executor()));
    });
  context.run();
  CHECK(ran == 4);
}

TEST_CASE("a thread knows the pool that it belongs to", "[runtime]") {
  asio::thread_pool pool{1};
  asio::thread_pool other{1};
  auto const strand = asio::make_strand(pool.get_executor());
  std::promise<void> ran;
  asio::post(strand, [&] {
    CHECK(cw::running_on(pool.get_executor()));
    CHECK(cw::running_on(strand));
    CHECK(cw::running_on(
        asio::require(pool.get_executor(), asio::execution::outstanding_work.tracked)));
    CHECK_FALSE(cw::running_on(other.get_executor()));
    ran.set_value();
  });
  ran.get_future().wait();
  CHECK_FALSE(cw::running_on(pool.get_executor()));
  CHECK_FALSE(cw::running_on(strand));
}

TEST_CASE("nothing is known of other executors", "[runtime]") {
  CHECK_FALSE(cw::running_on(asio::any_io_executor{}));
  CHECK_FALSE(cw::running_on(asio::any_io_executor{asio::system_executor{}}));
}

TEST_CASE("real time passes and wakes on the executor that was named", "[runtime]") {
  auto const& clock = cw::system_time_source();
  REQUIRE(clock);
  CHECK(clock == cw::system_time_source());
  auto const before = std::chrono::steady_clock::now();
  CHECK(clock->now() >= before);

  asio::io_context context;
  int woken = 0;
  auto const when = clock->now() + 2ms;
  auto const alarm = clock->wake_at(when, wait_kind::sleep, context.get_executor(), [&] {
    CHECK(context.get_executor().running_in_this_thread());
    CHECK(clock->now() >= when);
    ++woken;
  });
  auto const past = clock->wake_at(clock->now() - 1h, wait_kind::deadline, context.get_executor(),
                                   [&] { ++woken; });
  CHECK(woken == 0);  // never from inside the call
  context.run();
  CHECK(woken == 2);
}

TEST_CASE("an alarm that is dropped does not wake", "[runtime]") {
  asio::io_context context;
  int woken = 0;
  auto alarm =
      cw::system_time_source()->wake_at(cw::system_time_source()->now() + 1h, wait_kind::deadline,
                                        context.get_executor(), [&] { ++woken; });
  alarm.reset();
  context.run();  // returns at once: nothing is waited for any more
  CHECK(woken == 0);
}

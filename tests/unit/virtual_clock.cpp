// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/virtual_clock.hpp>

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"

namespace cw = cwsandbox;
using namespace std::chrono_literals;
using kind = cw::time_source::wait_kind;

namespace {

struct clock_test {
  std::unique_ptr<cw::time_source::alarm> at(cw::virtual_clock::duration when, kind what,
                                             std::string name) {
    return clock.wake_at(start + when, what, io.get_executor(), [this, name] {
      events.push_back(
          name + "@" +
          std::to_string(
              std::chrono::duration_cast<std::chrono::milliseconds>(clock.elapsed()).count()));
    });
  }
  void run() {
    io.restart();
    io.run();
  }

  explicit clock_test(cw::virtual_clock::mode mode = cw::virtual_clock::automatic) : clock{mode} {}

  asio::io_context io;
  cw::virtual_clock clock;
  cw::virtual_clock::time_point start{clock.now()};
  std::vector<std::string> events;
};

using names = std::vector<std::string>;
using durations = std::vector<cw::virtual_clock::duration>;

}  // namespace

TEST_CASE("virtual clock: a sleep takes its virtual time and no other") {
  clock_test t;
  auto const a = t.at(90s, kind::sleep, "a");
  CHECK(t.clock.elapsed() == 0s);
  CHECK(t.clock.pending() == 1);
  auto const before = std::chrono::steady_clock::now();
  t.run();
  CHECK(std::chrono::steady_clock::now() - before < 30s);
  CHECK(t.events == names{"a@90000"});
  CHECK(t.clock.elapsed() == 90s);
  CHECK(t.clock.pending() == 0);
}

TEST_CASE("virtual clock: alarms fire in the order of their times, ties in the order of asking") {
  clock_test t;
  auto const c = t.at(3s, kind::sleep, "c");
  auto const a = t.at(1s, kind::sleep, "a");
  auto const d1 = t.at(2s, kind::deadline, "d1");
  auto const b = t.at(2s, kind::sleep, "b");
  auto const d2 = t.at(2s, kind::deadline, "d2");
  auto const late = t.at(4s, kind::deadline, "late");
  t.run();
  CHECK(t.events == names{"a@1000", "d1@2000", "b@2000", "d2@2000", "c@3000"});
  CHECK(t.clock.pending() == 1);
}

TEST_CASE("virtual clock: a deadline alone does not move the time") {
  clock_test t;
  auto const a = t.at(1s, kind::deadline, "a");
  t.run();
  CHECK(t.events.empty());
  CHECK(t.clock.elapsed() == 0s);
  t.clock.advance(1s);
  CHECK(t.events.empty());
  t.run();
  CHECK(t.events == names{"a@1000"});
}

TEST_CASE("virtual clock: whoever a deadline wakes sees its time and may end the sleep") {
  clock_test t;
  auto sleep = t.at(20s, kind::sleep, "sleep");
  auto const deadline = t.clock.wake_at(t.start + 10s, kind::deadline, t.io.get_executor(), [&] {
    t.events.push_back("deadline");
    asio::post(t.io, [&] { sleep.reset(); });
  });
  t.run();
  CHECK(t.events == names{"deadline"});
  CHECK(t.clock.elapsed() == 10s);
  CHECK(t.clock.pending() == 0);
}

TEST_CASE("virtual clock: sleeps are recorded, deadlines and the time that things take are not") {
  clock_test t;
  std::unique_ptr<cw::time_source::alarm> next;
  int rounds = 0;
  std::function<void()> poll = [&] {
    if (rounds == 4) return;
    next = t.clock.wake_at(t.clock.now() + 1s * (1 << rounds++), kind::sleep, t.io.get_executor(),
                           poll);
  };
  poll();
  auto const deadline = t.at(1h, kind::deadline, "deadline");
  auto const pass = t.clock.pass_until(t.start + 500ms, t.io.get_executor(), [] {});
  t.run();
  CHECK(t.clock.sleeps() == durations{1s, 2s, 4s, 8s});
  CHECK(t.clock.elapsed() == 15s);
}

TEST_CASE("virtual clock: in manual mode only the test moves the time") {
  clock_test t{cw::virtual_clock::manual};
  auto const a = t.at(1s, kind::sleep, "a");
  auto const b = t.at(2s, kind::sleep, "b");
  t.run();
  CHECK(t.events.empty());
  CHECK(t.clock.pending() == 2);
  CHECK(t.clock.sleeps() == durations{1s, 2s});
  t.clock.advance(1500ms);
  t.run();
  CHECK(t.events == names{"a@1500"});
  t.clock.advance(0s);
  t.clock.advance(-1s);
  t.run();
  CHECK(t.clock.elapsed() == 1500ms);
  t.clock.advance(500ms);
  t.run();
  CHECK(t.events == names{"a@1500", "b@2000"});
}

TEST_CASE("virtual clock: what is due already fires at once, but not inside the call") {
  clock_test t{cw::virtual_clock::manual};
  auto const a = t.at(0s, kind::sleep, "a");
  auto const b = t.at(-5s, kind::deadline, "b");
  CHECK(t.events.empty());
  t.run();
  CHECK(t.events == names{"a@0", "b@0"});
  CHECK(t.clock.sleeps() == durations{0s});
}

TEST_CASE("virtual clock: a destroyed alarm does not fire, not even when it was under way") {
  clock_test t;
  auto a = t.at(1s, kind::sleep, "a");
  a.reset();
  CHECK(t.clock.pending() == 0);
  t.run();
  CHECK(t.clock.elapsed() == 0s);

  auto b = t.at(1s, kind::deadline, "b");
  t.clock.advance(1s);
  b.reset();
  t.run();
  CHECK(t.events.empty());
}

TEST_CASE("virtual clock: a callback may destroy its own alarm, and alarms may outlive the clock") {
  asio::io_context io;
  bool fired = false;
  std::unique_ptr<cw::time_source::alarm> alarm;
  std::unique_ptr<cw::time_source::alarm> left;
  {
    cw::virtual_clock clock;
    alarm = clock.wake_at(clock.now() + 1s, kind::sleep, io.get_executor(), [&] {
      alarm.reset();
      fired = true;
    });
    left = clock.wake_at(clock.now() + 2s, kind::deadline, io.get_executor(), [] {});
  }
  io.run();
  CHECK(fired);
  left.reset();
}

TEST_CASE("virtual clock: alarms come and go on many threads") {
  asio::thread_pool pool{4};
  cw::virtual_clock clock;
  std::atomic<int> fired{0};
  {
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          auto kept =
              clock.wake_at(clock.now() + 1ms, kind::sleep, pool.get_executor(), [&] { ++fired; });
          auto const dropped =
              clock.wake_at(clock.now() + 1ms, kind::deadline, pool.get_executor(), [] {});
          if (i % 2 == 0) clock.advance(1ms);
          asio::post(pool, [moved = std::shared_ptr<cw::time_source::alarm>(std::move(kept))] {});
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  pool.join();
  CHECK(fired <= 800);
  CHECK(clock.sleeps().size() == 800);
  CHECK(clock.pending() == 0);
}

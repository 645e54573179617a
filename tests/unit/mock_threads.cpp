// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Many threads on the same objects, for the sanitizers: what is checked here is that everything ends, that nothing is
// lost and nothing is counted twice.

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

#include <cwsandbox/runtime.hpp>

#include <asio/thread_pool.hpp>

#include <atomic>
#include <thread>

using namespace test;
using namespace std::chrono_literals;
using cw::exec_script;
using State = wire::State;

namespace {

constexpr std::size_t thread_count = 8;

// Runs `f(i)` on many threads at once; they begin together.
template <class F>
void on_many_threads(F f) {
  std::atomic<std::size_t> ready{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i)
    threads.emplace_back([&, i] {
      ++ready;
      while (ready < thread_count) std::this_thread::yield();
      f(i);
    });
  for (auto& thread : threads) thread.join();
}

// The executors to be tried: the library's own thread, and a pool of four.
template <class F>
void on_each_executor(F f) {
  SECTION("background thread") { f(cw::background_executor()); }
  SECTION("pool of threads") {
    asio::thread_pool pool{4};
    f(asio::any_io_executor{pool.get_executor()});
    pool.join();
  }
}

}  // namespace

TEST_CASE("many threads use one sandbox", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    service s{executor};
    s.reads = {wire::ReadFileResponse{}};
    s.execs = {exec_script{}.out("one\n").err("e").out("two\n").exit(0)};
    cw::mock_sandbox const sandbox{s.mock};
    std::atomic<int> good{0};
    on_many_threads([&](std::size_t i) {
      for (int round = 0; round < 5; ++round) {
        auto const process = sandbox.exec({"x"});
        if (i % 2 == 0) {
          int lines = 0;
          for (auto const& line : process.out().lines()) lines += line.empty() ? 0 : 1;
          if (lines != 2) return;
        }
        if (process.result().out != "one\ntwo\n") return;
        sandbox.wait().result();
        sandbox.read_file("/x").result();
        (void)sandbox.get_status().result();
        (void)sandbox.status();
        (void)sandbox.service_urls();
      }
      ++good;
    });
    CHECK(good == thread_count);
    CHECK(s.mock.count("create_sandbox") == 1);
    CHECK(sandbox.exec_stats().exec_completed_ok == thread_count * 5);
    CHECK(sandbox.exec_stats().exec_count == thread_count * 5);
    sandbox.stop().result();
  });
}

TEST_CASE("many threads use one session", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    service s{executor};
    cw::basic_session session{s.mock};
    std::atomic<int> good{0};
    std::atomic<int> closed{0};
    on_many_threads([&](std::size_t i) {
      for (int round = 0; round < 5; ++round) {
        try {
          auto const sandbox = session.sandbox();
          auto const result = sandbox.exec({"x"}).outcome();
          if (result) ++good;
          if (i % 2 == 0) (void)sandbox.stop({.missing_ok = true}).outcome();
        } catch (cw::SandboxError const&) {
          ++closed;
        }
        (void)session.sandbox_count();
        if (i == 0 && round == 3) session.close().result();
      }
    });
    session.close().result();
    CHECK(session.sandbox_count() == 0);
    CHECK(closed > 0);
  });
}

TEST_CASE("commands are cancelled from everywhere", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    service s{executor};
    s.execs = {exec_script{}.out("x").exit(0), exec_script{}.out("x").hang(),
               exec_script{}.out("x").exit(1), exec_script{}.stall_input().hang()};
    cw::mock_sandbox const sandbox{s.mock};
    sandbox.wait().result();
    constexpr std::uint64_t commands = 40;
    for (std::uint64_t n = 0; n < commands; ++n) {
      if (n % 4 == 0)
        s.execs = {exec_script{}.out("x").exit(0), exec_script{}.out("x").hang(),
                   exec_script{}.out("x").exit(1), exec_script{}.stall_input().hang()};
      auto const process = sandbox.exec({"x"}, {.open_stdin = n % 2 == 0});
      std::atomic<int> cancelled{0};
      std::vector<std::thread> threads;
      threads.emplace_back([&] { cancelled += process.cancel() ? 1 : 0; });
      threads.emplace_back([&] { cancelled += process.cancel() ? 1 : 0; });
      threads.emplace_back([&] {
        for (auto const& chunk : process.out().chunks()) (void)chunk;
      });
      threads.emplace_back([&] { process.err().close(); });
      threads.emplace_back([&] {
        if (!process.has_input()) return;
        try {
          for (int i = 0; i < 20; ++i) (void)process.in().write("y");
          (void)process.in().close();
        } catch (cw::SandboxExecutionError const&) {
        }
      });
      auto const result = process.outcome();
      for (auto& thread : threads) thread.join();
      CHECK(cancelled <= 1);
      CHECK((cancelled == 1) == (!result && result.error().kind() == error_kind::cancelled));
    }
    // every command was counted once, however it ended
    auto const stats = sandbox.exec_stats();
    CHECK(stats.exec_count == commands);
    CHECK(stats.exec_completed_ok + stats.exec_completed_nonzero + stats.exec_failures == commands);
    sandbox.stop().result();
  });
}

TEST_CASE("starts, waits and stops race", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    for (int round = 0; round < 10; ++round) {
      service s{executor};
      s.gets = {shown(State::creating), shown(State::creating), shown(State::running)};
      cw::mock_sandbox const sandbox{s.mock};
      std::atomic<int> ended{0};
      on_many_threads([&](std::size_t i) {
        switch (i % 4) {
          case 0:
            (void)sandbox.start().outcome();
            break;
          case 1:
            (void)sandbox.wait().outcome();
            break;
          case 2:
            (void)sandbox.wait_until_complete().outcome();
            break;
          default:
            (void)sandbox.stop({.missing_ok = true}).outcome();
        }
        ++ended;
      });
      CHECK(ended == thread_count);
      (void)sandbox.stop({.missing_ok = true}).outcome();
      CHECK(s.mock.count("create_sandbox") <= 1);
      CHECK(s.mock.count("delete_sandbox") == s.mock.count("create_sandbox"));
    }
  });
}

TEST_CASE("many threads ask one operation", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    service s{executor};
    s.execs = {exec_script{}.out("text").exit(0)};
    cw::mock_sandbox const sandbox{s.mock};
    sandbox.wait().result();
    for (int round = 0; round < 10; ++round) {
      auto const process = sandbox.exec({"x"});
      std::vector<cw::process> const twice{process, process};
      std::atomic<int> good{0};
      on_many_threads([&](std::size_t i) {
        bool fine = false;
        if (i % 3 == 0)
          fine = process.result().out == "text";
        else if (i % 3 == 1)
          fine = cw::wait(twice, {.timeout = 10s}).done.size() == 2;
        else
          fine = cw::results(twice).size() == 2;
        if (fine) ++good;
      });
      CHECK(good == thread_count);
    }
    sandbox.stop().result();
  });
}

TEST_CASE("sessions come and go on one transport", "[threads]") {
  on_each_executor([](asio::any_io_executor const& executor) {
    service s{executor};
    std::atomic<int> good{0};
    on_many_threads([&](std::size_t) {
      for (int round = 0; round < 3; ++round) {
        cw::basic_session session{s.mock};
        for (int i = 0; i < 3; ++i) (void)session.sandbox().exec({"x"});
        session.sandbox().start().result();
      }
      ++good;
    });
    CHECK(good == thread_count);
  });
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_driver.hpp"

#include <cwsandbox/transport/local/guard.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using local_test::options_in;
using local_test::request_for;
using local_test::scratch_directory;
namespace cw = cwsandbox;
namespace local = cwsandbox::detail::local;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// While it lives, whatever loses its parent below this process becomes its child: who is left can be waited for.
class adopting {
 public:
  adopting() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
  adopting(adopting const&) = delete;
  adopting& operator=(adopting const&) = delete;
  ~adopting() {
    while (!all_end(0s)) kill_children();
    ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  }
  /// Reaps until no child is left.
  bool all_end(steady_clock::duration patience) {
    auto const deadline = steady_clock::now() + patience;
    for (;;) {
      auto const ended = ::waitpid(-1, nullptr, WNOHANG);
      if (ended < 0) return true;
      if (ended > 0) continue;
      if (steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
  }

 private:
  static void kill_children() {
    std::ifstream file{"/proc/self/task/" + std::to_string(::getpid()) + "/children"};
    for (pid_t child; file >> child;) ::kill(child, SIGKILL);
  }
};

/// A process with an engine that creates a sandbox and then waits to be killed.
struct engine_process {
  engine_process(cw::local_options options, bool on_thread) {
    int starts[2];
    REQUIRE(::pipe(starts) == 0);
    pid = ::fork();
    if (pid == 0) {
      auto const work = [&] {
        asio::io_context io;
        cw::local_transport transport{std::move(options), io.get_executor()};
        if (::write(starts[1], "s", 1) != 1) ::_exit(1);
        auto const made = local_test::run(
            io, transport.create_sandbox(request_for({"/bin/sh", "-c", "sleep 1000 & wait"}), {}));
        if (!made) ::_exit(1);
        for (;;) ::pause();
      };
      if (on_thread) {
        std::thread{work}.join();
      } else {
        work();
      }
      ::_exit(1);
    }
    ::close(starts[1]);
    char start = 0;
    started = ::read(starts[0], &start, 1) == 1;
    ::close(starts[0]);
  }
  engine_process(engine_process const&) = delete;
  engine_process& operator=(engine_process const&) = delete;

  /// True when it had to be killed.
  bool kill() const {
    ::kill(pid, SIGKILL);
    int status = 0;
    return ::waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
  }

  pid_t pid{};
  bool started{};
};

}  // namespace

TEST_CASE("an engine that is killed at any moment of a create leaves no process") {
  scratch_directory directory;
  adopting survivors;
  int point = 0;
  // the sanitizers make a fork of this process slow: fewer moments then
  auto const enough = steady_clock::now() + 15s;
  for (auto delay = 0us; delay < 24ms && steady_clock::now() < enough; delay += 400us, ++point) {
    CAPTURE(point);
    engine_process const engine{options_in(directory), point % 2 == 1};
    REQUIRE(engine.started);
    // not a wait for anything: each moment is as good as any other
    auto const moment = steady_clock::now() + delay;
    while (steady_clock::now() < moment) std::this_thread::yield();
    REQUIRE(engine.kill());
    REQUIRE(survivors.all_end(10s));
  }
}

TEST_CASE("an engine takes along what asked for no signal and left its group") {
  scratch_directory directory;
  auto const script = directory.path() + "/bwrap";
  auto const sign = directory.path() + "/sign";
  {
    std::ofstream file{script};
    file << "#!/bin/sh\ntrap '' TERM HUP INT\n"
            "setsid sh -c 'sleep 1000 & echo > "
         << sign << "; wait' &\nsleep 1000\n";
  }
  REQUIRE(::chmod(script.c_str(), 0700) == 0);
  REQUIRE(::mkfifo(sign.c_str(), 0600) == 0);
  adopting survivors;
  auto options = options_in(directory);
  options.bwrap = script;
  engine_process const engine{std::move(options), false};
  REQUIRE(engine.started);
  {
    std::ifstream running{sign};
    std::string line;
    REQUIRE(std::getline(running, line));
  }
  REQUIRE(engine.kill());
  CHECK(survivors.all_end(10s));
}

TEST_CASE("a guard takes everything in its namespace along") {
  auto keeper = local::guard::make();
  REQUIRE(keeper);
  CHECK(keeper->usable());
  local::unique_fd const null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  local::spawn_request request;
  auto output = local::make_pipe();
  request.arguments = {"/bin/sh", "-c", "echo $(cat /proc/1/comm); exec sleep 1000"};
  request.path = "/usr/bin:/bin";
  request.environment = {"PATH=/usr/bin:/bin"};
  request.input = request.error = null.get();
  request.output = output.write.get();
  keeper->admit(request);
  auto const made = local::spawn(request);
  REQUIRE(made.process);
  // its /proc is the namespace's
  std::string first(4, ' ');
  CHECK(::read(output.read.get(), first.data(), first.size()) == 4);
  CHECK(first == "cat\n");
  CHECK(!made.process->exit_status());
  // the guard's own end waits for whoever reaps its namespace
  std::thread end{[&] { keeper.reset(); }};
  made.process->wait();
  end.join();
  CHECK(made.process->exit_status() == 128 + SIGKILL);
}

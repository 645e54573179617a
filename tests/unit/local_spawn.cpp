// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include <cwsandbox/transport/local/spawn.hpp>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace local = cwsandbox::detail::local;

namespace {

struct finished {
  std::string output{};
  int status{};
};

local::spawn_request shell(std::string script) {
  local::spawn_request request;
  request.arguments = {"sh", "-c", std::move(script)};
  request.environment = {"ONLY=this"};
  request.path = "/usr/bin:/bin";
  return request;
}

finished run(local::spawn_request request) {
  auto pipe = local::make_pipe();
  local::unique_fd const null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  request.input = null.get();
  request.output = request.error = pipe.write.get();
  auto made = local::spawn(request);
  REQUIRE(made.process);
  pipe.write.reset();
  finished result;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe.read.get(), buffer, sizeof buffer)) > 0;) {
    result.output.append(buffer, static_cast<std::size_t>(n));
  }
  made.process->wait();
  result.status = made.process->exit_status().value();
  return result;
}

}  // namespace

TEST_CASE("a process reports its exit code, or 128 and its signal") {
  CHECK(run(shell("exit 42")).status == 42);
  CHECK(run(shell("kill -9 $$")).status == 128 + SIGKILL);
}

TEST_CASE("a process has its own environment, session and descriptors") {
  // not close-on-exec, as an embedding program's descriptors may be
  int const leaking = ::open("/dev/null", O_RDONLY);
  CHECK(run(shell("env | grep -v '^PWD\\|^_\\|^SHLVL\\|^OLDPWD'")).output == "ONLY=this\n");
  CHECK(
      run(shell(
              "for f in /proc/$$/fd/*; do echo ${f##*/}; done | sort -n | head -4 | tr '\\n' ' '"))
          .output.substr(0, 6) == "0 1 2 ");
  CHECK(run(shell("test -e /proc/$$/fd/" + std::to_string(leaking) + " && echo leaked"))
            .output.empty());
  CHECK(run(shell("test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leads")).output == "leads\n");
  ::close(leaking);
}

TEST_CASE("signals are at their defaults whatever the embedding program does with them") {
  auto const before = std::signal(SIGPIPE, SIG_IGN);
  CHECK(run(shell("grep -E '^Sig(Ign|Blk)' /proc/self/status | tr -d 'A-Za-z:\\t 0\\n'"))
            .output.empty());
  std::signal(SIGPIPE, before);
}

TEST_CASE("a program that is not there or cannot be run is told apart") {
  auto request = shell("");
  request.arguments = {"no-such-program"};
  auto made = local::spawn(request);
  CHECK(!made.process);
  CHECK(made.stage == local::spawn_stage::execute);
  CHECK(made.error == ENOENT);
  request.arguments = {"/etc/passwd"};
  CHECK(local::spawn(request).error == EACCES);
  request.arguments = {"/usr"};
  CHECK(local::spawn(request).error == EACCES);
  request.arguments = {"sh"};
  request.working_directory = "/no/such/directory";
  made = local::spawn(request);
  CHECK(made.stage == local::spawn_stage::directory);
  CHECK(made.error == ENOENT);
}

TEST_CASE("killing a group reaches the children of the process") {
  auto pipe = local::make_pipe();
  auto request = shell("sleep 1000 & sleep 1000 & wait");
  request.output = pipe.write.get();
  auto made = local::spawn(request);
  REQUIRE(made.process);
  pipe.write.reset();
  made.process->kill(SIGKILL, true);
  char byte;
  // the end of the pipe: nobody holds it any more
  CHECK(::read(pipe.read.get(), &byte, 1) == 0);
  made.process->wait();
  CHECK(made.process->exit_status() == 128 + SIGKILL);
}

TEST_CASE("a child of the main thread outlives the thread that made it") {
  auto request = shell("read line; exit 3");
  request.by_main_thread = true;
  auto input = local::make_pipe();
  request.input = input.read.get();
  local::spawn_result made;
  std::thread{[&] { made = local::spawn(request); }}.join();
  REQUIRE(made.process);
  input.read.reset();
  auto const parent =
      shell("grep PPid /proc/" + std::to_string(made.process->pid()) + "/status | tr -dc 0-9");
  CHECK(run(parent).output == std::to_string(::getpid()));
  CHECK(!made.process->exit_status());
  input.write.reset();
  made.process->wait();
  CHECK(made.process->exit_status() == 3);
  int reaper = -1;
  ::prctl(PR_GET_CHILD_SUBREAPER, &reaper, 0, 0, 0);
  CHECK(reaper == 0);
}

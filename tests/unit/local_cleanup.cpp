// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_driver.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using local_test::driver;
using local_test::options_in;
using local_test::request_for;
using local_test::scratch_directory;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
namespace fs = std::filesystem;

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto const& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// How many children this process has, ended ones included.
std::size_t children() {
  std::ifstream file{"/proc/self/task/" + std::to_string(::getpid()) + "/children"};
  return static_cast<std::size_t>(
      std::distance(std::istream_iterator<pid_t>{file}, std::istream_iterator<pid_t>{}));
}

std::size_t processes_with(std::string const& marker) {
  std::size_t count = 0;
  DIR* const proc = ::opendir("/proc");
  while (auto const* entry = ::readdir(proc)) {
    std::ifstream file{std::string("/proc/") + entry->d_name + "/environ", std::ios::binary};
    std::string const environment{std::istreambuf_iterator<char>{file}, {}};
    count += environment.find(marker) != std::string::npos;
  }
  ::closedir(proc);
  return count;
}

template <class Condition>
bool eventually(Condition condition) {
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

auto marked_request(std::string const& marker) {
  auto request = request_for({"/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"});
  local_test::container_of(request).environment_variables.insert_or_assign("MARKER", marker);
  return request;
}

}  // namespace

TEST_CASE("sandboxes leave no descriptor, no file and no child behind") {
  driver d;
  auto const one = [&] {
    auto const id = d.start({"/bin/sh", "-c", "sleep infinity"});
    CHECK(d.shell(id, "mkdir -p /a/b; touch /a/b/c; echo x") == "x\n");
    REQUIRE(d.stop(id, 0));
  };
  one();
  d.settle();
  auto const before = open_descriptors();
  auto const children_before = children();
  CHECK(children_before <= 1);
  for (int i = 0; i < 100; ++i) one();
  d.settle();
  CHECK(open_descriptors() == before);
  std::size_t left = 0;
  for (auto const& engine : fs::directory_iterator(d.directory().path())) {
    for (auto const& entry : fs::directory_iterator(engine.path())) {
      left += entry.path().filename().string().starts_with("sb-");
    }
  }
  CHECK(left == 0);
  CHECK(children() == children_before);
  d.drop_transport();
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("an executor has nothing left to do once the last handle is gone") {
  for (bool const stopped_first : {false, true}) {
    CAPTURE(stopped_first);
    scratch_directory directory;
    asio::io_context io;
    auto life = [](cw::local_transport transport, bool stop) -> asio::awaitable<void> {
      auto request = request_for({"/bin/sh", "-c", "sleep infinity"});
      auto const made = co_await transport.create_sandbox(std::move(request), {});
      if (!made || !stop) co_return;
      wire::DeleteSandboxRequest end{};
      end.sandbox_id = made->sandbox_id;
      auto const ended = co_await transport.delete_sandbox(std::move(end), {});
      (void)ended;
    };
    cw::local_transport transport{options_in(directory), io.get_executor()};
    asio::co_spawn(io, life(std::move(transport), stopped_first), asio::detached);
    io.run_for(std::chrono::seconds{30});
    CHECK(io.stopped());
  }
}

TEST_CASE("the last handle takes everything with it although the executor is at rest") {
  driver d;
  std::string const marker = "engine-dies-" + std::to_string(::getpid());
  REQUIRE(d.create(marked_request(marker)));
  REQUIRE(d.create(marked_request(marker)));
  REQUIRE(eventually([&] { return processes_with(marker) >= 2; }));
  d.drop_transport();
  CHECK(processes_with(marker) == 0);
  CHECK(d.directory().entries() == 0);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("an executor that is gone does not keep sandboxes alive") {
  scratch_directory directory;
  std::string const marker = "context-dies-" + std::to_string(::getpid());
  std::optional<cw::local_transport> transport;
  {
    asio::io_context io;
    transport.emplace(options_in(directory), io.get_executor());
    REQUIRE(local_test::run(io, transport->create_sandbox(marked_request(marker), {})));
  }
  transport.reset();
  CHECK(processes_with(marker) == 0);
  CHECK(directory.entries() == 0);
}

TEST_CASE("a running stream keeps the engine alive") {
  driver d;
  auto const id = d.start();
  {
    wire::ExecStreamInit init;
    init.sandbox_id = id;
    init.command = {"cat"};
    auto stream = d.stream(init).value();
    d.drop_transport();
    REQUIRE(local_test::run(d.io(), stream.read()));
    REQUIRE(local_test::run(d.io(), stream.write("still there")));
    auto const echoed = local_test::run(d.io(), stream.read()).value();
    CHECK(std::get<wire::ExecStreamOutput>(echoed->message).data == "still there");
    CHECK(d.directory().entries() == 1);
  }
  CHECK(d.directory().entries() == 0);
}

TEST_CASE("a killed program leaves no process, and the next engine removes its files") {
  scratch_directory directory;
  std::string const marker = "killed-" + std::to_string(::getpid());
  int running[2];
  REQUIRE(::pipe(running) == 0);
  pid_t const child = ::fork();
  if (child == 0) {
    asio::io_context io;
    cw::local_transport transport{options_in(directory), io.get_executor()};
    auto const made = local_test::run(io, transport.create_sandbox(marked_request(marker), {}));
    wire::ExecRequest request;
    request.sandbox_id = made ? made->sandbox_id : "";
    request.command = {"/bin/sh", "-c", "sleep 1000 > /dev/null 2>&1 &"};
    bool const ran = local_test::run(io, transport.exec(request, {})).has_value();
    if (::write(running[1], ran ? "y" : "n", 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 0;
  REQUIRE(::read(running[0], &answer, 1) == 1);
  REQUIRE(answer == 'y');
  CHECK(eventually([&] { return processes_with(marker) >= 2; }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(running[0]);
  ::close(running[1]);
  CHECK(eventually([&] { return processes_with(marker) == 0; }));
  REQUIRE(directory.entries() == 1);

  asio::io_context io;
  cw::local_transport transport{options_in(directory), io.get_executor()};
  REQUIRE(local_test::run(io, transport.create_sandbox(request_for({"sleep", "infinity"}), {})));
  CHECK(eventually([&] {
    io.restart();
    io.run_one_for(std::chrono::milliseconds{10});
    return directory.entries() == 1;
  }));
}

TEST_CASE("a state directory that others may change is refused") {
  scratch_directory directory;
  fs::permissions(directory.path(), fs::perms::all);
  asio::io_context io;
  cw::local_transport transport{options_in(directory), io.get_executor()};
  auto const refused = local_test::run(io, transport.create_sandbox(request_for({"true"}), {}));
  REQUIRE(!refused);
  CHECK(refused.error().code() == cw::status_code::failed_precondition);
}

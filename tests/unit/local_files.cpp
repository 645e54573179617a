// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include <cwsandbox/transport/local/files.hpp>
#include <cwsandbox/transport/local/remove_tree.hpp>

#include "support/local_driver.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace local = cwsandbox::detail::local;
namespace fs = std::filesystem;
using local_test::scratch_directory;

namespace {

struct rooted {
  rooted() {
    fs::create_directories(directory.path() + "/root/tmp");
    root = local::unique_fd{
        ::open((directory.path() + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    std::ofstream(directory.path() + "/outside") << "secret";
  }
  std::string reason(std::string const& path) {
    auto const read = local::read_file_below(root.get(), path, 1000);
    return read ? "read: " + *read : read.error().reason();
  }
  scratch_directory directory{};
  local::unique_fd root{};
};

}  // namespace

TEST_CASE("no path leads out of the root") {
  rooted r;
  auto const inside = r.directory.path() + "/root";
  fs::create_symlink(r.directory.path() + "/outside", inside + "/absolute");
  fs::create_symlink("../outside", inside + "/relative");
  fs::create_symlink("/etc", inside + "/etc");
  fs::create_symlink("/proc/self/root", inside + "/magic");
  for (char const* path : {"/absolute", "/relative", "/../outside", "/tmp/../../outside",
                           "/etc/passwd", "/magic/etc/passwd"}) {
    INFO(path);
    auto const read = local::read_file_below(r.root.get(), path, 100000);
    CHECK(!read);
  }
  // what looks like a way out is a way inside
  REQUIRE(local::write_file_below(r.root.get(), "/relative", "x", 10));
  CHECK(local::read_file_below(r.root.get(), "/tmp/../../outside", 10).value() == "x");
  std::ifstream outside(r.directory.path() + "/outside");
  std::string content;
  outside >> content;
  CHECK(content == "secret");
}

TEST_CASE("file errors name their reason, the path and the sizes") {
  rooted r;
  CHECK(r.reason("/tmp") == "CWSANDBOX_FILE_IS_DIRECTORY");
  CHECK(r.reason("/tmp/none") == "CWSANDBOX_FILE_NOT_FOUND");
  REQUIRE(::mkfifo((r.directory.path() + "/root/fifo").c_str(), 0600) == 0);
  CHECK(r.reason("/fifo") == "CWSANDBOX_FILE_IO_FAILED");
  CHECK(local::write_file_below(r.root.get(), "/none/file", "x", 10).error().reason() ==
        "CWSANDBOX_FILE_NOT_FOUND");
  CHECK(local::write_file_below(r.root.get(), "/tmp", "x", 10).error().reason() ==
        "CWSANDBOX_FILE_IS_DIRECTORY");

  REQUIRE(local::write_file_below(r.root.get(), "/tmp/big", std::string(1000, 'x'), 1000));
  CHECK(r.reason("/tmp/big") == "read: " + std::string(1000, 'x'));
  auto const too_large = local::read_file_below(r.root.get(), "/tmp/big", 999);
  REQUIRE(!too_large);
  CHECK(too_large.error().reason() == "CWSANDBOX_FILE_TOO_LARGE");
  auto const& metadata = too_large.error().details().metadata;
  using pair = std::pair<std::string, std::string>;
  CHECK(std::count(metadata.begin(), metadata.end(), pair{"filepath", "/tmp/big"}) == 1);
  CHECK(std::count(metadata.begin(), metadata.end(), pair{"size_bytes", "1000"}) == 1);
  CHECK(std::count(metadata.begin(), metadata.end(), pair{"max_size_bytes", "999"}) == 1);
}

TEST_CASE("a write replaces the whole file") {
  rooted r;
  REQUIRE(local::write_file_below(r.root.get(), "/tmp/f", "a long text", 100));
  REQUIRE(local::write_file_below(r.root.get(), "/tmp/f", std::string("s\0", 2), 100));
  CHECK(local::read_file_below(r.root.get(), "/tmp/f", 100).value() == std::string("s\0", 2));
  REQUIRE(local::write_file_below(r.root.get(), "/tmp/f", "", 100));
  CHECK(local::read_file_below(r.root.get(), "/tmp/f", 100).value().empty());
}

TEST_CASE("file calls have the rights of the sandbox' commands, whoever runs the engine") {
  local_test::driver d;
  auto const id = d.start();
  REQUIRE(d.exec(id, {"/bin/sh", "-c",
                      "mkdir /d /closed && echo x | tee /d/f /closed/f /none /fixed && "
                      "chmod 555 /d && chmod 000 /closed /none && chmod 444 /fixed"})
              .value()
              .exit_code == 0);
  auto const reason_of = [](auto const& result) {
    return result ? std::string("allowed") : result.error().reason();
  };
  auto const before = local::read_small_file(AT_FDCWD, "/proc/thread-self/status");
  for (char const* path : {"/none", "/closed/f"}) {
    CAPTURE(path);
    CHECK(d.exec(id, {"cat", path}).value().exit_code == 1);
    CHECK(reason_of(d.read_file(id, path)) == "CWSANDBOX_FILE_PERMISSION_DENIED");
  }
  for (char const* path : {"/none", "/closed/f", "/closed/new", "/d/new", "/fixed", "/usr/new"}) {
    CAPTURE(path);
    CHECK(d.exec(id, {"/bin/sh", "-c", "echo y > $0", path}).value().exit_code != 0);
    CHECK(reason_of(d.write_file(id, path, "y")) == "CWSANDBOX_FILE_PERMISSION_DENIED");
  }
  CHECK(d.read_file(id, "/fixed").value().content == "x\n");
  CHECK(d.write_file(id, "/d/f", "y"));
  CHECK(d.shell(id, "cat /d/f") == "y");

  auto const effective = [](std::string const& status) {
    auto const at = status.find("CapEff:");
    return status.substr(at, status.find('\n', at) - at);
  };
  CHECK(effective(local::read_small_file(AT_FDCWD, "/proc/thread-self/status")) ==
        effective(before));
}

TEST_CASE("directories are made below the root, links followed inside it") {
  rooted r;
  fs::create_symlink("/tmp", r.directory.path() + "/root/link");
  CHECK(local::make_directories_below(r.root.get(), "/link/a/b/../c"));
  CHECK(fs::is_directory(r.directory.path() + "/root/tmp/a/b"));
  CHECK(fs::is_directory(r.directory.path() + "/root/tmp/a/c"));
  CHECK(local::make_directories_below(r.root.get(), "/../../x"));
  CHECK(fs::is_directory(r.directory.path() + "/root/x"));
}

TEST_CASE("a tree is removed whatever its depth, and nothing it links to") {
  scratch_directory directory;
  auto const victim = directory.path() + "/tree";
  fs::create_directories(victim);
  std::ofstream(directory.path() + "/kept") << "x";
  fs::create_symlink(directory.path() + "/kept", victim + "/link");
  fs::create_directory_symlink(directory.path(), victim + "/directory-link");
  local::unique_fd at{::open(victim.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  for (int depth = 0; depth < 200; ++depth) {
    REQUIRE(::mkdirat(at.get(), "d", 0700) == 0);
    local::unique_fd const file{::openat(at.get(), "f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)};
    at = local::unique_fd{::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  }
  at.reset();
  fs::create_directories(victim + "/closed/inner");
  fs::permissions(victim + "/closed", fs::perms::none);

  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit few = before;
  few.rlim_cur = 40;
  ::setrlimit(RLIMIT_NOFILE, &few);
  local::tree_remover remover{victim};
  int steps = 0;
  while (!remover.step(10)) ++steps;
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(steps > 40);
  CHECK(!fs::exists(victim));
  CHECK(fs::exists(directory.path() + "/kept"));
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_volumes.hpp"

#include <cwsandbox/reasons.hpp>

#include <asio/detached.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <unistd.h>

namespace {

using local_test::add_volume;
using local_test::container_of;
using local_test::delete_snapshot;
using local_test::driver;
using local_test::get_snapshot;
using local_test::ready_snapshot;
using local_test::request_for;
using local_test::request_with_volume;
using local_test::run;
using local_test::scratch_directory;
using local_test::settled;
using local_test::snapshot;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
namespace fs = std::filesystem;

std::string start(driver& d, wire::CreateSandboxRequest request) {
  return d.create(std::move(request)).value().sandbox_id;
}

auto list(driver& d, wire::ListFileSystemSnapshotsRequest request) {
  return run(d.io(), d.transport().list_file_system_snapshots(std::move(request), {}));
}

auto stop_with_snapshots(driver& d, std::string id, std::vector<std::string> volumes,
                         int grace = 0) {
  wire::DeleteSandboxRequest request;
  request.sandbox_id = std::move(id);
  request.snapshot_volumes = std::move(volumes);
  request.grace_period_seconds = grace;
  return run(d.io(), d.transport().delete_sandbox(std::move(request), {}));
}

cw::local_options lasting(scratch_directory const& directory) {
  cw::local_options options;
  options.snapshot_directory = directory.path() + "/snapshots";
  return options;
}

/// A ready snapshot whose archive is then replaced by what a script leaves in the file `archive`.
std::string planted(driver& d, scratch_directory const& place, std::string const& script) {
  auto const id = start(d, request_with_volume());
  auto const made = ready_snapshot(d, id);
  REQUIRE(made.state == wire::SnapshotState::ready);
  auto const archive = place.path() + "/snapshots/" + made.file_system_snapshot_id + ".tar";
  scratch_directory work;
  auto const command = "cd " + work.path() + " && A=" + archive + " && " + script;
  REQUIRE(std::system(command.c_str()) == 0);
  return made.file_system_snapshot_id;
}

}  // namespace

TEST_CASE("a snapshot says where it comes from and is restored") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id, "echo text > /data/a");
  auto const made = ready_snapshot(d, id);
  CHECK(made.state == wire::SnapshotState::ready);
  CHECK(made.state_reason.empty());
  CHECK(made.file_system_snapshot_id.starts_with("fss-"));
  CHECK(made.source_sandbox_id == id);
  CHECK(made.source_volume_name == "work");
  CHECK(made.trigger == wire::SnapshotTrigger::manual);
  CHECK(made.size_bytes > 0);
  CHECK(made.create_time);
  CHECK(made.complete_time);
  CHECK(made.updated_at);
  auto const copy = start(d, request_with_volume(made.file_system_snapshot_id));
  CHECK(d.shell(copy, "cat /data/a") == "text\n");
  CHECK(d.shell(copy, "echo more >> /data/a; cat /data/a") == "text\nmore\n");
  CHECK(d.shell(id, "cat /data/a") == "text\n");
}

TEST_CASE("a restored volume has links, modes, times and holes as they were") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id,
          "cd /data; echo text > a; ln a hard; ln -s a soft; ln -s /etc/passwd out; mkfifo pipe;"
          "chmod 640 a; mkdir -m 555 closed; echo secret > none; chmod 000 none;"
          "touch -d @1000000000 a; truncate -s 64M hole; chmod 750 .");
  auto const made = ready_snapshot(d, id);
  REQUIRE(made.state == wire::SnapshotState::ready);
  CHECK(made.size_bytes < 1 << 20);
  auto const copy = start(d, request_with_volume(made.file_system_snapshot_id));
  CHECK(d.shell(copy,
                "cd /data; stat -c '%a %h %Y' a; stat -c '%a' closed none .; readlink soft out;"
                "test a -ef hard && echo same; test -p pipe && echo pipe;"
                "stat -c '%s' hole; [ $(stat -c %b hole) -lt 100 ] && echo sparse") ==
        "640 2 1000000000\n555\n0\n750\na\n/etc/passwd\nsame\npipe\n67108864\nsparse\n");
}

TEST_CASE("a volume in memory is archived and restored into one of a size") {
  driver d;
  auto request = request_with_volume();
  std::get<wire::ScratchVolume>(request.sandbox->spec->volumes.front().source).size = "4Mi";
  auto const id = start(d, request);
  d.shell(id, "head -c 2000000 /dev/zero | tr '\\0' x > /data/a");
  auto const made = ready_snapshot(d, id);
  REQUIRE(made.state == wire::SnapshotState::ready);
  auto again = request_with_volume(made.file_system_snapshot_id);
  auto& scratch = std::get<wire::ScratchVolume>(again.sandbox->spec->volumes.front().source);
  scratch.size = "4Mi";
  auto const copy = start(d, again);
  CHECK(d.shell(copy, "stat -c %s /data/a; stat -f -c %T /data") == "2000000\ntmpfs\n");
  scratch.size = "1Mi";
  auto const refused = d.create(again);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().reason() == cw::reasons::fss_restore_failed);
}

TEST_CASE("the volume to archive is the only one or is named") {
  driver d;
  auto none = start(d, request_for({"sleep", "infinity"}));
  auto request = request_with_volume();
  add_volume(request, "second", "/second");
  auto const two = start(d, request);
  struct row {
    std::string sandbox;
    std::string volume;
    std::string text;
  };
  for (auto const& r : {row{none, "", "no scratch volume"},
                        row{two, "", "multiple scratch volumes"}, row{two, "third", "'third'"}}) {
    auto const refused = snapshot(d, r.sandbox, r.volume);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == cw::status_code::invalid_argument);
    REQUIRE(refused.error().details().field_violations.size() == 1);
    CHECK(refused.error().details().field_violations.front().field == "scratch_volume_name");
    CHECK(refused.error().message().find(r.text) != std::string::npos);
  }
  d.shell(two, "echo here > /second/a");
  auto const made = ready_snapshot(d, two, "second");
  CHECK(made.source_volume_name == "second");
}

TEST_CASE("who cannot be archived is told why") {
  driver d;
  auto const missing = snapshot(d, "sb-none");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().reason() == cw::reasons::sandbox_not_found);
  auto const id = start(d, request_with_volume());
  CHECK(d.stop(id));
  d.ended(id);
  auto const ended = snapshot(d, id);
  REQUIRE_FALSE(ended.has_value());
  CHECK(ended.error().code() == cw::status_code::failed_precondition);
}

TEST_CASE("a snapshot request that is repeated gives the same snapshot") {
  driver d;
  auto const id = start(d, request_with_volume());
  auto const first = snapshot(d, id, "", "request-1").value();
  auto const second = snapshot(d, id, "work", "request-1").value();
  CHECK(second.file_system_snapshot_id == first.file_system_snapshot_id);
  CHECK(second.request_id == "request-1");
  CHECK(snapshot(d, id, "", "request-2").value().file_system_snapshot_id !=
        first.file_system_snapshot_id);
  auto const other = start(d, request_with_volume());
  auto const refused = snapshot(d, other, "", "request-1");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == cw::status_code::invalid_argument);
}

TEST_CASE("snapshots are listed by sandbox and in pages, and deleted") {
  driver d;
  auto const first = start(d, request_with_volume());
  auto const second = start(d, request_with_volume());
  auto const a = ready_snapshot(d, first);
  auto const b = ready_snapshot(d, first);
  auto const c = ready_snapshot(d, second);
  wire::ListFileSystemSnapshotsRequest request;
  CHECK(list(d, request).value().file_system_snapshots == std::vector{a, b, c});
  request.source_sandbox_id = first;
  CHECK(list(d, request).value().file_system_snapshots == std::vector{a, b});
  request.source_sandbox_id.clear();
  request.page_size = 2;
  auto const page = list(d, request).value();
  CHECK(page.file_system_snapshots == std::vector{a, b});
  request.page_token = page.next_page_token;
  CHECK(list(d, request).value().file_system_snapshots == std::vector{c});
  CHECK(list(d, request).value().next_page_token.empty());
  request.page_token = "x";
  CHECK_FALSE(list(d, request).has_value());

  CHECK(delete_snapshot(d, a.file_system_snapshot_id).value().state ==
        wire::SnapshotState::deleting);
  for (auto const& gone : {get_snapshot(d, a.file_system_snapshot_id),
                           delete_snapshot(d, a.file_system_snapshot_id)}) {
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().code() == cw::status_code::not_found);
    CHECK(gone.error().reason() == cw::reasons::fss_not_found);
    CHECK(gone.error().details().domain == cw::reasons::domain);
  }
  CHECK(delete_snapshot(d, a.file_system_snapshot_id, true));
  CHECK(list(d, {}).value().file_system_snapshots == std::vector{b, c});
}

TEST_CASE("a running writer does not spoil a snapshot") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id,
          "echo still > /data/still; head -c 8000000 /dev/zero > /data/big;"
          "(while :; do date >> /data/log; echo x > /data/t$((i=i+1)); rm -f /data/t$((i-3));"
          " done) > /dev/null 2>&1 &");
  auto const made = ready_snapshot(d, id);
  INFO(made.state_reason);
  REQUIRE(made.state == wire::SnapshotState::ready);
  auto const copy = start(d, request_with_volume(made.file_system_snapshot_id));
  CHECK(d.shell(copy, "cat /data/still; stat -c %s /data/big") == "still\n8000000\n");
}

TEST_CASE("a snapshot is restored into two sandboxes at once, and deleted meanwhile") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id, "head -c 20000000 /dev/urandom > /data/a; cd /data; sha256sum a > sum");
  auto const made = ready_snapshot(d, id);
  auto const request = request_with_volume(made.file_system_snapshot_id);
  std::vector<std::string> copies;
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(d.io(), d.transport().create_sandbox(request, {}),
                   [&](std::exception_ptr, cw::outcome<wire::Sandbox> answer) {
                     REQUIRE(answer);
                     copies.push_back(answer->sandbox_id);
                   });
  }
  // The creates have begun when this has run.
  d.io().restart();
  d.io().poll_one();
  d.io().poll_one();
  CHECK(delete_snapshot(d, made.file_system_snapshot_id));
  while (copies.size() < 2) {
    d.io().restart();
    d.io().run_one();
  }
  for (auto const& copy : copies) CHECK(d.shell(copy, "cd /data; sha256sum -c sum") == "a: OK\n");
  auto const gone = d.create(request);
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().reason() == cw::reasons::fss_not_found);
}

TEST_CASE("a snapshot that is being made can be deleted, and cannot be restored") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id, "head -c 200000000 /dev/zero | tr '\\0' x > /data/a");
  std::string made;
  asio::co_spawn(
      d.io(),
      [&]() -> asio::awaitable<void> {
        wire::CreateFileSystemSnapshotRequest request;
        request.sandbox_id = id;
        auto const answer = co_await d.transport().create_file_system_snapshot(request, {});
        made = answer ? answer->file_system_snapshot_id : "deleted";
      },
      asio::detached);
  d.io().restart();
  d.io().poll_one();
  auto const known = list(d, {}).value().file_system_snapshots;
  REQUIRE(known.size() == 1);
  if (known.front().state == wire::SnapshotState::creating) {
    auto const refused = d.create(request_with_volume(known.front().file_system_snapshot_id));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().reason() == cw::reasons::fss_not_ready);
  }
  CHECK(delete_snapshot(d, known.front().file_system_snapshot_id));
  while (made.empty()) {
    d.io().restart();
    d.io().run_one();
  }
  CHECK(list(d, {}).value().file_system_snapshots.empty());
  // the sandbox' files are not held any more
  CHECK(d.stop(id));
  d.ended(id);
  d.settle();
}

TEST_CASE("volumes are archived when a sandbox is stopped") {
  driver d;
  auto request = request_for(
      {"/bin/sh", "-c",
       "trap 'echo last > /data/a; exit 0' TERM; touch /data/ready; while :; do sleep 0.05; done"});
  add_volume(request, "work", "/data");
  add_volume(request, "more", "/more").size = "1Mi";
  auto const id = start(d, request);
  d.shell(id, "echo more > /more/b; until test -e /data/ready; do sleep 0.01; done");
  auto const answer = stop_with_snapshots(d, id, {"work", "more"}, 10).value();
  REQUIRE(answer.file_system_snapshot_ids.size() == 2);
  CHECK(answer.sandbox->sandbox_id == id);
  // asked again, it is the same stop
  CHECK(stop_with_snapshots(d, id, {"work", "more"}).value().file_system_snapshot_ids ==
        answer.file_system_snapshot_ids);
  CHECK(d.ended(id).status->state == wire::State::completed);
  auto const work = settled(d, answer.file_system_snapshot_ids.front());
  INFO(work.state_reason);
  CHECK(work.state == wire::SnapshotState::ready);
  CHECK(work.trigger == wire::SnapshotTrigger::on_delete);
  CHECK(work.source_sandbox_id == id);
  CHECK(work.source_volume_name == "work");
  auto const more = settled(d, answer.file_system_snapshot_ids.back());
  CHECK(more.state == wire::SnapshotState::ready);
  auto copy = request_with_volume(work.file_system_snapshot_id);
  add_volume(copy, "more", "/more").restore_from_snapshot_id = more.file_system_snapshot_id;
  auto const restored = start(d, copy);
  CHECK(d.shell(restored, "cat /data/a /more/b") == "last\nmore\n");
}

TEST_CASE("a snapshot on stop that cannot be is a conflict and stops nothing") {
  driver d;
  auto const id = start(d, request_with_volume());
  auto const unknown = stop_with_snapshots(d, id, {"other"});
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code() == cw::status_code::invalid_argument);
  CHECK(d.get(id).value().status->state == wire::State::running);
  CHECK(d.stop(id));
  auto const late = stop_with_snapshots(d, id, {"work"});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().reason() == cw::reasons::invalid_request);
  CHECK(list(d, {}).value().file_system_snapshots.empty());
}

TEST_CASE("a snapshot that runs when its sandbox is stopped is complete") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id,
          "head -c 50000000 /dev/zero | tr '\\0' x > /data/a; mkdir /data/z; echo e > /data/z/e");
  bool answered = false;
  asio::co_spawn(
      d.io(),
      [&]() -> asio::awaitable<void> {
        wire::CreateFileSystemSnapshotRequest request;
        request.sandbox_id = id;
        (void)co_await d.transport().create_file_system_snapshot(request, {});
        answered = true;
      },
      asio::detached);
  d.io().restart();
  d.io().poll_one();
  CHECK(d.stop(id));
  while (!answered) {
    d.io().restart();
    d.io().run_one();
  }
  auto const known = list(d, {}).value().file_system_snapshots;
  REQUIRE(known.size() == 1);
  auto const made = settled(d, known.front().file_system_snapshot_id);
  REQUIRE(made.state == wire::SnapshotState::ready);
  auto const copy = start(d, request_with_volume(made.file_system_snapshot_id));
  CHECK(d.shell(copy, "stat -c %s /data/a; cat /data/z/e") == "50000000\ne\n");
}

TEST_CASE("snapshots in a directory of their own outlive the engine") {
  scratch_directory directory;
  wire::FileSystemSnapshot made;
  {
    driver d{lasting(directory)};
    auto const id = start(d, request_with_volume());
    d.shell(id, "echo text > /data/a");
    auto const begun = snapshot(d, id, "", "request\n1").value();
    made = settled(d, begun.file_system_snapshot_id);
    REQUIRE(made.state == wire::SnapshotState::ready);
    driver second{lasting(directory)};
    auto const refused = list(second, {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message().find("another engine") != std::string::npos);
  }
  // what an engine that was killed left
  std::ofstream{directory.path() + "/snapshots/fss-half.part"} << "x";
  std::ofstream{directory.path() + "/snapshots/fss-gone.record"} << "cwsandbox snapshot 1\n";
  std::ofstream{directory.path() + "/snapshots/fss-bad.record"} << "?";
  std::ofstream{directory.path() + "/snapshots/fss-bad.tar"} << "?";
  driver d{lasting(directory)};
  CHECK(list(d, {}).value().file_system_snapshots == std::vector{made});
  CHECK_FALSE(fs::exists(directory.path() + "/snapshots/fss-half.part"));
  auto const copy = start(d, request_with_volume(made.file_system_snapshot_id));
  CHECK(d.shell(copy, "cat /data/a") == "text\n");
  CHECK(snapshot(d, made.source_sandbox_id, "", "request\n1").value() == made);
  CHECK(delete_snapshot(d, made.file_system_snapshot_id));
  CHECK_FALSE(fs::exists(directory.path() + "/snapshots/" + made.file_system_snapshot_id + ".tar"));
}

TEST_CASE("a directory for snapshots that others may change is refused") {
  scratch_directory directory;
  fs::create_directory(directory.path() + "/snapshots");
  fs::permissions(directory.path() + "/snapshots", fs::perms::all);
  driver d{lasting(directory)};
  auto const refused = list(d, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == cw::status_code::failed_precondition);
}

TEST_CASE("no content of an archive leads out of its volume") {
  scratch_directory place;
  driver d{lasting(place)};
  auto const victim = place.path() + "/victim";
  std::ofstream{victim} << "untouched";
  auto const untouched = [&] {
    std::ifstream in{victim};
    return std::string{std::istreambuf_iterator<char>{in}, {}} == "untouched" &&
           std::distance(fs::directory_iterator{place.path()}, {}) == 2;
  };
  struct row {
    char const* name;
    std::string script;
  };
  auto const up = "../../../../../../../../../../.." + place.path();
  std::vector<row> const rows{
      {"a name with ..", "echo evil > e && tar -cPf $A --transform='s,^e$," + up + "/evil,' e"},
      {"a name with .. onto a file",
       "echo evil > e && tar -cPf $A --transform='s,^e$," + up + "/victim,' e"},
      {"an absolute name", "echo evil > e && tar -cPf $A --transform='s,^e$," + victim + ",' e"},
      {"a file through a symbolic link to a directory",
       "ln -s " + place.path() +
           " d && tar -cf $A d && rm d && mkdir d && echo evil > d/victim && "
           "tar -rf $A d/victim"},
      {"a file through a symbolic link to a file",
       "ln -s " + victim + " v && tar -cf $A v && rm v && echo evil > v && tar -rf $A v"},
      {"a file through a relative symbolic link",
       "ln -s " + up +
           " d && tar -cf $A d && rm d && mkdir d && echo evil > d/evil && "
           "tar -rf $A d/evil"},
      {"a hard link out", "echo x > e && ln e h && tar -cPf $A --transform='s,^e$," + victim +
                              ",h' e h && echo evil > h && tar -rf $A h"},
      {"no archive at all", "echo nonsense > $A"},
      {"an empty file", ": > $A"},
      {"half an archive",
       "head -c 100000 /dev/urandom > e && tar -cf e.tar e && head -c 50000 e.tar > $A"},
  };
  for (auto const& r : rows) {
    INFO(r.name);
    auto const id = planted(d, place, r.script);
    auto const answer = d.create(request_with_volume(id));
    CHECK(untouched());
    if (answer) {
      CHECK(d.shell(answer->sandbox_id, "test -e " + victim + " || echo none") == "none\n");
      CHECK(d.stop(answer->sandbox_id));
    } else {
      CHECK(answer.error().reason() == cw::reasons::fss_restore_failed);
    }
    CHECK(delete_snapshot(d, id));
  }
}

TEST_CASE("links of a restored volume lead nowhere when the sandbox is laid out") {
  scratch_directory place;
  driver d{lasting(place)};
  auto const outside = place.path() + "/outside";
  fs::create_directory(outside);
  std::ofstream{outside + "/secret"} << "secret";
  auto const id = planted(
      d, place,
      "ln -s " + outside + " sub && ln -s /oldroot" + outside + " old && tar -cf $A sub old");
  SECTION("as a part that is mounted") {
    auto request = request_with_volume(id);
    container_of(request).volume_mounts.front().sub_path = "sub";
    CHECK_FALSE(d.create(request).has_value());
  }
  SECTION("as a directory of another mount") {
    auto request = request_with_volume(id);
    add_volume(request, "more", "/data/old/more");
    CHECK_FALSE(d.create(request).has_value());
  }
  SECTION("as a directory of a file") {
    auto request = request_with_volume(id);
    auto& file = container_of(request).files.emplace_back();
    file.path = "/data/old/evil";
    file.content = "evil";
    CHECK_FALSE(d.create(request).has_value());
  }
  SECTION("as a directory of the working directory") {
    auto request = request_with_volume(id);
    container_of(request).working_dir = "/data/old/evil";
    auto const answer = d.create(request);
    if (answer) {
      auto const ended = d.ended(answer->sandbox_id);
      CHECK(ended.status->state != wire::State::running);
      CHECK(ended.status->exit_code.value_or(1) != 0);
    }
  }
  SECTION("for a reader of files") {
    auto const copy = start(d, request_with_volume(id));
    CHECK_FALSE(d.read_file(copy, "/data/sub/secret").has_value());
  }
  CHECK(std::distance(fs::directory_iterator{outside}, {}) == 1);
}

TEST_CASE("a restore that is stopped ends with its sandbox") {
  driver d;
  auto const id = start(d, request_with_volume());
  d.shell(id, "head -c 100000000 /dev/zero | tr '\\0' x > /data/a");
  auto const made = ready_snapshot(d, id);
  REQUIRE(made.state == wire::SnapshotState::ready);
  bool answered = false;
  asio::co_spawn(
      d.io(),
      [&]() -> asio::awaitable<void> {
        auto const request = request_with_volume(made.file_system_snapshot_id);
        (void)co_await d.transport().create_sandbox(request, {});
        answered = true;
      },
      asio::detached);
  d.io().restart();
  d.io().poll_one();
  wire::PurgeSandboxesRequest purge;
  purge.purge_all = true;
  CHECK(run(d.io(), d.transport().purge_sandboxes(purge, {})).value().purge_count == 2);
  while (!answered) {
    d.io().restart();
    d.io().run_one();
  }
  wire::ListSandboxesRequest everything;
  everything.show_terminated = true;
  auto const known = d.list(everything).value().sandboxes;
  for (auto const& box : known)
    CHECK(d.ended(box.sandbox_id).status->state == wire::State::terminated);
  d.settle();
}

TEST_CASE("an engine that ends while it archives and restores leaves nothing") {
  scratch_directory directory;
  {
    driver d{local_test::options_in(directory)};
    auto const id = start(d, request_with_volume());
    d.shell(id, "head -c 100000000 /dev/zero | tr '\\0' x > /data/a");
    auto const made = ready_snapshot(d, id);
    auto const restore = request_with_volume(made.file_system_snapshot_id);
    wire::CreateFileSystemSnapshotRequest request;
    request.sandbox_id = id;
    asio::co_spawn(d.io(), d.transport().create_file_system_snapshot(request, {}), asio::detached);
    asio::co_spawn(d.io(), d.transport().create_sandbox(restore, {}), asio::detached);
    d.io().restart();
    d.io().poll_one();
    d.io().poll_one();
    CHECK(directory.entries() == 1);
  }
  CHECK(directory.entries() == 0);
}

TEST_CASE("an engine without snapshots says so") {
  cw::local_options options;
  options.snapshots = false;
  driver d{options};
  auto const id = start(d, request_with_volume());
  std::vector<cw::error> const refusals{snapshot(d, id).error(),
                                        get_snapshot(d, "fss-1").error(),
                                        delete_snapshot(d, "fss-1").error(),
                                        list(d, {}).error(),
                                        stop_with_snapshots(d, id, {"work"}).error(),
                                        d.create(request_with_volume("fss-1")).error()};
  for (auto const& refused : refusals) {
    CHECK(refused.reason() == cw::reasons::fss_not_supported);
    CHECK(refused.details().domain == cw::reasons::domain);
  }
  CHECK(d.get(id).value().status->state == wire::State::running);
}

TEST_CASE("the bucket of snapshots is managed and stays so") {
  driver d;
  auto const config = run(d.io(), d.transport().get_file_system_snapshot_bucket_config({}, {}));
  CHECK(config.value().mode == wire::FileSystemSnapshotBucketMode::cw_managed);
  CHECK(config.value().bucket_name.empty());
  wire::UpdateFileSystemSnapshotBucketConfigRequest update;
  update.file_system_snapshot_bucket_config.emplace();
  auto const change = [&] {
    return run(d.io(), d.transport().update_file_system_snapshot_bucket_config(update, {}));
  };
  CHECK(change().value() == config.value());
  update.file_system_snapshot_bucket_config->bucket_name = "mine";
  CHECK(change().error().reason() == cw::reasons::not_implemented);
  update.update_mask.emplace().paths = {"region"};
  CHECK(change().value() == config.value());
  update.update_mask.reset();
  update.file_system_snapshot_bucket_config->bucket_name.clear();
  update.file_system_snapshot_bucket_config->mode =
      wire::FileSystemSnapshotBucketMode::bring_your_own;
  CHECK(change().error().reason() == cw::reasons::not_implemented);
}

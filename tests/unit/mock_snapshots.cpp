// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// File-system snapshots. (contract: options 8, lifecycle 4.4)

#include <sstream>

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;
using SnapshotState = wire::SnapshotState;
using State = wire::State;

namespace {

wire::FileSystemSnapshot snapshot(SnapshotState state, std::string id = "fss-1") {
  wire::FileSystemSnapshot s{};
  s.file_system_snapshot_id = std::move(id);
  s.state = state;
  return s;
}

// What the calls about snapshots answer, in order.
struct store {
  explicit store(world& w) : mock{w.mock} {}
  cw::mock_transport mock;
  replies<wire::FileSystemSnapshot> creates{};
  replies<wire::FileSystemSnapshot> gets{};
  replies<wire::FileSystemSnapshot> deletes{};
  replies<wire::ListFileSystemSnapshotsResponse> lists{};
  std::unique_ptr<trompeloeil::expectation> on_create =
      NAMED_ALLOW_CALL(*mock, create_file_system_snapshot(_, _)).LR_RETURN(creates.next());
  std::unique_ptr<trompeloeil::expectation> on_get =
      NAMED_ALLOW_CALL(*mock, get_file_system_snapshot(_, _)).LR_RETURN(gets.next());
  std::unique_ptr<trompeloeil::expectation> on_delete =
      NAMED_ALLOW_CALL(*mock, delete_file_system_snapshot(_, _)).LR_RETURN(deletes.next());
  std::unique_ptr<trompeloeil::expectation> on_list =
      NAMED_ALLOW_CALL(*mock, list_file_system_snapshots(_, _)).LR_RETURN(lists.next());

  std::size_t count(std::string_view rpc) const {
    return mock.count(std::string{rpc}.append("_file_system_snapshot"));
  }
};

cw::mock_sandbox with_volumes(world& w, std::vector<std::string> const& volumes) {
  cw::SandboxDefaults defaults{};
  std::vector<cw::ScratchVolumeOptions> list;
  std::vector<std::string> paths;
  for (auto const& name : volumes) paths.push_back("/mnt/" + name);
  for (std::size_t i = 0; i < volumes.size(); ++i)
    list.push_back({.name = volumes[i], .mount_path = paths[i]});
  cw::SandboxOptions options{};
  options.volumes = list;
  cw::mock_sandbox sandbox{w.mock, options};
  sandbox.detach();
  REQUIRE(w.get(sandbox.wait()));
  return sandbox;
}

wire::DeleteSandboxResponse captured(std::vector<std::string> ids) {
  wire::DeleteSandboxResponse response{};
  response.sandbox.emplace(shown(State::terminating));
  response.file_system_snapshot_ids = std::move(ids);
  return response;
}

}  // namespace

TEST_CASE("a snapshot of the one volume is waited for", "[snapshots]") {
  world w;
  store s{w};
  s.creates = {snapshot(SnapshotState::ready)};
  s.gets = {snapshot(SnapshotState::creating), snapshot(SnapshotState::creating),
            snapshot(SnapshotState::ready)};
  auto const sandbox = with_volumes(w, {"data"});
  auto const before = w.elapsed();
  auto const id = w.get(sandbox.snapshot());
  REQUIRE(id);
  CHECK(*id == "fss-1");
  CHECK(s.count("get") == 3);
  CHECK(w.elapsed() - before == 500ms);  // 0.2 s and 0.3 s
  auto const request = w.mock.requests<wire::CreateFileSystemSnapshotRequest>().front();
  CHECK(request.sandbox_id == "sb-1");
  CHECK(request.scratch_volume_name == "data");
  CHECK(request.request_id.size() == 36);
  for (auto const& call : w.mock.history()) {
    if (call.rpc == "create_file_system_snapshot") CHECK(call.options.timeout == 605s);
    if (call.rpc == "get_file_system_snapshot") CHECK(call.options.timeout == 15s);
  }
}

TEST_CASE("a snapshot that is not waited for", "[snapshots]") {
  world w;
  store s{w};
  s.creates = {snapshot(SnapshotState::failed)};
  auto const sandbox = with_volumes(w, {});
  CHECK(*w.get(sandbox.snapshot({.wait_for_ready = false, .request_id = "mine"})) == "fss-1");
  CHECK(s.count("get") == 0);
  auto const request = w.mock.requests<wire::CreateFileSystemSnapshotRequest>().front();
  CHECK(request.scratch_volume_name.empty());
  CHECK(request.request_id == "mine");
}

TEST_CASE("which of several volumes is meant cannot be guessed", "[snapshots]") {
  world w;
  store s{w};
  auto const result = w.get(with_volumes(w, {"a", "b"}).snapshot());
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == error_kind::snapshot);
  CHECK_THAT(result.error().message(), ContainsSubstring("multiple scratch volumes"));
  CHECK_THAT(result.error().message(), ContainsSubstring(" a b"));
  CHECK(s.count("create") == 0);
}

TEST_CASE("the create of a snapshot is tried again under one request id", "[snapshots]") {
  world w;
  store s{w};
  s.creates = {cw::rpc_error(status_code::unavailable, "down"),
               refused(status_code::unknown, "CWSANDBOX_FSS_INFLIGHT_LIMIT"),
               snapshot(SnapshotState::ready)};
  s.gets = {snapshot(SnapshotState::ready)};
  CHECK(w.get(with_volumes(w, {"data"}).snapshot()));
  auto const requests = w.mock.requests<wire::CreateFileSystemSnapshotRequest>();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].request_id == requests[2].request_id);
}

TEST_CASE("creates of snapshots that fail for good", "[snapshots]") {
  struct row {
    cw::error report;
    error_kind kind;
  };
  auto const rows = std::vector<row>{
      {refused(status_code::unimplemented, "CWSANDBOX_FSS_NOT_SUPPORTED"),
       error_kind::snapshot_not_supported},
      {refused(status_code::failed_precondition, "CWSANDBOX_FSS_QUOTA_EXCEEDED"),
       error_kind::snapshot_quota_exceeded},
      {cw::rpc_error(status_code::deadline_exceeded, "late"), error_kind::request_timeout},
      {cw::rpc_error(status_code::failed_precondition, "no"), error_kind::sandbox},
  };
  for (auto const& row : rows) {
    CAPTURE(row.report.message());
    world w;
    store s{w};
    s.creates = {row.report};
    auto const sandbox = with_volumes(w, {"data"});
    CHECK(w.failure(sandbox.snapshot()) == row.kind);
    CHECK(s.count("create") == 1);
  }
}

TEST_CASE("without a budget nothing is tried again", "[snapshots]") {
  world w;
  store s{w};
  s.creates = {cw::rpc_error(status_code::unavailable, "down")};
  cw::mock_sandbox sandbox{w.mock, {.poll_retry_budget = 0s}};
  sandbox.detach();
  CHECK(w.failure(sandbox.snapshot()) == error_kind::unavailable);
  CHECK(s.count("create") == 1);
}

TEST_CASE("snapshots that do not become ready", "[snapshots]") {
  world w;
  store s{w};
  s.creates = {snapshot(SnapshotState::creating)};
  auto const sandbox = with_volumes(w, {"data"});
  SECTION("failed") {
    auto broken = snapshot(SnapshotState::failed);
    SECTION("with a reason") {
      broken.state_reason = "disk on fire";
      s.gets = {broken};
      auto const result = w.get(sandbox.snapshot());
      REQUIRE_FALSE(result);
      CHECK(result.error().message() == "Snapshot fss-1 failed: disk on fire");
      CHECK(result.error().details().subject == "fss-1");
    }
    SECTION("without") {
      s.gets = {broken};
      CHECK(w.get(sandbox.snapshot()).error().message() ==
            "Snapshot fss-1 failed: unknown error");
    }
  }
  SECTION("gone") {
    s.gets = {cw::rpc_error(status_code::not_found, "no")};
    auto const result = w.get(sandbox.snapshot());
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::snapshot_not_found);
    CHECK(result.error().details().subject == "fss-1");
  }
  SECTION("never") {
    s.gets = {snapshot(SnapshotState::creating)};
    auto const before = w.elapsed();
    auto const result = w.get(sandbox.snapshot());
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::snapshot_wait_timeout);
    CHECK(result.error().message() == "Timed out waiting for snapshot fss-1 to become ready");
    CHECK(result.error().details().subject == "fss-1");
    CHECK(w.elapsed() - before == 605s);
  }
  CHECK(s.count("create") == 1);
}

TEST_CASE("a snapshot call without an id is refused before any call", "[snapshots]") {
  world w;
  for (auto const id : {"", " \t"}) {
    CHECK_THROWS_AS(cw::mock_sandbox::get_snapshot(w.mock, id), cw::invalid_argument);
    CHECK_THROWS_AS(cw::mock_sandbox::delete_snapshot(w.mock, id), cw::invalid_argument);
  }
  CHECK_THROWS_AS(cw::mock_sandbox::get_snapshot(w.mock, "a", {.timeout = 0s}),
                  cw::invalid_argument);
  CHECK_THROWS_AS(cw::mock_sandbox::list_snapshots(w.mock, {.timeout = -1s}),
                  cw::invalid_argument);
  CHECK(w.mock.history().empty());
}

TEST_CASE("the record of a snapshot", "[snapshots]") {
  world w;
  store s{w};
  auto full = snapshot(SnapshotState::ready);
  full.size_bytes = 42;
  full.source_sandbox_id = "sb-9";
  full.trigger = wire::SnapshotTrigger::on_delete;
  full.source_volume_name = "data";
  full.object_bucket = "bucket";
  full.request_id = "req";
  full.create_time = wire::Timestamp{.seconds = 100, .nanos = 1999};
  s.gets = {cw::rpc_error(status_code::unavailable, "down"), full};
  auto const found = w.get(cw::mock_sandbox::get_snapshot(w.mock, "fss-1"));
  REQUIRE(found);
  CHECK(s.count("get") == 2);
  CHECK(found->status == cw::FileSystemSnapshotStatus::ready);
  CHECK(found->size_bytes == 42);
  CHECK(found->trigger == cw::FileSystemSnapshotTrigger::on_delete);
  CHECK(found->source_volume_name == "data");
  CHECK(found->object_bucket == "bucket");
  CHECK(found->request_id == "req");
  CHECK(found->created_at == std::chrono::system_clock::from_time_t(100) + 1us);
  CHECK_FALSE(found->completed_at);
  std::ostringstream text;
  text << *found;
  CHECK(text.str() ==
        "FileSystemSnapshot(file_system_snapshot_id='fss-1', status=ready, size_bytes=42, "
        "source_sandbox_id='sb-9')");
}

TEST_CASE("a time-out of a snapshot call is final", "[snapshots]") {
  world w;
  store s{w};
  s.gets = {cw::rpc_error(status_code::deadline_exceeded, "late")};
  CHECK(w.failure(cw::mock_sandbox::get_snapshot(w.mock, "a")) == error_kind::request_timeout);
  CHECK(s.count("get") == 1);
  CHECK(w.mock.history().front().options.timeout == 300s);
}

TEST_CASE("lists of snapshots are filtered here", "[snapshots]") {
  world w;
  store s{w};
  auto const made = [](std::string id, SnapshotState state, std::string source) {
    auto one = snapshot(state, std::move(id));
    one.source_sandbox_id = std::move(source);
    return one;
  };
  wire::ListFileSystemSnapshotsResponse all{};
  all.file_system_snapshots = {made("a", SnapshotState::ready, "sb-1"),
                               made("b", SnapshotState::creating, "sb-1"),
                               made("c", SnapshotState::ready, "sb-2")};
  s.lists = {all};
  auto const ids = [&](cw::ListSnapshotsOptions const& options) {
    std::string text;
    auto const found = w.get(cw::mock_sandbox::list_snapshots(w.mock, options));
    REQUIRE(found);
    for (auto const& one : *found) text += one.file_system_snapshot_id;
    return text;
  };
  using cw::FileSystemSnapshotStatus;
  CHECK(ids({}) == "abc");
  CHECK(ids({.source_sandbox_id = "sb-1"}) == "ab");
  CHECK(ids({.status = FileSystemSnapshotStatus::ready}) == "ac");
  CHECK(ids({.source_sandbox_id = "sb-1", .status = FileSystemSnapshotStatus::ready}) == "a");
  for (auto const& request : w.mock.requests<wire::ListFileSystemSnapshotsRequest>()) {
    CHECK(request.source_sandbox_id.empty());
    CHECK(request.page_size == 0);
  }
}

TEST_CASE("a page that fails for a moment loses and doubles nothing", "[snapshots]") {
  world w;
  store s{w};
  wire::ListFileSystemSnapshotsResponse first{};
  first.file_system_snapshots = {snapshot(SnapshotState::ready, "a")};
  first.next_page_token = "t";
  wire::ListFileSystemSnapshotsResponse last{};
  last.file_system_snapshots = {snapshot(SnapshotState::ready, "b")};
  s.lists = {first, cw::rpc_error(status_code::unavailable, "down"), first, last};
  auto const found = w.get(cw::mock_sandbox::list_snapshots(w.mock));
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK(found->front().file_system_snapshot_id == "a");
  CHECK(found->back().file_system_snapshot_id == "b");
}

TEST_CASE("deleting a snapshot", "[snapshots]") {
  world w;
  store s{w};
  auto const missing = cw::rpc_error(status_code::not_found, "no");
  SECTION("that is there") {
    s.deletes = {snapshot(SnapshotState::deleting)};
    CHECK(w.get(cw::mock_sandbox::delete_snapshot(w.mock, "a")));
    CHECK_FALSE(w.mock.requests<wire::DeleteFileSystemSnapshotRequest>().front().allow_missing);
  }
  SECTION("that is not") {
    s.deletes = {missing};
    CHECK(w.failure(cw::mock_sandbox::delete_snapshot(w.mock, "a")) ==
          error_kind::snapshot_not_found);
    CHECK(w.get(cw::mock_sandbox::delete_snapshot(w.mock, "a", {.missing_ok = true})));
  }
  SECTION("whose first answer was lost") {
    s.deletes = {cw::rpc_error(status_code::unavailable, "down"), missing};
    CHECK(w.get(cw::mock_sandbox::delete_snapshot(w.mock, "a")));
    CHECK(s.count("delete") == 2);
  }
}

TEST_CASE("the bucket of an organization", "[snapshots]") {
  world w;
  wire::FileSystemSnapshotBucketConfig config{};
  config.bucket_name = "mine";
  config.mode = wire::FileSystemSnapshotBucketMode::bring_your_own;
  config.effective_bucket_name = "mine-1";
  REQUIRE_CALL(*w.mock, get_file_system_snapshot_bucket_config(_, _)).RETURN(config);
  auto const found = w.get(cw::mock_sandbox::get_snapshot_bucket_config(w.mock));
  REQUIRE(found);
  CHECK(found->mode == cw::FileSystemSnapshotBucketMode::bring_your_own);
  CHECK(found->effective_bucket_name == "mine-1");

  REQUIRE_CALL(*w.mock, update_file_system_snapshot_bucket_config(_, _)).RETURN(config);
  CHECK(w.get(cw::mock_sandbox::set_snapshot_bucket_config(w.mock, "mine", "eu")));
  auto const request =
      w.mock.requests<wire::UpdateFileSystemSnapshotBucketConfigRequest>().front();
  REQUIRE(request.file_system_snapshot_bucket_config);
  CHECK(request.file_system_snapshot_bucket_config->bucket_name == "mine");
  CHECK(request.file_system_snapshot_bucket_config->region == "eu");
  CHECK(request.file_system_snapshot_bucket_config->mode ==
        wire::FileSystemSnapshotBucketMode::unspecified);
  CHECK_FALSE(request.update_mask);
}

TEST_CASE("a stop that takes a snapshot", "[snapshots][stop]") {
  world w;
  store s{w};
  s.gets = {snapshot(SnapshotState::creating), snapshot(SnapshotState::ready)};
  w->deletes = {captured({"fss-1", "fss-2"})};
  auto const sandbox = with_volumes(w, {"a", "b"});
  auto const stopped = w.get(sandbox.stop({.snapshot_on_stop = true, .request_id = "mine"}));
  REQUIRE(stopped);
  CHECK(sandbox.status() == cw::SandboxStatus::terminated);
  CHECK(sandbox.file_system_snapshot_id() == "fss-1");
  CHECK(sandbox.file_system_snapshot_ids() == names{"fss-1", "fss-2"});
  CHECK(s.count("get") == 3);
  auto const request = w.mock.requests<wire::DeleteSandboxRequest>().front();
  CHECK(request.snapshot_volumes == names{"a", "b"});
  CHECK(request.request_id == "mine");
  for (auto const& call : w.mock.history())
    if (call.rpc == "delete_sandbox") CHECK(call.options.timeout == 645s);
  // again: it is there already
  CHECK(w.get(sandbox.stop({.snapshot_on_stop = true})));
  CHECK(w.mock.count("delete_sandbox") == 1);
}

TEST_CASE("a stop that does not wait for its snapshot", "[snapshots][stop]") {
  world w;
  store s{w};
  w->deletes = {captured({"fss-1"})};
  auto const sandbox = with_volumes(w, {"a"});
  CHECK(w.get(sandbox.stop({.snapshot_on_stop = true, .wait_for_ready = false})));
  CHECK(s.count("get") == 0);
  CHECK(sandbox.file_system_snapshot_id() == "fss-1");
}

TEST_CASE("snapshots of a stop that fail, or are late", "[snapshots][stop]") {
  world w;
  store s{w};
  w->deletes = {captured({"fss-1"})};
  auto const sandbox = with_volumes(w, {"a"});
  SECTION("failed") {
    s.gets = {snapshot(SnapshotState::failed)};
    CHECK(w.failure(sandbox.stop({.snapshot_on_stop = true})) == error_kind::snapshot);
  }
  SECTION("late") {
    s.gets = {snapshot(SnapshotState::creating)};
    auto const result = w.get(sandbox.stop({.snapshot_on_stop = true}));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::snapshot_wait_timeout);
    CHECK(result.error().details().subject == "fss-1");
  }
  CHECK(sandbox.status() == cw::SandboxStatus::terminating);
  CHECK(w.get(sandbox.stop()));
}

TEST_CASE("stops that can take no snapshot", "[snapshots][stop]") {
  world w;
  store s{w};
  cw::StopOptions const with{.snapshot_on_stop = true};
  SECTION("of nothing") {
    CHECK(w.failure(with_volumes(w, {}).stop(with)) == error_kind::snapshot);
    CHECK(w.mock.count("delete_sandbox") == 0);
  }
  SECTION("after the end") {
    auto const sandbox = with_volumes(w, {"a"});
    CHECK(w.get(sandbox.stop()));
    CHECK(w.failure(sandbox.stop(with)) == error_kind::snapshot_on_stop_conflict);
  }
  SECTION("beside a stop without") {
    auto const sandbox = with_volumes(w, {"a"});
    auto const plain = sandbox.stop();
    CHECK(w.failure(sandbox.stop(with)) == error_kind::snapshot_on_stop_conflict);
    CHECK(w.get(plain));
  }
  SECTION("while others stop it") {
    auto const sandbox = with_volumes(w, {"a"});
    w->gets = {shown(State::terminating)};
    CHECK(w.get(sandbox.get_status()));
    CHECK(w.failure(sandbox.stop(with)) == error_kind::snapshot_on_stop_conflict);
  }
  SECTION("of a sandbox that the service does not know") {
    auto const sandbox = with_volumes(w, {"a"});
    w->deletes = {no_such_sandbox()};
    CHECK(w.failure(sandbox.stop({.missing_ok = true, .snapshot_on_stop = true})) ==
          error_kind::snapshot_on_stop_conflict);
    CHECK(w.failure(sandbox.stop(with)) == error_kind::not_found);
  }
  SECTION("because the service says so") {
    auto const sandbox = with_volumes(w, {"a"});
    w->deletes = {refused(status_code::invalid_argument, "CWSANDBOX_INVALID_REQUEST")};
    auto const result = w.get(sandbox.stop(with));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == error_kind::snapshot_on_stop_conflict);
    CHECK(result.error().reason() == "CWSANDBOX_INVALID_REQUEST");
  }
  SECTION("while a plain stop joins one that does") {
    w->deletes = {captured({"fss-1"})};
    s.gets = {snapshot(SnapshotState::ready)};
    auto const sandbox = with_volumes(w, {"a"});
    auto const first = sandbox.stop(with);
    auto const second = sandbox.stop(with);
    auto const plain = sandbox.stop();
    CHECK(w.get(first));
    CHECK(w.get(second));
    CHECK(w.get(plain));
    CHECK(w.mock.count("delete_sandbox") == 1);
  }
  SECTION("of one that never began, which is no error") {
    cw::mock_sandbox sandbox{w.mock};
    CHECK(w.get(sandbox.stop(with)));
    CHECK(w.mock.count("delete_sandbox") == 0);
  }
}

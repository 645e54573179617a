// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_SNAPSHOTS_IPP
#define CWSANDBOX_IMPL_LOCAL_SNAPSHOTS_IPP

#include <cwsandbox/transport/local/snapshots.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/records.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace cwsandbox::inline v1::detail::local {

namespace snapshotting {

inline constexpr std::string_view id_prefix = "fss-";
inline constexpr std::string_view record_suffix = ".record";
inline constexpr std::string_view part_suffix = ".part";
inline constexpr std::string_view first_line = "cwsandbox snapshot 1";

inline error not_found(std::string const& id) {
  return reasoned_error(status_code::not_found, reasons::fss_not_found,
                        "file-system snapshot '" + id + "' not found");
}

inline std::string bytes_of(std::string_view hex) {
  std::string result;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned value = 0;
    std::from_chars(hex.data(), hex.data() + 2, value, 16);
    result += static_cast<char>(static_cast<unsigned char>(value));
  }
  return result;
}

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

inline std::string time_text(std::optional<wire::Timestamp> const& time) {
  auto const value = time.value_or(wire::Timestamp{});
  return std::to_string(value.seconds) + " " + std::to_string(value.nanos);
}

inline wire::Timestamp time_of(std::string_view text) {
  wire::Timestamp result;
  result.seconds = number_of<std::int64_t>(text);
  text.remove_prefix(std::min(text.find(' ') + 1, text.size()));
  result.nanos = number_of<std::int32_t>(text);
  return result;
}

/// One line for each field. Whatever a client chose freely is in hexadecimal digits.
inline std::string to_text(wire::FileSystemSnapshot const& record) {
  std::string text{first_line};
  auto const add = [&](char const* name, std::string const& value) {
    text += std::string("\n") + name + " " + value;
  };
  add("sandbox", record.source_sandbox_id);
  add("volume", record.source_volume_name);
  add("trigger", std::to_string(static_cast<int>(record.trigger)));
  add("created", time_text(record.create_time));
  add("completed", time_text(record.complete_time));
  add("request", hex_text(record.request_id));
  return text += "\n";
}

inline std::optional<wire::FileSystemSnapshot> from_text(std::string_view text) {
  if (!text.starts_with(first_line)) return std::nullopt;
  wire::FileSystemSnapshot record;
  record.state = wire::SnapshotState::ready;
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    auto const line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto const space = std::min(line.find(' '), line.size());
    auto const name = line.substr(0, space);
    auto const value = line.substr(std::min(space + 1, line.size()));
    if (name == "sandbox") record.source_sandbox_id = value;
    if (name == "volume") record.source_volume_name = value;
    if (name == "trigger")
      record.trigger = static_cast<wire::SnapshotTrigger>(number_of<int>(value));
    if (name == "created") record.create_time = time_of(value);
    if (name == "completed") record.complete_time = record.updated_at = time_of(value);
    if (name == "request") record.request_id = bytes_of(value);
  }
  return record;
}

inline std::optional<std::int64_t> size_of_file(std::string const& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return static_cast<std::int64_t>(status.st_size);
}

}  // namespace snapshotting

CWSANDBOX_DECL outcome<void> snapshot_store::open() {
  if (auto made = make_private_directory(directory_); !made) {
    return rpc_error(
        status_code::failed_precondition,
        "the local engine cannot keep snapshots in " + directory_ + ": " + made.error().message());
  }
  std::lock_guard const lock{mutex_};
  lock_.reset(
      ::open((directory_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_ || ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return rpc_error(status_code::failed_precondition,
                     "the local engine cannot keep snapshots in " + directory_ + ": " +
                         (errno == EWOULDBLOCK ? "another engine does" : errno_text(errno)));
  }
  if (lasting_) load();
  return {};
}

CWSANDBOX_DECL void snapshot_store::load() {
  using namespace snapshotting;
  std::vector<wire::FileSystemSnapshot> found;
  for (auto const& name : names_in(directory_)) {
    auto const path = directory_ + "/" + name;
    // What was being made when an engine was killed.
    if (name.ends_with(part_suffix)) ::unlink(path.c_str());
    if (!name.starts_with(id_prefix) || !name.ends_with(record_suffix)) continue;
    auto record = from_text(read_small_file(AT_FDCWD, path.c_str(), 65536));
    auto const id = name.substr(0, name.size() - record_suffix.size());
    auto const size = size_of_file(path_of(id, ".tar"));
    if (!record || !size) continue;
    record->file_system_snapshot_id = id;
    record->size_bytes = *size;
    found.push_back(std::move(*record));
  }
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
    auto const key = [](auto const& r) {
      auto const time = r.create_time.value_or(wire::Timestamp{});
      return std::pair{time.seconds, time.nanos};
    };
    return key(a) < key(b);
  });
  for (auto& record : found) entries_[next_++].record = std::move(record);
}

CWSANDBOX_DECL bool snapshot_store::save(wire::FileSystemSnapshot const& record) const {
  auto const path = path_of(record.file_system_snapshot_id, ".record");
  auto const part = path + ".part";
  {
    unique_fd const fd{
        ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!fd || !write_all(fd.get(), snapshotting::to_text(record))) return false;
  }
  return ::rename(part.c_str(), path.c_str()) == 0;
}

CWSANDBOX_DECL snapshot_store::entries::iterator snapshot_store::find(std::string const& id) {
  return std::find_if(entries_.begin(), entries_.end(), [&](auto const& item) {
    return item.second.record.file_system_snapshot_id == id;
  });
}

CWSANDBOX_DECL wire::FileSystemSnapshot snapshot_store::reserve(wire::FileSystemSnapshot record) {
  record.file_system_snapshot_id = std::string(snapshotting::id_prefix) + random_uuid();
  record.state = wire::SnapshotState::creating;
  record.create_time = record.updated_at = current_time();
  std::lock_guard const lock{mutex_};
  entries_[next_++].record = record;
  return record;
}

CWSANDBOX_DECL void snapshot_store::start(asio::any_io_executor const& io, std::string const& id,
                                          snapshot_source source) {
  auto const part = path_of(id, ".part");
  unique_fd const archive = above_stdio(
      unique_fd{::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)});
  int const open_error = errno;
  unique_fd errors = memory_file("tar-errors", {});
  spawn_result made;
  made.error = open_error;
  if (archive && errors) made = pack_volume(source.place, archive.get(), errors.get());
  auto const tar = made.process;
  {
    std::lock_guard const lock{mutex_};
    auto const at = find(id);
    if (closed_ || at == entries_.end()) {
      if (tar) tar->kill(SIGKILL, true);
      ::unlink(part.c_str());
      return;
    }
    if (tar) {
      at->second.tar = tar;
      at->second.errors = std::move(errors);
      at->second.source = std::move(source);
    } else {
      fail(at->second, "cannot start to archive: " + errno_text(made.error));
      ::unlink(part.c_str());
    }
  }
  if (tar)
    asio::co_spawn(io, await_end(io, shared_from_this(), id, tar), asio::detached);
  else
    notify();
}

CWSANDBOX_DECL asio::awaitable<void> snapshot_store::await_end(
    asio::any_io_executor io, std::shared_ptr<snapshot_store> store, std::string id,
    std::shared_ptr<child_process> tar) {
  // Not by itself: asio would make it non-blocking, and with it every wait for the process.
  unique_fd const pidfd{::fcntl(tar->pidfd(), F_DUPFD_CLOEXEC, 3)};
  tar.reset();
  poll_set set;
  set.add(pidfd.get(), 0);
  auto const failure = co_await wait_readable(io, set.fd());
  if (!failure) store->settle(id);
}

CWSANDBOX_DECL void snapshot_store::settle(std::string const& id) {
  // Let go of last, and not under the lock: it may be all that keeps a sandbox.
  snapshot_source released;
  {
    std::lock_guard const lock{mutex_};
    auto const at = find(id);
    if (at == entries_.end() || !at->second.tar) return;
    auto const status = at->second.tar->exit_status();
    if (!status) return;
    complete(at->second, *status);
    released = std::move(at->second.source);
    at->second.tar.reset();
    at->second.errors.reset();
  }
  notify();
}

CWSANDBOX_DECL void snapshot_store::complete(entry& e, int exit_status) {
  auto const& id = e.record.file_system_snapshot_id;
  auto const part = path_of(id, ".part");
  auto const size = snapshotting::size_of_file(part);
  // 1 says that files changed while they were read, as they do when a sandbox is running.
  if (exit_status > 1 || size.value_or(0) == 0) {
    fail(e, archive_failure(e.errors.get(), exit_status));
    ::unlink(part.c_str());
    return;
  }
  e.record.complete_time = e.record.updated_at = current_time();
  auto const archive = path_of(id, ".tar");
  if (::rename(part.c_str(), archive.c_str()) != 0 || (lasting_ && !save(e.record))) {
    fail(e, "cannot store it: " + errno_text(errno));
    for (auto const& path : {part, archive}) ::unlink(path.c_str());
    return;
  }
  e.record.size_bytes = *size;
  e.record.state = wire::SnapshotState::ready;
}

CWSANDBOX_DECL void snapshot_store::fail(entry& e, std::string why) {
  e.record.state = wire::SnapshotState::failed;
  e.record.state_reason = std::move(why);
  e.record.complete_time = e.record.updated_at = current_time();
}

CWSANDBOX_DECL void snapshot_store::discard(std::string const& id) {
  {
    std::lock_guard const lock{mutex_};
    if (auto const at = find(id); at != entries_.end()) entries_.erase(at);
  }
  notify();
}

CWSANDBOX_DECL std::optional<wire::FileSystemSnapshot> snapshot_store::find_request(
    std::string const& request_id) const {
  std::lock_guard const lock{mutex_};
  for (auto const& [number, e] : entries_) {
    if (e.record.request_id == request_id && e.record.trigger == wire::SnapshotTrigger::manual)
      return e.record;
  }
  return std::nullopt;
}

CWSANDBOX_DECL std::vector<wire::FileSystemSnapshot> snapshot_store::made_at_end_of(
    std::string const& sandbox_id) const {
  std::vector<wire::FileSystemSnapshot> result;
  std::lock_guard const lock{mutex_};
  for (auto const& [number, e] : entries_) {
    if (e.record.source_sandbox_id == sandbox_id &&
        e.record.trigger == wire::SnapshotTrigger::on_delete)
      result.push_back(e.record);
  }
  return result;
}

CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> snapshot_store::get(std::string const& id) {
  settle(id);
  std::lock_guard const lock{mutex_};
  auto const at = find(id);
  if (at == entries_.end()) return snapshotting::not_found(id);
  return at->second.record;
}

CWSANDBOX_DECL outcome<wire::ListFileSystemSnapshotsResponse> snapshot_store::list(
    wire::ListFileSystemSnapshotsRequest const& request) {
  auto const wanted = parse_page(request.page_token, request.page_size);
  if (!wanted) return wanted.error();
  wire::ListFileSystemSnapshotsResponse response;
  std::lock_guard const lock{mutex_};
  response.next_page_token = fill_page(
      entries_, *wanted,
      [&](entry const& e) {
        return request.source_sandbox_id.empty() ||
               e.record.source_sandbox_id == request.source_sandbox_id;
      },
      [&](entry const& e) { response.file_system_snapshots.push_back(e.record); });
  return response;
}

CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> snapshot_store::remove(
    wire::DeleteFileSystemSnapshotRequest const& request) {
  auto const& id = request.file_system_snapshot_id;
  entry removed;
  {
    std::lock_guard const lock{mutex_};
    auto const at = find(id);
    if (at == entries_.end()) {
      if (request.allow_missing) return wire::FileSystemSnapshot{};
      return snapshotting::not_found(id);
    }
    removed = std::move(at->second);
    entries_.erase(at);
    if (removed.tar) removed.tar->kill(SIGKILL, true);
    // In this order: a record without content would be a promise.
    for (char const* suffix : {".record", ".tar", ".part"}) ::unlink(path_of(id, suffix).c_str());
  }
  notify();
  removed.record.state = wire::SnapshotState::deleting;
  removed.record.updated_at = current_time();
  return std::move(removed.record);
}

CWSANDBOX_DECL outcome<unique_fd> snapshot_store::open_archive(std::string const& id) {
  auto const known = get(id);
  if (!known) return known.error();
  if (known->state != wire::SnapshotState::ready) {
    return reasoned_error(status_code::failed_precondition, reasons::fss_not_ready,
                          "file-system snapshot '" + id + "' is not ready");
  }
  auto const path = path_of(id, ".tar");
  unique_fd archive =
      above_stdio(unique_fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)});
  if (!archive || !snapshotting::size_of_file(path)) {
    return reasoned_error(status_code::failed_precondition, reasons::fss_restore_failed,
                          "the content of file-system snapshot '" + id + "' cannot be read");
  }
  return archive;
}

CWSANDBOX_DECL asio::awaitable<void> snapshot_store::wait_until_settled(
    asio::any_io_executor io, std::shared_ptr<snapshot_store> store, std::string id,
    std::chrono::steady_clock::duration patience) {
  auto const until = std::chrono::steady_clock::now() + patience;
  auto const changed = store->watch();
  for (;;) {
    auto const record = store->get(id);
    if (!record || record->state != wire::SnapshotState::creating) co_return;
    if (std::chrono::steady_clock::now() >= until) co_return;
    co_await wait_for(io, changed, until);
    changed->lower();
  }
}

CWSANDBOX_DECL std::shared_ptr<notifier> snapshot_store::watch() {
  auto result = std::make_shared<notifier>();
  std::lock_guard const lock{mutex_};
  std::erase_if(watchers_, [](auto const& w) { return w.expired(); });
  watchers_.push_back(result);
  return result;
}

CWSANDBOX_DECL void snapshot_store::notify() {
  std::lock_guard const lock{mutex_};
  for (auto const& weak : watchers_) {
    if (auto const watcher = weak.lock()) watcher->raise();
  }
}

CWSANDBOX_DECL void snapshot_store::close() noexcept {
  std::vector<entry> ended;
  {
    std::lock_guard const lock{mutex_};
    closed_ = true;
    for (auto& [number, e] : entries_) {
      if (e.record.state != wire::SnapshotState::creating) continue;
      if (e.tar) e.tar->kill(SIGKILL, true);
      ::unlink(path_of(e.record.file_system_snapshot_id, ".part").c_str());
      auto& gone = ended.emplace_back();
      gone.tar = std::move(e.tar);
      gone.source = std::move(e.source);
      fail(e, "the engine ended");
    }
    lock_.reset();
  }
}

CWSANDBOX_DECL wire::FileSystemSnapshotBucketConfig managed_bucket() {
  wire::FileSystemSnapshotBucketConfig result;
  result.mode = wire::FileSystemSnapshotBucketMode::cw_managed;
  return result;
}

CWSANDBOX_DECL outcome<wire::FileSystemSnapshotBucketConfig> update_bucket(
    wire::UpdateFileSystemSnapshotBucketConfigRequest const& request) {
  auto const wanted =
      request.file_system_snapshot_bucket_config.value_or(wire::FileSystemSnapshotBucketConfig{});
  auto const written = [&](std::string_view field) {
    if (!request.update_mask || request.update_mask->paths.empty()) return true;
    auto const& paths = request.update_mask->paths;
    return std::any_of(paths.begin(), paths.end(),
                       [&](auto const& path) { return path == field || path == "*"; });
  };
  if ((written("bucket_name") && !wanted.bucket_name.empty()) ||
      (written("region") && !wanted.region.empty()) ||
      (written("mode") && wanted.mode == wire::FileSystemSnapshotBucketMode::bring_your_own)) {
    return not_implemented_error("the local engine keeps snapshots in its own directory only");
  }
  return managed_bucket();
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

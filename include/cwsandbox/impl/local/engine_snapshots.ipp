// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_ENGINE_SNAPSHOTS_IPP
#define CWSANDBOX_IMPL_LOCAL_ENGINE_SNAPSHOTS_IPP

#include <cwsandbox/transport/local/engine.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace cwsandbox::inline v1::detail::local {

namespace keeping_snapshots {

inline std::string listed(std::vector<std::string> const& names) {
  std::string result;
  for (auto const& name : names) result += (result.empty() ? "'" : ", '") + name + "'";
  return result;
}

inline bool contains(std::vector<std::string> const& names, std::string const& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The volume that a request means.
inline outcome<std::string> chosen_volume(std::vector<std::string> const& names,
                                          std::string const& wanted) {
  constexpr char const* field = "scratch_volume_name";
  if (names.empty()) return violation_error(field, "the sandbox has no scratch volume");
  if (!wanted.empty()) {
    if (contains(names, wanted)) return wanted;
    return violation_error(field, "the sandbox has no scratch volume '" + wanted + "'");
  }
  if (names.size() == 1) return names.front();
  return violation_error(field,
                         "the sandbox has multiple scratch volumes, of which one must be "
                         "named: " +
                             listed(names));
}

inline error not_running(std::string const& id) {
  return rpc_error(status_code::failed_precondition, "sandbox " + id + " is not running")
      .with([&](error_details& d) { d.sandbox_id = id; });
}

}  // namespace keeping_snapshots

CWSANDBOX_DECL outcome<std::shared_ptr<snapshot_store>> engine::open_snapshots() {
  if (!options_->snapshots) {
    return reasoned_error(status_code::unimplemented, reasons::fss_not_supported,
                          "this engine has no file-system snapshots (local_options::snapshots)");
  }
  if (snapshots_) return snapshots_;
  auto directory = options_->snapshot_directory;
  bool const lasting = !directory.empty();
  if (!lasting) {
    if (auto opened = open(); !opened) return opened.error();
    directory = state_->path() + "/snapshots";
  }
  auto made = std::make_shared<snapshot_store>(std::move(directory), lasting);
  if (auto opened = made->open(); !opened) return opened.error();
  snapshots_ = std::move(made);
  return snapshots_;
}

CWSANDBOX_DECL outcome<std::shared_ptr<snapshot_store>> engine::snapshots() {
  std::lock_guard const lock{mutex_};
  return open_snapshots();
}

CWSANDBOX_DECL outcome<std::vector<restore_source>> engine::restore_sources(
    wire::SandboxSpec const& spec) {
  std::vector<restore_source> result;
  for (auto const& volume : spec.volumes) {
    auto const* const scratch = std::get_if<wire::ScratchVolume>(&volume.source);
    if (scratch == nullptr || scratch->restore_from_snapshot_id.empty()) continue;
    auto const store = open_snapshots();
    if (!store) return store.error();
    restore_source source;
    source.volume = volume.name;
    source.snapshot_id = scratch->restore_from_snapshot_id;
    auto archive = (*store)->open_archive(source.snapshot_id);
    if (!archive) return archive.error();
    source.archive = std::move(*archive);
    result.push_back(std::move(source));
  }
  return result;
}

CWSANDBOX_DECL outcome<wire::FileSystemSnapshot> engine::create_snapshot(
    wire::CreateFileSystemSnapshotRequest const& request) {
  using namespace keeping_snapshots;
  auto const store = snapshots();
  if (!store) return store.error();
  if (!request.request_id.empty()) {
    if (auto known = (*store)->find_request(request.request_id)) {
      bool const same = known->source_sandbox_id == request.sandbox_id &&
                        (request.scratch_volume_name.empty() ||
                         known->source_volume_name == request.scratch_volume_name);
      if (same) return *std::move(known);
      return violation_error("request_id", "was used for another snapshot");
    }
  }
  auto const found = find(request.sandbox_id);
  if (!found) return found.error();
  auto const& box = *found;
  auto const volume = chosen_volume(scratch_names(box->spec()), request.scratch_volume_name);
  if (!volume) return volume.error();
  snapshot_source source;
  source.hold = sandbox::hold_files(box);
  if (!source.hold) return not_running(box->id());
  source.place = box->place_of(*volume);
  wire::FileSystemSnapshot record;
  record.source_sandbox_id = box->id();
  record.source_volume_name = *volume;
  record.trigger = wire::SnapshotTrigger::manual;
  record.request_id = request.request_id;
  record = (*store)->reserve(std::move(record));
  (*store)->start(executor_, record.file_system_snapshot_id, std::move(source));
  return record;
}

CWSANDBOX_DECL outcome<std::vector<std::string>> engine::stop_with_snapshots(
    std::shared_ptr<sandbox> const& box, wire::DeleteSandboxRequest const& request) {
  using namespace keeping_snapshots;
  auto const opened = snapshots();
  if (!opened) return opened.error();
  auto const store = *opened;
  auto const names = scratch_names(box->spec());
  for (std::size_t i = 0; i < request.snapshot_volumes.size(); ++i) {
    auto const& name = request.snapshot_volumes[i];
    if (contains(names, name)) continue;
    return violation_error("snapshot_volumes[" + std::to_string(i) + "]",
                           "the sandbox has no scratch volume '" + name + "'");
  }
  std::vector<std::string> ids;
  auto const earlier = store->made_at_end_of(box->id());
  for (auto const& name : request.snapshot_volumes) {
    for (auto const& known : earlier) {
      if (known.source_volume_name == name) ids.push_back(known.file_system_snapshot_id);
    }
  }
  if (ids.size() == request.snapshot_volumes.size()) return ids;
  auto const too_late = [&] {
    return reasoned_error(
               status_code::failed_precondition, reasons::invalid_request,
               "sandbox " + box->id() + " does not run any more: its volumes cannot be archived")
        .with([&](error_details& d) { d.sandbox_id = box->id(); });
  };
  ids.clear();
  std::vector<snapshot_source> sources;
  for (auto const& name : request.snapshot_volumes) {
    auto& source = sources.emplace_back();
    source.hold = sandbox::hold_files(box);
    if (!source.hold) return too_late();
    source.place = box->place_of(name);
  }
  for (auto const& name : request.snapshot_volumes) {
    wire::FileSystemSnapshot record;
    record.source_sandbox_id = box->id();
    record.source_volume_name = name;
    record.trigger = wire::SnapshotTrigger::on_delete;
    record.request_id = request.request_id;
    ids.push_back(store->reserve(std::move(record)).file_system_snapshot_id);
  }
  auto at_end = [io = executor_, store, ids, sources]() mutable {
    for (std::size_t i = 0; i < ids.size(); ++i) store->start(io, ids[i], std::move(sources[i]));
  };
  sources.clear();
  if (!box->stop(std::chrono::seconds{request.grace_period_seconds}, std::move(at_end))) {
    for (auto const& id : ids) store->discard(id);
    return too_late();
  }
  return ids;
}

CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> engine::create_from_template(
    wire::CreateSandboxFromTemplateRequest request) {
  wire::GetSandboxTemplateRequest wanted;
  wanted.sandbox_template_id = request.template_id;
  auto const known = templates_.get(wanted);
  if (!known) return known.error();
  wire::CreateSandboxRequest create_request;
  create_request.request_id = std::move(request.request_id);
  create_request.sandbox.emplace().spec =
      apply_overrides(known->spec.value_or(wire::PartialSandboxSpec{}),
                      request.overrides.value_or(wire::PartialSandboxSpec{}));
  sandbox_origin origin;
  origin.template_id = known->sandbox_template_id;
  origin.template_revision = known->revision;
  return create(std::move(create_request), std::move(origin));
}

CWSANDBOX_DECL std::int32_t engine::running_sandboxes() const {
  std::lock_guard const lock{mutex_};
  return static_cast<std::int32_t>(
      std::count_if(sandboxes_.begin(), sandboxes_.end(),
                    [](auto const& item) { return item.second->state() == wire::State::running; }));
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_TEMPLATES_IPP
#define CWSANDBOX_IMPL_LOCAL_TEMPLATES_IPP

#include <cwsandbox/transport/local/templates.hpp>

#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/records.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail::local {

namespace templating {

inline error not_found(std::string const& id) {
  return rpc_error(status_code::not_found, "sandbox template '" + id + "' not found");
}

/// Copies one field of a spec by its name. False when there is none of that name.
inline bool copy_field(wire::PartialSandboxSpec& to, wire::PartialSandboxSpec const& from,
                       std::string_view name) {
  bool found = false;
  wire::for_each_field<wire::PartialSandboxSpec>([&](auto const& entry) {
    if (entry.name != name && entry.json_name != name) return;
    to.*entry.member = from.*entry.member;
    found = true;
  });
  return found;
}

inline bool write_path(wire::SandboxTemplate& to, wire::SandboxTemplate const& from,
                       std::string_view path) {
  if (path == "*" || path == "display_name" || path == "displayName") {
    to.display_name = from.display_name;
    if (path != "*") return true;
  }
  if (path == "*" || path == "spec") {
    to.spec = from.spec;
    return true;
  }
  constexpr std::string_view below = "spec.";
  if (!path.starts_with(below)) return false;
  auto const changed = from.spec.value_or(wire::PartialSandboxSpec{});
  auto spec = to.spec.value_or(wire::PartialSandboxSpec{});
  if (!copy_field(spec, changed, path.substr(below.size()))) return false;
  to.spec = std::move(spec);
  return true;
}

inline wire::Container to_container(wire::PartialContainer from) {
  wire::Container to;
  to.name = std::move(from.name);
  to.image = std::move(from.image);
  to.command = std::move(from.command);
  to.args = std::move(from.args);
  to.environment_variables = std::move(from.environment_variables);
  to.resources = std::move(from.resources);
  to.files = std::move(from.files);
  to.volume_mounts = std::move(from.volume_mounts);
  to.secret_stores = std::move(from.secret_stores);
  to.working_dir = std::move(from.working_dir);
  to.resource_requirements = std::move(from.resource_requirements);
  to.security_context = std::move(from.security_context);
  return to;
}

}  // namespace templating

CWSANDBOX_DECL outcome<wire::SandboxTemplate> template_store::create(
    wire::CreateSandboxTemplateRequest const& request) {
  if (!request.sandbox_template) return violation_error("sandbox_template", "missing");
  std::lock_guard const lock{mutex_};
  if (!request.request_id.empty()) {
    for (auto const& [number, e] : entries_) {
      if (e.request_id == request.request_id) return e.stored;
    }
  }
  entry made;
  made.request_id = request.request_id;
  made.stored.sandbox_template_id = "tpl-" + random_uuid();
  made.stored.display_name = request.sandbox_template->display_name;
  made.stored.spec = request.sandbox_template->spec;
  made.stored.revision = 1;
  made.stored.create_time = made.stored.update_time = current_time();
  return entries_.emplace(next_++, std::move(made)).first->second.stored;
}

CWSANDBOX_DECL outcome<wire::SandboxTemplate> template_store::get(
    wire::GetSandboxTemplateRequest const& request) const {
  std::lock_guard const lock{mutex_};
  auto const* const stored = find(entries_, request.sandbox_template_id, request.show_deleted);
  if (stored == nullptr) return templating::not_found(request.sandbox_template_id);
  return *stored;
}

CWSANDBOX_DECL outcome<wire::ListSandboxTemplatesResponse> template_store::list(
    wire::ListSandboxTemplatesRequest const& request) const {
  auto const wanted = parse_page(request.page_token, request.page_size);
  if (!wanted) return wanted.error();
  wire::ListSandboxTemplatesResponse response;
  std::lock_guard const lock{mutex_};
  response.next_page_token = fill_page(
      entries_, *wanted,
      [&](entry const& e) { return !e.stored.deleted || request.show_deleted; },
      [&](entry const& e) { response.sandbox_templates.push_back(e.stored); });
  return response;
}

CWSANDBOX_DECL outcome<wire::SandboxTemplate> template_store::update(
    wire::UpdateSandboxTemplateRequest const& request) {
  if (!request.sandbox_template) return violation_error("sandbox_template", "missing");
  std::lock_guard const lock{mutex_};
  auto* const stored = find(entries_, request.sandbox_template_id, false);
  if (stored == nullptr) return templating::not_found(request.sandbox_template_id);
  auto changed = *stored;
  auto const& wanted = *request.sandbox_template;
  if (!request.update_mask || request.update_mask->paths.empty()) {
    if (!wanted.display_name.empty()) changed.display_name = wanted.display_name;
    if (wanted.spec) changed.spec = wanted.spec;
  } else {
    for (auto const& path : request.update_mask->paths) {
      if (!templating::write_path(changed, wanted, path))
        return violation_error("update_mask", "'" + path + "' cannot be changed");
    }
  }
  ++changed.revision;
  changed.update_time = current_time();
  *stored = std::move(changed);
  return *stored;
}

CWSANDBOX_DECL outcome<wire::Empty> template_store::remove(
    wire::DeleteSandboxTemplateRequest const& request) {
  std::lock_guard const lock{mutex_};
  auto* const stored = find(entries_, request.sandbox_template_id, false);
  if (stored == nullptr) return templating::not_found(request.sandbox_template_id);
  stored->deleted = true;
  stored->delete_time = current_time();
  return wire::Empty{};
}

CWSANDBOX_DECL wire::SandboxSpec apply_overrides(wire::PartialSandboxSpec base,
                                                 wire::PartialSandboxSpec const& overrides) {
  wire::for_each_field<wire::PartialSandboxSpec>([&](auto const& entry) {
    auto const& value = overrides.*entry.member;
    if (!(value == std::decay_t<decltype(value)>{})) base.*entry.member = value;
  });
  wire::SandboxSpec spec;
  for (auto& container : base.containers)
    spec.containers.push_back(templating::to_container(std::move(container)));
  for (auto& container : base.init_containers)
    spec.init_containers.push_back(templating::to_container(std::move(container)));
  spec.primary_container = std::move(base.primary_container);
  spec.volumes = std::move(base.volumes);
  spec.services = std::move(base.services);
  spec.max_lifetime_seconds = base.max_lifetime_seconds;
  spec.network_ids = std::move(base.network_ids);
  spec.object_storage_access = std::move(base.object_storage_access);
  spec.tags = std::move(base.tags);
  spec.runner_ids = std::move(base.runner_ids);
  spec.network = std::move(base.network);
  spec.annotations = std::move(base.annotations);
  spec.instance_type = std::move(base.instance_type);
  spec.mode = base.mode;
  spec.runtime_class = std::move(base.runtime_class);
  return spec;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

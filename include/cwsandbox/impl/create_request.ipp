// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_CREATE_REQUEST_IPP
#define CWSANDBOX_IMPL_CREATE_REQUEST_IPP

#include <cwsandbox/detail/create_request.hpp>
#include <cwsandbox/detail/visibility.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

namespace cwsandbox::inline v1::detail {

inline wire::SandboxMode to_wire(PlacementMode mode) noexcept {
  switch (mode) {
    case PlacementMode::serverless:
      return wire::SandboxMode::serverless;
    case PlacementMode::cks:
      return wire::SandboxMode::cks;
    case PlacementMode::unspecified:
      break;
  }
  return wire::SandboxMode::unspecified;
}

inline wire::ServiceProtocol to_wire(ServiceProtocol protocol) noexcept {
  switch (protocol) {
    case ServiceProtocol::tcp:
      return wire::ServiceProtocol::tcp;
    case ServiceProtocol::udp:
      return wire::ServiceProtocol::udp;
    case ServiceProtocol::sctp:
      return wire::ServiceProtocol::sctp;
    case ServiceProtocol::unspecified:
      break;
  }
  return wire::ServiceProtocol::unspecified;
}

inline wire::ObjectStoragePermission to_wire(ObjectStoragePermission permission) noexcept {
  switch (permission) {
    case ObjectStoragePermission::read:
      return wire::ObjectStoragePermission::read;
    case ObjectStoragePermission::read_write:
      return wire::ObjectStoragePermission::read_write;
    case ObjectStoragePermission::unspecified:
      break;
  }
  return wire::ObjectStoragePermission::unspecified;
}

inline wire::Service to_wire(basic_service<owning> const& service) {
  wire::Service result{};
  result.port = service.port;
  result.name = service.name.value_or(std::string{});
  if (service.protocol) result.protocol = to_wire(*service.protocol);
  if (service.visibility) result.visibility = to_wire(*service.visibility);
  if (service.endpoint) {
    auto& endpoint = result.endpoint.emplace();
    if (service.endpoint->kind == EndpointKind::https) endpoint.kind = wire::EndpointKind::https;
    if (service.endpoint->auth == EndpointAuth::open) endpoint.auth = wire::EndpointAuth::open;
  }
  return result;
}

inline wire::NetworkOptions to_wire(basic_network_options<owning> const& network) {
  wire::NetworkOptions result{};
  result.deny_egress = network.deny_egress;
  result.deny_ingress = network.deny_ingress;
  for (auto const& rule : network.egress) {
    wire::EgressRule egress{};
    egress.destination = rule.dns_name;
    result.egress.push_back(std::move(egress));
  }
  return result;
}

inline wire::Resources to_wire(basic_resource_amounts<owning> const& amounts,
                               basic_gpu_options<owning> const& gpu) {
  wire::Resources result{};
  result.cpu = amounts.cpu.value_or(std::string{});
  result.memory = amounts.memory.value_or(std::string{});
  if (gpu.has_value()) {
    auto& target = result.gpu.emplace();
    target.count = gpu.count.value_or(0);
    if (gpu.type) {
      target.selector = *gpu.type;
    } else if (gpu.memory_gb) {
      target.selector = *gpu.memory_gb;
    }
  }
  return result;
}

inline wire::ObjectStorageAccess to_wire(basic_object_storage_access<owning> const& access) {
  wire::ObjectStorageAccess result{};
  result.buckets = access.buckets.to_vector();
  result.permission = to_wire(access.permission);
  result.object_prefix = access.object_prefix;
  return result;
}

inline std::vector<wire::SecretStoreReference> secret_stores(
    std::vector<basic_secret<owning>> const& secrets) {
  std::vector<wire::SecretStoreReference> stores;
  for (auto const& secret : secrets) {
    auto store = std::find_if(stores.begin(), stores.end(),
                              [&](auto const& s) { return s.store_name == secret.store; });
    if (store == stores.end()) {
      store = stores.emplace(stores.end());
      store->store_name = secret.store;
    }
    auto& mapping = store->secrets.emplace_back();
    mapping.path = secret.name;
    mapping.field = secret.field;
    mapping.env_var = std::string{secret.variable()};
  }
  return stores;
}

inline std::int32_t whole_seconds(std::chrono::seconds length) noexcept {
  constexpr std::chrono::seconds most{std::numeric_limits<std::int32_t>::max()};
  return static_cast<std::int32_t>(std::min(length, most).count());
}

/// What a container of either kind of request has in common. Empty lists and maps are left as they are.
template <class Container>
void fill_container(Container& container, resolved_options const& options) {
  container.name = "main";
  container.image = options.container_image.value_or(std::string{});
  container.command = options.command.value_or(std::string{});
  if (options.args) container.args = *options.args;
  container.environment_variables =
      wire::string_map(options.environment_variables.begin(), options.environment_variables.end());
  for (auto const& [path, content] : options.mounted_files) {
    auto& file = container.files.emplace_back();
    file.path = path;
    file.content = content;
  }
  auto const mount = [&](std::string const& volume, std::string const& path) {
    auto& target = container.volume_mounts.emplace_back();
    target.volume = volume;
    target.mount_path = path;
  };
  for (auto const& volume : options.named_volumes)
    if (volume.mount_path) mount(volume.name, *volume.mount_path);
  for (auto const& volume : options.volumes) mount(volume.name, volume.mount_path);
  container.secret_stores = secret_stores(options.secrets);
  if (options.resources) {
    auto& requirements = container.resource_requirements.emplace();
    requirements.requests = to_wire(options.resources->requests, options.resources->gpu);
    requirements.limits = to_wire(options.resources->limits, options.resources->gpu);
  }
}

/// What a spec of either kind has in common, beside its containers.
template <class Spec>
void fill_spec(Spec& spec, resolved_options const& options, create_attempt const& attempt) {
  // the named ones first: the mount of a snapshot, the last of the scratch volumes, ends the list
  for (auto const& volume : options.named_volumes) {
    auto& target = spec.volumes.emplace_back();
    target.name = volume.name;
    target.source = volume.volume_id;
  }
  for (auto const& volume : options.volumes) {
    wire::ScratchVolume scratch{};
    scratch.size = volume.size.value_or(std::string{});
    scratch.restore_from_snapshot_id = volume.restore_from_snapshot_id.value_or(std::string{});
    auto& target = spec.volumes.emplace_back();
    target.name = volume.name;
    target.source = std::move(scratch);
  }
  for (auto const& service : options.services) spec.services.push_back(to_wire(service));
  if (options.max_lifetime) spec.max_lifetime_seconds = whole_seconds(*options.max_lifetime);
  if (options.object_storage_access)
    spec.object_storage_access = to_wire(*options.object_storage_access);
  spec.tags = options.tags;
  spec.runner_ids = attempt.runner_ids;
  if (options.network) spec.network = to_wire(*options.network);
  spec.annotations = wire::string_map(options.annotations.begin(), options.annotations.end());
  spec.mode = to_wire(attempt.mode);
}

CWSANDBOX_DECL placement_fsm make_placement(resolved_options const& options,
                                            std::string request_id) {
  return {options.placement_mode, options.placement_spillover, options.runner_ids,
          std::move(request_id)};
}

CWSANDBOX_DECL wire::CreateSandboxRequest make_create_request(resolved_options const& options,
                                                              create_attempt const& attempt) {
  wire::CreateSandboxRequest request{};
  request.request_id = attempt.request_id;
  auto& spec = request.sandbox.emplace().spec.emplace();
  fill_spec(spec, options, attempt);
  spec.primary_container = "main";
  auto& container = spec.containers.emplace_back();
  fill_container(container, options);
  if (auto const& given = options.image_pull_credentials) {
    auto& target = container.image_pull_credentials.emplace();
    target.registry = given->registry;
    auto& source = target.credentials.emplace();
    source.store_name = given->store;
    source.path = given->name;
    source.field = given->field;
  }
  return request;
}

CWSANDBOX_DECL wire::CreateSandboxFromTemplateRequest make_template_request(
    resolved_options const& options, create_attempt const& attempt) {
  wire::CreateSandboxFromTemplateRequest request{};
  request.template_id = options.template_id.value_or(std::string{});
  request.request_id = attempt.request_id;
  auto& overrides = request.overrides.emplace();
  fill_spec(overrides, options, attempt);
  // without an image there is no container to override (validation refuses what would need one)
  if (options.container_image) fill_container(overrides.containers.emplace_back(), options);
  return request;
}

CWSANDBOX_DECL std::vector<std::string> scratch_volume_names(resolved_options const& options) {
  std::vector<std::string> names;
  names.reserve(options.volumes.size());
  for (auto const& volume : options.volumes) names.push_back(volume.name);
  return names;
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_VALIDATION_HPP
#define CWSANDBOX_DETAIL_VALIDATION_HPP

#include <cwsandbox/detail/base_url.hpp>
#include <cwsandbox/detail/text_rules.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/quantity.hpp>
#include <cwsandbox/validation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cwsandbox::inline v1 {
namespace detail {

using issues = validation_result;
using std::chrono::nanoseconds;

constexpr bool is_blank_text(std::string_view text) { return trim(text).empty(); }
constexpr std::string_view or_empty(std::optional<std::string_view> const& text) {
  return text.value_or("");
}

// One text ----------------------------------------------------------------------------------------

constexpr void check_required(issues& found, std::string_view field, std::string_view text) {
  if (is_blank_text(text)) found.add(field, "{field} cannot be empty", text);
}

constexpr void check_no_nul(issues& found, std::string_view field, std::string_view text) {
  if (has_nul(text)) found.add(field, "{field} must not contain a NUL byte, got {value}", text);
}

constexpr void check_absolute(issues& found, std::string_view field, std::string_view path) {
  if (path.empty()) {
    found.add(field, "{field} cannot be empty", path);
  } else if (!is_absolute(path)) {
    found.add(field, "{field} must be an absolute path, got {value}", path);
  } else if (has_nul(path)) {
    found.add(field, "{field} must not contain a NUL byte, got {value}", path);
  }
}

constexpr void check_mount_path(issues& found, std::string_view field, std::string_view path) {
  constexpr std::size_t longest = 256;
  if (path.empty()) {
    found.add(field, "{field} cannot be empty", path);
  } else if (!is_absolute(path)) {
    found.add(field, "{field} must be an absolute path, got {value}", path);
  } else if (path == "/") {
    found.add(field, "{field} cannot be '/'", path);
  } else if (path.size() > longest) {
    found.add(field, "{field} must have at most 256 characters, got {value}", path);
  } else if (!is_canonical_path(path)) {
    found.add(field,
              "{field} must be canonical (no '.', '..', doubled or trailing '/'), got {value}",
              path);
  } else if (is_reserved_path(path)) {
    found.add(field, "{field} lies in a directory of the system, got {value}", path);
  }
}

constexpr void check_tags(issues& found, std::string_view field, texts_of<literal> const& tags) {
  tags.for_each([&](std::string_view tag) {
    if (!is_tag(tag))
      found.add(field,
                "{field} must have 1 to 59 characters of A-Z a-z 0-9 . _ - and end in a letter or "
                "digit, got {value}",
                tag);
  });
}

constexpr void check_no_blank(issues& found, std::string_view field,
                              texts_of<literal> const& texts) {
  texts.for_each([&](std::string_view text) {
    if (is_blank_text(text))
      found.add(field, "{field} must not hold a blank entry, got {value}", text);
  });
}

// Values of the environment may be confidential: only keys are shown.
constexpr void check_environment(issues& found, std::string_view field,
                                 map_of<literal> const& environment) {
  environment.for_each([&](text_pair const& entry) {
    if (entry.first.empty()) {
      found.add(field, "{field} must not have an empty key", entry.first);
    } else if (entry.first.find('=') != std::string_view::npos || has_nul(entry.first)) {
      found.add(field, "{field} keys must not contain '=' or a NUL byte, got {value}", entry.first);
    } else if (has_nul(entry.second)) {
      found.add(field, "{field} values must not contain a NUL byte: the one of {value}",
                entry.first);
    }
  });
}

constexpr void check_annotations(issues& found, map_of<literal> const& annotations) {
  constexpr std::size_t most = 100;
  if (annotations.size() > most)
    found.add("annotations", "{field} must have at most 100 entries, got {value}",
              static_cast<std::int64_t>(annotations.size()));
  annotations.for_each([&](text_pair const& entry) {
    if (entry.first.empty()) {
      found.add("annotations", "{field} must not have an empty key", entry.first);
    } else if (entry.second.empty()) {
      found.add("annotations", "{field} must not have an empty value: the one of {value}",
                entry.first);
    }
  });
}

constexpr void check_base_url(issues& found, std::string_view url) {
  switch (parse_base_url(url).fault) {
    case url_fault::none:
      return;
    case url_fault::scheme:
      return found.add("base_url", "URL must use http or https scheme, got: {value}", url);
    case url_fault::host:
      return found.add("base_url", "URL must have a hostname: {value}", url);
    case url_fault::path:
      return found.add("base_url", "gRPC does not support URL paths, got: {value}", url);
    case url_fault::port:
      return found.add("base_url", "URL port must be a number up to 65535, got: {value}", url);
    case url_fault::user_info:
      // The value may hold a password.
      return found.add("base_url", "URL must not hold user information");
  }
}

// Durations ---------------------------------------------------------------------------------------

constexpr void check_positive(issues& found, std::string_view field,
                              optional_duration const& value) {
  if (!value.has_value() || (value.finite() && *value > nanoseconds{0})) return;
  found.add(field, "{field} must be a positive finite duration, got {value}", value);
}

constexpr void check_non_negative(issues& found, std::string_view field,
                                  optional_duration const& value) {
  if (!value.has_value() || (value.finite() && *value >= nanoseconds{0})) return;
  found.add(field, "{field} must be a non-negative finite duration, got {value}", value);
}

template <class Options>
constexpr void check_timing(issues& found, Options const& o) {
  check_positive(found, "request_timeout_seconds", o.request_timeout);
  if (auto const& budget = o.poll_retry_budget;
      budget.has_value() && (!budget.finite() || *budget < nanoseconds{0}))
    found.add(
        "poll_retry_budget_seconds",
        "{field} must be a non-negative finite float (use 0.0 to disable retries), got {value}",
        budget);
  if (auto const& limit = o.poll_rpc_timeout;
      limit.has_value() && (!limit.finite() || *limit <= nanoseconds{0}))
    found.add("poll_rpc_timeout_seconds", "{field} must be a positive finite float, got {value}",
              limit);
  if (auto const& life = o.max_lifetime;
      life.has_value() &&
      (!life.finite() || *life <= nanoseconds{0} || (*life).count() % std::nano::den != 0))
    found.add("max_lifetime_seconds",
              "{field} must be a positive number of whole seconds, got {value}", life);
}

// Resources ---------------------------------------------------------------------------------------

constexpr std::optional<quantity> check_quantity(issues& found, std::string_view field,
                                                 std::optional<std::string_view> const& text) {
  if (!text) return std::nullopt;
  auto const value = quantity::parse(*text);
  if (!value)
    found.add(field, "{field} must be a quantity such as 2, 500m or 1.5Gi, got {value}", *text);
  return value;
}

constexpr void check_resources(issues& found, ResourceOptions const& resources) {
  auto const& requests = resources.requests;
  auto const& limits = resources.limits;
  auto const cpu = check_quantity(found, "ResourceOptions.requests.cpu", requests.cpu);
  auto const memory = check_quantity(found, "ResourceOptions.requests.memory", requests.memory);
  auto const most_cpu = check_quantity(found, "ResourceOptions.limits.cpu", limits.cpu);
  auto const most_memory = check_quantity(found, "ResourceOptions.limits.memory", limits.memory);
  if (cpu && most_cpu && *cpu > *most_cpu)
    found.add("ResourceOptions.requests.cpu",
              "resource request for cpu ({raw}) exceeds limit ({other})", *requests.cpu,
              *limits.cpu);
  if (memory && most_memory && *memory > *most_memory)
    found.add("ResourceOptions.requests.memory",
              "resource request for memory ({raw}) exceeds limit ({other})", *requests.memory,
              *limits.memory);

  auto const& gpu = resources.gpu;
  if (gpu.count && *gpu.count < 1)
    found.add("ResourceOptions.gpu.count", "gpu 'count' must be a positive int, got {value}",
              *gpu.count);
  if (gpu.memory_gb && *gpu.memory_gb < 1)
    found.add("ResourceOptions.gpu.memory_gb",
              "gpu 'memory_gb' must be a positive int, got {value}", *gpu.memory_gb);
  if (gpu.type && is_blank_text(*gpu.type))
    found.add("ResourceOptions.gpu.type", "gpu 'type' cannot be blank, got {value}", *gpu.type);
  if (gpu.type && gpu.memory_gb)
    found.add("ResourceOptions.gpu",
              "gpu 'type' and 'memory_gb' cannot be given together, got type {value}", *gpu.type);
}

// Network and services ----------------------------------------------------------------------------

constexpr void check_egress_rule(issues& found, EgressRule const& rule) {
  if (!is_dns_name(rule.dns_name))
    found.add("EgressRule.dns_name", "{field} must be a DNS name, or '*.' and one, got {value}",
              rule.dns_name);
}

constexpr void check_network(issues& found, NetworkOptions const& network) {
  network.egress.for_each([&](EgressRule const& rule) { check_egress_rule(found, rule); });
  if (network.deny_egress.value_or(false) && !network.egress.empty())
    found.add("NetworkOptions.deny_egress", "{field} cannot be combined with egress rules");
}

constexpr void check_service(issues& found, Service const& service) {
  if (service.port < 1 || service.port > 65535)
    found.add("Service.port", "{field} must be 1-65535, got {value}", std::int64_t{service.port});
  if (service.name && is_blank_text(*service.name))
    found.add("Service.name", "{field} cannot be blank, got {value}", *service.name);
  if (!service.endpoint) return;
  if (!service.endpoint->kind) found.add("Endpoint.kind", "{field} is required");
  if (!service.endpoint->auth) found.add("Endpoint.auth", "{field} is required");
  if (service.visibility != ServiceVisibility::public_)
    found.add("Service.visibility", "{field} must be PUBLIC when endpoint is set, got {value}",
              service.visibility ? to_string(*service.visibility) : std::string_view{"unset"});
  auto const protocol = service.protocol.value_or(ServiceProtocol::unspecified);
  if (protocol != ServiceProtocol::unspecified && protocol != ServiceProtocol::tcp)
    found.add("Service.protocol", "{field} must be unset or TCP when endpoint is set, got {value}",
              to_string(protocol));
}

template <class Services>
constexpr void check_services(issues& found, Services const& services) {
  for (std::size_t i = 0; i < services.size(); ++i) {
    auto const service = services[i];
    check_service(found, service);
    for (std::size_t j = 0; j < i; ++j) {
      if (services[j].port != service.port) continue;
      found.add("Service.port", "{field} {value} is used by two services",
                std::int64_t{service.port});
      break;
    }
  }
}

// Volumes -----------------------------------------------------------------------------------------

constexpr void check_volume_name(issues& found, std::string_view field, std::string_view name) {
  if (name.empty()) {
    found.add(field, "{field} cannot be empty", name);
  } else if (!is_volume_name(name)) {
    found.add(field, "{field} must have 1 to 63 characters of A-Z a-z 0-9 _ -, got {value}", name);
  }
}

constexpr void check_scratch_volume(issues& found, ScratchVolumeOptions const& volume) {
  check_volume_name(found, "ScratchVolumeOptions.name", volume.name);
  check_mount_path(found, "ScratchVolumeOptions.mount_path", volume.mount_path);
}

constexpr void check_snapshot_mount(issues& found, FileSystemSnapshotOptions const& mount) {
  check_volume_name(found, "FileSystemSnapshotOptions.name", mount.name);
  check_mount_path(found, "FileSystemSnapshotOptions.mount_path", mount.mount_path);
}

constexpr void check_named_volume(issues& found, NamedVolumeOptions const& volume) {
  check_volume_name(found, "NamedVolumeOptions.name", volume.name);
  check_required(found, "NamedVolumeOptions.volume_id", volume.volume_id);
  if (!or_empty(volume.mount_path).empty())
    check_mount_path(found, "NamedVolumeOptions.mount_path", *volume.mount_path);
}

/// Two lists of volumes against each other, or one against itself, for doubled names and mount
/// paths.
template <class A, class B>
constexpr void check_volume_pairs(issues& found, A const& first, B const& second, bool same) {
  for (std::size_t i = 0; i < first.size(); ++i) {
    for (std::size_t j = 0; j < (same ? i : second.size()); ++j) {
      auto const a = first[i];
      auto const b = second[j];
      if (a.name == b.name)
        found.add("volumes", "{field} must have different names, two have {value}", a.name);
      std::string_view path_a;
      std::string_view path_b;
      if constexpr (std::same_as<typename A::value_type, NamedVolumeOptions>) {
        path_a = or_empty(a.mount_path);
      } else {
        path_a = a.mount_path;
      }
      if constexpr (std::same_as<typename B::value_type, NamedVolumeOptions>) {
        path_b = or_empty(b.mount_path);
      } else {
        path_b = b.mount_path;
      }
      if (!path_a.empty() && path_a == path_b)
        found.add("volumes", "{field} must have different mount paths, two have {value}", path_a);
    }
  }
}

// Secrets -----------------------------------------------------------------------------------------

constexpr void check_secret(issues& found, Secret const& secret) {
  check_required(found, "Secret.store", secret.store);
  check_required(found, "Secret.name", secret.name);
  if (!secret.field.empty() && is_blank_text(secret.field))
    found.add("Secret.field", "{field} cannot be blank, got {value}", secret.field);
  if (secret.env_var) check_required(found, "Secret.env_var", *secret.env_var);
  if (auto const variable = secret.variable();
      variable.find('=') != std::string_view::npos || has_nul(variable))
    found.add("Secret.env_var", "{field} must not contain '=' or a NUL byte, got {value}",
              variable);
}

template <class Secrets>
constexpr void check_secrets(issues& found, Secrets const& secrets,
                             map_of<literal> const& environment) {
  constexpr std::size_t most = 50;
  std::size_t different = 0;
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    auto const secret = secrets[i];
    bool repeated = false;
    bool clash = false;
    for (std::size_t j = 0; j < i && !repeated; ++j) {
      auto const other = secrets[j];
      repeated = other == secret;
      clash = clash || (!repeated && other.variable() == secret.variable());
    }
    if (repeated) continue;
    ++different;
    check_secret(found, secret);
    if (clash && !secret.variable().empty())
      found.add("Secret.env_var", "{field} {value} is used by two different secrets",
                secret.variable());
    if (environment.contains(secret.variable()))
      found.add("Secret.env_var", "{field} {value} is also in environment_variables",
                secret.variable());
  }
  if (different > most)
    found.add("secrets", "{field} must have at most 50 entries, got {value}",
              static_cast<std::int64_t>(different));
}

constexpr void check_pull_credentials(issues& found, ImagePullCredentials const& credentials) {
  check_required(found, "ImagePullCredentials.registry", credentials.registry);
  check_required(found, "ImagePullCredentials.store", credentials.store);
  check_required(found, "ImagePullCredentials.name", credentials.name);
}

// Placement ---------------------------------------------------------------------------------------

template <class Options>
constexpr void check_placement(issues& found, Options const& o) {
  auto const mode = o.placement_mode.value_or(PlacementMode::unspecified);
  auto const spillover = o.placement_spillover.value_or(PlacementSpillover::strict);
  bool const pinned = !o.runner_ids.empty();
  if (pinned && mode == PlacementMode::serverless)
    found.add("runner_ids",
              "{field} cannot be combined with placement_mode serverless, got {value}",
              o.runner_ids.front());
  if (spillover == PlacementSpillover::cks_then_serverless && mode == PlacementMode::serverless)
    found.add("placement_spillover", "{field} {raw} cannot start from placement_mode serverless",
              to_string(spillover));
  if (spillover == PlacementSpillover::serverless_then_cks && mode == PlacementMode::cks)
    found.add("placement_spillover", "{field} {raw} cannot start from placement_mode cks",
              to_string(spillover));
  if (spillover == PlacementSpillover::serverless_then_cks && pinned)
    found.add("placement_spillover", "{field} {raw} cannot be combined with runner_ids",
              to_string(spillover));
}

// Whole objects -----------------------------------------------------------------------------------

/// The fields that defaults and options share.
template <class Options>
constexpr void check_shared_fields(issues& found, Options const& o) {
  if (o.container_image) check_no_nul(found, "container_image", *o.container_image);
  if (o.command) check_no_nul(found, "command", *o.command);
  o.args.for_each([&](std::string_view word) { check_no_nul(found, "args", word); });
  if (!or_empty(o.base_url).empty()) check_base_url(found, *o.base_url);
  check_timing(found, o);
  if (!or_empty(o.temp_dir).empty()) check_absolute(found, "temp_dir", *o.temp_dir);
  check_tags(found, "tags", o.tags);
  check_no_blank(found, "runner_ids", o.runner_ids);
  check_placement(found, o);
  if (o.resources) check_resources(found, *o.resources);
  if (o.network) check_network(found, *o.network);
  check_services(found, o.services);
  for (std::size_t i = 0; i < o.volumes.size(); ++i) check_scratch_volume(found, o.volumes[i]);
  check_volume_pairs(found, o.volumes, o.volumes, true);
  if (o.file_system_snapshot) {
    check_snapshot_mount(found, *o.file_system_snapshot);
    if (!o.volumes.empty())
      found.add("file_system_snapshot", "{field} cannot be combined with volumes");
  }
  check_environment(found, "environment_variables", o.environment_variables);
  check_secrets(found, o.secrets, o.environment_variables);
  check_annotations(found, o.annotations);
}

/// A mount and the files mounted beside it must not cover each other.
constexpr void check_cover(issues& found, std::string_view mount_path,
                           pairs_of<literal> const& files) {
  if (!is_canonical_path(mount_path)) return;
  files.for_each([&](text_pair const& file) {
    if (is_canonical_path(file.first) &&
        (is_within(file.first, mount_path) || is_within(mount_path, file.first)))
      found.add("mounted_files",
                "{field} {value} and the volume mounted at {other} cover each other", file.first,
                mount_path);
  });
}

constexpr void check_mounted_files(issues& found, SandboxOptions const& o) {
  for (std::size_t i = 0; i < o.mounted_files.size(); ++i) {
    auto const path = o.mounted_files[i].first;
    if (path.empty()) {
      found.add("mounted_files.mount_path", "{field} cannot be empty", path);
    } else if (!is_absolute(path)) {
      found.add("mounted_files.mount_path", "{field} must be an absolute path, got {value}", path);
    } else if (path == "/" || !is_canonical_path(path)) {
      found.add("mounted_files.mount_path",
                "{field} must be the canonical path of a file (no '.', '..', doubled or trailing "
                "'/'), got {value}",
                path);
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (o.mounted_files[j].first != path) continue;
      found.add("mounted_files.mount_path", "{field} {value} is given twice", path);
      break;
    }
  }
  for (std::size_t i = 0; i < o.volumes.size(); ++i)
    check_cover(found, o.volumes[i].mount_path, o.mounted_files);
  for (std::size_t i = 0; i < o.named_volumes.size(); ++i)
    check_cover(found, or_empty(o.named_volumes[i].mount_path), o.mounted_files);
  if (o.file_system_snapshot)
    check_cover(found, o.file_system_snapshot->mount_path, o.mounted_files);
}

constexpr void check_named_volumes(issues& found, SandboxOptions const& o) {
  for (std::size_t i = 0; i < o.named_volumes.size(); ++i) {
    auto const volume = o.named_volumes[i];
    check_named_volume(found, volume);
    if (!o.file_system_snapshot) continue;
    if (volume.name == o.file_system_snapshot->name)
      found.add("volumes", "{field} must have different names, two have {value}", volume.name);
    if (auto const path = or_empty(volume.mount_path);
        !path.empty() && path == o.file_system_snapshot->mount_path)
      found.add("volumes", "{field} must have different mount paths, two have {value}", path);
  }
  check_volume_pairs(found, o.named_volumes, o.named_volumes, true);
  check_volume_pairs(found, o.named_volumes, o.volumes, false);
}

/// What a create from a template may override. (contract: lifecycle 2.4)
constexpr void check_template(issues& found, SandboxOptions const& o) {
  if (!o.template_id) return;
  check_required(found, "template_id", *o.template_id);
  bool const image = !or_empty(o.container_image).empty();
  bool const runs = !or_empty(o.command).empty();
  bool const args = o.args.has_value();
  bool const in_container = runs || args || !o.environment_variables.empty() ||
                            !o.mounted_files.empty() || !o.volumes.empty() ||
                            !o.named_volumes.empty() || o.file_system_snapshot ||
                            !o.secrets.empty() || o.resources;
  if (in_container && !image)
    found.add("container_image",
              "{field} is required when the container of template {value} is overridden (command, "
              "args, environment, "
              "files, volumes, secrets, resources)",
              *o.template_id);
  if (image && args && !runs)
    found.add("args",
              "{field} cannot be given without command when making a sandbox from template {value}",
              *o.template_id);
  if (o.image_pull_credentials)
    found.add("image_pull_credentials",
              "{field} cannot be given when making a sandbox from template {value}",
              *o.template_id);
  if (auto const spillover = o.placement_spillover.value_or(PlacementSpillover::strict);
      spillover != PlacementSpillover::strict)
    found.add("placement_spillover",
              "{field} must be strict when making a sandbox from a template, got {value}",
              to_string(spillover));
}

constexpr void check_options(issues& found, SandboxOptions const& o) {
  check_shared_fields(found, o);
  check_mounted_files(found, o);
  check_named_volumes(found, o);
  check_template(found, o);
  if (o.image_pull_credentials) check_pull_credentials(found, *o.image_pull_credentials);
  if (o.request_id) check_required(found, "request_id", *o.request_id);
  if (o.object_storage_access) {
    check_no_blank(found, "ObjectStorageAccess.buckets", o.object_storage_access->buckets);
    if (o.object_storage_access->buckets.empty())
      found.add("ObjectStorageAccess.buckets", "{field} cannot be empty");
  }
}

template <class Check, class Subject>
constexpr validation_result checked(Check check, Subject const& subject) {
  validation_result found;
  check(found, subject);
  return found;
}

}  // namespace detail

// validate(x): every rule that can be checked before any call. All issues are reported, not only
// the first. The result looks into x. Usable in constant expressions for the literal flavours.

constexpr validation_result validate(ResourceOptions const& x) {
  return detail::checked(detail::check_resources, x);
}
constexpr validation_result validate(EgressRule const& x) {
  return detail::checked(detail::check_egress_rule, x);
}
constexpr validation_result validate(NetworkOptions const& x) {
  return detail::checked(detail::check_network, x);
}
constexpr validation_result validate(Service const& x) {
  return detail::checked(detail::check_service, x);
}
constexpr validation_result validate(ScratchVolumeOptions const& x) {
  return detail::checked(detail::check_scratch_volume, x);
}
constexpr validation_result validate(NamedVolumeOptions const& x) {
  return detail::checked(detail::check_named_volume, x);
}
constexpr validation_result validate(FileSystemSnapshotOptions const& x) {
  return detail::checked(detail::check_snapshot_mount, x);
}
constexpr validation_result validate(Secret const& x) {
  return detail::checked(detail::check_secret, x);
}
constexpr validation_result validate(ImagePullCredentials const& x) {
  return detail::checked(detail::check_pull_credentials, x);
}

constexpr validation_result validate(static_defaults const& x) {
  return detail::checked(detail::check_shared_fields<static_defaults>, x);
}

/// Stored defaults; exactly this type, so that braces and literal defaults are never copied for it.
template <detail::stored_defaults Stored>
validation_result validate(Stored const& x) {
  return validate(view_of(x));
}

/// The options of a call, alone or laid over defaults.
constexpr validation_result validate(SandboxOptions const& x) {
  return detail::checked(detail::check_options, x);
}

inline validation_result validate(detail::stored_options const& x) {
  return validate(detail::view_of(x));
}

constexpr validation_result validate(command const& words) {
  validation_result found;
  if (words.empty()) found.add("command", "{field} cannot be empty");
  words.for_each([&](std::string_view word) { detail::check_no_nul(found, "command", word); });
  return found;
}

constexpr validation_result validate(ExecOptions const& x) {
  validation_result found;
  if (x.cwd) detail::check_absolute(found, "cwd", *x.cwd);
  detail::check_positive(found, "timeout", x.timeout);
  detail::check_environment(found, "env", x.env);
  if (x.container) detail::check_required(found, "container", *x.container);
  return found;
}

constexpr validation_result validate(ShellOptions const& x) {
  validation_result found;
  // 0 cannot be told from unset on the wire
  if (x.width && *x.width == 0) found.add("width", "{field} must be at least 1, got 0");
  if (x.height && *x.height == 0) found.add("height", "{field} must be at least 1, got 0");
  if (x.container) detail::check_required(found, "container", *x.container);
  return found;
}

constexpr validation_result validate(ListOptions const& x) {
  validation_result found;
  detail::check_tags(found, "tags", x.tags);
  detail::check_no_blank(found, "runner_ids", x.runner_ids);
  detail::check_no_blank(found, "volume_ids", x.volume_ids);
  if (x.page_size && *x.page_size < 1)
    found.add("page_size", "{field} must be at least 1, got {value}", std::int64_t{*x.page_size});
  return found;
}

constexpr validation_result validate(StopOptions const& x) {
  validation_result found;
  detail::check_non_negative(found, "graceful_shutdown", x.graceful_shutdown);
  return found;
}

constexpr validation_result validate(WaitOptions const& x) {
  validation_result found;
  detail::check_non_negative(found, "timeout", x.timeout);
  return found;
}

constexpr validation_result validate(CompletionOptions const& x) {
  validation_result found;
  detail::check_non_negative(found, "timeout", x.timeout);
  return found;
}

constexpr validation_result validate(FileOptions const& x) {
  validation_result found;
  detail::check_positive(found, "timeout", x.timeout);
  if (x.container) detail::check_required(found, "container", *x.container);
  return found;
}

/// A path of a file in a sandbox: absolute, without NUL.
constexpr validation_result validate_file_path(std::string_view path) {
  validation_result found;
  detail::check_absolute(found, "path", path);
  return found;
}

}  // namespace cwsandbox::inline v1

#endif

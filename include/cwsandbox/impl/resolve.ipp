// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_RESOLVE_IPP
#define CWSANDBOX_IMPL_RESOLVE_IPP

#include <cwsandbox/detail/resolve.hpp>
#include <cwsandbox/detail/text_rules.hpp>

#include <algorithm>

namespace cwsandbox::inline v1::detail {

inline void drop_empty(std::optional<std::string>& text) {
  if (text && text->empty()) text.reset();
}

CWSANDBOX_DECL resolved_options resolve(stored_options const& merged) {
  resolved_options result;
  bool const from_template = merged.template_id.has_value();

  result.container_image = merged.container_image;
  result.command = merged.command;
  drop_empty(result.container_image);
  drop_empty(result.command);
  if (merged.args.has_value()) result.args = merged.args.to_vector();
  if (!from_template) {
    if (!result.container_image) result.container_image.emplace(default_container_image);
    if (!result.args) {
      // A command given without arguments has none; the built-in ones belong to the built-in
      // command.
      result.args.emplace();
      if (!result.command) result.args->assign(default_args.begin(), default_args.end());
    }
    if (!result.command) result.command.emplace(default_command);
  }

  result.base_url = merged.base_url.value_or(std::string{});
  while (result.base_url.ends_with('/')) result.base_url.pop_back();
  result.request_timeout = merged.request_timeout.value_or(default_request_timeout);
  result.poll_retry_budget = merged.poll_retry_budget.value_or(default_poll_retry_budget);
  result.poll_rpc_timeout = merged.poll_rpc_timeout.value_or(default_poll_rpc_timeout);
  if (merged.max_lifetime)
    result.max_lifetime = std::chrono::duration_cast<std::chrono::seconds>(*merged.max_lifetime);
  result.temp_dir = merged.temp_dir.value_or(std::string{});
  if (result.temp_dir.empty()) result.temp_dir = std::string{default_temp_dir};

  result.tags = merged.tags.to_vector();
  result.runner_ids = merged.runner_ids.to_vector();
  result.placement_spillover = merged.placement_spillover.value_or(PlacementSpillover::strict);
  result.placement_mode = merged.placement_mode.value_or(PlacementMode::unspecified);
  if (result.placement_mode == PlacementMode::unspecified) {
    if (result.placement_spillover == PlacementSpillover::serverless_then_cks) {
      result.placement_mode = PlacementMode::serverless;
    } else if (result.placement_spillover == PlacementSpillover::cks_then_serverless ||
               !result.runner_ids.empty()) {
      result.placement_mode = PlacementMode::cks;
    }
  }

  if (merged.resources && merged.resources->has_value())
    result.resources = merged.resources->filled();
  if (merged.network) {
    auto& network = result.network.emplace();
    network.deny_egress = merged.network->deny_egress;
    network.deny_ingress = merged.network->deny_ingress;
    for (auto const& rule : merged.network->egress)
      network.egress.push_back(basic_egress_rule<owning>{normalized_dns_name(rule.dns_name)});
  }
  result.services = merged.services.to_vector();

  result.volumes = merged.volumes.to_vector();
  if (merged.file_system_snapshot)
    result.volumes.push_back(merged.file_system_snapshot->to_scratch_volume());
  for (auto& volume : result.volumes) {
    drop_empty(volume.size);
    drop_empty(volume.restore_from_snapshot_id);
  }
  result.named_volumes = merged.named_volumes.to_vector();
  for (auto& volume : result.named_volumes) drop_empty(volume.mount_path);

  for (auto const& secret : merged.secrets) {
    if (std::find(result.secrets.begin(), result.secrets.end(), secret) != result.secrets.end())
      continue;
    result.secrets.push_back(secret);
    result.secrets.back().env_var = std::string{secret.variable()};
  }
  result.environment_variables = merged.environment_variables.to_vector();
  result.annotations = merged.annotations.to_vector();
  result.mounted_files = merged.mounted_files.to_vector();
  result.template_id = merged.template_id;
  result.image_pull_credentials = merged.image_pull_credentials;
  result.request_id = merged.request_id;
  result.object_storage_access = merged.object_storage_access;
  return result;
}

}  // namespace cwsandbox::inline v1::detail

#endif

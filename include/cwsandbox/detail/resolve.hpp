// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_RESOLVE_HPP
#define CWSANDBOX_DETAIL_RESOLVE_HPP

#include <cwsandbox/options.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Options with nothing left to decide: built-in values filled in, texts normalised, equal secrets
/// collapsed. What a create request is made from.
///
/// For a create from a template nothing is filled in but timeouts: an unset image, command, args
/// stays unset there.
struct resolved_options {
  std::optional<std::string> container_image = {};
  std::optional<std::string> command = {};
  std::optional<std::vector<std::string>> args = {};
  std::string base_url =
      {};  ///< of call or defaults, without slashes at the end; empty when neither says any
  std::chrono::nanoseconds request_timeout = default_request_timeout;
  std::chrono::nanoseconds poll_retry_budget = default_poll_retry_budget;
  std::chrono::nanoseconds poll_rpc_timeout = default_poll_rpc_timeout;
  std::optional<std::chrono::seconds> max_lifetime = {};
  std::string temp_dir = {};
  std::vector<std::string> tags = {};
  std::vector<std::string> runner_ids = {};
  /// With runners given and no mode: cks. With a spillover and no mode: the first of its two
  /// places.
  PlacementMode placement_mode = PlacementMode::unspecified;
  PlacementSpillover placement_spillover = PlacementSpillover::strict;
  std::optional<basic_resource_options<owning>> resources = {};  ///< both sides filled in
  std::optional<basic_network_options<owning>> network = {};     ///< names normalised
  std::vector<basic_service<owning>> services = {};
  /// Scratch volumes, the snapshot mount last; empty sizes and snapshot ids are unset.
  std::vector<basic_scratch_volume_options<owning>> volumes = {};
  std::vector<basic_named_volume_options<owning>> named_volumes = {};
  std::vector<basic_secret<owning>> secrets = {};  ///< env_var always set
  std::vector<std::pair<std::string, std::string>> environment_variables = {};
  std::vector<std::pair<std::string, std::string>> annotations = {};
  std::vector<std::pair<std::string, std::string>> mounted_files = {};
  std::optional<std::string> template_id = {};
  std::optional<basic_image_pull_credentials<owning>> image_pull_credentials = {};
  std::optional<std::string> request_id = {};
  std::optional<basic_object_storage_access<owning>> object_storage_access = {};
};

/// Resolves merged options that passed validation.
CWSANDBOX_DECL resolved_options resolve(stored_options const& merged);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/resolve.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_RUNNER_HPP
#define CWSANDBOX_RUNNER_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/services.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace cwsandbox::inline v1 {

/// What a runner has left.
struct RunnerResources {
  std::int64_t available_cpu_millicores{};
  std::int64_t available_memory_bytes{};
  std::int64_t available_gpu_count{};
  std::int32_t running_sandboxes{};

  friend bool operator==(RunnerResources const&, RunnerResources const&) = default;
};

/// A place where sandboxes can run. What the service does not say about it is 0, empty or false. (contract: options 7.4)
struct Runner {
  std::string runner_id{};
  std::string organization_id{};
  std::string runner_group_id{};
  std::vector<std::string> tags{};
  bool healthy{};
  /// Does it belong to another owner as well?
  bool is_shared{};
  std::optional<std::chrono::system_clock::time_point> connected_at{};
  std::int64_t max_cpu_millicores{};
  std::int64_t max_memory_bytes{};
  std::int64_t max_gpu_count{};
  std::vector<std::string> supported_gpu_types{};
  std::vector<std::string> supported_architectures{};
  bool supports_privileged{};
  std::vector<std::string> available_storage_classes{};
  std::vector<ServiceVisibility> supported_service_visibilities{};
  /// Present when it was asked for and the service may tell.
  std::optional<RunnerResources> resources{};

  friend bool operator==(Runner const&, Runner const&) = default;
};

/// `Runner(runner_id='r', organization_id='o', healthy=True, cpu=4.0 vCPU, memory=16.0 GiB, gpus=2,
/// visibilities=['public'])`.
CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, Runner const& runner);

/// Bytes for people: `0 B`, `1023 B`, `1.5 GiB`. Negative numbers stay bytes; the largest unit is TiB.
[[nodiscard]] CWSANDBOX_DECL std::string format_bytes(std::int64_t bytes);

/// CPU for people: `2.0 vCPU`.
[[nodiscard]] CWSANDBOX_DECL std::string format_cpu(std::int64_t millicores);

/// Filters of `list_runners`; those that are given must all match. (contract: options 7.1)
struct ListRunnersOptions {
  std::optional<std::string_view> runner_group_id = {};
  std::optional<std::string_view> gpu_type = {};
  std::optional<std::string_view> architecture = {};
  bool healthy_only = false;
  /// Tell what each runner has left.
  bool include_resources = false;
  /// What must be left, >= 0. Runners that do not tell are left out, even for 0.
  std::optional<std::int64_t> min_available_cpu_millicores = {};
  std::optional<std::int64_t> min_available_memory_bytes = {};
  std::optional<std::int64_t> min_available_gpu_count = {};
  /// Only runners whose services can be this visible.
  std::optional<ServiceVisibility> service_visibility = {};
};
static_assert(std::is_trivially_destructible_v<ListRunnersOptions>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/runner.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_DISCOVERY_HPP
#define CWSANDBOX_WIRE_DISCOVERY_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Runners that sandboxes may be placed on.

namespace cwsandbox::inline v1::wire {

/// What a runner can offer at most.
struct RunnerCapabilitySummary {
  std::int64_t max_cpu_millicores{};
  std::int64_t max_memory_bytes{};
  std::int64_t max_gpu_count{};
  std::vector<std::string> supported_gpu_types{};
  std::vector<std::string> supported_architectures{};
  bool supports_privileged{};
  std::vector<std::string> available_storage_classes{};
  std::vector<Visibility> supported_service_visibilities{};

  bool operator==(RunnerCapabilitySummary const&) const = default;
};

template <>
struct descriptor<RunnerCapabilitySummary> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.RunnerCapabilitySummary";
  template <class M = RunnerCapabilitySummary>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "max_cpu_millicores", "maxCpuMillicores", &M::max_cpu_millicores),
        field(2, "max_memory_bytes", "maxMemoryBytes", &M::max_memory_bytes),
        field(3, "max_gpu_count", "maxGpuCount", &M::max_gpu_count),
        field(4, "supported_gpu_types", "supportedGpuTypes", &M::supported_gpu_types),
        field(5, "supported_architectures", "supportedArchitectures", &M::supported_architectures),
        field(6, "supports_privileged", "supportsPrivileged", &M::supports_privileged),
        field(7,
              "available_storage_classes",
              "availableStorageClasses",
              &M::available_storage_classes),
        field(8,
              "supported_service_visibilities",
              "supportedServiceVisibilities",
              &M::supported_service_visibilities));
  }
};

/// What a runner has left.
struct RunnerResourceSummary {
  std::int64_t available_cpu_millicores{};
  std::int64_t available_memory_bytes{};
  std::int64_t available_gpu_count{};
  std::int32_t running_sandboxes{};

  bool operator==(RunnerResourceSummary const&) const = default;
};

template <>
struct descriptor<RunnerResourceSummary> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.RunnerResourceSummary";
  template <class M = RunnerResourceSummary>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(
            1, "available_cpu_millicores", "availableCpuMillicores", &M::available_cpu_millicores),
        field(2, "available_memory_bytes", "availableMemoryBytes", &M::available_memory_bytes),
        field(3, "available_gpu_count", "availableGpuCount", &M::available_gpu_count),
        field(4, "running_sandboxes", "runningSandboxes", &M::running_sandboxes));
  }
};

/// A place where sandboxes can run.
struct AvailableRunner {
  std::string runner_id{};
  std::string runner_group_id{};
  std::vector<std::string> tags{};
  bool healthy{};
  std::optional<RunnerCapabilitySummary> capabilities{};
  std::optional<RunnerResourceSummary> resources{};
  std::optional<Timestamp> connected_at{};
  bool is_shared{};
  std::string organization_id{};

  bool operator==(AvailableRunner const&) const = default;
};

template <>
struct descriptor<AvailableRunner> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.AvailableRunner";
  template <class M = AvailableRunner>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "runner_id", "runnerId", &M::runner_id),
                 field(2, "runner_group_id", "runnerGroupId", &M::runner_group_id),
                 field(3, "tags", &M::tags),
                 field(4, "healthy", &M::healthy),
                 field(5, "capabilities", &M::capabilities),
                 field(6, "resources", &M::resources),
                 field(7, "connected_at", "connectedAt", &M::connected_at),
                 field(8, "is_shared", "isShared", &M::is_shared),
                 field(9, "organization_id", "organizationId", &M::organization_id));
  }
};

/// Asks for a page of runners; every filter that is set must match.
struct ListAvailableRunnersRequest {
  std::string runner_group_id{};
  std::string gpu_type{};
  std::string architecture{};
  bool healthy_only{};
  std::int32_t page_size{};
  std::string page_token{};
  RunnerView view{};
  Visibility service_visibility{};

  bool operator==(ListAvailableRunnersRequest const&) const = default;
};

template <>
struct descriptor<ListAvailableRunnersRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListAvailableRunnersRequest";
  template <class M = ListAvailableRunnersRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "runner_group_id", "runnerGroupId", &M::runner_group_id),
                 field(2, "gpu_type", "gpuType", &M::gpu_type),
                 field(3, "architecture", &M::architecture),
                 field(4, "healthy_only", "healthyOnly", &M::healthy_only),
                 field(5, "page_size", "pageSize", &M::page_size),
                 field(6, "page_token", "pageToken", &M::page_token),
                 field(7, "view", &M::view),
                 field(8, "service_visibility", "serviceVisibility", &M::service_visibility));
  }
};

/// A page of runners.
struct ListAvailableRunnersResponse {
  std::vector<AvailableRunner> runners{};
  std::string next_page_token{};

  bool operator==(ListAvailableRunnersResponse const&) const = default;
};

template <>
struct descriptor<ListAvailableRunnersResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListAvailableRunnersResponse";
  template <class M = ListAvailableRunnersResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "runners", &M::runners),
                 field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for one runner.
struct GetAvailableRunnerRequest {
  std::string runner_id{};
  RunnerView view{};
  std::string organization_id{};

  bool operator==(GetAvailableRunnerRequest const&) const = default;
};

template <>
struct descriptor<GetAvailableRunnerRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetAvailableRunnerRequest";
  template <class M = GetAvailableRunnerRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "runner_id", "runnerId", &M::runner_id),
                 field(2, "view", &M::view),
                 field(3, "organization_id", "organizationId", &M::organization_id));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_SANDBOX_HPP
#define CWSANDBOX_WIRE_SANDBOX_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/network.hpp>
#include <cwsandbox/wire/spec.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// Sandboxes as they are, and the calls that make, find and end them.

namespace cwsandbox::inline v1::wire {

/// A public endpoint as it was set up.
struct EndpointStatus {
  EndpointKind kind{};
  EndpointAuth auth{};
  std::string url{};

  bool operator==(EndpointStatus const&) const = default;
};

template <>
struct descriptor<EndpointStatus> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.EndpointStatus";
  template <class M = EndpointStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "kind", &M::kind), field(2, "auth", &M::auth), field(3, "url", &M::url));
  }
};

/// A service as it was set up, with the address to reach it.
struct ServiceStatus {
  std::int32_t port{};
  std::string name{};
  ServiceProtocol protocol{};
  Visibility visibility{};
  std::optional<EndpointStatus> endpoint{};
  std::string url{};

  bool operator==(ServiceStatus const&) const = default;
};

template <>
struct descriptor<ServiceStatus> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ServiceStatus";
  template <class M = ServiceStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "port", &M::port),
                 field(2, "name", &M::name),
                 field(3, "protocol", &M::protocol),
                 field(4, "visibility", &M::visibility),
                 field(5, "endpoint", &M::endpoint),
                 field(6, "url", &M::url));
  }
};

/// What a sandbox uses right now.
struct ResourceUsage {
  std::int64_t cpu_millicores{};
  std::int64_t memory_mb{};
  std::int64_t gpu_count{};

  bool operator==(ResourceUsage const&) const = default;
};

template <>
struct descriptor<ResourceUsage> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ResourceUsage";
  template <class M = ResourceUsage>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "cpu_millicores", "cpuMillicores", &M::cpu_millicores),
                 field(2, "memory_mb", "memoryMb", &M::memory_mb),
                 field(3, "gpu_count", "gpuCount", &M::gpu_count));
  }
};

/// What became of one container.
struct ContainerStatus {
  std::string name{};
  State state{};
  std::int32_t exit_code{};
  std::int32_t restart_count{};

  bool operator==(ContainerStatus const&) const = default;
};

template <>
struct descriptor<ContainerStatus> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ContainerStatus";
  template <class M = ContainerStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "name", &M::name),
                 field(2, "state", &M::state),
                 field(3, "exit_code", "exitCode", &M::exit_code),
                 field(4, "restart_count", "restartCount", &M::restart_count));
  }
};

/// What became of a sandbox, as far as the service knows.
struct SandboxStatus {
  State state{};
  std::string state_reason{};
  std::optional<Timestamp> create_time{};
  std::optional<Timestamp> start_time{};
  std::optional<Timestamp> end_time{};
  std::vector<ServiceStatus> services{};
  std::optional<ResourceUsage> resource_usage{};
  std::optional<std::int32_t> exit_code{};
  std::optional<Resources> effective_resources{};
  std::int32_t effective_max_lifetime_seconds{};
  std::vector<ContainerStatus> container_statuses{};
  std::string runner_id{};
  std::string runner_group_id{};
  std::vector<IngressRule> effective_ingress{};
  std::vector<EgressRule> effective_egress{};
  std::optional<ResourceRequirements> effective_resource_requirements{};
  std::vector<std::string> attached_volume_ids{};
  std::string effective_runtime_class{};

  bool operator==(SandboxStatus const&) const = default;
};

template <>
struct descriptor<SandboxStatus> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SandboxStatus";
  template <class M = SandboxStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "state", &M::state),
        field(2, "state_reason", "stateReason", &M::state_reason),
        field(3, "create_time", "createTime", &M::create_time),
        field(4, "start_time", "startTime", &M::start_time),
        field(5, "end_time", "endTime", &M::end_time),
        field(6, "services", &M::services),
        field(8, "resource_usage", "resourceUsage", &M::resource_usage),
        field(9, "exit_code", "exitCode", &M::exit_code),
        field(10, "effective_resources", "effectiveResources", &M::effective_resources),
        field(11,
              "effective_max_lifetime_seconds",
              "effectiveMaxLifetimeSeconds",
              &M::effective_max_lifetime_seconds),
        field(12, "container_statuses", "containerStatuses", &M::container_statuses),
        field(13, "runner_id", "runnerId", &M::runner_id),
        field(14, "runner_group_id", "runnerGroupId", &M::runner_group_id),
        field(15, "effective_ingress", "effectiveIngress", &M::effective_ingress),
        field(16, "effective_egress", "effectiveEgress", &M::effective_egress),
        field(17,
              "effective_resource_requirements",
              "effectiveResourceRequirements",
              &M::effective_resource_requirements),
        field(18, "attached_volume_ids", "attachedVolumeIds", &M::attached_volume_ids),
        field(19, "effective_runtime_class", "effectiveRuntimeClass", &M::effective_runtime_class));
  }
};

/// A sandbox: what was asked for, and what became of it.
struct Sandbox {
  std::string sandbox_id{};
  std::optional<SandboxSpec> spec{};
  std::optional<SandboxStatus> status{};
  std::string source_template_id{};
  std::int64_t source_template_revision{};

  bool operator==(Sandbox const&) const = default;
};

template <>
struct descriptor<Sandbox> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Sandbox";
  template <class M = Sandbox>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
        field(2, "spec", &M::spec),
        field(3, "status", &M::status),
        field(4, "source_template_id", "sourceTemplateId", &M::source_template_id),
        field(
            5, "source_template_revision", "sourceTemplateRevision", &M::source_template_revision));
  }
};

/// Asks for a new sandbox.
struct CreateSandboxRequest {
  std::optional<Sandbox> sandbox{};
  std::string request_id{};

  bool operator==(CreateSandboxRequest const&) const = default;
};

template <>
struct descriptor<CreateSandboxRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateSandboxRequest";
  template <class M = CreateSandboxRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox", &M::sandbox),
                 field(2, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for a new sandbox made from a stored template.
struct CreateSandboxFromTemplateRequest {
  std::string template_id{};
  std::optional<PartialSandboxSpec> overrides{};
  std::string request_id{};

  bool operator==(CreateSandboxFromTemplateRequest const&) const = default;
};

template <>
struct descriptor<CreateSandboxFromTemplateRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CreateSandboxFromTemplateRequest";
  template <class M = CreateSandboxFromTemplateRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "template_id", "templateId", &M::template_id),
                 field(2, "overrides", &M::overrides),
                 field(3, "request_id", "requestId", &M::request_id));
  }
};

/// Asks for one sandbox.
struct GetSandboxRequest {
  std::string sandbox_id{};

  bool operator==(GetSandboxRequest const&) const = default;
};

template <>
struct descriptor<GetSandboxRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.GetSandboxRequest";
  template <class M = GetSandboxRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id));
  }
};

/// Asks for a page of sandboxes; every filter that is set must match.
struct ListSandboxesRequest {
  std::int32_t page_size{};
  std::string page_token{};
  std::vector<std::string> tags{};
  State state{};
  bool show_terminated{};
  std::vector<std::string> runner_ids{};
  std::vector<std::string> volume_ids{};

  bool operator==(ListSandboxesRequest const&) const = default;
};

template <>
struct descriptor<ListSandboxesRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSandboxesRequest";
  template <class M = ListSandboxesRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "page_size", "pageSize", &M::page_size),
                 field(2, "page_token", "pageToken", &M::page_token),
                 field(3, "tags", &M::tags),
                 field(4, "state", &M::state),
                 field(5, "show_terminated", "showTerminated", &M::show_terminated),
                 field(6, "runner_ids", "runnerIds", &M::runner_ids),
                 field(7, "volume_ids", "volumeIds", &M::volume_ids));
  }
};

/// A page of sandboxes.
struct ListSandboxesResponse {
  std::vector<Sandbox> sandboxes{};
  std::string next_page_token{};

  bool operator==(ListSandboxesResponse const&) const = default;
};

template <>
struct descriptor<ListSandboxesResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.ListSandboxesResponse";
  template <class M = ListSandboxesResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandboxes", &M::sandboxes),
                 field(2, "next_page_token", "nextPageToken", &M::next_page_token));
  }
};

/// Asks for the end of a sandbox, with snapshots of the named scratch volumes.
struct DeleteSandboxRequest {
  std::string sandbox_id{};
  std::int32_t grace_period_seconds{};
  std::vector<std::string> snapshot_volumes{};
  std::string request_id{};
  bool allow_missing{};

  bool operator==(DeleteSandboxRequest const&) const = default;
};

template <>
struct descriptor<DeleteSandboxRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteSandboxRequest";
  template <class M = DeleteSandboxRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "sandbox_id", "sandboxId", &M::sandbox_id),
                 field(2, "grace_period_seconds", "gracePeriodSeconds", &M::grace_period_seconds),
                 field(3, "snapshot_volumes", "snapshotVolumes", &M::snapshot_volumes),
                 field(4, "request_id", "requestId", &M::request_id),
                 field(5, "allow_missing", "allowMissing", &M::allow_missing));
  }
};

/// The ended sandbox and the snapshots that were started.
struct DeleteSandboxResponse {
  std::optional<Sandbox> sandbox{};
  std::vector<std::string> file_system_snapshot_ids{};

  bool operator==(DeleteSandboxResponse const&) const = default;
};

template <>
struct descriptor<DeleteSandboxResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.DeleteSandboxResponse";
  template <class M = DeleteSandboxResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(
        field(1, "sandbox", &M::sandbox),
        field(
            2, "file_system_snapshot_ids", "fileSystemSnapshotIds", &M::file_system_snapshot_ids));
  }
};

/// Asks for the end of many sandboxes at once.
struct PurgeSandboxesRequest {
  std::vector<std::string> tags{};
  bool dry_run{};
  std::string request_id{};
  bool purge_all{};

  bool operator==(PurgeSandboxesRequest const&) const = default;
};

template <>
struct descriptor<PurgeSandboxesRequest> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PurgeSandboxesRequest";
  template <class M = PurgeSandboxesRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "tags", &M::tags),
                 field(2, "dry_run", "dryRun", &M::dry_run),
                 field(3, "request_id", "requestId", &M::request_id),
                 field(4, "purge_all", "purgeAll", &M::purge_all));
  }
};

/// What a purge did and where it failed.
struct PurgeSandboxesResponse {
  std::int32_t purge_count{};
  std::vector<std::string> failed_sandbox_ids{};
  std::vector<std::string> retryable_failed_sandbox_ids{};

  bool operator==(PurgeSandboxesResponse const&) const = default;
};

template <>
struct descriptor<PurgeSandboxesResponse> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PurgeSandboxesResponse";
  template <class M = PurgeSandboxesResponse>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "purge_count", "purgeCount", &M::purge_count),
                 field(2, "failed_sandbox_ids", "failedSandboxIds", &M::failed_sandbox_ids),
                 field(3,
                       "retryable_failed_sandbox_ids",
                       "retryableFailedSandboxIds",
                       &M::retryable_failed_sandbox_ids));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

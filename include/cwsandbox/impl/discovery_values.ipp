// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_DISCOVERY_VALUES_IPP
#define CWSANDBOX_IMPL_DISCOVERY_VALUES_IPP

#include <cwsandbox/detail/discovery_values.hpp>

#include <cwsandbox/detail/check_id.hpp>
#include <cwsandbox/detail/visibility.hpp>
#include <cwsandbox/error.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL bool runner_query::accepts(Runner const& runner) const noexcept {
  if (!min_cpu_millicores && !min_memory_bytes && !min_gpu_count) return true;
  if (!runner.resources) return false;
  auto const& left = *runner.resources;
  return left.available_cpu_millicores >= min_cpu_millicores.value_or(INT64_MIN) &&
         left.available_memory_bytes >= min_memory_bytes.value_or(INT64_MIN) &&
         left.available_gpu_count >= min_gpu_count.value_or(INT64_MIN);
}

CWSANDBOX_DECL runner_query make_runner_query(ListRunnersOptions const& options) {
  runner_query query{};
  auto const minimum = [](char const* field, std::optional<std::int64_t> value) {
    if (value && *value < 0)
      invalid_argument_error(field, std::to_string(*value),
                             std::string{field} + " must not be negative, got " +
                                 std::to_string(*value))
          .raise();
    return value;
  };
  query.min_cpu_millicores =
      minimum("min_available_cpu_millicores", options.min_available_cpu_millicores);
  query.min_memory_bytes = minimum("min_available_memory_bytes", options.min_available_memory_bytes);
  query.min_gpu_count = minimum("min_available_gpu_count", options.min_available_gpu_count);
  auto& request = query.request;
  request.runner_group_id = options.runner_group_id.value_or("");
  request.gpu_type = options.gpu_type.value_or("");
  request.architecture = options.architecture.value_or("");
  request.healthy_only = options.healthy_only;
  request.page_size = 100;
  bool const full = options.include_resources || query.min_cpu_millicores ||
                    query.min_memory_bytes || query.min_gpu_count;
  request.view = full ? wire::RunnerView::full : wire::RunnerView::basic;
  if (options.service_visibility) request.service_visibility = to_wire(*options.service_visibility);
  return query;
}

CWSANDBOX_DECL wire::GetAvailableRunnerRequest make_runner_request(
    std::string_view runner_id, std::string_view organization_id) {
  check_id("runner_id", runner_id);
  check_id("organization_id", organization_id);
  wire::GetAvailableRunnerRequest request{};
  request.runner_id = runner_id;
  request.organization_id = organization_id;
  request.view = wire::RunnerView::full;
  return request;
}

CWSANDBOX_DECL Runner to_runner(wire::AvailableRunner from) {
  Runner runner{};
  runner.runner_id = std::move(from.runner_id);
  runner.organization_id = std::move(from.organization_id);
  runner.runner_group_id = std::move(from.runner_group_id);
  runner.tags = std::move(from.tags);
  runner.healthy = from.healthy;
  runner.is_shared = from.is_shared;
  if (from.connected_at)
    runner.connected_at = std::chrono::time_point_cast<std::chrono::system_clock::duration>(
        from.connected_at->to_sys_time());
  if (from.capabilities) {
    auto& has = *from.capabilities;
    runner.max_cpu_millicores = has.max_cpu_millicores;
    runner.max_memory_bytes = has.max_memory_bytes;
    runner.max_gpu_count = has.max_gpu_count;
    runner.supported_gpu_types = std::move(has.supported_gpu_types);
    runner.supported_architectures = std::move(has.supported_architectures);
    runner.supports_privileged = has.supports_privileged;
    runner.available_storage_classes = std::move(has.available_storage_classes);
    runner.supported_service_visibilities.reserve(has.supported_service_visibilities.size());
    for (auto const visibility : has.supported_service_visibilities)
      runner.supported_service_visibilities.push_back(to_visibility(visibility));
  }
  if (from.resources) {
    auto const& left = *from.resources;
    runner.resources = RunnerResources{left.available_cpu_millicores, left.available_memory_bytes,
                                       left.available_gpu_count, left.running_sandboxes};
  }
  return runner;
}

}  // namespace cwsandbox::inline v1::detail

#endif

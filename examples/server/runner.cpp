// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "runner.hpp"

#include "errors.hpp"

#include <cwsandbox/error.hpp>
#include <cwsandbox/reasons.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string_view>
#include <utility>

#include <sched.h>
#include <sys/utsname.h>

namespace server {
namespace {

namespace wire = cwsandbox::wire;

constexpr std::string_view organization = "local";
constexpr std::string_view group = "local";

/// In the spelling of container images.
std::string architecture() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  std::string const machine{name.machine};
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

std::int64_t cpus() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  return CPU_COUNT(&usable);
}

/// A line of /proc/meminfo, in bytes.
std::int64_t memory(std::string_view wanted) {
  std::ifstream in{"/proc/meminfo"};
  std::string name;
  std::int64_t kibibytes{};
  std::string unit;
  while (in >> name >> kibibytes) {
    if (name == wanted) return kibibytes * 1024;
    std::getline(in, unit);
  }
  return 0;
}

std::int64_t idle_millicores() {
  double load{};
  auto const all = cpus() * 1000;
  if (::getloadavg(&load, 1) != 1) return all;
  return std::max<std::int64_t>(0, all - static_cast<std::int64_t>(load * 1000));
}

}  // namespace

runner::runner(std::string id)
    : id_{std::move(id)},
      connected_at_{wire::Timestamp::from(std::chrono::time_point_cast<std::chrono::nanoseconds>(
          std::chrono::system_clock::now()))} {}

cwsandbox::outcome<bool> runner::matches(wire::ListAvailableRunnersRequest const& request) const {
  if (request.page_size < 0) return violation_error("page_size", "must not be negative");
  if (!request.page_token.empty()) return violation_error("page_token", "not one of this server's");
  auto const self = describe(-1);
  auto const& can = *self.capabilities;
  auto const has = [](auto const& all, auto const& wanted) {
    return std::find(all.begin(), all.end(), wanted) != all.end();
  };
  return (request.runner_group_id.empty() || request.runner_group_id == self.runner_group_id) &&
         request.gpu_type.empty() &&
         (request.architecture.empty() || has(can.supported_architectures, request.architecture)) &&
         (request.service_visibility == wire::Visibility::unspecified ||
          has(can.supported_service_visibilities, request.service_visibility));
}

cwsandbox::outcome<void> runner::check(wire::GetAvailableRunnerRequest const& request) const {
  bool const here = request.organization_id.empty() || request.organization_id == organization;
  if (here && request.runner_id == id_) return {};
  return reasoned_error(cwsandbox::status_code::not_found, cwsandbox::reasons::runner_not_found,
                        "runner '" + request.runner_id + "' not found")
      .with([&](cwsandbox::error_details& d) {
        d.metadata.emplace_back("runner_id", request.runner_id);
      });
}

wire::AvailableRunner runner::describe(std::int32_t running_sandboxes) const {
  wire::AvailableRunner self;
  self.runner_id = id_;
  self.runner_group_id = group;
  self.organization_id = organization;
  self.healthy = true;
  self.connected_at = connected_at_;
  auto& can = self.capabilities.emplace();
  can.max_cpu_millicores = cpus() * 1000;
  can.max_memory_bytes = memory("MemTotal:");
  can.supported_architectures = {architecture()};
  can.supported_service_visibilities = {wire::Visibility::private_};
  if (running_sandboxes >= 0) {
    auto& left = self.resources.emplace();
    left.available_cpu_millicores = idle_millicores();
    left.available_memory_bytes = memory("MemAvailable:");
    left.running_sandboxes = running_sandboxes;
  }
  return self;
}

}  // namespace server

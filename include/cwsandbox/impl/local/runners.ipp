// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_RUNNERS_IPP
#define CWSANDBOX_IMPL_LOCAL_RUNNERS_IPP

#include <cwsandbox/transport/local/runners.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/records.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>

namespace cwsandbox::inline v1::detail::local {

namespace running {

inline constexpr std::string_view organization = "local";
inline constexpr std::string_view group = "local";

/// In the spelling of container images.
inline std::string architecture() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  std::string_view const machine{name.machine};
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return std::string(machine);
}

inline std::int64_t cpus() {
  cpu_set_t usable;
  if (::sched_getaffinity(0, sizeof usable, &usable) != 0) return 1;
  return CPU_COUNT(&usable);
}

/// A line of /proc/meminfo, in bytes.
inline std::int64_t memory(std::string_view wanted) {
  auto const text = read_small_file(AT_FDCWD, "/proc/meminfo", 65536);
  auto const at = text.find(wanted);
  if (at == std::string::npos) return 0;
  auto const begin = text.find_first_of("0123456789", at);
  if (begin == std::string::npos) return 0;
  std::int64_t kibibytes = 0;
  std::from_chars(text.data() + begin, text.data() + text.size(), kibibytes);
  return kibibytes * 1024;
}

inline std::int64_t idle_millicores() {
  double load = 0;
  auto const all = cpus() * 1000;
  if (::getloadavg(&load, 1) != 1) return all;
  return std::max<std::int64_t>(0, all - static_cast<std::int64_t>(load * 1000));
}

template <class T>
bool has(std::vector<T> const& all, T const& wanted) {
  return std::find(all.begin(), all.end(), wanted) != all.end();
}

}  // namespace running

CWSANDBOX_DECL machine_runner::machine_runner(std::string id)
    : id_{std::move(id)}, connected_at_{current_time()} {}

CWSANDBOX_DECL wire::AvailableRunner machine_runner::describe(wire::RunnerView view,
                                                              std::int32_t running_now) const {
  using namespace running;
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
  if (view == wire::RunnerView::full) {
    auto& left = self.resources.emplace();
    left.available_cpu_millicores = idle_millicores();
    left.available_memory_bytes = memory("MemAvailable:");
    left.running_sandboxes = running_now;
  }
  return self;
}

CWSANDBOX_DECL outcome<wire::ListAvailableRunnersResponse> machine_runner::list(
    wire::ListAvailableRunnersRequest const& request, std::int32_t running_now) const {
  using namespace running;
  auto const wanted = parse_page(request.page_token, request.page_size);
  if (!wanted) return wanted.error();
  wire::ListAvailableRunnersResponse response;
  auto self = describe(request.view, running_now);
  auto const& can = *self.capabilities;
  bool const matches =
      wanted->after == 0 && request.gpu_type.empty() &&
      (request.runner_group_id.empty() || request.runner_group_id == self.runner_group_id) &&
      (request.architecture.empty() || has(can.supported_architectures, request.architecture)) &&
      (request.service_visibility == wire::Visibility::unspecified ||
       has(can.supported_service_visibilities, request.service_visibility));
  if (matches) response.runners.push_back(std::move(self));
  return response;
}

CWSANDBOX_DECL outcome<wire::AvailableRunner> machine_runner::get(
    wire::GetAvailableRunnerRequest const& request, std::int32_t running_now) const {
  bool const here =
      request.organization_id.empty() || request.organization_id == running::organization;
  if (here && request.runner_id == id_) return describe(request.view, running_now);
  return reasoned_error(status_code::not_found, reasons::runner_not_found,
                        "runner '" + request.runner_id + "' not found")
      .with([&](error_details& d) { d.metadata.emplace_back("runner_id", request.runner_id); });
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

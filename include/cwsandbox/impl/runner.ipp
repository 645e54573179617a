// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_RUNNER_IPP
#define CWSANDBOX_IMPL_RUNNER_IPP

#include <cwsandbox/runner.hpp>

#include <array>
#include <cstdio>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

inline std::string with_one_decimal(double value, std::string_view unit) {
  std::array<char, 64> text{};
  auto const length = std::snprintf(text.data(), text.size(), "%.1f", value);
  return std::string{text.data(), static_cast<std::size_t>(length)}.append(" ").append(unit);
}

}  // namespace detail

CWSANDBOX_DECL std::string format_bytes(std::int64_t bytes) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> units{{
      {std::int64_t{1} << 40, "TiB"},
      {std::int64_t{1} << 30, "GiB"},
      {std::int64_t{1} << 20, "MiB"},
      {std::int64_t{1} << 10, "KiB"},
  }};
  for (auto const& [size, name] : units)
    if (bytes >= size)
      return detail::with_one_decimal(static_cast<double>(bytes) / static_cast<double>(size), name);
  return std::to_string(bytes) + " B";
}

CWSANDBOX_DECL std::string format_cpu(std::int64_t millicores) {
  return detail::with_one_decimal(static_cast<double>(millicores) / 1000, "vCPU");
}

CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, Runner const& runner) {
  os << "Runner(runner_id='" << runner.runner_id << "', organization_id='" << runner.organization_id
     << "', healthy=" << (runner.healthy ? "True" : "False")
     << ", cpu=" << format_cpu(runner.max_cpu_millicores)
     << ", memory=" << format_bytes(runner.max_memory_bytes) << ", gpus=" << runner.max_gpu_count
     << ", visibilities=[";
  std::string_view comma = "";
  for (auto const visibility : runner.supported_service_visibilities) {
    os << comma << '\'' << to_string(visibility) << '\'';
    comma = ", ";
  }
  return os << "])";
}

}  // namespace cwsandbox::inline v1

#endif

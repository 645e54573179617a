// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_DISCOVERY_VALUES_HPP
#define CWSANDBOX_DETAIL_DISCOVERY_VALUES_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/runner.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1::detail {

/// What runners are asked for, in storage of its own: a part goes to the service, the rest is looked at here.
struct runner_query {
  wire::ListAvailableRunnersRequest request{};
  std::optional<std::int64_t> min_cpu_millicores{};
  std::optional<std::int64_t> min_memory_bytes{};
  std::optional<std::int64_t> min_gpu_count{};

  /// Has this runner what must be left?
  [[nodiscard]] CWSANDBOX_DECL bool accepts(Runner const& runner) const noexcept;
};

/// Throws `invalid_argument` for a negative minimum.
[[nodiscard]] CWSANDBOX_DECL runner_query make_runner_query(ListRunnersOptions const& options);

/// Throws `invalid_argument` for an id that is empty or blank.
[[nodiscard]] CWSANDBOX_DECL wire::GetAvailableRunnerRequest make_runner_request(
    std::string_view runner_id, std::string_view organization_id);

[[nodiscard]] CWSANDBOX_DECL Runner to_runner(wire::AvailableRunner runner);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/discovery_values.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_LIMITS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_LIMITS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local/spawn.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

/// The limits of one sandbox as numbers; 0 is none.
struct resource_limits {
  /// Thousandths of a CPU.
  std::uint64_t cpu_millis{};
  std::uint64_t memory_bytes{};
  std::uint64_t processes{};
};

/// The value of a quantity such as `500m` or `256Mi` times `scale`, rounded up; nothing when it is none.
[[nodiscard]] CWSANDBOX_DECL std::optional<std::uint64_t> quantity_value(std::string_view text,
                                                                         std::uint64_t scale);

/// The control groups of one sandbox. Removed with it; the processes must be gone by then.
class control_groups {
 public:
  control_groups() = default;
  control_groups(control_groups&&) = default;
  control_groups& operator=(control_groups&&) = default;
  ~control_groups() { remove(); }

  /// Makes groups below or beside the group of this process, wherever it may. What could not be limited is named in
  /// `missing` (`cpu`, `memory`, `processes`).
  [[nodiscard]] CWSANDBOX_DECL static control_groups make(std::string const& name,
                                                          resource_limits const& limits,
                                                          std::vector<std::string>& missing);

  /// The `cgroup.procs` files that put a process into the groups.
  [[nodiscard]] CWSANDBOX_DECL std::vector<int> entrances() const;
  [[nodiscard]] std::vector<std::string> const& directories() const noexcept {
    return directories_;
  }
  CWSANDBOX_DECL void remove() noexcept;

 private:
  CWSANDBOX_DECL bool add(std::string const& directory, std::string const& file,
                          std::string const& value);

  std::vector<std::string> directories_;
  std::vector<unique_fd> entrances_;
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/limits.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_RESOURCES_HPP
#define CWSANDBOX_RESOURCES_HPP

#include <cwsandbox/detail/storage.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

namespace cwsandbox::inline v1 {

/// Amounts of cpu and memory as quantity texts (`500m`, `1.5Gi`, see quantity.hpp). Unset when no
/// member is given.
template <class Storage>
struct basic_resource_amounts {
  detail::optional_text_of<Storage> cpu = {};
  detail::optional_text_of<Storage> memory = {};

  constexpr bool has_value() const { return cpu.has_value() || memory.has_value(); }
  friend bool operator==(basic_resource_amounts const&, basic_resource_amounts const&) = default;
};

/// Graphics processors: how many (>= 1), and either the type or the least memory in GB (>= 1).
/// Unset when no member is given.
template <class Storage>
struct basic_gpu_options {
  std::optional<std::int64_t> count = {};
  detail::optional_text_of<Storage> type = {};
  std::optional<std::int64_t> memory_gb = {};

  constexpr bool has_value() const {
    return count.has_value() || type.has_value() || memory_gb.has_value();
  }
  friend bool operator==(basic_gpu_options const&, basic_gpu_options const&) = default;
};

/// The flat form of resources: what is asked for is also the limit.
struct FlatResources {
  std::optional<std::string_view> cpu = {};
  std::optional<std::string_view> memory = {};
  basic_gpu_options<literal> gpu = {};
};

/// What a sandbox asks for and what it may use at most. When only one side is given, the other is a
/// copy of it; gpu holds for both. A request above its limit is an error. (contract: options 2.1)
template <class Storage>
struct basic_resource_options {
  basic_resource_amounts<Storage> requests = {};
  basic_resource_amounts<Storage> limits = {};
  basic_gpu_options<Storage> gpu = {};

  /// Requests equal to limits: `ResourceOptions::guaranteed({.cpu = "2", .memory = "4Gi"})`.
  static constexpr basic_resource_options guaranteed(
      FlatResources const& flat) requires std::same_as<Storage, literal> {
    return {{flat.cpu, flat.memory}, {flat.cpu, flat.memory}, flat.gpu};
  }

  /// The same with a missing side filled in from the other one.
  constexpr basic_resource_options filled() const {
    auto result = *this;
    if (!requests.has_value()) result.requests = limits;
    if (!limits.has_value()) result.limits = requests;
    return result;
  }

  constexpr bool has_value() const {
    return requests.has_value() || limits.has_value() || gpu.has_value();
  }

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_resource_options<Other>() const {
    return detail::convert<basic_resource_options<Other>>(*this);
  }
  friend bool operator==(basic_resource_options const&, basic_resource_options const&) = default;
};

template <class S>
struct detail::members_of<basic_resource_amounts<S>> {
  static constexpr auto list() {
    using T = basic_resource_amounts<S>;
    return std::tuple{&T::cpu, &T::memory};
  }
  static constexpr std::array<std::string_view, 2> names{"cpu", "memory"};
};
template <class S>
struct detail::members_of<basic_gpu_options<S>> {
  static constexpr auto list() {
    using T = basic_gpu_options<S>;
    return std::tuple{&T::count, &T::type, &T::memory_gb};
  }
  static constexpr std::array<std::string_view, 3> names{"count", "type", "memory_gb"};
};
template <class S>
struct detail::members_of<basic_resource_options<S>> {
  static constexpr auto list() {
    using T = basic_resource_options<S>;
    return std::tuple{&T::requests, &T::limits, &T::gpu};
  }
  static constexpr std::array<std::string_view, 3> names{"requests", "limits", "gpu"};
};

using ResourceAmounts = basic_resource_amounts<literal>;
using GpuOptions = basic_gpu_options<literal>;
using ResourceOptions = basic_resource_options<literal>;

static_assert(std::is_trivially_destructible_v<ResourceOptions> &&
              std::is_trivially_destructible_v<FlatResources>);

}  // namespace cwsandbox::inline v1

#endif

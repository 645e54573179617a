// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NETWORK_HPP
#define CWSANDBOX_NETWORK_HPP

#include <cwsandbox/detail/storage.hpp>

#include <array>
#include <optional>
#include <string_view>
#include <tuple>

namespace cwsandbox::inline v1 {

/// A host that the sandbox may reach: a DNS name, or `*.` and one. Blanks around it and upper case
/// are normalised away.
template <class Storage>
struct basic_egress_rule {
  detail::text_of<Storage> dns_name = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_egress_rule<Other>() const {
    return detail::convert<basic_egress_rule<Other>>(*this);
  }
  friend bool operator==(basic_egress_rule const&, basic_egress_rule const&) = default;
};

template <class S>
struct detail::members_of<basic_egress_rule<S>> {
  static constexpr auto list() { return std::tuple{&basic_egress_rule<S>::dns_name}; }
  static constexpr std::array<std::string_view, 1> names{"dns_name"};
};

/// Network policy of a sandbox. An unset flag is the runner's default, `false` is sent; an empty
/// egress list is the runner's default policy. Denied egress together with egress rules is an
/// error. (contract: options 2.3)
template <class Storage>
struct basic_network_options {
  std::optional<bool> deny_egress = {};
  std::optional<bool> deny_ingress = {};
  detail::list_of<Storage, basic_egress_rule> egress = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_network_options<Other>() const {
    return detail::convert<basic_network_options<Other>>(*this);
  }
  friend bool operator==(basic_network_options const&, basic_network_options const&) = default;
};

template <class S>
struct detail::members_of<basic_network_options<S>> {
  static constexpr auto list() {
    using T = basic_network_options<S>;
    return std::tuple{&T::deny_egress, &T::deny_ingress, &T::egress};
  }
  static constexpr std::array<std::string_view, 3> names{"deny_egress", "deny_ingress", "egress"};
};

using EgressRule = basic_egress_rule<literal>;
using NetworkOptions = basic_network_options<literal>;

static_assert(std::is_trivially_destructible_v<NetworkOptions>);

}  // namespace cwsandbox::inline v1

#endif

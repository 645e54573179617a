// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_NETWORK_HPP
#define CWSANDBOX_WIRE_NETWORK_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/enums.hpp>
#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// What may reach a sandbox, and what it may reach.

namespace cwsandbox::inline v1::wire {

/// A range of IP addresses, less the ranges in `except`.
struct CidrBlock {
  std::string cidr{};
  std::vector<std::string> except{};

  bool operator==(CidrBlock const&) const = default;
};

template <>
struct descriptor<CidrBlock> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.CidrBlock";
  template <class M = CidrBlock>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "cidr", &M::cidr), field(2, "except", &M::except));
  }
};

/// The ports from `port` to `end_port` of one protocol; one port when `end_port` is 0.
struct PortRange {
  std::string protocol{};
  std::int32_t port{};
  std::int32_t end_port{};

  bool operator==(PortRange const&) const = default;
};

template <>
struct descriptor<PortRange> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.PortRange";
  template <class M = PortRange>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "protocol", &M::protocol),
                 field(2, "port", &M::port),
                 field(3, "end_port", "endPort", &M::end_port));
  }
};

/// Permission for one kind of source to connect.
struct IngressRule {
  std::variant<std::monostate, CidrBlock, TenantScope, bool> source{};
  std::vector<PortRange> ports{};

  bool operator==(IngressRule const&) const = default;
};

template <>
struct descriptor<IngressRule> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.IngressRule";
  template <class M = IngressRule>
  static constexpr auto fields(auto&& visit) {
    return visit(oneof_field<1>(1, "cidr", &M::source),
                 oneof_field<2>(2, "tenant", &M::source),
                 oneof_field<3>(3, "any", &M::source),
                 field(4, "ports", &M::ports));
  }
};

/// Pods chosen by their labels and those of their namespaces.
struct SelectorBlock {
  string_map pod_labels{};
  string_map namespace_labels{};

  bool operator==(SelectorBlock const&) const = default;
};

template <>
struct descriptor<SelectorBlock> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.SelectorBlock";
  template <class M = SelectorBlock>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "pod_labels", "podLabels", &M::pod_labels),
                 field(2, "namespace_labels", "namespaceLabels", &M::namespace_labels));
  }
};

/// Permission to connect to one kind of destination.
struct EgressRule {
  std::variant<std::monostate, CidrBlock, std::string, TenantScope, bool, SelectorBlock>
      destination{};
  std::vector<PortRange> ports{};

  bool operator==(EgressRule const&) const = default;
};

template <>
struct descriptor<EgressRule> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.EgressRule";
  template <class M = EgressRule>
  static constexpr auto fields(auto&& visit) {
    return visit(oneof_field<1>(1, "cidr", &M::destination),
                 oneof_field<2>(2, "dns_name", "dnsName", &M::destination),
                 oneof_field<3>(3, "tenant", &M::destination),
                 oneof_field<4>(4, "any", &M::destination),
                 oneof_field<5>(6, "selector", &M::destination),
                 field(5, "ports", &M::ports));
  }
};

/// Which connections a sandbox may take and make.
struct NetworkOptions {
  std::vector<IngressRule> ingress{};
  std::vector<EgressRule> egress{};
  std::optional<bool> deny_egress{};
  std::optional<bool> deny_ingress{};

  bool operator==(NetworkOptions const&) const = default;
};

template <>
struct descriptor<NetworkOptions> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.NetworkOptions";
  template <class M = NetworkOptions>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "ingress", &M::ingress),
                 field(2, "egress", &M::egress),
                 field(3, "deny_egress", "denyEgress", &M::deny_egress),
                 field(4, "deny_ingress", "denyIngress", &M::deny_ingress));
  }
};

/// The public endpoint that a service asks for.
struct EndpointSpec {
  EndpointKind kind{};
  EndpointAuth auth{};

  bool operator==(EndpointSpec const&) const = default;
};

template <>
struct descriptor<EndpointSpec> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.EndpointSpec";
  template <class M = EndpointSpec>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "kind", &M::kind), field(2, "auth", &M::auth));
  }
};

/// A port of a sandbox that others may reach.
struct Service {
  std::int32_t port{};
  std::string name{};
  ServiceProtocol protocol{};
  Visibility visibility{};
  std::optional<EndpointSpec> endpoint{};

  bool operator==(Service const&) const = default;
};

template <>
struct descriptor<Service> {
  static constexpr std::string_view name = "coreweave.sandbox.v1.Service";
  template <class M = Service>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "port", &M::port),
                 field(2, "name", &M::name),
                 field(3, "protocol", &M::protocol),
                 field(4, "visibility", &M::visibility),
                 field(5, "endpoint", &M::endpoint));
  }
};

}  // namespace cwsandbox::inline v1::wire

#endif

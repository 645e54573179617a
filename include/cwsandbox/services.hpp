// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SERVICES_HPP
#define CWSANDBOX_SERVICES_HPP

#include <cwsandbox/detail/enum_text.hpp>
#include <cwsandbox/detail/storage.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

namespace cwsandbox::inline v1 {

/// Who may reach a service. The underscores keep clear of the C++ keywords.
enum class ServiceVisibility : std::uint8_t { unspecified, public_, private_, custom };
enum class ServiceProtocol : std::uint8_t { unspecified, tcp, udp, sctp };
enum class EndpointKind : std::uint8_t { https };
enum class EndpointAuth : std::uint8_t { open };

template <>
struct detail::enum_texts<ServiceVisibility> {
  static constexpr std::array<detail::enum_entry<ServiceVisibility>, 4> entries{{
      {ServiceVisibility::unspecified, "unspecified"},
      {ServiceVisibility::public_, "public"},
      {ServiceVisibility::private_, "private"},
      {ServiceVisibility::custom, "custom"},
  }};
};
template <>
struct detail::enum_texts<ServiceProtocol> {
  static constexpr std::array<detail::enum_entry<ServiceProtocol>, 4> entries{{
      {ServiceProtocol::unspecified, "unspecified"},
      {ServiceProtocol::tcp, "tcp"},
      {ServiceProtocol::udp, "udp"},
      {ServiceProtocol::sctp, "sctp"},
  }};
};
template <>
struct detail::enum_texts<EndpointKind> {
  static constexpr std::array<detail::enum_entry<EndpointKind>, 1> entries{
      {{EndpointKind::https, "https"}}};
};
template <>
struct detail::enum_texts<EndpointAuth> {
  static constexpr std::array<detail::enum_entry<EndpointAuth>, 1> entries{
      {{EndpointAuth::open, "open"}}};
};

/// A public address in front of a service. Both members are required.
struct Endpoint {
  std::optional<EndpointKind> kind = {};
  std::optional<EndpointAuth> auth = {};

  friend bool operator==(Endpoint const&, Endpoint const&) = default;
};

/// A port that the sandbox publishes. With an endpoint the visibility must be public and the
/// protocol unset or tcp. (contract: options 2.4)
template <class Storage>
struct basic_service {
  int port = 0;  ///< required, 1 to 65535
  detail::optional_text_of<Storage> name = {};
  std::optional<ServiceProtocol> protocol = {};
  std::optional<ServiceVisibility> visibility = {};
  std::optional<Endpoint> endpoint = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_service<Other>() const {
    return detail::convert<basic_service<Other>>(*this);
  }
  friend bool operator==(basic_service const&, basic_service const&) = default;
};

template <class S>
struct detail::members_of<basic_service<S>> {
  static constexpr auto list() {
    using T = basic_service<S>;
    return std::tuple{&T::port, &T::name, &T::protocol, &T::visibility, &T::endpoint};
  }
  static constexpr std::array<std::string_view, 5> names{"port", "name", "protocol", "visibility",
                                                         "endpoint"};
};

using Service = basic_service<literal>;

static_assert(std::is_trivially_destructible_v<Service>);

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_VISIBILITY_HPP
#define CWSANDBOX_DETAIL_VISIBILITY_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/services.hpp>
#include <cwsandbox/wire/messages.hpp>

namespace cwsandbox::inline v1::detail {

[[nodiscard]] inline ServiceVisibility to_visibility(wire::Visibility visibility) noexcept {
  switch (visibility) {
    case wire::Visibility::public_:
      return ServiceVisibility::public_;
    case wire::Visibility::private_:
      return ServiceVisibility::private_;
    case wire::Visibility::custom:
      return ServiceVisibility::custom;
    case wire::Visibility::unspecified:
      break;
  }
  return ServiceVisibility::unspecified;
}

[[nodiscard]] inline wire::Visibility to_wire(ServiceVisibility visibility) noexcept {
  switch (visibility) {
    case ServiceVisibility::public_:
      return wire::Visibility::public_;
    case ServiceVisibility::private_:
      return wire::Visibility::private_;
    case ServiceVisibility::custom:
      return wire::Visibility::custom;
    case ServiceVisibility::unspecified:
      break;
  }
  return wire::Visibility::unspecified;
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_TLS_VERIFICATION_HPP
#define CWSANDBOX_NET_TLS_VERIFICATION_HPP

#include <cwsandbox/config.hpp>

#include <cstdint>

namespace cwsandbox::inline v1 {

/// How the certificate of a service is checked.
enum class tls_verification : std::uint8_t {
  /// It must be valid, signed by a trusted authority, and made for the host's name.
  full,
  /// Nothing is checked: anybody on the way can read and change everything. For experiments only.
  none,
};

}  // namespace cwsandbox::inline v1

#endif

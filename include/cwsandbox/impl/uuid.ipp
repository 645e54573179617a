// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_UUID_IPP
#define CWSANDBOX_IMPL_UUID_IPP

#include <cwsandbox/detail/uuid.hpp>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <random>
#include <string_view>

namespace cwsandbox::inline v1::detail {

inline std::array<unsigned char, 16> random_uuid_bytes() {
  std::array<unsigned char, 16> bytes{};
  ssize_t got = 0;
  do {
    got = ::getrandom(bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(bytes.size())) {
    // a sandbox profile may forbid the system call; the device is the same source
    std::random_device device;
    for (auto& byte : bytes) byte = static_cast<unsigned char>(device() & 0xffU);
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);  // version 4
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);  // variant of RFC 4122
  return bytes;
}

CWSANDBOX_DECL std::string make_uuid_hex() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (auto const byte : random_uuid_bytes()) {
    text += digits[byte >> 4U];
    text += digits[byte & 0x0fU];
  }
  return text;
}

CWSANDBOX_DECL std::string make_uuid() {
  auto text = make_uuid_hex();
  for (std::size_t const at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace cwsandbox::inline v1::detail

#endif

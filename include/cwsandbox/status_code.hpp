// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_STATUS_CODE_HPP
#define CWSANDBOX_STATUS_CODE_HPP

#include <cwsandbox/config.hpp>

#include <string_view>

namespace cwsandbox::inline v1 {

/// The canonical status codes of gRPC, which every transport reports its failures with.
enum class status_code : unsigned char {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// The code's name as gRPC writes it (`NOT_FOUND`).
[[nodiscard]] constexpr std::string_view to_string(status_code code) noexcept {
  constexpr std::string_view names[] = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  auto const index = static_cast<unsigned>(code);
  return index < std::size(names) ? names[index] : std::string_view{"UNKNOWN"};
}

}  // namespace cwsandbox::inline v1

#endif

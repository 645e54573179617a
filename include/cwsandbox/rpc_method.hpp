// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_RPC_METHOD_HPP
#define CWSANDBOX_RPC_METHOD_HPP

/// \file
/// The calls of a transport by name: what decorators count, report and disturb.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/transport_calls.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string_view>

namespace cwsandbox::inline v1 {

/// One of the calls that a transport can make.
enum class rpc_method : std::uint8_t {
#define CWSANDBOX_DETAIL_NAME(Name, Rpc) Name,
  CWSANDBOX_DETAIL_ALL_CALLS(CWSANDBOX_DETAIL_NAME)
#undef CWSANDBOX_DETAIL_NAME
};

/// The method's name in the service, e.g. `CreateSandbox`.
[[nodiscard]] constexpr std::string_view to_string(rpc_method method) noexcept {
  switch (method) {
#define CWSANDBOX_DETAIL_NAME(Name, Rpc) \
  case rpc_method::Name:                 \
    return wire::rpc::Rpc::name;
    CWSANDBOX_DETAIL_ALL_CALLS(CWSANDBOX_DETAIL_NAME)
#undef CWSANDBOX_DETAIL_NAME
  }
  return "UNKNOWN";
}

inline std::ostream& operator<<(std::ostream& os, rpc_method method) {
  return os << to_string(method);
}

/// Some of the calls: `{rpc_method::exec, rpc_method::read_file}`, a single one, or one of the constants below. A
/// literal type.
class rpc_methods {
 public:
  constexpr rpc_methods() noexcept = default;
  template <std::same_as<rpc_method>... More>
  constexpr rpc_methods(rpc_method first, More... more) noexcept
      : bits_{(bit(first) | ... | bit(more))} {}

  [[nodiscard]] constexpr bool contains(rpc_method method) const noexcept {
    return (bits_ & bit(method)) != 0;
  }
  [[nodiscard]] constexpr bool is_empty() const noexcept { return bits_ == 0; }
  /// What is in either.
  friend constexpr rpc_methods operator|(rpc_methods a, rpc_methods b) noexcept {
    a.bits_ |= b.bits_;
    return a;
  }
  friend constexpr bool operator==(rpc_methods, rpc_methods) = default;

 private:
  [[nodiscard]] static constexpr std::uint64_t bit(rpc_method method) noexcept {
    static_assert(static_cast<unsigned>(rpc_method::stream_logs) < 64);
    return std::uint64_t{1} << static_cast<unsigned>(method);
  }
  std::uint64_t bits_{};
};

/// The calls that are streams.
inline constexpr rpc_methods stream_methods{rpc_method::stream_exec, rpc_method::stream_logs};
/// The calls with one answer.
inline constexpr rpc_methods unary_methods = [] {
  rpc_methods methods{};
#define CWSANDBOX_DETAIL_NAME(Name, Rpc) methods = methods | rpc_methods{rpc_method::Name};
  CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_NAME)
  CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_NAME)
  CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_NAME)
#undef CWSANDBOX_DETAIL_NAME
  return methods;
}();
inline constexpr rpc_methods all_methods = unary_methods | stream_methods;

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TRANSPORT_TRAITS_HPP
#define CWSANDBOX_DETAIL_TRANSPORT_TRAITS_HPP

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/transport.hpp>

#include <concepts>
#include <memory>

namespace cwsandbox::inline v1::detail {

/// A transport with a time of its own.
template <class T>
concept has_time_source = requires(T const& t) {
  { t.get_time_source() } -> std::convertible_to<std::shared_ptr<time_source>>;
};

/// The time source of a transport: its own, if it brings one.
template <class T>
[[nodiscard]] std::shared_ptr<time_source> time_source_of(T const& t) {
  if constexpr (has_time_source<T>)
    return t.get_time_source();
  else
    return system_time_source();
}

/// What a transport can do. One that stands for another says it at run time.
template <class T>
[[nodiscard]] transport_capabilities abilities_of(T const& next) noexcept {
  if constexpr (requires {
                  { next.held() } -> std::same_as<transport_capabilities>;
                })
    return next.held();
  else
    return T::capabilities;
}

/// Live output, input and terminals need exec streams. The name is what the compiler says when they are missing.
template <class T>
concept has_exec_streams_like_grpc_or_local_transport = T::capabilities.exec_stream;

/// Logs need log streams. The name is what the compiler says when they are missing.
template <class T>
concept has_log_streams_like_grpc_or_local_transport = T::capabilities.log_stream;

}  // namespace cwsandbox::inline v1::detail

#endif

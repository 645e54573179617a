// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UNARY_CALLS_HPP
#define CWSANDBOX_DETAIL_UNARY_CALLS_HPP

/// \file
/// What transports that stand before another transport share: one function template for all unary calls.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/transport_calls.hpp>
#include <cwsandbox/detail/transport_traits.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/rpc_method.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/awaitable.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// How one call is made on any transport.
template <rpc_method Method>
struct transport_call;

#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                              \
  template <>                                                                         \
  struct transport_call<rpc_method::Name> {                                           \
    static constexpr rpc_method method = rpc_method::Name;                            \
    using rpc = wire::rpc::Rpc;                                                       \
    using request = wire::rpc::Rpc::request;                                          \
    using response = wire::rpc::Rpc::response;                                        \
    template <class T>                                                                \
    [[nodiscard]] static asio::awaitable<outcome<response>> send(T& next, request r,  \
                                                                 call_options o) {    \
      return next.Name(std::move(r), o);                                              \
    }                                                                                 \
  };
CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

template <>
struct transport_call<rpc_method::stream_exec> {
  static constexpr rpc_method method = rpc_method::stream_exec;
  using request = wire::ExecStreamInit;
  template <class T>
  using stream = typename T::exec_stream;
  template <class T>
  [[nodiscard]] static asio::awaitable<outcome<stream<T>>> send(T& next, request r,
                                                                call_options o) {
    return next.stream_exec(std::move(r), o);
  }
};

template <>
struct transport_call<rpc_method::stream_logs> {
  static constexpr rpc_method method = rpc_method::stream_logs;
  using request = wire::StreamLogsRequest;
  template <class T>
  using stream = typename T::log_stream;
  template <class T>
  [[nodiscard]] static asio::awaitable<outcome<stream<T>>> send(T& next, request r,
                                                                call_options o) {
    return next.stream_logs(std::move(r), o);
  }
};

template <class T, rpc_method Method>
inline constexpr bool can_call_v = false;
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                     \
  template <class T>                                                                         \
  inline constexpr bool can_call_v<T, rpc_method::Name> =                                    \
      requires(T const& t, wire::rpc::Rpc::request request, call_options options) {          \
        t.Name(std::move(request), options);                                                 \
      };
CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

/// A transport that has this unary call.
template <class T, rpc_method Method>
concept can_call = can_call_v<T, Method>;

/// Gives `Derived` the calls that a transport may have, made by its `call<transport_call<method>>(request, options)`
/// where its `can_make<method>` says so. A call that nobody makes costs nobody compile time.
template <class Derived>
class optional_calls {
 public:
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                  \
  [[nodiscard]] asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(                  \
      wire::rpc::Rpc::request request, call_options options) const                        \
    requires(Derived::template can_make<rpc_method::Name>)                                \
  {                                                                                       \
    return static_cast<Derived const&>(*this)                                             \
        .template call<transport_call<rpc_method::Name>>(std::move(request), options);    \
  }
  CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
  CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

 private:
  friend Derived;
  optional_calls() = default;
};

/// Gives `Derived` the unary calls of a transport, all made by its `call<transport_call<method>>(request, options)`.
template <class Derived>
class unary_calls {
 public:
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                  \
  [[nodiscard]] asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(                  \
      wire::rpc::Rpc::request request, call_options options) const {                      \
    return static_cast<Derived const&>(*this)                                             \
        .template call<transport_call<rpc_method::Name>>(std::move(request), options);    \
  }
  CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

 private:
  friend Derived;
  unary_calls() = default;
};

}  // namespace cwsandbox::inline v1::detail

#endif

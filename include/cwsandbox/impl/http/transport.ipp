// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_TRANSPORT_IPP
#define CWSANDBOX_IMPL_HTTP_TRANSPORT_IPP

#include <cwsandbox/transport/http.hpp>

#include <cwsandbox/runtime.hpp>
#include <cwsandbox/transport/http/pool.hpp>
#include <cwsandbox/wire/http_rule.hpp>
#include <cwsandbox/wire/json.hpp>

#include <string>
#include <utility>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1 {

namespace detail::http {

template <class Method>
[[nodiscard]] asio::awaitable<outcome<typename Method::response>> unary(
    std::shared_ptr<pool> to, typename Method::request request, call_options options) {
  auto parts = wire::make_http_request<Method>(request);
  if (!parts) co_return parts.error();
  auto answer = co_await to->unary(*std::move(parts), options);
  if (!answer) co_return answer.error();
  wire::json_limits limits{};
  limits.max_bytes = to->max_message_bytes();
  wire::json_reader reader{limits};
  co_return reader.template read_in_place<typename Method::response>(*answer);
}

}  // namespace detail::http

CWSANDBOX_DECL http_transport::http_transport() : http_transport(http_options{}) {}
CWSANDBOX_DECL http_transport::http_transport(asio::any_io_executor executor)
    : http_transport(http_options{}, std::move(executor)) {}
CWSANDBOX_DECL http_transport::http_transport(http_options options)
    : http_transport(std::move(options), background_executor()) {}
CWSANDBOX_DECL http_transport::http_transport(http_options options, asio::any_io_executor executor)
    : pool_{std::make_shared<detail::http::pool>(std::move(options), std::move(executor))} {}

CWSANDBOX_DECL asio::any_io_executor http_transport::get_executor() const noexcept {
  return pool_->get_executor();
}

#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                      \
  CWSANDBOX_DECL asio::awaitable<outcome<wire::rpc::Rpc::response>> http_transport::Name(     \
      wire::rpc::Rpc::request request, call_options options) const {                          \
    return detail::http::unary<wire::rpc::Rpc>(pool_, std::move(request), options);           \
  }
CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

template <class Call>
asio::awaitable<outcome<typename Call::response>> http_transport::call(
    typename Call::request request, call_options options) const {
  return detail::http::unary<typename Call::rpc>(pool_, std::move(request), options);
}
#if !defined(CWSANDBOX_HEADER_ONLY)
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                     \
  template asio::awaitable<outcome<wire::rpc::Rpc::response>>                                \
  http_transport::call<detail::transport_call<rpc_method::Name>>(wire::rpc::Rpc::request, \
                                                                         call_options) const;
CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL
#endif

}  // namespace cwsandbox::inline v1

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

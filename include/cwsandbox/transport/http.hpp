// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_HPP
#define CWSANDBOX_TRANSPORT_HTTP_HPP

/// \file
/// The sandbox service over HTTP/1.1 with JSON, by its REST bindings. Needs simdjson and OpenSSL.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/fwd.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <cwsandbox/transport/http/options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <memory>

namespace cwsandbox::inline v1 {

namespace detail::http {
class pool;
}  // namespace detail::http

/// The sandbox service over HTTP/1.1 with JSON, for places where HTTP/2 or gRPC does not pass: behind proxies and
/// gateways, on small devices.
///
/// REST has no streams. Commands run to their end before anything of them is seen, without input; what needs a stream
/// (a shell, logs, live output) does not compile on this transport, and works on `grpc_transport`. A file beyond the
/// service's limit for one message is an error.
///
/// A copyable handle on one pool of connections, each of which carries one call at a time and is kept for the next.
/// Cancelling a call closes its connection. Failures are reported as on `grpc_transport`: one to reach the service is
/// UNAVAILABLE and says what failed. Redirections are not followed, and credentials go to the base URL alone.
///
/// Calls are never repeated, with two exceptions. When an idle connection turns out to be dead before anything of an
/// answer has come, a call that may be sent twice (GET, DELETE), or of which nothing was sent, goes out on another one.
/// And a call whose credentials were refused goes out once more when they have been replaced since (see
/// `auth_provider`).
///
/// All members may be called from any thread; awaitables complete on the executor of the coroutine that awaits them. An
/// open connection counts as work of the executor: an `io_context` on which a transport runs returns from `run()` when
/// the transport is gone or `http_options::idle_timeout` has passed. Names are resolved by asio, on a thread of its own;
/// addresses need none. (contract: streams 6, lifecycle 8)
class http_transport : public detail::optional_calls<http_transport> {
 public:
  static constexpr transport_capabilities capabilities{"http", false, false};

  /// The service that the environment names, on the library's background thread.
  CWSANDBOX_DECL http_transport();
  /// The same on an executor of the program's; it makes no thread.
  CWSANDBOX_DECL explicit http_transport(asio::any_io_executor executor);
  CWSANDBOX_DECL explicit http_transport(http_options options);
  CWSANDBOX_DECL http_transport(http_options options, asio::any_io_executor executor);

  [[nodiscard]] CWSANDBOX_DECL asio::any_io_executor get_executor() const noexcept;

#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                       \
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(        \
      wire::rpc::Rpc::request request, call_options options) const;
  CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

 private:
  friend detail::optional_calls<http_transport>;
  template <rpc_method Method>
  static constexpr bool can_make = true;
  // compiled where it is used, or once for all in the library's own source file
  template <class Call>
  [[nodiscard]] asio::awaitable<outcome<typename Call::response>> call(
      typename Call::request request, call_options options) const;

  std::shared_ptr<detail::http::pool> pool_;
};

static_assert(transport<http_transport>);
static_assert(detail::can_call<http_transport, rpc_method::create_volume>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http/transport.ipp>
#endif

#endif

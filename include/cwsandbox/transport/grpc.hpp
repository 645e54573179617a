// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_GRPC_HPP
#define CWSANDBOX_TRANSPORT_GRPC_HPP

/// \file
/// The sandbox service over gRPC. Needs nghttp2, protozero and OpenSSL.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/fwd.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <cwsandbox/transport/grpc/options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1 {

namespace detail::grpc {
class call;
class channel;
}  // namespace detail::grpc

/// The sandbox service over gRPC: HTTP/2 with TLS, or in the clear for `http://` URLs.
///
/// A copyable handle on one channel. The first call opens a connection, which carries all calls; a connection that was
/// lost, went away or was idle is replaced by the next call, with growing pauses while that fails. When the last handle
/// and the last stream are gone the connection is closed.
///
/// A failure to reach the service is UNAVAILABLE and says what failed: the name, the connection, the certificate, the
/// protocol. Calls are never repeated, with two exceptions in which the service cannot have acted on them: it said that
/// it did not look at the call (REFUSED_STREAM, or a GOAWAY that leaves it out), or it refused credentials that have
/// been replaced since (see `auth_provider`; unary calls only).
///
/// All members may be called from any thread; awaitables complete on the executor of the coroutine that awaits them. An
/// open connection counts as work of the executor: an `io_context` on which a transport runs returns from `run()` when
/// the transport is gone or `grpc_options::idle_timeout` has passed. Names are resolved by asio, on a thread of its own;
/// addresses need none. (contract: lifecycle 8)
class grpc_transport : public detail::optional_calls<grpc_transport> {
 public:
  static constexpr transport_capabilities capabilities{"grpc", true, true};

  /// A running command. See `exec_stream_handle`; not thread-safe. Destroying it resets the stream, and the service kills
  /// the command. Unread output beyond a few megabytes stops the service from sending; a `write` waits while much is
  /// unsent.
  class exec_stream {
   public:
    exec_stream(exec_stream&&) noexcept = default;
    CWSANDBOX_DECL exec_stream& operator=(exec_stream&& other) noexcept;
    CWSANDBOX_DECL ~exec_stream();

    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>
    read();
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> write(std::string_view bytes);
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> resize(std::uint32_t columns,
                                                                       std::uint32_t rows);
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> close_input();
    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> half_close();
    CWSANDBOX_DECL void cancel() noexcept;

   private:
    friend class grpc_transport;
    exec_stream(std::shared_ptr<detail::grpc::channel> channel,
                std::shared_ptr<detail::grpc::call> call) noexcept
        : channel_{std::move(channel)}, call_{std::move(call)} {}
    std::shared_ptr<detail::grpc::channel> channel_;
    std::shared_ptr<detail::grpc::call> call_;
  };

  /// A running log stream. See `log_stream_handle`; not thread-safe.
  class log_stream {
   public:
    log_stream(log_stream&&) noexcept = default;
    CWSANDBOX_DECL log_stream& operator=(log_stream&& other) noexcept;
    CWSANDBOX_DECL ~log_stream();

    [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::LogEntry>>> read();
    CWSANDBOX_DECL void cancel() noexcept;

   private:
    friend class grpc_transport;
    log_stream(std::shared_ptr<detail::grpc::channel> channel,
               std::shared_ptr<detail::grpc::call> call) noexcept
        : channel_{std::move(channel)}, call_{std::move(call)} {}
    std::shared_ptr<detail::grpc::channel> channel_;
    std::shared_ptr<detail::grpc::call> call_;
  };

  /// The service that the environment names, on the library's background thread.
  CWSANDBOX_DECL grpc_transport();
  /// The same on an executor of the program's; it makes no thread.
  CWSANDBOX_DECL explicit grpc_transport(asio::any_io_executor executor);
  CWSANDBOX_DECL explicit grpc_transport(grpc_options options);
  CWSANDBOX_DECL grpc_transport(grpc_options options, asio::any_io_executor executor);

  [[nodiscard]] CWSANDBOX_DECL asio::any_io_executor get_executor() const noexcept;

#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                       \
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(        \
      wire::rpc::Rpc::request request, call_options options) const;
  CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<exec_stream>> stream_exec(
      wire::ExecStreamInit init, call_options options) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<log_stream>> stream_logs(
      wire::StreamLogsRequest request, call_options options) const;

 private:
  [[nodiscard]] CWSANDBOX_DECL static asio::awaitable<outcome<exec_stream>> open_exec(
      std::shared_ptr<detail::grpc::channel> channel, wire::ExecStreamInit init,
      call_options options);
  [[nodiscard]] CWSANDBOX_DECL static asio::awaitable<outcome<log_stream>> open_logs(
      std::shared_ptr<detail::grpc::channel> channel, wire::StreamLogsRequest request,
      call_options options);

  friend detail::optional_calls<grpc_transport>;
  template <rpc_method Method>
  static constexpr bool can_make = true;
  // compiled where it is used, or once for all in the library's own source file
  template <class Call>
  [[nodiscard]] asio::awaitable<outcome<typename Call::response>> call(
      typename Call::request request, call_options options) const;

  std::shared_ptr<detail::grpc::channel> channel_;
};

static_assert(transport<grpc_transport>);
static_assert(detail::can_call<grpc_transport, rpc_method::create_volume>);

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/grpc/transport.ipp>
#endif

#endif

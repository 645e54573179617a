// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HPP
#define CWSANDBOX_TRANSPORT_HPP

/// \file
/// The transport policy: anything that can make the calls of the sandbox service.
///
/// A transport knows nothing of sessions, retries, lifecycles or typed errors. It sends one request, or opens one
/// stream, and reports what came back. The rules that it keeps:
///
/// - It is a cheap copyable handle on shared state (a connection, an engine): copies talk to the same peer.
/// - Its calls may be started from any thread, many at a time. Each returned awaitable is awaited once and completes
///   on the executor of the coroutine that awaits it.
/// - A failed call is an `error` of kind `rpc` made with `rpc_error(code, message)` and filled with what the peer said
///   (reason, domain, metadata, retry delay, field violations). Any other kind passes to the user unchanged.
/// - A call ends soon after its asio cancellation slot fired (terminal cancellation); the peer is told where the
///   protocol can. Deadlines are enforced above; a transport whose protocol carries deadlines sends
///   `call_options::timeout` too.
/// - It never retries.
///
/// What a transport cannot do is said by its `capabilities`, so that calls which need it do not compile.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cwsandbox::inline v1 {

/// What every call carries beside its request.
struct call_options {
  /// Time from the start of the call until it is given up; empty for no limit.
  std::optional<std::chrono::nanoseconds> timeout{};
};

/// What a transport can do beyond the unary calls. A constant of the transport's class.
struct transport_capabilities {
  /// Shown in messages, e.g. `local`.
  std::string_view name{};
  /// `stream_exec`: live output, stdin, cancellation, terminals.
  bool exec_stream{};
  /// `stream_logs`.
  bool log_stream{};
};

/// One running StreamExec call, from the client's side. The init message was sent by the factory.
///
/// A movable handle; destroying the last one cancels the call. One `read` and one sending member may be awaited at the
/// same time, not more.
template <class S>
concept exec_stream_handle =
    std::movable<S> &&
    requires(S& stream, std::string_view bytes, std::uint32_t columns, std::uint32_t rows) {
      // The next message; empty when the peer ended the call with status OK; an error for any other status.
      {
        stream.read()
      } -> std::same_as<asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>>;
      // Sends one stdin frame. Completes when the transport can take more; the bytes are borrowed until then.
      { stream.write(bytes) } -> std::same_as<asio::awaitable<outcome<void>>>;
      // Sends one resize message.
      { stream.resize(columns, rows) } -> std::same_as<asio::awaitable<outcome<void>>>;
      // Sends the close message: end of input for the command.
      { stream.close_input() } -> std::same_as<asio::awaitable<outcome<void>>>;
      // Half-closes the call: nothing more will be sent. Not a cancellation.
      { stream.half_close() } -> std::same_as<asio::awaitable<outcome<void>>>;
      // Ends the call at once; a pending read completes. May be called more than once, and from the coroutines that
      // use the stream only.
      { stream.cancel() } noexcept;
    };

/// One running StreamLogs call.
template <class S>
concept log_stream_handle = std::movable<S> && requires(S& stream) {
  { stream.read() } -> std::same_as<asio::awaitable<outcome<std::optional<wire::LogEntry>>>>;
  { stream.cancel() } noexcept;
};

namespace detail {

template <class T>
concept unary_transport = requires(T& t, call_options options) {
  {
    t.create_sandbox(wire::CreateSandboxRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::Sandbox>>>;
  {
    t.create_sandbox_from_template(wire::CreateSandboxFromTemplateRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::Sandbox>>>;
  {
    t.get_sandbox(wire::GetSandboxRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::Sandbox>>>;
  {
    t.list_sandboxes(wire::ListSandboxesRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::ListSandboxesResponse>>>;
  {
    t.delete_sandbox(wire::DeleteSandboxRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::DeleteSandboxResponse>>>;
  {
    t.purge_sandboxes(wire::PurgeSandboxesRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::PurgeSandboxesResponse>>>;
  {
    t.exec(wire::ExecRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::ExecResponse>>>;
  {
    t.read_file(wire::ReadFileRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::ReadFileResponse>>>;
  {
    t.write_file(wire::WriteFileRequest{}, options)
  } -> std::same_as<asio::awaitable<outcome<wire::WriteFileResponse>>>;
};

template <class T>
concept exec_streaming_transport =
    exec_stream_handle<typename T::exec_stream> && requires(T& t, call_options options) {
      {
        t.stream_exec(wire::ExecStreamInit{}, options)
      } -> std::same_as<asio::awaitable<outcome<typename T::exec_stream>>>;
    };

template <class T>
concept log_streaming_transport =
    log_stream_handle<typename T::log_stream> && requires(T& t, call_options options) {
      {
        t.stream_logs(wire::StreamLogsRequest{}, options)
      } -> std::same_as<asio::awaitable<outcome<typename T::log_stream>>>;
    };

}  // namespace detail

/// A transport: see the top of this file for what it promises.
///
/// With `capabilities.exec_stream` it also has a type `exec_stream` (an `exec_stream_handle`) and
/// `stream_exec(wire::ExecStreamInit, call_options)`; with `capabilities.log_stream` a type `log_stream` and
/// `stream_logs(wire::StreamLogsRequest, call_options)`. All requests are passed by value: the awaitable owns them.
template <class T>
concept transport =
    std::copyable<T> &&
    requires(T const& t) {
      { T::capabilities } -> std::convertible_to<transport_capabilities>;
      // Where sessions on this transport run unless they are given an executor of their own.
      { t.get_executor() } -> std::convertible_to<asio::any_io_executor>;
    } &&
    detail::unary_transport<T> &&
    (!T::capabilities.exec_stream || detail::exec_streaming_transport<T>) &&
    (!T::capabilities.log_stream || detail::log_streaming_transport<T>);

}  // namespace cwsandbox::inline v1

#endif

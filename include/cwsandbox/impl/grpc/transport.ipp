// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_GRPC_TRANSPORT_IPP
#define CWSANDBOX_IMPL_GRPC_TRANSPORT_IPP

#include <cwsandbox/transport/grpc.hpp>

#include <cwsandbox/runtime.hpp>
#include <cwsandbox/transport/grpc/call.hpp>
#include <cwsandbox/transport/grpc/channel.hpp>
#include <cwsandbox/transport/grpc/protocol.hpp>
#include <cwsandbox/wire/methods.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include <protozero/pbf_writer.hpp>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1 {

namespace detail::grpc {

/// A message with its prefix.
template <class Message>
[[nodiscard]] std::string framed(Message const& message) {
  auto const size = wire::encoded_size(message);
  std::string result;
  result.reserve(prefix_bytes + size);
  append_prefix(result, size);
  wire::encode_append(message, result);
  return result;
}

/// The field that makes messages large, if there is one.
template <class Message>
struct content_of {
  static constexpr std::span<std::uint32_t const> path{};
};
template <>
struct content_of<wire::ReadFileResponse> {
  static constexpr std::array<std::uint32_t, 1> path{1};
  static void put(wire::ReadFileResponse& into, std::string content) {
    into.content = std::move(content);
  }
};
template <>
struct content_of<wire::ExecStreamResponse> {
  static constexpr std::array<std::uint32_t, 2> path{2, 2};
  static void put(wire::ExecStreamResponse& into, std::string content) {
    if (auto* const output = std::get_if<wire::ExecStreamOutput>(&into.message))
      output->data = std::move(content);
  }
};

template <class Method>
[[nodiscard]] method method_of() {
  return {Method::path, content_of<typename Method::response>::path};
}

template <class Message>
[[nodiscard]] outcome<Message> decoded(incoming received, std::size_t max_bytes) {
  wire::protobuf_limits limits{};
  limits.max_bytes = max_bytes;
  auto message = wire::decode<Message>(std::move(received.message), limits);
  if constexpr (!content_of<Message>::path.empty()) {
    if (message && !received.content.empty())
      content_of<Message>::put(*message, std::move(received.content));
  }
  return message;
}

template <class Method>
[[nodiscard]] asio::awaitable<outcome<typename Method::response>> unary(
    std::shared_ptr<channel> to, typename Method::request request, call_options options) {
  auto message = framed(request);
  auto answer = co_await to->unary(method_of<Method>(), std::move(message), options);
  if (!answer) co_return answer.error();
  co_return decoded<typename Method::response>(*std::move(answer), to->max_message_bytes());
}

template <class Message>
[[nodiscard]] asio::awaitable<outcome<std::optional<Message>>> next(std::shared_ptr<channel> from,
                                                                    std::shared_ptr<call> stream) {
  auto bytes = co_await stream->read();
  if (!bytes) co_return bytes.error();
  if (!*bytes) co_return std::optional<Message>{};
  auto message = decoded<Message>(**std::move(bytes), from->max_message_bytes());
  if (!message) co_return message.error();
  co_return std::optional<Message>{*std::move(message)};
}

}  // namespace detail::grpc

CWSANDBOX_DECL grpc_transport::exec_stream& grpc_transport::exec_stream::operator=(
    exec_stream&& other) noexcept {
  if (this != &other) {
    cancel();
    call_ = std::move(other.call_);
    channel_ = std::move(other.channel_);
  }
  return *this;
}
CWSANDBOX_DECL grpc_transport::exec_stream::~exec_stream() { cancel(); }
CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>
grpc_transport::exec_stream::read() {
  return detail::grpc::next<wire::ExecStreamResponse>(channel_, call_);
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> grpc_transport::exec_stream::write(
    std::string_view bytes) {
  // The field's key and length alone, so that the bytes are copied only once.
  constexpr std::uint32_t stdin_key = 2U << 3 | 2U;
  std::string head;
  protozero::add_varint_to_buffer(&head, stdin_key);
  protozero::add_varint_to_buffer(&head, bytes.size());
  return call_->send(std::move(head), bytes);
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> grpc_transport::exec_stream::resize(
    std::uint32_t columns, std::uint32_t rows) {
  wire::ExecStreamRequest request{};
  request.message = wire::ExecStreamResize{columns, rows};
  return call_->send(wire::encode(request), {});
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> grpc_transport::exec_stream::close_input() {
  wire::ExecStreamRequest request{};
  request.message = wire::ExecStreamClose{};
  return call_->send(wire::encode(request), {});
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> grpc_transport::exec_stream::half_close() {
  call_->half_close();
  co_return outcome<void>{};
}
CWSANDBOX_DECL void grpc_transport::exec_stream::cancel() noexcept {
  if (call_) call_->cancel();
}

CWSANDBOX_DECL grpc_transport::log_stream& grpc_transport::log_stream::operator=(
    log_stream&& other) noexcept {
  if (this != &other) {
    cancel();
    call_ = std::move(other.call_);
    channel_ = std::move(other.channel_);
  }
  return *this;
}
CWSANDBOX_DECL grpc_transport::log_stream::~log_stream() { cancel(); }
CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::LogEntry>>>
grpc_transport::log_stream::read() {
  return detail::grpc::next<wire::LogEntry>(channel_, call_);
}
CWSANDBOX_DECL void grpc_transport::log_stream::cancel() noexcept {
  if (call_) call_->cancel();
}

CWSANDBOX_DECL grpc_transport::grpc_transport() : grpc_transport(grpc_options{}) {}
CWSANDBOX_DECL grpc_transport::grpc_transport(asio::any_io_executor executor)
    : grpc_transport(grpc_options{}, std::move(executor)) {}
CWSANDBOX_DECL grpc_transport::grpc_transport(grpc_options options)
    : grpc_transport(std::move(options), background_executor()) {}
CWSANDBOX_DECL grpc_transport::grpc_transport(grpc_options options, asio::any_io_executor executor)
    : channel_{
          std::make_shared<detail::grpc::channel>(std::move(options), std::move(executor))} {}

CWSANDBOX_DECL asio::any_io_executor grpc_transport::get_executor() const noexcept {
  return channel_->get_executor();
}

#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                      \
  CWSANDBOX_DECL asio::awaitable<outcome<wire::rpc::Rpc::response>> grpc_transport::Name(     \
      wire::rpc::Rpc::request request, call_options options) const {                          \
    return detail::grpc::unary<wire::rpc::Rpc>(channel_, std::move(request), options);        \
  }
CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

template <class Call>
asio::awaitable<outcome<typename Call::response>> grpc_transport::call(
    typename Call::request request, call_options options) const {
  return detail::grpc::unary<typename Call::rpc>(channel_, std::move(request), options);
}
#if !defined(CWSANDBOX_HEADER_ONLY)
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                     \
  template asio::awaitable<outcome<wire::rpc::Rpc::response>>                                \
  grpc_transport::call<detail::transport_call<rpc_method::Name>>(wire::rpc::Rpc::request, \
                                                                         call_options) const;
CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
CWSANDBOX_DETAIL_ADMIN_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL
#endif

CWSANDBOX_DECL asio::awaitable<outcome<grpc_transport::exec_stream>> grpc_transport::open_exec(
    std::shared_ptr<detail::grpc::channel> channel, wire::ExecStreamInit init,
    call_options options) {
  wire::ExecStreamRequest request{};
  request.message = std::move(init);
  auto message = detail::grpc::framed(request);
  auto opened = co_await channel->open_stream(detail::grpc::method_of<wire::rpc::StreamExec>(),
                                              std::move(message), options, false);
  if (!opened) co_return opened.error();
  co_return exec_stream{std::move(channel), *std::move(opened)};
}
CWSANDBOX_DECL asio::awaitable<outcome<grpc_transport::exec_stream>> grpc_transport::stream_exec(
    wire::ExecStreamInit init, call_options options) const {
  return open_exec(channel_, std::move(init), options);
}

CWSANDBOX_DECL asio::awaitable<outcome<grpc_transport::log_stream>> grpc_transport::open_logs(
    std::shared_ptr<detail::grpc::channel> channel, wire::StreamLogsRequest request,
    call_options options) {
  auto message = detail::grpc::framed(request);
  auto opened = co_await channel->open_stream(detail::grpc::method_of<wire::rpc::StreamLogs>(),
                                              std::move(message), options, true);
  if (!opened) co_return opened.error();
  co_return log_stream{std::move(channel), *std::move(opened)};
}
CWSANDBOX_DECL asio::awaitable<outcome<grpc_transport::log_stream>> grpc_transport::stream_logs(
    wire::StreamLogsRequest request, call_options options) const {
  return open_logs(channel_, std::move(request), options);
}

}  // namespace cwsandbox::inline v1

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

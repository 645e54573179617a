// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_INTEROP_CLIENT_HPP
#define CWSANDBOX_TESTS_INTEROP_CLIENT_HPP

// A gRPC transport on a thread of its own, called from the thread of a test.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/transport/grpc.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace interop {

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::status_code;

class client {
 public:
  using transport = cw::grpc_transport;

  explicit client(cw::grpc_options options)
      : transport_{std::in_place, std::move(options), io_.get_executor()} {}
  client(client const&) = delete;
  client& operator=(client const&) = delete;
  // The thread ends when nothing is left to do: a connection or a timer that leaks is a test that hangs.
  ~client() { finish(); }

  void finish() {
    transport_.reset();
    work_.reset();
    if (!thread_.joinable()) return;
    if (ended_.get_future().wait_for(30s) != std::future_status::ready) {
      WARN("work is left on the executor after the transport has gone");
      std::abort();
    }
    thread_.join();
  }

  [[nodiscard]] transport& operator*() noexcept { return *transport_; }
  [[nodiscard]] asio::io_context& context() noexcept { return io_; }

  // Runs a coroutine to its end.
  template <class T>
  T run(asio::awaitable<T> work, std::chrono::seconds limit = 30s) {
    auto done = asio::co_spawn(io_, std::move(work), asio::use_future);
    if (done.wait_for(limit) != std::future_status::ready) {
      WARN("a call hangs");
      std::abort();
    }
    return done.get();
  }

  // A unary call as the layer above makes it: with a limit that holds whatever the peer does.
  template <class Request, class Response, class Self>
  cw::outcome<Response> call(
      asio::awaitable<cw::outcome<Response>> (Self::*member)(Request, cw::call_options) const,
      std::type_identity_t<Request> request, std::chrono::milliseconds timeout = 10s) {
    cw::call_options options{};
    options.timeout = timeout;
    cw::detail::task_context context{io_.get_executor(), cw::system_time_source()};
    return run(cw::detail::bounded(context, (*transport_.*member)(std::move(request), options),
                                   std::optional<std::chrono::nanoseconds>{timeout},
                                   std::shared_ptr<void>{}));
  }
  cw::outcome<wire::Sandbox> get(std::string id, std::chrono::milliseconds timeout = 10s) {
    wire::GetSandboxRequest request{};
    request.sandbox_id = std::move(id);
    return call(&transport::get_sandbox, std::move(request), timeout);
  }

 private:
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{
      asio::make_work_guard(io_)};
  std::optional<transport> transport_;
  std::promise<void> ended_;
  std::thread thread_{[this] {
    io_.run();
    ended_.set_value();
  }};
};

// What an exec stream gave until it ended.
struct exec_result {
  bool ready{};
  std::string out{};
  std::string err{};
  std::optional<int> exit_code{};
  std::optional<wire::ExecStreamError> in_band{};
  std::optional<cw::error> failure{};
};

inline asio::awaitable<exec_result> collect(client::transport::exec_stream& stream) {
  exec_result result;
  for (;;) {
    auto message = co_await stream.read();
    if (!message) {
      result.failure = message.error();
      break;
    }
    if (!*message) break;
    auto& what = (**message).message;
    if (std::holds_alternative<wire::ExecStreamReady>(what)) result.ready = true;
    if (auto* const output = std::get_if<wire::ExecStreamOutput>(&what)) {
      bool const second = output->stream == wire::ExecStreamOutput::Stream::stderr_;
      (second ? result.err : result.out) += output->data;
    }
    if (auto* const exit = std::get_if<wire::ExecStreamExit>(&what))
      result.exit_code = exit->exit_code;
    if (auto* const error = std::get_if<wire::ExecStreamError>(&what)) result.in_band = *error;
  }
  co_return result;
}

// Opens an exec stream, sends `input` and the end of it, and gathers what comes. The peers read while they write, so
// that reading may wait until all is sent only as long as the windows hold it.
inline asio::awaitable<exec_result> exec(client::transport transport, std::string id,
                                         std::vector<std::string> command, std::string input,
                                         std::chrono::nanoseconds timeout = 10s) {
  wire::ExecStreamInit init{};
  init.sandbox_id = std::move(id);
  init.command = std::move(command);
  cw::call_options options{};
  options.timeout = timeout;
  auto stream = co_await transport.stream_exec(std::move(init), options);
  if (!stream) {
    exec_result result;
    result.failure = stream.error();
    co_return result;
  }
  bool sent = true;
  for (std::size_t at = 0; sent && at < input.size(); at += 65536) {
    auto const frame = std::string_view{input}.substr(at, 65536);
    auto const done = co_await stream->write(frame);
    sent = done.has_value();
  }
  if (sent && !input.empty()) {
    auto const closed = co_await stream->close_input();
    sent = closed.has_value();
  }
  auto const half_closed = co_await stream->half_close();
  (void)half_closed;
  auto result = co_await collect(*stream);
  co_return result;
}

}  // namespace interop

#endif

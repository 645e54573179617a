// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_UNARY_EXEC_STREAM_HPP
#define CWSANDBOX_DETAIL_UNARY_EXEC_STREAM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/wakeup.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// An exec stream on a transport that has none: one unary call, whose answer is told as the messages of a stream.
///
/// The call is made when the client has half-closed the stream, for before that there may be input, which the unary
/// call cannot carry. Input, and terminals, are refused.
template <class T>
class unary_exec_stream {
 public:
  using read_type = outcome<std::optional<wire::ExecStreamResponse>>;

  [[nodiscard]] static asio::awaitable<outcome<unary_exec_stream>> open(T next,
                                                                        wire::ExecStreamInit init,
                                                                        call_options options) {
    if (init.tty) co_return outcome<unary_exec_stream>{refusal("terminals")};
    auto state = std::make_shared<shared>(std::move(next), std::move(init), options);
    co_return outcome<unary_exec_stream>{unary_exec_stream{std::move(state)}};
  }

  unary_exec_stream(unary_exec_stream&&) noexcept = default;
  unary_exec_stream& operator=(unary_exec_stream&& other) noexcept {
    if (this != &other) {
      cancel();
      state_ = std::move(other.state_);
    }
    return *this;
  }
  ~unary_exec_stream() { cancel(); }

  [[nodiscard]] asio::awaitable<read_type> read() { return read(state_); }
  [[nodiscard]] asio::awaitable<outcome<void>> write(std::string_view) {
    return refuse(state_, "input for commands");
  }
  [[nodiscard]] asio::awaitable<outcome<void>> resize(std::uint32_t, std::uint32_t) {
    return refuse(state_, "terminals");
  }
  /// A command that gets no input reads the end of it.
  [[nodiscard]] asio::awaitable<outcome<void>> close_input() { return nothing(); }
  [[nodiscard]] asio::awaitable<outcome<void>> half_close() {
    state_->half_closed = true;
    state_->bell->notify();
    return nothing();
  }
  void cancel() noexcept {
    if (state_) state_->cancel();
  }

 private:
  struct shared {
    shared(T t, wire::ExecStreamInit i, call_options o)
        : next{std::move(t)}, init{std::move(i)}, options{o} {}

    void end_call() {
      if (calling && !answer) signal.emit(asio::cancellation_type::terminal);
    }
    void cancel() noexcept {
      cancelled = true;
      end_call();
      bell->notify();
    }

    T next;
    wire::ExecStreamInit init;
    call_options options;
    std::shared_ptr<wakeup> bell{std::make_shared<wakeup>()};
    asio::cancellation_signal signal;
    std::deque<wire::ExecStreamResponse> messages;
    std::optional<outcome<wire::ExecResponse>> answer;
    std::optional<error> refused;
    bool ready_told{};
    bool half_closed{};
    bool calling{};
    bool told{};
    bool cancelled{};
  };

  explicit unary_exec_stream(std::shared_ptr<shared> state) noexcept : state_{std::move(state)} {}

  [[nodiscard]] static error refusal(std::string_view what) {
    return rpc_error(status_code::unimplemented,
                     std::string{"the transport '"}
                         .append(T::capabilities.name)
                         .append("' has no ")
                         .append(what)
                         .append(", because it has no exec streams; use grpc_transport or "
                                 "local_transport"));
  }

  [[nodiscard]] static asio::awaitable<outcome<void>> nothing() { co_return outcome<void>{}; }
  [[nodiscard]] static asio::awaitable<outcome<void>> refuse(std::shared_ptr<shared> state,
                                                             std::string_view what) {
    state->refused = refusal(what);
    state->bell->notify();
    co_return outcome<void>{*state->refused};
  }

  [[nodiscard]] static asio::awaitable<read_type> read(std::shared_ptr<shared> state) {
    auto const cancelled = rpc_error(status_code::cancelled, "the call was cancelled");
    for (;;) {
      if (state->cancelled) co_return read_type{cancelled};
      if (state->refused) co_return read_type{*state->refused};
      if (!state->ready_told) {
        state->ready_told = true;
        wire::ExecStreamResponse ready{};
        ready.message = wire::ExecStreamReady{};
        co_return read_type{std::optional{std::move(ready)}};
      }
      if (state->answer && !state->told) {
        if (!*state->answer) co_return read_type{state->answer->error()};
        state->told = true;
        tell(*state, **state->answer);
      }
      if (state->told) {
        if (state->messages.empty()) co_return read_type{};
        std::optional message{std::move(state->messages.front())};
        state->messages.pop_front();
        co_return read_type{std::move(message)};
      }
      auto const seen = state->bell->count();
      if (state->half_closed && !state->calling) {
        auto const executor = co_await asio::this_coro::executor;
        start(state, executor);
      }
      auto waiting = wakeup::wait(state->bell, seen);
      bool const goes_on = co_await std::move(waiting);
      if (!goes_on) {
        state->cancel();
        co_return read_type{cancelled};
      }
    }
  }

  /// Beside the reader, which must end when the stream is cancelled, whatever the transport does.
  static void start(std::shared_ptr<shared> const& state, asio::any_io_executor const& executor) {
    state->calling = true;
    wire::ExecRequest request{};
    request.sandbox_id = std::move(state->init.sandbox_id);
    request.command = std::move(state->init.command);
    request.env = std::move(state->init.env);
    request.container = std::move(state->init.container);
    auto done = [state](std::exception_ptr thrown, outcome<wire::ExecResponse> answer) {
      if (thrown) answer = error_from_exception(std::move(thrown));
      state->answer.emplace(std::move(answer));
      state->bell->notify();
    };
    asio::co_spawn(executor, state->next.exec(std::move(request), state->options),
                   asio::bind_cancellation_slot(state->signal.slot(), std::move(done)));
  }

  static void tell(shared& state, wire::ExecResponse& answer) {
    using stream = wire::ExecStreamOutput::Stream;
    auto const add = [&](auto member) {
      wire::ExecStreamResponse message{};
      message.message = std::move(member);
      state.messages.push_back(std::move(message));
    };
    auto const output = [&](stream which, std::string& bytes) {
      if (bytes.empty()) return;
      wire::ExecStreamOutput member{};
      member.stream = which;
      member.data = std::move(bytes);
      add(std::move(member));
    };
    output(stream::stdout_, answer.stdout_);
    output(stream::stderr_, answer.stderr_);
    if (answer.stdout_truncated || answer.stderr_truncated) {
      // a stream has no other way to say that output is missing
      wire::ExecStreamError member{};
      member.code = "STREAM_TRUNCATED";
      member.message = "the answer of the unary call holds a part of the output only";
      add(std::move(member));
      return;
    }
    wire::ExecStreamExit member{};
    member.exit_code = answer.exit_code;
    add(std::move(member));
  }

  std::shared_ptr<shared> state_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

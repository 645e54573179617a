// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_EXEC_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_EXEC_CALL_HPP

#include "call.hpp"
#include "completion.hpp"
#include "convert.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/transport.hpp>

#include <grpcpp/support/server_callback.h>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace server {

/// One StreamExec call: two coroutines on one strand, one for each direction, so that a command which does not read
/// still gets its output through, and the other way round. Each has one message under way at most: who does not read
/// slows down who writes.
template <cwsandbox::transport T>
class exec_call final
    : public grpc::ServerBidiReactor<pb::ExecStreamRequest, pb::ExecStreamResponse>,
      public call,
      public std::enable_shared_from_this<exec_call<T>> {
 public:
  exec_call(environment& env, T transport, grpc::CallbackServerContext& context)
      : env_{env},
        transport_{std::move(transport)},
        context_{context},
        strand_{asio::make_strand(env.executor)} {}

  void start() {
    self_ = this->shared_from_this();
    auto done = [self = self_](std::exception_ptr thrown, grpc::Status status) {
      if (thrown) status = to_status(cwsandbox::detail::error_from_exception(std::move(thrown)));
      self->finish(std::move(status));
    };
    asio::co_spawn(strand_, forward_output(self_),
                   asio::bind_cancellation_slot(cancelled_.slot(), std::move(done)));
    env_.calls.add(*this);
  }

  // A command may end by itself in a while.
  void drain() override {}
  void stop() override {
    end([](exec_call& self) { self.verdict_ = to_status(stopping_error()); });
  }
  void OnCancel() override {
    end([](exec_call&) {});
  }
  void OnReadDone(bool ok) override { received_.complete(ok); }
  void OnWriteDone(bool ok) override { sent_.complete(ok); }
  void OnDone() override {
    env_.calls.remove(*this);
    self_.reset();
  }

 private:
  template <class Prepare>
  void end(Prepare prepare) {
    asio::post(strand_, [self = this->shared_from_this(), prepare] {
      prepare(*self);
      if (self->stream_)
        self->stream_->cancel();
      else
        self->cancelled_.emit(asio::cancellation_type::terminal);
    });
  }

  void finish(grpc::Status status) {
    finished_ = true;
    if (verdict_) status = std::move(*verdict_);
    // Input that nobody in the sandbox takes any more is not waited for.
    if (stream_) stream_->cancel();
    if (last_ && status.ok())
      StartWriteAndFinish(&response_, grpc::WriteOptions{}, status);
    else
      Finish(status);
  }

  [[nodiscard]] asio::awaitable<bool> receive() {
    // A call that has ended may be gone, and must not be read from.
    if (finished_) co_return false;
    auto const begin = [this] { StartRead(&request_); };
    bool const received = co_await received_.wait(begin);
    co_return received;
  }
  [[nodiscard]] asio::awaitable<bool> send() {
    return sent_.wait([this] { StartWrite(&response_); });
  }

  /// `self` keeps the call alive while the coroutine runs.
  static asio::awaitable<grpc::Status> forward_output(std::shared_ptr<exec_call> self) {
    bool const begun = co_await self->receive();
    if (!begun || !self->request_.has_init())
      co_return to_status(violation_error("init", "must be the first message"));
    auto init = to_wire<wire::ExecStreamInit>(self->request_.init());
    if (!init) co_return to_status(init.error());
    auto const options = options_of(self->context_);
    auto started = co_await self->transport_.stream_exec(std::move(*init), options);
    if (!started) co_return to_status(started.error());
    self->stream_.emplace(std::move(*started));
    asio::co_spawn(self->strand_, forward_input(self), asio::detached);
    for (;;) {
      auto message = co_await self->stream_->read();
      if (!message) co_return to_status(message.error());
      if (!message->has_value()) co_return grpc::Status::OK;
      auto const& content = (*message)->message;
      self->last_ = std::holds_alternative<wire::ExecStreamExit>(content) ||
                    std::holds_alternative<wire::ExecStreamError>(content);
      self->response_.Clear();
      if (!from_wire(std::move(**message), self->response_)) {
        self->last_ = false;
        co_return grpc::Status{grpc::StatusCode::INTERNAL, "the output cannot be encoded"};
      }
      if (self->last_) co_return grpc::Status::OK;
      bool const sent = co_await self->send();
      if (!sent) co_return grpc::Status::CANCELLED;
    }
  }

  static asio::awaitable<void> forward_input(std::shared_ptr<exec_call> self) {
    auto& stream = *self->stream_;
    for (;;) {
      bool const received = co_await self->receive();
      if (!received) {
        // Half-closed: the command runs on. After a cancellation this changes nothing any more.
        [[maybe_unused]] auto const closed = co_await stream.half_close();
        co_return;
      }
      cwsandbox::outcome<void> taken;
      switch (self->request_.message_case()) {
        case pb::ExecStreamRequest::kStdin:
          taken = co_await stream.write(self->request_.stdin());
          break;
        case pb::ExecStreamRequest::kResize:
          taken = co_await stream.resize(self->request_.resize().width(),
                                         self->request_.resize().height());
          break;
        case pb::ExecStreamRequest::kClose:
          taken = co_await stream.close_input();
          break;
        case pb::ExecStreamRequest::kInit:
          self->verdict_ = to_status(violation_error("init", "must not be sent twice"));
          stream.cancel();
          co_return;
        case pb::ExecStreamRequest::MESSAGE_NOT_SET:
          break;
      }
      if (!taken) co_return;
    }
  }

  environment& env_;
  T transport_;
  grpc::CallbackServerContext& context_;
  call_strand strand_;
  asio::cancellation_signal cancelled_{};
  completion received_{};
  completion sent_{};
  pb::ExecStreamRequest request_{};
  pb::ExecStreamResponse response_{};
  std::optional<typename T::exec_stream> stream_{};
  /// Said by somebody else than the transport; goes before what the transport says.
  std::optional<grpc::Status> verdict_{};
  /// `response_` is the last message and was not sent yet.
  bool last_{};
  bool finished_{};
  /// Until gRPC is done with the reactor.
  std::shared_ptr<exec_call> self_{};
};

}  // namespace server

#endif

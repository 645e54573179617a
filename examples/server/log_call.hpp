// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_LOG_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_LOG_CALL_HPP

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
#include <asio/post.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace server {

/// One StreamLogs call. What is sent, resumed and refused is the transport's matter.
template <cwsandbox::transport T>
class log_call final : public grpc::ServerWriteReactor<pb::LogEntry>,
                       public call,
                       public std::enable_shared_from_this<log_call<T>> {
 public:
  log_call(environment& env, T transport, cwsandbox::call_options options,
           wire::StreamLogsRequest request)
      : env_{env},
        transport_{std::move(transport)},
        options_{options},
        request_{std::move(request)},
        follow_{request_.follow},
        strand_{asio::make_strand(env.executor)} {}

  void start() {
    self_ = this->shared_from_this();
    auto done = [self = self_](std::exception_ptr thrown, grpc::Status status) {
      if (thrown) status = to_status(cwsandbox::detail::error_from_exception(std::move(thrown)));
      self->finish(std::move(status));
    };
    asio::co_spawn(strand_, forward(self_),
                   asio::bind_cancellation_slot(cancelled_.slot(), std::move(done)));
    env_.calls.add(*this);
  }

  // Following has no end of its own, and the log does not outlive the program: the reader is told to begin anew.
  void drain() override {
    if (!follow_) return;
    end([](log_call& self) { self.draining_ = true; });
  }
  void stop() override {
    end([](log_call& self) { self.stopping_ = true; });
  }
  void OnCancel() override {
    end([](log_call&) {});
  }
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
    if (stopping_) {
      Finish(to_status(stopping_error()));
    } else if (draining_) {
      entry_.Clear();
      entry_.mutable_error()->set_code("RUNNER_DRAINING");
      entry_.mutable_error()->set_message("the server is shutting down");
      StartWriteAndFinish(&entry_, grpc::WriteOptions{}, grpc::Status::OK);
    } else {
      Finish(std::move(status));
    }
  }

  [[nodiscard]] asio::awaitable<bool> send() {
    return sent_.wait([this] { StartWrite(&entry_); });
  }

  static asio::awaitable<grpc::Status> forward(std::shared_ptr<log_call> self) {
    auto started = co_await self->transport_.stream_logs(std::move(self->request_), self->options_);
    if (!started) co_return to_status(started.error());
    self->stream_.emplace(std::move(*started));
    for (;;) {
      auto entry = co_await self->stream_->read();
      if (!entry) co_return to_status(entry.error());
      if (!entry->has_value()) co_return grpc::Status::OK;
      if (!from_wire(std::move(**entry), self->entry_))
        co_return grpc::Status{grpc::StatusCode::INTERNAL, "the entry cannot be encoded"};
      bool const sent = co_await self->send();
      if (!sent) co_return grpc::Status::CANCELLED;
    }
  }

  environment& env_;
  T transport_;
  cwsandbox::call_options options_;
  wire::StreamLogsRequest request_;
  bool follow_;
  call_strand strand_;
  asio::cancellation_signal cancelled_{};
  completion sent_{};
  pb::LogEntry entry_{};
  std::optional<typename T::log_stream> stream_{};
  bool draining_{};
  bool stopping_{};
  /// Until gRPC is done with the reactor.
  std::shared_ptr<log_call> self_{};
};

}  // namespace server

#endif

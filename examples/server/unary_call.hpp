// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_UNARY_CALL_HPP
#define CWSANDBOX_EXAMPLES_SERVER_UNARY_CALL_HPP

#include "call.hpp"
#include "convert.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>

#include <grpcpp/support/server_callback.h>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <exception>
#include <memory>
#include <utility>

namespace server {

/// One request, one response: runs a coroutine of the transport and sends what it gives.
template <class WireResponse, class Response>
class unary_call final : public grpc::ServerUnaryReactor,
                         public call,
                         public std::enable_shared_from_this<unary_call<WireResponse, Response>> {
 public:
  unary_call(environment& env, Response& response)
      : env_{env}, strand_{asio::make_strand(env.executor)}, response_{response} {}

  void start(asio::awaitable<cwsandbox::outcome<WireResponse>> work) {
    self_ = this->shared_from_this();
    auto done = [self = self_](std::exception_ptr thrown, cwsandbox::outcome<WireResponse> result) {
      self->finish(std::move(thrown), std::move(result));
    };
    asio::co_spawn(strand_, std::move(work),
                   asio::bind_cancellation_slot(cancelled_.slot(), std::move(done)));
    env_.calls.add(*this);
  }

  // A unary call ends by itself in a while.
  void drain() override {}
  void stop() override { cancel(true); }
  void OnCancel() override { cancel(false); }
  void OnDone() override {
    env_.calls.remove(*this);
    self_.reset();
  }

 private:
  void cancel(bool stopping) {
    asio::post(strand_, [self = this->shared_from_this(), stopping] {
      self->stopping_ |= stopping;
      self->cancelled_.emit(asio::cancellation_type::terminal);
    });
  }

  void finish(std::exception_ptr thrown, cwsandbox::outcome<WireResponse> result) {
    if (thrown) {
      Finish(stopping_ ? to_status(stopping_error())
                       : to_status(cwsandbox::detail::error_from_exception(std::move(thrown))));
    } else if (!result) {
      Finish(stopping_ ? to_status(stopping_error()) : to_status(result.error()));
    } else if (!from_wire(std::move(*result), response_)) {
      Finish({grpc::StatusCode::INTERNAL, "the response cannot be encoded"});
    } else {
      Finish(grpc::Status::OK);
    }
  }

  environment& env_;
  call_strand strand_;
  asio::cancellation_signal cancelled_{};
  Response& response_;
  bool stopping_{};
  /// Until gRPC is done with the reactor.
  std::shared_ptr<unary_call> self_{};
};

/// Serves one unary call. `work` takes the request and the call's options and returns an awaitable outcome of
/// `Method::response`.
template <class Method, class Request, class Response, class Work>
[[nodiscard]] grpc::ServerUnaryReactor* serve_unary(environment& env,
                                                    grpc::CallbackServerContext& context,
                                                    Request const& request, Response& response,
                                                    Work&& work) {
  auto const refuse = [&](grpc::Status status) {
    auto* const reactor = context.DefaultReactor();
    reactor->Finish(std::move(status));
    return reactor;
  };
  if (auto refused = env.admit(context); !refused.ok()) return refuse(std::move(refused));
  auto converted = to_wire<typename Method::request>(request);
  if (!converted) return refuse(to_status(converted.error()));
  auto made = std::make_shared<unary_call<typename Method::response, Response>>(env, response);
  made->start(std::forward<Work>(work)(std::move(*converted), options_of(context)));
  return made.get();
}

}  // namespace server

#endif

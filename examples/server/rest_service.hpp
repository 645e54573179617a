// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_REST_SERVICE_HPP
#define CWSANDBOX_EXAMPLES_SERVER_REST_SERVICE_HPP

#include "blocking_call.hpp"
#include "environment.hpp"
#include "errors.hpp"
#include "http_listener.hpp"
#include "options.hpp"
#include "rest_router.hpp"
#include "runners.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/transport_calls.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/methods.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace server {

/// The REST bindings of all services on any transport, where REST has any.
template <cwsandbox::transport T>
class rest_service {
 public:
  rest_service(environment& env, T transport, runners<T> const& all, std::string const& host)
      : env_{env}, transport_{std::move(transport)}, runners_{all}, router_{env, host} {
#define CWSANDBOX_SERVER_ROUTE(Member, Method)                  \
  serve<wire::rpc::Method>([this](auto request, auto options) { \
    return transport_.Member(std::move(request), options);      \
  });
    CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_SERVER_ROUTE)
#undef CWSANDBOX_SERVER_ROUTE
    serve<wire::rpc::ListAvailableRunners>(
        [this](auto request, auto options) { return runners_.list(std::move(request), options); });
    serve<wire::rpc::GetAvailableRunner>(
        [this](auto request, auto options) { return runners_.get(std::move(request), options); });

    auto const no_snapshots =
        reasoned_error(cwsandbox::status_code::unimplemented, cwsandbox::reasons::fss_not_supported,
                       "this server has no file-system snapshots");
    router_.template add<wire::rpc::CreateFileSystemSnapshot>(no_snapshots);
    router_.template add<wire::rpc::GetFileSystemSnapshot>(no_snapshots);
    router_.template add<wire::rpc::ListFileSystemSnapshots>(no_snapshots);
    router_.template add<wire::rpc::DeleteFileSystemSnapshot>(no_snapshots);
    refuse_all(wire::rpc::template_methods{});
    refuse_all(wire::rpc::settings_methods{});
    refuse_all(wire::rpc::volume_methods{});
  }

  /// Starts to listen; the URL. Once.
  [[nodiscard]] cwsandbox::outcome<std::string> start(options const& settings) {
    auto listener = http_listener::start(settings, env_.calls, router_);
    if (!listener) return listener.error();
    listener_ = std::move(*listener);
    return listener_->url();
  }
  void drain() {
    if (listener_) listener_->drain();
  }
  /// Cuts off who is still there, and waits for all threads.
  void close() { listener_.reset(); }

 private:
  /// `work` takes a request and a call's options and returns an awaitable outcome of `Method::response`.
  template <class Method, class Work>
  void serve(Work work) {
    router_.template add<Method>([this, work](std::string const& bytes,
                                              http_peer& peer) -> cwsandbox::outcome<std::string> {
      auto request = wire::decode<typename Method::request>(bytes);
      if (!request) return request.error();
      auto const made = std::make_shared<blocking_call<typename Method::response>>(env_);
      auto const response = made->run(work(std::move(*request), cwsandbox::call_options{}), peer);
      if (!response) return response.error();
      return wire::encode(*response);
    });
  }

  template <class... Methods>
  void refuse_all(wire::type_list<Methods...>) {
    (router_.template add<Methods>(
         reasoned_error(cwsandbox::status_code::unimplemented, cwsandbox::reasons::not_implemented,
                        "this server does not implement " + std::string{Methods::path})),
     ...);
  }

  environment& env_;
  T transport_;
  runners<T> const& runners_;
  rest_router router_;
  std::unique_ptr<http_listener> listener_{};
};

}  // namespace server

#endif

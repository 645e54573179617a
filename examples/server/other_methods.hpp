// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_OTHER_METHODS_HPP
#define CWSANDBOX_EXAMPLES_SERVER_OTHER_METHODS_HPP

#include "environment.hpp"
#include "errors.hpp"
#include "refused_call.hpp"
#include "status.hpp"

#include <cwsandbox/reasons.hpp>

#include <grpcpp/generic/async_generic_service.h>

#include <string_view>
#include <utility>

namespace server {

/// Gets the calls that no service takes: templates, settings, volumes, and what nobody knows.
class other_methods final : public grpc::CallbackGenericService {
 public:
  explicit other_methods(environment& env) : env_{env} {}

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    auto status = env_.admit(*context);
    if (status.ok()) status = refusal_of(context->method());
    return new refused_call<grpc::ServerGenericBidiReactor>(std::move(status));
  }

 private:
  static grpc::Status refusal_of(std::string const& method) {
    constexpr std::string_view ours = "/coreweave.sandbox.v1.";
    if (method.starts_with(ours)) {
      return to_status(reasoned_error(cwsandbox::status_code::unimplemented,
                                      cwsandbox::reasons::not_implemented,
                                      "this server does not implement " + method));
    }
    return {grpc::StatusCode::UNIMPLEMENTED, "this server knows no method " + method};
  }

  environment& env_;
};

}  // namespace server

#endif

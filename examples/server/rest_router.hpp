// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_REST_ROUTER_HPP
#define CWSANDBOX_EXAMPLES_SERVER_REST_ROUTER_HPP

#include "environment.hpp"
#include "http_listener.hpp"
#include "rest_request.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

/// Takes and gives messages in the wire format.
using rest_handler =
    std::function<cwsandbox::outcome<std::string>(std::string const& request, http_peer& peer)>;

/// Finds the method that an HTTP request means, and turns JSON to messages and back. All methods are added before the
/// first request.
class rest_router final : public http_application {
 public:
  /// `own_host` is what the server listens on.
  rest_router(environment& env, std::string own_host) : env_{env}, own_host_{std::move(own_host)} {}

  template <cwsandbox::wire::http_method Method>
  void add(rest_handler handler) {
    routes_.push_back({Method::service, Method::name, Method::http, std::move(handler), {}});
  }
  /// A method that fails whatever it is asked.
  template <cwsandbox::wire::http_method Method>
  void add(cwsandbox::error refusal) {
    routes_.push_back({Method::service, Method::name, Method::http, {}, std::move(refusal)});
  }

  [[nodiscard]] std::optional<http_answer> refuse(http_head const& head) override;
  [[nodiscard]] http_answer serve(http_head const& head, std::string content,
                                  http_peer& peer) override;
  [[nodiscard]] http_answer explain(int status, std::string message) override;

 private:
  struct route {
    std::string_view service{};
    std::string_view name{};
    cwsandbox::wire::http_binding http{};
    rest_handler handler{};
    std::optional<cwsandbox::error> refusal{};
  };
  struct found {
    route const* method{};
    rest_fields path{};
    /// The verbs that the path has, when the one asked for is not among them.
    std::string allowed{};
  };

  [[nodiscard]] found find(std::string_view method, std::string_view path) const;
  [[nodiscard]] bool is_web_page(http_head const& head) const;

  environment& env_;
  std::string own_host_;
  std::vector<route> routes_{};
};

}  // namespace server

#endif

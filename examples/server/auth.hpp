// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_AUTH_HPP
#define CWSANDBOX_EXAMPLES_SERVER_AUTH_HPP

#include <cwsandbox/outcome.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

/// What a call says about who makes it. The values are the caller's.
struct credentials {
  std::vector<std::string_view> authorization{};
  std::vector<std::string_view> api_keys{};
};

/// Knows who may call. Immutable.
class authenticator {
 public:
  /// An empty token lets everybody in.
  explicit authenticator(std::string token) : token_{std::move(token)} {}

  /// UNAUTHENTICATED unless the call carries the token as `authorization: Bearer TOKEN`, or as
  /// `x-wandb-api-key: TOKEN`, as partner accounts send it.
  [[nodiscard]] cwsandbox::outcome<void> check(credentials const& given) const;

  [[nodiscard]] bool lets_everybody_in() const { return token_.empty(); }

 private:
  std::string token_;
};

}  // namespace server

#endif

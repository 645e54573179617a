// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "auth.hpp"

#include <cstddef>
#include <string_view>

#include <strings.h>

namespace server {
namespace {

/// Takes a time that depends on what the caller sent and not on how much of it is right.
bool same(std::string_view given, std::string_view expected) {
  std::size_t difference = given.size() ^ expected.size();
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ expected[i % expected.size()]);
  }
  return difference == 0;
}

/// What follows `Bearer`; the scheme's case does not matter (RFC 7235).
std::string_view bearer_token(std::string_view header) {
  constexpr std::string_view scheme = "Bearer ";
  if (header.size() < scheme.size() ||
      ::strncasecmp(header.data(), scheme.data(), scheme.size()) != 0) {
    return {};
  }
  header.remove_prefix(scheme.size());
  return header;
}

}  // namespace

grpc::Status authenticator::check(grpc::ServerContextBase const& context) const {
  if (token_.empty()) return grpc::Status::OK;
  bool asked = false;
  bool good = false;
  auto const try_all = [&](char const* name, auto&& extract) {
    auto const [first, last] = context.client_metadata().equal_range(name);
    for (auto at = first; at != last; ++at) {
      asked = true;
      good |= same(extract(std::string_view{at->second.data(), at->second.size()}), token_);
    }
  };
  try_all("authorization", bearer_token);
  try_all("x-wandb-api-key", [](std::string_view header) { return header; });
  if (good) return grpc::Status::OK;
  return {grpc::StatusCode::UNAUTHENTICATED,
          asked ? "the API key is not the one that this server was started with"
                : "this server asks for an API key: authorization: Bearer KEY"};
}

}  // namespace server

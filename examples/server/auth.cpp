// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "auth.hpp"

#include <cwsandbox/error.hpp>

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

cwsandbox::outcome<void> authenticator::check(credentials const& given) const {
  if (token_.empty()) return {};
  // No early end: the time taken tells nothing about which of several values was right.
  bool good = false;
  for (auto const header : given.authorization) good |= same(bearer_token(header), token_);
  for (auto const key : given.api_keys) good |= same(key, token_);
  if (good) return {};
  bool const asked = !given.authorization.empty() || !given.api_keys.empty();
  return cwsandbox::rpc_error(cwsandbox::status_code::unauthenticated,
                              asked ? "the API key is not the one that this server was started with"
                                    : "this server asks for an API key: authorization: Bearer KEY");
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_AUTH_IPP
#define CWSANDBOX_IMPL_AUTH_IPP

#include <cwsandbox/auth.hpp>

#include <cwsandbox/detail/http_text.hpp>
#include <cwsandbox/detail/operation_state.hpp>

#include <cstdlib>
#include <mutex>

namespace cwsandbox::inline v1 {

namespace detail {

struct auth_mode {
  std::mutex mutex;
  std::string name;
  auth_provider get_headers;
};

CWSANDBOX_DECL auth_mode& process_auth_mode() {
  static auth_mode mode;
  return mode;
}

inline auth_headers bearer(std::string_view key) {
  auth_headers headers;
  if (!key.empty()) headers.emplace_back("authorization", "Bearer " + std::string{key});
  return headers;
}

CWSANDBOX_DECL outcome<auth_headers> resolve_auth(std::string_view api_key,
                                                  auth_provider const& own) {
  std::string name = "api_key";
  std::optional<auth_headers> headers;
  auth_provider provider = own;
  if (!api_key.empty()) {
    headers = bearer(api_key);
  } else {
    if (provider) {
      name = "auth";
    } else {
      auto& mode = process_auth_mode();
      std::lock_guard lock{mode.mutex};
      if (mode.get_headers) {
        name = mode.name;
        provider = mode.get_headers;
      }
    }
    if (!provider) provider = api_key_auth();
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
    try {
      headers = provider();
    } catch (...) {
      return error_from_exception(std::current_exception());
    }
#else
    headers = provider();
#endif
  }
  if (!headers)
    return make_error(error_kind::authentication,
                      "Configured auth mode " + name + " returned no credentials");
  for (auto& [field, value] : *headers) {
    if (!is_token(field))
      return invalid_argument_error("auth header", field,
                                    "the name of an auth header is not a header name: '" + field +
                                        "'");
    for (char& c : field) c = lower(c);
    // never shows the value
    if (!is_plain_text(value))
      return invalid_argument_error("auth header", "",
                                    "the value of the auth header '" + field +
                                        "' has a character that headers cannot carry");
  }
  return *std::move(headers);
}

}  // namespace detail

CWSANDBOX_DECL void set_auth_mode(std::string name, auth_provider get_headers) {
  auto& mode = detail::process_auth_mode();
  std::lock_guard lock{mode.mutex};
  mode.name = std::move(name);
  mode.get_headers = std::move(get_headers);
}

CWSANDBOX_DECL auth_provider api_key_auth() {
  return []() -> std::optional<auth_headers> {
    char const* const key = std::getenv("CWSANDBOX_API_KEY");
    return detail::bearer(key != nullptr ? key : "");
  };
}

CWSANDBOX_DECL auth_provider no_auth() {
  return []() -> std::optional<auth_headers> { return auth_headers{}; };
}

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/auth.hpp>

#include "support/catch.hpp"

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

namespace cw = cwsandbox;
using cw::auth_headers;
using cw::detail::resolve_auth;

namespace {

// The key in the environment, for the time of a test.
class key_in_environment {
 public:
  explicit key_in_environment(char const* key) {
    if (char const* const before = std::getenv(name)) before_ = before;
    if (key != nullptr)
      ::setenv(name, key, 1);
    else
      ::unsetenv(name);
  }
  key_in_environment(key_in_environment const&) = delete;
  key_in_environment& operator=(key_in_environment const&) = delete;
  ~key_in_environment() {
    if (before_)
      ::setenv(name, before_->c_str(), 1);
    else
      ::unsetenv(name);
    cw::set_auth_mode("", {});
  }

 private:
  static constexpr char const* name = "CWSANDBOX_API_KEY";
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("without any credentials a call carries none", "[auth]") {
  auto const* const key = GENERATE(static_cast<char const*>(nullptr), "");
  key_in_environment const environment{key};
  CHECK(resolve_auth("", {}).value().empty());
}

TEST_CASE("the key comes from the option, else the transport, else the mode, else the environment",
          "[auth]") {
  key_in_environment const environment{"from-environment"};
  CHECK(resolve_auth("", {}).value() ==
        auth_headers{{"authorization", "Bearer from-environment"}});
  cw::set_auth_mode("team", [] { return auth_headers{{"X-Team", "a"}}; });
  CHECK(resolve_auth("", {}).value() == auth_headers{{"x-team", "a"}});
  auto const own = [] { return auth_headers{{"X-Own", "b"}}; };
  CHECK(resolve_auth("", own).value() == auth_headers{{"x-own", "b"}});
  CHECK(resolve_auth("key", own).value() == auth_headers{{"authorization", "Bearer key"}});
}

TEST_CASE("the last auth mode holds, and an empty one restores the built-in", "[auth]") {
  key_in_environment const environment{"k"};
  cw::set_auth_mode("first", cw::no_auth());
  CHECK(resolve_auth("", {}).value().empty());
  cw::set_auth_mode("second", cw::api_key_auth());
  CHECK(resolve_auth("", {}).value().size() == 1);
  cw::set_auth_mode("third", cw::no_auth());
  cw::set_auth_mode("", {});
  CHECK(resolve_auth("", {}).value().size() == 1);
}

TEST_CASE("a key that is set later is seen by the next use", "[auth]") {
  key_in_environment const environment{nullptr};
  auto const provider = cw::api_key_auth();
  CHECK(provider().value().empty());
  ::setenv("CWSANDBOX_API_KEY", "late", 1);
  CHECK(provider().value() == auth_headers{{"authorization", "Bearer late"}});
}

TEST_CASE("a mode that returns nothing fails the call and is named", "[auth]") {
  key_in_environment const environment{nullptr};
  cw::set_auth_mode("vault", [] { return std::optional<auth_headers>{}; });
  auto const result = resolve_auth("", {});
  REQUIRE_FALSE(result);
  CHECK(result.error().kind() == cw::error_kind::authentication);
  CHECK(result.error().message() == "Configured auth mode vault returned no credentials");
  CHECK_THROWS_AS(result.error().raise(), cw::CWSandboxAuthenticationError);
}

TEST_CASE("what a provider throws reaches the caller unchanged", "[auth]") {
  auto const result = resolve_auth("", []() -> std::optional<auth_headers> {
    throw std::runtime_error{"the vault is closed"};
  });
  REQUIRE_FALSE(result);
  CHECK_THROWS_AS(result.error().raise(), std::runtime_error);
}

TEST_CASE("headers that cannot be sent are refused, and their values never shown", "[auth]") {
  for (auto const* value : {"secret\nx", "secret\r", "secr\tet", "s\xc3\xa9" "cret", " secret"}) {
    auto const result =
        resolve_auth("", [value] { return auth_headers{{"authorization", value}}; });
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == cw::error_kind::invalid_argument);
    CHECK(result.error().message().find("cret") == std::string::npos);
    CHECK(result.error().details().value.empty());
  }
  for (auto const* name : {"", ":path", "two words", "a\n"}) {
    auto const result = resolve_auth("", [name] { return auth_headers{{name, "v"}}; });
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == cw::error_kind::invalid_argument);
  }
}

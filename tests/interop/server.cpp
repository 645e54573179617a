// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Our client against the development server on the official C++ stack: what users get wrong, and what goes wrong for
// them. Sessions on it are tested by the conformance suite.

#include <cwsandbox/reasons.hpp>

#include <atomic>
#include <string>
#include <string_view>

#include "interop/client.hpp"
#include "support/server.hpp"

using namespace interop;

namespace {

test::server& secure_server() {
  static test::server instance{test::server_security::tls_and_token};
  return instance;
}

cw::grpc_options secure_options() {
  cw::grpc_options options{};
  options.base_url = secure_server().url();
  options.ca_file = secure_server().ca_file();
  options.api_key = secure_server().token();
  return options;
}

cw::error error_of(cw::grpc_options options, std::chrono::milliseconds timeout = 10s) {
  client calling{std::move(options)};
  auto const answer = calling.get("no-such-sandbox", timeout);
  REQUIRE_FALSE(answer);
  return answer.error();
}

}  // namespace

TEST_CASE("an unknown sandbox is told with the contract's reason over TLS", "[interop][tls]") {
  auto const error = error_of(secure_options());
  CHECK(error.code() == status_code::not_found);
  CHECK(error.reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
  CHECK(error.details().domain == "cwsandbox.com");
}

TEST_CASE("a missing or wrong token is UNAUTHENTICATED, and is not shown", "[interop]") {
  auto options = secure_options();
  options.api_key = "";
  options.auth = cw::no_auth();
  CHECK(error_of(options).code() == status_code::unauthenticated);
  options.api_key = "a-wrong-secret";
  auto const error = error_of(options);
  CHECK(error.code() == status_code::unauthenticated);
  CHECK(error.message().find("secret") == std::string::npos);
}

TEST_CASE("the partner's header is as good as a bearer token", "[interop]") {
  auto options = secure_options();
  options.api_key = "";
  options.auth = [] {
    return cw::auth_headers{{"x-wandb-api-key", secure_server().token()},
                            {"x-entity-id", "e"},
                            {"x-project-name", "p"}};
  };
  CHECK(error_of(options).code() == status_code::not_found);
}

TEST_CASE("credentials that were replaced are taken up once they are refused", "[interop]") {
  auto options = secure_options();
  options.api_key = "";
  auto const asked = std::make_shared<std::atomic<int>>(0);
  options.auth = [asked] {
    auto const count = ++*asked;
    return cw::auth_headers{
        {"authorization", count == 1 ? "Bearer old" : "Bearer " + secure_server().token()}};
  };
  client calling{options};
  CHECK(calling.get("x").error().code() == status_code::not_found);
  CHECK(*asked == 2);
  CHECK(calling.get("x").error().code() == status_code::not_found);
  CHECK(*asked == 2);
}

TEST_CASE("credentials that stay wrong are not tried for ever", "[interop]") {
  auto options = secure_options();
  options.api_key = "";
  auto const asked = std::make_shared<std::atomic<int>>(0);
  options.auth = [asked] {
    return cw::auth_headers{{"authorization", "Bearer wrong-" + std::to_string(++*asked)}};
  };
  CHECK(error_of(options).code() == status_code::unauthenticated);
  CHECK(*asked == 2);
}

TEST_CASE("certificates that do not fit end the call before anything is sent", "[interop][tls]") {
  struct mismatch {
    char const* server;
    char const* ca;
    char const* text;
  };
  auto const given = GENERATE(values<mismatch>({
      {"server", "", "certificate is refused"},
      {"server", "other_ca.pem", "certificate is refused"},
      {"other_host", "ca.pem", "not for 'localhost'"},
      {"expired", "ca.pem", "expired"},
  }));
  INFO(given.server << " with " << given.ca);
  test::peer const own{{CWSANDBOX_SERVER, "--port", "0", "--tls-cert",
                        test::server::certificate(given.server + std::string{".pem"}),
                        "--tls-key", test::server::certificate(given.server + std::string{".key"}),
                        "--token", "t"}};
  auto const url = own.url();
  cw::grpc_options options{};
  options.base_url = "https://localhost" + url.substr(url.rfind(':'));
  options.api_key = "the-token";
  if (*given.ca != '\0') options.ca_file = test::server::certificate(given.ca);
  auto const error = error_of(options);
  CHECK(error.code() == status_code::unavailable);
  CHECK_THAT(error.message(), ContainsSubstring("TLS handshake"));
  CHECK_THAT(error.message(), ContainsSubstring(given.text));

  options.verification = cw::tls_verification::none;
  CHECK(error_of(options).code() == status_code::unauthenticated);
}

TEST_CASE("the name in the certificate may be given", "[interop][tls]") {
  test::peer const own{{CWSANDBOX_SERVER, "--port", "0", "--tls-cert",
                        test::server::certificate("other_host.pem"), "--tls-key",
                        test::server::certificate("other_host.key")}};
  cw::grpc_options options{};
  options.base_url = own.url();
  options.ca_file = test::server::certificate("ca.pem");
  options.tls_server_name = "elsewhere.example";
  CHECK(error_of(options).code() == status_code::not_found);
}

TEST_CASE("TLS to a plaintext port, and the reverse, say so", "[interop][tls]") {
  test::server plain{};
  auto const port = plain.url().substr(plain.url().rfind(':'));
  cw::grpc_options options{};
  options.base_url = "https://localhost" + port;
  CHECK_THAT(error_of(options).message(), ContainsSubstring("TLS handshake"));
  options.base_url = "http://localhost" + secure_server().url().substr(
                                              secure_server().url().rfind(':'));
  auto const error = error_of(options);
  CHECK(error.code() == status_code::unavailable);
  CHECK_THAT(error.message(), ContainsSubstring("HTTP/2"));
}

TEST_CASE("files of certificates that cannot be used are named before any call", "[interop][tls]") {
  auto options = secure_options();
  options.ca_file = "/no/such/file.pem";
  auto const error = error_of(options);
  CHECK(error.kind() == cw::error_kind::invalid_argument);
  CHECK(error.details().subject == "ca_file");
  CHECK_THAT(error.message(), ContainsSubstring("/no/such/file.pem"));
}

TEST_CASE("bad URLs are named at the first call", "[interop]") {
  struct bad_url {
    char const* url;
    char const* text;
  };
  auto const given = GENERATE(values<bad_url>({
      {"localhost:50051", "URL must use http or https scheme, got: localhost:50051"},
      {"grpc://host", "URL must use http or https scheme, got: grpc://host"},
      {"https://", "hostname"},
      {"https://host/path", "gRPC does not support URL paths, got: https://host/path"},
      {"https://host:99999", "port"},
      {"https://host:http", "port"},
      {"https://user:secret@host", "user information"},
  }));
  cw::grpc_options options{};
  options.base_url = given.url;
  auto const error = error_of(options);
  CHECK(error.kind() == cw::error_kind::invalid_argument);
  CHECK_THAT(error.message(), ContainsSubstring(given.text));
  CHECK(error.message().find("secret") == std::string::npos);
}

TEST_CASE("what cannot be reached is UNAVAILABLE and named", "[interop]") {
  cw::grpc_options options{};
  options.base_url = "http://127.0.0.1:1";
  CHECK_THAT(error_of(options).message(), ContainsSubstring("cannot connect to 127.0.0.1:1"));
  options.base_url = "http://[::1]:1";
  CHECK_THAT(error_of(options).message(), ContainsSubstring("[::1]:1"));
  options.base_url = "http://no-such-host.invalid";
  CHECK_THAT(error_of(options).message(),
             ContainsSubstring("cannot resolve 'no-such-host.invalid'"));
}

TEST_CASE("a connection that is idle is closed, and the next call opens another", "[interop]") {
  auto options = secure_options();
  options.idle_timeout = 50ms;
  client calling{options};
  for (int i = 0; i < 3; ++i) {
    CHECK(calling.get("x").error().code() == status_code::not_found);
    std::this_thread::sleep_for(150ms);  // the wait is what is tested
  }
}

TEST_CASE("the transport may be dropped while calls are under way", "[interop]") {
  for (int round = 0; round < 20; ++round) {
    asio::io_context io;
    {
      client::transport transport{secure_options(), io.get_executor()};
      for (int i = 0; i < 3; ++i) {
        wire::GetSandboxRequest request{};
        auto call = transport.get_sandbox(std::move(request), cw::call_options{});
        asio::co_spawn(io, std::move(call), [](std::exception_ptr, auto const&) {});
      }
      // at another point each time: resolving, connecting, shaking hands, calling
      for (int step = 0; step < round; ++step) io.run_one_for(100ms);
    }
    if (round % 2 == 0) io.run();
  }
}

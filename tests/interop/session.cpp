// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a user of a session sees of a service that cannot be reached, refuses, hangs or dies: a typed error in time, and a
// session that closes.

#include <cwsandbox/instantiate.hpp>
#include <cwsandbox/session.hpp>
#include <cwsandbox/transport/grpc.hpp>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/server.hpp"

namespace cw = cwsandbox;
using namespace std::chrono_literals;

#if defined(CWSANDBOX_SEPARATE_COMPILATION)
CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::grpc_transport);
#endif

namespace {

using clock_type = std::chrono::steady_clock;

cw::SandboxDefaults defaults() {
  cw::SandboxDefaults result{};
  result.tags = {"interop-session"};
  result.request_timeout = 500ms;
  return result;
}

// The error that the first use of a sandbox ends with; the session must close whatever it was.
template <class Error>
Error first_error(cw::grpc_options options) {
  cw::grpc_transport const service{std::move(options)};
  cw::grpc_session session{service, defaults()};
  auto sandbox = session.sandbox();
  auto const begin = clock_type::now();
  std::optional<Error> seen;
  try {
    (void)sandbox.exec({"true"}).result();
  } catch (Error const& e) {
    seen.emplace(e);
  }
  REQUIRE(seen);
  CHECK(clock_type::now() - begin < 20s);
  session.close().result();
  CHECK(session.sandbox_count() == 0);
  return *seen;
}

test::peer& bad_server() {
  static test::peer instance{{"node", CWSANDBOX_INTEROP_DIR "/h2/bad_server.js"}};
  return instance;
}

}  // namespace

TEST_CASE("a session on a service that refuses the token says who is refused", "[interop]") {
  test::server const server{test::server_security::tls_and_token};
  cw::grpc_options options{};
  options.base_url = server.url();
  options.ca_file = server.ca_file();
  options.api_key = "a-wrong-secret";
  auto const error = first_error<cw::CWSandboxAuthenticationError>(options);
  CHECK(error.code() == cw::status_code::unauthenticated);
  CHECK(std::string{error.what()}.find("secret") == std::string::npos);
}

TEST_CASE("a session on a port where nobody listens is unavailable", "[interop]") {
  cw::grpc_options options{};
  options.base_url = "http://127.0.0.1:1";
  auto const error = first_error<cw::SandboxUnavailableError>(options);
  CHECK_THAT(error.what(), ContainsSubstring("127.0.0.1:1"));
}

TEST_CASE("a session with a certificate that does not fit is unavailable", "[interop][tls]") {
  test::server const server{test::server_security::tls_and_token};
  cw::grpc_options options{};
  options.base_url = server.url();
  options.api_key = server.token();
  auto const error = first_error<cw::SandboxUnavailableError>(options);
  CHECK_THAT(error.what(), ContainsSubstring("certificate"));
}

TEST_CASE("a session with a bad URL names it", "[interop]") {
  cw::grpc_options options{};
  options.base_url = "ftp://somewhere";
  auto const error = first_error<cw::invalid_argument>(options);
  CHECK_THAT(error.what(), ContainsSubstring("ftp://somewhere"));
}

TEST_CASE("a service that never answers costs one request timeout", "[interop]") {
  auto const kind = GENERATE("silent", "settings_only");
  INFO("port: " << kind);
  cw::grpc_options options{};
  options.base_url = "http://127.0.0.1:" + bad_server().word(kind);
  auto const begin = clock_type::now();
  (void)first_error<cw::SandboxTimeoutError>(options);
  CHECK(clock_type::now() - begin < 10s);
}

TEST_CASE("a server that dies in the middle of an exec is told, and the session closes",
          "[interop]") {
  test::server server{};
  cw::grpc_options options{};
  options.base_url = server.url();
  cw::grpc_transport const service{options};
  auto given = defaults();
  given.request_timeout = 5s;
  cw::grpc_session session{service, given};
  auto sandbox = session.sandbox();
  auto other = session.sandbox();
  other.start().result();
  auto const process = sandbox.exec({"sh", "-c", "echo begun; sleep 60"});
  REQUIRE(process.out().read().result().value() == "begun\n");

  server.process().stop(SIGKILL);
  auto const begin = clock_type::now();
  CHECK_THROWS_AS((void)process.result(), cw::SandboxUnavailableError);
  CHECK(clock_type::now() - begin < 20s);

  // what is gone cannot be stopped: that is said, and the session is closed nevertheless
  CHECK_THROWS_AS(session.close().result(), cw::SandboxError);
  CHECK(clock_type::now() - begin < 60s);
}

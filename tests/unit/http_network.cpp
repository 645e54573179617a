// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What lies between the transport and its service: TLS, proxies, and nobody at all.

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/scripted_server.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace test;
using namespace std::chrono_literals;
using cw::status_code;

namespace {

std::string certificate(std::string const& name) { return CWSANDBOX_CERTIFICATES "/" + name; }

void serve_sandboxes(scripted_peer& peer) {
  while (!peer.read_request().empty()) peer.write(sandbox("sb-1"));
}

cw::http_options secure_options(std::string url) {
  auto options = http_client::options_for(std::move(url));
  options.ca_file = certificate("ca.pem");
  return options;
}

}  // namespace

TEST_CASE("nobody there is unavailable", "[http]") {
  std::uint16_t port = 0;
  {
    scripted_server server{[](scripted_peer&) {}};
    port = server.port();
  }
  http_client client{"http://127.0.0.1:" + std::to_string(port)};
  for (int i = 0; i < 2; ++i) {
    auto const got = client.get();
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == status_code::unavailable);
    CHECK_THAT(got.error().message(), ContainsSubstring("cannot connect to 127.0.0.1:"));
  }
}

TEST_CASE("a service that accepts and says nothing is given up in time", "[http]") {
  scripted_server server{[](scripted_peer& peer) { peer.drain(); }};
  auto options = secure_options(server.secure_url());
  options.connect_timeout = 50ms;
  http_client client{options};
  auto const got = client.get();
  REQUIRE_FALSE(got);
  CHECK(got.error().code() == status_code::unavailable);
  CHECK_THAT(got.error().message(), ContainsSubstring("timed out connecting to 127.0.0.1:"));
}

TEST_CASE("TLS with the right certificate works, and its connections are kept", "[http]") {
  notes seen;
  scripted_server server{certificate("server"), [&](scripted_peer& peer) {
    seen.add("connection");
    serve_sandboxes(peer);
  }};
  http_client client{secure_options(server.secure_url())};
  for (int i = 0; i < 3; ++i) CHECK(client.get());
  CHECK(seen.size() == 1);
  http_client by_name{secure_options("https://localhost:" + std::to_string(server.port()))};
  CHECK(by_name.get());
}

TEST_CASE("TLS with a wrong certificate does not", "[http]") {
  auto const refusal = [](std::string const& name, auto const& change) {
    scripted_server server{certificate(name), serve_sandboxes};
    auto options = secure_options(server.secure_url());
    change(options);
    http_client client{options};
    auto const got = client.get();
    if (got) return std::string{"accepted"};
    CHECK(got.error().code() == status_code::unavailable);
    return got.error().message();
  };
  auto const nothing = [](cw::http_options&) {};
  CHECK_THAT(refusal("other_host", nothing),
             ContainsSubstring("the certificate is not for '127.0.0.1'"));
  CHECK_THAT(refusal("expired", nothing), ContainsSubstring("certificate has expired"));
  CHECK_THAT(refusal("server", [](auto& o) { o.ca_file = certificate("other_ca.pem"); }),
             ContainsSubstring("the certificate is refused"));
  CHECK(refusal("other_host", [](auto& o) { o.tls_server_name = "elsewhere.example"; }) ==
        "accepted");
  CHECK(refusal("expired", [](auto& o) { o.verification = cw::tls_verification::none; }) ==
        "accepted");
}

TEST_CASE("TLS that is cut does not end an answer", "[http]") {
  scripted_server server{certificate("server"), [](scripted_peer& peer) {
    peer.read_request();
    peer.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}");
  }};
  http_client client{secure_options(server.secure_url())};
  auto const got = client.get();
  REQUIRE_FALSE(got);
  CHECK(got.error().code() == status_code::unavailable);
}

TEST_CASE("an http service is reached through a proxy by absolute URLs", "[http]") {
  notes seen;
  scripted_server proxy{[&](scripted_peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      seen.add(request);
      peer.write(sandbox("sb-1"));
    }
  }};
  auto options = http_client::options_for("http://service.example:8080/gate");
  options.proxy = "http://user:pass@" + proxy.authority();
  http_client client{options};
  CHECK(client.get());
  auto const request = seen.all().at(0);
  CHECK_THAT(request, ContainsSubstring(
      "GET http://service.example:8080/gate/v1/sandboxes/sb-1 HTTP/1.1\r\nhost: "
      "service.example:8080\r\n"));
  CHECK_THAT(request, ContainsSubstring("\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n"));
  CHECK_THAT(request, ContainsSubstring("\r\nconnection: close\r\n"));
}

TEST_CASE("an https service is reached through a tunnel", "[http]") {
  auto const context = scripted_server::make_context(certificate("server"));
  notes seen;
  scripted_server proxy{[&](scripted_peer& peer) {
    seen.add(peer.read_request());
    peer.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (!peer.start_tls(*context)) return;
    for (std::string request; !(request = peer.read_request()).empty();) {
      seen.add(request);
      peer.write(sandbox("sb-1"));
    }
  }};
  auto options = secure_options("https://localhost");
  options.proxy = "http://user:pass@" + proxy.authority();
  options.auth = nullptr;
  options.api_key = "a-key";
  http_client client{options};
  CHECK(client.get());
  CHECK(client.get());
  REQUIRE(seen.size() == 3);
  CHECK(seen.all()[0] == "CONNECT localhost:443 HTTP/1.1\r\nhost: localhost:443\r\nuser-agent: "
                         "cwsandbox-cpp/" + std::string{cw::version} +
                         "\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n");
  CHECK(seen.all()[1].starts_with("GET /v1/sandboxes/sb-1 HTTP/1.1\r\nhost: localhost\r\n"));
  CHECK(seen.all()[1].find("proxy-authorization") == std::string::npos);
}

TEST_CASE("a proxy that does not connect says why", "[http]") {
  auto const failure = [](std::string const& answer) {
    notes seen;
    scripted_server proxy{[&](scripted_peer& peer) {
      seen.add(peer.read_request());
      peer.write(answer);
    }};
    auto options = secure_options("https://localhost");
    options.proxy = "http://user:secret@" + proxy.authority();
    http_client client{options};
    auto const got = client.get();
    REQUIRE_FALSE(got);
    CHECK(got.error().message().find("secret") == std::string::npos);
    CHECK_THAT(got.error().message(), ContainsSubstring("the proxy " + proxy.authority()));
    CHECK(seen.size() == 1);
    return got.error();
  };
  auto const forbidden = failure(response("403 Forbidden", "no"));
  CHECK(forbidden.code() == status_code::unavailable);
  CHECK_THAT(forbidden.message(), ContainsSubstring("does not connect to localhost:443: HTTP 403"));
  CHECK(failure(response("407 Proxy Authentication Required", "")).code() ==
        status_code::unauthenticated);
  CHECK(failure("").code() == status_code::unavailable);
  CHECK(failure("what?\r\n").code() == status_code::unavailable);
  CHECK(failure("HTTP/1.1 200 OK\r\n\r\nand more").code() == status_code::unavailable);
}

TEST_CASE("a proxy that refuses a call does not make us look for other credentials", "[http]") {
  scripted_server proxy{[](scripted_peer& peer) {
    peer.read_request();
    peer.write(response("407 Proxy Authentication Required", ""));
  }};
  auto options = http_client::options_for("http://service.example");
  options.proxy = proxy.url();
  int asked = 0;
  options.auth = [&asked]() -> std::optional<cw::auth_headers> {
    return cw::auth_headers{{"x-key", std::to_string(++asked)}};
  };
  http_client client{options};
  auto const got = client.get();
  REQUIRE_FALSE(got);
  CHECK(got.error().code() == status_code::unauthenticated);
  CHECK(got.error().message() ==
        "the proxy " + proxy.authority() + " asks for credentials (HTTP 407)");
  CHECK(asked == 1);
}

TEST_CASE("credentials over plaintext are mentioned once, but not on the loopback", "[http]") {
  scripted_server proxy{[](scripted_peer& peer) { serve_sandboxes(peer); }};
  std::vector<std::string> log;
  auto const calls = [&](std::string const& url, std::string const& proxy_url) {
    auto options = http_client::options_for(url);
    options.proxy = proxy_url;
    options.auth = nullptr;
    options.api_key = "secret";
    options.log = [&log](std::string_view text) { log.emplace_back(text); };
    http_client client{options};
    CHECK(client.get());
    CHECK(client.get());
  };
  calls(proxy.url(), "none");
  CHECK(log.empty());
  calls("http://service.example", proxy.url());
  CHECK(log == std::vector<std::string>{
                   "credentials are sent to service.example:80 without encryption"});
}

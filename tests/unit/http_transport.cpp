// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/auth.hpp>
#include <cwsandbox/wire/json.hpp>

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/scripted_server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace test;
using namespace std::chrono_literals;
using cw::status_code;

TEST_CASE("a call is one request by the REST binding", "[http]") {
  notes seen;
  scripted_server server{always(sandbox("sb-1"), seen)};
  auto options = http_client::options_for(server.url() + "/gate/way/");
  options.auth = nullptr;
  options.api_key = "key-1";
  options.user_agent = "program/1";
  http_client client{options};
  auto const found = client.get();
  REQUIRE(found);
  CHECK(found->sandbox_id == "sb-1");
  CHECK(seen.all().at(0) == "0: GET /gate/way/v1/sandboxes/sb-1 HTTP/1.1\r\n"
                            "host: " + server.authority() + "\r\n"
                            "user-agent: program/1 cwsandbox-cpp/" + cw::version + "\r\n"
                            "accept: application/json\r\n"
                            "accept-encoding: identity\r\n"
                            "authorization: Bearer key-1\r\n\r\n");
  cw::wire::WriteFileRequest write{};
  write.sandbox_id = "sb-1";
  write.path = "/x";
  write.content = "abc";
  CHECK(client.run(client.transport().write_file(write, {})));
  auto const request = seen.all().at(1);
  CHECK_THAT(request, ContainsSubstring("POST /gate/way/v1/sandboxes/sb-1:writeFile HTTP/1.1"));
  CHECK_THAT(request, ContainsSubstring("\r\ncontent-type: application/json\r\n"));
  CHECK_THAT(request, ContainsSubstring(R"("content":"YWJj")"));
}

TEST_CASE("answers of every form are read", "[http]") {
  std::string const json = "Content-Type: application/json\r\n";
  std::string const answers[] = {
      "HTTP/1.1 200 OK\r\n" + json + "Transfer-Encoding: chunked\r\n\r\n"
      "5\r\n{\"san\r\n12\r\ndboxId\":\"sb-9\"    \r\n1\r\n}\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n" + json + "\r\n{\"sandboxId\":\"sb-9\"}",
      "HTTP/1.0 200 OK\r\n" + json + "\r\n{\"sandboxId\":\"sb-9\"}",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n" + sandbox("sb-9"),
      "HTTP/1.1 200\r\n" + json + "Connection: close\r\nContent-Length: 21\r\n\r\n"
      "{\"sandbox_id\":\"sb-9\"}"};
  for (auto const& answer : answers) {
    INFO(answer);
    // one answer for each connection
    scripted_server server{[&answer](scripted_peer& peer) {
      peer.read_request();
      peer.write(answer);
    }};
    http_client client{server.url()};
    for (int i = 0; i < 2; ++i) {
      auto const found = client.get();
      REQUIRE(found);
      CHECK(found->sandbox_id == "sb-9");
    }
  }
}

TEST_CASE("an answer that cannot be trusted is an error", "[http]") {
  std::pair<std::string, status_code> const cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
       status_code::internal},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
       status_code::internal},
      {"HTTP/1.1 200 OK\r\nA: b\rSet: c\r\nContent-Length: 2\r\n\r\n{}", status_code::internal},
      {"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", status_code::internal},
      {"hello\r\n", status_code::internal},
      {"hello", status_code::internal},
      {"", status_code::unavailable},
      {"HTTP/1.1 200 OK\r\n", status_code::unavailable},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", status_code::unavailable},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
       status_code::unavailable},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(20000, 'x'), status_code::internal},
      {response("200 OK", "{"), status_code::internal},
      {response("200 OK", "[]"), status_code::internal},
      {response("200 OK", ""), status_code::internal},
      {response("200 OK", "<html>", "Content-Type: text/html\r\n"), status_code::unknown},
  };
  for (auto const& one : cases) {
    auto const& [answer, code] = one;
    INFO(answer);
    scripted_server server{[&one](scripted_peer& peer) {
      peer.read_request();
      peer.write(one.first);
    }};
    http_client client{server.url()};
    auto const got = client.post();
    REQUIRE_FALSE(got);
    INFO(got.error().message());
    CHECK(got.error().kind() == cw::error_kind::rpc);
    CHECK(got.error().code() == code);
  }
}

TEST_CASE("refused credentials are looked up again, once", "[http]") {
  notes seen;
  auto const authorization = [](std::string const& request) {
    auto const at = request.find("authorization: ");
    return request.substr(at, request.find('\r', at) - at);
  };
  std::string const refusal =
      response("401 Unauthorized", R"({"code":16,"message":"who are you?"})");
  scripted_server server{[&](scripted_peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      seen.add(authorization(request));
      peer.write(request.find("good") != std::string::npos ? sandbox("sb-1") : refusal);
    }
  }};
  std::vector<std::string> keys{"old", "good"};
  std::size_t asked = 0;
  auto options = http_client::options_for(server.url());
  options.auth = [&]() -> std::optional<cw::auth_headers> {
    auto const& key = keys[std::min(asked++, keys.size() - 1)];
    return cw::auth_headers{{"Authorization", key}};
  };
  http_client client{options};
  SECTION("and the call is made again with others") {
    CHECK(client.post());
    CHECK(seen.all() == std::vector<std::string>{"authorization: old", "authorization: good"});
  }
  SECTION("but not when they are the same") {
    keys = {"old"};
    auto const got = client.post();
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == status_code::unauthenticated);
    CHECK(got.error().message() == "who are you?");
    CHECK(seen.size() == 1);
  }
  SECTION("and not a second time") {
    keys = {"old", "older", "good"};
    CHECK(client.post().error().code() == status_code::unauthenticated);
    CHECK(seen.size() == 2);
  }
}

TEST_CASE("headers of an auth provider cannot change the request", "[http]") {
  notes seen;
  scripted_server server{always(sandbox("sb-1"), seen)};
  for (auto const* name : {"Content-Length", "transfer-encoding", "HOST", "Connection"}) {
    auto options = http_client::options_for(server.url());
    options.auth = [name]() -> std::optional<cw::auth_headers> {
      return cw::auth_headers{{name, "secret"}};
    };
    http_client client{options};
    auto const got = client.get();
    REQUIRE_FALSE(got);
    CHECK(got.error().kind() == cw::error_kind::invalid_argument);
    CHECK(got.error().message().find("secret") == std::string::npos);
    CHECK(client.get().error().kind() == cw::error_kind::invalid_argument);
  }
  auto options = http_client::options_for(server.url());
  options.auth = []() -> std::optional<cw::auth_headers> {
    return cw::auth_headers{{"x-key", "secret\r\nx-evil: 1"}};
  };
  http_client client{options};
  CHECK(client.get().error().message().find("secret") == std::string::npos);
  CHECK(seen.size() == 0);
}

TEST_CASE("a sandbox id cannot change the request", "[http]") {
  notes seen;
  scripted_server server{always(sandbox("sb-1"), seen)};
  http_client client{server.url()};
  CHECK(client.get("a b\r\nX-Evil: 1\r\n\r\nGET /?#/../%2e"));
  CHECK_THAT(seen.all().at(0),
             ContainsSubstring("GET /v1/sandboxes/a%20b%0D%0AX-Evil%3A%201%0D%0A%0D%0AGET%20%2F"
                               "%3F%23%2F..%2F%252e HTTP/1.1\r\nhost: "));
  for (auto const* id : {"", ".", ".."})
    CHECK(client.get(id).error().code() == status_code::invalid_argument);
  CHECK(seen.size() == 1);
}

TEST_CASE("failures of the service and of proxies are told apart", "[http]") {
  auto const failure = [](std::string const& answer) {
    scripted_server server{[&answer](scripted_peer& peer) {
      peer.read_request();
      peer.write(answer);
    }};
    http_client client{server.url()};
    auto const got = client.get();
    REQUIRE_FALSE(got);
    return got.error();
  };
  auto const gone = failure(response(
      "404 Not Found",
      R"({"code":5,"message":"no such sandbox","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
      "reason":"CWSANDBOX_SANDBOX_NOT_FOUND","domain":"cwsandbox.com"}]})"));
  CHECK(gone.code() == status_code::not_found);
  CHECK(gone.reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
  auto const bad = failure(response("502 Bad Gateway", "<html><h1>nginx</h1></html>",
                                    "Content-Type: text/html\r\n"));
  CHECK(bad.code() == status_code::unavailable);
  CHECK(bad.message() == "HTTP 502 Bad Gateway: nginx");
  auto const busy = failure(response("429 Too Many Requests", "{}", "Retry-After: 7\r\n"));
  CHECK(busy.code() == status_code::resource_exhausted);
  CHECK(busy.retry_after() == 7s);
  auto const moved = failure(response("307 Temporary Redirect", "",
                                      "Location: https://evil.example/steal?k=secret\r\n"));
  CHECK_THAT(moved.message(), ContainsSubstring("https://evil.example (HTTP 307)"));
  CHECK(moved.message().find("secret") == std::string::npos);
}

TEST_CASE("messages are bounded in both directions", "[http]") {
  std::vector<std::string> const answers{
      "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, ' ')};
  notes seen;
  scripted_server server{[&](scripted_peer& peer) {
    seen.add(peer.read_request());
    peer.write(answers.at(peer.number()));
    peer.wait_for_close();
  }};
  auto options = http_client::options_for(server.url());
  options.max_message_bytes = 1000;
  http_client client{options};
  auto const got = client.post();
  CHECK(got.error().code() == status_code::resource_exhausted);
  CHECK(got.error().message() == "Received message larger than max (1001 vs. 1000)");
  CHECK(client.post().error().code() == status_code::resource_exhausted);
  CHECK(client.post().error().code() == status_code::resource_exhausted);

  auto const asked = seen.size();
  cw::wire::WriteFileRequest write{};
  write.sandbox_id = "sb-1";
  write.content = std::string(1000, 'x');
  auto const sent = client.run(client.transport().write_file(write, {}));
  CHECK(sent.error().code() == status_code::resource_exhausted);
  CHECK_THAT(sent.error().message(), ContainsSubstring("Sent message larger than max ("));
  CHECK(seen.size() == asked);
}

TEST_CASE("an answer that comes before the request is out counts", "[http]") {
  scripted_server server{[](scripted_peer& peer) {
    peer.write(response("413 Too Large", R"({"code":8,"message":"too large"})"));
    peer.drain();
  }};
  http_client client{server.url()};
  cw::wire::WriteFileRequest write{};
  write.sandbox_id = "sb-1";
  write.content = std::string(30 << 20, 'x');
  auto const got = client.run(client.transport().write_file(write, {}));
  REQUIRE_FALSE(got);
  CHECK(got.error().message() == "too large");
}

TEST_CASE("large bodies pass both ways", "[http]") {
  std::string const content(5 << 20, 'z');
  cw::wire::ReadFileResponse file{};
  file.content = content;
  auto const answer = response("200 OK", cw::wire::to_json(file));
  std::atomic<std::size_t> received{0};
  scripted_server server{[&](scripted_peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      received = request.size();
      peer.write(request.starts_with("GET") ? answer : response("200 OK", "{}"));
    }
  }};
  http_client client{server.url()};
  cw::wire::WriteFileRequest write{};
  write.sandbox_id = "sb-1";
  write.content = content;
  CHECK(client.run(client.transport().write_file(write, {})));
  CHECK(received > content.size() * 4 / 3);
  cw::wire::ReadFileRequest read{};
  read.sandbox_id = "sb-1";
  auto const got = client.run(client.transport().read_file(read, {}));
  REQUIRE(got);
  CHECK(got->content == content);
}

TEST_CASE("what is wrong with the options is the error of the first call", "[http]") {
  auto options = http_client::options_for("ftp://h");
  CHECK(http_client{options}.get().error().message() ==
        "URL must use http or https scheme, got: ftp://h");
  options = http_client::options_for("http://h");
  options.user_agent = "a\r\nb";
  CHECK(http_client{options}.get().error().kind() == cw::error_kind::invalid_argument);
  options = http_client::options_for("http://h");
  options.proxy = "socks5://u:secret@h";
  CHECK(http_client{options}.get().error().details().subject == "proxy");
  options = http_client::options_for("https://h");
  options.ca_file = "/nowhere.pem";
  CHECK(http_client{options}.get().error().details().subject == "ca_file");
  options = http_client::options_for("http://127.0.0.1:1");
  options.auth = []() -> std::optional<cw::auth_headers> { return std::nullopt; };
  CHECK(http_client{options}.get().error().kind() == cw::error_kind::authentication);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/transport/http/answer.hpp>
#include <cwsandbox/transport/http/proxy.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

using namespace cwsandbox::detail;
using namespace cwsandbox::detail::http;
using cwsandbox::error_kind;
using cwsandbox::status_code;
using namespace std::chrono_literals;

namespace {

// Sets variables of the environment for a while; null unsets.
class environment {
 public:
  void set(char const* name, char const* value) {
    if (value != nullptr)
      ::setenv(name, value, 1);
    else
      ::unsetenv(name);
  }
  environment() { clear(); }
  environment(environment const&) = delete;
  environment& operator=(environment const&) = delete;
  ~environment() { clear(); }

 private:
  void clear() {
    for (char const* name : {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy",
                             "NO_PROXY", "CWSANDBOX_BASE_URL"})
      ::unsetenv(name);
  }
};

net::service_url service(std::string_view url) {
  auto found = net::find_service(url, url_paths::allowed);
  REQUIRE(found);
  return *std::move(found);
}

std::string proxy_for(std::string_view url, std::string_view option = {}) {
  auto const found = choose_proxy(option, service(url));
  REQUIRE(found);
  return *found ? (*found)->peer.text() : "";
}

std::optional<cwsandbox::error> verdict(std::string const& head, std::string const& body) {
  net::h1_response_parser parser;
  std::string parsed;
  parser.feed(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body, parsed);
  REQUIRE(parser.is_complete());
  return error_of(parser, parsed);
}

}  // namespace

TEST_CASE("a service may be behind a path", "[http]") {
  environment const clean;
  auto const found = service("HTTPS://Gate.Example:8443/a/b//");
  CHECK(found.secure);
  CHECK(found.authority == "gate.example:8443");
  CHECK(found.path_prefix == "/a/b");
  CHECK(service("http://[::1]").authority == "[::1]");
  CHECK(service("http://[::1]").peer.host == "::1");
  CHECK(service("http://h?query").path_prefix.empty());
  CHECK(service("").authority == "api.cwsandbox.com");
}

TEST_CASE("what is wrong with a base URL is said in the words of all transports", "[http]") {
  environment const clean;
  auto const message = [](std::string_view url) {
    auto const found = net::find_service(url, url_paths::allowed);
    REQUIRE_FALSE(found);
    CHECK(found.error().kind() == error_kind::invalid_argument);
    return found.error().message();
  };
  CHECK(message("ftp://h") == "URL must use http or https scheme, got: ftp://h");
  CHECK(message("h:443") == "URL must use http or https scheme, got: h:443");
  CHECK(message("http://") == "URL must have a hostname: http:");
  CHECK(message("http://h:x") == "URL must have a port between 0 and 65535, got: http://h:x");
  CHECK(message("http://u:secret@h") == "URL must not hold user information");
  CHECK(message("http://h/a b") == "URL path must be visible ASCII, got: http://h/a b");
  auto const grpc = net::find_service("http://h/a", url_paths::refused);
  CHECK(grpc.error().message() == "gRPC does not support URL paths, got: http://h/a");
}

TEST_CASE("the environment names the proxy", "[http]") {
  environment set;
  CHECK(proxy_for("https://h") == "");
  set.set("https_proxy", "http://p1:3128/");
  set.set("HTTPS_PROXY", "http://p2:3128");
  set.set("http_proxy", "p3:8080");
  CHECK(proxy_for("https://h") == "p1:3128");
  CHECK(proxy_for("http://h") == "p3:8080");
  CHECK(proxy_for("https://h", "none") == "");
  CHECK(proxy_for("https://h", "http://other") == "other:1080");
  set.set("https_proxy", "");
  CHECK(proxy_for("https://h") == "p2:3128");
}

TEST_CASE("HTTP_PROXY in capitals may come from a header and counts for nothing", "[http]") {
  environment set;
  set.set("HTTP_PROXY", "http://evil:1");
  CHECK(proxy_for("http://h") == "");
}

TEST_CASE("no_proxy exempts hosts from the environment's proxy, not from the option's", "[http]") {
  environment set;
  set.set("https_proxy", "http://p:1");
  set.set("no_proxy", "example.com");
  CHECK(proxy_for("https://example.com") == "");
  CHECK(proxy_for("https://api.example.com:8443") == "");
  CHECK(proxy_for("https://badexample.com") == "p:1");
  CHECK(proxy_for("https://example.com", "http://q:2") == "q:2");
  set.set("no_proxy", nullptr);
  set.set("NO_PROXY", "*");
  CHECK(proxy_for("https://anything") == "");
}

TEST_CASE("a list of exempt hosts holds names, addresses and networks", "[http]") {
  CHECK_FALSE(is_exempt_from_proxy("", "h"));
  CHECK(is_exempt_from_proxy("a, h ,b", "h"));
  CHECK(is_exempt_from_proxy("a b\th", "h"));
  CHECK(is_exempt_from_proxy(".example.com", "example.com"));
  CHECK(is_exempt_from_proxy(".Example.com", "a.b.example.com"));
  CHECK(is_exempt_from_proxy("example.com.", "example.com"));
  CHECK(is_exempt_from_proxy("example.com", "example.com."));
  CHECK_FALSE(is_exempt_from_proxy("example.com", "notexample.com"));
  CHECK_FALSE(is_exempt_from_proxy("a.example.com", "example.com"));
  CHECK(is_exempt_from_proxy("127.0.0.1", "127.0.0.1"));
  CHECK_FALSE(is_exempt_from_proxy("0.0.1", "127.0.0.1"));
  CHECK(is_exempt_from_proxy("10.0.0.0/8", "10.200.3.4"));
  CHECK_FALSE(is_exempt_from_proxy("10.0.0.0/8", "11.0.0.1"));
  CHECK(is_exempt_from_proxy("192.168.128.0/17", "192.168.255.1"));
  CHECK_FALSE(is_exempt_from_proxy("192.168.128.0/17", "192.168.127.1"));
  CHECK(is_exempt_from_proxy("0.0.0.0/0", "8.8.8.8"));
  CHECK_FALSE(is_exempt_from_proxy("10.0.0.0/33", "10.0.0.0"));
  CHECK_FALSE(is_exempt_from_proxy("10.0.0.0/x", "10.0.0.0"));
  CHECK(is_exempt_from_proxy("[::1]", "::1"));
  CHECK(is_exempt_from_proxy("0:0::1", "::1"));
  CHECK(is_exempt_from_proxy("fd00::/8", "fd12::1"));
  CHECK_FALSE(is_exempt_from_proxy("fd00::/8", "10.0.0.1"));
  CHECK(is_exempt_from_proxy("*", "::1"));
}

TEST_CASE("a proxy's user and password become Basic credentials", "[http]") {
  auto const found = parse_proxy_url("http://us%40er:p%3Aw%2f@[::1]:8080", "proxy");
  REQUIRE(found);
  CHECK(found->peer.text() == "[::1]:8080");
  CHECK(found->authorization == "Basic dXNAZXI6cDp3Lw==");
  CHECK(parse_proxy_url("h", "proxy")->authorization.empty());
  CHECK(parse_proxy_url("u@h", "proxy")->authorization == "Basic dTo=");
}

TEST_CASE("a proxy that cannot be used is refused without showing its URL", "[http]") {
  for (auto const* url :
       {"https://u:secret@h", "socks5://u:secret@h", "http://u:secret@", "http://u:secret@h:99999",
        "http://u:secret%0d%0aX@h", "http://u:secret%zz@h", "http://a%3Ab:secret@h",
        "http://u:secret@h h", "u:secret@h\r\nX: y"}) {
    auto const found = parse_proxy_url(url, "https_proxy");
    REQUIRE_FALSE(found);
    CHECK(found.error().kind() == error_kind::invalid_argument);
    CHECK(found.error().details().subject == "https_proxy");
    CHECK(found.error().message().find("https_proxy") != std::string::npos);
    CHECK(found.error().message().find("secret") == std::string::npos);
    CHECK(found.error().details().value.empty());
  }
}

TEST_CASE("a date of HTTP comes in three formats", "[http]") {
  using namespace std::chrono;
  auto const now = sys_days{2026y / 1 / 1} + 0s;
  auto const expected = sys_days{1994y / 11 / 6} + 8h + 49min + 37s;
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == expected);
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == expected);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994", now) == expected);
  CHECK(parse_http_date("Sunday, 06-Nov-30 08:49:37 GMT", now) ==
        sys_days{2030y / 11 / 6} + 8h + 49min + 37s);
  for (auto const* text :
       {"", "Sun", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 ovN 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "tomorrow"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text, now));
  }
}

TEST_CASE("retry-after is a number of seconds or a date", "[http]") {
  using namespace std::chrono;
  auto const now = sys_days{2026y / 1 / 1} + 0s;
  CHECK(parse_retry_after("0", {}, now) == 0ns);
  CHECK(parse_retry_after("120", {}, now) == 120s);
  CHECK(parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", {}, now) == 60s);
  CHECK(parse_retry_after("Thu, 01 Jan 2026 00:01:00 GMT", "Thu, 01 Jan 2026 00:00:50 GMT", now) ==
        10s);
  CHECK(parse_retry_after("Thu, 01 Jan 2025 00:01:00 GMT", {}, now) == 0ns);
  for (auto const* text : {"", "-1", "+1", "1.5", "1s", " 1", "99999999999999999999", "9999999999",
                           "soon", "Thu, 01 Jan 9999 00:01:00 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_retry_after(text, {}, now));
  }
}

TEST_CASE("only JSON is an answer", "[http]") {
  std::string const ok = "HTTP/1.1 200 OK\r\n";
  CHECK_FALSE(verdict(ok + "Content-Type: application/json\r\n", "{}"));
  CHECK_FALSE(verdict(ok + "Content-Type: Application/JSON ; charset=utf-8\r\n", "{}"));
  std::string const json = "Content-Type: application/json\r\n";
  CHECK_FALSE(verdict(ok + json + "Content-Encoding: identity\r\n", "{}"));
  auto const page = verdict(ok + "Content-Type: text/html\r\n", "<h1>Log in</h1>");
  REQUIRE(page);
  CHECK(page->code() == status_code::unknown);
  CHECK(page->message() ==
        "the answer is not JSON, its content type is text/html: HTTP 200 OK: Log in");
  CHECK(verdict(ok, "{}").value().message() ==
        "the answer is not JSON, it has no content type: HTTP 200 OK: {}");
  auto const packed =
      verdict(ok + "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "\x1f\x8b");
  CHECK(packed.value().code() == status_code::internal);
  CHECK(verdict("HTTP/1.1 204 No Content\r\n", "").value().code() == status_code::internal);
}

TEST_CASE("a failure is read from JSON, else from the status", "[http]") {
  auto const described = verdict(
      "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nRetry-After: 9\r\n",
      R"({"error":{"code":404,"status":"NOT_FOUND","message":"no such","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}})");
  REQUIRE(described);
  CHECK(described->code() == status_code::not_found);
  CHECK(described->message() == "no such");
  CHECK(described->retry_after() == 2s);
  auto const page = verdict("HTTP/1.1 503 Busy\r\nRetry-After: 9\r\nContent-Type: text/html\r\n",
                            "<html>come again</html>");
  REQUIRE(page);
  CHECK(page->code() == status_code::unavailable);
  CHECK(page->retry_after() == 9s);
  CHECK(page->message() == "HTTP 503 Busy: come again");
}

TEST_CASE("a redirection is an error that says where to, and nothing secret", "[http]") {
  auto const message = [](std::string const& location) {
    auto const e = verdict("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\n", "");
    REQUIRE(e);
    CHECK(e->message().find("secret") == std::string::npos);
    return e->message();
  };
  CHECK(message("https://Other.example:8443/secret?token=secret#secret") ==
        "the service redirects to https://other.example:8443 (HTTP 302), which is not followed: "
        "is the base URL right?");
  CHECK_THAT(message("http://o"), ContainsSubstring("redirects to http://o (HTTP 302)"));
  CHECK_THAT(message("/secret"), ContainsSubstring("another path of its own"));
  CHECK_THAT(message("//secret"), ContainsSubstring("another place"));
  CHECK_THAT(message("https://u:secret@h"), ContainsSubstring("another place"));
  CHECK_THAT(message("javascript:secret"), ContainsSubstring("another place"));
  CHECK_THAT(message(""), ContainsSubstring("another place"));
}

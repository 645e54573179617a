// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/json_status.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using cwsandbox::error_kind;
using cwsandbox::status_code;
using cwsandbox::detail::http_response_error;
using cwsandbox::detail::parse_json_status;
using cwsandbox::detail::status_code_from_http;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("an error in the form of the REST API is read with its details") {
  auto const e = parse_json_status(
      R"({"error":{"code":400,"message":"no such thing","status":"INVALID_ARGUMENT","details":[
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CWSANDBOX_FILE_TOO_LARGE",
         "domain":"cwsandbox.com","metadata":{"path":"/a","limit":"5","odd":7}},
        {"retryDelay":"1.5s","@type":"type.googleapis.com/google.rpc.RetryInfo"},
        {"@type":"google.rpc.BadRequest","fieldViolations":[
          {"field":"spec","description":"bad"},{"field":"tags","reason":"TOO_MANY"},
          {"field":"name","localizedMessage":{"locale":"en","message":"too long"}},{}]},
        {"@type":"type.googleapis.com/google.rpc.Help","links":[]}]}})",
      400);
  REQUIRE(e);
  CHECK(e->kind() == error_kind::rpc);
  CHECK(e->code() == status_code::invalid_argument);
  CHECK(e->message() == "no such thing");
  CHECK(e->reason() == "CWSANDBOX_FILE_TOO_LARGE");
  CHECK(e->details().domain == "cwsandbox.com");
  CHECK(e->details().metadata ==
        std::vector<std::pair<std::string, std::string>>{{"path", "/a"}, {"limit", "5"}});
  CHECK(e->retry_after() == 1500ms);
  CHECK(e->details().field_violations ==
        std::vector<cwsandbox::FieldViolation>{
            {"spec", "bad"}, {"tags", "TOO_MANY"}, {"name", "too long"}});
}

TEST_CASE("a status without an error around it is read") {
  auto const e = parse_json_status(
      R"({"code":5,"message":"gone","details":[{"@type":"x/google.rpc.RetryInfo","retry_delay":"0s"}]})",
      500);
  REQUIRE(e);
  CHECK(e->code() == status_code::not_found);
  CHECK(e->message() == "gone");
  CHECK(e->retry_after() == 0ns);

  auto const old = parse_json_status(R"({"error":"gone","code":5,"message":"gone"})", 404);
  REQUIRE(old);
  CHECK(old->code() == status_code::not_found);
}

TEST_CASE(
    "the name of a code counts more than its number, and a number more than the HTTP status") {
  auto const code = [](std::string const& json, int http_status = 418) {
    auto const e = parse_json_status("{\"error\":{" + json + "}}", http_status);
    REQUIRE(e);
    return e->code();
  };
  CHECK(code(R"("code":404,"status":"ALREADY_EXISTS")") == status_code::already_exists);
  CHECK(code(R"("code":7,"status":"UNAVAILABLE")") == status_code::unavailable);
  CHECK(code(R"("code":404)") == status_code::not_found);
  CHECK(code(R"("code":14)") == status_code::unavailable);
  CHECK(code(R"("code":"NOT_FOUND")") == status_code::not_found);
  CHECK(code(R"("status":"DATA_LOSS")") == status_code::data_loss);
  // A failure is never OK, and nonsense says nothing.
  for (auto const* json :
       {R"("code":0)", R"("code":0,"status":"OK")", R"("code":-3)", R"("code":200)",
        R"("code":99999999999)", R"("code":17,"status":"X")", R"("details":[])"}) {
    CHECK(code(json, 503) == status_code::unavailable);
  }
}

TEST_CASE("details of odd types are skipped, the others count") {
  auto const e = parse_json_status(
      R"({"code":8,"message":7,"details":[null,5,"x",[],{},{"@type":3},{"@type":"google.rpc.ErrorInfo"},
        {"@type":"a/google.rpc.ErrorInfo","reason":5,"domain":[],"metadata":"x"},
        {"@type":"a/google.rpc.ErrorInfo","reason":"FIRST","metadata":[]},
        {"@type":"a/google.rpc.ErrorInfo","reason":"SECOND"},
        {"@type":"a/google.rpc.RetryInfo"},{"@type":"a/google.rpc.RetryInfo","retryDelay":5},
        {"@type":"a/google.rpc.RetryInfo","retryDelay":"999999999999999999s"},
        {"@type":"a/google.rpc.RetryInfo","retryDelay":"300000000000s"},
        {"@type":"a/google.rpc.RetryInfo","retryDelay":"-2s"},
        {"@type":"a/google.rpc.BadRequest"},{"@type":"a/google.rpc.BadRequest","fieldViolations":{}},
        {"@type":"a/google.rpc.BadRequest","field_violations":[1,{"field":{}},{"field":"f",
          "localized_message":5}]}]})",
      429);
  REQUIRE(e);
  CHECK(e->code() == status_code::resource_exhausted);
  CHECK(e->message().empty());
  CHECK(e->reason() == "FIRST");
  CHECK(e->retry_after() == -2s);
  CHECK(e->details().field_violations == std::vector<cwsandbox::FieldViolation>{{"f", ""}});
}

TEST_CASE("a body that is no status is none") {
  for (auto const* body :
       {"", " ", "{}", "[]", "null", "5", "\"x\"", "{", "{\"error\":\"x\"}", "{\"message\":\"x\"}",
        "{\"error\":{}}", "{\"error\":{\"message\":\"x\"}}", "{\"code\":5", "{\"code\":5}x",
        "<html></html>", "Bad Gateway", "{\"code\":5,\"message\":\"\xff\"}", "{\"code\":true}"}) {
    INFO(body);
    CHECK(!parse_json_status(body, 500));
  }
  std::string const deep =
      "{\"code\":5,\"details\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CHECK(!parse_json_status(deep, 500));
}

TEST_CASE("an HTTP status stands for a code") {
  CHECK(status_code_from_http(400) == status_code::invalid_argument);
  CHECK(status_code_from_http(401) == status_code::unauthenticated);
  CHECK(status_code_from_http(403) == status_code::permission_denied);
  CHECK(status_code_from_http(404) == status_code::not_found);
  CHECK(status_code_from_http(409) == status_code::aborted);
  CHECK(status_code_from_http(412) == status_code::failed_precondition);
  CHECK(status_code_from_http(413) == status_code::resource_exhausted);
  CHECK(status_code_from_http(416) == status_code::out_of_range);
  CHECK(status_code_from_http(429) == status_code::resource_exhausted);
  CHECK(status_code_from_http(499) == status_code::cancelled);
  CHECK(status_code_from_http(500) == status_code::internal);
  CHECK(status_code_from_http(501) == status_code::unimplemented);
  CHECK(status_code_from_http(502) == status_code::unavailable);
  CHECK(status_code_from_http(503) == status_code::unavailable);
  CHECK(status_code_from_http(504) == status_code::deadline_exceeded);
  for (int const other : {-1, 0, 200, 302, 402, 418, 505, 999}) {
    CHECK(status_code_from_http(other) == status_code::unknown);
  }
}

TEST_CASE("a page of a proxy becomes one short line") {
  auto const e =
      http_response_error(502, "Bad Gateway",
                          "<html>\r\n<head><title>502 "
                          "Bad\tGateway</title></head>\r\n<body><h1>nginx</h1></body></html>\r\n");
  CHECK(e.kind() == error_kind::rpc);
  CHECK(e.code() == status_code::unavailable);
  CHECK(e.message() == "HTTP 502 Bad Gateway: 502 Bad Gateway nginx");

  CHECK(http_response_error(503, "", "").message() == "HTTP 503");
  CHECK(http_response_error(500, "Oh\r\nno", "\x1b[31mred\0\xff"s).message() ==
        "HTTP 500 Oh no: [31mred \xef\xbf\xbd");
  std::string const long_text(5000, 'a');
  CHECK(http_response_error(500, "", long_text).message() ==
        "HTTP 500: " + std::string(200, 'a') + "...");
  // cut between characters
  std::string euros;
  for (int i = 0; i != 100; ++i) euros += "\xe2\x82\xac";
  CHECK(http_response_error(500, "", euros).message() ==
        "HTTP 500: " + euros.substr(0, 198) + "...");
}

TEST_CASE("a 404 tells something about a sandbox only when the API says so") {
  CHECK(http_response_error(404, "Not Found", "<h1>404</h1>").code() == status_code::unimplemented);
  CHECK(http_response_error(404, "Not Found", R"({"code":5,"message":"no sandbox"})").code() ==
        status_code::not_found);
  CHECK(http_response_error(404, "Not Found", R"({"error":{"code":404}})").code() ==
        status_code::not_found);
}

TEST_CASE("a status that ends anywhere too early is no status") {
  std::string_view const whole =
      R"({"error":{"code":404,"status":"NOT_FOUND","details":[{"@type":"a/google.rpc.ErrorInfo","reason":"R"}]}})";
  REQUIRE(parse_json_status(whole, 404));
  for (std::size_t size = 0; size != whole.size(); ++size) {
    CHECK(!parse_json_status(whole.substr(0, size), 404));
  }
}

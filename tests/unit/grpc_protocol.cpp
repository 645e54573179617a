// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/status_details.hpp>
#include <cwsandbox/transport/grpc/protocol.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace cwsandbox::detail::grpc;
using cwsandbox::status_code;
using namespace std::chrono_literals;

TEST_CASE("a time-out has at most eight digits and is never shorter than asked", "[grpc]") {
  CHECK(timeout_text(0ns) == "1n");
  CHECK(timeout_text(-5s) == "1n");
  CHECK(timeout_text(1ns) == "1n");
  CHECK(timeout_text(99'999'999ns) == "99999999n");
  CHECK(timeout_text(100'000'000ns) == "100000u");
  CHECK(timeout_text(100'000'001ns) == "100001u");
  CHECK(timeout_text(300s) == "300000m");
  CHECK(timeout_text(300s + 1ns) == "300001m");
  CHECK(timeout_text(99'999'999s) == "99999999S");
  CHECK(timeout_text(100'000'000s) == "1666667M");
  CHECK(timeout_text(std::chrono::nanoseconds::max()) == "2562048H");
}

TEST_CASE("the status message is percent-decoded, and what is no encoding stays", "[grpc]") {
  CHECK(percent_decoded("") == "");
  CHECK(percent_decoded("plain text") == "plain text");
  CHECK(percent_decoded("a%20b%0Ac") == "a b\nc");
  CHECK(percent_decoded("%E2%82%AC%e2%82%ac") == "\xe2\x82\xac\xe2\x82\xac");
  CHECK(percent_decoded("100%") == "100%");
  CHECK(percent_decoded("%4") == "%4");
  CHECK(percent_decoded("%zz%25") == "%zz%");
}

TEST_CASE("a message prefix is a flag and the length in network order", "[grpc]") {
  std::string text = "x";
  append_prefix(text, 0x01020304);
  CHECK(text == std::string("x\0\x01\x02\x03\x04", 6));
}

TEST_CASE("only gRPC's content types are gRPC", "[grpc]") {
  response_head head;
  for (auto const* type : {"application/grpc", "application/grpc+proto", "application/grpc;v=1"}) {
    head.content_type = type;
    CHECK(head.is_grpc());
  }
  for (auto const* type : {"", "application/grpc-web", "text/html", "application/json"}) {
    head.content_type = type;
    CHECK_FALSE(head.is_grpc());
  }
}

TEST_CASE("an HTTP status stands for a code when there is no gRPC status", "[grpc]") {
  std::pair<int, status_code> const expected[] = {
      {400, status_code::internal},      {401, status_code::unauthenticated},
      {403, status_code::permission_denied}, {404, status_code::unimplemented},
      {429, status_code::unavailable},   {502, status_code::unavailable},
      {503, status_code::unavailable},   {504, status_code::unavailable},
      {500, status_code::unknown},       {302, status_code::unknown},
  };
  for (auto const& [status, code] : expected) {
    response_head head;
    head.http_status = status;
    head.content_type = "text/html";
    auto const error = error_of(head, "<b>\r\n\tOops</b>\x01");
    REQUIRE(error);
    CHECK(error->code() == code);
    CHECK(error->message() == "the answer is HTTP status " + std::to_string(status) +
                                  " (content type text/html) and not gRPC: <b> Oops</b>");
  }
}

TEST_CASE("a gRPC status decides whatever the HTTP status is", "[grpc]") {
  response_head head;
  head.add(":status", "503");
  head.add("content-type", "text/html");
  head.add("grpc-status", "5");
  head.add("grpc-message", "no%20such");
  auto const error = error_of(head, "");
  REQUIRE(error);
  CHECK(error->code() == status_code::not_found);
  CHECK(error->message() == "no such");
}

TEST_CASE("status OK is no error, unless the answer is not gRPC", "[grpc]") {
  response_head head;
  head.add(":status", "200");
  head.add("content-type", "application/grpc");
  head.add("grpc-status", "0");
  CHECK_FALSE(error_of(head, ""));
  head.add("content-type", "text/plain");
  CHECK(error_of(head, "").value().code() == status_code::unknown);
}

TEST_CASE("a status that is no status is UNKNOWN", "[grpc]") {
  for (auto const* text : {"", "abc", "-1", "1x", " 1", "99999999999999999999", "17"}) {
    INFO("grpc-status: '" << text << "'");
    response_head head;
    head.add(":status", "200");
    head.add("content-type", "application/grpc");
    head.add("grpc-status", text);
    CHECK(error_of(head, "").value().code() == status_code::unknown);
  }
}

TEST_CASE("of several details headers the first legible one counts", "[grpc]") {
  cwsandbox::error_details details{};
  details.code = status_code::not_found;
  details.reason = "CWSANDBOX_SANDBOX_NOT_FOUND";
  details.domain = "cwsandbox.com";
  auto const bytes = cwsandbox::detail::serialized_rpc_status(cwsandbox::error{details});
  auto const good = cwsandbox::detail::encode_binary_header(bytes);
  for (auto const& values : {std::vector<std::string>{"!!", good}, {"!!," + good}, {good, "!!"}}) {
    response_head head;
    head.add(":status", "200");
    head.add("grpc-status", "5");
    for (auto const& value : values) head.add("grpc-status-details-bin", value);
    CHECK(error_of(head, "").value().reason() == "CWSANDBOX_SANDBOX_NOT_FOUND");
  }
}

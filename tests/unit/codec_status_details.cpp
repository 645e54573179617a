// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/base64.hpp>
#include <cwsandbox/detail/status_details.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/catch.hpp"
#include "support/protobuf_peer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire = cwsandbox::wire;
using cwsandbox::error;
using cwsandbox::error_details;
using cwsandbox::FieldViolation;
using cwsandbox::detail::attach_detail;
using cwsandbox::detail::attach_status_details;
using cwsandbox::detail::attach_status_header;
using cwsandbox::detail::decode_binary_header;
using cwsandbox::detail::encode_binary_header;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

template <class M>
wire::Any any_of(M const& message, std::string_view prefix = "type.googleapis.com/") {
  wire::Any any{};
  any.type_url = std::string{prefix}.append(wire::descriptor<M>::name);
  any.value = wire::encode(message);
  return any;
}

wire::ErrorInfo info_of(std::string reason, std::string domain = "cwsandbox.com") {
  wire::ErrorInfo info{};
  info.reason = std::move(reason);
  info.domain = std::move(domain);
  return info;
}

wire::RetryInfo retry_of(std::int64_t seconds, std::int32_t nanos = 0) {
  wire::RetryInfo info{};
  info.retry_delay = wire::Duration{seconds, nanos};
  return info;
}

wire::BadRequestFieldViolation violation(std::string field, std::string description) {
  wire::BadRequestFieldViolation result{};
  result.field_ = std::move(field);
  result.description = std::move(description);
  return result;
}

std::string status_of(std::vector<wire::Any> details) {
  wire::RpcStatus status{};
  status.code = 5;
  status.message = "gone";
  status.details = std::move(details);
  return wire::encode(status);
}

error_details attached(std::string_view bytes, bool expected = true) {
  error_details details{};
  CHECK(attach_status_details(details, bytes) == expected);
  return details;
}

}  // namespace

TEST_CASE("status details give reason, delay and violations") {
  auto info = info_of("CWSANDBOX_SANDBOX_NOT_FOUND");
  info.metadata = {{"sandbox_id", "sb-1"}, {"empty", ""}};
  wire::BadRequest request{};
  request.field_violations = {violation("spec.image", "is empty")};
  auto const details =
      attached(status_of({any_of(info), any_of(retry_of(2, 500'000'000)), any_of(request)}));

  CHECK(details.reason == "CWSANDBOX_SANDBOX_NOT_FOUND");
  CHECK(details.domain == "cwsandbox.com");
  CHECK(details.metadata ==
        std::vector<std::pair<std::string, std::string>>{{"sandbox_id", "sb-1"}, {"empty", ""}});
  CHECK(details.retry_after == 2500ms);
  CHECK(details.field_violations == std::vector<FieldViolation>{{"spec.image", "is empty"}});
  // code and message are the call's own affair
  CHECK(details.message.empty());
}

TEST_CASE("status details without anything of use are no details") {
  auto const bytes =
      GENERATE(""s, status_of({}), status_of({any_of(wire::Duration{1, 2})}),
               status_of({any_of(info_of(""))}), status_of({any_of(wire::RetryInfo{})}),
               status_of({any_of(wire::BadRequest{})}), status_of({wire::Any{}}));
  auto const details = attached(bytes, false);
  CHECK(details.reason.empty());
  CHECK_FALSE(details.retry_after);
  CHECK(details.field_violations.empty());
}

TEST_CASE("status details are matched by what follows the last slash of the type") {
  for (auto const* const prefix : {"type.googleapis.com/", "", "/", "a/b/"}) {
    CHECK(attached(status_of({any_of(info_of("R"), prefix)})).reason == "R");
  }
  for (auto const* const prefix : {"x", "type.googleapis.com/x.", "/google.rpc."}) {
    attached(status_of({any_of(info_of("R"), prefix)}), false);
  }
}

TEST_CASE("the first reason that is not empty counts, with its own domain and metadata") {
  auto nameless = info_of("", "elsewhere.example");
  nameless.metadata = {{"dropped", "1"}};
  auto const details = attached(
      status_of({any_of(nameless), any_of(info_of("FIRST", "a")), any_of(info_of("SECOND", "b"))}));
  CHECK(details.reason == "FIRST");
  CHECK(details.domain == "a");
  CHECK(details.metadata.empty());
}

TEST_CASE("the first retry delay that can be told counts") {
  auto const delay = [](std::vector<wire::Any> list, bool expected = true) {
    return attached(status_of(std::move(list)), expected).retry_after;
  };
  CHECK(delay({any_of(wire::RetryInfo{}), any_of(retry_of(1)), any_of(retry_of(2))}) == 1s);
  CHECK(delay({any_of(retry_of(0)), any_of(retry_of(2))}) == 0s);
  CHECK(delay({any_of(retry_of(-1, -500'000'000))}) == -1500ms);
  CHECK(delay({any_of(retry_of(1, -500'000'000))}) == 500ms);
  CHECK(delay({any_of(retry_of(9'223'372'036, 854'775'807))}) == std::chrono::nanoseconds::max());
  CHECK(delay({any_of(retry_of(-9'223'372'036, -854'775'808))}) == std::chrono::nanoseconds::min());

  auto const too_long = GENERATE(
      retry_of(1'000'000'000'000'000'000), retry_of(9'223'372'036, 854'775'808),
      retry_of(-9'223'372'036, -854'775'809), retry_of(std::numeric_limits<std::int64_t>::max()),
      retry_of(std::numeric_limits<std::int64_t>::min()));
  CHECK_FALSE(delay({any_of(too_long)}, false));
  CHECK(delay({any_of(too_long), any_of(retry_of(3))}) == 3s);
}

TEST_CASE("all violations count, each with the best description that it has") {
  wire::BadRequest first{};
  first.field_violations = {violation("a", "described"), violation("b", ""), violation("", "bare")};
  first.field_violations[0].reason = "REASON";
  first.field_violations[0].localized_message = wire::LocalizedMessage{"de", "beschrieben"};
  wire::BadRequest second{};
  second.field_violations = {violation("c", ""), violation("d", ""), violation("e", ""),
                             violation("", "")};
  second.field_violations[0].localized_message = wire::LocalizedMessage{"de", "beschrieben"};
  second.field_violations[0].reason = "REASON";
  second.field_violations[1].reason = "REASON";
  second.field_violations[2].localized_message = wire::LocalizedMessage{"de", ""};
  second.field_violations[2].reason = "OTHER";
  CHECK(attached(status_of({any_of(first), any_of(second)})).field_violations ==
        std::vector<FieldViolation>{{"a", "described"},
                                    {"b", ""},
                                    {"", "bare"},
                                    {"c", "beschrieben"},
                                    {"d", "REASON"},
                                    {"e", "OTHER"}});
}

TEST_CASE("a malformed detail is skipped and the others still count") {
  auto bad_info = any_of(info_of("BAD"));
  bad_info.value.pop_back();
  auto bad_retry = any_of(retry_of(1));
  bad_retry.value = "\x0a\x7f";
  auto bad_request = any_of(wire::BadRequest{});
  bad_request.value = "\xff";
  auto const details = attached(
      status_of({bad_info, bad_retry, bad_request, any_of(info_of("GOOD")), any_of(retry_of(4))}));
  CHECK(details.reason == "GOOD");
  CHECK(details.retry_after == 4s);
}

TEST_CASE("bytes that are no status change nothing") {
  auto const bytes = status_of({any_of(info_of("REASON")), any_of(retry_of(1))});
  for (std::size_t size = 1; size != bytes.size(); ++size) {
    error_details details{};
    details.domain = "kept";
    if (attach_status_details(details, std::string_view{bytes}.substr(0, size))) {
      // cut between two details
      CHECK(details.reason == "REASON");
      CHECK_FALSE(details.retry_after);
    } else {
      CHECK(details.reason.empty());
      CHECK(details.domain == "kept");
    }
  }
}

TEST_CASE("each detail may come by itself, from another codec") {
  error_details details{};
  CHECK_FALSE(attach_detail(details, info_of("")));
  CHECK(attach_detail(details, info_of("FIRST")));
  CHECK_FALSE(attach_detail(details, info_of("SECOND")));
  CHECK(details.reason == "FIRST");
  CHECK(attach_detail(details, retry_of(0)));
  CHECK_FALSE(attach_detail(details, retry_of(1)));
  CHECK(details.retry_after == 0s);
  wire::BadRequest request{};
  CHECK_FALSE(attach_detail(details, request));
  request.field_violations = {violation("f", "d")};
  CHECK(attach_detail(details, request));
  CHECK(attach_detail(details, request));
  CHECK(details.field_violations.size() == 2);
}

TEST_CASE("the trailer is base64, padded or not, and may hold several values") {
  auto const good = status_of({any_of(info_of("GOOD"))});
  auto const padded = cwsandbox::detail::base64_encode(good);
  auto const other = encode_binary_header(status_of({any_of(info_of("OTHER"))}));
  auto const useless = encode_binary_header(status_of({}));
  auto const malformed = encode_binary_header("\xff");
  for (auto const& value :
       {padded, encode_binary_header(good), padded + "," + other, useless + "," + padded,
        malformed + ", " + padded + " ,\t" + other, "not base64!," + padded, "," + padded + ","}) {
    INFO(value);
    error_details details{};
    CHECK(attach_status_header(details, value));
    CHECK(details.reason == "GOOD");
  }
  for (auto const& value :
       {std::string{}, ","s, "not base64!"s, malformed, useless, useless + "," + malformed, good}) {
    error_details details{};
    CHECK_FALSE(attach_status_header(details, value));
    CHECK(details.reason.empty());
  }
}

TEST_CASE("binary headers") {
  CHECK(encode_binary_header("") == "");
  CHECK(encode_binary_header("f") == "Zg");
  CHECK(encode_binary_header("foob") == "Zm9vYg");
  CHECK(encode_binary_header("foo") == "Zm9v");
  CHECK(decode_binary_header("Zg") == "f");
  CHECK(decode_binary_header("Zg==") == "f");
  CHECK(decode_binary_header(" Zg== ") == "f");
  CHECK(decode_binary_header("!!,Zg,Zm9v") == "f");
  CHECK(decode_binary_header("") == "");
  CHECK_FALSE(decode_binary_header("!!"));
  CHECK_FALSE(decode_binary_header("Z g"));
}

TEST_CASE("a server's status says to libprotobuf and to us what the error says") {
  error_details given{};
  given.kind = cwsandbox::error_kind::rpc;
  given.code = cwsandbox::status_code::resource_exhausted;
  given.message = "too many sandboxes";
  given.reason = "CWSANDBOX_QUOTA";
  given.domain = "cwsandbox.com";
  given.metadata = {{"limit", "10"}, {"used", "10"}};
  given.retry_after = -1500ms;
  given.field_violations = {{"spec", "refused"}, {"", "only words"}};
  error const report{given};

  auto const status = cwsandbox::detail::make_rpc_status(report);
  CHECK(status.code == 8);
  CHECK(status.message == "too many sandboxes");
  REQUIRE(status.details.size() == 3);
  CHECK(status.details[0].type_url == "type.googleapis.com/google.rpc.ErrorInfo");
  CHECK(status.details[1].type_url == "type.googleapis.com/google.rpc.RetryInfo");
  CHECK(status.details[2].type_url == "type.googleapis.com/google.rpc.BadRequest");

  auto const bytes = cwsandbox::detail::serialized_rpc_status(report);
  namespace peer = test_support::protobuf_peer;
  CHECK(peer::reserialize("google.rpc.Status", bytes) == bytes);
  CHECK(peer::reserialize("google.rpc.ErrorInfo", status.details[0].value) ==
        status.details[0].value);
  CHECK(peer::reserialize("google.rpc.RetryInfo", status.details[1].value) ==
        status.details[1].value);
  CHECK(peer::reserialize("google.rpc.BadRequest", status.details[2].value) ==
        status.details[2].value);

  auto const details = attached(bytes);
  CHECK(details.reason == given.reason);
  CHECK(details.domain == given.domain);
  CHECK(details.metadata == given.metadata);
  CHECK(details.retry_after == given.retry_after);
  CHECK(details.field_violations == given.field_violations);
}

TEST_CASE("a server's status has only the details that the error has, and is always readable") {
  auto const plain =
      cwsandbox::rpc_error(cwsandbox::status_code::internal, "broken \xff\xe2\x82 name");
  auto const status = cwsandbox::detail::make_rpc_status(plain);
  CHECK(status.details.empty());
  CHECK(status.message == "broken \xef\xbf\xbd\xef\xbf\xbd name");
  CHECK(test_support::protobuf_peer::reserialize("google.rpc.Status",
                                                 cwsandbox::detail::serialized_rpc_status(plain)));
}

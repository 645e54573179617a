// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "rest_error.hpp"

#include "status.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/utf8_text.hpp>

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <algorithm>
#include <chrono>

namespace server {
namespace {

using cwsandbox::status_code;

std::string to_json(google::protobuf::Message const& message) {
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text).ok()) return "null";
  return text;
}

std::string delay_json(std::chrono::nanoseconds delay) {
  google::protobuf::Duration message;
  auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(delay);
  message.set_seconds(seconds.count());
  message.set_nanos(static_cast<std::int32_t>((delay - seconds).count()));
  return to_json(message);
}

std::string type_json(std::string_view name) {
  return R"({"@type":)" + json_string("type.googleapis.com/google.rpc." + std::string{name});
}

std::string details_json(cwsandbox::error_details const& details) {
  std::string list;
  auto const add = [&list](std::string const& detail) {
    list += (list.empty() ? "" : ",") + detail;
  };
  if (!details.reason.empty()) {
    std::string metadata;
    for (auto const& [name, value] : details.metadata)
      metadata += (metadata.empty() ? "" : ",") + json_string(name) + ":" + json_string(value);
    add(type_json("ErrorInfo") + R"(,"reason":)" + json_string(details.reason) + R"(,"domain":)" +
        json_string(details.domain) + R"(,"metadata":{)" + metadata + "}}");
  }
  if (details.retry_after)
    add(type_json("RetryInfo") + R"(,"retryDelay":)" + delay_json(*details.retry_after) + "}");
  if (!details.field_violations.empty()) {
    std::string violations;
    for (auto const& violation : details.field_violations) {
      violations += (violations.empty() ? "" : ",") + std::string{R"({"field":)"} +
                    json_string(violation.field) + R"(,"description":)" +
                    json_string(violation.description) + "}";
    }
    add(type_json("BadRequest") + R"(,"fieldViolations":[)" + violations + "]}");
  }
  return "[" + list + "]";
}

}  // namespace

int http_status_of(status_code code) {
  switch (code) {
    case status_code::ok:
      return 200;
    case status_code::cancelled:
      return 499;
    case status_code::invalid_argument:
    case status_code::failed_precondition:
    case status_code::out_of_range:
      return 400;
    case status_code::deadline_exceeded:
      return 504;
    case status_code::not_found:
      return 404;
    case status_code::already_exists:
    case status_code::aborted:
      return 409;
    case status_code::permission_denied:
      return 403;
    case status_code::unauthenticated:
      return 401;
    case status_code::resource_exhausted:
      return 429;
    case status_code::unimplemented:
      return 501;
    case status_code::unavailable:
      return 503;
    case status_code::unknown:
    case status_code::internal:
    case status_code::data_loss:
      return 500;
  }
  return 500;
}

std::string json_string(std::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(cwsandbox::detail::to_utf8(text));
  return to_json(value);
}

http_answer to_answer(cwsandbox::error const& failure, std::optional<int> status) {
  auto const shown = presentable(failure);
  http_answer answer;
  answer.status = status.value_or(http_status_of(shown.code()));
  answer.content = R"({"error":{"code":)" + std::to_string(answer.status) + R"(,"status":")" +
                   std::string{to_string(shown.code())} + R"(","message":)" +
                   json_string(shown.message()) + R"(,"details":)" + details_json(shown.details()) +
                   "}}";
  if (auto const delay = shown.retry_after()) {
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(*delay).count();
    answer.headers.emplace_back("Retry-After",
                                std::to_string(std::max<decltype(seconds)>(seconds, 0)));
  }
  if (answer.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace server

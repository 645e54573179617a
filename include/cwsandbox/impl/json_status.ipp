// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_JSON_STATUS_IPP
#define CWSANDBOX_IMPL_JSON_STATUS_IPP

#include <cwsandbox/detail/json_status.hpp>

#include <cwsandbox/detail/attach_detail.hpp>
#include <cwsandbox/detail/json_text.hpp>
#include <cwsandbox/detail/utf8.hpp>
#include <cwsandbox/wire/rpc_status.hpp>

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL status_code status_code_from_http(int http_status) noexcept {
  switch (http_status) {
    case 400:
      return status_code::invalid_argument;
    case 401:
    case 407:
      return status_code::unauthenticated;
    case 403:
      return status_code::permission_denied;
    case 404:
      return status_code::not_found;
    case 408:
    case 504:
      return status_code::deadline_exceeded;
    case 409:
      return status_code::aborted;
    case 412:
      return status_code::failed_precondition;
    case 413:
    case 429:
      return status_code::resource_exhausted;
    case 416:
      return status_code::out_of_range;
    case 499:
      return status_code::cancelled;
    case 500:
      return status_code::internal;
    case 405:
    case 501:
      return status_code::unimplemented;
    case 425:
    case 502:
    case 503:
      return status_code::unavailable;
    default:
      return status_code::unknown;
  }
}

/// A string member of an object; empty when it is missing or no string.
inline std::string_view json_text_member(simdjson::dom::object const& object,
                                         std::string_view name) noexcept {
  std::string_view text;
  if (object[name].get(text) != simdjson::SUCCESS) return {};
  return text;
}

/// A member by either of its names.
inline simdjson::simdjson_result<simdjson::dom::element> json_member(
    simdjson::dom::object const& object, std::string_view json_name,
    std::string_view name) noexcept {
  auto const found = object[json_name];
  return found.error() == simdjson::SUCCESS ? found : object[name];
}

inline std::optional<status_code> status_code_from_name(std::string_view name) noexcept {
  // An error that is OK would be none.
  for (int number = 1; number <= 16; ++number) {
    auto const code = static_cast<status_code>(number);
    if (to_string(code) == name) return code;
  }
  return std::nullopt;
}

inline std::optional<status_code> status_code_from_number(std::int64_t number) noexcept {
  if (number >= 1 && number <= 16) return static_cast<status_code>(number);
  if (number >= 400 && number <= 599) return status_code_from_http(static_cast<int>(number));
  return std::nullopt;
}

inline void attach_json_detail(error_details& into, simdjson::dom::object const& detail) {
  std::string_view type = json_text_member(detail, "@type");
  if (auto const slash = type.rfind('/'); slash != std::string_view::npos) {
    type.remove_prefix(slash + 1);
  }
  if (type == wire::descriptor<wire::ErrorInfo>::name) {
    wire::ErrorInfo info;
    info.reason = json_text_member(detail, "reason");
    info.domain = json_text_member(detail, "domain");
    simdjson::dom::object metadata;
    if (detail["metadata"].get(metadata) == simdjson::SUCCESS) {
      for (auto const [key, value] : metadata) {
        std::string_view text;
        if (value.get(text) == simdjson::SUCCESS) {
          info.metadata.append(std::string{key}, std::string{text});
        }
      }
      info.metadata.keep_last();
    }
    attach_detail(into, info);
  } else if (type == wire::descriptor<wire::RetryInfo>::name) {
    wire::RetryInfo info;
    wire::Duration delay;
    std::string_view text;
    if (json_member(detail, "retryDelay", "retry_delay").get(text) == simdjson::SUCCESS &&
        parse_text(text, delay)) {
      info.retry_delay = delay;
      attach_detail(into, info);
    }
  } else if (type == wire::descriptor<wire::BadRequest>::name) {
    wire::BadRequest request;
    simdjson::dom::array violations;
    if (json_member(detail, "fieldViolations", "field_violations").get(violations) !=
        simdjson::SUCCESS) {
      return;
    }
    for (auto const element : violations) {
      simdjson::dom::object object;
      if (element.get(object) != simdjson::SUCCESS) continue;
      wire::BadRequestFieldViolation& violation = request.field_violations.emplace_back();
      violation.field_ = json_text_member(object, "field");
      violation.description = json_text_member(object, "description");
      violation.reason = json_text_member(object, "reason");
      simdjson::dom::object localized;
      if (json_member(object, "localizedMessage", "localized_message").get(localized) ==
          simdjson::SUCCESS) {
        wire::LocalizedMessage& text = violation.localized_message.emplace();
        text.locale = json_text_member(localized, "locale");
        text.message = json_text_member(localized, "message");
      }
    }
    attach_detail(into, request);
  }
}

CWSANDBOX_DECL std::optional<error> parse_json_status(std::string_view body, int http_status) {
  // A proxy's page is told apart without a parser.
  std::size_t const start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || body[start] != '{') return std::nullopt;

  simdjson::dom::parser parser;
  simdjson::dom::object status;
  if (parser.parse(body.data(), body.size()).get(status) != simdjson::SUCCESS) return std::nullopt;
  simdjson::dom::object inner;
  if (status["error"].get(inner) == simdjson::SUCCESS) status = inner;

  error_details details;
  details.kind = error_kind::rpc;
  std::optional<status_code> code = status_code_from_name(json_text_member(status, "status"));
  std::int64_t number = 0;
  bool const has_number = status["code"].get(number) == simdjson::SUCCESS;
  if (!code && has_number) code = status_code_from_number(number);
  if (!code) code = status_code_from_name(json_text_member(status, "code"));
  simdjson::dom::array list;
  bool const has_details = status["details"].get(list) == simdjson::SUCCESS;
  if (!code && !has_number && !has_details) return std::nullopt;

  details.code = code.value_or(status_code_from_http(http_status));
  details.message = json_text_member(status, "message");
  if (has_details) {
    for (auto const element : list) {
      simdjson::dom::object detail;
      if (element.get(detail) == simdjson::SUCCESS) attach_json_detail(details, detail);
    }
  }
  return error{std::move(details)};
}

/// The beginning of a text as one line of plain text: no tags, no control characters, valid UTF-8.
inline std::string plain_excerpt(std::string_view text, std::size_t most) {
  std::string result;
  bool in_tag = false;
  bool space = false;
  // Bounded, because a page may be large and say little.
  text = text.substr(0, 4096);
  while (!text.empty()) {
    utf8_start const start = look_at_utf8(text);
    std::string_view const character =
        start.valid ? text.substr(0, start.length) : replacement_character;
    text.remove_prefix(start.length);
    char const c = character.front();
    if (in_tag || c == '<') {
      in_tag = c != '>';
      space = true;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      space = true;
    } else {
      if (space && !result.empty()) result += ' ';
      space = false;
      if (result.size() + character.size() > most) return result += "...";
      result += character;
    }
  }
  return result;
}

CWSANDBOX_DECL error http_response_error(int http_status, std::string_view reason_phrase,
                                         std::string_view body) {
  if (auto described = parse_json_status(body, http_status)) return *std::move(described);
  std::string message{"HTTP "};
  append_text(message, std::int64_t{http_status});
  if (std::string const phrase = plain_excerpt(reason_phrase, 64); !phrase.empty()) {
    message.append(" ").append(phrase);
  }
  if (std::string const excerpt = plain_excerpt(body, 200); !excerpt.empty()) {
    message.append(": ").append(excerpt);
  }
  return rpc_error(
      http_status == 404 ? status_code::unimplemented : status_code_from_http(http_status),
      std::move(message));
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_GRPC_PROTOCOL_IPP
#define CWSANDBOX_IMPL_GRPC_PROTOCOL_IPP

#include <cwsandbox/transport/grpc/protocol.hpp>

#include <cwsandbox/detail/http_text.hpp>
#include <cwsandbox/detail/status_details.hpp>

#include <nghttp2/nghttp2.h>
#include <protozero/exception.hpp>
#include <protozero/types.hpp>
#include <protozero/varint.hpp>

#include <charconv>
#include <utility>

namespace cwsandbox::inline v1::detail::grpc {

CWSANDBOX_DECL void append_prefix(std::string& to, std::size_t message_bytes) {
  to.push_back('\0');
  for (int shift = 24; shift >= 0; shift -= 8)
    to.push_back(static_cast<char>((message_bytes >> shift) & 0xff));
}

// The number at `at`, which is moved behind it.
inline std::optional<std::uint64_t> take_varint(std::string_view from, std::size_t& at) {
  try {
    auto const* next = from.data() + at;
    auto const value = protozero::decode_varint(&next, from.data() + from.size());
    at = static_cast<std::size_t>(next - from.data());
    return value;
  } catch (protozero::exception const&) {
    return std::nullopt;
  }
}

CWSANDBOX_DECL std::optional<content_place> find_content(std::string_view start, std::size_t size,
                                                         std::span<std::uint32_t const> path) {
  constexpr auto varint_type = static_cast<std::uint64_t>(protozero::pbf_wire_type::varint);
  constexpr auto length_type =
      static_cast<std::uint64_t>(protozero::pbf_wire_type::length_delimited);
  std::size_t at = 0;
  std::size_t piece = 0;  // what follows the last length on the path
  std::vector<std::string_view> pieces;
  while (pieces.size() < path.size()) {
    auto const key = take_varint(start, at);
    if (!key) return std::nullopt;
    if ((*key & 7U) == varint_type) {
      if (!take_varint(start, at)) return std::nullopt;
      continue;
    }
    if ((*key & 7U) != length_type) return std::nullopt;
    auto const key_end = at;
    auto const length = take_varint(start, at);
    if (!length) return std::nullopt;
    if (*length == size - at && *key >> 3U == path[pieces.size()]) {
      pieces.push_back(start.substr(piece, key_end - piece));
      piece = at;
    } else {
      if (*length > start.size() - at) return std::nullopt;
      at += static_cast<std::size_t>(*length);
    }
  }
  // From the inside out: each length is now that of what was written so far, less than 128.
  static_assert(content_lookahead < 128);
  std::string rest;
  for (auto it = pieces.rbegin(); it != pieces.rend(); ++it) {
    rest.insert(rest.begin(), static_cast<char>(rest.size()));
    rest.insert(0, *it);
  }
  return content_place{at, std::move(rest)};
}

CWSANDBOX_DECL std::string timeout_text(std::chrono::nanoseconds timeout) {
  struct unit {
    char name;
    std::int64_t length;
  };
  constexpr unit units[] = {{'n', 1},
                            {'u', 1'000},
                            {'m', 1'000'000},
                            {'S', 1'000'000'000},
                            {'M', 60'000'000'000},
                            {'H', 3'600'000'000'000}};
  constexpr std::int64_t most = 99'999'999;
  auto const count = timeout.count() < 1 ? 1 : timeout.count();
  for (auto const& [name, length] : units) {
    auto const value = count / length + (count % length != 0 ? 1 : 0);
    if (value <= most) return std::to_string(value) + name;
  }
  return std::to_string(most) + 'H';
}

CWSANDBOX_DECL std::string percent_decoded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      int const high = hex_digit(text[i + 1]);
      int const low = hex_digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        result.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    result.push_back(text[i]);
  }
  return result;
}

CWSANDBOX_DECL status_code code_of_http_status(int status) noexcept {
  switch (status) {
    case 400:
      return status_code::internal;
    case 401:
      return status_code::unauthenticated;
    case 403:
      return status_code::permission_denied;
    case 404:
      return status_code::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return status_code::unavailable;
    default:
      return status_code::unknown;
  }
}

CWSANDBOX_DECL status_code code_of_reset(std::uint32_t code) noexcept {
  switch (code) {
    case NGHTTP2_REFUSED_STREAM:
      return status_code::unavailable;
    case NGHTTP2_CANCEL:
      return status_code::cancelled;
    case NGHTTP2_ENHANCE_YOUR_CALM:
      return status_code::resource_exhausted;
    case NGHTTP2_INADEQUATE_SECURITY:
      return status_code::permission_denied;
    default:
      return status_code::internal;
  }
}

CWSANDBOX_DECL bool response_head::is_grpc() const noexcept {
  constexpr std::string_view type = "application/grpc";
  if (!std::string_view{content_type}.starts_with(type)) return false;
  return content_type.size() == type.size() || content_type[type.size()] == '+' ||
         content_type[type.size()] == ';';
}

CWSANDBOX_DECL void response_head::add(std::string_view name, std::string_view value) {
  if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), http_status);
  } else if (name == "content-type") {
    content_type = value;
  } else if (name == "grpc-status") {
    grpc_status = value;
  } else if (name == "grpc-message") {
    grpc_message = value;
  } else if (name == "grpc-status-details-bin") {
    details.emplace_back(value);
  } else if (name == "grpc-encoding") {
    encoding = value;
  }
}

// The printable part of a body, for people.
inline std::string printable(std::string_view text) {
  constexpr std::size_t longest = 200;
  std::string result;
  for (char c : text) {
    if (result.size() == longest) break;
    bool const blank = c <= ' ' || c > '~';
    if (blank && (result.empty() || result.back() == ' ')) continue;
    result.push_back(blank ? ' ' : c);
  }
  while (result.ends_with(' ')) result.pop_back();
  return result;
}

// The answer of something that is no gRPC service, such as a proxy.
inline error not_grpc(response_head const& head, std::string_view body_excerpt) {
  auto const kind = head.content_type.empty() ? std::string{"no content type"}
                                              : "content type " + printable(head.content_type);
  auto const excerpt = printable(body_excerpt);
  auto const shown = excerpt.empty() ? std::string{} : ": " + excerpt;
  if (head.http_status != 200)
    return rpc_error(code_of_http_status(head.http_status),
                     "the answer is HTTP status " + std::to_string(head.http_status) + " (" + kind +
                         ") and not gRPC" + shown);
  return rpc_error(status_code::unknown, "the answer is not gRPC (" + kind + ")" + shown);
}

CWSANDBOX_DECL std::optional<error> error_of(response_head const& head,
                                             std::string_view body_excerpt) {
  if (head.grpc_status) {
    unsigned number = 0;
    auto const& text = *head.grpc_status;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size())
      return rpc_error(status_code::unknown,
                       "the service sent a grpc-status that is no number: '" + printable(text) + "'");
    if (number == 0 && head.is_grpc()) return std::nullopt;
    if (number == 0) return not_grpc(head, body_excerpt);
    auto const code = number <= 16 ? static_cast<status_code>(number) : status_code::unknown;
    auto message = percent_decoded(head.grpc_message);
    if (message.empty() && number > 16) message = "status " + std::to_string(number);
    auto result = rpc_error(code, std::move(message));
    for (auto const& value : head.details) {
      bool found = false;
      result = result.with(
          [&](error_details& into) { found = attach_status_header(into, value); });
      if (found) break;
    }
    return result;
  }
  if (head.http_status != 200 || !head.is_grpc()) return not_grpc(head, body_excerpt);
  return rpc_error(status_code::unknown, "the answer ended without a grpc-status");
}

}  // namespace cwsandbox::inline v1::detail::grpc

#endif

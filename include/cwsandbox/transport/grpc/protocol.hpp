// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_GRPC_PROTOCOL_HPP
#define CWSANDBOX_TRANSPORT_GRPC_PROTOCOL_HPP

/// \file
/// What gRPC lays over HTTP/2: message prefixes, time-outs, statuses.

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/status_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::grpc {

/// A message is preceded by a flag (compressed or not) and its length, four bytes in network order.
inline constexpr std::size_t prefix_bytes = 5;

CWSANDBOX_DECL void append_prefix(std::string& to, std::size_t message_bytes);

/// A message as it was received. With `content`, the `bytes` field at its end is empty in `message`, and this is its value.
struct incoming {
  std::string message{};
  std::string content{};

  [[nodiscard]] std::size_t size() const noexcept { return message.size() + content.size(); }
};

/// How many bytes of a message `find_content` wants to see.
inline constexpr std::size_t content_lookahead = 64;

/// Where the value of a `bytes` field begins that ends with the message, and the message without the value.
struct content_place {
  std::size_t begin{};
  std::string rest{};
};

/// Looks for such a field, so that its value can be received where it will stay.
///
/// \param start the first bytes of the message, `content_lookahead` of them if there are so many
/// \param size of the message
/// \param path the numbers of the field and of the messages around it, the outermost first
[[nodiscard]] CWSANDBOX_DECL std::optional<content_place> find_content(
    std::string_view start, std::size_t size, std::span<std::uint32_t const> path);

/// The value of `grpc-timeout`: at most eight digits and a unit, rounded up.
[[nodiscard]] CWSANDBOX_DECL std::string timeout_text(std::chrono::nanoseconds timeout);

/// Undoes the percent encoding of `grpc-message`; what is no encoding stays.
[[nodiscard]] CWSANDBOX_DECL std::string percent_decoded(std::string_view text);

/// What a peer that answers with an HTTP status instead of a gRPC status means.
[[nodiscard]] CWSANDBOX_DECL status_code code_of_http_status(int status) noexcept;

/// What a stream that was reset with this HTTP/2 error code means.
[[nodiscard]] CWSANDBOX_DECL status_code code_of_reset(std::uint32_t code) noexcept;

/// All that a response said about its end, gathered from its headers and trailers.
struct response_head {
  int http_status{};
  std::string content_type{};
  std::optional<std::string> grpc_status{};
  std::string grpc_message{};
  std::vector<std::string> details{};  ///< values of `grpc-status-details-bin`
  std::string encoding{};

  [[nodiscard]] CWSANDBOX_DECL bool is_grpc() const noexcept;
  CWSANDBOX_DECL void add(std::string_view name, std::string_view value);
};

/// The error that a response ended with, nothing when its status is OK. Without a status of gRPC's the HTTP status and
/// the beginning of the body explain.
[[nodiscard]] CWSANDBOX_DECL std::optional<error> error_of(response_head const& head,
                                                           std::string_view body_excerpt);

}  // namespace cwsandbox::inline v1::detail::grpc

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/grpc/protocol.ipp>
#endif

#endif

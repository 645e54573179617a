// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_WIRE_RPC_STATUS_HPP
#define CWSANDBOX_WIRE_RPC_STATUS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>
#include <cwsandbox/wire/string_map.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// How a failed call says why: the messages of the package `google.rpc` that the API uses. Contract: lifecycle, section
/// 7.5.

namespace cwsandbox::inline v1::wire {

/// A message of any type, serialized.
struct Any {
  std::string type_url{};  ///< ends with a slash and the full name of the message
  std::string value{};

  bool operator==(Any const&) const = default;
};

template <>
struct descriptor<Any> {
  static constexpr std::string_view name = "google.protobuf.Any";
  template <class M = Any>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "type_url", "typeUrl", &M::type_url), bytes_field(2, "value", &M::value));
  }
};

/// How a call ended.
struct RpcStatus {
  std::int32_t code{};
  std::string message{};
  std::vector<Any> details{};

  bool operator==(RpcStatus const&) const = default;
};

template <>
struct descriptor<RpcStatus> {
  static constexpr std::string_view name = "google.rpc.Status";
  template <class M = RpcStatus>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "code", &M::code),
                 field(2, "message", &M::message),
                 field(3, "details", &M::details));
  }
};

/// Why a call failed, for programs.
struct ErrorInfo {
  std::string reason{};
  std::string domain{};
  string_map metadata{};

  bool operator==(ErrorInfo const&) const = default;
};

template <>
struct descriptor<ErrorInfo> {
  static constexpr std::string_view name = "google.rpc.ErrorInfo";
  template <class M = ErrorInfo>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "reason", &M::reason),
                 field(2, "domain", &M::domain),
                 field(3, "metadata", &M::metadata));
  }
};

/// When to try a failed call again.
struct RetryInfo {
  std::optional<Duration> retry_delay{};

  bool operator==(RetryInfo const&) const = default;
};

template <>
struct descriptor<RetryInfo> {
  static constexpr std::string_view name = "google.rpc.RetryInfo";
  template <class M = RetryInfo>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "retry_delay", "retryDelay", &M::retry_delay));
  }
};

/// A text in the language of the user.
struct LocalizedMessage {
  std::string locale{};
  std::string message{};

  bool operator==(LocalizedMessage const&) const = default;
};

template <>
struct descriptor<LocalizedMessage> {
  static constexpr std::string_view name = "google.rpc.LocalizedMessage";
  template <class M = LocalizedMessage>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "locale", &M::locale), field(2, "message", &M::message));
  }
};

/// A field of the request that the server refused.
struct BadRequestFieldViolation {
  std::string field_{};
  std::string description{};
  std::string reason{};
  std::optional<LocalizedMessage> localized_message{};

  bool operator==(BadRequestFieldViolation const&) const = default;
};

template <>
struct descriptor<BadRequestFieldViolation> {
  static constexpr std::string_view name = "google.rpc.BadRequest.FieldViolation";
  template <class M = BadRequestFieldViolation>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "field", &M::field_),
                 field(2, "description", &M::description),
                 field(3, "reason", &M::reason),
                 field(4, "localized_message", "localizedMessage", &M::localized_message));
  }
};

/// The fields of the request that the server refused.
struct BadRequest {
  std::vector<BadRequestFieldViolation> field_violations{};

  bool operator==(BadRequest const&) const = default;
};

template <>
struct descriptor<BadRequest> {
  static constexpr std::string_view name = "google.rpc.BadRequest";
  template <class M = BadRequest>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "field_violations", "fieldViolations", &M::field_violations));
  }
};

/// The messages of this file.
using rpc_status_messages = type_list<Any,
                                      RpcStatus,
                                      ErrorInfo,
                                      RetryInfo,
                                      LocalizedMessage,
                                      BadRequestFieldViolation,
                                      BadRequest>;

}  // namespace cwsandbox::inline v1::wire

#endif

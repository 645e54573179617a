// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_STATUS_DETAILS_IPP
#define CWSANDBOX_IMPL_STATUS_DETAILS_IPP

#include <cwsandbox/detail/base64.hpp>
#include <cwsandbox/detail/status_details.hpp>
#include <cwsandbox/detail/utf8_text.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Takes `any` when it holds an `M`. One that cannot be read is as good as none.
template <wire::message M>
bool attach_any(error_details& into, wire::Any const& any) {
  std::string_view const type{any.type_url};
  if (type.substr(type.rfind('/') + 1) != wire::descriptor<M>::name) return false;
  auto const detail = wire::decode<M>(any.value);
  return detail && attach_detail(into, *detail);
}

template <wire::message M>
wire::Any to_any(M const& message) {
  wire::Any any{};
  any.type_url.append("type.googleapis.com/").append(wire::descriptor<M>::name);
  wire::encode_append(message, any.value);
  return any;
}

/// Calls `f` with the bytes of each of the comma-joined values until it returns true.
template <class F>
bool any_binary_header(std::string_view values, F&& f) {
  for (;;) {
    auto const comma = values.find(',');
    auto value = values.substr(0, comma);
    auto const first = std::min(value.find_first_not_of(" \t"), value.size());
    value.remove_prefix(first);
    value = value.substr(0, value.find_last_not_of(" \t") + 1);
    if (auto bytes = base64_decode(value)) {
      if (f(std::move(*bytes))) return true;
    }
    if (comma == std::string_view::npos) return false;
    values.remove_prefix(comma + 1);
  }
}

CWSANDBOX_DECL bool attach_status_details(error_details& into, std::string_view serialized_status) {
  auto const status = wire::decode<wire::RpcStatus>(serialized_status);
  if (!status) return false;
  bool found = false;
  for (auto const& any : status->details) {
    bool const taken = attach_any<wire::ErrorInfo>(into, any) ||
                       attach_any<wire::RetryInfo>(into, any) ||
                       attach_any<wire::BadRequest>(into, any);
    found = found || taken;
  }
  return found;
}

CWSANDBOX_DECL bool attach_status_header(error_details& into, std::string_view header_value) {
  return any_binary_header(header_value, [&into](std::string const& bytes) {
    return attach_status_details(into, bytes);
  });
}

CWSANDBOX_DECL wire::RpcStatus make_rpc_status(error const& e) {
  // A message with a file name in it, say, may hold any bytes; one that is no UTF-8 would spoil the whole status.
  auto const& details = e.details();
  wire::RpcStatus status{};
  status.code = static_cast<std::int32_t>(details.code);
  status.message = to_utf8(details.message);
  if (!details.reason.empty()) {
    wire::ErrorInfo info{};
    info.reason = to_utf8(details.reason);
    info.domain = to_utf8(details.domain);
    for (auto const& [key, value] : details.metadata) {
      info.metadata.insert_or_assign(to_utf8(key), to_utf8(value));
    }
    status.details.push_back(to_any(info));
  }
  if (details.retry_after) {
    wire::RetryInfo info{};
    info.retry_delay = wire::Duration::from(*details.retry_after);
    status.details.push_back(to_any(info));
  }
  if (!details.field_violations.empty()) {
    wire::BadRequest request{};
    for (auto const& violation : details.field_violations) {
      auto& added = request.field_violations.emplace_back();
      added.field_ = to_utf8(violation.field);
      added.description = to_utf8(violation.description);
    }
    status.details.push_back(to_any(request));
  }
  return status;
}

CWSANDBOX_DECL std::string serialized_rpc_status(error const& e) {
  return wire::encode(make_rpc_status(e));
}

CWSANDBOX_DECL std::optional<std::string> decode_binary_header(std::string_view header_value) {
  std::optional<std::string> result;
  any_binary_header(header_value, [&result](std::string&& bytes) {
    result = std::move(bytes);
    return true;
  });
  return result;
}

CWSANDBOX_DECL std::string encode_binary_header(std::string_view bytes) {
  auto value = base64_encode(bytes);
  value.erase(value.find_last_not_of('=') + 1);
  return value;
}

}  // namespace cwsandbox::inline v1::detail

#endif

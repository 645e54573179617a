// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_ATTACH_DETAIL_IPP
#define CWSANDBOX_IMPL_ATTACH_DETAIL_IPP

#include <cwsandbox/detail/attach_detail.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL bool attach_detail(error_details& into, wire::ErrorInfo const& info) {
  if (info.reason.empty() || !into.reason.empty()) return false;
  into.reason = info.reason;
  into.domain = info.domain;
  into.metadata.assign(info.metadata.begin(), info.metadata.end());
  return true;
}

CWSANDBOX_DECL bool attach_detail(error_details& into, wire::RetryInfo const& info) {
  if (!info.retry_delay || into.retry_after) return false;
  std::int64_t count = 0;
  if (__builtin_mul_overflow(info.retry_delay->seconds, std::int64_t{1'000'000'000}, &count) ||
      __builtin_add_overflow(count, std::int64_t{info.retry_delay->nanos}, &count)) {
    return false;
  }
  into.retry_after = std::chrono::nanoseconds{count};
  return true;
}

CWSANDBOX_DECL bool attach_detail(error_details& into, wire::BadRequest const& request) {
  auto const before = into.field_violations.size();
  for (auto const& violation : request.field_violations) {
    std::string const* description = &violation.description;
    if (description->empty() && violation.localized_message) {
      description = &violation.localized_message->message;
    }
    if (description->empty()) description = &violation.reason;
    if (violation.field_.empty() && description->empty()) continue;
    into.field_violations.push_back(FieldViolation{violation.field_, *description});
  }
  return into.field_violations.size() != before;
}

}  // namespace cwsandbox::inline v1::detail

#endif

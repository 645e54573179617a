// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_RECORDS_IPP
#define CWSANDBOX_IMPL_LOCAL_RECORDS_IPP

#include <cwsandbox/transport/local/records.hpp>

#include <cwsandbox/transport/local/errors.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace cwsandbox::inline v1::detail::local {

CWSANDBOX_DECL wire::Timestamp current_time() {
  return wire::Timestamp::from(
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()));
}

CWSANDBOX_DECL outcome<page> parse_page(std::string const& token, std::int32_t size) {
  constexpr std::int32_t max_page = 1000;
  page result;
  if (!token.empty()) {
    auto const* const end = token.data() + token.size();
    auto const parsed = std::from_chars(token.data(), end, result.after);
    if (parsed.ec != std::errc{} || parsed.ptr != end)
      return violation_error("page_token", "not one of this engine's");
  }
  if (size < 0) return violation_error("page_size", "must not be negative");
  result.limit = static_cast<std::size_t>(size == 0 ? max_page : std::min(size, max_page));
  return result;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_RECORDS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_RECORDS_HPP

/// \file
/// What all kinds of records of the engine have in common: times and pages.

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/timestamp.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace cwsandbox::inline v1::detail::local {

/// The time of day.
[[nodiscard]] CWSANDBOX_DECL wire::Timestamp current_time();

/// A part of a list whose items have growing numbers.
struct page {
  /// The number of the last item that was given out before.
  std::uint64_t after{};
  std::size_t limit{};
};

/// Reads the page fields of a list request; no size means the largest.
[[nodiscard]] CWSANDBOX_DECL outcome<page> parse_page(std::string const& token, std::int32_t size);

/// Gives `add` the items of the page that `wanted` accepts. The token of the next page, which is only given when
/// something follows.
template <class Items, class Wanted, class Add>
[[nodiscard]] std::string fill_page(Items const& items, page const& asked, Wanted wanted, Add add) {
  auto last = asked.after;
  std::size_t count = 0;
  for (auto at = items.upper_bound(asked.after); at != items.end(); ++at) {
    if (!wanted(at->second)) continue;
    if (count++ == asked.limit) return std::to_string(last);
    add(at->second);
    last = at->first;
  }
  return {};
}

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/records.ipp>
#endif

#endif

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

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/records.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_FIELD_TUPLE_HPP
#define CWSANDBOX_DETAIL_FIELD_TUPLE_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/wire/field.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>

/// \file
/// One entry of a field table at a time, for what is worked out while compiling.

namespace cwsandbox::inline v1::detail {

/// The field table of a message as a tuple.
template <wire::message M>
inline constexpr auto field_tuple = wire::descriptor<M>::fields([](auto const&... entry) {
  return std::tuple{entry...};
});

/// The place of a field in the table by its name in the schema; the number of fields when there is
/// none.
template <wire::message M>
consteval std::size_t field_index(std::string_view name) {
  return wire::descriptor<M>::fields([name](auto const&... entry) {
    std::size_t index = 0;
    static_cast<void>(((entry.name == name || (++index, false)) || ...));
    return index;
  });
}

}  // namespace cwsandbox::inline v1::detail

#endif

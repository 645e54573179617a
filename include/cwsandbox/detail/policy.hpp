// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_POLICY_HPP
#define CWSANDBOX_DETAIL_POLICY_HPP

#include <cwsandbox/detail/aggregate.hpp>
#include <cwsandbox/detail/storage.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace cwsandbox::inline v1 {

/// How a field of the defaults meets the same field of an overlay.
enum class merge_policy : unsigned char {
  concatenate,  ///< the defaults' elements, then the overlay's
  merge_keys,   ///< the overlay's value wins per key; a key keeps its place
  override_,    ///< a given value replaces the whole
};

namespace detail {

/// One row of the merge table: the name, the policy and how to reach the member, in either flavour.
template <merge_policy Policy, class Access>
struct option_field {
  static constexpr merge_policy policy = Policy;
  std::string_view name;
  Access access;
};

template <merge_policy Policy, class Access>
constexpr option_field<Policy, Access> option(std::string_view name, Access access) {
  return {name, access};
}

template <class M>
concept map_member = requires(M member) {
  member.set(std::string_view{}, std::string_view{});
};
template <class M>
concept list_member = !map_member<M> && requires(M member, typename M::value_type element) {
  member.push_back(element);
  { member.has_value() } -> std::same_as<bool>;
};

template <merge_policy Policy, class Member>
struct policy_fits {
  static_assert(Policy != merge_policy::concatenate || list_member<Member>,
                "cwsandbox: merge policy 'concatenate' needs a member that is a list");
  static_assert(Policy != merge_policy::merge_keys || map_member<Member>,
                "cwsandbox: merge policy 'merge_keys' needs a member that is a map");
  static constexpr bool value = true;
};

/// No two rows reach the same member: with as many rows as members, every member has one.
template <class T, class Table>
consteval bool rows_differ(Table const& table) {
  constexpr T object{};
  constexpr std::size_t n = std::tuple_size_v<Table>;
  void const* reached[n] = {};
  std::string_view names[n] = {};
  std::apply(
      [&](auto const&... row) {
        std::size_t i = 0;
        ((reached[i] = &row.access(object), names[i++] = row.name), ...);
      },
      table);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (reached[i] == reached[j] || names[i] == names[j]) return false;
  return true;
}

/// Compiles only for a table that has one fitting policy for every member of T. `Extra` members of
/// T stay outside of the table.
template <class T, class Table, std::size_t Extra = 0>
struct policy_table_for {
  static_assert(aggregate_size<T>() == std::tuple_size_v<Table> + Extra,
                "cwsandbox: the merge table must have exactly one row for every member: a field "
                "was added or removed "
                "without its merge policy");

  template <std::size_t... I>
  static consteval bool all_fit(std::index_sequence<I...>) {
    return (policy_fits<
                std::tuple_element_t<I, Table>::policy,
                std::remove_cvref_t<decltype(std::declval<std::tuple_element_t<I, Table> const&>()
                                                 .access(std::declval<T&>()))>>::value &&
            ...);
  }
  static constexpr bool value = all_fit(std::make_index_sequence<std::tuple_size_v<Table>>{});
};

}  // namespace detail
}  // namespace cwsandbox::inline v1

#endif

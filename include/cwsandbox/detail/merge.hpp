// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_MERGE_HPP
#define CWSANDBOX_DETAIL_MERGE_HPP

#include <cwsandbox/defaults.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace cwsandbox::inline v1 {
namespace detail {

template <class T>
inline constexpr bool is_secret = false;
template <class S>
inline constexpr bool is_secret<basic_secret<S>> = true;

/// True when the first n elements of the list hold the secret.
template <class List, class S>
constexpr bool holds_secret(List const& list, std::size_t n, basic_secret<S> const& secret) {
  for (std::size_t i = 0; i < n; ++i) {
    auto const& other = list[i];
    if (other.store == secret.store && other.name == secret.name && other.field == secret.field &&
        other.variable() == secret.variable())
      return true;
  }
  return false;
}

/// Puts the overlay's member over the target's, which holds the base.
template <merge_policy Policy, class Member, class Overlay>
constexpr void merge_member(Member& target, Overlay const& overlay) {
  if constexpr (Policy == merge_policy::concatenate) {
    auto const before = target.size();
    if (overlay.has_value()) target.mark_given();
    overlay.for_each([&](auto const& element) {
      if constexpr (is_secret<std::remove_cvref_t<decltype(element)>>) {
        if (holds_secret(target, before, element)) return;
      }
      target.push_back(typename Member::value_type(element));
    });
  } else if constexpr (Policy == merge_policy::merge_keys) {
    if (overlay.has_value()) target.mark_given();
    overlay.for_each([&](auto const& pair) { target.set(pair.first, pair.second); });
  } else if constexpr (std::same_as<Overlay, std::optional<std::string_view>>) {
    // An empty text says no more than an absent one: it inherits.
    if (overlay && (!overlay->empty() || !target)) assign_across(target, overlay);
  } else {
    if (overlay.has_value()) assign_across(target, overlay);
  }
}

/// Merges the overlay, a literal flavour, into a copy of the base, field by field of the table.
template <class Target, class Overlay>
constexpr void merge_fields(Target& target, Overlay const& overlay) {
  // A command brings its own arguments: it never runs with those that were meant for another one.
  if (overlay.command && !overlay.command->empty()) target.args = {};
  std::apply(
      [&]<class... Row>(Row const&... row) {
        (merge_member<Row::policy>(row.access(target), row.access(overlay)), ...);
      },
      default_fields);
}

/// Stored defaults exactly: nothing that merely converts, and no braces.
template <class T>
concept stored_defaults = std::same_as<T, SandboxDefaults>;

}  // namespace detail

/// The overlay put over the base, each field by its merge policy; neither is changed. Provable by
/// the compiler: merging with an empty overlay (or base) is identity, and merge is associative. At
/// run time, a list that outgrows the fixed capacity throws `std::length_error`; merge
/// SandboxDefaults there. (contract: options 1)
constexpr static_defaults merge(static_defaults const& base, static_defaults const& overlay) {
  auto result = base;
  detail::merge_fields(result, overlay);
  return result;
}

/// The same over stored defaults; the overlay may be written in braces. (Stored objects are taken
/// by templates, so that braces always mean the literal flavour.)
template <detail::stored_defaults Stored>
SandboxDefaults merge(Stored const& base, static_defaults const& overlay) {
  auto result = base;
  detail::merge_fields(result, overlay);
  return result;
}

/// The same with a stored overlay.
template <detail::stored_defaults Base, detail::stored_defaults Overlay>
SandboxDefaults merge(Base const& base, Overlay const& overlay) {
  return merge(base, view_of(overlay));
}

/// The same with a stored overlay over compile-time defaults.
template <detail::stored_defaults Overlay>
SandboxDefaults merge(static_defaults const& base, Overlay const& overlay) {
  return merge(static_cast<SandboxDefaults>(base), view_of(overlay));
}

}  // namespace cwsandbox::inline v1

#endif

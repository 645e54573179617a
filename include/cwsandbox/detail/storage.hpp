// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_STORAGE_HPP
#define CWSANDBOX_DETAIL_STORAGE_HPP

#include <cwsandbox/detail/aggregate.hpp>
#include <cwsandbox/detail/fixed_list.hpp>
#include <cwsandbox/detail/owning_list.hpp>
#include <cwsandbox/duration.hpp>

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Storage flavour of stored options: strings and vectors of their own.
struct owning {
  using text = std::string;
  using texts =
      detail::text_braces<detail::owning_list<std::string, std::string_view>, detail::max_texts>;
  using map = detail::pair_braces<detail::owning_map>;
  using pairs = detail::pair_braces<
      detail::pair_list<detail::owning_list<std::pair<std::string, std::string>, text_pair>>>;
  template <template <class> class Item, class Literal>
  using list = detail::item_braces<detail::owning_list<Item<owning>, Item<Literal>>, Item<Literal>>;
};

/// Storage flavour of what is written in a call or known to the compiler: views and fixed-capacity
/// lists. Literal and trivially destructible. A named object of this flavour must not outlive the
/// texts and containers it was made from.
struct literal {
  using text = std::string_view;
  using texts = detail::text_braces<detail::fixed_list<std::string_view, detail::max_texts>,
                                    detail::max_texts>;
  using map = detail::pair_braces<detail::fixed_map<detail::max_pairs>>;
  using pairs =
      detail::pair_braces<detail::pair_list<detail::fixed_list<text_pair, detail::max_pairs>>>;
  template <template <class> class Item, class Literal>
  using list =
      detail::item_braces<detail::fixed_list<Item<literal>, detail::max_items>, Item<literal>>;
};

namespace detail {

template <class S>
using text_of = typename S::text;
template <class S>
using optional_text_of = std::optional<typename S::text>;
template <class S>
using texts_of = typename S::texts;
template <class S>
using map_of = typename S::map;
template <class S>
using pairs_of = typename S::pairs;
template <class S, template <class> class Item>
using list_of = typename S::template list<Item, literal>;

/// Specialized beside each two-flavoured struct: `static constexpr auto list()` is a tuple of its
/// member pointers, `names` their names.
template <class T>
struct members_of;

template <class T>
concept described = requires {
  members_of<T>::list();
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class To, class From>
constexpr To convert(From const& from);

/// Copies one member across flavours: owning texts are made from views, views are made of owning
/// texts.
template <class To, class From>
constexpr void assign_across(To& to, From const& from) {
  if constexpr (std::same_as<To, From>) {
    to = from;
  } else if constexpr (is_optional<To>) {
    if (from) {
      to.emplace();
      assign_across(*to, *from);
    } else {
      to.reset();
    }
  } else if constexpr (described<To>) {
    to = convert<To>(from);
  } else {
    to = To(from);
  }
}

template <class To, class From>
constexpr To convert(From const& from) {
  constexpr auto size = std::tuple_size_v<decltype(members_of<To>::list())>;
  static_assert(aggregate_size<To>() == size && members_of<To>::names.size() == size,
                "cwsandbox: members_of must list every member of an option struct");
  To to{};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    constexpr auto target = members_of<To>::list();
    constexpr auto source = members_of<From>::list();
    (assign_across(to.*std::get<I>(target), from.*std::get<I>(source)), ...);
  }
  (std::make_index_sequence<size>{});
  return to;
}

/// Only a literal flavour turns into an owning one by itself.
template <class From, class To>
concept owns_from = std::same_as<From, literal> && std::same_as<To, owning>;

// The elements of a list of option structs: as they are, or views of the owning ones.
template <template <class> class Item>
struct element_from<Item<literal>> {
  static constexpr Item<literal> make(Item<literal> const& item) { return item; }
  static constexpr Item<literal> make(Item<owning> const& item) {
    return convert<Item<literal>>(item);
  }
};

}  // namespace detail

/// A literal view of an owning option struct, valid while that one lives and stays unchanged.
template <template <class> class Item>
requires detail::described<Item<owning>>
constexpr Item<literal> view_of(Item<owning> const& item) {
  return detail::convert<Item<literal>>(item);
}

/// An owning copy of a literal option struct.
template <template <class> class Item>
requires detail::described<Item<literal>>
constexpr Item<owning> own(Item<literal> const& item) {
  return detail::convert<Item<owning>>(item);
}

}  // namespace cwsandbox::inline v1

#endif

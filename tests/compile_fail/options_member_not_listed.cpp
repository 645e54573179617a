// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// expect: members_of must list every member of an option struct

#include <cwsandbox/options.hpp>

template <class Storage>
struct basic_thing {
  int listed = 0;
  int added = 0;
};
template <class S>
struct cwsandbox::detail::members_of<basic_thing<S>> {
  static constexpr auto list() { return std::tuple{&basic_thing<S>::listed}; }
  static constexpr std::array<std::string_view, 1> names{"listed"};
};

auto const copy = cwsandbox::own(basic_thing<cwsandbox::literal>{});

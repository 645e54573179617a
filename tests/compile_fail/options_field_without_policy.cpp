// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: a field was added or removed without its merge policy

#include <cwsandbox/defaults.hpp>

namespace detail = cwsandbox::detail;

struct Settings {
  std::optional<int> known = {};
  std::optional<int> added_without_policy = {};
};
constexpr auto table = std::tuple{detail::option<cwsandbox::merge_policy::override_>(
    "known", [](auto& o) -> auto& { return o.known; })};

static_assert(detail::policy_table_for<Settings, std::remove_const_t<decltype(table)>>::value);

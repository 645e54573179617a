// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: merge policy 'merge_keys' needs a member that is a map

#include <cwsandbox/defaults.hpp>

namespace detail = cwsandbox::detail;

struct Settings {
  detail::texts_of<cwsandbox::owning> list = {};
};
constexpr auto table = std::tuple{detail::option<cwsandbox::merge_policy::merge_keys>(
    "list", [](auto& o) -> auto& { return o.list; })};

static_assert(detail::policy_table_for<Settings, std::remove_const_t<decltype(table)>>::value);

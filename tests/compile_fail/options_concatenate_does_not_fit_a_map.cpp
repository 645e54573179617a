// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: merge policy 'concatenate' needs a member that is a list

#include <cwsandbox/defaults.hpp>

namespace detail = cwsandbox::detail;

struct Settings {
  detail::map_of<cwsandbox::owning> map = {};
};
constexpr auto table = std::tuple{detail::option<cwsandbox::merge_policy::concatenate>(
    "map", [](auto& o) -> auto& { return o.map; })};

static_assert(detail::policy_table_for<Settings, std::remove_const_t<decltype(table)>>::value);

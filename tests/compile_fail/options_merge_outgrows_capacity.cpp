// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: fixed_list_is_full_merge_into_SandboxDefaults_instead

#include <cwsandbox/defaults.hpp>

constexpr cwsandbox::static_defaults half{
    .tags = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
             "17"},
};
constexpr auto both = cwsandbox::merge(half, half);

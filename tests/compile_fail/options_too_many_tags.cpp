// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: too many elements in the braces of a list option: pass a whole container instead

#include <cwsandbox/options.hpp>

cwsandbox::SandboxOptions const options{
    .tags = {"1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11",
             "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
             "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33"},
};

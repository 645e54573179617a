// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: a value of this type cannot be encoded: name its members with CWSANDBOX_FIELDS

#include <cwsandbox/value_codec.hpp>

struct point {
  int x = 0;
};

std::string use(std::vector<point> const& points) { return cwsandbox::value_to_json(points); }

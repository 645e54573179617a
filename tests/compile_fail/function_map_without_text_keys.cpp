// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors
// expect: the keys of a map must be std::string, because JSON has no others

#include <cwsandbox/value_codec.hpp>

std::string use(std::map<int, int> const& map) { return cwsandbox::value_to_json(map); }

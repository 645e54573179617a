// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/messages.hpp>

#include "support/catch.hpp"
#include "support/json_both_ways.hpp"

TEST_CASE("JSON of sandbox messages agrees with libprotobuf both ways") {
  test_support::check_json_both_ways(cwsandbox::wire::sandbox_messages{});
}

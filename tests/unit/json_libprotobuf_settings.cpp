// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/messages.hpp>

#include "support/catch.hpp"
#include "support/json_both_ways.hpp"

TEST_CASE("JSON of discovery messages agrees with libprotobuf both ways") {
  test_support::check_json_both_ways(cwsandbox::wire::discovery_messages{});
}

TEST_CASE("JSON of template messages agrees with libprotobuf both ways") {
  test_support::check_json_both_ways(cwsandbox::wire::template_messages{});
}

TEST_CASE("JSON of settings messages agrees with libprotobuf both ways") {
  test_support::check_json_both_ways(cwsandbox::wire::settings_messages{});
}

TEST_CASE("JSON of volume messages agrees with libprotobuf both ways") {
  test_support::check_json_both_ways(cwsandbox::wire::volume_messages{});
}

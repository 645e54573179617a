// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_JSON_BOTH_WAYS_HPP
#define CWSANDBOX_TESTS_SUPPORT_JSON_BOTH_WAYS_HPP

#include <cwsandbox/wire/json.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/catch.hpp"
#include "support/libprotobuf_json.hpp"
#include "support/random_message.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace test_support {

// Random messages through our JSON and libprotobuf's, from each to the other.
inline libprotobuf_json& json_peer() {
  static libprotobuf_json instance;
  return instance;
}

template <cwsandbox::wire::message M>
void check_json_both_ways(std::uint64_t seed) {
  namespace wire = cwsandbox::wire;
  std::string_view const name = wire::descriptor<M>::name;
  wire::json_reader reader;
  for (unsigned round = 0; round != 12; ++round) {
    random_source random{seed + round};
    random_options options;
    options.for_json = true;
    options.fill = round < 4 ? 95 : 50;
    M message = random_message<M>(random, options);
    if constexpr (requires { message.update_mask->paths; }) {
      // libprotobuf reads two capitals in a row, as in `aBC`, as `a_bc`.
      if (message.update_mask) std::erase(message.update_mask->paths, "a_b_c.d");
    }
    INFO(name << ", seed " << seed << ", round " << round);

    std::string const ours = wire::to_json(message);
    auto const bytes = json_peer().from_json(name, ours);
    REQUIRE(bytes);
    auto const from_theirs = wire::decode<M>(*bytes);
    REQUIRE(from_theirs);
    CHECK(*from_theirs == message);

    libprotobuf_print how;
    how.whitespace = round % 2 != 0;
    how.original_names = round % 3 == 0;
    how.enums_as_numbers = round % 4 == 0;
    auto theirs = json_peer().to_json(name, wire::encode(message), how);
    REQUIRE(theirs);
    auto const read = reader.read<M>(*theirs);
    INFO(*theirs);
    if (!read) FAIL(read.error().message());
    CHECK(*read == message);

    std::string const before = *theirs;
    auto const in_place = reader.read_in_place<M>(*theirs);
    REQUIRE(in_place);
    CHECK(*in_place == message);
    CHECK(*theirs == before);

    auto const own = reader.read<M>(ours);
    REQUIRE(own);
    CHECK(*own == message);
  }
}

template <class... M>
void check_json_both_ways(cwsandbox::wire::type_list<M...>) {
  std::uint64_t seed = 20240229;
  (check_json_both_ways<M>(seed += 1000), ...);
}

}  // namespace test_support

#endif

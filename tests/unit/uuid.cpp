// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/uuid.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace detail = cwsandbox::detail;

namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

TEST_CASE("a UUID is version 4 in its text form", "[uuid]") {
  for (int i = 0; i < 200; ++i) {
    auto const text = detail::make_uuid();
    INFO(text);
    REQUIRE(text.size() == 36);
    for (std::size_t const dash : {8U, 13U, 18U, 23U}) CHECK(text[dash] == '-');
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits),
                 [](char c) { return c != '-'; });
    CHECK(digits.size() == 32);
    CHECK(is_hex(digits));
    CHECK(text[14] == '4');
    CHECK(std::string_view{"89ab"}.find(text[19]) != std::string_view::npos);
  }
}

TEST_CASE("the short form of a UUID is 32 digits", "[uuid]") {
  auto const text = detail::make_uuid_hex();
  CHECK(text.size() == 32);
  CHECK(is_hex(text));
  CHECK(text[12] == '4');
}

TEST_CASE("UUIDs made on several threads all differ", "[uuid]") {
  constexpr std::size_t threads = 4;
  constexpr std::size_t each = 500;
  std::vector<std::vector<std::string>> made(threads);
  {
    std::vector<std::thread> workers;
    for (auto& list : made)
      workers.emplace_back([&list] {
        for (std::size_t i = 0; i < each; ++i) list.push_back(detail::make_uuid());
      });
    for (auto& worker : workers) worker.join();
  }
  std::set<std::string> all;
  for (auto const& list : made) all.insert(list.begin(), list.end());
  CHECK(all.size() == threads * each);
}

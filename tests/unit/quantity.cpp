// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/quantity.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using cwsandbox::quantity;

namespace {

constexpr bool same(std::string_view a, std::string_view b) {
  auto const left = quantity::parse(a);
  auto const right = quantity::parse(b);
  return left && right && *left == *right;
}
constexpr bool less(std::string_view a, std::string_view b) {
  auto const left = quantity::parse(a);
  auto const right = quantity::parse(b);
  return left && right && *left < *right;
}

}  // namespace

static_assert(same("1000m", "1") && less("999m", "1") && same("1.5Gi", "1536Mi"));
static_assert(!quantity::parse("-1") && !quantity::parse(""));

TEST_CASE("quantity: accepted texts have their exact value", "[quantity]") {
  std::vector<std::pair<std::string_view, std::string_view>> const rows{
      {"0", "0.000"},
      {"1", "1.0"},
      {"0.5", "500m"},
      {" 2 ", "2"},
      {"\t2\n", "2"},
      {"1m", "0.001"},
      {"500m", "0.5"},
      {"1000m", "1"},
      {"1Ki", "1024"},
      {"256Mi", "268435456"},
      {"1.5Gi", "1610612736"},
      {"1Ti", "1099511627776"},
      {"1Pi", "1125899906842624"},
      {"1Ei", "1152921504606846976"},
      {"1k", "1000"},
      {"1M", "1000000"},
      {"1G", "1000000000"},
      {"1T", "1000000000000"},
      {"1P", "1000000000000000"},
      {"1E", "1000000000000000000"},
      {"1e3", "1000"},
      {"1.5e2", "150"},
      {"1E3", "1000"},
      {"15e-1", "1.5"},
      {"1e+2", "100"},
      {"00012", "12"},
      {"0e3", "0"},
  };
  for (auto const& [text, value] : rows) {
    INFO(text);
    CHECK(same(text, value));
  }
}

TEST_CASE("quantity: texts outside the grammar are refused", "[quantity]") {
  for (std::string_view text : {"",
                                " ",
                                "-1",
                                "+1",
                                "abc",
                                "1.2.3",
                                "m",
                                "1e3m",
                                "Mi",
                                "xMi",
                                "1e3Mi",
                                "1KI",
                                "1ki",
                                "K",
                                "1K",
                                "1e3k",
                                "e3",
                                "NaN",
                                "nan",
                                "Infinity",
                                "inf",
                                "1 Mi",
                                ".5",
                                "5.",
                                "1,5",
                                "0x10",
                                "1e",
                                "1e-",
                                "1e3.5",
                                "1mm",
                                "1Ee3",
                                "1i",
                                "1Xi",
                                "1.Mi",
                                "1e31",
                                "1e-31",
                                "1e99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(quantity::parse(text).has_value());
  }
  CHECK_FALSE(quantity::parse(std::string_view("1\0", 2)).has_value());
}

TEST_CASE("quantity: comparison is exact where binary floating point is not", "[quantity]") {
  CHECK(less("0.1", "0.100000000000000000000000000001"));
  CHECK(less("9007199254740992", "9007199254740993"));
  CHECK(less("1152921504606846975", "1Ei"));
  CHECK(less("1E", "1Ei"));
  CHECK(same("0.3", "300m"));
  CHECK_FALSE(less("1", "1.000"));
}

TEST_CASE("quantity: the number of digits is bounded and what fits does not overflow",
          "[quantity]") {
  std::string const nines(30, '9');
  REQUIRE(quantity::parse(nines + "." + nines + "e30"));
  REQUIRE(quantity::parse(nines + "." + nines + "Ei"));
  CHECK(less(nines + "Ei", nines + ".1Ei"));
  CHECK(less(nines + "." + nines + "e29", nines + "." + nines + "e30"));
  CHECK(less("0." + std::string(29, '0') + "1e-30", "0." + std::string(29, '0') + "2e-30"));
  CHECK_FALSE(quantity::parse("1" + nines));
  CHECK_FALSE(quantity::parse("0.1" + nines));
  // Zeros that say nothing do not count.
  CHECK(same(std::string(100, '0') + "1", "1." + std::string(100, '0')));
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/outcome.hpp>

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace cw = cwsandbox;
using cw::error;
using cw::error_kind;
using cw::outcome;

namespace {

error failure() { return cw::make_error(error_kind::not_found, "gone"); }

struct no_default {
  explicit no_default(int v) : value{v} {}
  int value;
};

static_assert(std::is_default_constructible_v<outcome<int>>);
static_assert(std::is_default_constructible_v<outcome<void>>);
static_assert(!std::is_convertible_v<outcome<int>, bool>);

}  // namespace

TEST_CASE("an outcome holds a value", "[outcome]") {
  outcome<std::string> o{std::string{"text"}};
  REQUIRE(o);
  CHECK(o.has_value());
  CHECK(*o == "text");
  CHECK(o->size() == 4);
  CHECK(o.value() == "text");
  *o += "!";
  CHECK(std::as_const(o).value() == "text!");
  CHECK(*std::as_const(o) == "text!");
  CHECK(std::as_const(o)->size() == 5);
}

TEST_CASE("an outcome holds an error", "[outcome]") {
  outcome<std::string> const o{failure()};
  REQUIRE_FALSE(o);
  CHECK_FALSE(o.has_value());
  CHECK(o.error().kind() == error_kind::not_found);
  CHECK_THROWS_AS(o.value(), cw::SandboxNotFoundError);
  outcome<std::string> movable{failure()};
  CHECK_THROWS_AS(movable.value(), cw::SandboxNotFoundError);
  CHECK_THROWS_AS(std::move(movable).value(), cw::SandboxNotFoundError);
}

TEST_CASE("an outcome converts from what a function returns", "[outcome]") {
  auto const divide = [](int a, int b) -> outcome<int> {
    if (b == 0) return cw::invalid_argument_error("b", "0", "b must not be 0");
    return a / b;
  };
  CHECK(*divide(6, 3) == 2);
  CHECK(divide(6, 0).error().kind() == error_kind::invalid_argument);
}

TEST_CASE("the value of an outcome can be moved out", "[outcome]") {
  outcome<std::unique_ptr<int>> o{std::make_unique<int>(7)};
  auto const taken = *std::move(o);
  REQUIRE(taken);
  CHECK(*taken == 7);
  outcome<std::unique_ptr<int>> p{std::make_unique<int>(8)};
  auto const value = std::move(p).value();
  CHECK(*value == 8);
}

TEST_CASE("a default outcome is a success", "[outcome]") {
  CHECK(*outcome<int>{} == 0);
  CHECK(outcome<void>{}.has_value());
  // what has no default value is an empty error
  CHECK_FALSE(outcome<no_default>{}.has_value());
  CHECK(outcome<no_default> {
    no_default { 3 }
  } -> value == 3);
}

TEST_CASE("an outcome of void holds success or an error", "[outcome]") {
  outcome<void> const good{};
  CHECK(good);
  CHECK_NOTHROW(good.value());
  outcome<void> const bad{failure()};
  CHECK_FALSE(bad);
  CHECK(bad.error().message() == "gone");
  CHECK_THROWS_AS(bad.value(), cw::SandboxNotFoundError);
}

TEST_CASE("outcomes copy and are assigned", "[outcome]") {
  outcome<int> a{1};
  outcome<int> const b{failure()};
  auto c = a;
  c = b;
  CHECK_FALSE(c);
  CHECK(a);
  a = 3;
  CHECK(*a == 3);
}

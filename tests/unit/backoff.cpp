// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/backoff.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <optional>

namespace detail = cwsandbox::detail;
using namespace std::chrono_literals;
using detail::nanoseconds;
using detail::poll_backoff;
using detail::retry_burst;
using time_point = retry_burst::time_point;

namespace {

constexpr time_point start{100s};

// Whole tests at compile time: the classes do no I/O.
consteval bool healthy_sleeps_match() {
  poll_backoff backoff;
  for (nanoseconds const expected :
       {nanoseconds{200ms}, nanoseconds{300ms}, nanoseconds{450ms}, nanoseconds{675ms},
        nanoseconds{1012500us}, nanoseconds{1518750us}, nanoseconds{2s}, nanoseconds{2s}})
    if (backoff.next() != expected) return false;
  return true;
}
static_assert(healthy_sleeps_match());

consteval bool lowest_random_sleeps_are_the_first_interval() {
  retry_burst burst{30s};
  for (int i = 0; i < 10; ++i)
    if (burst.failed(start, std::nullopt, 0.0) != nanoseconds{200ms}) return false;
  return true;
}
static_assert(lowest_random_sleeps_are_the_first_interval());

}  // namespace

TEST_CASE("healthy polls sleep ever longer up to two seconds", "[backoff]") {
  poll_backoff backoff;
  nanoseconds const expected[] = {200ms, 300ms, 450ms, 675ms, 1012500us, 1518750us, 2s, 2s, 2s};
  for (auto const sleep : expected) CHECK(backoff.next() == sleep);
}

TEST_CASE("a budget of nothing allows no retry", "[backoff]") {
  for (nanoseconds const budget : {nanoseconds{0}, nanoseconds{-1s}}) {
    retry_burst burst{budget};
    CHECK_FALSE(burst.failed(start, std::nullopt, 0.5));
    CHECK_FALSE(burst.failed(start, nanoseconds{1s}, 0.5));
    CHECK(burst.rpc_timeout(start, 15s) == 15s);
  }
}

TEST_CASE("the first time-out is no longer than the budget", "[backoff]") {
  CHECK(retry_burst{30s}.rpc_timeout(start, 15s) == 15s);
  CHECK(retry_burst{3s}.rpc_timeout(start, 15s) == 3s);
  CHECK(retry_burst{0s}.rpc_timeout(start, 15s) == 15s);
}

TEST_CASE("a random sleep grows by half of the last one", "[backoff]") {
  SECTION("the highest draws") {
    retry_burst burst{30s};
    // of [0.2, min(2, last * 1.5)]
    nanoseconds const expected[] = {300ms, 450ms, 675ms, 1012500us, 1518750us, 2s, 2s};
    for (auto const sleep : expected) CHECK(burst.failed(start, std::nullopt, 1.0) == sleep);
  }
  SECTION("the middle of the range") {
    retry_burst burst{30s};
    CHECK(burst.failed(start, std::nullopt, 0.5) == 250ms);
    CHECK(burst.failed(start, std::nullopt, 0.5) == 287500us);
  }
  SECTION("a hinted sleep counts as the last one") {
    retry_burst burst{30s};
    CHECK(burst.failed(start, nanoseconds{1s}, 0.5) == 1s);
    CHECK(burst.failed(start, std::nullopt, 1.0) == 1500ms);
  }
}

TEST_CASE("the server's hint is taken up to ten seconds and the budget", "[backoff]") {
  struct row {
    std::optional<nanoseconds> hint;
    nanoseconds budget;
    nanoseconds expected;
  };
  row const rows[] = {
      {5s, 30s, 5s},
      {1ns, 30s, 1ns},
      {10s, 30s, 10s},
      {11s, 30s, 10s},
      {nanoseconds::max(), 30s, 10s},
      {5s, 3s, 3s},
      // no hint in effect: lowest random sleep
      {std::nullopt, 30s, 200ms},
      {0s, 30s, 200ms},
      {-5s, 30s, 200ms},
  };
  for (auto const& r : rows) {
    retry_burst burst{r.budget};
    CHECK(burst.failed(start, r.hint, 0.0) == r.expected);
  }
}

TEST_CASE("no sleep goes beyond the budget", "[backoff]") {
  retry_burst burst{1s};
  REQUIRE(burst.failed(start, std::nullopt, 0.0));
  CHECK(burst.failed(start + 900ms, std::nullopt, 0.99) == 100ms);
  CHECK(burst.failed(start + 999ms, nanoseconds{5s}, 0.99) == 1ms);
  CHECK(burst.has_time(start + 999ms));
  CHECK_FALSE(burst.has_time(start + 1s));
  CHECK_FALSE(burst.failed(start + 1s, std::nullopt, 0.0));
}

TEST_CASE("the budget starts at the first failure", "[backoff]") {
  retry_burst burst{1s};
  CHECK(burst.has_time(start + 1h));
  REQUIRE(burst.failed(start + 1h, std::nullopt, 0.0));
  CHECK(burst.has_time(start + 1h + 999ms));
  CHECK_FALSE(burst.has_time(start + 1h + 1s));
}

TEST_CASE("a retry gets what is left, and a tenth of a second at least", "[backoff]") {
  retry_burst burst{30s};
  REQUIRE(burst.failed(start, std::nullopt, 0.0));
  CHECK(burst.rpc_timeout(start + 1s, 15s) == 15s);
  CHECK(burst.rpc_timeout(start + 20s, 15s) == 10s);
  CHECK(burst.rpc_timeout(start + 29950ms, 15s) == 100ms);
  CHECK(burst.rpc_timeout(start + 29950ms, 50ms) == 50ms);
}

TEST_CASE("a budget without end does not overflow", "[backoff]") {
  retry_burst burst{nanoseconds::max()};
  CHECK(burst.failed(start, std::nullopt, 0.0) == 200ms);
  CHECK(burst.has_time(start + 24h * 365));
  CHECK(burst.rpc_timeout(start + 24h * 365, 15s) == 15s);
}

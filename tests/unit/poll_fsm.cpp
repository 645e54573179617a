// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/poll_fsm.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::error_kind;
using detail::nanoseconds;
using detail::poll_fsm;
using step = poll_fsm::step;

namespace {

wire::Sandbox in_state(wire::State state, std::optional<std::int32_t> exit_code = {}) {
  wire::Sandbox sandbox{};
  sandbox.sandbox_id = "sb";
  sandbox.status.emplace();
  sandbox.status->state = state;
  sandbox.status->exit_code = exit_code;
  return sandbox;
}

cw::error transient(std::string message = "try again", std::optional<nanoseconds> hint = {}) {
  return cw::make_error(error_kind::unavailable, std::move(message))
      .with([&](cw::error_details& e) { e.retry_after = hint; });
}

// One trip on a clock of its own. A call takes no time unless said otherwise, and a sleep takes what it says.
class trip {
 public:
  explicit trip(nanoseconds budget = 30s, nanoseconds rpc_timeout = 15s)
      : fsm{{budget, rpc_timeout}}, last{fsm.start(now)} {}

  trip& answer(wire::Sandbox sandbox, nanoseconds taking = 0ns) {
    return feed(std::move(sandbox), taking);
  }
  trip& answer(wire::State state) { return feed(in_state(state), 0ns); }
  trip& fail(cw::error e, nanoseconds taking = 0ns) { return feed(std::move(e), taking); }
  trip& sleep() {
    REQUIRE(last.what == step::sleep);
    now += last.duration;
    last = fsm.slept(now, wants_exit_code);
    return *this;
  }

  bool is(step what) const { return last.what == what; }
  bool is(step what, nanoseconds duration) const {
    return last.what == what && last.duration == duration;
  }

  poll_fsm::time_point now{1000s};
  double random = 0.0;
  bool wants_exit_code = true;
  poll_fsm fsm;
  poll_fsm::action last;

 private:
  trip& feed(cw::outcome<wire::Sandbox> outcome, nanoseconds taking) {
    REQUIRE(last.what == step::get);
    now += taking;
    last = fsm.answered(std::move(outcome), now, random, wants_exit_code);
    return *this;
  }
};

}  // namespace

TEST_CASE("which states end a trip of polling", "[poll]") {
  struct row {
    wire::State state;
    bool stable;
  };
  row const rows[] = {
      {wire::State::unspecified, true},      {wire::State::creating, false},
      {wire::State::running, true},          {wire::State::completed, true},
      {wire::State::failed, true},           {wire::State::terminating, true},
      {wire::State::terminated, true},       {wire::State::pending, false},
      {wire::State::paused, true},           {static_cast<wire::State>(99), false},
      {static_cast<wire::State>(-1), false},
  };
  for (auto const& r : rows) {
    INFO(static_cast<int>(r.state));
    trip t;
    t.answer(in_state(r.state, 0));
    if (r.stable) {
      CHECK(t.is(step::done));
      CHECK(t.fsm.sandbox().status->state == r.state);
    } else {
      CHECK(t.is(step::sleep, 200ms));
    }
  }
}

TEST_CASE("an answer without a status ends a trip like UNSPECIFIED", "[poll]") {
  trip t;
  t.answer(wire::Sandbox{});
  CHECK(t.is(step::done));
}

TEST_CASE("healthy polling sleeps ever longer and never runs out", "[poll]") {
  trip t;
  nanoseconds const expected[] = {200ms, 300ms, 450ms, 675ms, 1012500us, 1518750us, 2s, 2s};
  for (auto const sleep : expected) {
    CHECK(t.is(step::get, 15s));
    t.answer(wire::State::creating);
    CHECK(t.is(step::sleep, sleep));
    t.sleep();
  }
  for (int i = 0; i < 1000; ++i) t.answer(wire::State::pending).sleep();
  t.answer(wire::State::running);
  CHECK(t.is(step::done));
}

TEST_CASE("the first call is limited by the poll time-out and the budget", "[poll]") {
  CHECK(trip(30s, 15s).is(step::get, 15s));
  CHECK(trip(5s, 15s).is(step::get, 5s));
  CHECK(trip(0s, 15s).is(step::get, 15s));
}

TEST_CASE("without a budget the first transient error is raised at once", "[poll]") {
  trip t{0s};
  t.fail(transient("first"));
  REQUIRE(t.is(step::fail));
  CHECK(t.fsm.failure().message() == "first");
}

TEST_CASE("what is fatal is raised at once, whatever the budget", "[poll]") {
  for (auto const kind :
       {error_kind::not_found, error_kind::not_running, error_kind::timeout,
        error_kind::command_timeout, error_kind::authentication, error_kind::sandbox_validation,
        error_kind::sandbox, error_kind::cancelled, error_kind::foreign}) {
    trip t;
    t.fail(transient()).sleep().fail(cw::make_error(kind, "fatal"));
    REQUIRE(t.is(step::fail));
    CHECK(t.fsm.failure().kind() == kind);
    CHECK(t.fsm.failure().message() == "fatal");
  }
}

TEST_CASE("transient errors are tried again until the budget is used up", "[poll]") {
  for (auto const kind : {error_kind::unavailable, error_kind::snapshot_backend_throttled,
                          error_kind::request_timeout, error_kind::resource_exhausted}) {
    trip t{1s};
    auto const begin = t.now;
    int calls = 0;
    while (t.is(step::get)) {
      ++calls;
      t.fail(cw::make_error(kind, "call " + std::to_string(calls)));
      if (t.is(step::sleep)) t.sleep();
    }
    REQUIRE(t.is(step::fail));
    // sleeps of 0.2 s: at 0, 0.2, 0.4, 0.6 and 0.8 s, and none at the end of the budget
    CHECK(calls == 5);
    CHECK(t.now - begin == 1s);
    // the last error, as it was
    CHECK(t.fsm.failure().kind() == kind);
    CHECK(t.fsm.failure().message() == "call 5");
  }
}

TEST_CASE("an error that comes after the end of the budget is not tried again", "[poll]") {
  trip t{1s};
  t.fail(transient("first")).sleep();
  t.fail(transient("second"), 2s);
  REQUIRE(t.is(step::fail));
  CHECK(t.fsm.failure().message() == "second");
}

TEST_CASE("sleeps between retries are random, between limits", "[poll]") {
  trip t;
  t.random = 0.999999;
  t.fail(transient());
  CHECK(t.last.duration > 299ms);
  CHECK(t.last.duration <= 300ms);
  t.sleep();
  t.random = 0.0;
  t.fail(transient());
  CHECK(t.is(step::sleep, 200ms));
}

TEST_CASE("the server's hint is slept, up to ten seconds", "[poll]") {
  struct row {
    nanoseconds hint;
    nanoseconds expected;
  };
  constexpr row rows[] = {{3s, 3s}, {10s, 10s}, {60s, 10s}, {0s, 200ms}, {-1s, 200ms}};
  for (auto const& r : rows) {
    trip t;
    t.fail(transient("x", r.hint));
    CHECK(t.is(step::sleep, r.expected));
  }
  trip brief{4s};
  brief.fail(transient("x", 60s));
  CHECK(brief.is(step::sleep, 4s));
  brief.sleep();
  CHECK(brief.is(step::fail));
}

TEST_CASE("retried calls get what is left of the budget, and a tenth of a second at least",
          "[poll]") {
  trip t{20s};
  t.fail(transient("x", 10s)).sleep();
  CHECK(t.is(step::get, 10s));
  t.fail(transient("x", 9950ms)).sleep();
  CHECK(t.is(step::get, 100ms));
}

TEST_CASE("a good but unstable answer does not reset the budget", "[poll]") {
  trip t{1s};
  t.fail(transient("first")).sleep();       // 0.2 s
  t.answer(wire::State::creating).sleep();  // 0.4 s
  t.answer(wire::State::creating).sleep();  // 0.7 s
  t.answer(wire::State::creating).sleep();  // 1.15 s: healthy polling goes on
  REQUIRE(t.is(step::get));
  t.fail(transient("second"));
  REQUIRE(t.is(step::fail));
  CHECK(t.fsm.failure().message() == "second");
}

TEST_CASE("healthy polls after a burst get the full time-out again", "[poll]") {
  trip t{10s, 5s};
  t.fail(transient("x", 9s)).sleep();
  CHECK(t.is(step::get, 1s));
  t.answer(wire::State::creating).sleep();
  CHECK(t.is(step::get, 5s));
  t.answer(in_state(wire::State::creating), 4s).sleep();
  CHECK(t.is(step::get, 5s));
  t.answer(wire::State::running);
  CHECK(t.is(step::done));
}

TEST_CASE("a completion with an exit code ends the trip", "[poll]") {
  for (std::int32_t const code : {0, 1, 137, -1}) {
    trip t;
    t.answer(in_state(wire::State::completed, code));
    REQUIRE(t.is(step::done));
    CHECK(t.fsm.sandbox().status->exit_code == code);
    CHECK_FALSE(t.fsm.in_exit_code_grace());
  }
}

TEST_CASE("a completion without exit code is looked at twice more", "[poll]") {
  trip t;
  t.answer(wire::State::completed);
  REQUIRE(t.is(step::sleep, 2s));
  CHECK(t.fsm.in_exit_code_grace());
  CHECK(t.fsm.sandbox().status->state == wire::State::completed);
  t.sleep();
  REQUIRE(t.is(step::get, 2s));

  SECTION("until the code appears at the first look") {
    t.answer(in_state(wire::State::completed, 7));
    REQUIRE(t.is(step::done));
    CHECK(t.fsm.sandbox().status->exit_code == 7);
  }
  SECTION("until the code appears at the second look") {
    t.answer(wire::State::completed);
    REQUIRE(t.is(step::sleep, 2s));
    t.sleep();
    REQUIRE(t.is(step::get, 2s));
    t.answer(in_state(wire::State::completed, 0));
    REQUIRE(t.is(step::done));
    CHECK(t.fsm.sandbox().status->exit_code == 0);
  }
  SECTION("and then taken as it is") {
    t.answer(wire::State::completed).sleep().answer(wire::State::completed);
    REQUIRE(t.is(step::done));
    CHECK_FALSE(t.fsm.sandbox().status->exit_code);
  }
  SECTION("unless it is no completion any more") {
    for (auto const state : {wire::State::failed, wire::State::terminated}) {
      auto copy = t;
      copy.answer(state);
      REQUIRE(copy.is(step::done));
      CHECK(copy.fsm.sandbox().status->state == state);
    }
  }
  SECTION("a failing look keeps what is in hand") {
    for (auto const& e : {transient(), cw::make_error(error_kind::not_found, "gone"),
                          cw::make_error(error_kind::authentication, "who")}) {
      auto copy = t;
      copy.fail(e);
      if (copy.is(step::sleep)) copy.sleep().fail(e);
      REQUIRE(copy.is(step::done));
      CHECK(copy.fsm.sandbox().status->state == wire::State::completed);
    }
  }
  SECTION("an answer that is not terminal is ignored") {
    for (auto const state :
         {wire::State::running, wire::State::creating, wire::State::pending, wire::State::paused,
          wire::State::terminating, static_cast<wire::State>(99)}) {
      auto copy = t;
      copy.answer(state);
      if (copy.is(step::sleep)) copy.sleep().answer(state);
      REQUIRE(copy.is(step::done));
      CHECK(copy.fsm.sandbox().status->state == wire::State::completed);
    }
  }
  SECTION("unless this client stopped the sandbox meanwhile") {
    t.wants_exit_code = false;
    SECTION("as seen after the look") {
      t.answer(wire::State::completed);
      CHECK(t.is(step::done));
    }
    SECTION("as seen after the next sleep") {
      t.wants_exit_code = true;
      t.answer(wire::State::completed);
      t.wants_exit_code = false;
      t.sleep();
      CHECK(t.is(step::done));
    }
  }
}

TEST_CASE("no exit code is looked for when this client stopped the sandbox", "[poll]") {
  trip t;
  t.wants_exit_code = false;
  t.answer(wire::State::completed);
  CHECK(t.is(step::done));
}

TEST_CASE("a stop during the first sleep ends the look for the exit code", "[poll]") {
  trip t;
  t.answer(wire::State::completed);
  t.wants_exit_code = false;
  t.sleep();
  CHECK(t.is(step::done));
}

TEST_CASE("only COMPLETED itself has its exit code looked for", "[poll]") {
  for (auto const state :
       {wire::State::unspecified, wire::State::failed, wire::State::terminated}) {
    trip t;
    t.answer(state);
    CHECK(t.is(step::done));
  }
}

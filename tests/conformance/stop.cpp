// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Stop and wait: lines 62 to 66 and 72 (streams, section 7), lifecycle 3 and 4.

#include <cwsandbox/reasons.hpp>

#include "conformance/fixtures.hpp"

using namespace conformance;

namespace {

bool is_terminal(std::optional<cw::SandboxStatus> status) {
  return status == cw::SandboxStatus::completed || status == cw::SandboxStatus::failed ||
         status == cw::SandboxStatus::terminated;
}

constexpr auto deaf = "trap '' TERM INT; echo deaf; while :; do sleep 0.1; done";

}  // namespace

CONFORMANCE_CASE("62 a stop ends in a terminal state", "[stop][62]", feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.stop().result();
  CHECK(is_terminal(sandbox.status()));
  CHECK(sandbox.get_status().result() == sandbox.status());
}

CONFORMANCE_CASE("63 waiting for the completion of a sandbox that is being stopped is an error",
                 "[stop][63]", feature::none) {
  auto sandbox = given.running_sandbox();
  auto const waiting = sandbox.wait_until_complete();
  sandbox.stop().result();
  (void)error_of<cw::SandboxTerminatedError>([&] { waiting.result(); });
  (void)error_of<cw::SandboxTerminatedError>([&] { sandbox.wait_until_complete().result(); });
  auto const how = sandbox.wait_until_complete({.raise_on_termination = false}).result();
  CHECK(how == sandbox.status());
}

CONFORMANCE_CASE("64 a command that ended by itself is no error to wait for", "[stop][64]",
                 feature::none) {
  auto sandbox = given.new_sandbox({.command = "sh", .args = {"-c", "exit 5"}});
  CHECK(sandbox.wait_until_complete().result() == cw::SandboxStatus::completed);
  CHECK(sandbox.exit_code() == 5);
  CHECK(sandbox.wait_until_complete().result() == cw::SandboxStatus::completed);
}

CONFORMANCE_CASE("65 a wait and a stop at the same time see the same end", "[stop][65]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const waiting = sandbox.wait_until_complete({.raise_on_termination = false});
  auto const stopping = sandbox.stop();
  auto const seen = waiting.result();
  stopping.result();
  CHECK(is_terminal(seen));
  CHECK(sandbox.status() == seen);
}

CONFORMANCE_CASE("66 stopping a sandbox that was removed is no error with missing allowed",
                 "[stop][66][7.2.6]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = given.running_sandbox();
  auto const id = sandbox.id().value();
  sandbox_type::remove(given.service(), id).result();
  sandbox.stop({.missing_ok = true}).result();
  sandbox.stop({.missing_ok = true}).result();
  sandbox_type::remove(given.service(), id, {.missing_ok = true}).result();
  CHECK(is_terminal(sandbox.status()));
}

CONFORMANCE_CASE("7.2.6 many stops of one sandbox are one stop", "[stop][7.2.6]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  std::vector<cw::operation<void>> stops;
  for (int i = 0; i < 6; ++i) stops.push_back(sandbox.stop());
  for (auto const& stop : stops) stop.result();
  sandbox.stop().result();
  CHECK(is_terminal(sandbox.status()));
}

CONFORMANCE_CASE("72 deleting an unknown sandbox is no error with missing allowed",
                 "[stop][72]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  sandbox_type::remove(given.service(), "no-such-sandbox", {.missing_ok = true}).result();
  auto const error = error_of<cw::SandboxNotFoundError>(
      [&] { sandbox_type::remove(given.service(), "no-such-sandbox").result(); });
  CHECK(error.sandbox_id() == "no-such-sandbox");
}

CONFORMANCE_CASE("lifecycle 4.1 a sandbox that never started is stopped without a call",
                 "[stop][lifecycle]", feature::none) {
  auto sandbox = given.new_sandbox();
  sandbox.stop().result();
  CHECK_FALSE(sandbox.id());
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.start().result(); });
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.wait().result(); });
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.exec({"true"}).result(); });
  CHECK(given.listed().empty());
}

CONFORMANCE_CASE("lifecycle 1.2 a stop waits for the create that is under way",
                 "[stop][lifecycle]", feature::none) {
  auto sandbox = given.new_sandbox();
  auto const starting = sandbox.start();
  sandbox.stop().result();
  CHECK(starting.is_done());
  bool const none_left = eventually([&] { return given.listed(true).empty(); });
  CHECK(none_left);
}

CONFORMANCE_CASE("lifecycle 4.1 waiting after a stop tells of the termination",
                 "[stop][lifecycle]", feature::none) {
  auto sandbox = given.running_sandbox();
  sandbox.stop().result();
  (void)error_of<cw::SandboxTerminatedError>([&] { sandbox.wait().result(); });
}

CONFORMANCE_CASE("lifecycle 4.2 the main command may end within its grace",
                 "[stop][lifecycle]", feature::processes) {
  auto const script = "trap 'echo stopping; exit 3' TERM; echo up; while :; do sleep 0.05; done";
  auto sandbox = given.running_sandbox({.command = "sh", .args = {"-c", script}});
  // the trap may not be set yet: any end will do, but it must come soon
  auto const start = std::chrono::steady_clock::now();
  sandbox.stop({.graceful_shutdown = 30s}).result();
  CHECK(seconds_since(start) < 10.0);
  CHECK(is_terminal(sandbox.status()));
}

CONFORMANCE_CASE("lifecycle 4.2 no grace kills at once", "[stop][lifecycle]",
                 feature::processes) {
  auto sandbox = given.running_sandbox({.command = "sh", .args = {"-c", deaf}});
  auto const start = std::chrono::steady_clock::now();
  sandbox.stop({.graceful_shutdown = 0s}).result();
  CHECK(seconds_since(start) < 5.0);
  CHECK(is_terminal(sandbox.status()));
}

CONFORMANCE_CASE("lifecycle 4.2 a main command that does not end is killed after its grace",
                 "[stop][lifecycle]", feature::processes) {
  auto sandbox = given.running_sandbox({.command = "sh", .args = {"-c", deaf}});
  auto const start = std::chrono::steady_clock::now();
  sandbox.stop({.graceful_shutdown = 1s}).result();
  CHECK(seconds_since(start) < 8.0);
  CHECK(is_terminal(sandbox.status()));
}

CONFORMANCE_CASE("lifecycle 4.1 stopping ends what commands left behind", "[stop][lifecycle]",
                 feature::processes) {
  auto sandbox = given.running_sandbox();
  auto const script = "setsid sleep 1000 >/dev/null 2>&1 & nohup sleep 1000 >/dev/null 2>&1 &";
  CHECK(sandbox.exec({"sh", "-c", script}).result_for(10s).exit_code == 0);
  auto const start = std::chrono::steady_clock::now();
  sandbox.stop({.graceful_shutdown = 10s}).result();
  // the main command ends when it is asked to, whoever else is there; the end of the case looks for the others
  CHECK(seconds_since(start) < 8.0);
}

CONFORMANCE_CASE("2 a lifetime that is over ends the sandbox", "[stop][2]",
                 feature::processes) {
  auto sandbox = given.new_sandbox({.max_lifetime = 1s});
  auto const how = sandbox.wait_until_complete({.timeout = 20s, .raise_on_termination = false});
  CHECK(is_terminal(how.result()));
}

CONFORMANCE_CASE("lifecycle 3.6 a wait whose time is up leaves the sandbox running",
                 "[stop][lifecycle]", feature::processes) {
  auto sandbox = given.running_sandbox();
  (void)error_of<cw::SandboxTimeoutError>(
      [&] { sandbox.wait_until_complete({.timeout = 100ms}).result(); });
  CHECK(sandbox.exec({"echo", "still here"}).result().out == "still here\n");
}

CONFORMANCE_CASE("lifecycle 3.6 a failure is an error for every wait", "[stop][lifecycle]",
                 feature::none) {
  auto sandbox = given.new_sandbox({.command = "no-such-command-here"});
  (void)error_of<cw::SandboxFailedError>([&] {
    sandbox.wait_until_complete({.raise_on_termination = false}).result();
  });
  sandbox.stop().result();
}

CONFORMANCE_CASE("purge ends all sandboxes with a tag", "[stop][purge]", feature::none) {
  auto const one = given.run_bare();
  auto const two = given.run_bare();
  wire::PurgeSandboxesRequest request{};
  request.tags = {given.tag()};
  request.dry_run = true;
  CHECK(given.call(&scenario<Fixture>::transport::purge_sandboxes, request).value().purge_count ==
        2);
  CHECK(given.listed(true).size() == 2);
  request.dry_run = false;
  CHECK(given.call(&scenario<Fixture>::transport::purge_sandboxes, request).value().purge_count ==
        2);
  (void)given.ended(one);
  (void)given.ended(two);
}

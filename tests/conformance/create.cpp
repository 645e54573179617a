// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Create and read back: lines 1 to 13 and 7.2.1 to 7.2.4 (streams, section 7), lifecycle 1 and 2.

#include <cwsandbox/reasons.hpp>

#include "conformance/fixtures.hpp"

using namespace conformance;

CONFORMANCE_CASE("1 a create is answered with an id", "[create][1]", feature::none) {
  auto sandbox = given.new_sandbox({.command = "sleep", .args = {"infinity"}});
  CHECK_FALSE(sandbox.id());
  CHECK_FALSE(sandbox.status());
  sandbox.start().result();
  REQUIRE(sandbox.id());
  CHECK_FALSE(sandbox.id()->empty());
}

CONFORMANCE_CASE("2 a sandbox reaches running and stays there until it is stopped", "[create][2]",
                 feature::none) {
  auto sandbox = given.new_sandbox({.command = "sleep", .args = {"infinity"}});
  sandbox.wait().result();
  CHECK(sandbox.status() == cw::SandboxStatus::running);
  for (int i = 0; i < 5; ++i)
    CHECK(sandbox.get_status().result() == cw::SandboxStatus::running);
  sandbox.stop().result();
  CHECK(sandbox.status() != cw::SandboxStatus::running);
}

CONFORMANCE_CASE("3 a short command without any defaults can be created and stopped",
                 "[create][3]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = sandbox_type::run(given.service(), {"echo", "hello", "world"});
  auto const id = sandbox.id().value();
  sandbox.stop().result();
  (void)given.ended(id);
}

CONFORMANCE_CASE("4 a lifetime alone is enough to create a sandbox", "[create][4]",
                 feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = sandbox_type::run(given.service(), {.max_lifetime = 60s});
  sandbox.stop().result();
  (void)given.ended(sandbox.id().value());
}

CONFORMANCE_CASE("4 tags alone are enough to create a sandbox", "[create][4]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = sandbox_type::run(given.service(), {.tags = {given.tag()}});
  CHECK(given.listed().size() == 1);
  sandbox.stop().result();
  (void)given.ended(sandbox.id().value());
}

CONFORMANCE_CASE("5 the keep-alive command runs and ends promptly on a stop", "[create][5]",
                 feature::none) {
  auto sandbox = given.running_sandbox();
  auto const start = std::chrono::steady_clock::now();
  sandbox.stop({.graceful_shutdown = 30s}).result();
  CHECK(seconds_since(start) < 10.0);
}

CONFORMANCE_CASE("6 a command that ends by itself completes the sandbox", "[create][6]",
                 feature::none) {
  auto sandbox = given.new_sandbox({.command = "echo", .args = {"hello"}});
  auto const start = std::chrono::steady_clock::now();
  CHECK(sandbox.wait_until_complete().result() == cw::SandboxStatus::completed);
  CHECK(seconds_since(start) < 30.0);
  CHECK(sandbox.exit_code() == 0);
}

CONFORMANCE_CASE("7 environment variables reach commands exactly", "[create][7]", feature::none) {
  std::string const values[] = {"plain", "", "two words", "a=b", "quote ' and \" and \\", "$HOME",
                                "\xc3\xa4\xe2\x82\xac", "x\ny"};
  std::map<std::string, std::string> variables;
  for (auto const& value : values) variables["V" + std::to_string(variables.size())] = value;
  auto sandbox = given.running_sandbox({.environment_variables = variables});
  for (auto const& [name, value] : variables) {
    INFO(name);
    CHECK(sandbox.exec({"printenv", name}).result().out == value + "\n");
  }
}

CONFORMANCE_CASE("7 an interpreter sees environment variables exactly", "[create][7]",
                 feature::processes) {
  auto sandbox = given.running_sandbox({.environment_variables = {{"GREETING", "hello, world"}}});
  auto const code = "import os; print(os.environ['GREETING'], end='')";
  CHECK(sandbox.exec({"python", "-c", code}).result().out == "hello, world");
}

CONFORMANCE_CASE("8 a variable of the call beats the one of the session", "[create][8]",
                 feature::none) {
  using session_type = typename scenario<Fixture>::session;
  auto defaults = given.defaults();
  defaults.environment_variables = {
      {"CWSANDBOX_CONFORMANCE", given.tag()}, {"WHO", "session"}, {"OTHER", "kept"}};
  session_type session{given.service(), defaults};
  auto sandbox = session.sandbox({.environment_variables = {{"WHO", "call"}}});
  CHECK(sandbox.exec({"printenv", "WHO"}).result().out == "call\n");
  CHECK(sandbox.exec({"printenv", "OTHER"}).result().out == "kept\n");
}

CONFORMANCE_CASE("10 resources are read back as they were asked for", "[create][10]",
                 feature::none) {
  auto sandbox = given.running_sandbox({.resources = cw::ResourceOptions{
                                            .requests = {.cpu = "500m", .memory = "512Mi"},
                                            .limits = {.cpu = "1", .memory = "1Gi"},
                                        }});
  auto const found = given.open_session().from_id(sandbox.id().value(), false).result();
  auto const requests = found.resource_requests();
  auto const limits = found.resource_limits();
  REQUIRE(requests);
  REQUIRE(limits);
  CHECK(requests->cpu == "500m");
  CHECK(requests->memory == "512Mi");
  CHECK(limits->cpu == "1");
  CHECK(limits->memory == "1Gi");
}

CONFORMANCE_CASE("11 a sandbox runs on the runner that it is pinned to", "[create][11]",
                 feature::none) {
  auto const runner = given.running_sandbox().runner_id().value();
  auto sandbox = given.running_sandbox(
      {.runner_ids = {runner}, .placement_mode = cw::PlacementMode::cks});
  CHECK(sandbox.runner_id() == runner);
}

CONFORMANCE_CASE("12 serverless placement without a pin runs", "[create][12]", feature::none) {
  auto sandbox = given.running_sandbox({.placement_mode = cw::PlacementMode::serverless});
  CHECK(sandbox.status() == cw::SandboxStatus::running);
}

CONFORMANCE_CASE("13 a network with both deny flags false runs", "[create][13]", feature::none) {
  auto sandbox = given.running_sandbox(
      {.network = cw::NetworkOptions{.deny_egress = false, .deny_ingress = false}});
  CHECK(sandbox.status() == cw::SandboxStatus::running);
}

CONFORMANCE_CASE("7.2.1 a sandbox made without options has a runner and a start time everywhere",
                 "[create][7.2.1]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  sandbox_type sandbox{given.service(), {.tags = {given.tag()}}};
  sandbox.wait().result();
  auto const id = sandbox.id().value();
  auto const runner = sandbox.runner_id();
  auto const started = sandbox.started_at();
  REQUIRE(runner);
  CHECK_FALSE(runner->empty());
  REQUIRE(started);
  CHECK(*started > std::chrono::system_clock::time_point{} + std::chrono::hours{24 * 365});
  auto const attached = sandbox_type::from_id(given.service(), id).result();
  CHECK(attached.runner_id() == runner);
  CHECK(attached.started_at() == started);
  auto const found = sandbox_type::list(given.service(), {.tags = {given.tag()}}).result();
  REQUIRE(found.size() == 1);
  CHECK(found.front().id() == id);
  CHECK(found.front().runner_id() == runner);
  CHECK(found.front().started_at() == started);
  sandbox.stop().result();
}

CONFORMANCE_CASE("7.2.2 get and list carry the exit code of a command that ended",
                 "[create][7.2.2]", feature::none) {
  auto const zero = given.call(&scenario<Fixture>::transport::create_sandbox,
                               given.create_request({"true"}));
  auto const seven = given.call(&scenario<Fixture>::transport::create_sandbox,
                                given.create_request({"sh", "-c", "exit 7"}));
  auto const id_of_zero = zero.value().sandbox_id;
  auto const id_of_seven = seven.value().sandbox_id;
  CHECK(given.ended(id_of_zero).state == wire::State::completed);
  CHECK(given.ended(id_of_zero).exit_code == 0);
  CHECK(given.ended(id_of_seven).exit_code == 7);
  auto const all = given.listed();
  REQUIRE(all.size() == 2);
  for (auto const& one : all)
    CHECK(one.status.value().exit_code == (one.sandbox_id == id_of_zero ? 0 : 7));
}

CONFORMANCE_CASE("7.2.3 mounted files are there with their exact bytes", "[create][7.2.3]",
                 feature::none) {
  std::string const bytes{"\x00\x01\x02\x7f\x80\xff", 6};
  std::vector<std::pair<std::string, std::string>> const files{
      {"/workspace/deep/text.txt", "some text\n"}, {"/workspace/bytes.bin", bytes}};
  auto sandbox = given.running_sandbox({.mounted_files = files});
  CHECK(sandbox.exec({"cat", "/workspace/deep/text.txt"}).result().out == "some text\n");
  CHECK(sandbox.exec({"cat", "/workspace/bytes.bin"}).result().out == bytes);
  CHECK(sandbox.read_file("/workspace/bytes.bin").result() == bytes);
}

CONFORMANCE_CASE("7.2.3 the main command may be a mounted file", "[create][7.2.3]",
                 feature::processes) {
  auto sandbox = given.new_sandbox(
      {.command = "sh",
       .args = {"/workspace/main.sh"},
       .mounted_files = {{"/workspace/main.sh", "test -f /workspace/main.sh && exit 9\n"}}});
  CHECK(sandbox.wait_until_complete().result() == cw::SandboxStatus::completed);
  CHECK(sandbox.exit_code() == 9);
}

CONFORMANCE_CASE("7.2.4 annotations and small resources do not keep a sandbox from running",
                 "[create][7.2.4]", feature::none) {
  auto sandbox = given.running_sandbox(
      {.resources = cw::ResourceOptions::guaranteed({.cpu = "100m", .memory = "128Mi"}),
       .annotations = {{"team", "blue"}, {"note", "two words"}}});
  CHECK(sandbox.exec({"echo", "up"}).result().out == "up\n");
}

CONFORMANCE_CASE("lifecycle 1.2 starting again or all at once is one create",
                 "[create][lifecycle]", feature::none) {
  auto sandbox = given.new_sandbox();
  std::vector<cw::operation<void>> starts;
  for (int i = 0; i < 8; ++i) starts.push_back(sandbox.start());
  auto const command = sandbox.exec({"true"});
  for (auto const& start : starts) start.result();
  CHECK(command.result().exit_code == 0);
  sandbox.start().result();
  CHECK(given.listed().size() == 1);
}

CONFORMANCE_CASE("lifecycle 1.2 a repeated request id is the same sandbox", "[create][lifecycle]",
                 feature::none) {
  auto request = given.create_request();
  request.request_id = given.tag();
  auto const first = given.call(&scenario<Fixture>::transport::create_sandbox, request);
  auto const second = given.call(&scenario<Fixture>::transport::create_sandbox, request);
  CHECK(first.value().sandbox_id == second.value().sandbox_id);
  CHECK(given.listed().size() == 1);
  given.delete_bare(first.value().sandbox_id);
}

CONFORMANCE_CASE("lifecycle 1.2 the status of an unstarted sandbox cannot be asked for",
                 "[create][lifecycle]", feature::none) {
  auto sandbox = given.new_sandbox();
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.get_status().result(); });
  CHECK_FALSE(sandbox.id());
  CHECK(given.listed().empty());
}

CONFORMANCE_CASE("lifecycle 1.1 a main command that does not exist fails the sandbox",
                 "[create][lifecycle]", feature::none) {
  auto sandbox = given.new_sandbox({.command = "no-such-command-here"});
  (void)error_of<cw::SandboxFailedError>([&] { sandbox.wait().result(); });
  CHECK(sandbox.status() == cw::SandboxStatus::failed);
  CHECK_FALSE(sandbox.exit_code());
  CHECK_FALSE(sandbox.status_reason().empty());
  (void)error_of<cw::SandboxFailedError>([&] { sandbox.wait_until_complete().result(); });
  (void)error_of<cw::SandboxNotRunningError>([&] { sandbox.exec({"true"}).result(); });
}

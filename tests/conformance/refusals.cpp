// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a service must refuse, and how: 7.1.4, lines 76, 78 and 84 to 86 (streams, section 7).

#include <cwsandbox/reasons.hpp>

#include "conformance/fixtures.hpp"
#include "conformance/streams.hpp"

using namespace conformance;

namespace {

// The refusal of a create request, which must leave nothing behind.
template <class Fixture>
cw::error refusal_of(scenario<Fixture>& given, wire::CreateSandboxRequest request) {
  auto const answer = given.call(&scenario<Fixture>::transport::create_sandbox, request);
  REQUIRE_FALSE(answer);
  CHECK(given.listed().empty());
  return answer.error();
}

wire::SandboxSpec& spec_of(wire::CreateSandboxRequest& request) { return *request.sandbox->spec; }

bool names_field(cw::error const& error, std::string_view part) {
  for (auto const& violation : error.details().field_violations)
    if (violation.field.find(part) != std::string::npos) return true;
  return false;
}

template <class Outcome>
void check_not_found(Outcome const& answer) {
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == cw::status_code::not_found);
  CHECK(answer.error().reason() == cw::reasons::sandbox_not_found);
  CHECK(answer.error().details().domain == cw::reasons::domain);
}

template <class Outcome>
void check_not_running(Outcome const& answer) {
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == cw::status_code::failed_precondition);
}

wire::Service service_on(std::int32_t port, wire::Visibility visibility) {
  wire::Service service{};
  service.port = port;
  service.visibility = visibility;
  return service;
}

// The unary calls that need a running sandbox.
template <class Fixture, class Check>
void check_calls(scenario<Fixture>& given, std::string const& id, Check const& check) {
  using transport = typename scenario<Fixture>::transport;
  wire::ExecRequest exec{};
  exec.sandbox_id = id;
  exec.command = {"true"};
  check(given.call(&transport::exec, exec));
  wire::ReadFileRequest read{};
  read.sandbox_id = id;
  read.path = "/tmp/x";
  check(given.call(&transport::read_file, read));
  wire::WriteFileRequest write{};
  write.sandbox_id = id;
  write.path = "/tmp/x";
  check(given.call(&transport::write_file, write));
}

}  // namespace

CONFORMANCE_CASE("7.1.4 every unary call says that a sandbox is not found", "[refusals][7.1.4]",
                 feature::none) {
  using transport = typename scenario<Fixture>::transport;
  wire::DeleteSandboxRequest erase{};
  erase.sandbox_id = "no-such-sandbox";
  check_not_found(given.call(&transport::delete_sandbox, erase));
  check_not_found(given.get("no-such-sandbox"));
  check_calls(given, "no-such-sandbox", [](auto const& answer) { check_not_found(answer); });
}

CONFORMANCE_CASE("7.1.4 an exec stream says that a sandbox is not found", "[refusals][7.1.4]",
                 feature::exec_stream) {
  auto const seen = play_exec(given, "no-such-sandbox", {"true"});
  REQUIRE(seen.failure);
  check_not_found(cw::outcome<void>{*seen.failure});
}

CONFORMANCE_CASE("7.1.4 a log stream says that a sandbox is not found", "[refusals][7.1.4]",
                 feature::log_stream) {
  wire::StreamLogsRequest request{};
  request.sandbox_id = "no-such-sandbox";
  auto const seen = read_logs(given, std::move(request));
  REQUIRE(seen.failure);
  check_not_found(cw::outcome<void>{*seen.failure});
}

CONFORMANCE_CASE("7.1.4 every call says that a sandbox does not run", "[refusals][7.1.4]",
                 feature::none) {
  auto const id = given.run_bare();
  given.delete_bare(id);
  check_calls(given, id, [](auto const& answer) { check_not_running(answer); });
}

CONFORMANCE_CASE("7.1.4 an exec stream says that a sandbox does not run", "[refusals][7.1.4]",
                 feature::exec_stream) {
  auto const id = given.run_bare();
  given.delete_bare(id);
  auto const seen = play_exec(given, id, {"true"});
  REQUIRE(seen.failure);
  check_not_running(cw::outcome<void>{*seen.failure});
}

CONFORMANCE_CASE("76 public and private services together are refused", "[refusals][76]",
                 feature::none) {
  auto request = given.create_request();
  spec_of(request).services = {service_on(8080, wire::Visibility::public_),
                               service_on(8081, wire::Visibility::private_)};
  auto const refused = refusal_of(given, request);
  CHECK(refused.reason() == cw::reasons::not_implemented);
  CHECK(refused.details().domain == cw::reasons::domain);
}

CONFORMANCE_CASE("78 egress by host name is refused by name", "[refusals][78]",
                 feature::no_host_name_egress) {
  auto request = given.create_request();
  auto& rule = spec_of(request).network.emplace().egress.emplace_back();
  rule.destination = std::string{"example.com"};
  auto const refused = refusal_of(given, request);
  bool const says_why = names_field(refused, "dns_name") ||
                        refused.reason() == cw::reasons::no_suitable_runner ||
                        refused.reason() == cw::reasons::placement_constraint_unsatisfied;
  INFO(refused);
  CHECK(says_why);
}

CONFORMANCE_CASE("84 restoring an unknown snapshot is refused", "[refusals][84]",
                 feature::no_snapshots) {
  auto request = given.create_request();
  auto& volume = spec_of(request).volumes.emplace_back();
  volume.name = "workspace";
  wire::ScratchVolume scratch{};
  scratch.restore_from_snapshot_id = "fss-1";
  volume.source = scratch;
  auto const refused = refusal_of(given, request);
  // a service that has snapshots does not know this one
  CHECK((refused.reason() == cw::reasons::fss_not_supported ||
         refused.reason() == cw::reasons::fss_not_found));
  CHECK(refused.details().domain == cw::reasons::domain);
}

CONFORMANCE_CASE("86 a snapshot on stop is made, or refused and the sandbox goes on", "[refusals][86]",
                 feature::no_snapshots) {
  auto request = given.create_request();
  auto& volume = spec_of(request).volumes.emplace_back();
  volume.name = "workspace";
  volume.source = wire::ScratchVolume{};
  auto& mount = spec_of(request).containers.front().volume_mounts.emplace_back();
  mount.volume = "workspace";
  mount.mount_path = "/workspace";
  auto const made = given.call(&scenario<Fixture>::transport::create_sandbox, request);
  auto const id = made.value().sandbox_id;
  (void)given.status_in(id, {wire::State::running});
  wire::DeleteSandboxRequest erase{};
  erase.sandbox_id = id;
  erase.snapshot_volumes = {"workspace"};
  auto const refused = given.call(&scenario<Fixture>::transport::delete_sandbox, erase);
  if (refused) {
    CHECK(refused->file_system_snapshot_ids.size() == 1);
    return;
  }
  CHECK(refused.error().reason() == cw::reasons::fss_not_supported);
  CHECK(given.get(id).value().status.value().state == wire::State::running);
  given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.23 an unknown secret is refused by name", "[refusals][7.2.23]",
                 feature::none) {
  auto request = given.create_request();
  auto& store = spec_of(request).containers.front().secret_stores.emplace_back();
  store.store_name = "no-such-store";
  auto& secret = store.secrets.emplace_back();
  secret.path = "token";
  secret.env_var = "TOKEN";
  auto const refused = refusal_of(given, request);
  CHECK(refused.code() == cw::status_code::invalid_argument);
  CHECK(names_field(refused, "secret"));
}

CONFORMANCE_CASE("77 and 7.2.20 private services are accepted and listed without a URL",
                 "[refusals][77][7.2.20]", feature::processes) {
  auto sandbox = given.running_sandbox({.services = {
                                            {.port = 8080,
                                             .name = "one",
                                             .visibility = cw::ServiceVisibility::private_},
                                            {.port = 8081,
                                             .name = "two",
                                             .visibility = cw::ServiceVisibility::private_},
                                        }});
  auto const ports = sandbox.exposed_ports();
  REQUIRE(ports);
  CHECK(*ports == std::vector<cw::ExposedPort>{{8080, "one"}, {8081, "two"}});
  CHECK(sandbox.service_urls().empty());
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/http_rule.hpp>
#include <cwsandbox/wire/json.hpp>

#include "support/catch.hpp"
#include "support/random_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

namespace wire = cwsandbox::wire;
namespace rpc = cwsandbox::wire::rpc;

template <wire::http_method Method>
std::string request_line(typename Method::request const& request) {
  auto const parts = wire::make_http_request<Method>(request);
  if (!parts) FAIL(parts.error().message());
  std::string line{to_string(parts->verb)};
  line.append(" ").append(parts->target);
  if (parts->body) line.append(" ").append(*parts->body);
  return line;
}

template <wire::http_method Method>
std::string why_refused(typename Method::request const& request) {
  auto const parts = wire::make_http_request<Method>(request);
  REQUIRE(!parts);
  CHECK(parts.error().kind() == cwsandbox::error_kind::rpc);
  CHECK(parts.error().code() == cwsandbox::status_code::invalid_argument);
  return parts.error().message();
}

// What stands in the request line must be what a server reads back: no spaces, no control
// characters, one `?`.
template <class Method>
void check_target() {
  if constexpr (wire::http_method<Method>) {
    test_support::random_source random{7};
    test_support::random_options options;
    options.for_json = true;
    for (int round = 0; round != 20; ++round) {
      auto const request = test_support::random_message<typename Method::request>(random, options);
      auto const parts = wire::make_http_request<Method>(request);
      if (!parts) continue;  // a field of the path is not set
      INFO(parts->target);
      CHECK(parts->target.substr(0, 4) == "/v1/");
      CHECK(parts->body.has_value() == !Method::http.body.empty());
      std::size_t questions = 0;
      for (char const c : parts->target) {
        CHECK(std::string_view(
                  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/:?=&")
                  .find(c) != std::string_view::npos);
        if (c == '?') ++questions;
      }
      CHECK(questions <= 1);
    }
  }
}

template <class... Method>
void check_targets(wire::type_list<Method...>) {
  (check_target<Method>(), ...);
}

}  // namespace

TEST_CASE("a field of the path is percent-encoded as one segment") {
  CHECK(request_line<rpc::GetSandbox>({"sb-1"}) == "GET /v1/sandboxes/sb-1");
  CHECK(request_line<rpc::GetSandbox>({"a/b?c#d e%f:g"}) ==
        "GET /v1/sandboxes/a%2Fb%3Fc%23d%20e%25f%3Ag");
  CHECK(request_line<rpc::GetSandbox>({"-._~Az09"}) == "GET /v1/sandboxes/-._~Az09");
  CHECK(request_line<rpc::GetSandbox>({"\xc3\xa9\r\n\x7f"}) == "GET /v1/sandboxes/%C3%A9%0D%0A%7F");
  CHECK(request_line<rpc::GetSandbox>({"..."}) == "GET /v1/sandboxes/...");
  wire::GetAvailableRunnerRequest runner;
  runner.runner_id = "r/1";
  runner.organization_id = "org";
  CHECK(request_line<rpc::GetAvailableRunner>(runner) ==
        "GET /v1/organizations/org/availableRunners/r%2F1");
}

TEST_CASE("a path that would lead elsewhere is refused by the field's name") {
  CHECK(
      why_refused<rpc::GetSandbox>({""}) ==
      "GetSandbox: sandbox_id is a part of the request's path and must not be empty, '.' or '..'");
  for (auto const* id : {".", ".."}) {
    CHECK(why_refused<rpc::DeleteSandbox>({id, 0, {}, {}, false}).substr(0, 26) ==
          "DeleteSandbox: sandbox_id ");
  }
  CHECK(why_refused<rpc::UpdateSecretStore>({}).substr(0, 37) ==
        "UpdateSecretStore: secret_store.name ");
  wire::GetAvailableRunnerRequest runner;
  runner.runner_id = "r";
  CHECK(why_refused<rpc::GetAvailableRunner>(runner).substr(0, 36) ==
        "GetAvailableRunner: organization_id ");
}

TEST_CASE("what is in neither path nor body goes into the query") {
  wire::ListSandboxesRequest list;
  CHECK(request_line<rpc::ListSandboxes>(list) == "GET /v1/sandboxes");
  list.page_size = 50;
  list.page_token = "a+b/c=";
  list.tags = {"x y", "", "k=v&w"};
  list.state = wire::State::running;
  list.show_terminated = true;
  CHECK(request_line<rpc::ListSandboxes>(list) ==
        "GET /v1/sandboxes?pageSize=50&pageToken=a%2Bb%2Fc%3D&tags=x%20y&tags=&tags=k%3Dv%26w"
        "&state=STATE_RUNNING&showTerminated=true");
  wire::ListSandboxesRequest unknown;
  unknown.state = static_cast<wire::State>(77);
  unknown.page_size = -1;
  CHECK(request_line<rpc::ListSandboxes>(unknown) == "GET /v1/sandboxes?pageSize=-1&state=77");

  wire::DeleteSandboxRequest end;
  end.sandbox_id = "s";
  end.snapshot_volumes = {"workspace"};
  end.allow_missing = true;
  CHECK(request_line<rpc::DeleteSandbox>(end) ==
        "DELETE /v1/sandboxes/s?snapshotVolumes=workspace&allowMissing=true");

  wire::ReadFileRequest file;
  file.sandbox_id = "s";
  file.path = "/etc/host name";
  CHECK(request_line<rpc::ReadFile>(file) ==
        "GET /v1/sandboxes/s:readFile?path=%2Fetc%2Fhost%20name");
}

TEST_CASE("the body is all fields that are not in the path, or one field") {
  wire::ExecRequest command;
  command.sandbox_id = "s";
  command.command = {"echo", "\"hi\""};
  CHECK(request_line<rpc::Exec>(command) ==
        R"(POST /v1/sandboxes/s:exec {"command":["echo","\"hi\""]})");
  CHECK(request_line<rpc::PurgeSandboxes>({}) == "POST /v1/sandboxes:purge {}");

  wire::CreateSandboxRequest create;
  create.request_id = "r-1";
  CHECK(request_line<rpc::CreateSandbox>(create) == "POST /v1/sandboxes?requestId=r-1 {}");
  create.sandbox.emplace().spec.emplace().tags = {"t"};
  CHECK(request_line<rpc::CreateSandbox>(create) ==
        R"(POST /v1/sandboxes?requestId=r-1 {"spec":{"tags":["t"]}})");

  wire::UpdateSecretStoreRequest update;
  update.secret_store.emplace().name = "team/store";
  update.update_mask.emplace().paths = {"display_name", "provider_config"};
  CHECK(request_line<rpc::UpdateSecretStore>(update) ==
        "PATCH /v1/settings/secretStores/team%2Fstore?updateMask=displayName%2CproviderConfig"
        R"( {"name":"team/store"})");

  CHECK(request_line<rpc::ValidateVolume>({"v"}) == "POST /v1/volumes/v:validate");
}

TEST_CASE("every request of every method has a target that is safe in a request line") {
  check_targets(wire::rpc::sandbox_methods{});
  check_targets(wire::rpc::discovery_methods{});
  check_targets(wire::rpc::template_methods{});
  check_targets(wire::rpc::settings_methods{});
  check_targets(wire::rpc::volume_methods{});
}

namespace {

// A schema of its own for what no request of the API has in its query.
struct inner_filter {
  std::optional<bool> flag{};
  std::optional<wire::Timestamp> since{};
  std::variant<std::monostate, std::string, std::uint64_t> by{};
};
struct filtered_request {
  std::optional<inner_filter> filter{};
  std::vector<std::int64_t> numbers{};
  std::optional<wire::Duration> at_most{};
};
struct filtered {
  using request = filtered_request;
  using response = wire::Empty;
  static constexpr std::string_view name = "Filtered";
  static constexpr std::string_view path = "/x.Y/Filtered";
  static constexpr wire::streaming stream = wire::streaming::none;
  static constexpr wire::http_binding http{wire::http_verb::get, "/v1/filtered", ""};
};

}  // namespace

namespace cwsandbox::inline v1::wire {

template <>
struct descriptor<inner_filter> {
  static constexpr std::string_view name = "x.InnerFilter";
  template <class M = inner_filter>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "flag", &M::flag), field(2, "since", &M::since),
                 oneof_field<1>(3, "by_name", "byName", &M::by),
                 oneof_field<2>(4, "by_id", "byId", &M::by));
  }
};
template <>
struct descriptor<filtered_request> {
  static constexpr std::string_view name = "x.FilteredRequest";
  template <class M = filtered_request>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "filter", &M::filter), field(2, "numbers", &M::numbers),
                 field(3, "at_most", "atMost", &M::at_most));
  }
};

}  // namespace cwsandbox::inline v1::wire

TEST_CASE("a query enters messages with a dot and keeps present defaults") {
  filtered_request request;
  request.filter.emplace().flag = false;
  request.filter->since = wire::Timestamp{0, 0};
  request.filter->by.emplace<2>(18446744073709551615U);
  request.numbers = {0, -9223372036854775807};
  request.at_most = wire::Duration{1, 500'000'000};
  CHECK(request_line<filtered>(request) ==
        "GET /v1/filtered?filter.flag=false&filter.since=1970-01-01T00%3A00%3A00Z"
        "&filter.byId=18446744073709551615&numbers=0&numbers=-9223372036854775807&atMost=1.500s");
  request = {};
  request.filter.emplace().by.emplace<1>("");
  CHECK(request_line<filtered>(request) == "GET /v1/filtered?filter.byName=");
}

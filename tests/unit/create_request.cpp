// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/create_request.hpp>
#include <cwsandbox/options.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::PlacementMode;
using cw::PlacementSpillover;
using cw::SandboxDefaults;
using cw::SandboxOptions;

namespace {

using texts = std::vector<std::string>;

detail::resolved_options resolved(SandboxOptions const& options,
                                  SandboxDefaults const& defaults = {}) {
  return detail::resolve(detail::merge_options(defaults, options));
}

wire::CreateSandboxRequest request_for(SandboxOptions const& options,
                                       SandboxDefaults const& defaults = {}) {
  auto const all = resolved(options, defaults);
  return detail::make_create_request(all, detail::make_placement(all, "id-1").current());
}

wire::SandboxSpec spec_for(SandboxOptions const& options, SandboxDefaults const& defaults = {}) {
  return *request_for(options, defaults).sandbox->spec;
}

wire::Container container_for(SandboxOptions const& options, SandboxDefaults const& defaults = {}) {
  return spec_for(options, defaults).containers.at(0);
}

wire::CreateSandboxFromTemplateRequest template_request_for(SandboxOptions const& options,
                                                            SandboxDefaults const& defaults = {}) {
  auto const all = resolved(options, defaults);
  return detail::make_template_request(all, detail::make_placement(all, "id-1").current());
}

wire::PartialSandboxSpec overrides_for(SandboxOptions const& options,
                                       SandboxDefaults const& defaults = {}) {
  return *template_request_for(options, defaults).overrides;
}

// What a create sends when nothing is asked for.
wire::SandboxSpec plain_spec() {
  wire::SandboxSpec spec{};
  spec.primary_container = "main";
  auto& container = spec.containers.emplace_back();
  container.name = "main";
  container.image = "python:3.11";
  container.command = "/bin/sh";
  container.args = {"-c", "trap \"exit 0\" TERM INT; sleep infinity & wait"};
  return spec;
}

}  // namespace

TEST_CASE("a create without options asks for a sandbox that stays alive", "[create]") {
  auto const request = request_for({});
  CHECK(request.request_id == "id-1");
  REQUIRE(request.sandbox);
  CHECK(request.sandbox->sandbox_id.empty());
  CHECK_FALSE(request.sandbox->status);
  REQUIRE(request.sandbox->spec);
  // the whole spec: nothing else is ever sent unasked
  CHECK(*request.sandbox->spec == plain_spec());
}

TEST_CASE("image of the main container", "[create]") {
  SandboxDefaults const defaults{.container_image = "base:1"};
  CHECK(container_for({}, defaults).image == "base:1");
  CHECK(container_for({.container_image = "mine:2"}, defaults).image == "mine:2");
  CHECK(container_for({.container_image = ""}, defaults).image == "base:1");
  CHECK(container_for({.container_image = ""}).image == "python:3.11");
}

TEST_CASE("command and arguments", "[create]") {
  texts const keep_alive{"-c", "trap \"exit 0\" TERM INT; sleep infinity & wait"};
  struct row {
    SandboxDefaults defaults;
    SandboxOptions options;
    std::string_view command;
    texts args;
  };
  row const rows[] = {
      {{}, {}, "/bin/sh", keep_alive},
      {{}, {.command = ""}, "/bin/sh", keep_alive},
      {{}, {.command = "sleep", .args = {"9"}}, "sleep", {"9"}},
      // a command brings its own arguments
      {{}, {.command = "top"}, "top", {}},
      {{}, {.command = "top", .args = cw::empty}, "top", {}},
      {{}, {.args = {"-c", "true"}}, "/bin/sh", {"-c", "true"}},
      {{}, {.args = cw::empty}, "/bin/sh", {}},
      {{.command = "base", .args = {"b"}}, {}, "base", {"b"}},
      {{.command = "base", .args = {"b"}}, {.command = "mine"}, "mine", {}},
      {{.command = "base", .args = {"b"}}, {.args = {"m"}}, "base", {"m"}},
      {{.command = "base", .args = {"b"}}, {.args = cw::empty}, "base", {}},
      {{.command = "base"}, {}, "base", {}},
  };
  int number = 0;
  for (auto const& r : rows) {
    INFO("row " << number++);
    auto const container = container_for(r.options, r.defaults);
    CHECK(container.command == r.command);
    CHECK(container.args == r.args);
  }
}

TEST_CASE("environment and annotations lie over those of the defaults", "[create]") {
  SandboxDefaults const defaults{.environment_variables = {{"K", "1"}, {"L", "2"}},
                                 .annotations = {{"a", "1"}, {"b", "2"}}};
  SandboxOptions const options{.environment_variables = {{"K", "9"}, {"M", "3"}},
                               .annotations = {{"b", "8"}, {"c", "3"}}};
  auto const spec = spec_for(options, defaults);
  CHECK(spec.containers.at(0).environment_variables ==
        wire::string_map{{"K", "9"}, {"L", "2"}, {"M", "3"}});
  CHECK(spec.annotations == wire::string_map{{"a", "1"}, {"b", "8"}, {"c", "3"}});
}

TEST_CASE("resources are sent as requirements, with both sides", "[create]") {
  using amounts = cw::ResourceAmounts;
  struct row {
    cw::ResourceOptions given;
    wire::Resources requests;
    wire::Resources limits;
  };
  wire::Gpu const counted{2, std::monostate{}};
  row const rows[] = {
      {cw::ResourceOptions::guaranteed({.cpu = "2", .memory = "4Gi"}),
       {"2", "4Gi", {}},
       {"2", "4Gi", {}}},
      {{.requests = amounts{.cpu = "1"}}, {"1", "", {}}, {"1", "", {}}},
      {{.limits = amounts{.memory = "1Gi"}}, {"", "1Gi", {}}, {"", "1Gi", {}}},
      {{.requests = amounts{.cpu = "500m"}, .limits = amounts{.cpu = "2", .memory = "1.5Gi"}},
       {"500m", "", {}},
       {"2", "1.5Gi", {}}},
      {{.requests = amounts{.cpu = "1"}, .gpu = {.count = 2}},
       {"1", "", counted},
       {"1", "", counted}},
      {{.gpu = {.count = 1, .type = "H100"}},
       {"", "", wire::Gpu{1, std::string{"H100"}}},
       {"", "", wire::Gpu{1, std::string{"H100"}}}},
      {{.gpu = {.count = 1, .memory_gb = 80}},
       {"", "", wire::Gpu{1, std::int64_t{80}}},
       {"", "", wire::Gpu{1, std::int64_t{80}}}},
  };
  int number = 0;
  for (auto const& r : rows) {
    INFO("row " << number++);
    auto const container = container_for({.resources = r.given});
    CHECK_FALSE(container.resources);
    REQUIRE(container.resource_requirements);
    CHECK(container.resource_requirements->requests == r.requests);
    CHECK(container.resource_requirements->limits == r.limits);
  }
  CHECK_FALSE(container_for({.resources = cw::ResourceOptions{}}).resource_requirements);
}

TEST_CASE("mounted files keep their order and any bytes", "[create]") {
  std::string const bytes{"\0\xff\n", 3};
  auto const files = container_for({.mounted_files = {{"/b", bytes}, {"/a", ""}}}).files;
  CHECK(files == std::vector<wire::FileMount>{{"/b", bytes}, {"/a", ""}});
}

TEST_CASE("secrets are grouped by store in the order of first sight", "[create]") {
  SandboxDefaults const defaults{.secrets = {{.store = "s2", .name = "x"}}};
  SandboxOptions const options{
      .secrets = {{.store = "s1", .name = "a", .field = "f", .env_var = "A"},
                  {.store = "s2", .name = "y"},
                  {.store = "s1", .name = "b"},
                  {.store = "s2", .name = "x", .env_var = "x"}}};
  auto const stores = container_for(options, defaults).secret_stores;
  CHECK(stores == std::vector<wire::SecretStoreReference>{
                      {"s2", {{"x", "", "x"}, {"y", "", "y"}}},
                      {"s1", {{"a", "f", "A"}, {"b", "", "b"}}},
                  });
}

TEST_CASE("credentials of a private registry", "[create]") {
  auto const sent =
      container_for({.image_pull_credentials =
                         cw::ImagePullCredentials{
                             .registry = "ghcr.io", .store = "s", .name = "n", .field = "f"}})
          .image_pull_credentials;
  REQUIRE(sent);
  CHECK(*sent == wire::ImagePullCredentials{"ghcr.io", wire::SecretSource{"s", "n", "f"}});
}

TEST_CASE("scratch volumes are always sent as such", "[create]") {
  SandboxOptions const options{
      .volumes = {
          {.name = "a", .mount_path = "/a"},
          {.name = "b", .mount_path = "/b", .size = "1Gi", .restore_from_snapshot_id = "fss"},
          {.name = "c", .mount_path = "/c", .size = "", .restore_from_snapshot_id = ""}}};
  auto const spec = spec_for(options);
  CHECK(spec.volumes == std::vector<wire::SandboxVolume>{
                            {"a", wire::ScratchVolume{}},
                            {"b", wire::ScratchVolume{"1Gi", {}, "fss"}},
                            {"c", wire::ScratchVolume{}},
                        });
  CHECK(spec.containers.at(0).volume_mounts ==
        std::vector<wire::VolumeMount>{
            {"a", "/a", false, ""}, {"b", "/b", false, ""}, {"c", "/c", false, ""}});
  CHECK(detail::scratch_volume_names(resolved(options)) == texts{"a", "b", "c"});
}

TEST_CASE("named volumes are mounted only where a path is given", "[create]") {
  SandboxOptions const options{
      .named_volumes = {{.name = "data", .volume_id = "vol-1", .mount_path = "/data"},
                        {.name = "idle", .volume_id = "vol-2"},
                        {.name = "blank", .volume_id = "vol-3", .mount_path = ""}}};
  auto const spec = spec_for(options);
  CHECK(spec.volumes == std::vector<wire::SandboxVolume>{{"data", std::string{"vol-1"}},
                                                         {"idle", std::string{"vol-2"}},
                                                         {"blank", std::string{"vol-3"}}});
  CHECK(spec.containers.at(0).volume_mounts ==
        std::vector<wire::VolumeMount>{{"data", "/data", false, ""}});
  CHECK(detail::scratch_volume_names(resolved(options)).empty());
}

TEST_CASE("the mount of a snapshot is the last volume", "[create]") {
  SandboxDefaults const defaults{.volumes = {{.name = "a", .mount_path = "/a"}}};
  SECTION("with its own name and content") {
    SandboxOptions const options{
        .file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w",
                                                              .size = "2Gi",
                                                              .file_system_snapshot_id = "fss-1",
                                                              .name = "mine"},
        .named_volumes = {{.name = "n", .volume_id = "vol"}}};
    auto const spec = spec_for(options, defaults);
    CHECK(spec.volumes ==
          std::vector<wire::SandboxVolume>{{"n", std::string{"vol"}},
                                           {"a", wire::ScratchVolume{}},
                                           {"mine", wire::ScratchVolume{"2Gi", {}, "fss-1"}}});
    CHECK(detail::scratch_volume_names(resolved(options, defaults)) == texts{"a", "mine"});
  }
  SECTION("named workspace unless said otherwise") {
    auto const spec =
        spec_for({.file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w"}});
    CHECK(spec.volumes == std::vector<wire::SandboxVolume>{{"workspace", wire::ScratchVolume{}}});
    CHECK(spec.containers.at(0).volume_mounts ==
          std::vector<wire::VolumeMount>{{"workspace", "/w", false, ""}});
  }
}

TEST_CASE("services", "[create]") {
  SandboxOptions const options{
      .services = {{.port = 80},
                   {.port = 81,
                    .name = "web",
                    .protocol = cw::ServiceProtocol::tcp,
                    .visibility = cw::ServiceVisibility::public_,
                    .endpoint = cw::Endpoint{cw::EndpointKind::https, cw::EndpointAuth::open}},
                   {.port = 82,
                    .protocol = cw::ServiceProtocol::udp,
                    .visibility = cw::ServiceVisibility::private_},
                   {.port = 83,
                    .protocol = cw::ServiceProtocol::sctp,
                    .visibility = cw::ServiceVisibility::custom},
                   {.port = 84,
                    .protocol = cw::ServiceProtocol::unspecified,
                    .visibility = cw::ServiceVisibility::unspecified}}};
  using wire::ServiceProtocol;
  using wire::Visibility;
  CHECK(spec_for(options).services ==
        std::vector<wire::Service>{
            {80, "", ServiceProtocol::unspecified, Visibility::unspecified, {}},
            {81, "web", ServiceProtocol::tcp, Visibility::public_,
             wire::EndpointSpec{wire::EndpointKind::https, wire::EndpointAuth::open}},
            {82, "", ServiceProtocol::udp, Visibility::private_, {}},
            {83, "", ServiceProtocol::sctp, Visibility::custom, {}},
            {84, "", ServiceProtocol::unspecified, Visibility::unspecified, {}},
        });
}

TEST_CASE("network flags are sent only when given", "[create]") {
  CHECK_FALSE(spec_for({}).network);
  CHECK(spec_for({.network = cw::NetworkOptions{}}).network == wire::NetworkOptions{});

  auto const denied =
      spec_for({.network = cw::NetworkOptions{.deny_egress = true, .deny_ingress = false}});
  REQUIRE(denied.network);
  CHECK(denied.network->deny_egress == true);
  CHECK(denied.network->deny_ingress == false);
  CHECK(denied.network->ingress.empty());
  CHECK(denied.network->egress.empty());

  auto const open =
      spec_for({.network = cw::NetworkOptions{
                    .egress = {{.dns_name = " PyPI.org "}, {.dns_name = "*.Example.ORG"}}}});
  REQUIRE(open.network);
  CHECK_FALSE(open.network->deny_egress);
  CHECK_FALSE(open.network->deny_ingress);
  REQUIRE(open.network->egress.size() == 2);
  CHECK(std::get<std::string>(open.network->egress[0].destination) == "pypi.org");
  CHECK(std::get<std::string>(open.network->egress[1].destination) == "*.example.org");
}

TEST_CASE("an empty network replaces that of the defaults", "[create]") {
  SandboxDefaults const defaults{.network = cw::NetworkOptions{.deny_egress = true}};
  CHECK(spec_for({.network = cw::NetworkOptions{}}, defaults).network == wire::NetworkOptions{});
}

TEST_CASE("tags of the defaults come first and duplicates stay", "[create]") {
  SandboxDefaults const defaults{.tags = {"a", "b"}};
  CHECK(spec_for({.tags = {"b", "c"}}, defaults).tags == texts{"a", "b", "b", "c"});
}

TEST_CASE("placement", "[create]") {
  using wire::SandboxMode;
  struct row {
    SandboxDefaults defaults;
    SandboxOptions options;
    SandboxMode mode;
    texts runner_ids;
  };
  row const rows[] = {
      {{}, {}, SandboxMode::unspecified, {}},
      {{}, {.placement_mode = PlacementMode::unspecified}, SandboxMode::unspecified, {}},
      {{}, {.placement_mode = PlacementMode::serverless}, SandboxMode::serverless, {}},
      {{}, {.placement_mode = PlacementMode::cks}, SandboxMode::cks, {}},
      {{}, {.runner_ids = {"r"}}, SandboxMode::cks, {"r"}},
      {{},
       {.runner_ids = {"r"}, .placement_mode = PlacementMode::unspecified},
       SandboxMode::cks,
       {"r"}},
      {{.runner_ids = {"d"}}, {}, SandboxMode::cks, {"d"}},
      {{.runner_ids = {"d"}}, {.runner_ids = {"r"}}, SandboxMode::cks, {"r"}},
      // an empty list clears
      {{.runner_ids = {"d"}}, {.runner_ids = cw::empty}, SandboxMode::unspecified, {}},
      {{}, {.placement_spillover = PlacementSpillover::cks_then_serverless}, SandboxMode::cks, {}},
      {{},
       {.placement_spillover = PlacementSpillover::serverless_then_cks},
       SandboxMode::serverless,
       {}},
      {{}, {.placement_spillover = PlacementSpillover::strict}, SandboxMode::unspecified, {}},
  };
  int number = 0;
  for (auto const& r : rows) {
    INFO("row " << number++);
    auto const spec = spec_for(r.options, r.defaults);
    CHECK(spec.mode == r.mode);
    CHECK(spec.runner_ids == r.runner_ids);
  }
}

TEST_CASE("the attempt decides over mode, runners and request id", "[create]") {
  auto const all = resolved(
      {.runner_ids = {"r"}, .placement_spillover = PlacementSpillover::cks_then_serverless});
  auto const request = detail::make_create_request(all, {PlacementMode::serverless, {}, "id-2"});
  CHECK(request.request_id == "id-2");
  CHECK(request.sandbox->spec->mode == wire::SandboxMode::serverless);
  CHECK(request.sandbox->spec->runner_ids.empty());
}

TEST_CASE("the longest life is sent in whole seconds", "[create]") {
  CHECK(spec_for({}).max_lifetime_seconds == 0);
  CHECK(spec_for({.max_lifetime = 1h}).max_lifetime_seconds == 3600);
  CHECK(spec_for({.max_lifetime = 1999ms}).max_lifetime_seconds == 1);
  CHECK(spec_for({.max_lifetime = std::chrono::duration<double>{2.9}}).max_lifetime_seconds == 2);
  CHECK(spec_for({.max_lifetime = std::chrono::hours{24 * 365 * 100}}).max_lifetime_seconds ==
        2147483647);
  CHECK(spec_for({}, {.max_lifetime = 10s}).max_lifetime_seconds == 10);
}

TEST_CASE("access to object storage", "[create]") {
  CHECK_FALSE(spec_for({}).object_storage_access);
  struct row {
    cw::ObjectStoragePermission given;
    wire::ObjectStoragePermission sent;
  };
  constexpr row rows[] = {
      {cw::ObjectStoragePermission::unspecified, wire::ObjectStoragePermission::unspecified},
      {cw::ObjectStoragePermission::read, wire::ObjectStoragePermission::read},
      {cw::ObjectStoragePermission::read_write, wire::ObjectStoragePermission::read_write},
  };
  for (auto const& r : rows)
    CHECK(spec_for({.object_storage_access =
                        cw::ObjectStorageAccess{
                            .buckets = {"x", "y"}, .permission = r.given, .object_prefix = "a/"}})
              .object_storage_access == wire::ObjectStorageAccess{{"x", "y"}, r.sent, "a/"});
}

TEST_CASE("a template takes only tags from the defaults", "[create]") {
  SandboxDefaults const defaults{
      .container_image = "base",
      .command = "base",
      .args = {"base"},
      .max_lifetime = 60s,
      .tags = {"d"},
      .runner_ids = {"r"},
      .placement_mode = PlacementMode::cks,
      .placement_spillover = PlacementSpillover::cks_then_serverless,
      .resources = cw::ResourceOptions::guaranteed({.cpu = "1"}),
      .network = cw::NetworkOptions{.deny_egress = true},
      .services = {{.port = 80}},
      .volumes = {{.name = "v", .mount_path = "/v"}},
      .file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w"},
      .secrets = {{.store = "s", .name = "n"}},
      .environment_variables = {{"K", "V"}},
      .annotations = {{"a", "b"}}};
  auto const request = template_request_for({.template_id = "tpl-1"}, defaults);
  CHECK(request.template_id == "tpl-1");
  CHECK(request.request_id == "id-1");
  wire::PartialSandboxSpec expected{};
  expected.tags = {"d"};
  CHECK(request.overrides == expected);
}

TEST_CASE("a template without anything said has empty overrides", "[create]") {
  CHECK(overrides_for({.template_id = "tpl-1"}) == wire::PartialSandboxSpec{});
}

TEST_CASE("what overrides a template", "[create]") {
  using partial = wire::PartialSandboxSpec;
  auto const container = [](std::function<void(wire::PartialContainer&)> const& change) {
    return [change](partial& spec) {
      auto& c = spec.containers.emplace_back();
      c.name = "main";
      c.image = "img";
      change(c);
    };
  };
  struct row {
    SandboxOptions options;
    std::function<void(partial&)> change;
  };
  row const rows[] = {
      {{.container_image = "img"}, container([](auto&) {})},
      {{.container_image = "img", .command = "run"}, container([](auto& c) { c.command = "run"; })},
      {{.container_image = "img", .command = "run", .args = {"x"}}, container([](auto& c) {
         c.command = "run";
         c.args = {"x"};
       })},
      {{.container_image = "img", .environment_variables = {{"K", "V"}}}, container([](auto& c) {
         c.environment_variables = {{"K", "V"}};
       })},
      {{.container_image = "img", .mounted_files = {{"/f", "x"}}}, container([](auto& c) {
         c.files = {{"/f", "x"}};
       })},
      {{.container_image = "img", .secrets = {{.store = "s", .name = "n"}}}, container([](auto& c) {
         c.secret_stores = {{"s", {{"n", "", "n"}}}};
       })},
      {{.container_image = "img", .resources = cw::ResourceOptions::guaranteed({.cpu = "1"})},
       container([](auto& c) {
         c.resource_requirements =
             wire::ResourceRequirements{wire::Resources{"1", "", {}}, wire::Resources{"1", "", {}}};
       })},
      {{.container_image = "img", .volumes = {{.name = "v", .mount_path = "/v"}}},
       [&](partial& spec) {
         container([](auto& c) { c.volume_mounts = {{"v", "/v", false, ""}}; })(spec);
         spec.volumes = {{"v", wire::ScratchVolume{}}};
       }},
      {{.container_image = "img",
        .file_system_snapshot =
            cw::FileSystemSnapshotOptions{.mount_path = "/w", .file_system_snapshot_id = "fss"}},
       [&](partial& spec) {
         container([](auto& c) { c.volume_mounts = {{"workspace", "/w", false, ""}}; })(spec);
         spec.volumes = {{"workspace", wire::ScratchVolume{"", {}, "fss"}}};
       }},
      {{.services = {{.port = 80}}}, [](partial& spec) { spec.services.emplace_back().port = 80; }},
      {{.max_lifetime = 60s}, [](partial& spec) { spec.max_lifetime_seconds = 60; }},
      {{.network = cw::NetworkOptions{.deny_ingress = false}},
       [](partial& spec) { spec.network.emplace().deny_ingress = false; }},
      {{.tags = {"t"}}, [](partial& spec) { spec.tags = {"t"}; }},
      {{.runner_ids = {"r"}},
       [](partial& spec) {
         spec.runner_ids = {"r"};
         spec.mode = wire::SandboxMode::cks;
       }},
      {{.runner_ids = cw::empty}, [](partial&) {}},
      {{.annotations = {{"a", "b"}}},
       [](partial& spec) {
         spec.annotations = {{"a", "b"}};
       }},
      {{.placement_mode = PlacementMode::serverless},
       [](partial& spec) { spec.mode = wire::SandboxMode::serverless; }},
      {{.placement_mode = PlacementMode::unspecified}, [](partial&) {}},
      {{.object_storage_access = cw::ObjectStorageAccess{.buckets = {"x"}}},
       [](partial& spec) { spec.object_storage_access.emplace().buckets = {"x"}; }},
  };
  int number = 0;
  for (auto const& r : rows) {
    INFO("row " << number++);
    auto options = r.options;
    options.template_id = "tpl-1";
    partial expected{};
    r.change(expected);
    CHECK(overrides_for(options) == expected);
  }
}

TEST_CASE("every attempt of one sandbox repeats the request", "[create]") {
  auto const all = resolved({.tags = {"t"}, .runner_ids = {"r"}});
  auto const placement = detail::make_placement(all, "id-1");
  CHECK(detail::make_create_request(all, placement.current()) ==
        detail::make_create_request(all, placement.current()));
}

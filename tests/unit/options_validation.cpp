// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/validation_error.hpp>
#include <cwsandbox/options.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
using namespace std::chrono_literals;
using seconds_as_float = std::chrono::duration<double>;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

std::string message(cw::validation_result const& result) { return result.message(); }

std::string tag_of(std::size_t n) { return std::string(n, 'a'); }

bool tag_ok(std::string_view tag) { return cw::validate(cw::static_defaults{.tags = {tag}}).ok(); }

bool dns_ok(std::string_view name) { return cw::validate(cw::EgressRule{.dns_name = name}).ok(); }

bool url_ok(std::string_view url) {
  return cw::validate(cw::static_defaults{.base_url = url}).ok();
}

bool mount_ok(std::string_view path) {
  return cw::validate(cw::ScratchVolumeOptions{.name = "v", .mount_path = path}).ok();
}

}  // namespace

// What the compiler can prove.
constexpr cw::static_defaults good{
    .container_image = "debian:12",
    .request_timeout = 10s,
    .tags = {"fleet"},
    .resources = cw::ResourceOptions{.requests = {.cpu = "500m"}, .limits = {.cpu = "1"}},
    .services = {{.port = 80}},
    .environment_variables = {{"K", "V"}}};
static_assert(cw::validate(good).ok());
static_assert(cw::validate(cw::static_defaults{}).ok());
static_assert(cw::validate(cw::Service{}).front().field == "Service.port");
static_assert(cw::validate(cw::static_defaults{.tags = {"a", "b c", ""}}).size() == 2);

TEST_CASE("validation: the message names type, member and value", "[validation]") {
  auto const result = cw::validate(cw::Service{.port = 0});
  REQUIRE(result.size() == 1);
  CHECK(result.front().message() == "Service.port must be 1-65535, got 0");
  CHECK(result.front().field == "Service.port");
  CHECK(result.front().value_text() == "0");
}

TEST_CASE("validation: the error carries field, value and all messages", "[validation]") {
  CHECK_FALSE(cw::detail::validation_error(cw::validate(good)));
  cw::static_defaults const wrong{.tags = {"a b"}, .services = {{.port = 70000}}};
  auto const error = cw::detail::validation_error(cw::validate(wrong));
  REQUIRE(error);
  CHECK_THAT(error->message(), ContainsSubstring("'a b'"));
  CHECK_THAT(error->message(), ContainsSubstring("70000"));
}

TEST_CASE("validation: values are bounded and printable in messages", "[validation]") {
  std::string const huge(10000, 'x');
  CHECK(message(cw::validate(cw::static_defaults{.tags = {huge}})).size() < 500);
  auto const result = cw::validate(cw::static_defaults{.tags = {std::string_view{"a\n\x1b[2J"}}});
  CHECK_THAT(message(result), ContainsSubstring("'a\\x0a\\x1b[2J'"));
  CHECK(result.front().value_text() == "a\n\x1b[2J");
  // A value that looks like a place of the rule is printed as it is.
  CHECK_THAT(message(cw::validate(cw::static_defaults{.tags = {"{field}{other}"}})),
             ContainsSubstring("got '{field}{other}'"));
}

TEST_CASE("validation: more issues than fit are cut, never lost as a whole", "[validation]") {
  std::vector<std::string> const many(100, "a b");
  CHECK(cw::validate(cw::static_defaults{.tags = many}).size() == cw::validation_result::capacity);
}

TEST_CASE("validation: durations of the defaults", "[validation]") {
  auto const check = [](cw::static_defaults const& d) { return cw::validate(d); };
  for (double v : {nan_value, infinite, -infinite, -1.0}) {
    CAPTURE(v);
    CHECK_FALSE(check({.request_timeout = seconds_as_float{v}}).ok());
    CHECK_THAT(message(check({.poll_retry_budget = seconds_as_float{v}})),
               ContainsSubstring("poll_retry_budget_seconds must be a non-negative finite float"));
    CHECK_THAT(message(check({.poll_rpc_timeout = seconds_as_float{v}})),
               ContainsSubstring("poll_rpc_timeout_seconds must be a positive finite float"));
    CHECK_FALSE(check({.max_lifetime = seconds_as_float{v}}).ok());
  }
  CHECK_THAT(message(check({.poll_retry_budget = seconds_as_float{nan_value}})),
             ContainsSubstring("got nan"));
  CHECK_THAT(message(check({.poll_retry_budget = seconds_as_float{-infinite}})),
             ContainsSubstring("got -inf"));
  CHECK_THAT(message(check({.poll_retry_budget = -1500ms})), ContainsSubstring("got -1.5"));
  CHECK_THAT(message(check({.poll_retry_budget = -1s})), ContainsSubstring("0.0"));
  CHECK(check({.poll_retry_budget = 0s}).ok());
  CHECK_THAT(message(check({.poll_rpc_timeout = 0s})), ContainsSubstring("got 0"));
  CHECK_FALSE(check({.request_timeout = 0s}).ok());
  CHECK(check({.request_timeout = 1ms}).ok());
  CHECK_FALSE(check({.max_lifetime = 0s}).ok());
  CHECK(check({.max_lifetime = 3600s}).ok());
  CHECK_THAT(message(check({.max_lifetime = 1500ms})),
             ContainsSubstring("max_lifetime_seconds must be a positive"));
}

TEST_CASE("validation: command, arguments and directories", "[validation]") {
  std::string_view const nul{"a\0b", 3};
  CHECK_FALSE(cw::validate(cw::static_defaults{.command = nul}).ok());
  CHECK_FALSE(cw::validate(cw::static_defaults{.args = {"ok", nul}}).ok());
  CHECK(cw::validate(cw::static_defaults{.command = "", .args = {""}}).ok());
  CHECK(cw::validate(cw::static_defaults{.temp_dir = "/x"}).ok());
  CHECK(cw::validate(cw::static_defaults{.temp_dir = ""}).ok());
  CHECK_THAT(message(cw::validate(cw::static_defaults{.temp_dir = "x"})),
             ContainsSubstring("temp_dir must be an absolute"));
  CHECK_FALSE(cw::validate(cw::static_defaults{.runner_ids = {"r", " "}}).ok());
  CHECK(cw::validate(cw::static_defaults{.runner_ids = cw::empty}).ok());
}

TEST_CASE("validation: base URLs", "[validation]") {
  for (auto url : {"https://api.cwsandbox.com", "https://api.cwsandbox.com/", "http://localhost",
                   "https://h:8443", "HTTPS://Host", "http://[::1]:50051", "http://h:0",
                   "https://h?x=1", "https://h#f", "https://h///", ""})
    CHECK(url_ok(url));
  for (auto url : {"grpc://h", "ftp://h", "h:443", "h", "https://", "https:///x", "https://h/path",
                   "https://h:x", "https://h:65536", "https://h:99999999999999999999",
                   "https://user@h", "https://user:pw@h", "https:h", "https://[::1", "https://[]",
                   "https://[::1]x", "https://a b", "://h", "https//h"}) {
    INFO(url);
    CHECK_FALSE(url_ok(url));
  }
  auto const text = [](std::string_view url) {
    return message(cw::validate(cw::static_defaults{.base_url = url}));
  };
  CHECK_THAT(text("ftp://h"),
             ContainsSubstring("URL must use http or https scheme, got: 'ftp://h'"));
  CHECK_THAT(text("https://h/p"), ContainsSubstring("gRPC does not support URL paths, got: "));
  CHECK_THAT(text("https://"), ContainsSubstring("URL must have a hostname: "));
  CHECK(text("https://user:password@h").find("password@") == std::string::npos);
}

TEST_CASE("base URL parts", "[validation]") {
  using cw::detail::lowered_host;
  using cw::detail::parse_base_url;
  auto const parts = parse_base_url("HTTPS://Api.Example.COM:8443/");
  CHECK(parts.ok());
  CHECK(parts.secure);
  CHECK(lowered_host(parts) == "api.example.com");
  CHECK(parts.port == 8443);
  CHECK(parse_base_url("https://h").port == 443);
  CHECK(parse_base_url("http://h").port == 80);
  CHECK_FALSE(parse_base_url("http://h").secure);
  CHECK(parse_base_url("http://h:0").port == 80);
  CHECK(parse_base_url("http://[::1]:50051").host == "[::1]");
  CHECK(parse_base_url("http://[::1]:50051").port == 50051);
}

TEST_CASE("validation: tags", "[validation]") {
  for (auto tag : {"a", "project-alpha", "v1.2_x", "-a", ".a", "_a", "A9"}) CHECK(tag_ok(tag));
  CHECK(tag_ok(tag_of(59)));
  for (auto tag : {"", "a-", "a.", "a_", "a b", "a/b", "\xc3\xa9"}) CHECK_FALSE(tag_ok(tag));
  CHECK_FALSE(tag_ok(tag_of(60)));
  // duplicates are kept by the merge, so they are no error
  CHECK(cw::validate(cw::static_defaults{.tags = {"a", "a"}}).ok());
  CHECK_FALSE(cw::validate(cw::ListOptions{.tags = {"a b"}}).ok());
}

TEST_CASE("validation: DNS names of egress rules", "[validation]") {
  for (auto name : {"pypi.org", " PyPI.org ", "*.pypi.org", "localhost", "a-b.c1", "1.2.3.4"})
    CHECK(dns_ok(name));
  std::string const label(63, 'a');
  CHECK(dns_ok(label + ".org"));
  CHECK_FALSE(dns_ok(label + "a.org"));
  auto const longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  REQUIRE(longest.size() == 253);
  CHECK(dns_ok(longest));
  CHECK_FALSE(dns_ok(longest + "b"));
  for (auto name : {"", " ", "*", "*.", "**.a.org", "*.*.org", "a.*.org", "a*.org", "-a.org",
                    "a-.org", "a..org", ".a.org", "a.org.", "a_b.org", "https://a.org", "a.org:443",
                    "a.org/x", "\xc3\xa9.org"}) {
    INFO(name);
    CHECK_FALSE(dns_ok(name));
  }
  CHECK(cw::normalized_dns_name(" *.PyPI.org\t") == "*.pypi.org");
}

TEST_CASE("validation: network", "[validation]") {
  cw::NetworkOptions const both{.deny_egress = true, .egress = {{.dns_name = "a.org"}}};
  CHECK(message(cw::validate(both)) ==
        "NetworkOptions.deny_egress cannot be combined with egress rules");
  CHECK(cw::validate(cw::NetworkOptions{.deny_egress = true, .egress = cw::empty}).ok());
  CHECK(cw::validate(cw::NetworkOptions{.deny_egress = false, .egress = {{.dns_name = "a.org"}}})
            .ok());
  CHECK(cw::validate(cw::NetworkOptions{}).ok());
}

TEST_CASE("validation: resources", "[validation]") {
  auto const check = [](cw::ResourceOptions const& r) { return cw::validate(r); };
  CHECK(check({}).ok());
  CHECK(check({.requests = {.cpu = "1"}, .limits = {.cpu = "1000m"}}).ok());
  CHECK(check({.requests = {.cpu = "2"}, .limits = {.memory = "1Gi"}}).ok());
  CHECK(message(check({.requests = {.cpu = "2"}, .limits = {.cpu = "1"}})) ==
        "resource request for cpu (2) exceeds limit (1)");
  CHECK(message(check({.requests = {.memory = "1Gi"}, .limits = {.memory = "1G"}})) ==
        "resource request for memory (1Gi) exceeds limit (1G)");
  CHECK_FALSE(check({.requests = {.cpu = "abc"}}).ok());
  CHECK_FALSE(check({.requests = {.cpu = "abc"}, .limits = {.memory = "1Gi"}}).ok());
  CHECK_THAT(message(check({.limits = {.memory = "1KI"}})),
             ContainsSubstring("ResourceOptions.limits.memory"));
  CHECK(message(check({.gpu = {.count = 0}})) == "gpu 'count' must be a positive int, got 0");
  CHECK(message(check({.gpu = {.memory_gb = -3}})) ==
        "gpu 'memory_gb' must be a positive int, got -3");
  CHECK_FALSE(check({.gpu = {.type = "H100", .memory_gb = 80}}).ok());
  CHECK_FALSE(check({.gpu = {.type = " "}}).ok());
  CHECK(check({.gpu = {.count = 1, .type = "H100"}}).ok());
}

TEST_CASE("validation: services", "[validation]") {
  using visibility = cw::ServiceVisibility;
  using protocol = cw::ServiceProtocol;
  cw::Endpoint const endpoint{cw::EndpointKind::https, cw::EndpointAuth::open};
  auto const check = [](cw::Service const& s) { return cw::validate(s); };
  CHECK(check({.port = 1}).ok());
  CHECK(check({.port = 65535}).ok());
  CHECK_FALSE(check({.port = 65536}).ok());
  CHECK_FALSE(check({.port = -1}).ok());
  CHECK_FALSE(check({.port = 80, .name = " "}).ok());
  CHECK(
      check(
          {.port = 80, .name = "web", .protocol = protocol::udp, .visibility = visibility::custom})
          .ok());
  CHECK(check({.port = 80, .visibility = visibility::public_, .endpoint = endpoint}).ok());
  CHECK(check({.port = 80,
               .protocol = protocol::tcp,
               .visibility = visibility::public_,
               .endpoint = endpoint})
            .ok());
  CHECK(check({.port = 80,
               .protocol = protocol::unspecified,
               .visibility = visibility::public_,
               .endpoint = endpoint})
            .ok());
  CHECK_THAT(message(check({.port = 80, .endpoint = endpoint})),
             ContainsSubstring("Service.visibility must be PUBLIC when endpoint is set"));
  CHECK_FALSE(check({.port = 80, .visibility = visibility::private_, .endpoint = endpoint}).ok());
  for (auto p : {protocol::udp, protocol::sctp})
    CHECK_THAT(
        message(check(
            {.port = 80, .protocol = p, .visibility = visibility::public_, .endpoint = endpoint})),
        ContainsSubstring("Service.protocol must be unset or TCP when endpoint is set"));
  CHECK(check({.port = 80, .visibility = visibility::public_, .endpoint = cw::Endpoint{}}).size() ==
        2);
  CHECK_FALSE(cw::validate(cw::static_defaults{.services = {{.port = 80}, {.port = 80}}}).ok());
  CHECK(cw::validate(cw::static_defaults{.services = {{.port = 80}, {.port = 81}}}).ok());
}

TEST_CASE("validation: volumes and the snapshot mount", "[validation]") {
  auto const check = [](cw::static_defaults const& d) { return cw::validate(d); };
  for (auto path : {"/a", "/a/b", "/etcetera", "/var/run", "/shared", "/var/run/secretsx"})
    CHECK(mount_ok(path));
  for (auto path : {"", "a", "/", "/a/", "/a/../b", "/a/./b", "//a", "/a//b", "/proc", "/sys/x",
                    "/dev", "/etc", "/etc/x", "/var/run/secrets", "/shared/credentials/x"}) {
    INFO(path);
    CHECK_FALSE(mount_ok(path));
  }
  CHECK(mount_ok("/" + std::string(255, 'a')));
  CHECK_FALSE(mount_ok("/" + std::string(256, 'a')));
  auto const text = [](std::string_view path) {
    return message(cw::validate(cw::ScratchVolumeOptions{.name = "v", .mount_path = path}));
  };
  CHECK_THAT(text(""), ContainsSubstring("cannot be empty"));
  CHECK_THAT(text("a"), ContainsSubstring("absolute"));
  CHECK_THAT(text("/"), ContainsSubstring("cannot be '/'"));

  for (std::string_view name : {"", "a b", "a.b", "\xc3\xa9"})
    CHECK_FALSE(cw::validate(cw::ScratchVolumeOptions{.name = name, .mount_path = "/v"}).ok());
  CHECK(cw::validate(
            cw::ScratchVolumeOptions{.name = "A-z_9", .mount_path = "/v", .size = "whatever"})
            .ok());
  CHECK(cw::validate(cw::ScratchVolumeOptions{.name = std::string(63, 'a'), .mount_path = "/v"})
            .ok());
  CHECK_FALSE(
      cw::validate(cw::ScratchVolumeOptions{.name = std::string(64, 'a'), .mount_path = "/v"})
          .ok());

  CHECK(cw::validate(cw::FileSystemSnapshotOptions{.mount_path = "/w"}).ok());
  CHECK_FALSE(cw::validate(cw::FileSystemSnapshotOptions{.mount_path = "/w", .name = ""}).ok());
  CHECK_FALSE(cw::validate(cw::FileSystemSnapshotOptions{.mount_path = "w"}).ok());

  CHECK(check({.volumes = {{.name = "a", .mount_path = "/a"}, {.name = "b", .mount_path = "/b"}}})
            .ok());
  CHECK(check({.volumes = cw::empty}).ok());
  CHECK_FALSE(
      check({.volumes = {{.name = "a", .mount_path = "/a"}, {.name = "a", .mount_path = "/b"}}})
          .ok());
  CHECK_FALSE(
      check({.volumes = {{.name = "a", .mount_path = "/a"}, {.name = "b", .mount_path = "/a"}}})
          .ok());
  CHECK_FALSE(check({.volumes = {{.name = "a", .mount_path = "/a"}},
                     .file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w"}})
                  .ok());
}

TEST_CASE("validation: named volumes", "[validation]") {
  auto const check = [](cw::SandboxOptions const& o) { return cw::validate(o); };
  CHECK(check({.named_volumes = {{.name = "n", .volume_id = "id"}}}).ok());
  CHECK(check({.named_volumes = {{.name = "n", .volume_id = "id", .mount_path = "/n"}}}).ok());
  CHECK_FALSE(check({.named_volumes = {{.name = "n"}}}).ok());
  CHECK_FALSE(check({.named_volumes = {{.name = "n", .volume_id = "id", .mount_path = "n"}}}).ok());
  CHECK_FALSE(check({.volumes = {{.name = "n", .mount_path = "/a"}},
                     .named_volumes = {{.name = "n", .volume_id = "i"}}})
                  .ok());
  CHECK_FALSE(check({.volumes = {{.name = "a", .mount_path = "/a"}},
                     .named_volumes = {{.name = "n", .volume_id = "i", .mount_path = "/a"}}})
                  .ok());
  CHECK_FALSE(check({.file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w"},
                     .named_volumes = {{.name = "workspace", .volume_id = "i"}}})
                  .ok());
}

TEST_CASE("validation: secrets", "[validation]") {
  auto const check = [](cw::static_defaults const& d) { return cw::validate(d); };
  CHECK(message(cw::validate(cw::Secret{.name = "n"})) == "Secret.store cannot be empty");
  CHECK(message(cw::validate(cw::Secret{.store = "s"})) == "Secret.name cannot be empty");
  CHECK(message(cw::validate(cw::Secret{.store = "s", .name = "n", .env_var = ""})) ==
        "Secret.env_var cannot be empty");
  CHECK_FALSE(cw::validate(cw::Secret{.store = "s", .name = "n", .field = "  "}).ok());
  CHECK(
      check({.secrets = {{.store = "s", .name = "n"}, {.store = "s", .name = "n", .env_var = "n"}}})
          .ok());
  CHECK_THAT(
      message(check({.secrets = {{.store = "s", .name = "n"}, {.store = "t", .name = "n"}}})),
      ContainsSubstring("'n' is used by two different secrets"));
  CHECK_FALSE(
      check({.secrets = {{.store = "s", .name = "n"}}, .environment_variables = {{"n", "v"}}})
          .ok());
  CHECK(check({.secrets = {{.store = "s", .name = "n", .env_var = "m"}},
               .environment_variables = {{"n", "v"}}})
            .ok());

  std::vector<std::string> names;
  for (int i = 0; i < 51; ++i) names.push_back("N" + std::to_string(i));
  std::vector<cw::Secret> secrets;
  for (auto const& name : names) secrets.push_back({.store = "s", .name = name});
  CHECK_FALSE(check({.secrets = secrets}).ok());
  secrets.pop_back();
  CHECK(check({.secrets = secrets}).ok());
  secrets.push_back(secrets.front());  // a repeated entry is no entry of its own
  CHECK(check({.secrets = secrets}).ok());

  CHECK(cw::validate(cw::ImagePullCredentials{.registry = "r", .store = "s", .name = "n"}).ok());
  CHECK(cw::validate(cw::ImagePullCredentials{}).size() == 3);
}

TEST_CASE("validation: environment and annotations", "[validation]") {
  auto const check = [](cw::static_defaults const& d) { return cw::validate(d); };
  std::string_view const nul{"a\0b", 3};
  CHECK(check({.environment_variables = {{"K", ""}}}).ok());
  CHECK_FALSE(check({.environment_variables = {{"", "v"}}}).ok());
  CHECK_FALSE(check({.environment_variables = {{"a=b", "v"}}}).ok());
  CHECK_FALSE(check({.environment_variables = {{nul, "v"}}}).ok());
  // the value is never shown
  std::string const confidential("top\0secret", 10);
  auto const result = check({.environment_variables = {{"KEY", confidential}}});
  REQUIRE_FALSE(result.ok());
  CHECK_THAT(message(result), ContainsSubstring("'KEY'"));
  CHECK(message(result).find("secret") == std::string::npos);

  CHECK(check({.annotations = {{"k", "v"}}}).ok());
  CHECK_FALSE(check({.annotations = {{"", "v"}}}).ok());
  CHECK_FALSE(check({.annotations = {{"k", ""}}}).ok());
  std::map<std::string, std::string> many;
  for (int i = 0; i < 100; ++i) many[std::to_string(i)] = "v";
  CHECK(check({.annotations = many}).ok());
  many["one more"] = "v";
  CHECK_FALSE(check({.annotations = many}).ok());
}

TEST_CASE("validation: mounted files", "[validation]") {
  auto const check = [](cw::SandboxOptions const& o) { return cw::validate(o); };
  CHECK(check({.mounted_files = {{"/a/b", std::string_view("x\0y", 3)}, {"/a/c", ""}}}).ok());
  for (auto path : {"", "a", "/", "/a/", "/a/../b", "//a"})
    CHECK_FALSE(check({.mounted_files = {{path, "x"}}}).ok());
  CHECK_FALSE(check({.mounted_files = {{"/a", "x"}, {"/a", "x"}}}).ok());
  for (auto file : {"/work", "/work/file"})
    CHECK_FALSE(
        check({.volumes = {{.name = "w", .mount_path = "/work"}}, .mounted_files = {{file, "x"}}})
            .ok());
  CHECK_FALSE(check({.volumes = {{.name = "w", .mount_path = "/work/deep"}},
                     .mounted_files = {{"/work", "x"}}})
                  .ok());
  CHECK(check({.volumes = {{.name = "w", .mount_path = "/work"}},
               .mounted_files = {{"/workfile", "x"}}})
            .ok());
  CHECK_FALSE(check({.file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w"},
                     .mounted_files = {{"/w/x", "x"}}})
                  .ok());
  // bytes of any kind survive storage
  auto const stored =
      cw::detail::merge_options({}, {.mounted_files = {{"/a", std::string_view("x\0y", 3)}}});
  CHECK(stored.mounted_files[0].second == std::string("x\0y", 3));
}

TEST_CASE("validation: placement", "[validation]") {
  using mode = cw::PlacementMode;
  using spill = cw::PlacementSpillover;
  auto const ok = [](std::optional<mode> m, spill s, bool pinned) {
    return cw::validate(cw::static_defaults{.runner_ids = pinned ? std::vector<std::string>{"r"}
                                                                 : std::vector<std::string>{},
                                            .placement_mode = m,
                                            .placement_spillover = s})
        .ok();
  };
  for (bool pinned : {false, true}) {
    CHECK(ok({}, spill::strict, pinned));
    CHECK(ok(mode::unspecified, spill::strict, pinned));
    CHECK(ok(mode::cks, spill::strict, pinned));
    CHECK(ok(mode::serverless, spill::strict, pinned) == !pinned);
    CHECK(ok({}, spill::cks_then_serverless, pinned));
    CHECK(ok(mode::cks, spill::cks_then_serverless, pinned));
    CHECK_FALSE(ok(mode::serverless, spill::cks_then_serverless, pinned));
    CHECK(ok({}, spill::serverless_then_cks, pinned) == !pinned);
    CHECK(ok(mode::serverless, spill::serverless_then_cks, pinned) == !pinned);
    CHECK_FALSE(ok(mode::cks, spill::serverless_then_cks, pinned));
  }
}

TEST_CASE("validation: creating from a template", "[validation]") {
  auto const check = [](cw::SandboxOptions const& o) { return cw::validate(o); };
  CHECK(check({.template_id = "t"}).ok());
  CHECK_FALSE(check({.template_id = ""}).ok());
  CHECK(check({.tags = {"a"},
               .runner_ids = {"r"},
               .services = {{.port = 1}},
               .annotations = {{"k", "v"}},
               .template_id = "t"})
            .ok());
  // whatever touches the container needs its image
  CHECK_FALSE(check({.command = "c", .template_id = "t"}).ok());
  CHECK_FALSE(check({.args = {"a"}, .template_id = "t"}).ok());
  CHECK_FALSE(
      check({.resources = cw::ResourceOptions{.requests = {.cpu = "1"}}, .template_id = "t"}).ok());
  CHECK_FALSE(check({.volumes = {{.name = "v", .mount_path = "/v"}}, .template_id = "t"}).ok());
  CHECK_FALSE(check({.file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/v"},
                     .template_id = "t"})
                  .ok());
  CHECK_FALSE(check({.secrets = {{.store = "s", .name = "n"}}, .template_id = "t"}).ok());
  CHECK_FALSE(check({.environment_variables = {{"K", "V"}}, .template_id = "t"}).ok());
  CHECK_FALSE(check({.mounted_files = {{"/f", "x"}}, .template_id = "t"}).ok());
  CHECK(check({.container_image = "i",
               .command = "c",
               .args = {"a"},
               .environment_variables = {{"K", "V"}},
               .template_id = "t"})
            .ok());
  CHECK_FALSE(check({.container_image = "i", .args = {"a"}, .template_id = "t"}).ok());
  CHECK_FALSE(
      check({.template_id = "t", .image_pull_credentials = cw::ImagePullCredentials{"r", "s", "n"}})
          .ok());
  CHECK_FALSE(check({.placement_spillover = cw::PlacementSpillover::cks_then_serverless,
                     .template_id = "t"})
                  .ok());
  CHECK(check({.placement_spillover = cw::PlacementSpillover::strict, .template_id = "t"}).ok());
}

TEST_CASE("validation: stored objects are checked like literal ones", "[validation]") {
  cw::SandboxDefaults const defaults{.secrets = {{.store = "s", .name = "n"}}};
  CHECK(cw::validate(defaults).ok());
  CHECK_FALSE(cw::validate(cw::SandboxDefaults{.tags = {"a b"}}).ok());
  // two halves that are right alone
  auto const merged = cw::detail::merge_options(defaults, {.environment_variables = {{"n", "v"}}});
  CHECK_THAT(message(cw::validate(merged)),
             ContainsSubstring("'n' is also in environment_variables"));
}

TEST_CASE("validation: arguments of calls", "[validation]") {
  std::string_view const nul{"/a\0b", 4};
  CHECK(cw::validate(cw::command{"ls", ""}).ok());
  CHECK_FALSE(cw::validate(cw::command{}).ok());
  CHECK_FALSE(cw::validate(cw::command{"ls", nul}).ok());

  CHECK(cw::validate(cw::ExecOptions{}).ok());
  CHECK(cw::validate(cw::ExecOptions{.cwd = "/tmp", .timeout = 1ms, .env = {{"K", "V"}}}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.cwd = ""}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.cwd = "tmp"}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.cwd = nul}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.timeout = 0s}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.timeout = -1s}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.timeout = seconds_as_float{infinite}}).ok());
  CHECK_FALSE(cw::validate(cw::ExecOptions{.env = {{"a=b", "V"}}}).ok());

  CHECK(cw::validate(cw::StopOptions{}).ok());
  CHECK(cw::validate(cw::StopOptions{.graceful_shutdown = 0s}).ok());
  CHECK_FALSE(cw::validate(cw::StopOptions{.graceful_shutdown = -1s}).ok());
  CHECK(*cw::StopOptions{}.graceful_shutdown == 10s);

  CHECK(cw::validate(cw::ListOptions{.tags = {"a"}, .page_size = 10}).ok());
  CHECK_FALSE(cw::validate(cw::ListOptions{.page_size = 0}).ok());
  CHECK_FALSE(cw::validate(cw::ListOptions{.runner_ids = {""}}).ok());

  CHECK(cw::validate(cw::WaitOptions{.timeout = 0s}).ok());
  CHECK_FALSE(cw::validate(cw::WaitOptions{.timeout = -1s}).ok());
  CHECK_FALSE(cw::validate(cw::CompletionOptions{.timeout = -1s}).ok());
  CHECK_FALSE(cw::validate(cw::FileOptions{.timeout = -1s}).ok());

  CHECK(cw::validate_file_path("/a b").ok());
  CHECK_FALSE(cw::validate_file_path("").ok());
  CHECK_FALSE(cw::validate_file_path("a").ok());
  CHECK_FALSE(cw::validate_file_path(nul).ok());
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/resolve.hpp>
#include <cwsandbox/options.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
using namespace std::chrono_literals;
using cw::detail::merge_options;
using cw::detail::resolve;

namespace {

// The laws of merge, proven by the compiler on objects that use every policy.

constexpr cw::static_defaults nothing{};
constexpr cw::static_defaults a{
    .container_image = "x",
    .command = "run",
    .args = {"1"},
    .request_timeout = 1s,
    .tags = {"a"},
    .runner_ids = {"r1"},
    .placement_mode = cw::PlacementMode::cks,
    .network = cw::NetworkOptions{.deny_egress = true},
    .services = {{.port = 80}},
    .secrets = {{.store = "s", .name = "A"}},
    .environment_variables = {{"K", "1"}, {"L", "2"}},
    .annotations = {{"team", "red"}},
};
constexpr cw::static_defaults b{
    .container_image = "",
    .command = "other",
    .base_url = "https://b.example",
    .tags = {"b", "a"},
    .runner_ids = cw::empty,
    .services = cw::empty,
    .secrets = {{.store = "s", .name = "B"}, {.store = "s", .name = "A", .env_var = "A"}},
    .environment_variables = {{"K", "9"}, {"M", "3"}},
};
constexpr cw::static_defaults c{
    .container_image = "z",
    .args = {"2", "3"},
    .request_timeout = 3s,
    .tags = cw::empty,
    .network = cw::NetworkOptions{},
    .secrets = {{.store = "s", .name = "B"}, {.store = "t", .name = "C"}},
    .environment_variables = {{"M", "4"}, {"K", "5"}, {"N", "6"}},
    .annotations = {{"team", "blue"}, {"cost", "7"}},
};
constexpr cw::static_defaults const* samples[] = {&nothing, &a, &b, &c};

constexpr bool same_order(cw::static_defaults const& x, cw::static_defaults const& y) {
  for (std::size_t i = 0; i < x.environment_variables.size(); ++i)
    if (!(x.environment_variables[i] == y.environment_variables[i])) return false;
  return x == y;
}

constexpr bool identity_holds() {
  for (auto const* x : samples)
    if (!same_order(cw::merge(*x, nothing), *x) || !same_order(cw::merge(nothing, *x), *x))
      return false;
  return true;
}

constexpr bool associativity_holds() {
  for (auto const* x : samples)
    for (auto const* y : samples)
      for (auto const* z : samples)
        if (!same_order(cw::merge(cw::merge(*x, *y), *z), cw::merge(*x, cw::merge(*y, *z))))
          return false;
  return true;
}

}  // namespace

static_assert(identity_holds());
static_assert(associativity_holds());

// tags: the defaults', then the overlay's, in order; duplicates stay
constexpr auto a_b = cw::merge(a, b);
static_assert(a_b.tags.size() == 3 && a_b.tags[0] == "a" && a_b.tags[1] == "b" &&
              a_b.tags[2] == "a");
// maps: the overlay's value, the defaults' place
static_assert(a_b.environment_variables.size() == 3);
static_assert(a_b.environment_variables[0] == cw::text_pair{"K", "9"});
static_assert(a_b.environment_variables[1] == cw::text_pair{"L", "2"});
static_assert(a_b.environment_variables[2] == cw::text_pair{"M", "3"});
// override: a given value wins, an empty text inherits, an empty list clears
static_assert(a_b.container_image == "x" && cw::merge(a, c).container_image == "z");
static_assert(a_b.request_timeout == cw::optional_duration{1s} &&
              cw::merge(a, c).request_timeout == cw::optional_duration{3s});
static_assert(a_b.runner_ids.has_value() && a_b.runner_ids.empty());
static_assert(a_b.services.has_value() && a_b.services.empty());
static_assert(a_b.base_url == "https://b.example" && a_b.placement_mode == cw::PlacementMode::cks);
// an empty object replaces
static_assert(cw::merge(a, c).network == cw::NetworkOptions{});
// equal secrets collapse to the first
static_assert(a_b.secrets.size() == 2 && a_b.secrets[0].name == "A" && a_b.secrets[1].name == "B");
// a command brings its own arguments
static_assert(*a_b.command == "other" && !a_b.args.has_value());
static_assert(*cw::merge(a, c).command == "run" && cw::merge(a, c).args.size() == 2);
// the inputs are not touched
static_assert(a.tags.size() == 1 && a.environment_variables[0].second == "1");
// the overlay may be written in braces
static_assert(cw::merge(a, {.tags = {"t"}}).tags.back() == "t");

TEST_CASE("merge: the rows of the contract's table, on stored defaults", "[merge]") {
  cw::SandboxDefaults const defaults{.container_image = "x",
                                     .tags = {"a"},
                                     .runner_ids = {"r1"},
                                     .environment_variables = {{"K", "1"}, {"L", "2"}}};
  CHECK(cw::merge(defaults, {}) == defaults);
  CHECK(cw::merge(defaults, {.tags = {"b", "a"}}).tags == std::vector<std::string>{"a", "b", "a"});
  auto const merged = cw::merge(defaults, {.environment_variables = {{"K", "9"}, {"M", "3"}}});
  CHECK(merged.environment_variables.to_vector() ==
        std::vector<std::pair<std::string, std::string>>{{"K", "9"}, {"L", "2"}, {"M", "3"}});
  CHECK(cw::merge(defaults, {.runner_ids = cw::empty}).runner_ids.empty());
  CHECK(cw::merge(defaults, {.runner_ids = {}}).runner_ids == std::vector<std::string>{"r1"});
  auto const image = cw::merge(defaults, {.container_image = "y", .tags = cw::empty});
  CHECK(image.container_image == "y");
  CHECK(image.tags == std::vector<std::string>{"a"});
}

TEST_CASE("merge: both flavours agree, in every combination", "[merge]") {
  for (auto const* x : samples) {
    for (auto const* y : samples) {
      cw::SandboxDefaults const stored_x = *x;
      cw::SandboxDefaults const stored_y = *y;
      cw::SandboxDefaults const expected = cw::merge(*x, *y);
      CHECK(cw::merge(stored_x, stored_y) == expected);
      CHECK(cw::merge(stored_x, *y) == expected);
      CHECK(cw::merge(*x, stored_y) == expected);
    }
  }
}

TEST_CASE("merge: stored defaults have no capacity", "[merge]") {
  std::vector<std::string> const many(100, "t");
  cw::SandboxDefaults const defaults{.tags = many};
  CHECK(cw::merge(defaults, {.tags = many}).tags.size() == 200);
}

#if defined(CWSANDBOX_HAS_EXCEPTIONS)
TEST_CASE("merge: literal defaults that outgrow their capacity at run time say so", "[merge]") {
  std::vector<std::string> const many(20, "t");
  cw::static_defaults const defaults{.tags = many};
  CHECK_THROWS_AS(cw::merge(defaults, {.tags = many}), std::length_error);
}
#endif

TEST_CASE("merge: the result shares nothing with its inputs", "[merge]") {
  cw::SandboxDefaults merged;
  {
    std::string const tag(50, 't');
    cw::SandboxDefaults const defaults{.tags = {tag}, .environment_variables = {{tag, tag}}};
    merged = cw::merge(defaults, {.tags = {tag + "2"}, .secrets = {{.store = tag, .name = tag}}});
  }
  CHECK(merged.tags == std::vector<std::string>{std::string(50, 't'), std::string(50, 't') + "2"});
  CHECK(merged.secrets[0].store == std::string(50, 't'));
}

TEST_CASE("merge: a designated-initializer copy replaces, it does not merge", "[merge]") {
  cw::SandboxDefaults replaced{.tags = {"a"}};
  replaced.tags = {"b"};
  CHECK(replaced.tags == std::vector<std::string>{"b"});
}

TEST_CASE("resolve: built-in values where nobody says anything", "[merge]") {
  auto const r = resolve(merge_options({}, {}));
  CHECK(r.container_image == "python:3.11");
  CHECK(r.command == "/bin/sh");
  CHECK(r.args ==
        std::vector<std::string>{"-c", "trap \"exit 0\" TERM INT; sleep infinity & wait"});
  CHECK(r.request_timeout == 300s);
  CHECK(r.poll_retry_budget == 30s);
  CHECK(r.poll_rpc_timeout == 15s);
  CHECK(r.temp_dir == "/tmp");
  CHECK(r.base_url.empty());
  CHECK_FALSE(r.max_lifetime);
  CHECK_FALSE(r.resources);
  CHECK_FALSE(r.network);
  CHECK(r.placement_mode == cw::PlacementMode::unspecified);
  CHECK(r.placement_spillover == cw::PlacementSpillover::strict);
}

TEST_CASE("resolve: command and arguments belong together", "[merge]") {
  using words = std::vector<std::string>;
  cw::SandboxDefaults const with_args{.args = {"-x"}};
  cw::SandboxDefaults const with_both{.command = "serve", .args = {"-p", "80"}};
  CHECK(resolve(merge_options({}, {.command = "sleep"})).args == words{});
  CHECK(resolve(merge_options({}, {.command = "sleep", .args = {"1"}})).args == words{"1"});
  CHECK(resolve(merge_options({}, {.args = cw::empty})).args == words{});
  CHECK(resolve(merge_options({}, {.args = {"-c", "true"}})).command == "/bin/sh");
  CHECK(resolve(merge_options(with_both, {})).args == words{"-p", "80"});
  CHECK(resolve(merge_options(with_both, {.command = "sleep"})).args == words{});
  CHECK(resolve(merge_options(with_both, {.args = {"-q"}})).command == "serve");
  CHECK(resolve(merge_options(with_both, {.command = "", .args = {"-q"}})).command == "serve");
  CHECK(resolve(merge_options(with_args, {.command = ""})).args == words{"-x"});
  CHECK(resolve(merge_options({.container_image = "d"}, {.container_image = ""})).container_image ==
        "d");
  CHECK(resolve(merge_options({}, {.container_image = ""})).container_image == "python:3.11");
}

TEST_CASE("resolve: placement mode follows runners and spillover", "[merge]") {
  using mode = cw::PlacementMode;
  CHECK(resolve(merge_options({}, {.runner_ids = {"r"}})).placement_mode == mode::cks);
  CHECK(resolve(merge_options({}, {.runner_ids = {"r"}, .placement_mode = mode::unspecified}))
            .placement_mode == mode::cks);
  CHECK(resolve(
            merge_options({}, {.placement_spillover = cw::PlacementSpillover::cks_then_serverless}))
            .placement_mode == mode::cks);
  CHECK(resolve(
            merge_options({}, {.placement_spillover = cw::PlacementSpillover::serverless_then_cks}))
            .placement_mode == mode::serverless);
  CHECK(resolve(merge_options({}, {.placement_mode = mode::serverless})).placement_mode ==
        mode::serverless);
  CHECK(resolve(merge_options({.runner_ids = {"r"}}, {.runner_ids = cw::empty})).placement_mode ==
        mode::unspecified);
}

TEST_CASE("resolve: texts are normalised, defaults filled in, equal secrets collapsed", "[merge]") {
  auto const r = resolve(merge_options(
      {.base_url = "https://h//", .secrets = {{.store = "s", .name = "A"}}},
      {.max_lifetime = 90s,
       .resources = cw::ResourceOptions{.limits = {.cpu = "2"}},
       .network = cw::NetworkOptions{.deny_ingress = false, .egress = {{.dns_name = " PyPI.org "}}},
       .volumes = {{.name = "v", .mount_path = "/v", .size = "", .restore_from_snapshot_id = ""}},
       .secrets = {{.store = "s", .name = "A", .env_var = "A"},
                   {.store = "s", .name = "B"},
                   {.store = "s", .name = "B"}},
       .named_volumes = {{.name = "n", .volume_id = "id", .mount_path = ""}}}));
  CHECK(r.base_url == "https://h");
  CHECK(r.max_lifetime == 90s);
  CHECK(r.resources->requests.cpu == "2");
  CHECK(r.network->egress[0].dns_name == "pypi.org");
  CHECK(r.network->deny_ingress == false);
  CHECK_FALSE(r.network->deny_egress.has_value());
  CHECK_FALSE(r.volumes[0].size);
  CHECK_FALSE(r.volumes[0].restore_from_snapshot_id);
  CHECK_FALSE(r.named_volumes[0].mount_path);
  REQUIRE(r.secrets.size() == 2);
  CHECK(r.secrets[0].env_var == "A");
  CHECK(r.secrets[1].env_var == "B");
}

TEST_CASE("resolve: the snapshot mount is one more scratch volume, named workspace", "[merge]") {
  auto const r =
      resolve(merge_options({}, {.file_system_snapshot = cw::FileSystemSnapshotOptions{
                                     .mount_path = "/w", .file_system_snapshot_id = "snap-1"}}));
  REQUIRE(r.volumes.size() == 1);
  CHECK(r.volumes[0].name == "workspace");
  CHECK(r.volumes[0].mount_path == "/w");
  CHECK(r.volumes[0].restore_from_snapshot_id == "snap-1");
}

TEST_CASE(
    "templates: of the defaults only tags, base URL and timeouts apply, and nothing is filled in",
    "[merge]") {
  cw::SandboxDefaults const defaults{
      .container_image = "i",
      .command = "c",
      .args = {"a"},
      .base_url = "https://d",
      .request_timeout = 9s,
      .max_lifetime = 60s,
      .tags = {"t"},
      .runner_ids = {"r"},
      .placement_spillover = cw::PlacementSpillover::cks_then_serverless,
      .services = {{.port = 1}},
      .environment_variables = {{"K", "V"}}};
  auto const merged = merge_options(defaults, {.tags = {"u"}, .template_id = "tpl"});
  auto const r = resolve(merged);
  CHECK(r.tags == std::vector<std::string>{"t", "u"});
  CHECK(r.base_url == "https://d");
  CHECK(r.request_timeout == 9s);
  CHECK_FALSE(r.container_image);
  CHECK_FALSE(r.command);
  CHECK_FALSE(r.args);
  CHECK_FALSE(r.max_lifetime);
  CHECK(r.runner_ids.empty());
  CHECK(r.services.empty());
  CHECK(r.environment_variables.empty());
  CHECK(r.placement_spillover == cw::PlacementSpillover::strict);
  CHECK(r.template_id == "tpl");
  CHECK(cw::validate(merged).ok());
}

TEST_CASE("base URL: call, environment, defaults, built-in, in this order", "[merge]") {
  using cw::detail::choose_base_url;
  CHECK(choose_base_url("https://c/", "https://e", "https://d", "https://b") == "https://c");
  CHECK(choose_base_url("", "https://e//", "https://d", "https://b") == "https://e");
  CHECK(choose_base_url("", "", "https://d", "https://b") == "https://d");
  CHECK(choose_base_url("", "", "", "https://b") == "https://b");
}

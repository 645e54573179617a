// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/options.hpp>

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <limits>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
using namespace std::chrono_literals;

namespace {

constexpr cw::static_defaults fleet{
    .container_image = "python:3.11",
    .request_timeout = 20s,
    .tags = {"fleet", "eu"},
    .resources =
        cw::ResourceOptions{
            .requests = {.cpu = "500m"}, .limits = {.cpu = "1"}, .gpu = {.count = 2}},
    .network = cw::NetworkOptions{.deny_ingress = false, .egress = {{.dns_name = "pypi.org"}}},
    .services = {{.port = 80},
                 {.port = 81, .name = "web", .visibility = cw::ServiceVisibility::public_}},
    .volumes = {{.name = "work", .mount_path = "/work"}},
    .secrets = {{.store = "s", .name = "TOKEN"}},
    .environment_variables = {{"LOG", "info"}, {"REGION", "eu"}},
};

// What a call does with its options: it takes literal views and keeps copies.
std::vector<std::string> taken_tags(cw::SandboxOptions const& options) {
  return cw::detail::merge_options({}, options).tags.to_vector();
}
std::vector<std::string> taken_words(cw::command const& words) { return words.to_vector(); }

template <class Texts>
std::vector<std::string> copied(Texts const& texts) {
  std::vector<std::string> result;
  for (auto const& text : texts) result.emplace_back(text);
  return result;
}

}  // namespace

static_assert(fleet.tags.size() == 2 && fleet.tags[0] == "fleet" && fleet.tags.back() == "eu");
static_assert(*fleet.container_image == "python:3.11");
static_assert(fleet.services.size() == 2 && fleet.services[1].name == "web");
static_assert(fleet.environment_variables[1] == cw::text_pair{"REGION", "eu"});
static_assert(fleet.resources->gpu.count == 2 && fleet.network->deny_ingress == false);
static_assert(!fleet.runner_ids.has_value() && !fleet.args.has_value() && !fleet.placement_mode);
static_assert(fleet == fleet && !(fleet == cw::static_defaults{}));

// Everything that a call takes in braces, down to the elements of its lists (g++ 12 breaks anything
// else in a co_await).
static_assert(std::is_trivially_copyable_v<cw::SandboxOptions> &&
              std::is_aggregate_v<cw::SandboxOptions>);
static_assert(std::is_trivially_copyable_v<cw::static_defaults> &&
              std::is_aggregate_v<cw::static_defaults>);
static_assert(std::is_trivially_copyable_v<cw::ExecOptions> &&
              std::is_aggregate_v<cw::ExecOptions>);
static_assert(std::is_trivially_copyable_v<cw::command> && !std::is_aggregate_v<cw::command>);
static_assert(std::is_aggregate_v<cw::SandboxDefaults>);

TEST_CASE("braces: two literals are two texts, never a pair of iterators", "[defaults]") {
  CHECK(taken_tags({.tags = {"a", "b"}}) == std::vector<std::string>{"a", "b"});
  CHECK(cw::SandboxDefaults{.tags = {"a", "b"}}.tags == std::vector<std::string>{"a", "b"});
  CHECK(taken_words({"a", "b"}) == std::vector<std::string>{"a", "b"});
  cw::SandboxDefaults const pairs{.environment_variables = {{"a", "b"}}};
  REQUIRE(pairs.environment_variables.size() == 1);
  CHECK(pairs.environment_variables[0] == std::pair<std::string, std::string>{"a", "b"});
}

TEST_CASE("braces: literals, strings and views mix", "[defaults]") {
  std::string const name = "name";
  std::string_view const view = "view";
  char const* const pointer = "pointer";
  CHECK(taken_tags({.tags = {"one", name, view, pointer, name + "-2"}}) ==
        std::vector<std::string>{"one", "name", "view", "pointer", "name-2"});
}

TEST_CASE("whole containers are taken, of any kind and size", "[defaults]") {
  std::vector<std::string> const many(1000, "tag");
  CHECK(taken_tags({.tags = many}) == many);
  CHECK(taken_tags({.tags = {many}}) == many);
  CHECK(taken_tags({.tags = std::vector<std::string>{"x", "y"}}) ==
        std::vector<std::string>{"x", "y"});
  CHECK(taken_tags({.tags = std::list<std::string_view>{"x", "y"}}) ==
        std::vector<std::string>{"x", "y"});
  CHECK(taken_tags({.tags = std::array<char const*, 2>{"x", "y"}}) ==
        std::vector<std::string>{"x", "y"});
  char const* const array[] = {"p", "q", "r"};
  CHECK(taken_tags({.tags = array}) == std::vector<std::string>{"p", "q", "r"});
  CHECK(taken_words(many) == many);

  std::map<std::string, std::string> map;
  for (int i = 0; i < 100; ++i) map[std::to_string(i)] = "v";
  auto const stored = cw::detail::merge_options({}, {.environment_variables = map});
  REQUIRE(stored.environment_variables.size() == 100);
  CHECK(stored.environment_variables[0].first == "0");
  std::vector<std::pair<char const*, std::string>> const pairs{{"k", "1"}, {"l", "2"}};
  CHECK(cw::SandboxDefaults{.annotations = pairs}.annotations[1].second == "2");

  std::vector<cw::Service> services;
  for (int i = 1; i <= 40; ++i) services.push_back({.port = i});
  CHECK(cw::detail::merge_options({}, {.services = services}).services.size() == 40);
}

TEST_CASE("the braces take as many elements as they promise", "[defaults]") {
  constexpr cw::static_defaults full{
      .tags = {"1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11",
               "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22",
               "23", "24", "25", "26", "27", "28", "29", "30", "31", "32"},
      .services = {{.port = 1},
                   {.port = 2},
                   {.port = 3},
                   {.port = 4},
                   {.port = 5},
                   {.port = 6},
                   {.port = 7},
                   {.port = 8},
                   {.port = 9},
                   {.port = 10},
                   {.port = 11},
                   {.port = 12},
                   {.port = 13},
                   {.port = 14},
                   {.port = 15},
                   {.port = 16}},
      .environment_variables = {{"1", ""},  {"2", ""},  {"3", ""},  {"4", ""},  {"5", ""},
                                {"6", ""},  {"7", ""},  {"8", ""},  {"9", ""},  {"10", ""},
                                {"11", ""}, {"12", ""}, {"13", ""}, {"14", ""}, {"15", ""},
                                {"16", ""}, {"17", ""}, {"18", ""}, {"19", ""}, {"20", ""},
                                {"21", ""}, {"22", ""}, {"23", ""}, {"24", ""}, {"25", ""},
                                {"26", ""}, {"27", ""}, {"28", ""}, {"29", ""}, {"30", ""},
                                {"31", ""}, {"32", "x"}},
  };
  static_assert(full.tags.size() == 32 && full.tags[31] == "32");
  static_assert(full.services.size() == 16 && full.services[15].port == 16);
  static_assert(full.environment_variables.size() == 32 &&
                full.environment_variables[31].second == "x");
  CHECK(cw::SandboxDefaults(full).environment_variables.size() == 32);
}

TEST_CASE("an element made of empty braces counts as an element", "[defaults]") {
  cw::static_defaults const options{.services = {{.port = 1}, {}}};
  REQUIRE(options.services.size() == 2);
  CHECK(options.services[1].port == 0);
}

TEST_CASE("unset, explicitly empty and filled lists are told apart in both flavours",
          "[defaults]") {
  constexpr cw::static_defaults unset{.runner_ids = {}};
  constexpr cw::static_defaults cleared{.args = cw::empty,
                                        .runner_ids = cw::empty,
                                        .services = cw::empty,
                                        .environment_variables = cw::empty};
  static_assert(!unset.runner_ids.has_value());
  static_assert(cleared.runner_ids.has_value() && cleared.runner_ids.empty() &&
                cleared.services.has_value());
  static_assert(cleared.args.has_value() && cleared.environment_variables.has_value());

  cw::SandboxDefaults const stored_unset = unset;
  cw::SandboxDefaults const stored_cleared = cleared;
  CHECK_FALSE(stored_unset.runner_ids.has_value());
  CHECK(stored_cleared.runner_ids.has_value());
  CHECK(stored_cleared.services.has_value());
  CHECK(stored_cleared.environment_variables.has_value());
  CHECK_FALSE(stored_unset == stored_cleared);
  CHECK(cw::SandboxDefaults{.runner_ids = std::vector<std::string>{}}.runner_ids.has_value());
  CHECK(cw::view_of(stored_cleared) == cleared);
}

TEST_CASE("static defaults convert to stored ones, which own everything", "[defaults]") {
  cw::SandboxDefaults stored;
  {
    std::string const image = "a-rather-long-image-name:that-needs-the-heap";
    std::string const host = "a-rather-long-host-name.example.org";
    cw::static_defaults const view{.container_image = image,
                                   .tags = {image},
                                   .network = cw::NetworkOptions{.egress = {{.dns_name = host}}},
                                   .volumes = {{.name = image, .mount_path = host, .size = image}},
                                   .environment_variables = {{image, host}}};
    stored = view;
  }
  CHECK(stored.container_image == "a-rather-long-image-name:that-needs-the-heap");
  CHECK(stored.tags[0] == "a-rather-long-image-name:that-needs-the-heap");
  CHECK(stored.network->egress[0].dns_name == "a-rather-long-host-name.example.org");
  CHECK(stored.volumes[0].size == "a-rather-long-image-name:that-needs-the-heap");
  CHECK(stored.environment_variables[0].second == "a-rather-long-host-name.example.org");
}

TEST_CASE("every field survives the way to storage and back", "[defaults]") {
  constexpr cw::static_defaults all{
      .container_image = "i",
      .command = "c",
      .args = {"a"},
      .base_url = "https://u",
      .request_timeout = 1s,
      .poll_retry_budget = 2s,
      .poll_rpc_timeout = 3s,
      .max_lifetime = 4s,
      .temp_dir = "/t",
      .tags = {"t"},
      .runner_ids = {"r"},
      .placement_mode = cw::PlacementMode::cks,
      .placement_spillover = cw::PlacementSpillover::cks_then_serverless,
      .resources = cw::ResourceOptions{.limits = {.memory = "1Gi"}, .gpu = {.type = "H100"}},
      .network = cw::NetworkOptions{.deny_egress = true},
      .services = {{.port = 1,
                    .endpoint = cw::Endpoint{cw::EndpointKind::https, cw::EndpointAuth::open}}},
      .volumes = {{.name = "v", .mount_path = "/v"}},
      .file_system_snapshot = cw::FileSystemSnapshotOptions{.mount_path = "/w", .size = "1Gi"},
      .secrets = {{.store = "s", .name = "n", .field = "f", .env_var = "E"}},
      .environment_variables = {{"k", "v"}},
      .annotations = {{"a", "b"}},
  };
  cw::SandboxDefaults const stored = all;
  CHECK(cw::view_of(stored) == all);
  CHECK(stored == cw::SandboxDefaults(cw::view_of(stored)));
  // No field was forgotten by the equality that the check above relies on.
  CHECK_FALSE(stored == cw::SandboxDefaults{});
  auto const options = cw::detail::options_of(stored);
  std::size_t given = 0;
  std::apply([&](auto const&... row) { ((given += row.access(options).has_value() ? 1 : 0), ...); },
             cw::detail::default_fields);
  CHECK(given == 21);
}

TEST_CASE("equality of maps does not depend on the order", "[defaults]") {
  cw::SandboxDefaults const a{.environment_variables = {{"K", "1"}, {"L", "2"}}};
  cw::SandboxDefaults const b{.environment_variables = {{"L", "2"}, {"K", "1"}}};
  cw::SandboxDefaults const c{.environment_variables = {{"L", "2"}, {"K", "3"}}};
  CHECK(a == b);
  CHECK_FALSE(a == c);
}

TEST_CASE("a key that is given twice in one list keeps its place and takes the last value",
          "[defaults]") {
  constexpr cw::static_defaults twice{
      .environment_variables = {{"K", "1"}, {"L", "2"}, {"K", "3"}}};
  static_assert(twice.environment_variables.size() == 2 &&
                twice.environment_variables[0].second == "3");
  CHECK(cw::SandboxDefaults(twice).environment_variables.size() == 2);
}

TEST_CASE("durations of any kind are taken", "[defaults]") {
  using cw::optional_duration;
  CHECK_FALSE(optional_duration{}.has_value());
  CHECK_FALSE(optional_duration{std::nullopt}.has_value());
  CHECK(*optional_duration{5s} == 5s);
  CHECK(*optional_duration{1500ms} == 1500ms);
  CHECK(*optional_duration{std::chrono::duration<double>{0.25}} == 250ms);
  CHECK(*optional_duration{std::optional{3s}} == 3s);
  CHECK_FALSE(optional_duration{std::optional<std::chrono::seconds>{}}.has_value());
  CHECK(optional_duration{}.value_or(7s) == 7s);
  CHECK(optional_duration{std::chrono::hours::max()}.finite());
  CHECK(*optional_duration{std::chrono::hours::max()} == std::chrono::nanoseconds::max());
  CHECK(*optional_duration{std::chrono::hours::min()} == std::chrono::nanoseconds::min());
  using real = std::chrono::duration<double>;
  CHECK(optional_duration{real{std::numeric_limits<double>::quiet_NaN()}}.is_nan());
  CHECK_FALSE(optional_duration{real{std::numeric_limits<double>::quiet_NaN()}}.finite());
  CHECK_FALSE(optional_duration{real{std::numeric_limits<double>::infinity()}}.finite());
  CHECK_FALSE(optional_duration{real{-std::numeric_limits<double>::infinity()}}.finite());
}

TEST_CASE("resources: the flat form fills both sides, a missing side is copied", "[defaults]") {
  constexpr auto flat =
      cw::ResourceOptions::guaranteed({.cpu = "2", .memory = "4Gi", .gpu = {.count = 1}});
  static_assert(flat.requests == flat.limits && flat.limits.cpu == "2" && flat.gpu.count == 1);
  constexpr cw::ResourceOptions only_limits{.limits = {.cpu = "1"}};
  static_assert(only_limits.filled().requests.cpu == "1" && !only_limits.filled().requests.memory);
  constexpr cw::ResourceOptions both{.requests = {.cpu = "1"}, .limits = {.memory = "1Gi"}};
  static_assert(both.filled() == both);
  constexpr cw::ResourceOptions gpu{.gpu = {.count = 1}};
  static_assert(gpu.has_value() && !gpu.filled().limits.has_value());
  static_assert(!cw::ResourceOptions{}.has_value());
  CHECK(cw::own(flat) == cw::own(flat));
}

TEST_CASE("enum texts: both ways, in any case, unknown refused", "[defaults]") {
  CHECK(cw::to_string(cw::SandboxStatus::running) == "running");
  CHECK(cw::from_string<cw::SandboxStatus>("Terminating") == cw::SandboxStatus::terminating);
  CHECK_FALSE(cw::from_string<cw::SandboxStatus>("stopped"));
  CHECK(cw::to_string(cw::ServiceVisibility::public_) == "public");
  CHECK(cw::from_string<cw::ServiceVisibility>("PRIVATE") == cw::ServiceVisibility::private_);
  CHECK(cw::from_string<cw::PlacementSpillover>("CKS_then_serverless") ==
        cw::PlacementSpillover::cks_then_serverless);
  CHECK(cw::from_string<cw::PlacementMode>("cks") == cw::PlacementMode::cks);
  CHECK(cw::from_string<cw::EndpointKind>("HTTPS") == cw::EndpointKind::https);
  CHECK_FALSE(cw::from_string<cw::EndpointAuth>("token"));
  CHECK_FALSE(cw::from_string<cw::ServiceProtocol>(""));
}

// The same braces inside of coroutines: temporaries must be destroyed once, and after the call.

namespace {

template <class T>
struct ready {
  T value;
  bool await_ready() const { return true; }
  void await_suspend(std::coroutine_handle<>) {}
  T await_resume() { return std::move(value); }
};
struct task {
  struct promise_type {
    task get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

ready<cw::detail::stored_options> make(cw::SandboxOptions const& options) {
  return {cw::detail::merge_options({}, options)};
}
template <cw::detail::any_defaults Defaults>
ready<cw::detail::stored_options> make(Defaults const& defaults) {
  return make(cw::detail::options_of(defaults));
}
ready<std::vector<std::string>> run(cw::command words, cw::ExecOptions const& options = {}) {
  auto result = words.to_vector();
  if (options.cwd) result.emplace_back(*options.cwd);
  for (auto const pair : options.env)
    result.push_back(std::string{pair.first} + "=" + std::string{pair.second});
  return {std::move(result)};
}

task braces_in_a_coroutine(std::string s, int& done) {
  auto const tail = std::string(80, 'x');
  std::vector<std::string> const list{"v1", tail};
  std::map<std::string, std::string> const map{{"A", "1"}, {"B", tail}};
  auto one = co_await make(
      {.tags = {"one-" + s}, .environment_variables = {{"WHO", s + tail}, {"LANG", "C"}}});
  done += one.tags[0] == "one-" + s && one.environment_variables[0].second == s + tail;
  auto two = co_await make({.container_image = "i", .tags = {"two", std::string(50, 't')}});
  done += two.tags.size() == 2 && two.tags[1] == std::string(50, 't');
  auto three = co_await make({.tags = list, .environment_variables = map});
  done += three.tags == list && three.environment_variables[1].second == tail;
  auto four = co_await run({"sh", "-c", "x" + tail, s}, {.cwd = "/" + s, .env = {{"K", tail + s}}});
  done +=
      four.size() == 6 && four[2] == "x" + tail && four[4] == "/" + s && four[5] == "K=" + tail + s;
  auto five = co_await make(
      {.tags = {tail + s},
       .resources = cw::ResourceOptions{.requests = {.cpu = std::to_string(2)}},
       .network = cw::NetworkOptions{.egress = {{.dns_name = tail + ".a"}, {.dns_name = "b"}}},
       .services = {{.port = 80, .name = s + tail}, {.port = 81}},
       .volumes = {{.name = s, .mount_path = "/" + tail}},
       .secrets = {{.store = s, .name = tail}},
       .mounted_files = {{"/" + s, tail + s}}});
  done += five.resources->requests.cpu == "2" && five.network->egress[0].dns_name == tail + ".a" &&
          five.services[0].name == s + tail && five.volumes[0].mount_path == "/" + tail &&
          five.secrets[0].name == tail && five.mounted_files[0].second == tail + s;
  cw::SandboxDefaults const stored{.tags = {s + tail}};
  auto six = co_await make(stored);
  done += six.tags == stored.tags;
  if ((co_await run(list, {.timeout = std::chrono::milliseconds{200}})).size() == 2) ++done;
  for (int i = 0; i < 3; ++i)
    done += (co_await run({"a" + s, tail}, {.env = {{"K" + s, tail}}})).size() == 3;
}

}  // namespace

TEST_CASE("braces with temporaries are safe inside a co_await expression", "[defaults]") {
  int done = 0;
  braces_in_a_coroutine("alpha", done);
  CHECK(done == 10);
}

TEST_CASE("iterators of a literal list walk it", "[defaults]") {
  CHECK(copied(fleet.tags) == std::vector<std::string>{"fleet", "eu"});
  std::vector<std::string> const source{"p", "q"};
  CHECK(copied(cw::static_defaults{.tags = source}.tags) == source);
  CHECK(copied(cw::SandboxDefaults{.tags = source}.tags) == source);
}

TEST_CASE("the text form lists what is given, and no value of the environment", "[defaults]") {
  CHECK(cw::to_string(cw::SandboxDefaults{}) == "SandboxDefaults{}");
  cw::SandboxDefaults const defaults{
      .container_image = "debian:12",
      .request_timeout = 1500ms,
      .tags = {"a", "b"},
      .runner_ids = cw::empty,
      .placement_mode = cw::PlacementMode::cks,
      .resources = cw::ResourceOptions{.requests = {.cpu = "1"}, .gpu = {.count = 2}},
      .network = cw::NetworkOptions{.deny_egress = false},
      .services = {{.port = 80,
                    .visibility = cw::ServiceVisibility::public_,
                    .endpoint = cw::Endpoint{cw::EndpointKind::https, cw::EndpointAuth::open}}},
      .secrets = {{.store = "s", .name = "TOKEN"}},
      .environment_variables = {{"PASSWORD", "hunter2"}, {"LOG", "info"}},
      .annotations = {{"team", "red"}},
  };
  CHECK(cw::to_string(defaults) ==
        "SandboxDefaults{container_image='debian:12', request_timeout=1.5s, tags=['a', 'b'], "
        "runner_ids=[], placement_mode=cks, resources={requests={cpu='1'}, gpu={count=2}}, "
        "network={deny_egress=false}, services=[{port=80, visibility=public, "
        "endpoint={kind=https, auth=open}}], secrets=[{store='s', name='TOKEN'}], "
        "environment_variables=[PASSWORD, LOG], annotations=[team: 'red']}");
}

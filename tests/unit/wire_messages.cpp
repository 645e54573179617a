// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/aggregate.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/methods.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace wire = cwsandbox::wire;
namespace rpc = cwsandbox::wire::rpc;
using cwsandbox::detail::aggregate_size;
using wire::field_kind;
using wire::field_label;

namespace {

// Whether `json` is how the proto3 JSON mapping spells `name`.
constexpr bool spells(std::string_view name, std::string_view json) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < name.size(); ++i, ++at) {
    char c = name[i];
    if (c == '_' && ++i < name.size()) {
      c = name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
    }
    if (at >= json.size() || json[at] != c) return false;
  }
  return at == json.size();
}

template <class A, class B>
constexpr bool same_member(A const& a, B const& b) {
  if constexpr (std::is_same_v<decltype(a.member), decltype(b.member)>) {
    return a.member == b.member;
  } else {
    return false;
  }
}

// What must hold for each field table, whatever the schema says.
struct table_checks {
  bool unique_numbers = true;
  bool unique_names = true;
  bool json_names = true;
  bool shared_members_are_oneofs = true;
  bool every_alternative = true;
  std::size_t members = 0;
};

template <class Field, class Variant>
constexpr bool alternatives_covered(std::size_t siblings, Variant const*) {
  if constexpr (Field::label == field_label::oneof) {
    return std::is_same_v<std::variant_alternative_t<0, Variant>, std::monostate> &&
           siblings == std::variant_size_v<Variant> - 1;
  } else {
    return siblings == 1;
  }
}

template <class Message>
consteval table_checks check_table() {
  return wire::descriptor<Message>::fields([](auto const&... all) {
    table_checks result;
    [[maybe_unused]] auto const check = [&](auto const& one) {
      using field_type = std::remove_cvref_t<decltype(one)>;
      using member_type = typename field_type::member_type;
      std::size_t numbers = 0;
      std::size_t names = 0;
      std::size_t siblings = 0;
      std::size_t same_alternative = 0;
      bool first = true;
      auto const compare = [&](auto const& other) {
        if (one.number == other.number) ++numbers;
        if (one.name == other.name || one.json_name == other.json_name) ++names;
        if (!same_member(one, other)) return;
        ++siblings;
        if (one.alternative == other.alternative) ++same_alternative;
        if (other.alternative < one.alternative) first = false;
      };
      (compare(all), ...);
      result.unique_numbers = result.unique_numbers && one.number > 0 && numbers == 1;
      result.unique_names = result.unique_names && names == 1;
      result.json_names = result.json_names && spells(one.name, one.json_name);
      result.shared_members_are_oneofs =
          result.shared_members_are_oneofs && same_alternative == 1 &&
          (field_type::label == field_label::oneof) == (field_type::alternative != 0);
      result.every_alternative =
          result.every_alternative &&
          alternatives_covered<field_type>(siblings, static_cast<member_type const*>(nullptr));
      if (first) ++result.members;
    };
    (check(all), ...);
    return result;
  });
}

template <class Message>
consteval bool sound() {
  constexpr table_checks checks = check_table<Message>();
  static_assert(checks.unique_numbers, "two fields share a number");
  static_assert(checks.unique_names, "two fields share a name");
  static_assert(checks.json_names, "a JSON name is not the camel case of the name");
  static_assert(checks.shared_members_are_oneofs, "two fields share a member");
  static_assert(checks.every_alternative, "an alternative of a oneof has no field");
  static_assert(checks.members == aggregate_size<Message>(), "a member has no field");
  static_assert(wire::descriptor<Message>::name.find('.') != std::string_view::npos);
  static_assert(std::is_nothrow_move_constructible_v<Message>);
  static_assert(std::equality_comparable<Message>);
  return true;
}

template <class... Message>
consteval bool all_sound(wire::type_list<Message...>) {
  return (sound<Message>() && ...);
}

static_assert(all_sound(wire::sandbox_messages{}));
static_assert(all_sound(wire::discovery_messages{}));
static_assert(all_sound(wire::template_messages{}));
static_assert(all_sound(wire::settings_messages{}));
static_assert(all_sound(wire::volume_messages{}));
static_assert(sound<wire::Timestamp>() && sound<wire::Duration>() && sound<wire::FieldMask>() &&
              sound<wire::Empty>());

template <class... Message>
constexpr std::size_t total_fields(wire::type_list<Message...>) {
  return (wire::field_count<Message>() + ... + std::size_t{0});
}

struct label_counts {
  int implicit = 0;
  int optional = 0;
  int repeated = 0;
  int oneof = 0;
  int map = 0;
  int bytes = 0;
  bool operator==(label_counts const&) const = default;
};

// Optional in the sense of the schema: a singular message has no word for its presence there.
template <class... Message>
constexpr void count_labels(label_counts& counts, wire::type_list<Message...>) {
  auto const count = [&](auto const& entry) {
    if (entry.kind == field_kind::bytes) ++counts.bytes;
    if (entry.kind == field_kind::map) {
      ++counts.map;
    } else if (entry.label == field_label::repeated) {
      ++counts.repeated;
    } else if (entry.label == field_label::oneof) {
      ++counts.oneof;
    } else if (entry.label == field_label::optional && entry.kind != field_kind::message) {
      ++counts.optional;
    } else {
      ++counts.implicit;
    }
  };
  (wire::for_each_field<Message>(count), ...);
}

// One line per field, written out in the tests in full for the messages that matter most.
template <class Message>
std::vector<std::string> table() {
  std::vector<std::string> rows;
  wire::for_each_field<Message>([&](auto const& entry) {
    constexpr char const* kinds[] = {
        "bool", "int32", "int64", "uint32", "uint64", "string", "bytes", "enum", "message", "map"};
    constexpr char const* labels[] = {"", " optional", " repeated", " oneof"};
    using entry_type = std::remove_cvref_t<decltype(entry)>;
    std::string row = std::to_string(entry.number) + " ";
    if constexpr (entry_type::kind == field_kind::message) {
      std::string_view const full = wire::descriptor<typename entry_type::value_type>::name;
      row += full.substr(full.rfind('.') + 1);
    } else if constexpr (entry_type::kind == field_kind::enumeration) {
      std::string_view const full = wire::enum_descriptor<typename entry_type::value_type>::name;
      row += full.substr(full.rfind('.') + 1);
    } else {
      row += kinds[static_cast<std::size_t>(entry_type::kind)];
    }
    row += " " + std::string(entry.name) + labels[static_cast<std::size_t>(entry_type::label)];
    rows.push_back(row);
  });
  return rows;
}

using rows = std::vector<std::string>;

template <class... Enum>
constexpr bool enums_sound(wire::type_list<Enum...>) {
  auto const check = []<class E>(std::type_identity<E>) {
    std::int32_t expected = 0;
    for (auto const& entry : wire::enum_descriptor<E>::values) {
      if (static_cast<std::int32_t>(entry.value) != expected++) return false;
      if (wire::enum_name(entry.value) != entry.name) return false;
      if (wire::enum_from_name<E>(entry.name) != entry.value) return false;
    }
    return wire::enum_descriptor<E>::values[0].name.ends_with("_UNSPECIFIED") &&
           std::is_same_v<std::underlying_type_t<E>, std::int32_t> && E{} == E::unspecified &&
           wire::enum_name(static_cast<E>(expected)).empty() &&
           wire::enum_name(static_cast<E>(-1)).empty() && !wire::enum_from_name<E>("").has_value();
  };
  return (check(std::type_identity<Enum>{}) && ...);
}
static_assert(enums_sound(wire::enums{}));

template <class... Enum>
constexpr std::size_t enum_values(wire::type_list<Enum...>) {
  return (std::size(wire::enum_descriptor<Enum>::values) + ...);
}

template <class... Method>
constexpr bool methods_sound(wire::type_list<Method...>, std::string_view service) {
  auto const check = [&]<class M>(std::type_identity<M>) {
    static_assert(wire::method<M>);
    static_assert(wire::message<typename M::request> && wire::message<typename M::response>);
    static_assert(wire::http_method<M> == (M::stream == wire::streaming::none),
                  "REST has all methods but the streaming ones");
    bool ok = M::service == service && M::path.front() == '/' &&
              M::path.size() == service.size() + M::name.size() + 2 &&
              M::path.substr(1, service.size()) == service && M::path[service.size() + 1] == '/' &&
              M::path.ends_with(M::name);
    if constexpr (wire::http_method<M>) {
      ok = ok && M::http.path.starts_with("/v1/");
      bool const named = !M::http.body.empty() && M::http.body != "*";
      bool found = false;
      wire::for_each_field<typename M::request>([&](auto const& entry) {
        if (entry.name == M::http.body) found = entry.kind == field_kind::message;
      });
      ok = ok && found == named;
    }
    return ok;
  };
  return (check(std::type_identity<Method>{}) && ...);
}
static_assert(methods_sound(wire::rpc::sandbox_methods{}, "coreweave.sandbox.v1.SandboxService"));
static_assert(methods_sound(wire::rpc::discovery_methods{},
                            "coreweave.sandbox.v1.DiscoveryService"));
static_assert(methods_sound(wire::rpc::template_methods{},
                            "coreweave.sandbox.v1.SandboxTemplateService"));
static_assert(methods_sound(wire::rpc::settings_methods{}, "coreweave.sandbox.v1.SettingsService"));
static_assert(methods_sound(wire::rpc::volume_methods{}, "coreweave.sandbox.v1.VolumeService"));

}  // namespace

TEST_CASE("the schema is covered in full", "[wire]") {
  // Counted in the tables of the schema, file by file.
  CHECK(wire::sandbox_messages::size == 64);
  CHECK(total_fields(wire::sandbox_messages{}) == 274);
  CHECK(rpc::sandbox_methods::size == 15);
  CHECK(wire::discovery_messages::size == 6);
  CHECK(total_fields(wire::discovery_messages{}) == 34);
  CHECK(rpc::discovery_methods::size == 2);
  CHECK(wire::template_messages::size == 7);
  CHECK(total_fields(wire::template_messages{}) == 22);
  CHECK(rpc::template_methods::size == 5);
  CHECK(wire::settings_messages::size == 15);
  CHECK(total_fields(wire::settings_messages{}) == 33);
  CHECK(rpc::settings_methods::size == 10);
  CHECK(wire::volume_messages::size == 11);
  CHECK(total_fields(wire::volume_messages{}) == 35);
  CHECK(rpc::volume_methods::size == 6);
  CHECK(wire::enums::size == 17);
  CHECK(enum_values(wire::enums{}) == 63);

  label_counts counts;
  count_labels(counts, wire::sandbox_messages{});
  count_labels(counts, wire::discovery_messages{});
  count_labels(counts, wire::template_messages{});
  count_labels(counts, wire::settings_messages{});
  count_labels(counts, wire::volume_messages{});
  CHECK(counts.implicit == 299);
  CHECK(counts.optional == 8);
  CHECK(counts.repeated == 61);
  CHECK(counts.oneof == 22);
  CHECK(counts.map == 8);
  CHECK(counts.bytes == 8);
}

TEST_CASE("field tables say what the schema says", "[wire]") {
  CHECK(table<wire::Sandbox>() == rows{"1 string sandbox_id",
                                       "2 SandboxSpec spec optional",
                                       "3 SandboxStatus status optional",
                                       "4 string source_template_id",
                                       "5 int64 source_template_revision"});
  CHECK(table<wire::SandboxSpec>() == rows{"1 Container containers repeated",
                                           "2 string primary_container",
                                           "3 SandboxVolume volumes repeated",
                                           "4 Service services repeated",
                                           "5 int32 max_lifetime_seconds",
                                           "6 string network_ids repeated",
                                           "7 ObjectStorageAccess object_storage_access optional",
                                           "8 string tags repeated",
                                           "9 string runner_ids repeated",
                                           "10 NetworkOptions network optional",
                                           "11 map annotations repeated",
                                           "12 Container init_containers repeated",
                                           "13 string instance_type",
                                           "14 SandboxMode mode",
                                           "15 string runtime_class"});
  CHECK(table<wire::SecurityContext>() == rows{"1 uint32 run_as_user optional",
                                               "2 uint32 run_as_group optional",
                                               "3 bool privileged optional",
                                               "4 bool allow_privilege_escalation optional",
                                               "5 bool read_only_root_filesystem optional",
                                               "6 string capabilities_add repeated",
                                               "7 string capabilities_drop repeated",
                                               "8 string seccomp_profile"});
  // Number 7 is unused, and the exit code tells 0 from none.
  CHECK(table<wire::SandboxStatus>() ==
        rows{"1 State state",
             "2 string state_reason",
             "3 Timestamp create_time optional",
             "4 Timestamp start_time optional",
             "5 Timestamp end_time optional",
             "6 ServiceStatus services repeated",
             "8 ResourceUsage resource_usage optional",
             "9 int32 exit_code optional",
             "10 Resources effective_resources optional",
             "11 int32 effective_max_lifetime_seconds",
             "12 ContainerStatus container_statuses repeated",
             "13 string runner_id",
             "14 string runner_group_id",
             "15 IngressRule effective_ingress repeated",
             "16 EgressRule effective_egress repeated",
             "17 ResourceRequirements effective_resource_requirements optional",
             "18 string attached_volume_ids repeated",
             "19 string effective_runtime_class"});
  // The numbers of this oneof are not in order.
  CHECK(table<wire::EgressRule>() == rows{"1 CidrBlock cidr oneof",
                                          "2 string dns_name oneof",
                                          "3 TenantScope tenant oneof",
                                          "4 bool any oneof",
                                          "6 SelectorBlock selector oneof",
                                          "5 PortRange ports repeated"});
  CHECK(table<wire::SecretStore>() == rows{"1 string name",
                                           "2 SecretStoreProviderType provider_type",
                                           "10 WandBStoreConfig wandb oneof",
                                           "3 Timestamp create_time optional",
                                           "4 Timestamp update_time optional"});
  CHECK(table<wire::ExecResponse>() == rows{"1 bytes stdout",
                                            "2 bytes stderr",
                                            "3 int32 exit_code",
                                            "4 bool stdout_truncated",
                                            "5 bool stderr_truncated",
                                            "6 int64 stdout_bytes_produced",
                                            "7 int64 stderr_bytes_produced"});
  CHECK(table<wire::ExecStreamRequest>() == rows{"1 ExecStreamInit init oneof",
                                                 "2 bytes stdin oneof",
                                                 "3 ExecStreamResize resize oneof",
                                                 "4 ExecStreamClose close oneof"});
  CHECK(table<wire::ExecStreamResponse>() == rows{"1 ExecStreamReady ready oneof",
                                                  "2 ExecStreamOutput output oneof",
                                                  "3 ExecStreamExit exit oneof",
                                                  "4 ExecStreamError error oneof"});
  CHECK(table<wire::ExecStreamOutput>() == rows{"1 Stream stream", "2 bytes data"});
  CHECK(table<wire::StreamLogsRequest>() == rows{"1 string sandbox_id",
                                                 "2 bool follow",
                                                 "3 int32 tail_lines",
                                                 "4 Timestamp since_time optional",
                                                 "5 string container",
                                                 "6 bool timestamps",
                                                 "7 string resume_log_session_id",
                                                 "8 uint64 resume_log_offset"});
  CHECK(table<wire::LogEntry>() == rows{"1 bytes data",
                                        "2 Timestamp timestamp optional",
                                        "3 string log_session_id",
                                        "4 uint64 next_log_offset",
                                        "5 LogStreamError error optional"});
  CHECK(
      table<wire::PvcVolumeSource>() ==
      rows{"1 string runner_id", "2 string namespace", "3 string claim_name", "4 string sub_path"});
  CHECK(table<wire::RunnerCapabilitySummary>().back() ==
        "8 Visibility supported_service_visibilities repeated");
  CHECK(table<wire::ListVolumesRequest>()[2] == "3 VolumeState states repeated");
  CHECK(table<wire::UpdateVolumeRequest>().back() == "3 FieldMask update_mask optional");
  CHECK(table<wire::WriteFileResponse>().empty());
}

TEST_CASE("messages and enums know their full names", "[wire]") {
  CHECK(wire::descriptor<wire::SandboxSpec>::name == "coreweave.sandbox.v1.SandboxSpec");
  CHECK(wire::descriptor<wire::WandBStoreConfig>::name == "coreweave.sandbox.v1.WandBStoreConfig");
  CHECK(wire::descriptor<wire::Timestamp>::name == "google.protobuf.Timestamp");
  CHECK(wire::enum_descriptor<wire::State>::name == "coreweave.sandbox.v1.State");
  CHECK(wire::enum_descriptor<wire::ExecStreamOutput::Stream>::name ==
        "coreweave.sandbox.v1.ExecStreamOutput.Stream");
}

TEST_CASE("enum values convert to and from their names", "[wire]") {
  CHECK(wire::enum_name(wire::State::running) == "STATE_RUNNING");
  CHECK(static_cast<int>(wire::State::terminated) == 6);
  CHECK(static_cast<int>(wire::State::paused) == 8);
  CHECK(wire::enum_name(wire::Visibility::public_) == "VISIBILITY_PUBLIC");
  CHECK(wire::enum_name(wire::TenantScope::sandbox_network) == "TENANT_SCOPE_SANDBOX_NETWORK");
  CHECK(wire::enum_name(wire::ExecStreamOutput::Stream::stderr_) == "STREAM_STDERR");
  CHECK(wire::enum_from_name<wire::SandboxMode>("SANDBOX_MODE_CKS") == wire::SandboxMode::cks);
  CHECK(wire::enum_from_name<wire::VolumeLocality>("VOLUME_LOCALITY_GLOBAL") ==
        wire::VolumeLocality::global);
  // A name of another enum, another case and no name at all are unknown.
  CHECK_FALSE(wire::enum_from_name<wire::SandboxMode>("STATE_RUNNING"));
  CHECK_FALSE(wire::enum_from_name<wire::State>("running"));
}

TEST_CASE("a number without a name stays in an enum", "[wire]") {
  auto const state = static_cast<wire::State>(4711);
  CHECK(wire::enum_name(state).empty());
  CHECK(static_cast<int>(state) == 4711);
}

TEST_CASE("methods know their addresses", "[wire]") {
  CHECK(rpc::CreateSandbox::path == "/coreweave.sandbox.v1.SandboxService/CreateSandbox");
  CHECK(std::is_same_v<rpc::CreateSandbox::response, wire::Sandbox>);
  CHECK(rpc::CreateSandbox::http.verb == wire::http_verb::post);
  CHECK(rpc::CreateSandbox::http.path == "/v1/sandboxes");
  CHECK(rpc::CreateSandbox::http.body == "sandbox");
  CHECK(rpc::Exec::http.path == "/v1/sandboxes/{sandbox_id}:exec");
  CHECK(rpc::Exec::http.body == "*");
  CHECK(rpc::ReadFile::http.verb == wire::http_verb::get);
  CHECK(rpc::ReadFile::http.body.empty());
  CHECK(rpc::UpdateSecretStore::http.verb == wire::http_verb::patch);
  CHECK(rpc::UpdateSecretStore::http.path == "/v1/settings/secretStores/{secret_store.name}");
  CHECK(rpc::ValidateVolume::http.body.empty());
  CHECK(std::is_same_v<rpc::DeleteSecretStore::response, wire::Empty>);
  CHECK(rpc::StreamExec::stream == wire::streaming::bidirectional);
  CHECK(rpc::StreamLogs::stream == wire::streaming::server);
  CHECK_FALSE(wire::http_method<rpc::StreamExec>);
  CHECK_FALSE(wire::http_method<rpc::StreamLogs>);
  CHECK(wire::to_string(wire::http_verb::delete_) == "DELETE");
}

TEST_CASE("presence follows the label of the field", "[wire]") {
  auto const sent = [](auto const& message) {
    std::string names;
    wire::for_each_field(message, [&]<class Entry>(Entry const& entry, auto const& member) {
      bool present = false;
      if constexpr (Entry::label == field_label::repeated) {
        present = !member.empty();
      } else {
        present = entry.present(message) != nullptr;
      }
      if (present) names += (names.empty() ? "" : " ") + std::string(entry.json_name);
    });
    return names;
  };

  wire::SandboxStatus status;
  CHECK(sent(status).empty());
  status.exit_code = 0;
  status.state = wire::State::completed;
  status.create_time.emplace();
  CHECK(sent(status) == "state createTime exitCode");

  wire::Gpu gpu;
  CHECK(sent(gpu).empty());
  gpu.selector.emplace<std::int64_t>(0);
  CHECK(sent(gpu) == "memoryGb");
  gpu.selector = "H100";
  CHECK(sent(gpu) == "type");

  wire::Container container;
  container.environment_variables["A"] = "";
  CHECK(sent(container) == "environmentVariables");
}

TEST_CASE("a decoder merges into what is there and switches oneofs", "[wire]") {
  constexpr auto status = wire::field(3, "status", &wire::Sandbox::status);
  wire::Sandbox sandbox;
  status.mutate(sandbox).runner_id = "r";
  status.mutate(sandbox).exit_code = 3;
  CHECK(sandbox.status->runner_id == "r");
  CHECK(sandbox.status->exit_code == 3);

  constexpr auto output = wire::oneof_field<2>(2, "output", &wire::ExecStreamResponse::message);
  constexpr auto exit = wire::oneof_field<3>(3, "exit", &wire::ExecStreamResponse::message);
  wire::ExecStreamResponse response;
  output.mutate(response).data = "x";
  output.mutate(response).stream = wire::ExecStreamOutput::Stream::stdout_;
  REQUIRE(std::get_if<wire::ExecStreamOutput>(&response.message) != nullptr);
  CHECK(std::get<wire::ExecStreamOutput>(response.message).data == "x");
  exit.mutate(response).exit_code = 1;
  CHECK(output.present(response) == nullptr);
  CHECK(exit.present(response)->exit_code == 1);
}

TEST_CASE("messages compare by value", "[wire]") {
  wire::SandboxSpec a;
  a.tags = {"x"};
  a.containers.emplace_back().image = "python:3.11";
  wire::SandboxSpec b = a;
  CHECK(a == b);
  b.containers.front().security_context.emplace().privileged = false;
  CHECK(a != b);
}

TEST_CASE("a string map keeps order and the last value of a key", "[wire]") {
  wire::string_map map{{"b", "1"}, {"a", "2"}, {"b", "3"}};
  REQUIRE(map.size() == 2);
  CHECK(map.begin()->first == "b");
  CHECK(map.at("b") == "3");
  CHECK(map.insert_or_assign("a", "4").second == false);
  CHECK(map.insert_or_assign("c", "5").first->second == "5");
  CHECK(map["a"] == "4");
  CHECK(map["new"].empty());
  CHECK(map.contains("new"));
  CHECK(map.find("none") == map.end());
  CHECK(map.erase("b") == 1);
  CHECK(map.erase("b") == 0);
  CHECK(map.begin()->first == "a");
  CHECK_THROWS_AS(map.at("none"), std::out_of_range);
}

TEST_CASE("string maps are equal in any order", "[wire]") {
  CHECK(wire::string_map{{"a", "1"}, {"b", "2"}} == wire::string_map{{"b", "2"}, {"a", "1"}});
  CHECK(wire::string_map{{"a", "1"}} != wire::string_map{{"a", "2"}});
  CHECK(wire::string_map{{"a", "1"}} != wire::string_map{{"a", "1"}, {"b", "2"}});
  CHECK(wire::string_map{{"a", "1"}, {"c", "2"}} != wire::string_map{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("appended pairs are made unique at once", "[wire]") {
  wire::string_map map;
  wire::string_map expected;
  for (int i = 0; i < 1000; ++i) {
    std::string const key = "key" + std::to_string(i * 7919 % 97);
    map.append(key, std::to_string(i));
    expected.insert_or_assign(key, std::to_string(i));
  }
  map.keep_last();
  CHECK(std::vector(map.begin(), map.end()) == std::vector(expected.begin(), expected.end()));
}

TEST_CASE("timestamps convert to points in time", "[wire]") {
  using namespace std::chrono;
  using time = sys_time<nanoseconds>;
  constexpr auto max = time(nanoseconds(std::numeric_limits<std::int64_t>::max()));
  constexpr auto min = time(nanoseconds(std::numeric_limits<std::int64_t>::min()));
  using wire::Timestamp;

  STATIC_REQUIRE(Timestamp::from(time(nanoseconds(1'500'000'000))) == Timestamp{1, 500'000'000});
  STATIC_REQUIRE(Timestamp::from(time(nanoseconds(-1))) == Timestamp{-1, 999'999'999});
  STATIC_REQUIRE(Timestamp::from(time(seconds(-2))) == Timestamp{-2, 0});
  STATIC_REQUIRE(Timestamp{-1, 999'999'999}.to_sys_time() == time(nanoseconds(-1)));
  STATIC_REQUIRE(Timestamp::from(max).to_sys_time() == max);
  STATIC_REQUIRE(Timestamp::from(min).to_sys_time() == min);
  STATIC_REQUIRE(Timestamp::from(min) == Timestamp{-9'223'372'037, 145'224'192});
  STATIC_REQUIRE(Timestamp{1, 0} < Timestamp{1, 1});

  // Years 0001 and 9999, and numbers that no time has.
  STATIC_REQUIRE(Timestamp{-62'135'596'800, 0}.to_sys_time() == min);
  STATIC_REQUIRE(Timestamp{253'402'300'799, 999'999'999}.to_sys_time() == max);
  STATIC_REQUIRE(Timestamp{9'223'372'036, 854'775'808}.to_sys_time() == max);
  STATIC_REQUIRE(Timestamp{-9'223'372'037, 145'224'191}.to_sys_time() == min);
  STATIC_REQUIRE(
      Timestamp{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int32_t>::max()}
          .to_sys_time() == max);
  STATIC_REQUIRE(
      Timestamp{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int32_t>::min()}
          .to_sys_time() == min);
  STATIC_REQUIRE(Timestamp{9'223'372'038, -2'000'000'000}.to_sys_time() ==
                 time(nanoseconds(9'223'372'036'000'000'000)));
}

TEST_CASE("durations convert to nanoseconds", "[wire]") {
  using namespace std::chrono;
  using wire::Duration;
  constexpr auto min = nanoseconds(std::numeric_limits<std::int64_t>::min());

  STATIC_REQUIRE(Duration::from(milliseconds(-1500)) == Duration{-1, -500'000'000});
  STATIC_REQUIRE(Duration{-1, -500'000'000}.to_nanoseconds() == milliseconds(-1500));
  STATIC_REQUIRE(Duration{0, 7}.to_nanoseconds() == nanoseconds(7));
  STATIC_REQUIRE(Duration::from(min).to_nanoseconds() == min);
  STATIC_REQUIRE(Duration{315'576'000'000, 0}.to_nanoseconds() == nanoseconds::max());
}

TEST_CASE("the members of an aggregate are counted", "[wire]") {
  struct with_array {
    int a[3]{};
    std::optional<std::string> b{};
  };
  struct with_base : with_array {
    std::variant<int, std::string> c{};
  };
  STATIC_REQUIRE(aggregate_size<wire::Empty>() == 0);
  STATIC_REQUIRE(aggregate_size<wire::FieldMask>() == 1);
  STATIC_REQUIRE(aggregate_size<with_array>() == 2);
  STATIC_REQUIRE(aggregate_size<with_base>() == 2);
  STATIC_REQUIRE(aggregate_size<wire::SandboxStatus>() == 18);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/json.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/catch.hpp"
#include "support/libprotobuf_json.hpp"

#include <initializer_list>
#include <string>

namespace {

namespace wire = cwsandbox::wire;
using test_support::libprotobuf_json;

libprotobuf_json& peer() {
  static libprotobuf_json instance;
  return instance;
}

template <wire::message M>
std::string theirs(std::string const& json) {
  auto const bytes = peer().from_json(wire::descriptor<M>::name, json, true);
  if (!bytes) return "refused";
  auto const message = wire::decode<M>(*bytes);
  return message ? wire::to_json(*message) : "cannot be decoded";
}

template <wire::message M>
std::string ours(std::string const& json) {
  auto const message = wire::from_json<M>(json);
  return message ? wire::to_json(*message) : "refused";
}

template <wire::message M>
void check_values(std::string const& before, std::initializer_list<char const*> values) {
  for (char const* const value : values) {
    std::string const json = before + value + '}';
    INFO(json);
    CHECK(ours<M>(json) == theirs<M>(json));
  }
}

}  // namespace

TEST_CASE("numbers are read as libprotobuf reads them") {
  check_values<wire::ContainerStatus>("{\"exitCode\":", {"1",
                                                         "\"1\"",
                                                         "1.0",
                                                         "1e2",
                                                         "1E+2",
                                                         "10e-1",
                                                         "-0",
                                                         "\"-0\"",
                                                         "null",
                                                         "2147483647",
                                                         "2147483647.0",
                                                         "-2147483648",
                                                         "\"1\\u0030\"",
                                                         "1.5",
                                                         "1e-1",
                                                         "2147483648",
                                                         "-2147483649",
                                                         "true",
                                                         "\"\"",
                                                         "\" 1\"",
                                                         "\"1 \"",
                                                         "01",
                                                         "+1",
                                                         "0x1",
                                                         "NaN",
                                                         "\"NaN\"",
                                                         "Infinity",
                                                         "1e400",
                                                         "-",
                                                         "[]",
                                                         "{}",
                                                         "\"x\""});
  check_values<wire::ResourceUsage>(
      "{\"cpuMillicores\":",
      {"1", "\"1\"", "9223372036854775807", "\"9223372036854775807\"", "-9223372036854775808",
       "\"-9223372036854775808\"", "1e18", "9223372036854775808", "1e19", "0.5"});
}

TEST_CASE("enums are read as libprotobuf reads them") {
  check_values<wire::ContainerStatus>(
      "{\"state\":", {"\"STATE_RUNNING\"", "2", "2.0", "\"2\"", "99", "-1", "null", "\"STATE_NEW\"",
                      "\"\"", "2147483648", "1.5", "true", "[]"});
}

TEST_CASE("lists, maps and oneofs are read as libprotobuf reads them") {
  check_values<wire::ListSandboxesRequest>(
      "{\"tags\":", {"[]", "null", "[\"a\",\"b\"]", "[\"a\"],\"tags\":[\"b\"]", "[1]", "{}",
                     "[\"a\"", "[\"a\" \"b\"]", "[,]"});
  check_values<wire::Container>("{\"environmentVariables\":",
                                {"{}", "null", "{\"a\":\"b\"}", "{\"a\":[]}", "{\"a\":{}}", "1"});
  check_values<wire::EgressRule>(
      "{\"cidr\":{}", {"", ",\"any\":null", ",\"any\":true", ",\"cidr\":{}", ",\"tenant\":1"});
}

TEST_CASE("fields that occur twice are read as libprotobuf reads them") {
  check_values<wire::ContainerStatus>("{\"exitCode\":1,", {"\"exitCode\":2", "\"exit_code\":2",
                                                           "\"exitCode\":0", "\"exitCode\":null"});
  check_values<wire::SandboxStatus>(
      "{\"resourceUsage\":{\"cpuMillicores\":1},",
      {"\"resourceUsage\":{\"memoryMb\":2}", "\"resource_usage\":{\"cpuMillicores\":0}",
       "\"resourceUsage\":null"});
}

TEST_CASE("text is read as libprotobuf reads it") {
  check_values<wire::ContainerStatus>(
      "{\"name\":", {"\"\"", "\"a\"", "\"\\u00e9\\ud83d\\ude00\\n\\/\"", "\"\\u0000\"",
                     "\"\xc3\xa9\"", "\"\\ud800\"", "\"\xff\"", "\"\xed\xa0\x80\"", "\"a", "\"\\",
                     "\"\\u12\"", "5", "true", "{}"});
  check_values<wire::ReadFileResponse>(
      "{\"content\":", {"\"\"", "\"YQ==\"", "\"YQ\"", "\"_-8=\"", "\"/+8=\"", "\"_-8\"", "\"YR==\"",
                        "\"\\/+8=\"", "\"Y\"", "\"!\"", "\"YQ==YQ==\"", "1"});
  check_values<wire::SandboxStatus>("{\"createTime\":", {"\"2024-02-29T00:00:00Z\"",
                                                         "\"2024-01-01T00:00:00.1Z\"",
                                                         "\"2024-01-01T00:00:00.123456789Z\"",
                                                         "\"2024-01-01T00:00:00+01:00\"",
                                                         "\"2024-01-01T00:00:00-00:30\"",
                                                         "\"0001-01-01T00:00:00Z\"",
                                                         "\"9999-12-31T23:59:59.999999999Z\"",
                                                         "\"1969-12-31T23:59:59.5Z\"",
                                                         "null",
                                                         "\"2024-01-01T00:00:00-25:00\"",
                                                         "\"2024-01-01t00:00:00Z\"",
                                                         "\"2024-01-01T00:00:00z\"",
                                                         "\"2024-01-01 00:00:00Z\"",
                                                         "\"2023-02-29T00:00:00Z\"",
                                                         "\"2024-01-01T24:00:00Z\"",
                                                         "\"2024-01-01T00:00:60Z\"",
                                                         "\"2024-01-01T00:00:00\"",
                                                         "\"2024-01-01T00:00:00.Z\"",
                                                         "\"0000-01-01T00:00:00Z\"",
                                                         "\"\"",
                                                         "1"});
  check_values<wire::UpdateVolumeRequest>(
      "{\"updateMask\":", {"\"\"", "\"a\"", "\"aB\"", "\"a_b\"", "\"a.bC,d\"", "null", "1"});
}

TEST_CASE("unknown fields are skipped as libprotobuf skips them") {
  check_values<wire::ContainerStatus>(
      "{\"exitCode\":1,\"new\":",
      {"1", "-1.5e300", "null", "true", "\"x\"", "[]", "{}", "[1,[2,{\"a\":null}]]",
       "{\"exitCode\":5}", "tru", "[", "[1 2]", "{\"a\" 1}", "{\"a\":}", "01", "]"});
}

// Where we differ: strict where libprotobuf 3.21 is lenient beyond the mapping, and exact where it
// is not.
TEST_CASE("JSON that only libprotobuf takes is refused") {
  auto const refused = []<wire::message M>(std::string const& json, M) {
    INFO(json);
    CHECK(theirs<M>(json) != "refused");
    CHECK(ours<M>(json) == "refused");
  };
  for (auto const* value : {"\"+1\"", "\"007\"", "1.", "1,"}) {
    refused("{\"exitCode\":" + std::string(value) + "}", wire::ContainerStatus{});
  }
  refused("{\"cpuMillicores\":-9223372036854775809}", wire::ResourceUsage{});
  for (auto const* value : {"\"true\"", "\"TRUE\""}) {
    refused("{\"showTerminated\":" + std::string(value) + "}", wire::ListSandboxesRequest{});
  }
  for (auto const* value : {"[\"a\",null]", "\"a\"", "[\"a\",]", "[[]]"}) {
    refused("{\"tags\":" + std::string(value) + "}", wire::ListSandboxesRequest{});
  }
  refused("{\"environmentVariables\":{\"a\":null}}", wire::Container{});
  refused("{exitCode:1}", wire::ContainerStatus{});
  refused("{'exitCode':1}", wire::ContainerStatus{});
  refused("{\"name\":\"\x01\"}", wire::ContainerStatus{});
  refused("{\"name\":\"\\x\"}", wire::ContainerStatus{});
  for (auto const* value : {"2024-01-01T00:00:00.1234567891Z", "0001-01-01T00:00:00+01:00",
                            "9999-12-31T23:59:59-01:00", "24-01-01T00:00:00Z"}) {
    refused("{\"createTime\":\"" + std::string(value) + "\"}", wire::SandboxStatus{});
  }
  for (auto const* value : {"a,", "a,,b"}) {
    refused("{\"updateMask\":\"" + std::string(value) + "\"}", wire::UpdateVolumeRequest{});
  }
}

TEST_CASE("JSON that only libprotobuf refuses is read") {
  auto const read = []<wire::message M>(std::string const& json, M, std::string const& as) {
    INFO(json);
    CHECK(theirs<M>(json) == "refused");
    CHECK(ours<M>(json) == as);
  };
  // The mapping takes an exponent wherever it takes a number.
  read("{\"exitCode\":\"1e2\"}", wire::ContainerStatus{}, "{\"exitCode\":100}");
  read("{\"exitCode\":\"1.0\"}", wire::ContainerStatus{}, "{\"exitCode\":1}");
  // Through a double these would not be exact.
  for (auto const* value : {"9223372036854775807.0", "9.223372036854775807e18"}) {
    read("{\"cpuMillicores\":" + std::string(value) + "}", wire::ResourceUsage{},
         "{\"cpuMillicores\":\"9223372036854775807\"}");
  }
  // There a field with explicit presence is a oneof.
  read("{\"exitCode\":1,\"exitCode\":2}", wire::SandboxStatus{}, "{\"exitCode\":2}");
  read("{\"environmentVariables\":{\"a\":\"x\",\"a\":\"y\"}}", wire::Container{},
       "{\"environmentVariables\":{\"a\":\"y\"}}");
}

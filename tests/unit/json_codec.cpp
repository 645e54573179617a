// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/json.hpp>
#include <cwsandbox/wire/messages.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace wire = cwsandbox::wire;
using namespace std::string_literals;

template <wire::message M>
M read(std::string_view json) {
  INFO(json);
  auto message = wire::from_json<M>(json);
  if (!message) FAIL(message.error().message());
  return *std::move(message);
}

template <wire::message M>
std::string why_refused(std::string_view json, wire::json_limits const& limits = {}) {
  INFO(json);
  auto const message = wire::from_json<M>(json, limits);
  REQUIRE(!message);
  CHECK(message.error().kind() == cwsandbox::error_kind::rpc);
  CHECK(message.error().code() == cwsandbox::status_code::internal);
  std::string const start =
      "cannot read " + std::string(wire::descriptor<M>::name) + " from JSON: ";
  REQUIRE(message.error().message().substr(0, start.size()) == start);
  return message.error().message().substr(start.size());
}

// A document with every kind of value.
constexpr std::string_view sample =
    R"({"sandboxes":[{"sandboxId":"sb-1","spec":{"containers":[{"image":"a\"\\\u00e9","args":)"
    R"(["sh","-c"],"environmentVariables":{"KEY":"value","\u00e4":""}}],"tags":["t"]},)"
    R"("status":{"state":"STATE_RUNNING","createTime":"2024-02-29T12:00:00.5Z","exitCode":0,)"
    R"("resourceUsage":{"cpuMillicores":"250"}},"sourceTemplateRevision":"-7","later":)"
    R"([1.5e3,null,true,{"a":[]}]}],"nextPageToken":"next"})";

}  // namespace

TEST_CASE("a message is written without the fields that are not set") {
  CHECK(wire::to_json(wire::Sandbox{}) == "{}");
  CHECK(wire::to_json(wire::Empty{}) == "{}");

  wire::SandboxStatus status;
  status.state = wire::State::running;
  status.exit_code = 0;
  status.effective_max_lifetime_seconds = -5;
  status.resource_usage.emplace().cpu_millicores = std::numeric_limits<std::int64_t>::min();
  status.attached_volume_ids = {"a", ""};
  CHECK(wire::to_json(status) ==
        R"({"state":"STATE_RUNNING","resourceUsage":{"cpuMillicores":"-9223372036854775808"},)"
        R"("exitCode":0,"effectiveMaxLifetimeSeconds":-5,"attachedVolumeIds":["a",""]})");

  std::string text = "[";
  wire::to_json_append(wire::GetSandboxRequest{"x"}, text);
  CHECK(text == R"([{"sandboxId":"x"})");
}

TEST_CASE("an enum number without a name is written as a number") {
  wire::ContainerStatus status;
  status.state = static_cast<wire::State>(1234);
  CHECK(wire::to_json(status) == R"({"state":1234})");
  CHECK(read<wire::ContainerStatus>(R"({"state":1234})") == status);
}

TEST_CASE("the name of an enum value that is not known reads as the zero value") {
  CHECK(read<wire::ContainerStatus>(R"({"state":"STATE_HIBERNATING","name":"a"})") ==
        wire::ContainerStatus{"a", wire::State::unspecified, 0, 0});
}

TEST_CASE("what JSON cannot hold in a string is escaped") {
  auto const written = [](std::string name) {
    wire::ContainerStatus status;
    status.name = name;
    std::string const json = wire::to_json(status);
    CHECK(read<wire::ContainerStatus>(json).name == name);
    return json.substr(8, json.size() - 9);
  };
  CHECK(written("plain") == "\"plain\"");
  CHECK(written("\"\\/") == R"("\"\\/")");
  CHECK(written("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(written("\0\x01\x1f\x7f"s) == "\"\\u0000\\u0001\\u001f\x7f\"");
  CHECK(written("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") ==
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
  // A special character at each place of the words that are looked at together.
  for (std::size_t at = 0; at != 20; ++at) {
    for (char const special : {'"', '\\', '\n', '\x1f'}) {
      std::string text(20, 'x');
      text[at] = special;
      written(text);
    }
  }
}

TEST_CASE("what is not UTF-8 is written as the replacement character") {
  auto const written = [](std::string_view name) {
    wire::ContainerStatus status;
    status.name = name;
    return read<wire::ContainerStatus>(wire::to_json(status)).name;
  };
  std::string const bad = "\xef\xbf\xbd";
  CHECK(written("a\xff"
                "b") == "a" + bad + "b");
  CHECK(written("\xc3") == bad);
  CHECK(written("\xe2\x82") == bad);
  CHECK(written("\xe2\x82x") == bad + "x");
  CHECK(written("\xf0\x9f\x98") == bad);
  CHECK(written("\xc0\xaf") == bad + bad);
  CHECK(written("\xed\xa0\x80") == bad + bad + bad);
  CHECK(written("\xf5\x80\x80\x80") == bad + bad + bad + bad);
  CHECK(written("\xf4\x90\x80\x80") == bad + bad + bad + bad);
  CHECK(written("12345678\x80") == "12345678" + bad);
}

TEST_CASE("both names of a field are read, and names may hold escapes") {
  for (auto const* json : {R"({"exitCode":3})", R"({"exit_code":3})", R"({"exit\u0043ode":3})",
                           R"({"\u0065xit_code":"3"})", " {\n\t\"exitCode\" : 3 }\r\n"}) {
    CHECK(read<wire::ContainerStatus>(json).exit_code == 3);
  }
  for (auto const* json : {R"({"exitcode":3})", R"({"exitCode ":3})", R"({"exitCode\u0000":3})",
                           R"({"":3})", R"({"exitCodes":3})", R"({"exitCod":3})"}) {
    CHECK(read<wire::ContainerStatus>(json) == wire::ContainerStatus{});
  }
}

TEST_CASE("numbers must be integers of their type") {
  auto const exit_code = [](std::string const& value) {
    return read<wire::ContainerStatus>("{\"exitCode\":" + value + "}").exit_code;
  };
  CHECK(exit_code("-2147483648") == std::numeric_limits<std::int32_t>::min());
  CHECK(exit_code("\"2147483647\"") == std::numeric_limits<std::int32_t>::max());
  CHECK(exit_code("1.5e1") == 15);
  CHECK(exit_code("0.0015E+4") == 15);
  CHECK(exit_code("1500000e-5") == 15);
  CHECK(exit_code("\"1.500e1\"") == 15);
  CHECK(exit_code("0e99999999999999999999") == 0);
  CHECK(exit_code("-0.000") == 0);
  CHECK(exit_code("1" + std::string(400, '0') + "e-400") == 1);

  auto const refused = [](std::string const& value) {
    return why_refused<wire::ContainerStatus>("{\"exitCode\":" + value + "}");
  };
  CHECK(refused("2147483648") == "exitCode: out of range");
  CHECK(refused("-2147483649") == "exitCode: out of range");
  CHECK(refused("1e99999999999999999999") == "exitCode: out of range");
  CHECK(refused("99999999999999999999999999") == "exitCode: out of range");
  CHECK(refused("1.5") == "exitCode: must be an integer");
  CHECK(refused("1e-99999999999999999999") == "exitCode: must be an integer");
  CHECK(refused("0.00000000000000000000000000001") == "exitCode: must be an integer");
  for (auto const* value :
       {"\"\"",      "\"x\"",  "\" 1\"", "\"1 \"", "\"0x1\"", "\"+1\"", "\"01\"",  "\"1.\"",
        "\".1\"",    "\"1e\"", "\"-\"",  "true",   "[]",      "NaN",    "\"NaN\"", "Infinity",
        "-Infinity", "01",     "+1",     ".5",     "1.",      "1e",     "-"}) {
    CHECK(refused(value) == "exitCode: must be a number");
  }
}

TEST_CASE("64-bit numbers are exact") {
  auto const number = [](std::string const& value) {
    return read<wire::ResourceUsage>("{\"memoryMb\":" + value + "}").memory_mb;
  };
  CHECK(number("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(number("\"9223372036854775807\"") == std::numeric_limits<std::int64_t>::max());
  CHECK(number("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  CHECK(number("9007199254740993") == 9007199254740993);
  CHECK(number("9007199254740993.000e0") == 9007199254740993);
  for (auto const* value :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551616"}) {
    CHECK(why_refused<wire::ResourceUsage>("{\"memoryMb\":" + std::string(value) + "}") ==
          "memoryMb: out of range");
  }
}

TEST_CASE("null is a field that is not set, but no element and no map value") {
  CHECK(read<wire::Sandbox>(R"({"sandboxId":null,"spec":null,"status":null})") == wire::Sandbox{});
  CHECK(read<wire::ListSandboxesRequest>(R"({"tags":null,"state":null})") ==
        wire::ListSandboxesRequest{});
  CHECK(why_refused<wire::ListSandboxesRequest>(R"({"tags":["a",null]})") ==
        "tags[1]: must be a string");
  CHECK(why_refused<wire::Container>(R"({"environmentVariables":{"A":"b","C":null}})") ==
        R"(environmentVariables["C"]: must be a string)");
}

TEST_CASE("one alternative of a oneof may be set") {
  auto const rule = read<wire::EgressRule>(R"({"cidr":null,"dnsName":"example.org"})");
  CHECK(std::get<2>(rule.destination) == "example.org");
  CHECK(wire::to_json(rule) == R"({"dnsName":"example.org"})");
  CHECK(why_refused<wire::EgressRule>(R"({"dnsName":"a","any":true})") ==
        "any: excludes another field that is set too");
  CHECK(why_refused<wire::EgressRule>(R"({"any":true,"any":true})") ==
        "any: excludes another field that is set too");
  // The same alternative at its default is set all the same.
  auto const empty = read<wire::EgressRule>(R"({"dnsName":""})");
  CHECK(empty.destination.index() == 2);
  CHECK(wire::to_json(empty) == R"({"dnsName":""})");
}

TEST_CASE("bytes are base64 of either alphabet") {
  auto const content = [](std::string const& text) {
    return read<wire::ReadFileResponse>("{\"content\":\"" + text + "\"}").content;
  };
  CHECK(content("+/+/") == "\xfb\xff\xbf");
  CHECK(content("+\\/+\\/") == "\xfb\xff\xbf");
  CHECK(content("-_-_") == "\xfb\xff\xbf");
  CHECK(content("AAA=") == "\0\0"s);
  CHECK(content("AAA") == "\0\0"s);
  CHECK(wire::to_json(wire::ReadFileResponse{"\xfb\xff"}) == R"({"content":"+/8="})");
  for (auto const* text : {"A", "AB=C", "A B=", "!"}) {
    CHECK(why_refused<wire::ReadFileResponse>("{\"content\":\"" + std::string(text) + "\"}") ==
          "content: must be base64");
  }
}

TEST_CASE("times are RFC 3339") {
  auto const time = [](std::int64_t seconds, std::int32_t nanos) {
    return wire::to_json(wire::Timestamp{seconds, nanos});
  };
  CHECK(time(0, 0) == "\"1970-01-01T00:00:00Z\"");
  CHECK(time(0, 500'000'000) == "\"1970-01-01T00:00:00.500Z\"");
  CHECK(time(-1, 1'000) == "\"1969-12-31T23:59:59.000001Z\"");
  CHECK(time(951'782'400, 1) == "\"2000-02-29T00:00:00.000000001Z\"");
  // Outside what JSON can say.
  CHECK(time(std::numeric_limits<std::int64_t>::max(), 0) == "\"9999-12-31T23:59:59.999999999Z\"");
  CHECK(time(std::numeric_limits<std::int64_t>::min(), 0) == "\"0001-01-01T00:00:00Z\"");
  CHECK(time(0, -1) == "\"1969-12-31T23:59:59.999999999Z\"");
  CHECK(time(253'402'300'799, 2'000'000'000) == "\"9999-12-31T23:59:59.999999999Z\"");

  CHECK(read<wire::Timestamp>(R"("2024-02-29T01:02:03.25+01:30")") ==
        wire::Timestamp{1'709'163'123, 250'000'000});
  CHECK(read<wire::Timestamp>(R"("0001-01-01T00:00:00Z")") == wire::Timestamp{-62'135'596'800, 0});
  CHECK(why_refused<wire::Timestamp>("\"2023-02-29T00:00:00Z\"") ==
        "must be a time as in RFC 3339, years 0001 to 9999");
  for (auto const* json : {"", "1", "{}", "[]", "\"\",\"\"", "\"2024-02-29T00:00:00Z\"]", "null"}) {
    why_refused<wire::Timestamp>(json);
  }
}

TEST_CASE("lengths of time are seconds") {
  auto const length = [](std::int64_t seconds, std::int32_t nanos) {
    return wire::to_json(wire::Duration{seconds, nanos});
  };
  CHECK(length(0, 0) == "\"0s\"");
  CHECK(length(1, 500'000'000) == "\"1.500s\"");
  CHECK(length(0, -1) == "\"-0.000000001s\"");
  CHECK(length(-3, -20'000) == "\"-3.000020s\"");
  CHECK(length(1, -500'000'000) == "\"0.500s\"");
  CHECK(length(-1, 500'000'000) == "\"-0.500s\"");
  CHECK(length(std::numeric_limits<std::int64_t>::min(), 0) == "\"-315576000000s\"");

  CHECK(read<wire::Duration>("\"1.5s\"") == wire::Duration{1, 500'000'000});
  CHECK(read<wire::Duration>("\"-0.25s\"") == wire::Duration{0, -250'000'000});
  CHECK(read<wire::Duration>("\"315576000000s\"") == wire::Duration{315'576'000'000, 0});
  for (auto const* text : {"", "s", "1", ".5s", "1.s", "1.0000000001s", "+1s", "1 s", "1S", "--1s",
                           "315576000001s", "315576000000.1s", "99999999999999999999s", "1sx"}) {
    CHECK(why_refused<wire::Duration>("\"" + std::string(text) + "\"") ==
          "must be a length of time in seconds, such as 1.5s");
  }
}

TEST_CASE("field masks are one string in lowerCamelCase") {
  CHECK(wire::to_json(wire::FieldMask{{"display_name", "spec.max_lifetime_seconds"}}) ==
        "\"displayName,spec.maxLifetimeSeconds\"");
  // Underscores that no capital can stand for stay.
  CHECK(wire::to_json(wire::FieldMask{{"a_1", "b__c", "_", "_d_", ""}}) == "\"a_1,b_C,_,D_,\"");
  CHECK(read<wire::FieldMask>("\"a_1,b_C,_,D_\"").paths ==
        std::vector<std::string>{"a_1", "b__c", "_", "_d_"});
  CHECK(wire::to_json(wire::FieldMask{{"\""}}) == R"("\"")");
  CHECK(read<wire::FieldMask>("\"displayName,spec.a_b\"").paths ==
        std::vector<std::string>{"display_name", "spec.a_b"});
  CHECK(read<wire::FieldMask>("\"\"").paths.empty());
  CHECK(why_refused<wire::FieldMask>("\"a,\"") == "must be field names, joined by commas");
}

TEST_CASE("errors say where") {
  CHECK(why_refused<wire::ListSandboxesResponse>(
            R"({"sandboxes":[{},{"spec":{"containers":[{"args":["a",5]}]}}]})") ==
        "sandboxes[1].spec.containers[0].args[1]: must be a string");
  CHECK(why_refused<wire::ListSandboxesResponse>(R"({"sandboxes":{}})") ==
        "sandboxes: must be a list");
  CHECK(why_refused<wire::ListSandboxesResponse>(R"({"sandboxes":[7]})") ==
        "sandboxes[0]: must be an object");
  CHECK(why_refused<wire::ListSandboxesRequest>(R"({"showTerminated":"true"})") ==
        "showTerminated: must be true or false");
  CHECK(why_refused<wire::Container>(R"({"environmentVariables":[]})") ==
        "environmentVariables: must be an object");
  std::string const longest(200, 'k');
  CHECK(why_refused<wire::Sandbox>("{\"" + longest + "\":tru}") ==
        "[\"" + longest.substr(0, 64) + "...\"]: not valid JSON");
  // never half a character
  CHECK(why_refused<wire::Sandbox>("{\"" + std::string(63, 'k') + "\xc3\xa9\":tru}") ==
        "[\"" + std::string(63, 'k') + "...\"]: not valid JSON");
}

TEST_CASE("documents that are not one JSON object are refused") {
  for (auto const* json : {"",
                           " ",
                           "null",
                           "1",
                           "\"a\"",
                           "true",
                           "[]",
                           "[{}]",
                           "{",
                           "}",
                           "{}{}",
                           "{} x",
                           "{},",
                           "{}]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\":1 \"b\":2}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":[}",
                           "{\"a\":[1,]}",
                           "{\"a\":[,1]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":{]}",
                           "{\"a\":tru}",
                           "{\"a\":truee}",
                           "{\"a\":nul}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":-}",
                           "{\"a\":\"x}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"\xc3\":1}",
                           "{\"a\" 1}",
                           "{\"a\"::1}",
                           "{\"a\":1}}",
                           "{\"a\":[1]]}",
                           "// x\n{}",
                           "{\"\\x\":1}",
                           "{\"a\":{\"b\" \"c\"}}",
                           "{\"a\":\"b\"\"c\"}",
                           "{\"a\":\"b\"c}"}) {
    why_refused<wire::Sandbox>(json);
  }
  why_refused<wire::Sandbox>(std::string_view("{}\0", 3));
  why_refused<wire::Sandbox>(std::string_view("{\"a\":\"\0\"}", 9));
}

TEST_CASE("a document that ends anywhere too early is refused") {
  auto const whole = read<wire::ListSandboxesResponse>(sample);
  CHECK(whole.sandboxes.at(0).spec->containers.at(0).image == "a\"\\\xc3\xa9");
  CHECK(read<wire::ListSandboxesResponse>(wire::to_json(whole)) == whole);

  wire::json_reader reader;
  for (std::size_t size = 0; size != sample.size(); ++size) {
    INFO(size);
    CHECK(!reader.read<wire::ListSandboxesResponse>(sample.substr(0, size)));
    std::string text(sample.substr(0, size));
    CHECK(!reader.read_in_place<wire::ListSandboxesResponse>(text));
    CHECK(text == sample.substr(0, size));
  }
  // and the reader is none the worse for it
  auto const again = reader.read<wire::ListSandboxesResponse>(sample);
  REQUIRE(again);
  CHECK(*again == whole);
}

TEST_CASE("a document with one byte changed is read or refused") {
  wire::json_reader reader;
  unsigned refused = 0;
  for (std::size_t at = 0; at != sample.size(); ++at) {
    for (char const c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'x', ' ', '\xff', '\0'}) {
      std::string text(sample);
      text[at] = c;
      auto const message = reader.read_in_place<wire::ListSandboxesResponse>(text);
      if (!message) {
        ++refused;
        continue;
      }
      auto const again = reader.read<wire::ListSandboxesResponse>(wire::to_json(*message));
      REQUIRE(again);
      CHECK(*again == *message);
    }
  }
  CHECK(refused > sample.size());
}

TEST_CASE("nesting is limited, in what is known and in what is skipped") {
  wire::json_limits limits;
  limits.max_depth = 3;
  CHECK(wire::from_json<wire::Sandbox>(R"({"spec":{"tags":[]}})", limits));
  CHECK(why_refused<wire::Sandbox>(R"({"spec":{"containers":[{}]}})", limits) ==
        "spec.containers[0]: nested deeper than 3");
  CHECK(wire::from_json<wire::Sandbox>(R"({"new":{"a":[1]}})", limits));
  CHECK(why_refused<wire::Sandbox>(R"({"new":{"a":[[]]}})", limits) ==
        R"(["new"][0]: nested deeper than 3)");

  auto const nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  CHECK(wire::from_json<wire::Sandbox>(nested(64)));
  why_refused<wire::Sandbox>(nested(65));
  why_refused<wire::Sandbox>("{\"a\":" + std::string(1'000'000, '['));
  limits.max_depth = std::numeric_limits<std::size_t>::max();
  CHECK(wire::from_json<wire::Sandbox>(nested(512), limits));
  why_refused<wire::Sandbox>(nested(513), limits);
}

TEST_CASE("the size of a document is limited") {
  wire::json_limits limits;
  limits.max_bytes = 17;
  std::string text = R"({"sandboxId":"a"})";
  REQUIRE(text.size() == 17);
  wire::json_reader reader{limits};
  CHECK(reader.read<wire::Sandbox>(text));
  CHECK(reader.read_in_place<wire::Sandbox>(text));
  text += ' ';
  CHECK(why_refused<wire::Sandbox>(text, limits) ==
        "the document has 18 bytes, more than the limit of 17");
  CHECK(!reader.read_in_place<wire::Sandbox>(text));
}

TEST_CASE("a reader reads large and small documents in turn") {
  wire::json_reader reader;
  wire::ReadFileResponse large;
  large.content.assign(3'000'000, '\xfb');
  std::string text = wire::to_json(large);
  text.reserve(text.size() + wire::json_reader::padding);
  char const* const data = text.data();
  for (int round = 0; round != 3; ++round) {
    auto const read = reader.read_in_place<wire::ReadFileResponse>(text);
    REQUIRE(read);
    CHECK(*read == large);
    CHECK(text.data() == data);
    auto const copied = reader.read<wire::ReadFileResponse>(text);
    REQUIRE(copied);
    CHECK(*copied == large);
    CHECK(reader.read<wire::ReadFileResponse>("{}"));
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/value_codec.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace codec_test {

struct point {
  int x = 0;
  std::optional<int> y = {};
  friend bool operator==(point const&, point const&) = default;
};

struct tree {
  std::string name{};
  std::vector<tree> children{};
  friend bool operator==(tree const&, tree const&) = default;
};

struct renamed {
  int left = 0;
};

enum class color { red, green };

}  // namespace codec_test

CWSANDBOX_FIELDS(codec_test::point, x, y);
CWSANDBOX_FIELDS(codec_test::tree, name, children);

template <>
struct cwsandbox::value_fields<codec_test::renamed> {
  static constexpr auto list() { return std::tuple{value_field{"Left", &codec_test::renamed::left}}; }
};

template <>
struct cwsandbox::value_codec<codec_test::color> {
  static void encode(value_writer& out, codec_test::color c) {
    out.text(c == codec_test::color::red ? "red" : "green");
  }
  static bool decode(value_reader& in, codec_test::color& c) {
    std::string text;
    if (!in.read(text)) return false;
    if (text != "red" && text != "green") return in.fail("must be red or green");
    c = text == "red" ? codec_test::color::red : codec_test::color::green;
    return true;
  }
};

namespace {

namespace cw = cwsandbox;
using codec_test::color;
using codec_test::point;
using codec_test::renamed;
using codec_test::tree;

template <class T>
void check_both_ways(T const& value, std::string const& text) {
  CAPTURE(text);
  CHECK(cw::value_to_json(value) == text);
  auto const back = cw::value_from_json<T>(text);
  REQUIRE(back);
  CHECK(*back == value);
}

// Why the text is not a T.
template <class T>
std::string refusal(std::string_view text) {
  CAPTURE(text);
  auto const value = cw::value_from_json<T>(text);
  REQUIRE_FALSE(value);
  CHECK(value.error().kind() == cw::error_kind::function);
  std::string const lead = "cannot read the value from JSON: ";
  REQUIRE(value.error().message().starts_with(lead));
  return value.error().message().substr(lead.size());
}

template <class T>
std::pair<std::string, std::string> encode_refusal(T const& value) {
  try {
    (void)cw::value_to_json(value);
  } catch (cw::invalid_argument const& e) {
    return {e.field(), e.what()};
  }
  return {};
}

TEST_CASE("values survive the way to JSON and back") {
  check_both_ways(true, "true");
  check_both_ways(false, "false");
  check_both_ways(-7, "-7");
  check_both_ways(std::numeric_limits<std::int64_t>::min(), "-9223372036854775808");
  check_both_ways(std::numeric_limits<std::int64_t>::max(), "9223372036854775807");
  check_both_ways(std::numeric_limits<std::uint64_t>::max(), "18446744073709551615");
  check_both_ways(std::int8_t{-128}, "-128");
  check_both_ways(std::uint8_t{255}, "255");
  check_both_ways(2.5, "2.5");
  check_both_ways(5.0, "5.0");
  check_both_ways(0.1, "0.1");
  check_both_ways(std::numeric_limits<double>::max(), "1.7976931348623157e+308");
  check_both_ways(std::numeric_limits<double>::denorm_min(), "5e-324");
  check_both_ways(0.1f, "0.1");
  check_both_ways(std::string{"a \"b\" \\ \n \xc3\xa9"}, "\"a \\\"b\\\" \\\\ \\n \xc3\xa9\"");
  check_both_ways(std::string{"a\0b", 3}, "\"a\\u0000b\"");
  check_both_ways(std::optional<int>{}, "null");
  check_both_ways(std::optional<int>{3}, "3");
  check_both_ways(std::vector<int>{}, "[]");
  check_both_ways(std::vector<bool>{true, false}, "[true,false]");
  check_both_ways(std::vector<std::vector<int>>{{1}, {}, {2, 3}}, "[[1],[],[2,3]]");
  check_both_ways(std::array<int, 2>{1, 2}, "[1,2]");
  check_both_ways(std::map<std::string, int>{{"a", 1}, {"b", 2}}, "{\"a\":1,\"b\":2}");
  check_both_ways(std::map<std::string, int, std::less<>>{}, "{}");
  check_both_ways(std::unordered_map<std::string, bool>{{"a", true}}, "{\"a\":true}");
  check_both_ways(std::tuple<int, std::string, bool>{1, "x", true}, "[1,\"x\",true]");
  check_both_ways(std::tuple<>{}, "[]");
  check_both_ways(std::pair<int, double>{1, 1.5}, "[1,1.5]");
  check_both_ways(point{1, 2}, "{\"x\":1,\"y\":2}");
  check_both_ways(point{1, {}}, "{\"x\":1,\"y\":null}");
  check_both_ways(tree{"a", {tree{"b", {}}}},
                  "{\"name\":\"a\",\"children\":[{\"name\":\"b\",\"children\":[]}]}");
  check_both_ways(color::green, "\"green\"");
  check_both_ways(std::vector<color>{color::red}, "[\"red\"]");
  check_both_ways(cw::json{"{\"a\":[1,null]}"}, "{\"a\":[1,null]}");
}

TEST_CASE("texts that are only sent are encoded like the others") {
  CHECK(cw::value_to_json("abc") == "\"abc\"");
  CHECK(cw::value_to_json(std::string_view{"abc"}) == "\"abc\"");
  CHECK(cw::value_to_json(nullptr) == "null");
  STATIC_REQUIRE(cw::encodable<std::string_view>);
  STATIC_REQUIRE_FALSE(cw::decodable<std::string_view>);
  STATIC_REQUIRE_FALSE(cw::encodable<char>);
  STATIC_REQUIRE_FALSE(cw::encodable<void*>);
}

TEST_CASE("what JSON cannot hold is refused with the way to it") {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const infinity = std::numeric_limits<double>::infinity();
  CHECK(encode_refusal(nan).first == "value");
  CHECK(encode_refusal(nan).second == "cannot be written as JSON: JSON has no NaN");
  CHECK(encode_refusal(-infinity).second == "cannot be written as JSON: JSON has no infinity");
  std::map<std::string, std::vector<double>> const nested{{"a", {1, 2}}, {"b", {3, nan, infinity}}};
  CHECK(encode_refusal(nested).first == "value['b'][1]");
  CHECK(encode_refusal(std::string{"\xff"}).second == "cannot be written as JSON: text must be UTF-8");
  CHECK(encode_refusal(std::map<std::string, int>{{"\xff", 1}}).first == "value['\xef\xbf\xbd']");
  for (auto const* text : {"", "{", "[1,]", "{\"a\":}", "nul", "1 2", "NaN", "Infinity", "'a'", "01"}) {
    CAPTURE(text);
    CHECK(encode_refusal(cw::json{text}).first == "value");
  }
}

TEST_CASE("raw JSON is compacted and kept as it is otherwise") {
  auto const value = cw::value_from_json<cw::json>(
      " { \"a\" : [ 1.50e2 , { } , [ ] , \"x \\u00e9 y\" , null , true ] } ");
  REQUIRE(value);
  CHECK(value->text == "{\"a\":[1.50e2,{},[],\"x \\u00e9 y\",null,true]}");
}

TEST_CASE("what does not fit into the type is refused by name") {
  CHECK(refusal<std::int8_t>("128") == "128 does not fit into 8 bits");
  CHECK(refusal<int>("-2147483649") == "-2147483649 does not fit into 32 bits");
  CHECK(refusal<std::uint8_t>("-1") == "-1 does not fit into 64 bits without a sign");
  CHECK(refusal<std::int64_t>("9223372036854775808") ==
        "9223372036854775808 does not fit into 64 bits with a sign");
  CHECK(refusal<std::uint64_t>("18446744073709551616") ==
        "18446744073709551616 does not fit into 64 bits");
  CHECK(refusal<int>("1.5") == "1.5 must be an integer without a fraction");
  CHECK(refusal<int>("\"1\"") == "\"1\" must be an integer");
  CHECK(refusal<int>("true") == "true must be an integer");
  CHECK(refusal<int>("null") == "null must be an integer");
  CHECK(refusal<int>("[1]") == "a list must be an integer");
  CHECK(refusal<bool>("1") == "1 must be true or false");
  CHECK(refusal<bool>("{}") == "an object must be true or false");
  CHECK(refusal<double>("\"1\"") == "\"1\" must be a number");
  CHECK(refusal<double>("1e400") == "1e400 does not fit into a double");
  CHECK(refusal<double>("9007199254740993") ==
        "9007199254740993 is an integer that a double cannot hold exactly");
  CHECK(refusal<double>("18446744073709551616") ==
        "18446744073709551616 is an integer that does not fit into 64 bits");
  CHECK(refusal<float>("1e39") == "1e39 does not fit into a float");
  CHECK(refusal<std::string>("1") == "1 must be a text");
  CHECK(refusal<std::vector<int>>("{}") == "an object must be a list");
  CHECK(refusal<std::map<std::string, int>>("[]") == "a list must be an object");
  CHECK(refusal<std::tuple<int, int>>("[1]") == "must be a list of 2, not of 1");
  CHECK(refusal<std::tuple<int, int>>("[1,2,{\"a\":[3]}]") == "must be a list of 2, not of 3");
  CHECK(refusal<std::array<int, 1>>("[1,2]") == "must be a list of 1, not of 2");
  CHECK(refusal<color>("\"blue\"") == "must be red or green");
  CHECK(refusal<std::string>("1" + std::string(200, '0')).size() < 120);
}

TEST_CASE("a refusal says where in the value it stands") {
  CHECK(refusal<std::vector<int>>("[1,2,\"a\"]") == "[2]: \"a\" must be an integer");
  CHECK(refusal<std::map<std::string, std::vector<point>>>("{\"k\":[{\"x\":1},{\"x\":true}]}") ==
        "['k'][1]['x']: true must be an integer");
  CHECK(refusal<std::tuple<int, bool>>("[1,2]") == "[1]: 2 must be true or false");
}

TEST_CASE("integers with an empty fraction are integers") {
  CHECK(*cw::value_from_json<int>("3.0") == 3);
  CHECK(*cw::value_from_json<int>("1e2") == 100);
  CHECK(*cw::value_from_json<double>("3") == 3.0);
  CHECK(*cw::value_from_json<double>("-9007199254740992") == -9007199254740992.0);
  CHECK(*cw::value_from_json<double>("1e-400") == 0.0);
}

TEST_CASE("members that nobody named are ignored and missing ones are not") {
  CHECK(*cw::value_from_json<point>("{\"z\":{\"a\":[1]},\"x\":4}") == point{4, {}});
  CHECK(refusal<point>("{\"y\":4}") == "the member 'x' is missing");
  CHECK(cw::value_to_json(renamed{3}) == "{\"Left\":3}");
  CHECK(cw::value_from_json<renamed>("{\"Left\":3}")->left == 3);
}

TEST_CASE("what is not JSON is refused") {
  for (auto const* text : {"", " ", "nul", "{", "[1", "\"a", "1 2", "[1] x", "NaN", "\"\xff\"", "\"\\ud800\""}) {
    CAPTURE(text);
    CHECK_FALSE(cw::value_from_json<cw::json>(text));
  }
  std::string const deep = std::string(600, '[') + std::string(600, ']');
  CHECK(refusal<cw::json>(deep).find("nested deeper than") != std::string::npos);
}

}  // namespace

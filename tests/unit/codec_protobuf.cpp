// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/wire/exec.hpp>
#include <cwsandbox/wire/files.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace wire = cwsandbox::wire;
using namespace std::string_literals;
using namespace std::string_view_literals;

// Not in an unnamed namespace: compilers would find fault with unused parts of the tables.
namespace codec_test {

enum class color : std::int32_t { none = 0, red = 1 };

struct leaf {
  std::int32_t a{};
  std::int32_t b{};
  std::vector<std::string> names{};

  bool operator==(leaf const&) const = default;
};

// One field of each kind and label.
struct all_kinds {
  bool flag{};
  std::int32_t i32{};
  std::int64_t i64{};
  std::uint32_t u32{};
  std::uint64_t u64{};
  std::string text{};
  std::string data{};
  color shade{};
  std::optional<leaf> child{};
  std::optional<std::int32_t> maybe{};
  std::optional<std::string> maybe_text{};
  std::vector<bool> flags{};
  std::vector<std::int32_t> i32s{};
  std::vector<std::uint64_t> u64s{};
  std::vector<color> shades{};
  std::vector<std::string> texts{};
  std::vector<leaf> children{};
  wire::string_map map{};
  std::variant<std::monostate, std::int32_t, std::string, leaf> choice{};

  bool operator==(all_kinds const&) const = default;
};

struct nested {
  std::vector<all_kinds> inner{};

  bool operator==(nested const&) const = default;
};

}  // namespace codec_test

namespace cwsandbox::wire {

template <>
struct enum_descriptor<codec_test::color> {
  static constexpr std::string_view name = "test.Color";
  static constexpr enum_value<codec_test::color> values[] = {{codec_test::color::none, "NONE"},
                                                             {codec_test::color::red, "RED"}};
};

template <>
struct descriptor<codec_test::leaf> {
  static constexpr std::string_view name = "test.Leaf";
  template <class M = codec_test::leaf>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "a", &M::a), field(2, "b", &M::b), field(3, "names", &M::names));
  }
};

template <>
struct descriptor<codec_test::all_kinds> {
  static constexpr std::string_view name = "test.AllKinds";
  template <class M = codec_test::all_kinds>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "flag", &M::flag), field(2, "i32", &M::i32), field(3, "i64", &M::i64),
                 field(4, "u32", &M::u32), field(5, "u64", &M::u64), field(6, "text", &M::text),
                 bytes_field(7, "data", &M::data), field(8, "shade", &M::shade),
                 field(9, "child", &M::child), field(10, "maybe", &M::maybe),
                 field(11, "maybe_text", "maybeText", &M::maybe_text),
                 field(12, "flags", &M::flags), field(13, "i32s", &M::i32s),
                 field(14, "u64s", &M::u64s), field(15, "shades", &M::shades),
                 field(16, "texts", &M::texts), field(17, "children", &M::children),
                 field(2047, "map", &M::map), oneof_field<1>(2048, "number", &M::choice),
                 oneof_field<2>(20, "word", &M::choice), oneof_field<3>(21, "tree", &M::choice));
  }
};

template <>
struct descriptor<codec_test::nested> {
  static constexpr std::string_view name = "test.Nested";
  template <class M = codec_test::nested>
  static constexpr auto fields(auto&& visit) {
    return visit(field(1, "inner", &M::inner));
  }
};

}  // namespace cwsandbox::wire

using codec_test::all_kinds;
using codec_test::color;
using codec_test::leaf;
using codec_test::nested;

namespace {

// Bytes by hand, to say what the wire looks like without the encoder under test.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80U; value >>= 7U) bytes += static_cast<char>((value & 0x7fU) | 0x80U);
  return bytes += static_cast<char>(value);
}
std::string key(std::uint32_t number, unsigned type) { return varint(number << 3U | type); }
std::string number(std::uint32_t field, std::uint64_t value) {
  return key(field, 0) + varint(value);
}
std::string block(std::uint32_t field, std::string_view payload) {
  return (key(field, 2) + varint(payload.size())).append(payload);
}

all_kinds read(std::string_view bytes) {
  auto const result = wire::decode<all_kinds>(bytes);
  if (!result) FAIL(result.error().message());
  return *result;
}

template <class M = all_kinds>
std::string refusal(std::string_view bytes, wire::protobuf_limits const& limits = {}) {
  auto const result = wire::decode<M>(bytes, limits);
  if (result) return {};
  CHECK(result.error().kind() == cwsandbox::error_kind::rpc);
  CHECK(result.error().code() == cwsandbox::status_code::internal);
  return result.error().message();
}

constexpr auto minus_one = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("protobuf leaves out what is not present") {
  CHECK(wire::encode(all_kinds{}).empty());
  CHECK(wire::encoded_size(all_kinds{}) == 0);
  CHECK(read("") == all_kinds{});
}

TEST_CASE("protobuf writes what is present with a default value") {
  all_kinds message{};
  message.child.emplace();
  message.maybe = 0;
  message.maybe_text = "";
  message.choice = 0;
  auto const bytes = wire::encode(message);
  CHECK(bytes == block(9, "") + number(10, 0) + block(11, "") + number(2048, 0));
  CHECK(read(bytes) == message);
}

TEST_CASE("protobuf writes each kind as the wire format has it") {
  all_kinds message{};
  message.flag = true;
  message.i32 = -1;
  message.i64 = std::numeric_limits<std::int64_t>::min();
  message.u32 = std::numeric_limits<std::uint32_t>::max();
  message.u64 = std::numeric_limits<std::uint64_t>::max();
  message.text = "t\xc3\xa9xt";
  message.data = "\xff\0"s;
  message.shade = static_cast<color>(-7);
  auto const bytes = wire::encode(message);
  CHECK(bytes == number(1, 1) + number(2, minus_one) + number(3, std::uint64_t{1} << 63U) +
                     number(4, 0xffffffffU) + number(5, minus_one) + block(6, "t\xc3\xa9xt") +
                     block(7, "\xff\0"sv) +
                     number(8, static_cast<std::uint64_t>(std::int64_t{-7})));
  CHECK(read(bytes) == message);
}

TEST_CASE("protobuf writes repeated numbers packed and everything else one by one") {
  all_kinds message{};
  message.flags = {true, false};
  message.i32s = {1, -1, 300};
  message.u64s = {0};
  message.shades = {color::red, static_cast<color>(99)};
  message.texts = {"", "b"};
  message.children.resize(2);
  message.children[1].a = 5;
  auto const bytes = wire::encode(message);
  CHECK(bytes == block(12, "\1\0"sv) + block(13, varint(1) + varint(minus_one) + varint(300)) +
                     block(14, "\0"sv) + block(15, varint(1) + varint(99)) + block(16, "") +
                     block(16, "b") + block(17, "") + block(17, number(1, 5)));
  CHECK(read(bytes) == message);
}

TEST_CASE("protobuf takes repeated numbers packed, unpacked and mixed") {
  all_kinds expected{};
  expected.i32s = {1, 2, 3, 4};
  expected.flags = {true, false, true};
  expected.shades = {color::red, color::none};
  CHECK(read(number(13, 1) + block(13, "\2\3"sv) + block(13, "") + number(13, 4) + number(12, 1) +
             block(12, "\0\1"sv) + number(15, 1) + number(15, 0)) == expected);
}

TEST_CASE("protobuf cuts numbers to the width of their field") {
  auto const message = read(number(2, 0x1'0000'0005U) + number(4, 0x1'0000'0006U) +
                            number(8, 0x1'0000'0001U) + number(1, std::uint64_t{1} << 40U));
  CHECK(message.i32 == 5);
  CHECK(message.u32 == 6U);
  CHECK(message.shade == color::red);
  CHECK(message.flag);
  CHECK_FALSE(read(number(1, 1) + key(1, 0) + "\x80\x00"s).flag);
}

TEST_CASE("protobuf lets the last occurrence of a value count and merges messages") {
  auto const message =
      read(number(2, 1) + block(6, "first") + block(9, number(1, 1) + block(3, "x")) +
           number(2, 2) + block(6, "") + block(9, number(2, 2) + block(3, "y")));
  CHECK(message.i32 == 2);
  CHECK(message.text.empty());
  REQUIRE(message.child);
  CHECK(message.child->a == 1);
  CHECK(message.child->b == 2);
  CHECK(message.child->names == std::vector<std::string>{"x", "y"});
}

TEST_CASE("protobuf keeps the last alternative of a oneof") {
  CHECK(read(number(2048, 4) + block(20, "w")).choice.index() == 2);
  CHECK(std::get<1>(read(block(20, "w") + number(2048, 4)).choice) == 4);

  SECTION("pieces of a message are merged while it is the alternative") {
    auto const message = read(block(21, number(1, 1)) + block(21, number(2, 2)));
    CHECK(std::get<3>(message.choice) == leaf{1, 2, {}});
  }
  SECTION("what another alternative pushed out stays out") {
    auto const message = read(block(21, number(1, 1)) + number(2048, 0) + block(21, number(2, 2)));
    CHECK(std::get<3>(message.choice) == leaf{0, 2, {}});
  }
}

TEST_CASE("protobuf maps") {
  auto const entry = [](std::string_view k, std::string_view v) {
    return block(2047, block(1, k) + block(2, v));
  };

  SECTION("are written with key and value, empty or not") {
    all_kinds message{};
    message.map = {{"k", "v"}, {"", ""}};
    CHECK(wire::encode(message) == entry("k", "v") + entry("", ""));
    CHECK(read(wire::encode(message)) == message);
  }
  SECTION("take entries with parts left out, doubled, in any order, or unknown") {
    auto const message = read(block(2047, "") + block(2047, block(2, "only value")) +
                              block(2047, block(2, "v") + block(1, "k")) +
                              block(2047, block(1, "x") + block(1, "y") + number(3, 1)));
    CHECK(message.map == wire::string_map{{"", "only value"}, {"k", "v"}, {"y", ""}});
  }
  SECTION("keep the last value of a key") {
    auto const message = read(entry("a", "1") + entry("b", "2") + entry("a", "3"));
    CHECK(message.map.size() == 2);
    CHECK(message.map.at("a") == "3");
  }
  SECTION("keep the last value of a key also when there are many, in every message") {
    static constexpr std::size_t count = 5000;
    std::string bytes;
    for (int round = 0; round != 3; ++round) {
      for (std::size_t i = 0; i != count; ++i) {
        bytes += entry("key " + std::to_string(i), std::to_string(round));
      }
    }
    auto const check = [](wire::string_map const& map) {
      CHECK(map.size() == count);
      CHECK(map.at("key 0") == "2");
      CHECK(map.at("key 4999") == "2");
    };
    check(read(bytes).map);
    auto const outer = wire::decode<nested>(block(1, "") + block(1, bytes));
    REQUIRE(outer);
    REQUIRE(outer->inner.size() == 2);
    check(outer->inner[1].map);
  }
}

TEST_CASE("protobuf skips unknown fields of every wire type") {
  all_kinds expected{};
  expected.i32 = 7;
  auto const unknown =
      GENERATE(number(99, minus_one), key(99, 1) + "12345678", block(99, "payload"),
               key(99, 5) + "1234", number(18999, 1), number(20000, 1));
  CHECK(read(unknown + number(2, 7) + unknown) == expected);
}

TEST_CASE("protobuf skips a known field of another wire type") {
  all_kinds expected{};
  expected.i32 = 7;
  auto const other =
      GENERATE(key(2, 1) + "12345678", block(2, "\1"), key(2, 5) + "1234", number(6, 1),
               number(9, 1), number(2047, 1), number(16, 1), key(13, 5) + "1234");
  CHECK(read(other + number(2, 7)) == expected);
}

TEST_CASE("protobuf refuses bytes that are no message, and says what is wrong") {
  CHECK(refusal("\x80"sv) ==
        "cannot decode test.AllKinds: the message ends inside a field (field at byte 0)");
  CHECK_THAT(refusal(number(2, 1) + block(6, "abc").substr(0, 4)),
             ContainsSubstring("the message ends inside a field (field at byte 2)"));
  CHECK_THAT(refusal(key(99, 1) + "1234567"), ContainsSubstring("ends inside a field"));
  CHECK_THAT(refusal(key(99, 5) + "123"), ContainsSubstring("ends inside a field"));
  CHECK_THAT(refusal(block(99, "abc").substr(0, 4)), ContainsSubstring("ends inside a field"));
  CHECK_THAT(refusal(block(13, "\1\x80") + number(2, 1)),
             ContainsSubstring("ends inside a field (field at byte 0)"));
  CHECK_THAT(refusal(key(2, 0) + std::string(10, '\xff') + "\1"),
             ContainsSubstring("longer than 10 bytes"));
  CHECK_THAT(refusal(key(99, 0) + std::string(10, '\xff') + "\1"),
             ContainsSubstring("longer than 10 bytes"));
  CHECK_THAT(refusal(block(13, std::string(10, '\xff') + "\1")),
             ContainsSubstring("longer than 10 bytes"));
  CHECK_THAT(refusal(number(0, 1)), ContainsSubstring("the number 0 or a reserved one"));
  CHECK_THAT(refusal(key(99, 6)), ContainsSubstring("unknown wire type"));
  CHECK_THAT(refusal(key(99, 7)), ContainsSubstring("unknown wire type"));
}

TEST_CASE("protobuf refuses groups, which proto3 does not have, wherever they are") {
  auto const group = key(99, 3) + key(99, 4);
  for (auto const& bytes : {group, group + number(2, 1), key(2, 3) + key(2, 4), key(99, 4),
                            key(99, 3), key(99, 3) + number(1, 1) + key(99, 4), block(9, group),
                            block(2047, group), block(17, group)}) {
    CHECK_THAT(refusal(bytes), ContainsSubstring("a field is a group or has an unknown wire type"));
    CHECK_THAT(refusal(number(2, 7) + bytes), ContainsSubstring("a field is a group"));
    // as the content of a field that is not looked into it is only bytes
    CHECK(read(block(99, bytes) + block(7, bytes)).data == bytes);
  }
}

TEST_CASE("protobuf refuses the numbers that are reserved for protobuf itself") {
  auto const reserved = GENERATE(19000U, 19500U, 19999U);
  CHECK_THAT(refusal(number(2, 1) + number(reserved, 1)),
             ContainsSubstring("a field has the number 0 or a reserved one (field at byte 2)"));
  CHECK_THAT(refusal(block(9, block(reserved, ""))), ContainsSubstring("a reserved one"));
}

TEST_CASE("protobuf takes 32 bits of keys and lengths that are longer, and stays in the message") {
  auto const longer = [](std::string bytes, std::size_t size) {
    while (bytes.size() < size) {
      bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | 0x80U);
      bytes += '\0';
    }
    return bytes;
  };
  auto const size = GENERATE(2U, 5U, 6U, 10U);
  CHECK(read(longer(key(2, 0), size) + varint(7)).i32 == 7);
  CHECK(read(key(6, 2) + longer(varint(3), size) + "abc").text == "abc");
  CHECK_THAT(refusal(key(6, 2) + longer(varint(4), size) + "abc"),
             ContainsSubstring("ends inside a field"));
  CHECK(read(varint(std::uint64_t{1} << 40U | 2U << 3U) + varint(7)).i32 == 7);
  CHECK(read(key(6, 2) + varint(std::uint64_t{1} << 40U | 3U) + "abc").text == "abc");

  auto const field = GENERATE(6U, 7U, 9U, 13U, 17U, 99U, 2047U);
  auto const length = GENERATE(std::uint64_t{0x7fffffff}, std::uint64_t{0x80000000},
                               std::uint64_t{0xffffffff}, minus_one);
  CHECK_THAT(refusal(key(field, 2) + varint(length) + "abc"),
             ContainsSubstring("ends inside a field"));
}

TEST_CASE("protobuf names the message inside that is wrong") {
  auto const text = refusal<nested>(block(1, block(9, "\x08")));
  CHECK_THAT(text, Catch::Matchers::StartsWith(
                       "cannot decode test.Nested: the message ends inside a field"));
  CHECK_THAT(text, Catch::Matchers::EndsWith(" (field at byte 4, in test.Leaf)"));
}

TEST_CASE("protobuf refuses every message that is cut off inside a field") {
  all_kinds message{};
  message.i64 = -1;
  message.text = "text";
  message.children.resize(1);
  message.children[0].names = {"a", "b"};
  message.map = {{"k", "v"}};
  message.choice = leaf{1, 2, {}};
  auto const bytes = wire::encode(message);

  std::vector<std::size_t> taken;
  for (std::size_t size = 0; size != bytes.size(); ++size) {
    if (wire::decode<all_kinds>(std::string_view{bytes}.substr(0, size))) taken.push_back(size);
  }
  auto const child = wire::encode(message.children[0]).size();
  auto const tree = wire::encode(leaf{1, 2, {}}).size();
  CHECK(taken == std::vector<std::size_t>{0, 11, 17, 17 + 3 + child, bytes.size() - 3 - tree});
}

TEST_CASE("protobuf refuses text that is not UTF-8, and takes any bytes") {
  auto const bad = GENERATE("\x80"sv, "\xff"sv, "abcdefgh\xc3"sv, "\xc0\xaf"sv, "\xe2\x82"sv,
                            "\xe0\x80\xaf"sv, "\xed\xa0\x80"sv, "\xf0\x8f\xbf\xbf"sv,
                            "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xc3(12345678"sv);
  CHECK_THAT(refusal(block(6, bad)), ContainsSubstring("a string is not UTF-8 (field at byte 0)"));
  CHECK_THAT(refusal(block(11, bad)), ContainsSubstring("UTF-8"));
  CHECK_THAT(refusal(block(16, bad)), ContainsSubstring("UTF-8"));
  CHECK_THAT(refusal(block(20, bad)), ContainsSubstring("UTF-8"));
  CHECK_THAT(refusal(block(2047, block(1, bad))), ContainsSubstring("UTF-8"));
  CHECK_THAT(refusal(block(2047, block(2, bad))), ContainsSubstring("UTF-8"));
  CHECK(read(block(7, bad)).data == bad);
  CHECK(read(block(99, bad)) == all_kinds{});
}

TEST_CASE("protobuf takes all of UTF-8") {
  auto const good =
      GENERATE(""sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
               "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv,
               "\xf4\x8f\xbf\xbf"sv, "12345678\xc3\xa9 12345678 \xe2\x82\xac"sv);
  CHECK(read(block(6, good)).text == good);
}

TEST_CASE("protobuf refuses a message that is longer than the limit") {
  wire::protobuf_limits limits{};
  limits.max_bytes = 3;
  CHECK(refusal(block(6, "a"), limits).empty());
  CHECK(refusal(block(6, "ab"), limits) ==
        "cannot decode test.AllKinds: 4 bytes are more than the limit of 3");
}

TEST_CASE("protobuf refuses messages and map entries that are nested deeper than the limit") {
  auto const bytes = GENERATE(block(1, block(9, "")), block(1, block(2047, "")));
  wire::protobuf_limits limits{};
  limits.max_depth = 3;
  CHECK(refusal<nested>(bytes, limits).empty());
  limits.max_depth = 2;
  CHECK_THAT(refusal<nested>(bytes, limits), ContainsSubstring("messages are nested too deeply"));
  limits.max_depth = 0;
  CHECK_THAT(refusal<nested>(bytes, limits), ContainsSubstring("messages are nested too deeply"));
}

TEST_CASE("protobuf appends to what is there") {
  all_kinds message{};
  message.text = "x";
  std::string out{"before"};
  wire::encode_append(message, out);
  CHECK(out == "before" + block(6, "x"));
}

TEST_CASE("protobuf lets a large payload at the end take over the bytes that it came in") {
  constexpr std::size_t large = std::size_t{1} << 20U;

  SECTION("as the only field") {
    wire::ReadFileResponse message{};
    message.content.assign(large, 'x');
    auto bytes = wire::encode(message);
    auto const* const memory = bytes.data();
    auto const result = wire::decode<wire::ReadFileResponse>(std::move(bytes));
    REQUIRE(result);
    CHECK(*result == message);
    CHECK(result->content.data() == memory);
  }
  SECTION("as the last field of a message in the message") {
    wire::ExecStreamOutput output{};
    output.stream = wire::ExecStreamOutput::Stream::stderr_;
    output.data.assign(large, 'y');
    wire::ExecStreamResponse message{};
    message.message = output;
    auto bytes = wire::encode(message);
    auto const* const memory = bytes.data();
    auto const result = wire::decode<wire::ExecStreamResponse>(std::move(bytes));
    REQUIRE(result);
    CHECK(*result == message);
    CHECK(std::get<2>(result->message).data.data() == memory);
  }
  SECTION(
      "but copies it when something follows, when it is small, or when memory would be wasted") {
    auto const take = [](std::string bytes) {
      auto const* const memory = bytes.data();
      auto const result = wire::decode<all_kinds>(std::move(bytes));
      REQUIRE(result);
      CHECK(result->data.data() != memory);
      return result->data;
    };
    CHECK(take(block(7, std::string(large, 'z')) + number(2, 1)) == std::string(large, 'z'));
    CHECK(take(block(7, "small")) == "small");
    auto roomy = block(7, std::string(large, 'z'));
    roomy.reserve(large * 4);
    CHECK(take(std::move(roomy)) == std::string(large, 'z'));
  }
  SECTION("and only of bytes that are given away") {
    wire::ReadFileResponse message{};
    message.content.assign(large, 'x');
    auto const bytes = wire::encode(message);
    auto kept = bytes;
    CHECK(wire::decode<wire::ReadFileResponse>(kept).has_value());
    CHECK(kept == bytes);
  }
}

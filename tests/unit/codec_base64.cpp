// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/base64.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>

using cwsandbox::detail::base64_decode;
using cwsandbox::detail::base64_encode;

namespace {

constexpr std::string_view all_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string without_padding(std::string text) {
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::string url_safe(std::string text) {
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

}  // namespace

TEST_CASE("base64 follows the test vectors of RFC 4648") {
  static constexpr std::pair<std::string_view, std::string_view> vectors[] = {
      {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (auto const& [bytes, text] : vectors) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
    CHECK(base64_decode(without_padding(std::string{text})) == bytes);
  }
}

TEST_CASE("base64 brings back any bytes, in either alphabet, padded or not") {
  std::mt19937 random{4648};
  for (std::size_t size = 0; size != 300; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random() & 0xffU);
    auto const text = base64_encode(bytes);
    REQUIRE(text.size() == (size + 2) / 3 * 4);
    REQUIRE(base64_decode(text) == bytes);
    REQUIRE(base64_decode(without_padding(text)) == bytes);
    REQUIRE(base64_decode(url_safe(text)) == bytes);
    REQUIRE(base64_decode(without_padding(url_safe(text))) == bytes);
  }
}

TEST_CASE("base64 uses the whole standard alphabet") {
  auto const bytes = base64_decode(all_characters);
  REQUIRE(bytes);
  CHECK(base64_encode(*bytes) == all_characters);
}

TEST_CASE("base64 refuses every character that is in no alphabet, wherever it stands") {
  for (int value = 0; value != 256; ++value) {
    auto const c = static_cast<char>(value);
    if (all_characters.find(c) != std::string_view::npos || c == '-' || c == '_') continue;
    for (std::size_t at = 0; at != 8; ++at) {
      std::string text{"AAAAAAAA"};
      text[at] = c;
      if (c == '=' && at == 7) continue;  // that is padding
      INFO("character " << value << " at " << at);
      CHECK_FALSE(base64_decode(text));
    }
  }
}

TEST_CASE("base64 refuses what no encoder writes") {
  auto const text = GENERATE(as<std::string_view>{}, "A", "AAAAA", "A===", "AA=", "AAA==", "AAAA=",
                             "AAAA==", "AAAA====", "=", "==", "====", "AA=A", "AA==AAAA", " AAAA",
                             "AAAA ", "AAAA\n", "AA AA", "+-==", "+/-_", "AB==", "AB", "AAB=",
                             "AAB", "//==", "///=");
  INFO(text);
  CHECK_FALSE(base64_decode(text));
}

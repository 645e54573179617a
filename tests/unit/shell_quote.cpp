// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/shell_quote.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using cwsandbox::detail::shell_quote;
using cwsandbox::detail::wrap_with_cwd;

TEST_CASE("shell quoting: only what needs quotes gets them", "[shell_quote]") {
  std::vector<std::pair<std::string, std::string>> const rows{
      {"", "''"},          {"abcXYZ019", "abcXYZ019"}, {"_@%+=:,./-", "_@%+=:,./-"},
      {"a b", "'a b'"},    {"$HOME", "'$HOME'"},       {"it's", R"('it'"'"'s')"},
      {"'", R"(''"'"'')"}, {"a\nb", "'a\nb'"},         {"~", "'~'"},
      {"*", "'*'"},        {"\xc3\xa9", "'\xc3\xa9'"}, {"a\\b", "'a\\b'"},
  };
  for (auto const& [word, quoted] : rows) {
    INFO(word);
    CHECK(shell_quote(word) == quoted);
  }
}

TEST_CASE("cwd wrapping: three words, the script changes the directory and replaces itself",
          "[shell_quote]") {
  CHECK(wrap_with_cwd(std::vector<std::string>{"ls", "-l", "a b"}, "/my dir") ==
        std::vector<std::string>{"/bin/sh", "-c", "cd '/my dir' && exec ls -l 'a b'"});
  CHECK(wrap_with_cwd(std::vector<std::string>{"", "it's"}, "/tmp")[2] ==
        R"(cd /tmp && exec '' 'it'"'"'s')");
}

TEST_CASE("cwd wrapping: a real shell gives the words back unchanged", "[shell_quote]") {
  std::vector<std::string> const words{"printf", "[%s]", "a b", "it's", "$HOME `x` \\ \"q\"",
                                       "",       "\n",   "*"};
  auto const wrapped = wrap_with_cwd(words, "/tmp");
  std::string const line = wrapped[0] + " " + wrapped[1] + " " + shell_quote(wrapped[2]);
  std::unique_ptr<FILE, int (*)(FILE*)> pipe{popen(line.c_str(), "r"), &pclose};
  REQUIRE(pipe);
  std::string output;
  std::array<char, 256> buffer{};
  while (auto const n = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
    output.append(buffer.data(), n);
  CHECK(output == "[a b][it's][$HOME `x` \\ \"q\"][][\n][*]");
}

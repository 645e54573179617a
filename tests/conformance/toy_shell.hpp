// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_TOY_SHELL_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_TOY_SHELL_HPP

/// \file
/// What the sandboxes of the mock's fake service understand: the few commands that the cases use, and enough of a shell
/// for their scripts. It computes what a command writes before the client reads it, so no command can look at its input
/// but `cat`.

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conformance {

/// What a command does.
struct toy_run {
  enum class ending : unsigned char { exits, never_ends, echoes_input };

  /// Standard error when `first`.
  std::vector<std::pair<bool, std::string>> writes{};
  ending end{ending::exits};
  int exit_code{};

  void write(bool to_err, std::string text) { writes.emplace_back(to_err, std::move(text)); }
  [[nodiscard]] std::string all() const {
    std::string text;
    for (auto const& [to_err, piece] : writes) text += piece;
    return text;
  }
};

using toy_map = std::map<std::string, std::string, std::less<>>;

class toy_shell {
 public:
  toy_shell(toy_map environment, toy_map& files)
      : environment_{std::move(environment)}, files_{files} {}

  [[nodiscard]] toy_run run(std::vector<std::string> const& words) {
    toy_run result{};
    simple(words, result, false);
    return result;
  }

  /// Directories that every sandbox has.
  [[nodiscard]] static bool is_directory(std::string_view path) {
    return path == "/" || path == "/tmp" || path == "/etc";
  }

 private:
  struct command {
    std::vector<std::string> words{};
    bool to_err{};
    std::string file{};
  };

  void script(std::string const& text, toy_run& result) {
    std::size_t at = 0;
    while (at < text.size() && result.end == toy_run::ending::exits) {
      bool only_after_success = false;
      auto const next = parse(text, at, only_after_success);
      if (next.words.empty()) continue;
      if (next.words.front() == "exit") {
        if (next.words.size() > 1) result.exit_code = std::atoi(next.words[1].c_str());
        return;
      }
      auto words = next.words;
      if (words.front() == "exec") words.erase(words.begin());
      if (!next.file.empty()) {
        toy_run inner{};
        simple(words, inner, false);
        files_[next.file] = inner.all();
        result.exit_code = inner.exit_code;
      } else {
        simple(words, result, next.to_err);
      }
      if (only_after_success && result.exit_code != 0) return;
    }
  }

  // One command of a script: words with quotes and variables, and where its output goes.
  command parse(std::string const& text, std::size_t& at, bool& only_after_success) const {
    command result{};
    std::string word;
    bool in_word = false;
    char quote = 0;
    bool to_file = false;
    auto const end_word = [&] {
      if (!in_word) return;
      if (to_file)
        result.file = word;
      else
        result.words.push_back(word);
      word.clear();
      in_word = to_file = false;
    };
    for (; at < text.size(); ++at) {
      char const c = text[at];
      if (quote != 0 && c == quote) {
        quote = 0;
      } else if (quote != '\'' && c == '$') {
        auto const end = text.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", at + 1);
        auto const name = text.substr(at + 1, end == std::string::npos ? end : end - at - 1);
        if (auto const found = environment_.find(name); found != environment_.end())
          word += found->second;
        in_word = true;
        at += name.size();
      } else if (quote != 0) {
        word += c;
      } else if (c == '\'' || c == '"') {
        quote = c;
        in_word = true;
      } else if (c == '>') {
        end_word();
        to_file = text.compare(at, 3, ">&2") != 0;
        if (!to_file) {
          result.to_err = true;
          at += 2;
        }
      } else if (c == ';' || c == '\n' || c == '&') {
        only_after_success = text.compare(at, 2, "&&") == 0;
        at += only_after_success ? 2 : 1;
        break;
      } else if (c == ' ') {
        end_word();
      } else {
        word += c;
        in_word = true;
      }
    }
    end_word();
    return result;
  }

  void simple(std::vector<std::string> const& words, toy_run& result, bool to_err) {
    auto const& program = words.front();
    auto const argument = [&](std::size_t i) {
      return i < words.size() ? words[i] : std::string{};
    };
    result.exit_code = 0;
    if ((program == "sh" || program == "/bin/sh") && argument(1) == "-c") {
      script(argument(2), result);
    } else if (program == "echo" || program == "printf") {
      std::string text;
      bool const formats = program == "printf" && argument(1) == "%s";
      for (std::size_t i = formats ? 2 : 1; i < words.size(); ++i)
        text += (text.empty() ? "" : " ") + words[i];
      result.write(to_err, program == "echo" ? text + '\n' : text);
    } else if (program == "seq") {
      std::string text;
      for (int i = 1; i <= std::atoi(argument(1).c_str()); ++i) text += std::to_string(i) + '\n';
      result.write(to_err, text);
    } else if (program == "printenv") {
      auto const found = environment_.find(argument(1));
      if (found != environment_.end())
        result.write(to_err, found->second + '\n');
      else
        result.exit_code = 1;
    } else if (program == "pwd") {
      result.write(to_err, directory_ + '\n');
    } else if (program == "cd") {
      if (is_directory(argument(1)))
        directory_ = argument(1);
      else
        fail(result, 2, "cd: no such directory: " + argument(1));
    } else if (program == "cat") {
      if (words.size() < 2)
        result.end = toy_run::ending::echoes_input;
      else if (auto const file = files_.find(argument(1)); file != files_.end())
        result.write(to_err, file->second);
      else
        fail(result, 1, "cat: no such file: " + argument(1));
    } else if (program == "sleep") {
      result.end = toy_run::ending::never_ends;
    } else if (program == "false") {
      result.exit_code = 1;
    } else if (program != "true" && program != "trap" && program != "wait") {
      fail(result, 127, program + ": not found");
    }
  }

  static void fail(toy_run& result, int code, std::string const& message) {
    result.write(true, message + '\n');
    result.exit_code = code;
  }

  toy_map environment_;
  toy_map& files_;
  std::string directory_{"/"};
};

}  // namespace conformance

#endif

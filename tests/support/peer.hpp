// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_PEER_HPP
#define CWSANDBOX_TESTS_SUPPORT_PEER_HPP

// A program of its own to talk to: a server that says on its first line where it listens.

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace test {

class peer {
 public:
  // Starts it and waits for its first line. Its standard input stays open as long as the object lives: a peer that is
  // left alone sees the end of it.
  explicit peer(std::vector<std::string> const& words) : program_{words.front()} {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
      throw std::runtime_error("pipe2 failed");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    std::vector<char*> argv;
    for (auto const& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    int const failed =
        ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
    if (failed != 0) {
      pid_ = -1;
      throw std::runtime_error("cannot start " + program_);
    }
    first_line_ = line();
  }
  peer(peer const&) = delete;
  peer& operator=(peer const&) = delete;
  ~peer() {
    ::close(in_);
    stop(SIGTERM);
    ::close(out_);
  }

  [[nodiscard]] std::string const& first_line() const noexcept { return first_line_; }
  // The URL in the first line.
  [[nodiscard]] std::string url() const {
    auto const at = first_line_.find("http");
    if (at == std::string::npos)
      throw std::runtime_error(program_ + " names no URL: '" + first_line_ + "'");
    return first_line_.substr(at, first_line_.find_first_of(" \n", at) - at);
  }
  // The word behind `key=` in the first line.
  [[nodiscard]] std::string word(std::string_view key) const {
    auto const sought = ' ' + std::string{key} + '=';
    auto const at = first_line_.find(sought);
    if (at == std::string::npos)
      throw std::runtime_error(program_ + " does not say '" + sought + "': " + first_line_);
    auto const begin = at + sought.size();
    return first_line_.substr(begin, first_line_.find_first_of(" \n", begin) - begin);
  }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  // The next line of its output.
  std::string line(std::chrono::seconds limit = std::chrono::seconds{30}) {
    auto const deadline = std::chrono::steady_clock::now() + limit;
    for (;;) {
      auto const end = buffer_.find('\n');
      if (end != std::string::npos) {
        auto found = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return found;
      }
      auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd waiting{out_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
        throw std::runtime_error(program_ + " is silent");
      char bytes[4096];
      auto const size = ::read(out_, bytes, sizeof bytes);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) throw std::runtime_error(program_ + " ended: '" + buffer_ + "'");
      buffer_.append(bytes, static_cast<std::size_t>(size));
    }
  }
  void write(std::string_view text) {
    while (!text.empty()) {
      auto const size = ::write(in_, text.data(), text.size());
      if (size <= 0) throw std::runtime_error(program_ + " reads nothing");
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  // Sends a signal and waits for the end; after ten seconds it is killed. The wait status.
  int stop(int signal) {
    if (pid_ <= 0) return status_;
    ::kill(pid_, signal);
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (::waitpid(pid_, &status_, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > deadline) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status_, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    pid_ = -1;
    return status_;
  }

 private:
  std::string program_;
  pid_t pid_{-1};
  int in_{-1};
  int out_{-1};
  int status_{};
  std::string buffer_;
  std::string first_line_;
};

}  // namespace test

#endif

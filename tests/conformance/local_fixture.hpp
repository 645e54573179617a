// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_LOCAL_FIXTURE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_LOCAL_FIXTURE_HPP

#include <cwsandbox/transport/local.hpp>

#include <dirent.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "conformance/case.hpp"

namespace conformance {

/// The embedded engine: real processes in namespaces of their own.
struct local_fixture {
  using transport = cw::local_transport;
  static constexpr char const* name = "local";
  static constexpr feature provides =
      feature::exec_stream | feature::log_stream | feature::processes | feature::isolation |
      feature::terminal | feature::no_host_name_egress | feature::no_snapshots;
  /// What a unary file call takes, in bytes.
  static constexpr std::size_t max_file_bytes = 33554432;

  transport make() { return engine_; }

  /// Processes that carry the tag of a case in their environment. Those that were killed may take a moment to go.
  std::string leftovers(std::string const& tag) {
    std::string found;
    eventually([&] { return (found = processes_with(tag)).empty(); });
    return found;
  }

 private:
  static std::string processes_with(std::string const& tag) {
    std::string found;
    std::unique_ptr<DIR, int (*)(DIR*)> const proc{::opendir("/proc"), &::closedir};
    if (!proc) return "cannot look into /proc";
    auto const marker = "CWSANDBOX_CONFORMANCE=" + tag + '\0';
    while (auto const* entry = ::readdir(proc.get())) {
      if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
      auto const directory = std::string{"/proc/"} + entry->d_name;
      std::ifstream file{directory + "/environ", std::ios::binary};
      std::string const environment{std::istreambuf_iterator<char>{file}, {}};
      if (environment.find(marker) == std::string::npos) continue;
      std::ifstream words{directory + "/cmdline", std::ios::binary};
      std::string command{std::istreambuf_iterator<char>{words}, {}};
      std::replace(command.begin(), command.end(), '\0', ' ');
      found += entry->d_name + (": " + command) + '\n';
    }
    return found;
  }

  transport engine_;
};

}  // namespace conformance

#endif

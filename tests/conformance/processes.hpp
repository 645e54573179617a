// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_PROCESSES_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_PROCESSES_HPP

#include <dirent.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "conformance/case.hpp"

namespace conformance {

/// Processes that carry the tag of a case in their environment.
inline std::string processes_with(std::string const& tag) {
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

/// The same once those that were killed have had a moment to go.
inline std::string leftover_processes(std::string const& tag) {
  std::string found;
  eventually([&] { return (found = processes_with(tag)).empty(); });
  return found;
}

}  // namespace conformance

#endif

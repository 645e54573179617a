// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_LIMITS_IPP
#define CWSANDBOX_IMPL_LOCAL_LIMITS_IPP

#include <cwsandbox/transport/local/limits.hpp>

#include <cwsandbox/quantity.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

namespace cwsandbox::inline v1::detail::local {

namespace limiting {

inline constexpr std::uint64_t period_us = 100'000;

/// Where a hierarchy is mounted and where in it this process is.
struct hierarchy {
  std::string mount{};
  std::string own{};
};

inline std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    auto const end = std::min(text.find(by), text.size());
    result.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

inline bool has_word(std::string_view text, char by, std::string_view word) {
  auto const words = split(text, by);
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The hierarchy of a v1 controller, or of v2 when `controller` is empty; nothing when it is not mounted.
inline std::optional<hierarchy> find_hierarchy(std::string_view controller) {
  hierarchy result;
  std::string root;
  auto const mounts = read_small_file(AT_FDCWD, "/proc/self/mountinfo");
  for (auto const line : split(mounts, '\n')) {
    auto const dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    auto const before = split(line.substr(0, dash), ' ');
    auto const after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    bool const matches = controller.empty()
                             ? after[0] == "cgroup2"
                             : after[0] == "cgroup" && has_word(after[2], ',', controller);
    if (!matches) continue;
    root = std::string(before[3]);
    result.mount = std::string(before[4]);
    break;
  }
  if (result.mount.empty()) return std::nullopt;
  auto const groups = read_small_file(AT_FDCWD, "/proc/self/cgroup");
  for (auto const line : split(groups, '\n')) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    auto const controllers = line.substr(first + 1, second - first - 1);
    bool const matches =
        controller.empty() ? controllers.empty() : has_word(controllers, ',', controller);
    if (!matches) continue;
    std::string path{line.substr(second + 1)};
    // A container sees a part of the tree only, mounted as if it were all.
    if (root != "/" && path.starts_with(root)) path.erase(0, root.size());
    if (path.find("/..") != std::string::npos) return std::nullopt;
    while (!path.empty() && path.back() == '/') path.pop_back();
    result.own = result.mount + path;
    return result;
  }
  return std::nullopt;
}

inline bool write_file(std::string const& path, std::string const& value) {
  unique_fd const fd{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
  return fd && write_all(fd.get(), value);
}

inline std::string parent(std::string const& path) { return path.substr(0, path.rfind('/')); }

}  // namespace limiting

CWSANDBOX_DECL std::optional<std::uint64_t> quantity_value(std::string_view text,
                                                           std::uint64_t scale) {
  text = cwsandbox::detail::trim(text);
  if (!quantity::parse(text)) return std::nullopt;
  std::string const copy{text};
  char* end = nullptr;
  long double value = std::strtold(copy.c_str(), &end);
  std::string_view const suffix{end};
  constexpr std::string_view prefixes = "kKMGTPE";
  if (suffix == "m") {
    value /= 1000;
  } else if (!suffix.empty()) {
    auto const at = prefixes.find(suffix[0]);
    auto const power = at == 0 ? 1 : static_cast<int>(at);
    value *= std::pow(suffix.size() == 2 ? 1024.0L : 1000.0L, static_cast<long double>(power));
  }
  value = std::ceil(value * static_cast<long double>(scale));
  if (!(value < 9.2e18L)) return std::uint64_t{9'200'000'000'000'000'000U};
  return static_cast<std::uint64_t>(value);
}

CWSANDBOX_DECL bool control_groups::add(std::string const& directory, std::string const& file,
                                        std::string const& value) {
  bool const known =
      std::find(directories_.begin(), directories_.end(), directory) != directories_.end();
  if (!known) {
    if (::mkdir(directory.c_str(), 0755) != 0) return false;
    directories_.push_back(directory);
    unique_fd procs =
        above_stdio(unique_fd{::open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC)});
    if (!procs) {
      ::rmdir(directory.c_str());
      directories_.pop_back();
      return false;
    }
    entrances_.push_back(std::move(procs));
  }
  return limiting::write_file(directory + "/" + file, value);
}

CWSANDBOX_DECL control_groups control_groups::make(std::string const& name,
                                                   resource_limits const& limits,
                                                   std::vector<std::string>& missing) {
  using namespace limiting;
  control_groups result;
  if (limits.cpu_millis == 0 && limits.memory_bytes == 0 && limits.processes == 0) return result;

  // v2: beside the own group, because a group that holds processes cannot hand out controllers.
  std::string v2;
  std::string controllers;
  if (auto const h = find_hierarchy({}); h && h->own.size() > h->mount.size()) {
    v2 = parent(h->own) + "/" + name;
    controllers = read_small_file(AT_FDCWD, (parent(h->own) + "/cgroup.subtree_control").c_str());
    while (!controllers.empty() && controllers.back() == '\n') controllers.pop_back();
  }
  auto const limit = [&](std::string_view controller, std::string const& v2_file,
                         std::string const& v2_value, std::string const& v1_file,
                         std::string const& v1_value) {
    if (has_word(controllers, ' ', controller) && result.add(v2, v2_file, v2_value)) return true;
    auto const v1 = find_hierarchy(controller);
    return v1 && result.add(v1->own + "/" + name, v1_file, v1_value);
  };

  if (limits.cpu_millis != 0) {
    auto const quota =
        std::to_string(std::max<std::uint64_t>(1000, limits.cpu_millis * period_us / 1000));
    if (!limit("cpu", "cpu.max", quota + " " + std::to_string(period_us), "cpu.cfs_quota_us",
               quota)) {
      missing.emplace_back("cpu");
    }
  }
  if (limits.memory_bytes != 0) {
    auto const bytes = std::to_string(limits.memory_bytes);
    if (!limit("memory", "memory.max", bytes, "memory.limit_in_bytes", bytes))
      missing.emplace_back("memory");
  }
  if (limits.processes != 0) {
    auto const count = std::to_string(limits.processes);
    if (!limit("pids", "pids.max", count, "pids.max", count)) missing.emplace_back("processes");
  }
  return result;
}

CWSANDBOX_DECL std::vector<int> control_groups::entrances() const {
  std::vector<int> result;
  for (auto const& entrance : entrances_) result.push_back(entrance.get());
  return result;
}

CWSANDBOX_DECL void control_groups::remove() noexcept {
  entrances_.clear();
  for (auto const& directory : directories_) {
    for (int tries = 0; ::rmdir(directory.c_str()) != 0 && errno == EBUSY && tries < 3; ++tries) {
    }
  }
  directories_.clear();
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

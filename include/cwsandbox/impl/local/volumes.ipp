// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_VOLUMES_IPP
#define CWSANDBOX_IMPL_LOCAL_VOLUMES_IPP

#include <cwsandbox/transport/local/volumes.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/limits.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cwsandbox::inline v1::detail::local {

namespace volumes {

inline constexpr std::size_t max_name = 63;

inline std::string field_of(std::size_t index) {
  return "sandbox.spec.volumes[" + std::to_string(index) + "]";
}
inline std::string mount_field(std::size_t index) {
  return "sandbox.spec.containers[0].volume_mounts[" + std::to_string(index) + "]";
}

inline bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= max_name &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

inline std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Absolute, not the root, and in its shortest form.
inline bool is_mount_path(std::string_view path) {
  return path.size() > 1 && path.front() == '/' && path.back() != '/' &&
         path.find("//") == std::string_view::npos && path.find('\0') == std::string_view::npos &&
         leads_down(path);
}

inline bool is_below(std::string_view path, std::string_view top) {
  return path.starts_with(top) && path.size() > top.size() && path[top.size()] == '/';
}

inline wire::ScratchVolume scratch_of(wire::SandboxVolume const& volume) {
  auto const* const scratch = std::get_if<wire::ScratchVolume>(&volume.source);
  return scratch == nullptr ? wire::ScratchVolume{} : *scratch;
}

inline bool in_memory(wire::ScratchVolume const& scratch) {
  return !scratch.size.empty() || scratch.medium == wire::StorageMedium::memory;
}

inline outcome<void> check_scratch(std::string const& field, wire::ScratchVolume const& scratch) {
  if (scratch.medium != wire::StorageMedium::unspecified &&
      scratch.medium != wire::StorageMedium::disk &&
      scratch.medium != wire::StorageMedium::memory) {
    return violation_error(field + ".medium", "not a medium that is known here");
  }
  if (scratch.size.empty()) return {};
  auto const bytes = quantity_value(scratch.size, 1);
  if (!bytes || *bytes == 0)
    return violation_error(field + ".size", "'" + scratch.size + "' is no size of a volume");
  if (*bytes > machine_memory()) {
    return reasoned_error(status_code::invalid_argument, reasons::fss_size_exceeded,
                          "a volume of " + scratch.size +
                              " is kept in memory here and is more than this machine has");
  }
  return {};
}

inline outcome<void> check_mount(std::size_t index, wire::VolumeMount const& mount,
                                 wire::SandboxSpec const& spec) {
  auto const field = mount_field(index);
  if (!is_mount_path(mount.mount_path)) {
    return violation_error(field + ".mount_path",
                           "'" + mount.mount_path + "' is no absolute path below the root");
  }
  auto const known = std::find_if(spec.volumes.begin(), spec.volumes.end(),
                                  [&](auto const& volume) { return volume.name == mount.volume; });
  if (known == spec.volumes.end())
    return violation_error(field + ".volume", "there is no volume '" + mount.volume + "'");
  if (!leads_down(mount.sub_path) || mount.sub_path.starts_with('/') ||
      mount.sub_path.find('\0') != std::string::npos) {
    return violation_error(field + ".sub_path", "'" + mount.sub_path + "' leads out of the volume");
  }
  return {};
}

/// Nothing is put into a volume whose content an archive brings: who makes the root would follow its links.
inline outcome<void> check_restored(wire::SandboxSpec const& spec) {
  auto const& container = spec.containers.front();
  for (auto const& volume : spec.volumes) {
    if (scratch_of(volume).restore_from_snapshot_id.empty()) continue;
    for (auto const& outer : container.volume_mounts) {
      if (outer.volume != volume.name) continue;
      for (std::size_t i = 0; i < container.volume_mounts.size(); ++i) {
        if (is_below(container.volume_mounts[i].mount_path, outer.mount_path))
          return violation_error(mount_field(i) + ".mount_path", "inside a restored volume");
      }
      for (std::size_t i = 0; i < container.files.size(); ++i) {
        if (is_below(container.files[i].path, outer.mount_path)) {
          return violation_error("sandbox.spec.containers[0].files[" + std::to_string(i) + "].path",
                                 "inside a restored volume");
        }
      }
    }
  }
  return {};
}

}  // namespace volumes

CWSANDBOX_DECL bool leads_down(std::string_view path) {
  while (!path.empty()) {
    auto const end = std::min(path.find('/'), path.size());
    auto const component = path.substr(0, end);
    if (component == "." || component == "..") return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

CWSANDBOX_DECL outcome<void> check_volumes(wire::SandboxSpec const& spec,
                                           local_options const& options) {
  using namespace volumes;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < spec.volumes.size(); ++i) {
    auto const& volume = spec.volumes[i];
    if (std::holds_alternative<std::string>(volume.source)) {
      return not_implemented_error("the local engine has no named volumes ('" + volume.name + "')");
    }
    if (!is_name(volume.name)) {
      return violation_error(field_of(i) + ".name", "'" + volume.name + "' is no name of a volume");
    }
    if (!names.insert(volume.name).second)
      return violation_error(field_of(i) + ".name", "'" + volume.name + "' is there twice");
    if (auto good = check_scratch(field_of(i) + ".scratch", scratch_of(volume)); !good) return good;
  }
  auto const& mounts = spec.containers.front().volume_mounts;
  std::set<std::string_view> paths;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    if (options.isolation == local_isolation::none) {
      return violation_error(mount_field(i),
                             "without isolation (local_isolation::none) nothing can be mounted");
    }
    if (auto good = check_mount(i, mounts[i], spec); !good) return good;
    if (!paths.insert(mounts[i].mount_path).second) {
      return violation_error(mount_field(i) + ".mount_path",
                             "'" + mounts[i].mount_path + "' is there twice");
    }
  }
  return check_restored(spec);
}

CWSANDBOX_DECL std::vector<std::string> scratch_names(wire::SandboxSpec const& spec) {
  std::vector<std::string> result;
  for (auto const& volume : spec.volumes) {
    if (!std::holds_alternative<std::string>(volume.source)) result.push_back(volume.name);
  }
  return result;
}

CWSANDBOX_DECL outcome<void> volume_set::make(std::string const& directory,
                                              wire::SandboxSpec const& spec,
                                              local_options const& options,
                                              std::shared_ptr<guard> keeper) {
  using namespace volumes;
  directory_ = directory;
  bwrap_ = options.bwrap;
  keeper_ = std::move(keeper);
  names_ = scratch_names(spec);
  if (names_.empty()) return {};
  spawn_request mounter;
  std::string field;
  bool made = ::mkdir(directory_.c_str(), 0700) == 0 || errno == EEXIST;
  for (std::size_t i = 0; made && i < spec.volumes.size(); ++i) {
    auto const path = directory_ + "/" + spec.volumes[i].name;
    made = ::mkdir(path.c_str(), 0755) == 0;
    auto const scratch = scratch_of(spec.volumes[i]);
    if (!scratch.restore_from_snapshot_id.empty()) {
      for (auto const& mount : spec.containers.front().volume_mounts) {
        if (mount.volume == spec.volumes[i].name) restored_paths_.push_back(mount.mount_path);
      }
    }
    if (!in_memory(scratch)) continue;
    field = field_of(i) + (scratch.size.empty() ? ".scratch.medium" : ".scratch.size");
    memory_mount mount;
    mount.path = path;
    mount.options = "mode=0755";
    if (auto const bytes = quantity_value(scratch.size, 1))
      mount.options += ",size=" + std::to_string(*bytes);
    mounter.mounts.push_back(std::move(mount));
  }
  if (!made) {
    return rpc_error(status_code::internal,
                     "cannot make a volume in " + directory_ + ": " + errno_text(errno));
  }
  if (mounter.mounts.empty()) return {};
  if (!keeper_) {
    return violation_error(field,
                           "this engine has no namespaces to mount file systems in, without which "
                           "it can neither limit a volume nor keep it in memory");
  }
  mounter.arguments = {"true"};
  mounter.path = "/usr/bin:/bin";
  keeper_->admit(mounter);
  auto const mounted = spawn(mounter);
  if (!mounted.process)
    return violation_error(field, "cannot mount it: " + errno_text(mounted.error));
  mounted.process->wait();
  return {};
}

CWSANDBOX_DECL archive_place volume_set::place_of(std::string const& name) const {
  archive_place result;
  result.bwrap = bwrap_;
  result.keeper = keeper_;
  result.volume = directory_ + "/" + name;
  return result;
}

CWSANDBOX_DECL outcome<void> volume_set::make_sub_path(std::string const& volume,
                                                       std::string const& sub_path) const {
  constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  unique_fd const root =
      keeper_ ? keeper_->root() : unique_fd{::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  // The engine's own path, with the links that the machine's owner put into it.
  unique_fd at{::openat(root.get(), (directory_ + "/" + volume).c_str() + 1,
                        O_PATH | O_DIRECTORY | O_CLOEXEC)};
  std::string_view rest{sub_path};
  while (at && !rest.empty()) {
    auto const end = std::min(rest.find('/'), rest.size());
    std::string const name{rest.substr(0, end)};
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (name.empty()) continue;
    ::mkdirat(at.get(), name.c_str(), 0755);
    at.reset(::openat(at.get(), name.c_str(), flags));
  }
  if (at) return {};
  return violation_error(
      "sandbox.spec.containers[0].volume_mounts",
      "'" + sub_path + "' is no directory of volume '" + volume + "': " + errno_text(errno));
}

CWSANDBOX_DECL outcome<void> volume_set::mount(wire::Container const& container,
                                               root_layout& layout) {
  auto mounts = container.volume_mounts;
  std::sort(mounts.begin(), mounts.end(),
            [](auto const& a, auto const& b) { return a.mount_path.size() < b.mount_path.size(); });
  for (auto const& mount : mounts) {
    if (layout.covers(mount.mount_path)) {
      return violation_error(
          "sandbox.spec.containers[0].volume_mounts",
          "'" + mount.mount_path + "' lies in a part of the image that cannot be changed");
    }
    if (auto made = make_sub_path(mount.volume, mount.sub_path); !made) return made;
    auto source = directory_ + "/" + mount.volume;
    if (!mount.sub_path.empty()) source += "/" + mount.sub_path;
    layout.mounts.insert(layout.mounts.end(), {mount.read_only ? "--ro-bind" : "--bind",
                                               std::move(source), mount.mount_path});
  }
  return {};
}

CWSANDBOX_DECL bool volume_set::in_restored(std::string_view path) const {
  return std::any_of(restored_paths_.begin(), restored_paths_.end(),
                     [&](auto const& top) { return path == top || volumes::is_below(path, top); });
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

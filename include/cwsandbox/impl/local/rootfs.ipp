// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_ROOTFS_IPP
#define CWSANDBOX_IMPL_LOCAL_ROOTFS_IPP

#include <cwsandbox/transport/local/rootfs.hpp>

#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

namespace cwsandbox::inline v1::detail::local {

namespace rooting {

inline constexpr std::string_view links_directory = "/etc/cwsandbox-";
inline constexpr std::string_view usual_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// The caller's umask is not the sandbox's, but inside there is only one user, who owns everything.
inline bool make_directory(std::string const& path, mode_t mode = 0755) {
  return ::mkdir(path.c_str(), mode) == 0 || errno == EEXIST;
}

inline bool make_file(std::string const& path, std::string_view content) {
  unique_fd const fd{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)};
  return fd && ::fchmod(fd.get(), 0644) == 0 && write_all(fd.get(), content);
}

inline std::optional<std::string> link_target(std::string const& path) {
  std::array<char, 4096> buffer;
  auto const n = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (n <= 0 || static_cast<std::size_t>(n) == buffer.size()) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(n));
}

inline bool is_directory(std::string const& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

inline std::optional<std::string> find_program(std::string_view name) {
  for (char const* directory : {"/usr/local/bin/", "/usr/bin/"}) {
    auto path = directory + std::string(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

/// `3.11` of `docker.io/library/python:3.11-slim`; empty without one, nothing when the image is not Python's.
inline std::optional<std::string> python_version(std::string_view image) {
  image.remove_prefix(std::min(image.rfind('/') + 1, image.size()));
  if (image != "python" && !image.starts_with("python:")) return std::nullopt;
  image.remove_prefix(std::min<std::size_t>(7, image.size()));
  std::string version;
  int points = 0;
  for (char const c : image) {
    if (c == '.' && ++points == 2) break;
    if (c != '.' && (c < '0' || c > '9')) break;
    version += c;
  }
  return version;
}

inline void mount_read_only(root_layout& layout, std::string const& from, std::string const& to) {
  layout.mounts.insert(layout.mounts.end(), {"--ro-bind", from, to});
}

inline void add(root_layout& layout, std::initializer_list<std::string> words) {
  layout.mounts.insert(layout.mounts.end(), words.begin(), words.end());
}

/// Puts one top-level entry of another root into the private one.
inline void take_over(std::string const& from, std::string const& name, root_layout& layout) {
  auto const source = from + "/" + name;
  if (auto const target = link_target(source)) {
    add(layout, {"--symlink", *target, "/" + name});
  } else if (is_directory(source)) {
    mount_read_only(layout, source, "/" + name);
  } else {
    return;
  }
  layout.covered.push_back(name);
}

}  // namespace rooting

CWSANDBOX_DECL outcome<resolved_image> resolve_image(std::string const& name,
                                                     local_options const& options) {
  using namespace rooting;
  resolved_image result;
  for (auto const& image : options.images) {
    if (image.name != name && ::fnmatch(image.name.c_str(), name.c_str(), 0) != 0) continue;
    if (!is_directory(image.rootfs)) {
      return rpc_error(
          status_code::failed_precondition,
          "image '" + name + "' is mapped to " + image.rootfs + ", which is not a directory");
    }
    result.rootfs = image.rootfs;
    return result;
  }
  if (options.only_mapped_images) {
    return rpc_error(status_code::failed_precondition,
                     "image '" + name +
                         "' has no root file system here: add it to local_options::images, or "
                         "allow this machine's "
                         "own programs with local_options::only_mapped_images = false");
  }
  if (auto const version = python_version(name)) {
    std::optional<std::string> python;
    if (!version->empty()) python = find_program("python" + *version);
    if (!python) python = find_program("python3");
    if (python) {
      result.first_on_path = std::string(links_directory) + python->substr(python->rfind('/') + 1);
      result.links.emplace_back("python", *python);
      result.links.emplace_back("python3", *python);
    }
  }
  return result;
}

CWSANDBOX_DECL bool make_shared_etc(std::string const& path, local_network network) {
  using namespace rooting;
  if (!make_directory(path)) return false;
  bool done = make_file(path + "/passwd",
                        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/"
                        "usr/sbin/nologin\n") &&
              make_file(path + "/group", "root:x:0:\nnogroup:x:65534:\n") &&
              make_file(path + "/hosts",
                        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n") &&
              make_file(path + "/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
  // slirp4netns answers name queries at this address.
  auto const resolver = network == local_network::host
                            ? read_small_file(AT_FDCWD, "/etc/resolv.conf")
                            : std::string("nameserver 10.0.2.3\n");
  done = done && make_file(path + "/resolv.conf", resolver);
  for (char const* name :
       {"ld.so.cache", "ld.so.conf", "localtime", "timezone", "mime.types", "services", "protocols",
        "debian_version", "ca-certificates.conf", "inputrc", "bash.bashrc", "profile", "gai.conf",
        "host.conf", "locale.alias", "shells", "login.defs"}) {
    auto const content =
        read_small_file(AT_FDCWD, ("/etc/" + std::string(name)).c_str(), std::size_t{16} << 20);
    if (!content.empty()) done = done && make_file(path + "/" + name, content);
  }
  if (auto const target = link_target("/etc/os-release")) {
    done = done &&
           (::symlink(target->c_str(), (path + "/os-release").c_str()) == 0 || errno == EEXIST);
  }
  ::symlink("/proc/self/mounts", (path + "/mtab").c_str());
  for (char const* name : {"ssl", "ssl/certs", "alternatives"}) {
    if (is_directory("/etc/" + std::string(name))) done = done && make_directory(path + "/" + name);
  }
  auto const openssl = read_small_file(AT_FDCWD, "/etc/ssl/openssl.cnf");
  if (!openssl.empty()) done = done && make_file(path + "/ssl/openssl.cnf", openssl);
  return done;
}

CWSANDBOX_DECL bool root_layout::covers(std::string_view path) const {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return std::find(covered.begin(), covered.end(), path.substr(0, path.find('/'))) != covered.end();
}

CWSANDBOX_DECL void show_programs(root_layout& layout) {
  for (char const* name : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"})
    rooting::take_over("", name, layout);
}

CWSANDBOX_DECL outcome<root_layout> make_root(std::string const& shared_etc,
                                              resolved_image const& image) {
  using namespace rooting;
  root_layout layout;
  add(layout, {"--perms", "1777", "--dir", "/tmp", "--perms", "0700", "--dir", "/root", "--dir",
               "/home", "--dir", "/run"});
  if (image.rootfs.empty()) {
    add(layout, {"--dir", "/opt", "--dir", "/var", "--perms", "1777", "--dir", "/var/tmp"});
    show_programs(layout);
    mount_read_only(layout, shared_etc, "/etc");
    layout.covered.emplace_back("etc");
    for (char const* name : {"alternatives", "ssl/certs"}) {
      auto const path = "/etc/" + std::string(name);
      if (is_directory(path)) mount_read_only(layout, path, path);
    }
  } else {
    constexpr std::array<std::string_view, 7> own{"proc", "dev",  "sys", "tmp",
                                                  "root", "home", "run"};
    DIR* const directory = ::opendir(image.rootfs.c_str());
    if (directory == nullptr) {
      return rpc_error(status_code::failed_precondition, image.rootfs + ": " + errno_text(errno));
    }
    while (auto const* entry = ::readdir(directory)) {
      std::string const name{entry->d_name};
      if (name == "." || name == ".." || std::find(own.begin(), own.end(), name) != own.end())
        continue;
      take_over(image.rootfs, name, layout);
    }
    ::closedir(directory);
    if (is_directory(image.rootfs + "/var/tmp"))
      add(layout, {"--perms", "1777", "--tmpfs", "/var/tmp"});
    for (char const* name : {"resolv.conf", "hosts"}) {
      auto const to = "/etc/" + std::string(name);
      struct stat status {};
      if (::lstat((image.rootfs + to).c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
        mount_read_only(layout, shared_etc + "/" + name, to);
      }
    }
  }
  if (!image.links.empty()) {
    // In the shared directory: the same for all sandboxes of the image.
    auto const links = shared_etc + image.first_on_path.substr(4);
    bool done = make_directory(links);
    for (auto const& [name, target] : image.links) {
      done =
          done && (::symlink(target.c_str(), (links + "/" + name).c_str()) == 0 || errno == EEXIST);
    }
    if (!done) return rpc_error(status_code::internal, links + ": " + errno_text(errno));
  }
  add(layout, {"--proc", "/proc", "--dev", "/dev"});
  layout.covered.insert(layout.covered.end(), {"proc", "dev", "sys"});
  return layout;
}

CWSANDBOX_DECL std::string default_path(resolved_image const& image) {
  std::string result = image.first_on_path;
  if (!result.empty()) result += ':';
  return result += rooting::usual_path;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_ARCHIVE_IPP
#define CWSANDBOX_IMPL_LOCAL_ARCHIVE_IPP

#include <cwsandbox/transport/local/archive.hpp>

#include <cwsandbox/transport/local/rootfs.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>

#include <fcntl.h>

namespace cwsandbox::inline v1::detail::local {

namespace archiving {

inline spawn_result run_tar(archive_place const& place, int input, int output, int errors,
                            int alive, char const* bind, std::initializer_list<char const*> tar) {
  spawn_request request;
  root_layout programs;
  show_programs(programs);
  // Inside, all files belong to the one user there is, who may have locked himself out of some.
  request.arguments = {place.bwrap,     "--unshare-user",  "--unshare-pid", "--unshare-ipc",
                       "--unshare-uts", "--unshare-net",   "--cap-drop",    "ALL",
                       "--cap-add",     "CAP_DAC_OVERRIDE"};
  auto const add = [&](std::initializer_list<std::string> words) {
    request.arguments.insert(request.arguments.end(), words.begin(), words.end());
  };
  add({"--uid", "0", "--gid", "0", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv",
       "LC_ALL", "C.UTF-8"});
  request.arguments.insert(request.arguments.end(), programs.mounts.begin(), programs.mounts.end());
  if (!place.keeper) add({"--die-with-parent"});
  add({bind, place.volume, "/volume", "--chdir", "/volume", "--", "tar"});
  for (auto const* word : tar) request.arguments.emplace_back(word);
  request.path = "/usr/local/bin:/usr/bin:/bin";
  request.input = input;
  request.output = output;
  request.error = errors;
  if (alive >= 0) request.keep.push_back(alive);
  if (place.keeper) {
    place.keeper->admit(request);
  } else {
    request.by_main_thread = true;
  }
  return spawn(request);
}

inline unique_fd null_device() {
  return above_stdio(unique_fd{::open("/dev/null", O_RDWR | O_CLOEXEC)});
}

}  // namespace archiving

CWSANDBOX_DECL spawn_result pack_volume(archive_place const& place, int archive, int errors) {
  unique_fd const null = archiving::null_device();
  return archiving::run_tar(place, null.get(), archive, errors, -1, "--ro-bind",
                            {"--create", "--file=-", "--format=posix", "--sparse",
                             "--numeric-owner", "--owner=0", "--group=0", "."});
}

CWSANDBOX_DECL spawn_result unpack_volume(archive_place const& place, int archive, int errors,
                                          int alive) {
  unique_fd const null = archiving::null_device();
  return archiving::run_tar(place, archive, null.get(), errors, alive, "--bind",
                            {"--extract", "--file=-", "--same-permissions", "--no-same-owner",
                             "--delay-directory-restore"});
}

CWSANDBOX_DECL std::string archive_failure(int errors, int exit_status) {
  std::array<char, 512> buffer;
  auto const n = ::pread(errors, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.empty()) text = "tar ended with status " + std::to_string(exit_status);
  return text;
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_VOLUMES_HPP
#define CWSANDBOX_VOLUMES_HPP

#include <cwsandbox/detail/storage.hpp>

#include <array>
#include <string_view>
#include <tuple>

namespace cwsandbox::inline v1 {

/// A volume that lives as long as its sandbox, empty or filled from a snapshot. An empty size or
/// snapshot id counts as unset. (contract: options 8.1)
template <class Storage>
struct basic_scratch_volume_options {
  detail::text_of<Storage> name = {};        ///< required, 1 to 63 of `[A-Za-z0-9_-]`
  detail::text_of<Storage> mount_path = {};  ///< required, absolute and canonical
  detail::optional_text_of<Storage> size = {};
  detail::optional_text_of<Storage> restore_from_snapshot_id = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_scratch_volume_options<Other>() const {
    return detail::convert<basic_scratch_volume_options<Other>>(*this);
  }
  friend bool operator==(basic_scratch_volume_options const&,
                         basic_scratch_volume_options const&) = default;
};

/// Attaches a volume that exists already; without mount_path it is attached but not mounted.
template <class Storage>
struct basic_named_volume_options {
  detail::text_of<Storage> name = {};       ///< required
  detail::text_of<Storage> volume_id = {};  ///< required
  detail::optional_text_of<Storage> mount_path = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_named_volume_options<Other>() const {
    return detail::convert<basic_named_volume_options<Other>>(*this);
  }
  friend bool operator==(basic_named_volume_options const&,
                         basic_named_volume_options const&) = default;
};

/// The one mount that can be captured as a file-system snapshot; short for a scratch volume.
template <class Storage>
struct basic_file_system_snapshot_options {
  detail::text_of<Storage> mount_path = {};  ///< required, absolute and canonical
  detail::optional_text_of<Storage> size = {};
  detail::optional_text_of<Storage> file_system_snapshot_id = {};
  detail::text_of<Storage> name = detail::text_of<Storage>{"workspace"};

  constexpr basic_scratch_volume_options<Storage> to_scratch_volume() const {
    return {name, mount_path, size, file_system_snapshot_id};
  }

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_file_system_snapshot_options<Other>() const {
    return detail::convert<basic_file_system_snapshot_options<Other>>(*this);
  }
  friend bool operator==(basic_file_system_snapshot_options const&,
                         basic_file_system_snapshot_options const&) = default;
};

template <class S>
struct detail::members_of<basic_scratch_volume_options<S>> {
  static constexpr auto list() {
    using T = basic_scratch_volume_options<S>;
    return std::tuple{&T::name, &T::mount_path, &T::size, &T::restore_from_snapshot_id};
  }
  static constexpr std::array<std::string_view, 4> names{"name", "mount_path", "size",
                                                         "restore_from_snapshot_id"};
};
template <class S>
struct detail::members_of<basic_named_volume_options<S>> {
  static constexpr auto list() {
    using T = basic_named_volume_options<S>;
    return std::tuple{&T::name, &T::volume_id, &T::mount_path};
  }
  static constexpr std::array<std::string_view, 3> names{"name", "volume_id", "mount_path"};
};
template <class S>
struct detail::members_of<basic_file_system_snapshot_options<S>> {
  static constexpr auto list() {
    using T = basic_file_system_snapshot_options<S>;
    return std::tuple{&T::mount_path, &T::size, &T::file_system_snapshot_id, &T::name};
  }
  static constexpr std::array<std::string_view, 4> names{"mount_path", "size",
                                                         "file_system_snapshot_id", "name"};
};

using ScratchVolumeOptions = basic_scratch_volume_options<literal>;
using NamedVolumeOptions = basic_named_volume_options<literal>;
using FileSystemSnapshotOptions = basic_file_system_snapshot_options<literal>;

static_assert(std::is_trivially_destructible_v<ScratchVolumeOptions> &&
              std::is_trivially_destructible_v<NamedVolumeOptions> &&
              std::is_trivially_destructible_v<FileSystemSnapshotOptions>);

}  // namespace cwsandbox::inline v1

#endif

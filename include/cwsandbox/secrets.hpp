// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SECRETS_HPP
#define CWSANDBOX_SECRETS_HPP

#include <cwsandbox/detail/storage.hpp>

#include <array>
#include <string_view>
#include <tuple>

namespace cwsandbox::inline v1 {

/// A secret of a store, handed to the sandbox as an environment variable (its own name unless
/// env_var says otherwise). Only names are held here, never a value. (contract: options 2.6)
template <class Storage>
struct basic_secret {
  detail::text_of<Storage> store = {};  ///< required
  detail::text_of<Storage> name = {};   ///< required
  detail::text_of<Storage> field = {};
  detail::optional_text_of<Storage> env_var = {};

  /// The environment variable that carries the secret.
  constexpr std::string_view variable() const {
    return env_var ? std::string_view{*env_var} : std::string_view{name};
  }

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_secret<Other>() const {
    return detail::convert<basic_secret<Other>>(*this);
  }

  /// An env_var that repeats the name is the same as none.
  friend constexpr bool operator==(basic_secret const& a, basic_secret const& b) {
    return a.store == b.store && a.name == b.name && a.field == b.field &&
           a.variable() == b.variable();
  }
};

/// Where the credentials of a private image registry are kept.
template <class Storage>
struct basic_image_pull_credentials {
  detail::text_of<Storage> registry = {};  ///< required
  detail::text_of<Storage> store = {};     ///< required
  detail::text_of<Storage> name = {};      ///< required
  detail::text_of<Storage> field = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_image_pull_credentials<Other>() const {
    return detail::convert<basic_image_pull_credentials<Other>>(*this);
  }
  friend bool operator==(basic_image_pull_credentials const&,
                         basic_image_pull_credentials const&) = default;
};

template <class S>
struct detail::members_of<basic_secret<S>> {
  static constexpr auto list() {
    using T = basic_secret<S>;
    return std::tuple{&T::store, &T::name, &T::field, &T::env_var};
  }
  static constexpr std::array<std::string_view, 4> names{"store", "name", "field", "env_var"};
};
template <class S>
struct detail::members_of<basic_image_pull_credentials<S>> {
  static constexpr auto list() {
    using T = basic_image_pull_credentials<S>;
    return std::tuple{&T::registry, &T::store, &T::name, &T::field};
  }
  static constexpr std::array<std::string_view, 4> names{"registry", "store", "name", "field"};
};

using Secret = basic_secret<literal>;
using ImagePullCredentials = basic_image_pull_credentials<literal>;

static_assert(std::is_trivially_destructible_v<Secret> &&
              std::is_trivially_destructible_v<ImagePullCredentials>);

}  // namespace cwsandbox::inline v1

#endif

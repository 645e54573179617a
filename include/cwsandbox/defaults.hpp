// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DEFAULTS_HPP
#define CWSANDBOX_DEFAULTS_HPP

#include <cwsandbox/detail/policy.hpp>
#include <cwsandbox/network.hpp>
#include <cwsandbox/placement.hpp>
#include <cwsandbox/resources.hpp>
#include <cwsandbox/secrets.hpp>
#include <cwsandbox/services.hpp>
#include <cwsandbox/volumes.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>

namespace cwsandbox::inline v1 {

namespace detail {
template <class To, class From>
constexpr void copy_fields(To& to, From const& from);
}

/// What the sandboxes of a session have in common. A value; every field may be unset (built-in
/// values are filled in when a sandbox is made, see options.hpp). How a field meets the same field
/// of a call is the merge policy in brackets. (contract: options 1)
template <class Storage>
struct basic_sandbox_defaults {
  /// Image of the main container [override; empty text inherits]. Built-in: `python:3.11`.
  detail::optional_text_of<Storage> container_image = {};
  /// The main process [override; empty text inherits]. Built-in: a `/bin/sh` that stays alive until
  /// SIGTERM.
  detail::optional_text_of<Storage> command = {};
  /// Arguments of the main process [override]. A command that is given without args has none.
  detail::texts_of<Storage> args = {};
  /// Endpoint of the service [override; empty text inherits].
  detail::optional_text_of<Storage> base_url = {};
  /// Limit of unary calls and default limit of waits, > 0 [override]. Built-in: 300 s.
  optional_duration request_timeout = {};
  /// How long transient errors are retried while polling, >= 0; 0 = no retries [override].
  /// Built-in: 30 s.
  optional_duration poll_retry_budget = {};
  /// Limit of one status call while polling, > 0 [override]. Built-in: 15 s.
  optional_duration poll_rpc_timeout = {};
  /// When the service ends the sandbox by itself, > 0, whole seconds [override]. Unset: the service
  /// decides.
  optional_duration max_lifetime = {};
  /// Directory for the payload of remote functions, absolute [override; empty text inherits].
  /// Built-in: `/tmp`.
  detail::optional_text_of<Storage> temp_dir = {};
  /// Labels for listing [concatenate; duplicates are kept].
  detail::texts_of<Storage> tags = {};
  /// Runners to choose from [override; an empty list clears].
  detail::texts_of<Storage> runner_ids = {};
  std::optional<PlacementMode> placement_mode = {};               ///< [override]
  std::optional<PlacementSpillover> placement_spillover = {};     ///< [override] Built-in: strict.
  std::optional<basic_resource_options<Storage>> resources = {};  ///< [override]
  std::optional<basic_network_options<Storage>> network =
      {};                                                 ///< [override; an empty object replaces]
  detail::list_of<Storage, basic_service> services = {};  ///< [override; an empty list clears]
  detail::list_of<Storage, basic_scratch_volume_options> volumes =
      {};  ///< [override; an empty list clears]
  std::optional<basic_file_system_snapshot_options<Storage>> file_system_snapshot =
      {};                                               ///< [override]
  detail::list_of<Storage, basic_secret> secrets = {};  ///< [concatenate; equal entries collapse]
  detail::map_of<Storage> environment_variables = {};   ///< [merge keys]
  detail::map_of<Storage> annotations = {};             ///< [merge keys]

  /// Compile-time defaults are accepted wherever stored ones are.
  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_sandbox_defaults<Other>() const {
    basic_sandbox_defaults<Other> stored{};
    detail::copy_fields(stored, *this);
    return stored;
  }
  friend bool operator==(basic_sandbox_defaults const&, basic_sandbox_defaults const&) = default;
};

/// Defaults with storage of their own: what a session keeps.
using SandboxDefaults = basic_sandbox_defaults<owning>;

/// Defaults that the compiler can merge and check, kept in read-only memory: `constexpr
/// cw::static_defaults base{.tags = {"fleet"}};`. Views and fixed-capacity lists; converts to
/// SandboxDefaults.
using static_defaults = basic_sandbox_defaults<literal>;

namespace detail {

/// The one table of the fields that defaults and overrides share: name, merge policy, member.
inline constexpr auto default_fields = std::tuple{
    option<merge_policy::override_>(
        "container_image", [](auto& o) -> auto& { return o.container_image; }),
    option<merge_policy::override_>(
        "command", [](auto& o) -> auto& { return o.command; }),
    option<merge_policy::override_>(
        "args", [](auto& o) -> auto& { return o.args; }),
    option<merge_policy::override_>(
        "base_url", [](auto& o) -> auto& { return o.base_url; }),
    option<merge_policy::override_>(
        "request_timeout", [](auto& o) -> auto& { return o.request_timeout; }),
    option<merge_policy::override_>(
        "poll_retry_budget", [](auto& o) -> auto& { return o.poll_retry_budget; }),
    option<merge_policy::override_>(
        "poll_rpc_timeout", [](auto& o) -> auto& { return o.poll_rpc_timeout; }),
    option<merge_policy::override_>(
        "max_lifetime", [](auto& o) -> auto& { return o.max_lifetime; }),
    option<merge_policy::override_>(
        "temp_dir", [](auto& o) -> auto& { return o.temp_dir; }),
    option<merge_policy::concatenate>(
        "tags", [](auto& o) -> auto& { return o.tags; }),
    option<merge_policy::override_>(
        "runner_ids", [](auto& o) -> auto& { return o.runner_ids; }),
    option<merge_policy::override_>(
        "placement_mode", [](auto& o) -> auto& { return o.placement_mode; }),
    option<merge_policy::override_>(
        "placement_spillover", [](auto& o) -> auto& { return o.placement_spillover; }),
    option<merge_policy::override_>(
        "resources", [](auto& o) -> auto& { return o.resources; }),
    option<merge_policy::override_>(
        "network", [](auto& o) -> auto& { return o.network; }),
    option<merge_policy::override_>(
        "services", [](auto& o) -> auto& { return o.services; }),
    option<merge_policy::override_>(
        "volumes", [](auto& o) -> auto& { return o.volumes; }),
    option<merge_policy::override_>(
        "file_system_snapshot", [](auto& o) -> auto& { return o.file_system_snapshot; }),
    option<merge_policy::concatenate>(
        "secrets", [](auto& o) -> auto& { return o.secrets; }),
    option<merge_policy::merge_keys>(
        "environment_variables", [](auto& o) -> auto& { return o.environment_variables; }),
    option<merge_policy::merge_keys>(
        "annotations", [](auto& o) -> auto& { return o.annotations; }),
};
using default_fields_table = std::remove_const_t<decltype(default_fields)>;

static_assert(policy_table_for<SandboxDefaults, default_fields_table>::value);
static_assert(policy_table_for<static_defaults, default_fields_table>::value);
static_assert(rows_differ<static_defaults>(default_fields));

/// Copies the fields of the table from one object to another of any flavour.
template <class To, class From>
constexpr void copy_fields(To& to, From const& from) {
  std::apply([&](auto const&... row) { (assign_across(row.access(to), row.access(from)), ...); },
             default_fields);
}

}  // namespace detail

/// A literal view of stored defaults, valid while they live and stay unchanged.
inline static_defaults view_of(SandboxDefaults const& defaults) {
  static_defaults view{};
  detail::copy_fields(view, defaults);
  return view;
}

/// The fields that are given, for logs: `SandboxDefaults{container_image='debian:12', tags=['a']}`.
/// Environment variables show their keys only, and no secret is in it (only names of secrets are).
[[nodiscard]] CWSANDBOX_DECL std::string to_string(SandboxDefaults const& defaults);

static_assert(std::is_trivially_destructible_v<static_defaults>);

}  // namespace cwsandbox::inline v1

#include <cwsandbox/detail/merge.hpp>

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/defaults.ipp>
#endif

#endif

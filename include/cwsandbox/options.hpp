// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_OPTIONS_HPP
#define CWSANDBOX_OPTIONS_HPP

/// \file What calls take in braces. Every struct here is a literal type made of views, numbers and
/// fixed-capacity lists: temporaries in the braces are safe because a call copies what it keeps
/// before it returns. A named object of these types must not outlive what its members were made
/// from; SandboxDefaults is what one stores.

#include <cwsandbox/command.hpp>
#include <cwsandbox/defaults.hpp>
#include <cwsandbox/status.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

// The built-in values, used where neither the call nor the defaults say anything.
inline constexpr std::string_view default_base_url = "https://api.cwsandbox.com";
inline constexpr std::string_view default_container_image = "python:3.11";
inline constexpr std::string_view default_command = "/bin/sh";
/// Keeps the sandbox alive and ends it at once on SIGTERM.
inline constexpr std::array<std::string_view, 2> default_args{
    "-c", "trap \"exit 0\" TERM INT; sleep infinity & wait"};
inline constexpr std::string_view default_temp_dir = "/tmp";
inline constexpr std::chrono::seconds default_request_timeout{300};
inline constexpr std::chrono::seconds default_poll_retry_budget{30};
inline constexpr std::chrono::seconds default_poll_rpc_timeout{15};
inline constexpr std::chrono::seconds default_graceful_shutdown{10};

/// What the temporary credentials for object storage may do.
enum class ObjectStoragePermission : std::uint8_t { unspecified, read, read_write };

/// Temporary bucket credentials for the sandbox.
template <class Storage>
struct basic_object_storage_access {
  detail::texts_of<Storage> buckets = {};
  ObjectStoragePermission permission = ObjectStoragePermission::unspecified;
  detail::text_of<Storage> object_prefix = {};

  template <class Other>
  requires detail::owns_from<Storage, Other>
  constexpr operator basic_object_storage_access<Other>() const {
    return detail::convert<basic_object_storage_access<Other>>(*this);
  }
  friend bool operator==(basic_object_storage_access const&,
                         basic_object_storage_access const&) = default;
};
template <class S>
struct detail::members_of<basic_object_storage_access<S>> {
  static constexpr auto list() {
    using T = basic_object_storage_access<S>;
    return std::tuple{&T::buckets, &T::permission, &T::object_prefix};
  }
  static constexpr std::array<std::string_view, 3> names{"buckets", "permission", "object_prefix"};
};
using ObjectStorageAccess = basic_object_storage_access<literal>;

/// All that can be said when a sandbox is made: the fields of SandboxDefaults (same names, order
/// and meaning, laid over the session's defaults by their merge policies), then what belongs to one
/// sandbox only. (contract: options 10.2)
template <class Storage>
struct basic_sandbox_options {
  detail::optional_text_of<Storage> container_image = {};
  detail::optional_text_of<Storage> command = {};
  detail::texts_of<Storage> args = {};
  detail::optional_text_of<Storage> base_url = {};
  optional_duration request_timeout = {};
  optional_duration poll_retry_budget = {};
  optional_duration poll_rpc_timeout = {};
  optional_duration max_lifetime = {};
  detail::optional_text_of<Storage> temp_dir = {};
  detail::texts_of<Storage> tags = {};
  detail::texts_of<Storage> runner_ids = {};
  std::optional<PlacementMode> placement_mode = {};
  std::optional<PlacementSpillover> placement_spillover = {};
  std::optional<basic_resource_options<Storage>> resources = {};
  std::optional<basic_network_options<Storage>> network = {};
  detail::list_of<Storage, basic_service> services = {};
  detail::list_of<Storage, basic_scratch_volume_options> volumes = {};
  std::optional<basic_file_system_snapshot_options<Storage>> file_system_snapshot = {};
  detail::list_of<Storage, basic_secret> secrets = {};
  detail::map_of<Storage> environment_variables = {};
  detail::map_of<Storage> annotations = {};

  /// Read-only files that are there before the main process starts: absolute path and content (any
  /// bytes).
  detail::pairs_of<Storage> mounted_files = {};
  /// Make the sandbox from this template; the defaults then apply for tags, base URL and timeouts
  /// only.
  detail::optional_text_of<Storage> template_id = {};
  std::optional<basic_image_pull_credentials<Storage>> image_pull_credentials = {};
  /// Idempotency key of the create. Default: a random UUID, the same for every attempt.
  detail::optional_text_of<Storage> request_id = {};
  /// Existing volumes to attach.
  detail::list_of<Storage, basic_named_volume_options> named_volumes = {};
  std::optional<basic_object_storage_access<Storage>> object_storage_access = {};

  friend bool operator==(basic_sandbox_options const&, basic_sandbox_options const&) = default;
};

/// The overrides of `session.sandbox({...})` and `basic_sandbox::run(transport, {...})`.
using SandboxOptions = basic_sandbox_options<literal>;

static_assert(std::is_trivially_destructible_v<SandboxOptions>);

namespace detail {

/// SandboxOptions with storage of its own: what a sandbox keeps.
using stored_options = basic_sandbox_options<owning>;

/// The members that only options have.
inline constexpr auto extra_fields = std::tuple{
    option<merge_policy::override_>(
        "mounted_files", [](auto& o) -> auto& { return o.mounted_files; }),
    option<merge_policy::override_>(
        "template_id", [](auto& o) -> auto& { return o.template_id; }),
    option<merge_policy::override_>(
        "image_pull_credentials", [](auto& o) -> auto& { return o.image_pull_credentials; }),
    option<merge_policy::override_>(
        "request_id", [](auto& o) -> auto& { return o.request_id; }),
    option<merge_policy::override_>(
        "named_volumes", [](auto& o) -> auto& { return o.named_volumes; }),
    option<merge_policy::override_>(
        "object_storage_access", [](auto& o) -> auto& { return o.object_storage_access; }),
};
inline constexpr auto all_fields = std::tuple_cat(default_fields, extra_fields);

static_assert(policy_table_for<SandboxOptions, std::remove_const_t<decltype(all_fields)>>::value);
static_assert(policy_table_for<stored_options, std::remove_const_t<decltype(all_fields)>>::value);
static_assert(rows_differ<SandboxOptions>(all_fields));

template <class To, class From>
constexpr void copy_all_fields(To& to, From const& from) {
  std::apply([&](auto const&... row) { (assign_across(row.access(to), row.access(from)), ...); },
             all_fields);
}
template <class To, class From>
constexpr void copy_extra_fields(To& to, From const& from) {
  std::apply([&](auto const&... row) { (assign_across(row.access(to), row.access(from)), ...); },
             extra_fields);
}

/// The options of a call laid over the defaults of its session, in storage of their own. A template
/// takes only tags, base URL and timeouts from the defaults: everything else comes from the
/// template itself. (contract: lifecycle 2.4)
CWSANDBOX_DECL stored_options merge_options(SandboxDefaults const& defaults,
                                            SandboxOptions const& options);

/// Both flavours of defaults, taken by calls (in constrained templates) where braces make
/// SandboxOptions.
template <class T>
concept any_defaults = std::same_as<T, SandboxDefaults> || std::same_as<T, static_defaults>;

/// Defaults seen as the options of a call that says nothing more; valid while they live and stay
/// unchanged.
template <any_defaults Defaults>
constexpr SandboxOptions options_of(Defaults const& defaults) {
  SandboxOptions options{};
  copy_fields(options, defaults);
  return options;
}

/// A literal view of stored options; valid while they live and stay unchanged.
inline SandboxOptions view_of(stored_options const& stored) {
  SandboxOptions options{};
  copy_all_fields(options, stored);
  return options;
}

}  // namespace detail

/// Options of `exec` and `exec_unary`. (contract: streams 1)
struct ExecOptions {
  /// Working directory, absolute. Unset: the image's.
  std::optional<std::string_view> cwd = {};
  /// A non-zero exit is an error (SandboxExecutionError).
  bool check = false;
  /// Limit of the command, > 0. Unset: the request timeout of the sandbox.
  optional_duration timeout = {};
  /// Keep the command's input open for `in()`.
  bool open_stdin = false;
  /// Environment of this command, over the sandbox's.
  detail::map_of<literal> env = {};
  /// Container to run in. Unset: the main one.
  std::optional<std::string_view> container = {};
  /// How much of each output the result keeps. Unset: all.
  std::optional<std::uint64_t> max_buffered_bytes = {};
};

namespace detail {

/// Stands where an option would that needs exec streams: saying anything for it does not compile.
struct needs_exec_streams {
  constexpr needs_exec_streams() noexcept = default;
  template <class Value>
  constexpr needs_exec_streams(Value) noexcept {
    static_assert(sizeof(Value) == 0,
                  "this option needs a transport with exec streams, such as grpc_transport or "
                  "local_transport");
  }
};

}  // namespace detail

/// ExecOptions for transports without exec streams, such as `http_transport`: `open_stdin` does not compile.
struct UnaryExecOptions {
  std::optional<std::string_view> cwd = {};  ///< as in ExecOptions
  bool check = false;                        ///< as in ExecOptions
  optional_duration timeout = {};            ///< as in ExecOptions
  detail::needs_exec_streams open_stdin = {};  ///< does not compile
  detail::map_of<literal> env = {};            ///< as in ExecOptions
  std::optional<std::string_view> container = {};        ///< as in ExecOptions
  std::optional<std::uint64_t> max_buffered_bytes = {};  ///< as in ExecOptions

  /// The same for the run-time part.
  constexpr operator ExecOptions() const {
    ExecOptions options{};
    options.cwd = cwd;
    options.check = check;
    options.timeout = timeout;
    options.env = env;
    options.container = container;
    options.max_buffered_bytes = max_buffered_bytes;
    return options;
  }
};

/// Options of `shell`. (contract: streams 3)
struct ShellOptions {
  /// Columns of the terminal, >= 1. Unset: as the service likes, usually 80.
  std::optional<std::uint32_t> width = {};
  /// Rows of the terminal, >= 1. Unset: as the service likes, usually 24.
  std::optional<std::uint32_t> height = {};
  /// Container to run in. Unset: the main one.
  std::optional<std::string_view> container = {};
};

/// Options of `list`. (contract: lifecycle 5.1)
struct ListOptions {
  /// Only sandboxes with all of these tags (a session adds its own in front).
  detail::texts_of<literal> tags = {};
  std::optional<SandboxStatus> status = {};
  detail::texts_of<literal> runner_ids = {};
  bool show_terminated = false;
  /// Sessions only: own what is found.
  bool adopt = false;
  std::optional<int> page_size = {};
  detail::texts_of<literal> volume_ids = {};
};

/// Options of `stop`. (contract: lifecycle 4)
struct StopOptions {
  /// How long the main process may take, >= 0; 0 kills at once.
  optional_duration graceful_shutdown = default_graceful_shutdown;
  /// A sandbox that is gone already is no error.
  bool missing_ok = false;
  /// Archive its scratch volumes on the way: see `basic_sandbox::file_system_snapshot_id()`.
  bool snapshot_on_stop = false;
  /// With `snapshot_on_stop`: wait until the snapshot is ready, 600 seconds at most.
  bool wait_for_ready = true;
  /// With `snapshot_on_stop`: idempotency key of the delete; none is made up.
  std::optional<std::string_view> request_id = {};
};

/// Options of `wait`.
struct WaitOptions {
  optional_duration timeout = {};  ///< unset: the request timeout of the sandbox
};

/// Options of `wait_until_complete`.
struct CompletionOptions {
  optional_duration timeout = {};    ///< unset: the request timeout of the sandbox
  bool raise_on_termination = true;  ///< being terminated is an error
};

/// Options of file reads and writes.
struct FileOptions {
  optional_duration timeout = {};  ///< unset: the request timeout of the sandbox
  std::optional<std::string_view> container = {};
};

/// Options of `remove`.
struct RemoveOptions {
  bool missing_ok = false;  ///< a sandbox that is gone already is no error
};

static_assert(std::is_trivially_destructible_v<ExecOptions> &&
              std::is_trivially_destructible_v<UnaryExecOptions> &&
              std::is_trivially_destructible_v<ShellOptions> &&
              std::is_trivially_destructible_v<ListOptions> &&
              std::is_trivially_destructible_v<StopOptions> &&
              std::is_trivially_destructible_v<WaitOptions> &&
              std::is_trivially_destructible_v<CompletionOptions> &&
              std::is_trivially_destructible_v<FileOptions> &&
              std::is_trivially_destructible_v<RemoveOptions>);

}  // namespace cwsandbox::inline v1

#include <cwsandbox/detail/validation.hpp>

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/options.ipp>
#endif

#endif

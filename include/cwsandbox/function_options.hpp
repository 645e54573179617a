// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_FUNCTION_OPTIONS_HPP
#define CWSANDBOX_FUNCTION_OPTIONS_HPP

/// \file
/// What may be said when a remote function is made; the functions themselves are in `function.hpp`.

#include <cwsandbox/config.hpp>
#include <cwsandbox/options.hpp>

#include <optional>
#include <string_view>
#include <type_traits>

namespace cwsandbox::inline v1 {

/// Options of `session.function`. The first ones are those of the sandboxes that the calls run in, laid over the
/// session's defaults as `session.sandbox` does. (contract: options 5)
struct FunctionOptions {
  std::optional<std::string_view> container_image = {};
  /// Where arguments and results are left as files. Unset: `/tmp`.
  std::optional<std::string_view> temp_dir = {};
  detail::texts_of<literal> runner_ids = {};
  std::optional<basic_resource_options<literal>> resources = {};
  detail::pairs_of<literal> mounted_files = {};
  std::optional<basic_network_options<literal>> network = {};
  detail::list_of<literal, basic_service> services = {};
  detail::list_of<literal, basic_scratch_volume_options> volumes = {};
  std::optional<basic_file_system_snapshot_options<literal>> file_system_snapshot = {};
  std::optional<PlacementMode> placement_mode = {};
  std::optional<PlacementSpillover> placement_spillover = {};
  detail::map_of<literal> environment_variables = {};
  detail::map_of<literal> annotations = {};
  optional_duration request_timeout = {};

  /// Functions from source only. The words before the text of the runner. Unset: `{"python", "-c"}`.
  detail::texts_of<literal> interpreter = {};
  /// Functions from source only. The program that the interpreter is given; its arguments are the paths of the payload
  /// and of the outcome. Unset: one in Python. See docs/functions.md for what it must do.
  std::optional<std::string_view> runner = {};
  /// Functions from source only. Global variables that the source finds: name and value as JSON, as `value_to_json`
  /// makes it.
  detail::map_of<literal> closure_variables = {};
};
static_assert(std::is_trivially_destructible_v<FunctionOptions>);

namespace detail {

/// Makes the functions of a session. `function.hpp` has it for function types.
template <class Signature>
struct function_access {
  static_assert(sizeof(Signature*) == 0,
                "cwsandbox: session.function() needs #include <cwsandbox/function.hpp>, and a "
                "signature such as int(int, int)");
};

}  // namespace detail

}  // namespace cwsandbox::inline v1

#endif

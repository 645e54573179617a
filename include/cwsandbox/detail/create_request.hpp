// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_CREATE_REQUEST_HPP
#define CWSANDBOX_DETAIL_CREATE_REQUEST_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/placement_fsm.hpp>
#include <cwsandbox/detail/resolve.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Where the creates of a sandbox with these options begin.
[[nodiscard]] CWSANDBOX_DECL placement_fsm make_placement(resolved_options const& options,
                                                          std::string request_id);

/// The request of a create (lifecycle, sections 2.1 and 2.2). Mode, runners and request id are the attempt's.
/// Precondition: the options passed validation and name no template.
[[nodiscard]] CWSANDBOX_DECL wire::CreateSandboxRequest make_create_request(
    resolved_options const& options, create_attempt const& attempt);

/// The request of a create from a template (lifecycle, section 2.4): only what was given overrides the template.
/// Precondition: the options passed validation and name a template.
[[nodiscard]] CWSANDBOX_DECL wire::CreateSandboxFromTemplateRequest make_template_request(
    resolved_options const& options, create_attempt const& attempt);

/// The scratch volumes that the options ask for, the mount of a snapshot included.
[[nodiscard]] CWSANDBOX_DECL std::vector<std::string> scratch_volume_names(
    resolved_options const& options);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/create_request.ipp>
#endif

#endif

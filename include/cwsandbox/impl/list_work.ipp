// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LIST_WORK_IPP
#define CWSANDBOX_IMPL_LIST_WORK_IPP

#include <cwsandbox/detail/list_work.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL wire::ListSandboxesRequest make_list_request(
    ListOptions const& options, std::vector<std::string> const& default_tags,
    std::vector<std::string> const& default_runners) {
  wire::ListSandboxesRequest request{};
  request.tags = default_tags;
  options.tags.for_each([&](std::string_view tag) { request.tags.emplace_back(tag); });
  if (options.status) request.state = to_wire(*options.status);
  if (options.runner_ids.has_value())
    options.runner_ids.for_each([&](std::string_view id) { request.runner_ids.emplace_back(id); });
  else
    request.runner_ids = default_runners;
  options.volume_ids.for_each([&](std::string_view id) { request.volume_ids.emplace_back(id); });
  request.show_terminated = options.show_terminated;
  if (options.page_size) request.page_size = *options.page_size;
  return request;
}

}  // namespace cwsandbox::inline v1::detail

#endif

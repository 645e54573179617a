// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_OPTIONS_IPP
#define CWSANDBOX_IMPL_OPTIONS_IPP

#include <cwsandbox/options.hpp>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL stored_options merge_options(SandboxDefaults const& defaults,
                                            SandboxOptions const& options) {
  stored_options merged{};
  if (options.template_id) {
    merged.base_url = defaults.base_url;
    merged.request_timeout = defaults.request_timeout;
    merged.poll_retry_budget = defaults.poll_retry_budget;
    merged.poll_rpc_timeout = defaults.poll_rpc_timeout;
    merged.tags = defaults.tags;
  } else {
    copy_fields(merged, defaults);
  }
  merge_fields(merged, options);
  copy_extra_fields(merged, options);
  return merged;
}

}  // namespace cwsandbox::inline v1::detail

#endif

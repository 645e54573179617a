// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_SESSION_CORE_IPP
#define CWSANDBOX_IMPL_SESSION_CORE_IPP

#include <cwsandbox/detail/session_core.hpp>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void stop_tally::ended(std::size_t index, outcome<void> const& result) {
  std::vector<error> causes;
  {
    std::lock_guard lock{mutex_};
    if (!result) failures_[index] = result.error();
    if (--left_ != 0) return;
    for (auto& failure : failures_)
      if (failure) causes.push_back(*std::move(failure));
  }
  before_end_();
  if (causes.empty()) {
    state_->complete({});
    return;
  }
  auto message = "Failed to stop " + std::to_string(causes.size()) +
                 " sandbox(es). Some sandboxes may still be running.";
  state_->complete(make_error(error_kind::sandbox, std::move(message)).with([&](error_details& d) {
    d.causes = std::move(causes);
  }));
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SANDBOX_OWNER_HPP
#define CWSANDBOX_DETAIL_SANDBOX_OWNER_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/blocking.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Shared by the handles of a sandbox without a session: stops it when the last of them dies.
template <class T>
class sandbox_owner {
 public:
  explicit sandbox_owner(std::shared_ptr<sandbox_core<T>> core) : core_{std::move(core)} {}
  sandbox_owner(sandbox_owner const&) = delete;
  sandbox_owner& operator=(sandbox_owner const&) = delete;
  ~sandbox_owner() {
    if (released_) return;
    stop_plan plan{};
    plan.missing_ok = true;
    auto const stopping = core_->stop(std::move(plan));
    if (auto failure = finish_in_destructor(stopping)) report_cleanup_error(*failure);
  }

  void release() noexcept { released_ = true; }

 private:
  std::shared_ptr<sandbox_core<T>> core_;
  std::atomic<bool> released_{false};
};

/// An unstarted sandbox from defaults and the options of one call; throws `invalid_argument` for what is wrong in them.
template <class T>
[[nodiscard]] std::shared_ptr<sandbox_core<T>> make_core(T transport,
                                                         asio::any_io_executor const& executor,
                                                         SandboxDefaults const& defaults,
                                                         SandboxOptions const& options) {
  auto const merged = merge_options(defaults, options);
  if (auto e = validation_error(validate(view_of(merged)))) e->raise();
  return std::make_shared<sandbox_core<T>>(std::move(transport), executor, resolve(merged));
}

}  // namespace cwsandbox::inline v1::detail

#endif

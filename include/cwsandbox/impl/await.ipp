// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_AWAIT_IPP
#define CWSANDBOX_IMPL_AWAIT_IPP

#include <cwsandbox/detail/await.hpp>

#include <algorithm>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void first_event::fire(woken why) {
  std::lock_guard lock{mutex_};
  if (why_) return;
  why_ = why;
  if (timer_ != nullptr) timer_->cancel();
}

CWSANDBOX_DECL std::optional<woken> first_event::fired() const {
  std::lock_guard lock{mutex_};
  return why_;
}

CWSANDBOX_DECL first_event::bed::bed(std::shared_ptr<first_event> event,
                                     asio::any_io_executor const& executor)
    : event_{std::move(event)}, timer_{executor, asio::steady_timer::time_point::max()} {
  std::lock_guard lock{event_->mutex_};
  event_->timer_ = &timer_;
}

CWSANDBOX_DECL first_event::bed::~bed() {
  std::lock_guard lock{event_->mutex_};
  event_->timer_ = nullptr;
}

CWSANDBOX_DECL void cancel_token::cancel() {
  std::vector<std::shared_ptr<first_event>> events;
  {
    std::lock_guard lock{mutex_};
    cancelled_ = true;
    events = events_;
  }
  for (auto const& event : events) event->fire(woken::cancelled);
}

CWSANDBOX_DECL bool cancel_token::is_cancelled() const {
  std::lock_guard lock{mutex_};
  return cancelled_;
}

CWSANDBOX_DECL cancel_token::registration::registration(cancel_token* token,
                                                        std::shared_ptr<first_event> event)
    : token_{token}, event_{std::move(event)} {
  if (!token_) return;
  bool cancelled = false;
  {
    std::lock_guard lock{token_->mutex_};
    cancelled = token_->cancelled_;
    token_->events_.push_back(event_);
  }
  if (cancelled) event_->fire(woken::cancelled);
}

CWSANDBOX_DECL cancel_token::registration::~registration() {
  if (!token_) return;
  std::lock_guard lock{token_->mutex_};
  auto const it = std::find(token_->events_.begin(), token_->events_.end(), event_);
  if (it != token_->events_.end()) token_->events_.erase(it);
}

}  // namespace cwsandbox::inline v1::detail

#endif

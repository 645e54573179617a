// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_INPUT_QUEUE_IPP
#define CWSANDBOX_IMPL_INPUT_QUEUE_IPP

#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/input_queue.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL void input_queue::write(std::string bytes,
                                       std::shared_ptr<operation_state<void>> state) {
  std::optional<error> refused;
  unique_function<void()> wake;
  {
    std::lock_guard lock{mutex_};
    refused = refusal_locked();
    if (!refused) {
      if (queued_.size() >= constants::stdin_queue_writes || !waiting_.empty()) {
        waiting_.push_back({std::move(bytes), std::move(state)});
        return;
      }
      queued_.emplace_back(std::move(bytes));
      wake = std::move(when_ready_);
    }
  }
  if (refused) {
    state->complete(*std::move(refused));
    return;
  }
  state->complete({});
  if (wake) wake();
}

CWSANDBOX_DECL void input_queue::close(std::shared_ptr<operation_state<void>> state) {
  unique_function<void()> wake;
  {
    std::lock_guard lock{mutex_};
    if (!closed_ && !finished_) {
      closed_ = true;
      if (queued_.size() >= constants::stdin_queue_writes || !waiting_.empty()) {
        waiting_.push_back({end_of_input{}, std::move(state)});
        return;
      }
      queued_.emplace_back(end_of_input{});
      wake = std::move(when_ready_);
    }
    closed_ = true;
  }
  state->complete({});
  if (wake) wake();
}

CWSANDBOX_DECL bool input_queue::is_closed() const {
  std::lock_guard lock{mutex_};
  return closed_;
}

CWSANDBOX_DECL std::optional<error> input_queue::refusal() const {
  std::lock_guard lock{mutex_};
  return refusal_locked();
}

CWSANDBOX_DECL std::optional<input_queue::item> input_queue::pop(
    unique_function<void()> when_ready) {
  std::optional<item> result;
  std::shared_ptr<operation_state<void>> admitted;
  {
    std::lock_guard lock{mutex_};
    if (queued_.empty()) {
      when_ready_ = std::move(when_ready);
      return std::nullopt;
    }
    result = std::move(queued_.front());
    queued_.pop_front();
    while (!waiting_.empty() && !admitted) {
      auto next = std::move(waiting_.front());
      waiting_.pop_front();
      // a write that was cancelled while it waited is not sent; the end of input always is
      if (next.state->is_done() && std::holds_alternative<std::string>(next.what)) continue;
      queued_.push_back(std::move(next.what));
      admitted = std::move(next.state);
    }
  }
  if (admitted) admitted->complete({});
  return result;
}

CWSANDBOX_DECL void input_queue::finish(std::string_view why) {
  std::deque<waiting> left;
  unique_function<void()> dropped;
  {
    std::lock_guard lock{mutex_};
    if (finished_) return;
    finished_.emplace(why);
    left = std::move(waiting_);
    queued_.clear();
    dropped = std::move(when_ready_);
  }
  for (auto& w : left) {
    if (std::holds_alternative<end_of_input>(w.what))
      w.state->complete({});
    else
      w.state->complete(*refusal());
  }
}

inline std::optional<error> input_queue::refusal_locked() const {
  if (finished_)
    return make_error(error_kind::execution, "cannot write: the stream failed: " + *finished_)
        .with([&](error_details& d) { d.causes.push_back(make_error(error_kind::generic, *finished_)); });
  if (closed_) return make_error(error_kind::execution, "cannot write: the input is closed");
  return std::nullopt;
}

}  // namespace cwsandbox::inline v1::detail

#endif

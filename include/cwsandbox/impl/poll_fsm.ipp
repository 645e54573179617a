// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_POLL_FSM_IPP
#define CWSANDBOX_IMPL_POLL_FSM_IPP

#include <cwsandbox/detail/poll_fsm.hpp>
#include <cwsandbox/detail/translate.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

inline bool is_stable(wire::State state) noexcept {
  switch (state) {
    case wire::State::unspecified:
    case wire::State::running:
    case wire::State::paused:
    case wire::State::terminating:
    case wire::State::completed:
    case wire::State::failed:
    case wire::State::terminated:
      return true;
    case wire::State::creating:
    case wire::State::pending:
      break;
  }
  return false;
}

inline wire::State state_of(wire::Sandbox const& sandbox) noexcept {
  return sandbox.status ? sandbox.status->state : wire::State::unspecified;
}

inline bool lacks_exit_code(wire::Sandbox const& sandbox) noexcept {
  return state_of(sandbox) == wire::State::completed && !sandbox.status->exit_code;
}

CWSANDBOX_DECL poll_fsm::action poll_fsm::answered(outcome<wire::Sandbox> answer, time_point now,
                                                   double random, bool wants_exit_code) {
  if (grace_polls_ > 0) {
    // an extra look: a failure, or an answer that is not terminal, keeps what is in hand
    bool const terminal = answer && is_stable(state_of(*answer)) &&
                          state_of(*answer) != wire::State::running &&
                          state_of(*answer) != wire::State::paused &&
                          state_of(*answer) != wire::State::terminating;
    if (terminal) sandbox_ = *std::move(answer);
    bool const again = lacks_exit_code(*sandbox_) && wants_exit_code &&
                       grace_polls_ < constants::exit_code_grace_polls;
    if (!again) return {step::done, {}};
    ++grace_polls_;
    return {step::sleep, constants::exit_code_grace_sleep};
  }

  if (!answer) {
    if (!is_poll_retryable(answer.error())) {
      failure_ = answer.error();
      return {step::fail, {}};
    }
    failure_ = answer.error();
    auto const delay = burst_.failed(now, answer.error().retry_after(), random);
    if (!delay) return {step::fail, {}};
    retrying_ = true;
    return {step::sleep, *delay};
  }

  retrying_ = false;
  auto const state = state_of(*answer);
  if (!is_stable(state)) return {step::sleep, backoff_.next()};
  sandbox_ = *std::move(answer);
  if (lacks_exit_code(*sandbox_) && wants_exit_code) {
    grace_polls_ = 1;
    return {step::sleep, constants::exit_code_grace_sleep};
  }
  return {step::done, {}};
}

CWSANDBOX_DECL poll_fsm::action poll_fsm::slept(time_point now, bool wants_exit_code) {
  if (grace_polls_ > 0) {
    if (!wants_exit_code) return {step::done, {}};
    return {step::get, constants::exit_code_grace_rpc_timeout};
  }
  // a good answer ended the burst: what is left of its budget limits retries only
  if (!retrying_) return {step::get, burst_.first_rpc_timeout(settings_.rpc_timeout)};
  if (!burst_.has_time(now)) return {step::fail, {}};
  return {step::get, burst_.rpc_timeout(now, settings_.rpc_timeout)};
}

}  // namespace cwsandbox::inline v1::detail

#endif

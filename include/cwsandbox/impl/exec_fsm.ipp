// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_EXEC_FSM_IPP
#define CWSANDBOX_IMPL_EXEC_FSM_IPP

#include <cwsandbox/detail/exec_fsm.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/reasons.hpp>

#include <cstdio>
#include <utility>
#include <variant>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL std::string seconds_text(std::chrono::nanoseconds d) {
  char text[48];
  auto const n = std::snprintf(text, sizeof text, "%.9f",
                               std::chrono::duration<double>{d}.count());
  std::string result(text, n > 0 ? static_cast<std::size_t>(n) : 0);
  result.erase(result.find_last_not_of('0') + 1);
  if (!result.empty() && result.back() == '.') result.pop_back();
  return result;
}

inline void exec_fsm::fail(error e) {
  if (is_finished()) return;
  failure_ = e.sandbox_id().empty()
                 ? e.with([&](error_details& d) { d.sandbox_id = settings_.sandbox_id; })
                 : std::move(e);
}

inline error in_band_error(wire::ExecStreamError const& e) {
  if (e.code == "STREAM_BACKPRESSURE")
    return make_error(error_kind::stream_backpressure,
                      "the output was not read fast enough and the server ended the stream; read it "
                      "as it comes, or write it to a file in the sandbox")
        .with([&](error_details& d) { d.stream_code = e.code; });
  if (e.code == "STREAM_TRUNCATED")
    return make_error(error_kind::stream_truncated,
                      "the server lost part of the output; write large output to a file in the "
                      "sandbox and read that")
        .with([&](error_details& d) { d.stream_code = e.code; });
  return make_error(error_kind::execution, "Exec stream error: " + e.message)
      .with([&](error_details& d) { d.reason = e.code; });
}

CWSANDBOX_DECL exec_fsm::step exec_fsm::received(wire::ExecStreamResponse&& message) {
  if (is_finished()) return step::finished;
  begun_ = true;
  if (auto* output = std::get_if<wire::ExecStreamOutput>(&message.message)) {
    data_ = std::move(output->data);
    bool const to_err = output->stream == wire::ExecStreamOutput::Stream::stderr_ && !settings_.tty;
    return to_err ? step::err : step::out;
  }
  if (std::holds_alternative<wire::ExecStreamReady>(message.message)) {
    if (ready_) return step::nothing;
    ready_ = true;
    return step::ready;
  }
  if (auto const* exit = std::get_if<wire::ExecStreamExit>(&message.message)) {
    exit_code_ = exit->exit_code;
    return step::finished;
  }
  if (auto const* e = std::get_if<wire::ExecStreamError>(&message.message)) {
    fail(in_band_error(*e));
    return step::finished;
  }
  return step::nothing;  // a message of a later version of the API
}

CWSANDBOX_DECL void exec_fsm::closed(std::optional<error> const& report) {
  if (is_finished()) return;
  if (!report) {
    fail(make_error(error_kind::outcome_unknown,
                    "the stream of command " + settings_.command_text +
                        " ended without an exit status; it may have run, and it may still run"));
    return;
  }
  // a terminal session has no limit of its own that could be over
  if (!settings_.tty && report->kind() == error_kind::rpc &&
      report->code() == status_code::deadline_exceeded &&
      !(has_trusted_reason(*report) && report->reason() == reasons::command_timeout)) {
    auto const r = *report;
    timed_out();
    failure_ = failure_->with([&](error_details& d) {
      d.code = r.code();
      d.reason = r.reason();
      d.domain = r.details().domain;
      d.metadata = r.details().metadata;
      d.retry_after = r.retry_after();
      d.causes.assign(1, r);
    });
    return;
  }
  call_context context{};
  context.operation = settings_.tty ? "TTY exec" : "Execute command";
  context.sandbox_id = settings_.sandbox_id;
  fail(translate(*report, context));
}

CWSANDBOX_DECL void exec_fsm::timed_out() {
  fail(make_error(error_kind::timeout, "Command " + settings_.command_text +
                                           " did not finish within " +
                                           seconds_text(settings_.timeout) + "s")
           .with([](error_details& d) { d.code = status_code::deadline_exceeded; }));
}

CWSANDBOX_DECL bool exec_fsm::ready_timed_out(std::chrono::nanoseconds waited) {
  if (is_finished() || ready_) return false;
  fail(make_error(error_kind::timeout, "no ready signal for the input of command " +
                                           settings_.command_text + " within " +
                                           seconds_text(waited) + "s")
           .with([](error_details& d) { d.code = status_code::deadline_exceeded; }));
  return true;
}

CWSANDBOX_DECL void exec_fsm::sandbox_ended(error not_running) { fail(std::move(not_running)); }

CWSANDBOX_DECL void exec_fsm::failed(error e) { fail(std::move(e)); }

}  // namespace cwsandbox::inline v1::detail

#endif

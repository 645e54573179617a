// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_FUNCTION_WORK_HPP
#define CWSANDBOX_DETAIL_FUNCTION_WORK_HPP

/// \file
/// One call of a remote function, from the start of its sandbox to the end of it, over what any program can do with a
/// sandbox.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/detail/function_call.hpp>
#include <cwsandbox/detail/sandbox_access.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/detail/session_core.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/sandbox.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// The outcome of an operation, which is cancelled when the task is.
template <class R>
[[nodiscard]] asio::awaitable<outcome<R>> outcome_of(task_context context, operation<R> op) {
  std::shared_ptr<operation_state<R>> const state = operation_access::state(op);
  auto const why = co_await wait_until_done(std::move(context), state, std::nullopt);
  if (why == woken::event) co_return state->copy();
  op.cancel();
  co_return make_error(error_kind::cancelled, "operation was cancelled");
}

/// Writes a file into the folder of the calls, which is made when it is not there.
template <class T>
[[nodiscard]] asio::awaitable<outcome<void>> place_file(basic_sandbox<T> sandbox,
                                                        task_context context, std::string folder,
                                                        std::string path,
                                                        std::string const& content) {
  auto writing = sandbox.write_file(path, content);
  auto written = co_await outcome_of(context, std::move(writing));
  if (written || folder.empty()) co_return written;
  auto const reason = written.error().reason();
  if (reason != reasons::file_not_found && reason != reasons::file_io_failed) co_return written;
  std::vector<std::string> const make_folder{"mkdir", "-p", folder};
  operation<ProcessResult> making = sandbox.exec(make_folder);
  auto const made = co_await outcome_of(context, std::move(making));
  if (!made || made->exit_code != 0) co_return written;
  auto writing_again = sandbox.write_file(path, content);
  written = co_await outcome_of(context, std::move(writing_again));
  co_return written;
}

/// Everything between start and stop.
template <class T>
[[nodiscard]] asio::awaitable<outcome<std::string>> function_steps(basic_sandbox<T> sandbox,
                                                                   task_context context,
                                                                   function_call call) {
  auto const& target = *call.target;
  if (target.program) {
    auto const check = program_check(*target.program);
    operation<ProcessResult> checking = sandbox.exec(check);
    auto const answer = co_await outcome_of(context, std::move(checking));
    if (!answer) co_return answer.error();
    if (auto const fits = judge_program_check(target, *answer); !fits) co_return fits.error();
    if (!target.program_is_mounted) {
      auto placing = place_file<T>(sandbox, context, target.temp_dir, target.program_path,
                                   target.program->content);
      auto const placed = co_await std::move(placing);
      if (!placed) co_return placed.error();
    }
  }
  auto placing =
      place_file<T>(sandbox, context, target.temp_dir, call.payload_path, call.payload);
  auto const placed = co_await std::move(placing);
  if (!placed) co_return placed.error();

  auto const words = command_of(call);
  operation<ProcessResult> running = sandbox.exec(words);
  auto process = co_await outcome_of(context, std::move(running));
  if (!process) co_return process.error();

  auto reading = sandbox.read_file(call.result_path);
  auto const text = co_await outcome_of(context, std::move(reading));
  function_outcome found{};
  if (text)
    found = read_function_outcome(*text);
  else if (text.error().kind() == error_kind::cancelled ||
           (process->exit_code == 0 && text.error().reason() != reasons::file_not_found))
    co_return text.error();
  co_return conclude_function(target, *std::move(process), std::move(found));
}

/// The steps, and the stop whatever came of them.
template <class T>
[[nodiscard]] asio::awaitable<outcome<std::string>> function_work(
    basic_sandbox<T> sandbox, std::shared_ptr<cancel_token> token, function_call call) {
  auto const core = sandbox_access::core(sandbox);
  auto const id = [&core] { return core->look([](lifecycle const& l) { return l.id(); }); };
  auto result =
      co_await function_steps<T>(sandbox, core->context(std::move(token)), std::move(call));
  if (!result && result.error().sandbox_id().empty())
    result = result.error().with([&](error_details& d) { d.sandbox_id = id().value_or(""); });
  StopOptions options{};
  options.missing_ok = true;
  auto const stopping = sandbox.stop(options);
  co_await wait_until_done(core->context(), operation_access::state(stopping), std::nullopt);
  // a stop that failed leaves the sandbox to the session, which tries again and reports
  co_return result;
}

/// Makes the sandbox of a call and starts the work. Throws when the session is closed.
template <class T>
[[nodiscard]] operation<std::string> launch_function(session_core<T>& session,
                                                     std::shared_ptr<function_target const> target,
                                                     std::string payload) {
  auto core = session.make(view_of(target->options));
  auto call = make_function_call(std::move(target), std::move(payload));
  auto sandbox = sandbox_access::make<basic_sandbox<T>>(core);
  return core->template launch<std::string>([&](std::shared_ptr<cancel_token> token) {
    return function_work<T>(std::move(sandbox), std::move(token), std::move(call));
  });
}

/// The same with the result as a value.
template <class R, class T>
[[nodiscard]] operation<R> start_function(session_core<T>& session,
                                          std::shared_ptr<function_target const> target,
                                          std::string payload) {
  auto const raw = launch_function(session, target, std::move(payload));
  auto const& ended = operation_access::state(raw);
  auto state = std::make_shared<operation_state<R>>(session.executor());
  state->on_cancel([weak = std::weak_ptr{ended}] {
    if (auto const work = weak.lock()) work->cancel();
  });
  ended->add_waiter([state, target = std::move(target), weak = std::weak_ptr{ended}] {
    auto const& text = weak.lock()->value();
    if (!text) {
      state->complete(text.error());
    } else if constexpr (std::is_void_v<R>) {
      state->complete({});
    } else {
      R value{};
      if (auto why = decode_value(*text, value))
        state->complete(bad_function_result(*target, *why));
      else
        state->complete(std::move(value));
    }
  });
  return operation_access::make(std::move(state));
}

}  // namespace cwsandbox::inline v1::detail

#endif

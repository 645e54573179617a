// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_EXEC_STATE_IPP
#define CWSANDBOX_IMPL_EXEC_STATE_IPP

#include <cwsandbox/detail/exec_state.hpp>

#include <algorithm>
#include <utility>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL std::string command_text(std::vector<std::string> const& words) {
  constexpr std::size_t longest = 200;
  std::string text{"'"};
  for (auto const& word : words) {
    if (text.size() > 1) text += ' ';
    text += word;
    if (text.size() > longest) {
      text.resize(longest);
      return text.append("...'");
    }
  }
  return text.append("'");
}

CWSANDBOX_DECL bool exec_state::exited(std::int32_t exit_code, bool check) {
  end_streams();
  ProcessResult result{};
  result.exit_code = exit_code;
  result.command = command();
  result.out_truncated = out.is_truncated();
  result.err_truncated = err.is_truncated();
  result.out_bytes_produced = static_cast<std::int64_t>(out.bytes_produced());
  result.err_bytes_produced = static_cast<std::int64_t>(err.bytes_produced());
  return finish_with(std::move(result), check);
}

CWSANDBOX_DECL bool exec_state::answered(wire::ExecResponse&& answer, bool check) {
  out.append(std::move(answer.stdout_));
  err.append(std::move(answer.stderr_));
  end_streams();
  ProcessResult result{};
  result.exit_code = answer.exit_code;
  result.command = command();
  result.out_truncated = answer.stdout_truncated || out.is_truncated();
  result.err_truncated = answer.stderr_truncated || err.is_truncated();
  // a server that does not count leaves zero; then what came is what there was
  result.out_bytes_produced = std::max(answer.stdout_bytes_produced,
                                       static_cast<std::int64_t>(out.bytes_produced()));
  result.err_bytes_produced = std::max(answer.stderr_bytes_produced,
                                       static_cast<std::int64_t>(err.bytes_produced()));
  return finish_with(std::move(result), check);
}

inline bool exec_state::finish_with(ProcessResult result, bool check) {
  auto const exit_code = result.exit_code;
  if (check && exit_code != 0) {
    // The buffers keep what they hold for their readers; this path is rare enough for a copy.
    auto kept = std::make_shared<ProcessResult>(std::move(result));
    kept->out = out.copy_kept();
    kept->err = err.copy_kept();
    return complete(make_error(error_kind::execution, "Command " + command_text(command()) +
                                                          " failed with exit code " +
                                                          std::to_string(exit_code))
                        .with([&](error_details& d) { d.exec_result = std::move(kept); }));
  }
  std::unique_lock lock{mutex_};
  if (done_) return false;
  // Moved while no reader can look, and given back to them where it then lies.
  auto& kept = *store(std::move(result));
  out.move_kept_to(kept.out);
  err.move_kept_to(kept.err);
  finish(std::move(lock));
  return true;
}

CWSANDBOX_DECL bool exec_state::failed(error e, bool /*opened*/) {
  end_streams();
  return complete(std::move(e));
}

CWSANDBOX_DECL bool exec_state::cancel() {
  // The hook of the base class ends the streams' sending side; the readers end here and now.
  if (!operation_state<ProcessResult>::cancel()) return false;
  end_streams();
  return true;
}

inline void exec_state::end_streams() {
  out.finish();
  err.finish();
  if (in) in->finish("the process has exited");
}

}  // namespace cwsandbox::inline v1::detail

#endif

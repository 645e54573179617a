// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXEC_STATE_HPP
#define CWSANDBOX_DETAIL_EXEC_STATE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/input_queue.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/output_buffer.hpp>
#include <cwsandbox/process_result.hpp>
#include <cwsandbox/wire/exec.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What a command's handles and the coroutines that drive it share. The operation ends after the outputs have, so that
/// whoever sees the result finds the readers ended too.
class exec_state final : public operation_state<ProcessResult> {
 public:
  exec_state(asio::any_io_executor executor, std::vector<std::string> command, bool open_stdin,
             std::optional<std::uint64_t> limit)
      : operation_state<ProcessResult>{std::move(executor)},
        out{limit.value_or(std::numeric_limits<std::uint64_t>::max())},
        err{limit.value_or(std::numeric_limits<std::uint64_t>::max())},
        command_{std::move(command)} {
    if (open_stdin) in.emplace();
  }

  [[nodiscard]] std::vector<std::string> const& command() const noexcept { return command_; }

  /// Ends everything. `check` turns an exit status other than 0 into an error. False when it had ended before.
  CWSANDBOX_DECL bool exited(std::int32_t exit_code, bool check);
  /// The same with the whole answer of a unary call, which says itself what a limit of the server cut.
  CWSANDBOX_DECL bool answered(wire::ExecResponse&& answer, bool check);
  CWSANDBOX_DECL bool failed(error e);

  CWSANDBOX_DECL bool cancel() override;

  output_buffer out;
  output_buffer err;
  std::optional<input_queue> in{};

 private:
  void end_streams();
  bool finish_with(ProcessResult result, bool check);

  std::vector<std::string> command_;
};

/// A command as one text, for messages; long ones are cut.
[[nodiscard]] CWSANDBOX_DECL std::string command_text(std::vector<std::string> const& words);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/exec_state.ipp>
#endif

#endif

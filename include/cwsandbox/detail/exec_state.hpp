// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXEC_STATE_HPP
#define CWSANDBOX_DETAIL_EXEC_STATE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/exec_channel.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/process_result.hpp>
#include <cwsandbox/wire/exec.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What a command's handles and the coroutines that drive it share. The operation ends after the outputs have, so that
/// whoever sees the result finds the readers ended too.
class exec_state final : public operation_state<ProcessResult>, public exec_channel {
 public:
  exec_state(asio::any_io_executor executor, std::vector<std::string> command, bool open_stdin,
             std::optional<std::uint64_t> limit)
      : operation_state<ProcessResult>{std::move(executor)},
        exec_channel{std::move(command), keeps(limit), keeps(limit)} {
    if (open_stdin) in.emplace();
  }

  [[nodiscard]] operation_state_base& ends() noexcept override { return *this; }
  CWSANDBOX_DECL bool exited(std::int32_t exit_code, bool check) override;
  /// The same with the whole answer of a unary call, which says itself what a limit of the server cut.
  CWSANDBOX_DECL bool answered(wire::ExecResponse&& answer, bool check);
  CWSANDBOX_DECL bool failed(error e, bool opened) override;

  CWSANDBOX_DECL bool cancel() override;

 private:
  static output_buffer::limits keeps(std::optional<std::uint64_t> limit) noexcept {
    return {limit.value_or(output_buffer::no_limit), 0};
  }
  void end_streams();
  bool finish_with(ProcessResult result, bool check);
};

/// A command as one text, for messages; long ones are cut.
[[nodiscard]] CWSANDBOX_DECL std::string command_text(std::vector<std::string> const& words);

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/exec_state.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TERMINAL_STATE_HPP
#define CWSANDBOX_DETAIL_TERMINAL_STATE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/exec_channel.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/terminal_result.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What the handles of a terminal session and the coroutines that drive it share. The operation ends after the output
/// has.
class terminal_state final : public operation_state<TerminalResult>, public exec_channel {
 public:
  CWSANDBOX_DECL terminal_state(asio::any_io_executor executor, std::vector<std::string> command);

  [[nodiscard]] operation_state_base& ends() noexcept override { return *this; }
  CWSANDBOX_DECL bool exited(std::int32_t exit_code, bool check) override;
  CWSANDBOX_DECL bool failed(error e, bool opened) override;
  /// Nobody can see the session any more.
  CWSANDBOX_DECL void reader_closed() override;

  CWSANDBOX_DECL bool cancel() override;

 private:
  void end_streams();
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/terminal_state.ipp>
#endif

#endif

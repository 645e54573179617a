// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_TERMINAL_STATE_IPP
#define CWSANDBOX_IMPL_TERMINAL_STATE_IPP

#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/terminal_state.hpp>

#include <utility>

namespace cwsandbox::inline v1::detail {

namespace terminals {

/// Nothing is kept for the result; what nobody has read yet holds the session up.
inline constexpr output_buffer::limits output{0, constants::output_queue_items};

}  // namespace terminals

CWSANDBOX_DECL terminal_state::terminal_state(asio::any_io_executor executor,
                                              std::vector<std::string> command)
    : operation_state<TerminalResult>{std::move(executor)},
      exec_channel{std::move(command), terminals::output, terminals::output} {
  in.emplace();
  resizes = std::make_unique<resize_queue>();
  out.attach();
}

CWSANDBOX_DECL bool terminal_state::exited(std::int32_t exit_code, bool /*check*/) {
  end_streams();
  TerminalResult result{};
  result.exit_code = exit_code;
  result.command = command();
  return complete(std::move(result));
}

CWSANDBOX_DECL bool terminal_state::failed(error e, bool opened) {
  if (!opened) out.fail(e);
  end_streams();
  return complete(std::move(e));
}

CWSANDBOX_DECL void terminal_state::reader_closed() { cancel(); }

CWSANDBOX_DECL bool terminal_state::cancel() {
  if (!operation_state<TerminalResult>::cancel()) return false;
  end_streams();
  return true;
}

inline void terminal_state::end_streams() {
  out.finish();
  err.finish();
  in->finish("the terminal session has ended");
  resizes->finish();
}

}  // namespace cwsandbox::inline v1::detail

#endif

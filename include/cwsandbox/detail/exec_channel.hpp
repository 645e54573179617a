// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXEC_CHANNEL_HPP
#define CWSANDBOX_DETAIL_EXEC_CHANNEL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/input_queue.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/output_buffer.hpp>
#include <cwsandbox/detail/resize_queue.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// What a stream handle, and the coroutines that drive an exec stream, see of a command or a terminal session.
class exec_channel {
 public:
  exec_channel(std::vector<std::string> command, output_buffer::limits out_limits,
               output_buffer::limits err_limits)
      : out{out_limits}, err{err_limits}, command_{std::move(command)} {}
  exec_channel(exec_channel const&) = delete;
  exec_channel& operator=(exec_channel const&) = delete;
  virtual ~exec_channel() = default;

  [[nodiscard]] std::vector<std::string> const& command() const noexcept { return command_; }
  /// The operation that ends when all of this has.
  [[nodiscard]] virtual operation_state_base& ends() noexcept = 0;

  /// Ends everything. `check` turns an exit status other than 0 into an error. False when it had ended before.
  virtual bool exited(std::int32_t exit_code, bool check) = 0;
  /// `opened`: the stream was there, so that its readers end normally in any case.
  virtual bool failed(error e, bool opened) = 0;
  /// A reader was closed by its user.
  virtual void reader_closed() {}

  output_buffer out;
  output_buffer err;
  std::optional<input_queue> in{};
  /// Terminals only.
  std::unique_ptr<resize_queue> resizes{};

 private:
  std::vector<std::string> command_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

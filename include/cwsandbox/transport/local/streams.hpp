// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_STREAMS_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_STREAMS_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/exec.hpp>

#include <cwsandbox/transport/local/engine.hpp>
#include <cwsandbox/transport/local/sandbox.hpp>
#include <cwsandbox/transport/local/spawn.hpp>
#include <cwsandbox/transport/local/unique_fd.hpp>

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::local {

/// A running command and its pipes or terminal. Used by one reader and one writer at a time; not thread-safe.
class exec_call : public std::enable_shared_from_this<exec_call> {
 public:
  [[nodiscard]] CWSANDBOX_DECL static outcome<std::shared_ptr<exec_call>> start(
      std::shared_ptr<engine> owner, wire::ExecStreamInit const& init);

  exec_call(std::shared_ptr<engine> owner, std::shared_ptr<sandbox> box) noexcept
      : engine_{std::move(owner)}, sandbox_{std::move(box)} {}

  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>
  read();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> write(std::string_view bytes);
  CWSANDBOX_DECL void resize(std::uint32_t columns, std::uint32_t rows) noexcept;
  /// End of input for the command.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> close_input();
  CWSANDBOX_DECL void cancel() noexcept;

 private:
  enum tag : unsigned { output, error_output, process, grace, end_of_file };

  [[nodiscard]] CWSANDBOX_DECL outcome<void> launch(wire::ExecStreamInit const& init);
  [[nodiscard]] CWSANDBOX_DECL bool open_pipes(exec_setup& setup, unique_fd (&theirs)[3]);
  [[nodiscard]] CWSANDBOX_DECL bool open_terminal(exec_setup& setup, unique_fd (&theirs)[3],
                                                  std::uint32_t columns, std::uint32_t rows);
  CWSANDBOX_DECL void refuse(std::string const& name, spawn_result const& result);
  /// The next message if there is one now.
  [[nodiscard]] CWSANDBOX_DECL std::optional<wire::ExecStreamResponse> poll();
  [[nodiscard]] CWSANDBOX_DECL std::optional<wire::ExecStreamResponse> read_from(unique_fd& fd,
                                                                                 bool errors);
  [[nodiscard]] CWSANDBOX_DECL wire::ExecStreamResponse finish();
  CWSANDBOX_DECL void child_ended();
  /// Types the end of file once more when the program has read the last one and goes on.
  CWSANDBOX_DECL void repeat_end_of_file();
  CWSANDBOX_DECL void watch_end_of_file();

  std::shared_ptr<engine> engine_;
  std::shared_ptr<sandbox> sandbox_;
  std::shared_ptr<child_process> child_;
  poll_set set_;
  std::optional<timer_fd> grace_timer_;
  std::optional<timer_fd> end_of_file_timer_;
  std::chrono::milliseconds end_of_file_patience_{20};
  unique_fd output_;
  unique_fd errors_;
  unique_fd input_;
  std::optional<asio::posix::stream_descriptor> events_;
  std::optional<asio::posix::stream_descriptor> input_events_;
  std::optional<int> exit_code_;
  std::string refusal_;
  char last_typed_{'\n'};
  bool terminal_{};
  bool ready_sent_{};
  bool ended_{};
  bool cancelled_{};
};

/// A running StreamLogs call.
class log_call {
 public:
  log_call(std::shared_ptr<engine> owner, std::shared_ptr<sandbox> box, log_reader reader) noexcept
      : engine_{std::move(owner)}, sandbox_{std::move(box)}, reader_{std::move(reader)} {}

  [[nodiscard]] CWSANDBOX_DECL static asio::awaitable<outcome<std::optional<wire::LogEntry>>> read(
      std::shared_ptr<log_call> self);
  CWSANDBOX_DECL void cancel() noexcept;

 private:
  std::shared_ptr<engine> engine_;
  std::shared_ptr<sandbox> sandbox_;
  log_reader reader_;
  bool cancelled_{};
};

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/streams.ipp>
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_STREAMS_IPP
#define CWSANDBOX_IMPL_LOCAL_STREAMS_IPP

#include <cwsandbox/transport/local/streams.hpp>

#include <cwsandbox/transport/local/errors.hpp>

#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

namespace cwsandbox::inline v1::detail::local {

namespace streaming {

/// How long output is waited for after the command itself has ended: what it left behind may hold the pipes for ever.
inline constexpr std::chrono::milliseconds output_grace{100};
inline constexpr std::size_t frame_bytes = 65536;
/// The longest time between two looks at whether a program has read the end of its input and goes on.
inline constexpr std::chrono::milliseconds end_of_file_patience{5000};

inline error cancelled() { return rpc_error(status_code::cancelled, "the call was cancelled"); }

/// Writes without the SIGPIPE that a pipe without readers would raise in the embedding program.
inline ssize_t write_quietly(int fd, std::string_view bytes) noexcept {
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::sigpending(&pending);
  bool const was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  auto const n = ::write(fd, bytes.data(), bytes.size());
  int const failure = errno;
  if (n < 0 && failure == EPIPE && !was_pending) {
    timespec const now{};
    while (::sigtimedwait(&pipe_signal, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = failure;
  return n;
}

inline winsize size_of(std::uint32_t columns, std::uint32_t rows) noexcept {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(std::min<std::uint32_t>(columns, 65535));
  size.ws_row = static_cast<unsigned short>(std::min<std::uint32_t>(rows, 65535));
  return size;
}

inline wire::Timestamp now() {
  return wire::Timestamp::from(
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()));
}

}  // namespace streaming

CWSANDBOX_DECL outcome<std::shared_ptr<exec_call>> exec_call::start(
    std::shared_ptr<engine> owner, wire::ExecStreamInit const& init) {
  if (init.command.empty()) return violation_error("command", "must not be empty");
  for (auto const& word : init.command) {
    if (word.find('\0') != std::string::npos)
      return violation_error("command", "a word holds a null byte");
  }
  auto box = owner->find(init.sandbox_id, init.container);
  if (!box) return box.error();
  auto call = std::make_shared<exec_call>(std::move(owner), std::move(*box));
  if (auto launched = call->launch(init); !launched) return launched.error();
  return call;
}

CWSANDBOX_DECL bool exec_call::open_pipes(exec_setup& setup, unique_fd (&theirs)[3]) {
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  if (!in.read || !out.read || !err.read) return false;
  setup.input = in.read.get();
  setup.output = out.write.get();
  setup.error = err.write.get();
  theirs[0] = std::move(in.read);
  theirs[1] = std::move(out.write);
  theirs[2] = std::move(err.write);
  input_ = std::move(in.write);
  output_ = std::move(out.read);
  errors_ = std::move(err.read);
  for (auto const* fd : {&input_, &output_, &errors_}) set_nonblocking(fd->get());
  return true;
}

CWSANDBOX_DECL bool exec_call::open_terminal(exec_setup& setup, unique_fd (&theirs)[3],
                                             std::uint32_t columns, std::uint32_t rows) {
  output_ = sandbox_->open_terminal();
  if (!output_) return false;
  int const unlocked = 0;
  ::ioctl(output_.get(), TIOCSPTLCK, &unlocked);
  auto const size = streaming::size_of(columns == 0 ? 80 : columns, rows == 0 ? 24 : rows);
  ::ioctl(output_.get(), TIOCSWINSZ, &size);
  theirs[0] =
      above_stdio(unique_fd{::ioctl(output_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)});
  if (!theirs[0]) return false;
  input_ = unique_fd{::fcntl(output_.get(), F_DUPFD_CLOEXEC, 3)};
  setup.input = setup.output = setup.error = theirs[0].get();
  setup.terminal = true;
  terminal_ = true;
  return static_cast<bool>(input_);
}

CWSANDBOX_DECL outcome<void> exec_call::launch(wire::ExecStreamInit const& init) {
  exec_setup setup;
  setup.command = init.command;
  setup.environment = init.env;
  unique_fd theirs[3];
  if (!(init.tty ? open_terminal(setup, theirs, init.tty_width, init.tty_height)
                 : open_pipes(setup, theirs)) ||
      !set_) {
    if (sandbox_->state() == wire::State::running) {
      return rpc_error(status_code::resource_exhausted,
                       "cannot run a command: " + errno_text(errno));
    }
  }
  auto made = sandbox_->execute(setup);
  if (!made) return made.error();
  if (!made->process) {
    refuse(init.command.front(), *made);
  } else {
    child_ = std::move(made->process);
    set_.add(child_->pidfd(), process);
    set_.add(output_.get(), output);
    if (errors_) set_.add(errors_.get(), error_output);
  }
  events_.emplace(engine_->get_executor(), ::fcntl(set_.fd(), F_DUPFD_CLOEXEC, 3));
  return {};
}

CWSANDBOX_DECL void exec_call::refuse(std::string const& name, spawn_result const& result) {
  output_.reset();
  errors_.reset();
  input_.reset();
  exit_code_ = result.error == ENOENT || result.error == ENOTDIR ? 127 : 126;
  refusal_ = (result.stage == spawn_stage::directory ? "working directory" : name) + ": " +
             errno_text(result.error) + (terminal_ ? "\r\n" : "\n");
}

CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>> exec_call::read() {
  auto const self = shared_from_this();
  for (;;) {
    if (cancelled_) co_return streaming::cancelled();
    if (ended_) co_return std::optional<wire::ExecStreamResponse>{};
    if (auto message = poll()) co_return message;
    asio::error_code ec;
    co_await events_->async_wait(asio::posix::stream_descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return streaming::cancelled();
  }
}

CWSANDBOX_DECL std::optional<wire::ExecStreamResponse> exec_call::poll() {
  wire::ExecStreamResponse message;
  if (!ready_sent_) {
    ready_sent_ = true;
    message.message.emplace<wire::ExecStreamReady>().ready_time = streaming::now();
    return message;
  }
  if (!refusal_.empty()) {
    auto& said = message.message.emplace<wire::ExecStreamOutput>();
    said.stream = terminal_ ? wire::ExecStreamOutput::Stream::stdout_
                            : wire::ExecStreamOutput::Stream::stderr_;
    said.data = std::exchange(refusal_, {});
    return message;
  }
  for (;;) {
    std::array<poll_set::event, 5> ready;
    auto const count = set_.poll(ready.data(), ready.size());
    bool grace_over = false;
    for (std::size_t i = 0; i < count; ++i) {
      switch (ready[i].tag) {
        case output:
          if (auto read = read_from(output_, false)) return read;
          break;
        case error_output:
          if (auto read = read_from(errors_, true)) return read;
          break;
        case process:
          child_ended();
          break;
        case grace:
          grace_over = true;
          break;
        case end_of_file:
          repeat_end_of_file();
          break;
      }
    }
    if (grace_over) {
      output_.reset();
      errors_.reset();
    }
    if (exit_code_ && !output_ && !errors_) return finish();
    if (count == 0) return std::nullopt;
  }
}

CWSANDBOX_DECL std::optional<wire::ExecStreamResponse> exec_call::read_from(unique_fd& fd,
                                                                            bool errors) {
  if (!fd) return std::nullopt;
  std::array<char, streaming::frame_bytes> buffer;
  for (;;) {
    auto const n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n > 0) {
      std::optional<wire::ExecStreamResponse> message{std::in_place};
      auto& out = message->message.emplace<wire::ExecStreamOutput>();
      out.stream = errors ? wire::ExecStreamOutput::Stream::stderr_
                          : wire::ExecStreamOutput::Stream::stdout_;
      out.data.assign(buffer.data(), static_cast<std::size_t>(n));
      return message;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return std::nullopt;
    // The end, or for a terminal an error that says that nobody has it open any more.
    set_.remove(fd.get());
    fd.reset();
    return std::nullopt;
  }
}

CWSANDBOX_DECL void exec_call::child_ended() {
  auto const status = child_->exit_status();
  if (!status) return;
  exit_code_ = *status;
  set_.remove(child_->pidfd());
  if (!output_ && !errors_) return;
  grace_timer_.emplace();
  grace_timer_->set(std::chrono::steady_clock::now() + streaming::output_grace);
  set_.add(grace_timer_->fd(), grace);
}

CWSANDBOX_DECL wire::ExecStreamResponse exec_call::finish() {
  ended_ = true;
  wire::ExecStreamResponse message;
  auto& exit = message.message.emplace<wire::ExecStreamExit>();
  exit.exit_code = *exit_code_;
  exit.completed_time = streaming::now();
  return message;
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> exec_call::write(std::string_view bytes) {
  auto const self = shared_from_this();
  while (!bytes.empty() && input_ && !cancelled_) {
    auto const n = streaming::write_quietly(input_.get(), bytes);
    if (n >= 0) {
      if (n > 0) last_typed_ = bytes[static_cast<std::size_t>(n) - 1];
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      // Nobody reads any more: what is sent after the end is ignored.
      input_events_.reset();
      input_.reset();
      break;
    }
    if (!input_events_) {
      input_events_.emplace(engine_->get_executor(), ::fcntl(input_.get(), F_DUPFD_CLOEXEC, 3));
    }
    asio::error_code ec;
    co_await input_events_->async_wait(asio::posix::stream_descriptor::wait_write,
                                       asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return streaming::cancelled();
  }
  if (cancelled_) co_return streaming::cancelled();
  co_return outcome<void>{};
}

CWSANDBOX_DECL void exec_call::resize(std::uint32_t columns, std::uint32_t rows) noexcept {
  if (!terminal_ || !output_) return;
  auto const size = streaming::size_of(columns, rows);
  ::ioctl(output_.get(), TIOCSWINSZ, &size);
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> exec_call::close_input() {
  auto const self = shared_from_this();
  if (terminal_ && input_) {
    // End of file is a character: at the start of a line it ends the input, elsewhere it only sends the line.
    auto const sent =
        co_await write(last_typed_ == '\n' || last_typed_ == '\r' ? "\x04" : "\x04\x04");
    if (!sent) co_return sent;
    watch_end_of_file();
  }
  input_events_.reset();
  input_.reset();
  co_return outcome<void>{};
}

// An end of file is a character that only a terminal in canonical mode takes for one, at the time when it is typed. A
// program that edits lines itself, such as bash, changes the mode for each of them, so that what was typed ahead reaches
// it as a NUL. It would wait for ever; so the end is typed again when all was read.
CWSANDBOX_DECL void exec_call::watch_end_of_file() {
  if (!end_of_file_timer_) {
    end_of_file_timer_.emplace();
    set_.add(end_of_file_timer_->fd(), end_of_file);
  }
  end_of_file_timer_->set(std::chrono::steady_clock::now() + end_of_file_patience_);
}

CWSANDBOX_DECL void exec_call::repeat_end_of_file() {
  if (exit_code_ || !output_) {
    set_.remove(end_of_file_timer_->fd());
    return;
  }
  unique_fd const peer{
      ::ioctl(output_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  pollfd unread{peer.get(), POLLIN, 0};
  if (peer && ::poll(&unread, 1, 0) == 0) {
    // a full queue takes it the next time
    [[maybe_unused]] auto const n = streaming::write_quietly(output_.get(), "\x04");
    // a program that means to go on has less and less of it
    end_of_file_patience_ = std::min(2 * end_of_file_patience_, streaming::end_of_file_patience);
  }
  watch_end_of_file();
}

CWSANDBOX_DECL void exec_call::cancel() noexcept {
  if (cancelled_) return;
  cancelled_ = true;
  if (child_) child_->kill(SIGKILL, true);
  asio::error_code ignored;
  if (events_) events_->cancel(ignored);
  if (input_events_) input_events_->cancel(ignored);
}

CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::LogEntry>>> log_call::read(
    std::shared_ptr<log_call> self) {
  for (;;) {
    if (self->cancelled_) co_return streaming::cancelled();
    auto next = self->sandbox_->read_log(self->reader_);
    if (next.entry || !next.wait) co_return std::move(next.entry);
    co_await wait_for(self->engine_->get_executor(), self->reader_.wake, std::nullopt);
  }
}

CWSANDBOX_DECL void log_call::cancel() noexcept {
  cancelled_ = true;
  if (reader_.wake) reader_.wake->raise();
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_STREAM_HPP
#define CWSANDBOX_STREAM_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/exec_channel.hpp>
#include <cwsandbox/detail/pull_range.hpp>
#include <cwsandbox/operation.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1 {

/// The items of an output stream as a one-pass range: `for (auto const& line : p.out().lines())`.
///
/// Iterating blocks until the next item is there or the stream has ended; on the executor that must bring the items it
/// throws `std::logic_error`. Streams end normally whatever ended the command: errors are in the command's result. Only
/// the output of a terminal that could not be opened throws why, once.
class stream_items : public detail::pull_range<stream_items, std::string> {
 private:
  friend class detail::pull_range<stream_items, std::string>;
  friend class stream_reader;
  using unit = detail::output_buffer::unit;
  stream_items(std::shared_ptr<detail::exec_channel> state, detail::output_buffer* buffer, unit what)
      : state_{std::move(state)}, buffer_{buffer}, unit_{what} {}
  CWSANDBOX_DECL void advance();

  std::shared_ptr<detail::exec_channel> state_;
  detail::output_buffer* buffer_;
  unit unit_;
};

/// One output of a command or terminal, read while it is written. Bytes in order, each item once; end of stream is an empty
/// optional.
///
/// A cheap handle; all handles on one stream share their place in it. Thread-safe; with several readers each item goes
/// to exactly one. What nobody reads of a command is not lost: the result has it all (up to `max_buffered_bytes`).
class stream_reader {
 public:
  /// The next piece as the server sent it, usually what the command wrote in one go.
  [[nodiscard]] operation<std::optional<std::string>> read() const {
    return next(detail::output_buffer::unit::chunk);
  }
  /// The next line, without its LF. The last line need not have one.
  [[nodiscard]] CWSANDBOX_DECL operation<std::optional<std::string>> read_line() const;

  /// All pieces that are still to come.
  [[nodiscard]] stream_items chunks() const {
    return {state_, buffer_, detail::output_buffer::unit::chunk};
  }
  /// All lines that are still to come, without their LF.
  [[nodiscard]] stream_items lines() const {
    return {state_, buffer_, detail::output_buffer::unit::line};
  }

  /// Stops reading: pending and later reads end at once. A command goes on, and its result is complete; a terminal
  /// session ends.
  void close() const {
    buffer_->close();
    state_->reader_closed();
  }

 private:
  friend class process;
  friend class terminal;
  stream_reader(std::shared_ptr<detail::exec_channel> state, detail::output_buffer& buffer)
      : state_{std::move(state)}, buffer_{&buffer} {
    buffer_->attach();
  }
  CWSANDBOX_DECL operation<std::optional<std::string>> next(detail::output_buffer::unit what) const;

  std::shared_ptr<detail::exec_channel> state_;
  detail::output_buffer* buffer_;
};

/// The input of a command that was started with `open_stdin`, or of a terminal. A cheap handle; thread-safe; writes arrive in the order
/// of their calls.
///
/// Up to 16 writes wait to be sent; an operation of a further one ends when there is room. An ended operation says that
/// the bytes are on their way in order, not that the command has read them.
class stream_writer {
 public:
  /// Queues the bytes, which are copied before the call returns. Fails with SandboxExecutionError after `close()`, and
  /// when the command has ended; either is thrown at once when it is known at once.
  CWSANDBOX_DECL operation<void> write(std::string_view bytes) const;
  /// `text` and one LF.
  CWSANDBOX_DECL operation<void> writeline(std::string_view text) const;
  /// Queues the end of input behind all earlier writes. Closing again, or after the command has ended, does nothing.
  CWSANDBOX_DECL operation<void> close() const;
  /// True from the first `close()` on.
  [[nodiscard]] bool closed() const { return state_->in->is_closed(); }

 private:
  friend class process;
  friend class terminal;
  explicit stream_writer(std::shared_ptr<detail::exec_channel> state) : state_{std::move(state)} {}
  operation<void> queue(std::string bytes) const;

  std::shared_ptr<detail::exec_channel> state_;
};

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/stream.ipp>
#endif

#endif

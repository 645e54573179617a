// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_LOGS_HPP
#define CWSANDBOX_LOGS_HPP

/// \file
/// `log_reader`: the log of a sandbox, read while it is written.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/log_channel.hpp>
#include <cwsandbox/detail/pull_range.hpp>
#include <cwsandbox/log_types.hpp>
#include <cwsandbox/operation.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {
struct log_access;
}

/// The lines or entries of a log as a one-pass range: `for (auto const& line : reader.lines())`.
///
/// Iterating blocks until the next one is there or the log has ended; on the executor that must bring it it throws
/// `std::logic_error`. A log that did not end normally throws its typed error after the last item.
template <class Item>
class log_items : public detail::pull_range<log_items<Item>, Item> {
 private:
  friend class detail::pull_range<log_items, Item>;
  friend class log_reader;
  explicit log_items(std::shared_ptr<detail::log_channel> channel) : channel_{std::move(channel)} {}
  void advance();

  std::shared_ptr<detail::log_channel> channel_;
};

/// The log of a sandbox: what its main process writes to its two outputs, in one. The output of commands is not in it.
///
///     for (auto const& line : sb.stream_logs({.follow = true}).lines()) std::cout << line;
///
/// A cheap copyable handle; all copies share their place in the log. Thread-safe; with several readers each item goes to
/// exactly one. At most 4096 entries (and 8 MiB) wait for a reader; beyond that nothing more is taken from the service.
/// When the last handle, range and pending read has gone the call is ended.
///
/// **A followed log is resumed** when its connection breaks: no byte is lost or doubled while the service remembers the
/// session. Where it does not, the log goes on from now, without the rest of a line that was not finished. After three
/// attempts without data, 0.5 and 1 second apart, it fails with SandboxUnavailableError.
///
/// **The end.** A followed log ends normally when the main process or the sandbox has ended. Every other end is an error
/// that comes after all that was read before, and again on every later read: SandboxNotRunningError when a log of an
/// ended sandbox is to be followed, SandboxRequestTimeoutError when one that is not followed takes too long,
/// SandboxStreamTruncatedError when the service lost something or a line is longer than 1 MiB, SandboxError for what
/// else the service says, with its code as the reason. (contract: streams 4)
class log_reader {
 public:
  /// A handle on nothing; only assignment, destruction and `valid()` may be used.
  log_reader() = default;

  [[nodiscard]] bool valid() const noexcept { return channel_ != nullptr; }

  /// The next line with its LF; empty at the end. The last line need not have an LF. What is not UTF-8 is replaced by
  /// U+FFFD.
  [[nodiscard]] CWSANDBOX_DECL operation<std::optional<std::string>> read_line() const;
  /// The next piece as the service sent it, never empty; an empty optional at the end. After `read_line` it begins with
  /// what is left of the piece that the line came from.
  [[nodiscard]] CWSANDBOX_DECL operation<std::optional<LogEntry>> read() const;
  /// All that is still to come as one UTF-8 text. SandboxStreamTruncatedError when it is more than `max_bytes`.
  [[nodiscard]] CWSANDBOX_DECL operation<std::string> read_all(
      std::uint64_t max_bytes = default_max_bytes) const;
  static constexpr std::uint64_t default_max_bytes = 67108864;

  /// All lines that are still to come, as `read_line` gives them.
  [[nodiscard]] log_items<std::string> lines() const { return log_items<std::string>{channel_}; }
  /// All pieces that are still to come, as `read` gives them.
  [[nodiscard]] log_items<LogEntry> entries() const { return log_items<LogEntry>{channel_}; }

  /// Ends the call at once. Pending and later reads end normally.
  void close() const { channel_->close(); }

  /// Where in the log the reader stands: after the last line or piece that was given out. Empty as long as the service
  /// has not said which session it is. Another `stream_logs` goes on there with `.resume`.
  [[nodiscard]] std::optional<LogResume> resume_point() const { return channel_->position(); }

 private:
  friend struct detail::log_access;
  explicit log_reader(std::shared_ptr<detail::log_channel> channel)
      : channel_{std::move(channel)} {}

  std::shared_ptr<detail::log_channel> channel_;
};

template <>
CWSANDBOX_DECL void log_items<std::string>::advance();
template <>
CWSANDBOX_DECL void log_items<LogEntry>::advance();

namespace detail {

struct log_access {
  /// The handle closes the channel when its last copy has gone.
  [[nodiscard]] static log_reader make(std::shared_ptr<log_channel> channel) {
    auto* const target = channel.get();
    return log_reader{std::shared_ptr<log_channel>{
        target, [channel = std::move(channel)](log_channel* c) { c->close(); }}};
  }
};

}  // namespace detail

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/logs.ipp>
#endif

#endif

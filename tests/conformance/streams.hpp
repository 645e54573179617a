// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_STREAMS_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_STREAMS_HPP

/// \file
/// The streams of a transport without the client above it: what comes, message by message.

#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/case.hpp"

namespace conformance {

namespace wire = cwsandbox::wire;

/// All that came on one exec stream, in order.
struct exec_transcript {
  std::vector<wire::ExecStreamResponse> messages{};
  /// The status of the call when it was not OK.
  std::optional<cw::error> failure{};
  bool cancelled{};

  [[nodiscard]] std::string bytes(wire::ExecStreamOutput::Stream which) const {
    std::string all;
    for (auto const& m : messages)
      if (auto const* output = std::get_if<wire::ExecStreamOutput>(&m.message))
        if (output->stream == which) all += output->data;
    return all;
  }
  [[nodiscard]] std::string out() const { return bytes(wire::ExecStreamOutput::Stream::stdout_); }
  [[nodiscard]] std::string err() const { return bytes(wire::ExecStreamOutput::Stream::stderr_); }
  template <class Message>
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (auto const& m : messages) n += std::holds_alternative<Message>(m.message) ? 1U : 0U;
    return n;
  }
  /// The index of the first message of a kind; the number of messages when there is none.
  template <class Message>
  [[nodiscard]] std::size_t first() const {
    std::size_t i = 0;
    while (i < messages.size() && !std::holds_alternative<Message>(messages[i].message)) ++i;
    return i;
  }
  [[nodiscard]] std::optional<std::int32_t> exit_code() const {
    if (messages.empty()) return std::nullopt;
    auto const* exit = std::get_if<wire::ExecStreamExit>(&messages.back().message);
    return exit == nullptr ? std::nullopt : std::optional{exit->exit_code};
  }
};

/// What a client sends on one exec stream after the init message.
struct exec_steps {
  /// Sent after the ready message. Without: half-closed at once, as for a command without input.
  std::optional<std::vector<std::string>> input{};
  /// Sent when the input was closed already.
  std::string late_input{};
  bool resize{};
  /// Ends the call once this holds.
  std::function<bool(exec_transcript const&)> cancel_when{};
};

/// Carries one exec stream through to its end.
template <class Transport>
asio::awaitable<exec_transcript> play_exec(Transport service, wire::ExecStreamInit init,
                                           exec_steps steps) {
  exec_transcript seen{};
  cw::call_options options{};
  options.timeout = std::chrono::seconds{30};
  auto opened = co_await service.stream_exec(std::move(init), options);
  if (!opened) {
    seen.failure = opened.error();
    co_return seen;
  }
  auto stream = std::move(*opened);
  bool sent = !steps.input;
  if (sent) {
    auto const closed = co_await stream.half_close();
    (void)closed;
  }
  for (;;) {
    auto message = co_await stream.read();
    if (!message) {
      seen.failure = message.error();
      co_return seen;
    }
    if (!*message) co_return seen;
    bool const ready = std::holds_alternative<wire::ExecStreamReady>((*message)->message);
    seen.messages.push_back(std::move(**message));
    if (steps.cancel_when && steps.cancel_when(seen)) {
      stream.cancel();
      seen.cancelled = true;
      co_return seen;
    }
    if (!ready || sent) continue;
    sent = true;
    // what fails here shows on the reading side
    if (steps.resize) {
      auto const resized = co_await stream.resize(100, 50);
      (void)resized;
    }
    for (auto const& frame : *steps.input) {
      auto const written = co_await stream.write(frame);
      (void)written;
    }
    auto const closed = co_await stream.close_input();
    (void)closed;
    if (!steps.late_input.empty()) {
      auto const late = co_await stream.write(steps.late_input);
      (void)late;
    }
    auto const half_closed = co_await stream.half_close();
    (void)half_closed;
  }
}

template <class Fixture>
exec_transcript play_exec(scenario<Fixture>& given, std::string const& id,
                          std::vector<std::string> command, exec_steps steps = {}) {
  wire::ExecStreamInit init{};
  init.sandbox_id = id;
  init.command = std::move(command);
  return await(given.executor(), play_exec(given.service(), std::move(init), std::move(steps)));
}

/// All that came on one log stream.
struct log_transcript {
  std::vector<wire::LogEntry> entries{};
  std::optional<cw::error> failure{};
  /// The service ended the call with status OK.
  bool ended{};

  [[nodiscard]] std::string text() const {
    std::string all;
    for (auto const& entry : entries) all += entry.data;
    return all;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> all;
    auto const bytes = text();
    for (std::size_t at = 0; at < bytes.size();) {
      auto const end = std::min(bytes.find('\n', at), bytes.size() - 1) + 1;
      all.push_back(bytes.substr(at, end - at));
      at = end;
    }
    return all;
  }
  [[nodiscard]] std::string error_code() const {
    for (auto const& entry : entries)
      if (entry.error) return entry.error->code;
    return {};
  }
};

/// Reads a log until the service ends it or enough was seen.
template <class Transport>
asio::awaitable<log_transcript> play_logs(Transport service, wire::StreamLogsRequest request,
                                          std::function<bool(log_transcript const&)> enough) {
  log_transcript seen{};
  cw::call_options const options{};
  auto opened = co_await service.stream_logs(std::move(request), options);
  if (!opened) {
    seen.failure = opened.error();
    co_return seen;
  }
  auto stream = std::move(*opened);
  for (;;) {
    auto entry = co_await stream.read();
    if (!entry) {
      seen.failure = entry.error();
      co_return seen;
    }
    if (!*entry) {
      seen.ended = true;
      co_return seen;
    }
    seen.entries.push_back(std::move(**entry));
    if (enough && enough(seen)) {
      stream.cancel();
      co_return seen;
    }
  }
}

template <class Fixture>
log_transcript read_logs(scenario<Fixture>& given, wire::StreamLogsRequest request,
                         std::function<bool(log_transcript const&)> enough = {}) {
  return await(given.executor(),
               play_logs(given.service(), std::move(request), std::move(enough)));
}

/// `enough` for so many entries.
inline std::function<bool(log_transcript const&)> entries(std::size_t count) {
  return [count](log_transcript const& seen) { return seen.entries.size() >= count; };
}
/// `enough` for so many whole lines.
inline std::function<bool(log_transcript const&)> whole_lines(std::size_t count) {
  return [count](log_transcript const& seen) {
    auto const text = seen.text();
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) >= count;
  };
}

}  // namespace conformance

#endif

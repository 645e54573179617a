// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_STREAM_HPP
#define CWSANDBOX_TRANSPORT_MOCK_STREAM_HPP

/// \file
/// The streams of the mock transport: each plays one script.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/wakeup.hpp>

#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/mock/script.hpp>
#include <cwsandbox/virtual_clock.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <trompeloeil.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace cwsandbox::inline v1 {

namespace detail {

[[nodiscard]] inline error mock_cancelled() {
  return rpc_error(status_code::cancelled, "the call was cancelled");
}

/// One thing that the client sends on an exec stream.
struct mock_sent {
  enum class kind : unsigned char { input, resize, close_input, half_close };
  kind what{};
  std::string bytes{};
  std::uint32_t columns{};
  std::uint32_t rows{};

  void operator()(exec_record& record) const {
    switch (what) {
      case kind::input:
        record.events.push_back("input:" + bytes);
        record.frames.push_back(bytes);
        break;
      case kind::resize:
        record.events.push_back("resize:" + std::to_string(columns) + 'x' + std::to_string(rows));
        record.resizes.emplace_back(columns, rows);
        break;
      case kind::close_input:
        record.events.emplace_back("close_input");
        record.input_closed = true;
        break;
      case kind::half_close:
        record.events.emplace_back("half_close");
        record.half_closed = true;
        break;
    }
  }
};

/// One stream: the position in its script, what the client sent, and who waits.
template <class Frame, class Record>
class mock_player : public std::enable_shared_from_this<mock_player<Frame, Record>> {
 public:
  using read_result = outcome<std::optional<Frame>>;
  using kind = typename mock_step<Frame>::kind;

  mock_player(mock_steps<Frame> steps, std::shared_ptr<mock_records<Record>> records, Record first,
              std::shared_ptr<virtual_clock> clock, bool stalls_input)
      : steps_{std::move(steps)},
        records_{std::move(records)},
        index_{records_->start(std::move(first))},
        clock_{std::move(clock)},
        stalls_input_{stalls_input} {}

  [[nodiscard]] static asio::awaitable<read_result> read(std::shared_ptr<mock_player> self) {
    auto const executor = co_await asio::this_coro::executor;
    for (;;) {
      auto const state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) self->cancel();
      auto const seen = self->reader_->count();
      read_result answer;
      if (self->play(executor, answer)) co_return answer;
      // a cancellation is looked for above
      static_cast<void>(co_await wakeup::wait(self->reader_, seen));
    }
  }

  /// Records what the client sends, and lets the script see it. Completes at once, or when the stream is over.
  [[nodiscard]] static asio::awaitable<outcome<void>> send(std::shared_ptr<mock_player> self,
                                                           mock_sent what) {
    auto failure = self->receive(what);
    while (!failure && self->stalls_input_) {
      auto const state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none) self->cancel();
      auto const seen = self->writer_->count();
      if (self->is_over(failure)) break;
      // a cancellation is looked for above
      static_cast<void>(co_await wakeup::wait(self->writer_, seen));
    }
    if (failure) co_return outcome<void>{*std::move(failure)};
    co_return outcome<void>{};
  }

  void cancel() noexcept {
    std::unique_ptr<time_source::alarm> alarm;
    {
      std::lock_guard lock{mutex_};
      if (cancelled_) return;
      cancelled_ = true;
      alarm = std::move(alarm_);
      if (!finished_) records_->change(index_, [](Record& record) { note_cancelled(record); });
    }
    reader_->notify();
    writer_->notify();
  }

 private:
  static void note_cancelled(Record& record) {
    record.cancelled = true;
    if constexpr (std::is_same_v<Record, exec_record>) record.events.emplace_back("cancelled");
  }

  [[nodiscard]] std::optional<error> receive(mock_sent const& what) {
    {
      std::lock_guard lock{mutex_};
      if (cancelled_) return mock_cancelled();
      if (received_.half_closed) return rpc_error(status_code::internal, "the call is half-closed");
      records_->change(index_, what);
      what(received_);
    }
    reader_->notify();
    return std::nullopt;
  }

  [[nodiscard]] bool is_over(std::optional<error>& failure) const {
    std::lock_guard lock{mutex_};
    if (cancelled_) failure = mock_cancelled();
    return cancelled_ || finished_;
  }

  /// The next thing to tell the client. False when the script waits.
  [[nodiscard]] bool play(asio::any_io_executor const& executor, read_result& answer) {
    std::string violation;
    {
      std::lock_guard lock{mutex_};
      while (!cancelled_ && violation.empty()) {
        if (position_ == steps_.size()) {
          finish();
          return true;
        }
        auto const& step = steps_[position_];
        switch (step.what) {
          case kind::frame:
            ++position_;
            if (is_last_word(step.frame)) finish();
            answer = std::optional<Frame>{step.frame};
            return true;
          case kind::fail:
            finish();
            answer = *step.reason;
            return true;
          case kind::end:
            finish();
            return true;
          case kind::hang:
            return false;
          case kind::delay:
            if (!waited(step.duration, executor)) return false;
            ++position_;
            break;
          case kind::await_input:
          case kind::await_input_close:
          case kind::await_resize:
          case kind::echo_input:
            if constexpr (std::is_same_v<Record, exec_record>) {
              switch (play_input(step, answer, violation)) {
                case input_result::waits:
                  return false;
                case input_result::sends:
                  return true;
                case input_result::done:
                  ++position_;
                  break;
                case input_result::violated:
                  finish();
                  break;
              }
            }
            break;
        }
      }
    }
    answer = violation.empty() ? mock_cancelled() : violated(violation);
    return true;
  }

  void finish() {
    if (finished_) return;
    finished_ = true;
    records_->change(index_, [](Record& record) { record.finished = true; });
    writer_->notify();
  }

  [[nodiscard]] static bool is_last_word(Frame const& frame) {
    if constexpr (std::is_same_v<Frame, wire::ExecStreamResponse>) {
      return std::holds_alternative<wire::ExecStreamExit>(frame.message) ||
             std::holds_alternative<wire::ExecStreamError>(frame.message);
    } else {
      return false;
    }
  }

  /// Whether the delay at the present position is over; the first call begins it.
  [[nodiscard]] bool waited(time_source::duration duration, asio::any_io_executor const& executor) {
    if (alarm_ == nullptr) {
      delay_over_ = false;
      alarm_ =
          clock_->pass_until(clock_->now() + duration, executor, [weak = this->weak_from_this()] {
            if (auto const self = weak.lock()) self->end_delay();
          });
    }
    if (!delay_over_) return false;
    alarm_.reset();
    return true;
  }

  void end_delay() {
    {
      std::lock_guard lock{mutex_};
      delay_over_ = true;
    }
    reader_->notify();
  }

  enum class input_result : unsigned char { waits, sends, done, violated };

  /// Plays a step that looks at the input.
  [[nodiscard]] input_result play_input(mock_step<Frame> const& step, read_result& answer,
                                        std::string& violation) {
    bool const closed = received_.input_closed || received_.half_closed;
    auto const done_when = [](bool done) {
      return done ? input_result::done : input_result::waits;
    };
    if (step.what == kind::await_input_close) return done_when(closed);
    if (step.what == kind::await_resize) {
      bool const more = received_.resizes.size() > resizes_seen_;
      if (more) ++resizes_seen_;
      return done_when(more);
    }
    if (step.what == kind::echo_input) {
      auto bytes = next_unread_frame();
      if (bytes.empty()) return done_when(closed);
      consumed_ += bytes.size();
      wire::ExecStreamOutput output{};
      output.stream = wire::ExecStreamOutput::Stream::stdout_;
      output.data = std::move(bytes);
      Frame frame{};
      frame.message = std::move(output);
      answer = std::optional<Frame>{std::move(frame)};
      return input_result::sends;
    }
    auto const input = unread();
    auto const common = std::min(input.size(), step.bytes.size());
    bool const complete = common == step.bytes.size();
    if (input.compare(0, common, step.bytes, 0, common) != 0 || (closed && !complete)) {
      violation = "The script of an exec stream awaits the input \"" + step.bytes +
                  "\", and the client sent \"" + input + '"' +
                  (closed ? " and closed the input" : "");
      return input_result::violated;
    }
    if (complete) consumed_ += common;
    return done_when(complete);
  }

  [[nodiscard]] std::string unread() const { return received_.input().substr(consumed_); }

  /// What is left of the first stdin frame that was not consumed wholly.
  [[nodiscard]] std::string next_unread_frame() const {
    std::size_t end = 0;
    for (auto const& frame : received_.frames) {
      end += frame.size();
      if (end > consumed_) return frame.substr(frame.size() - (end - consumed_));
    }
    return {};
  }

  /// Reports as trompeloeil does for a call that nobody expected, and gives what the reporter threw to the client.
  [[nodiscard]] static error violated(std::string const& what) {
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
    try {
      trompeloeil::send_report<trompeloeil::specialized>(trompeloeil::severity::fatal,
                                                         trompeloeil::location{}, what);
    } catch (...) {
      return error_from_exception(std::current_exception());
    }
#endif
    return make_error(error_kind::logic, what);
  }

  mutable std::mutex mutex_;
  mock_steps<Frame> const steps_;
  std::shared_ptr<mock_records<Record>> const records_;
  std::size_t const index_;
  std::shared_ptr<virtual_clock> const clock_;
  bool const stalls_input_;
  std::shared_ptr<wakeup> const reader_{std::make_shared<wakeup>()};
  std::shared_ptr<wakeup> const writer_{std::make_shared<wakeup>()};
  std::size_t position_{};
  Record received_{};
  std::size_t consumed_{};
  std::size_t resizes_seen_{};
  std::unique_ptr<time_source::alarm> alarm_;
  bool delay_over_{};
  bool cancelled_{};
  bool finished_{};
};

}  // namespace detail

/// An exec stream of `mock_transport`.
class mock_exec_stream {
 public:
  mock_exec_stream(mock_exec_stream&&) noexcept = default;
  mock_exec_stream& operator=(mock_exec_stream&& other) noexcept {
    if (this != &other) {
      cancel();
      player_ = std::move(other.player_);
    }
    return *this;
  }
  ~mock_exec_stream() { cancel(); }

  [[nodiscard]] asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>> read() {
    return player::read(player_);
  }
  [[nodiscard]] asio::awaitable<outcome<void>> write(std::string_view bytes) {
    detail::mock_sent what{};
    what.bytes = bytes;
    return player::send(player_, std::move(what));
  }
  [[nodiscard]] asio::awaitable<outcome<void>> resize(std::uint32_t columns, std::uint32_t rows) {
    detail::mock_sent what{};
    what.what = detail::mock_sent::kind::resize;
    what.columns = columns;
    what.rows = rows;
    return player::send(player_, std::move(what));
  }
  [[nodiscard]] asio::awaitable<outcome<void>> close_input() {
    detail::mock_sent what{};
    what.what = detail::mock_sent::kind::close_input;
    return player::send(player_, std::move(what));
  }
  [[nodiscard]] asio::awaitable<outcome<void>> half_close() {
    detail::mock_sent what{};
    what.what = detail::mock_sent::kind::half_close;
    return player::send(player_, std::move(what));
  }
  /// From any thread.
  void cancel() noexcept {
    if (player_ != nullptr) player_->cancel();
  }

 private:
  friend class mock_transport;
  using player = detail::mock_player<wire::ExecStreamResponse, exec_record>;

  explicit mock_exec_stream(std::shared_ptr<player> script) noexcept : player_{std::move(script)} {}

  std::shared_ptr<player> player_;
};
static_assert(exec_stream_handle<mock_exec_stream>);

/// A log stream of `mock_transport`.
class mock_log_stream {
 public:
  mock_log_stream(mock_log_stream&&) noexcept = default;
  mock_log_stream& operator=(mock_log_stream&& other) noexcept {
    if (this != &other) {
      cancel();
      player_ = std::move(other.player_);
    }
    return *this;
  }
  ~mock_log_stream() { cancel(); }

  [[nodiscard]] asio::awaitable<outcome<std::optional<wire::LogEntry>>> read() {
    return player::read(player_);
  }
  /// From any thread.
  void cancel() noexcept {
    if (player_ != nullptr) player_->cancel();
  }

 private:
  friend class mock_transport;
  using player = detail::mock_player<wire::LogEntry, log_record>;

  explicit mock_log_stream(std::shared_ptr<player> script) noexcept : player_{std::move(script)} {}

  std::shared_ptr<player> player_;
};
static_assert(log_stream_handle<mock_log_stream>);

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_EXEC_DRIVER_HPP
#define CWSANDBOX_DETAIL_EXEC_DRIVER_HPP

#include <cwsandbox/detail/driver_ending.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>

#include <atomic>

namespace cwsandbox::inline v1::detail {

/// Carries one command, or one terminal session, over an exec stream: does for `exec_fsm` what it cannot do itself. Lives on the sandbox's
/// strand, kept alive by its coroutines and alarms.
///
/// Three things may end the command besides the stream: the caller's limit, a cancellation, and the discovery that the
/// sandbox has ended while the stream was silent. Each ends the operation at once and then tells the stream, so that
/// no stream can hold its caller up. A terminal session has no limit.
template <class T>
class exec_driver final : public stream_watcher,
                          public std::enable_shared_from_this<exec_driver<T>> {
 public:
  exec_driver(std::shared_ptr<sandbox_core<T>> core, std::shared_ptr<exec_channel> state,
              exec_plan plan, std::shared_ptr<cancel_token> token)
      : core_{std::move(core)},
        state_{std::move(state)},
        plan_{std::move(plan)},
        is_terminal_{plan_.init.tty},
        token_{std::move(token)},
        ready_{std::make_shared<first_event>()} {}

  void start() {
    auto self = this->shared_from_this();
    state_->ends().on_cancel([self] {
      self->count({});
      self->token_->cancel();
      asio::post(self->core_->strand(), [self] { self->finish(); });
    });
    asio::co_spawn(core_->strand(), run(), driver_ending{self});
  }

  /// This client stopped the sandbox: a stream that does not end by itself now never will.
  void sandbox_stopped() override {
    if (!fsm_->is_finished()) spawn_check();
  }

 private:
  friend class driver_ending<exec_driver>;
  using stream_type = typename T::exec_stream;

  [[nodiscard]] asio::awaitable<void> run() {
    auto const running = co_await core_->ensure_running(token_);
    if (!running) {
      end_with(running.error());
      co_return;
    }
    if (ended_) co_return;  // cancelled meanwhile
    exec_fsm::settings settings{};
    settings.sandbox_id = core_->id_text();
    settings.command_text = command_text(state_->command());
    settings.timeout = plan_.timeout;
    settings.tty = is_terminal_;
    fsm_.emplace(std::move(settings));
    plan_.init.sandbox_id = core_->id_text();

    call_options options{};
    // a little longer than the command may take: the peer's own word on that is worth waiting for
    if (!is_terminal_) options.timeout = longer(plan_.timeout, constants::client_timeout_buffer);
    auto const limit = deadline_in(core_->context(), options.timeout);
    auto const patience = options.timeout.value_or(plan_.timeout);
    auto call = core_->mutable_transport().stream_exec(std::move(plan_.init), options);
    auto opened = co_await bounded(core_->context(token_), std::move(call), patience, core_);
    if (!opened) {
      if (opened.error().kind() == error_kind::cancelled)
        fsm_->failed(opened.error());
      else
        fsm_->closed(opened.error());
      finish();
      co_return;
    }
    if (fsm_->is_finished()) co_return;
    stream_.emplace(*std::move(opened));
    core_->watch(this->weak_from_this());
    if (limit) arm_limit(*limit);
    last_heard_ = core_->clock()->now();
    arm_idle_check();

    // beside the reading, which no peer that takes no input may hold up
    auto const self = this->shared_from_this();
    asio::co_spawn(core_->strand(), send(), [self](std::exception_ptr thrown) {
      if (thrown) self->end_with(error_from_exception(std::move(thrown)));
    });
    co_await receive();
    finish();
  }

  [[nodiscard]] asio::awaitable<void> receive() {
    while (!fsm_->is_finished()) {
      auto message = co_await stream_->read();
      if (fsm_->is_finished()) break;  // ended by a limit or a cancellation meanwhile
      if (!message || !*message) {
        auto const report = message ? std::optional<error>{} : std::optional{message.error()};
        fsm_->closed(report);
        co_await explain_failure();
        break;
      }
      last_heard_ = core_->clock()->now();
      switch (fsm_->received(std::move(**message))) {
        case exec_fsm::step::out:
          co_await deliver(state_->out);
          break;
        case exec_fsm::step::err:
          co_await deliver(state_->err);
          break;
        case exec_fsm::step::ready:
          ready_->fire(woken::event);
          break;
        case exec_fsm::step::nothing:
        case exec_fsm::step::finished:
          break;
      }
    }
  }

  /// Appends what came; waits when a reader that asked for bounded memory is behind, so that flow control reaches the
  /// command.
  [[nodiscard]] asio::awaitable<void> deliver(output_buffer& buffer) {
    buffer.append(std::move(fsm_->data()));
    if (!buffer.is_full()) co_return;
    auto event = std::make_shared<first_event>();
    buffer.when_not_full([event] { event->fire(woken::event); });
    co_await wait_for_event(core_->context(stop_input_), event, std::nullopt);
    last_heard_ = core_->clock()->now();
  }

  [[nodiscard]] asio::awaitable<void> send() {
    if (state_->in) {
      bool const complete = co_await send_input();
      if (!complete) co_return;
    }
    auto const closed = co_await stream_->half_close();
    (void)closed;  // a broken stream shows itself to the reader, who learns more
  }

  /// Everything that the caller writes, its end, and the sizes of a terminal. False when something else came first.
  [[nodiscard]] asio::awaitable<bool> send_input() {
    auto const ctx = core_->context(stop_input_);
    auto const patience = is_terminal_ ? constants::stdin_ready_wait_max
                                       : std::min(constants::stdin_ready_wait_max, plan_.timeout);
    auto const deadline = deadline_in(ctx, patience);
    auto const why = co_await wait_for_event(ctx, ready_, deadline);
    if (why == woken::deadline && fsm_->ready_timed_out(patience)) finish();
    if (why != woken::event) co_return false;
    for (;;) {
      auto const resized = co_await send_resize();
      if (!resized) co_return false;
      auto event = std::make_shared<first_event>();
      if (state_->resizes) state_->resizes->when_ready([event] { event->fire(woken::event); });
      auto item = state_->in->pop([event] { event->fire(woken::event); });
      if (!item) {
        auto const woke = co_await wait_for_event(ctx, event, std::nullopt);
        if (woke != woken::event) co_return false;
        continue;
      }
      auto* bytes = std::get_if<std::string>(&*item);
      if (bytes == nullptr) break;
      for (std::size_t at = 0; at < bytes->size(); at += constants::stdin_frame_bytes) {
        auto const frame = std::string_view{*bytes}.substr(at, constants::stdin_frame_bytes);
        auto const sent = co_await stream_->write(frame);
        if (!sent || fsm_->is_finished()) co_return false;  // the reading side learns why
        auto const resized_between = co_await send_resize();
        if (!resized_between) co_return false;
      }
    }
    if (state_->resizes) state_->resizes->close();  // they could only follow the end of the input
    auto const closed = co_await stream_->close_input();
    co_return closed && !fsm_->is_finished();
  }

  /// One size of a terminal, if one waits. False when the stream is over.
  [[nodiscard]] asio::awaitable<bool> send_resize() {
    auto const size = state_->resizes ? state_->resizes->pop() : std::nullopt;
    if (!size) co_return true;
    auto const sent = co_await stream_->resize(size->columns, size->rows);
    co_return sent && !fsm_->is_finished();
  }

  /// A stream that broke may be the echo of a sandbox that ended: then the error says so too.
  [[nodiscard]] asio::awaitable<void> explain_failure() {
    if (!fsm_->failure() || !may_be_the_sandbox(*fsm_->failure())) co_return;
    auto const ended = co_await core_->probe(stop_input_);
    if (!ended) co_return;
    explanation_ = ended->message();
  }
  [[nodiscard]] static bool may_be_the_sandbox(error const& e) noexcept {
    switch (e.code()) {
      case status_code::unavailable:
      case status_code::cancelled:
      case status_code::internal:
      case status_code::aborted:
      case status_code::failed_precondition:
        return true;
      case status_code::unknown:
        return e.kind() == error_kind::outcome_unknown || e.kind() == error_kind::sandbox;
      default:
        return false;
    }
  }

  void arm_limit(time_source::time_point when) {
    auto const self = this->shared_from_this();
    limit_alarm_ = core_->clock()->wake_at(
        when, time_source::wait_kind::deadline, core_->strand(), [self] {
          if (self->fsm_->is_finished()) return;
          self->fsm_->timed_out();
          self->finish();
        });
  }

  void arm_idle_check() {
    auto const self = this->shared_from_this();
    idle_alarm_ = core_->clock()->wake_at(
        last_heard_ + constants::stream_idle_check, time_source::wait_kind::deadline,
        core_->strand(), [self] {
          if (self->fsm_->is_finished()) return;
          auto const silent = self->core_->clock()->now() - self->last_heard_;
          if (silent < constants::stream_idle_check) {
            self->arm_idle_check();
            return;
          }
          self->spawn_check();
        });
  }

  void spawn_check() {
    auto const self = this->shared_from_this();
    asio::co_spawn(core_->strand(), check_sandbox(), [self](std::exception_ptr e) {
      if (e) self->end_with(error_from_exception(std::move(e)));
    });
  }

  /// The stream has been silent for long, or its sandbox was stopped: is that still there?
  [[nodiscard]] asio::awaitable<void> check_sandbox() {
    auto const ended = co_await core_->probe(stop_input_);
    if (fsm_->is_finished()) co_return;
    if (ended) {
      // the end of the stream may be on its way behind the end of the sandbox
      auto const heard = last_heard_;
      auto const ctx = core_->context(stop_input_);
      auto event = std::make_shared<first_event>();
      auto const deadline = deadline_in(ctx, constants::stream_end_grace);
      co_await wait_for_event(ctx, event, deadline);
      if (fsm_->is_finished()) co_return;
      if (heard == last_heard_) {
        fsm_->sandbox_ended(*ended);
        finish();
        co_return;
      }
    }
    last_heard_ = core_->clock()->now();
    arm_idle_check();
  }

  void end_with(error e) {
    if (!fsm_) fsm_.emplace(exec_fsm::settings{});
    fsm_->failed(std::move(e));
    finish();
  }

  /// Ends the operation as the machine says, once, and lets the stream go.
  void finish() {
    if (!fsm_) fsm_.emplace(exec_fsm::settings{});
    if (!fsm_->is_finished())  // only a cancelled operation gets here without an end of its own
      fsm_->failed(make_error(error_kind::cancelled, "operation was cancelled"));
    if (std::exchange(ended_, true)) return;
    // before the end can be seen
    auto const code = fsm_->exit_code();
    count(code);
    if (code) {
      state_->exited(*code, plan_.check);
    } else if (explanation_.empty()) {
      state_->failed(*fsm_->failure(), stream_.has_value());
    } else {
      auto const explained = fsm_->failure()->with(
          [&](error_details& d) { d.message.append("; ").append(explanation_); });
      state_->failed(explained, stream_.has_value());
    }
    limit_alarm_.reset();
    idle_alarm_.reset();
    stop_input_->cancel();
    if (stream_) stream_->cancel();
  }

  /// The executor has ended, and with it whatever drove the command.
  void abandon() {
    limit_alarm_.reset();
    idle_alarm_.reset();
    count({});
    state_->failed(make_error(error_kind::cancelled, "the executor of the operation has ended"),
                   stream_.has_value());
  }

  void count(std::optional<std::int32_t> exit_code) {
    if (!counted_.exchange(true)) core_->count_exec(exit_code);
  }

  std::shared_ptr<sandbox_core<T>> core_;
  std::shared_ptr<exec_channel> state_;
  exec_plan plan_;
  bool is_terminal_;
  std::shared_ptr<cancel_token> token_;
  /// Cancelled at the end, whatever ended it: releases the coroutines that wait for something else than the stream.
  std::shared_ptr<cancel_token> stop_input_{std::make_shared<cancel_token>()};
  std::shared_ptr<first_event> ready_;
  std::optional<exec_fsm> fsm_{};
  std::optional<stream_type> stream_{};
  std::string explanation_{};
  std::unique_ptr<time_source::alarm> limit_alarm_{};
  std::unique_ptr<time_source::alarm> idle_alarm_{};
  time_source::time_point last_heard_{};
  std::atomic<bool> counted_{false};
  bool ended_{false};
};

/// A transport without streams has nothing to drive.
template <class T>
  requires(!T::capabilities.exec_stream)
class exec_driver<T> {};

}  // namespace cwsandbox::inline v1::detail

#endif

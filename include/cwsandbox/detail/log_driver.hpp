// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LOG_DRIVER_HPP
#define CWSANDBOX_DETAIL_LOG_DRIVER_HPP

#include <cwsandbox/detail/driver_ending.hpp>
#include <cwsandbox/detail/log_channel.hpp>
#include <cwsandbox/detail/log_fsm.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/logs.hpp>

#include <asio/co_spawn.hpp>
#include <asio/post.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// Carries the log of one reader: does for `log_fsm` what it cannot do itself. Lives on the sandbox's strand, kept alive
/// by its coroutines and alarms.
///
/// A log that is silent has its sandbox looked for, as an exec stream has: when that is gone the log ends, and no stream
/// can hold its reader up. While the reader is behind, the silence is his.
template <class T>
class log_driver final : public stream_watcher, public std::enable_shared_from_this<log_driver<T>> {
 public:
  log_driver(std::shared_ptr<sandbox_core<T>> core, std::shared_ptr<log_channel> channel,
             log_fsm::settings settings, nanoseconds timeout)
      : core_{std::move(core)},
        channel_{std::move(channel)},
        settings_{std::move(settings)},
        follow_{settings_.follow},
        timeout_{timeout} {}

  void start() {
    channel_->on_stop([weak = this->weak_from_this()] {
      auto const self = weak.lock();
      if (!self) return;
      self->token_->cancel();
      asio::post(self->core_->strand(), [self] { self->finish(); });
    });
    asio::co_spawn(core_->strand(), run(), driver_ending{this->shared_from_this()});
  }

  /// This client stopped the sandbox: a stream that does not end by itself now never will.
  void sandbox_stopped() override {
    if (!ended_) spawn_check();
  }

 private:
  friend class driver_ending<log_driver>;
  using stream_type = typename T::log_stream;

  [[nodiscard]] asio::awaitable<void> run() {
    auto const ready = co_await prepare();
    if (ended_) co_return;
    if (!ready) {
      end_with(ready.error());
      co_return;
    }
    settings_.sandbox_id = core_->id_text();
    fsm_.emplace(std::move(settings_));
    core_->watch(this->weak_from_this());
    if (follow_) {
      last_heard_ = core_->clock()->now();
      arm_idle_check();
    } else {
      arm_limit();
    }
    for (;;) {
      auto const next = co_await attempt();
      if (ended_ || next != log_fsm::step::reconnect) break;
      auto const why = co_await sleep_for(core_->context(token_), fsm_->delay());
      if (ended_ || why == woken::cancelled) break;
    }
    finish();
  }

  /// What has ended has no log to follow, but it may have one to read.
  [[nodiscard]] asio::awaitable<outcome<void>> prepare() {
    if (!follow_ && is_over()) co_return outcome<void>{};
    auto const running = co_await core_->ensure_running(token_);
    if (!running && !follow_ && is_over()) co_return outcome<void>{};
    co_return running;
  }
  [[nodiscard]] bool is_over() const {
    return core_->look([](lifecycle const& l) {
      return l.phase() == phase::stopping || l.phase() == phase::terminal;
    });
  }

  /// One call, to its end.
  [[nodiscard]] asio::awaitable<log_fsm::step> attempt() {
    stream_.reset();
    if (fsm_->begins_anew()) channel_->begin_anew();
    auto request = fsm_->request(std::chrono::system_clock::now());
    call_options options{};
    if (!follow_) options.timeout = timeout_;
    auto call = core_->mutable_transport().stream_logs(std::move(request), options);
    auto opened = co_await bounded(core_->context(token_), std::move(call),
                                   core_->limits().request_timeout, core_);
    if (ended_) co_return log_fsm::step::finished;
    fsm_->set_sandbox_over(is_over());
    if (!opened) co_return fsm_->closed(opened.error());
    stream_.emplace(*std::move(opened));
    for (;;) {
      auto message = co_await stream_->read();
      if (ended_) co_return log_fsm::step::finished;
      last_heard_ = core_->clock()->now();
      fsm_->set_sandbox_over(is_over());
      if (!message) co_return fsm_->closed(message.error());
      if (!*message) co_return fsm_->closed(std::nullopt);
      auto const next = fsm_->received(std::move(**message));
      if (fsm_->entry()) {
        channel_->append(*std::move(fsm_->entry()));
        co_await wait_for_room();
      }
      if (ended_) co_return log_fsm::step::finished;
      if (next != log_fsm::step::read_on) co_return next;
    }
  }

  /// Waits when the reader is behind, so that flow control reaches the service.
  [[nodiscard]] asio::awaitable<void> wait_for_room() {
    if (!channel_->is_full()) co_return;
    auto event = std::make_shared<first_event>();
    channel_->when_not_full([event] { event->fire(woken::event); });
    reader_is_behind_ = true;
    co_await wait_for_event(core_->context(token_), event, std::nullopt);
    reader_is_behind_ = false;
    last_heard_ = core_->clock()->now();
  }

  void arm_limit() {
    auto const when = deadline_in(core_->context(), timeout_);
    auto const self = this->shared_from_this();
    alarm_ = core_->clock()->wake_at(*when, time_source::wait_kind::deadline, core_->strand(),
                                     [self] {
                                       if (self->ended_) return;
                                       self->fsm_->timed_out(self->timeout_);
                                       self->finish();
                                     });
  }

  void arm_idle_check() {
    auto const self = this->shared_from_this();
    alarm_ = core_->clock()->wake_at(
        last_heard_ + constants::stream_idle_check, time_source::wait_kind::deadline,
        core_->strand(), [self] {
          if (self->ended_) return;
          auto const silent = self->core_->clock()->now() - self->last_heard_;
          if (silent < constants::stream_idle_check) {
            self->arm_idle_check();
          } else if (self->reader_is_behind_) {
            self->last_heard_ = self->core_->clock()->now();
            self->arm_idle_check();
          } else {
            self->spawn_check();
          }
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
    auto const gone = co_await core_->probe(token_);
    while (gone && !ended_) {
      // the end of the stream may be on its way behind the end of the sandbox, and the reader on his behind both
      auto const heard = last_heard_;
      auto const why = co_await wait_for_grace();
      if (ended_ || why == woken::cancelled) co_return;
      if (reader_is_behind_ || heard != last_heard_) continue;
      fsm_->sandbox_ended(*gone);
      finish();
      co_return;
    }
    if (ended_ || !follow_) co_return;
    last_heard_ = core_->clock()->now();
    arm_idle_check();
  }
  [[nodiscard]] asio::awaitable<woken> wait_for_grace() {
    auto const ctx = core_->context(token_);
    auto event = std::make_shared<first_event>();
    auto const deadline = deadline_in(ctx, constants::stream_end_grace);
    auto const why = co_await wait_for_event(ctx, event, deadline);
    co_return why;
  }

  void end_with(error e) {
    if (!fsm_) fsm_.emplace(std::move(settings_));
    fsm_->failed(std::move(e));
    finish();
  }

  /// Ends the log as the machine says, once, and lets the stream go.
  void finish() {
    if (std::exchange(ended_, true)) return;
    alarm_.reset();
    token_->cancel();
    if (stream_) stream_->cancel();
    channel_->finish(fsm_ ? fsm_->failure() : std::nullopt);
  }

  /// The executor has ended, and with it whatever brought the log.
  void abandon() {
    if (std::exchange(ended_, true)) return;
    alarm_.reset();
    channel_->finish(make_error(error_kind::cancelled, "the executor of the operation has ended"));
  }

  std::shared_ptr<sandbox_core<T>> core_;
  std::shared_ptr<log_channel> channel_;
  log_fsm::settings settings_;
  bool follow_;
  nanoseconds timeout_;
  /// Cancelled at the end, whatever ended it.
  std::shared_ptr<cancel_token> token_{std::make_shared<cancel_token>()};
  std::optional<log_fsm> fsm_{};
  std::optional<stream_type> stream_{};
  std::unique_ptr<time_source::alarm> alarm_{};
  time_source::time_point last_heard_{};
  bool reader_is_behind_{false};
  bool ended_{false};
};

/// A transport without log streams has nothing to drive.
template <class T>
  requires(!T::capabilities.log_stream)
class log_driver<T> {};

/// Starts to read a log. Precondition: the options are valid.
template <class T>
[[nodiscard]] log_reader start_logs(std::shared_ptr<sandbox_core<T>> core,
                                    LogOptions const& options) {
  log_fsm::settings settings{};
  settings.follow = options.follow;
  settings.timestamps = options.timestamps;
  settings.tail_lines = options.tail_lines.value_or(0);
  settings.since = options.since;
  settings.container = options.container.value_or("");
  if (options.resume)
    settings.resume = LogResume{std::string{options.resume->session_id}, options.resume->offset};
  auto const timeout = options.timeout.value_or(core->limits().request_timeout);
  auto channel = std::make_shared<log_channel>(core->executor(), settings.resume);
  auto reader = log_access::make(channel);
  auto driver = std::make_shared<log_driver<T>>(std::move(core), std::move(channel),
                                                std::move(settings), timeout);
  driver->start();
  return reader;
}

}  // namespace cwsandbox::inline v1::detail

#endif

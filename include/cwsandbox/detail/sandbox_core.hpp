// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SANDBOX_CORE_HPP
#define CWSANDBOX_DETAIL_SANDBOX_CORE_HPP

/// \file
/// The life of one sandbox on any transport: what its handles, its session and the coroutines that work for it share.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/detail/create_request.hpp>
#include <cwsandbox/detail/exec_fsm.hpp>
#include <cwsandbox/detail/exec_state.hpp>
#include <cwsandbox/detail/lifecycle.hpp>
#include <cwsandbox/detail/operation_state.hpp>
#include <cwsandbox/detail/placement_fsm.hpp>
#include <cwsandbox/detail/poll_fsm.hpp>
#include <cwsandbox/detail/random.hpp>
#include <cwsandbox/detail/resolve.hpp>
#include <cwsandbox/detail/session_counters.hpp>
#include <cwsandbox/detail/shell_quote.hpp>
#include <cwsandbox/detail/snapshot_wait.hpp>
#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/detail/transport_traits.hpp>
#include <cwsandbox/detail/uuid.hpp>
#include <cwsandbox/detail/validation_error.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/process.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/sandbox_info.hpp>
#include <cwsandbox/terminal.hpp>
#include <cwsandbox/transport.hpp>

#include <asio/strand.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// The limits that a sandbox keeps for all its calls.
struct call_limits {
  nanoseconds request_timeout{default_request_timeout};
  nanoseconds poll_retry_budget{default_poll_retry_budget};
  nanoseconds poll_rpc_timeout{default_poll_rpc_timeout};
};

[[nodiscard]] inline call_limits limits_of(resolved_options const& o) noexcept {
  return {o.request_timeout, o.poll_retry_budget, o.poll_rpc_timeout};
}

/// Owns a sandbox's place in a session; the sandbox tells it when it is gone.
class registry_base {
 public:
  virtual ~registry_base() = default;
  virtual void forget(void const* sandbox) = 0;
};

/// Something that uses a stream of a sandbox and is told, on the strand, when this client has stopped the sandbox.
class stream_watcher {
 public:
  virtual ~stream_watcher() = default;
  virtual void sandbox_stopped() = 0;
};

/// Waits of several callers for the same thing.
struct shared_poll {
  std::shared_ptr<operation_state<void>> state;
  std::shared_ptr<cancel_token> token;
  std::shared_ptr<poll_fsm> fsm;
};

/// What a command needs beside its shared state.
struct exec_plan {
  wire::ExecStreamInit init{};
  /// Of the whole command; of a terminal session only until its stream is open.
  nanoseconds timeout{};
  bool check{};
};

/// How a sandbox is stopped.
struct stop_plan {
  nanoseconds grace{default_graceful_shutdown};
  bool missing_ok{};
  bool snapshot{};
  bool wait_for_ready{true};
  std::string request_id{};
};

template <class T>
class exec_driver;

/// Locking: `mutex_` guards what is below it and is never held while something completes, is awaited or calls out.
/// Everything that waits runs on the strand.
template <class T>
class sandbox_core : public std::enable_shared_from_this<sandbox_core<T>> {
 public:
  using ptr = std::shared_ptr<sandbox_core>;

  /// A sandbox that is to be made from these options when it is first needed.
  sandbox_core(T transport, asio::any_io_executor executor, resolved_options options)
      : sandbox_core{std::move(transport), std::move(executor), limits_of(options)} {
    tags_ = options.tags;
    auto request_id = options.request_id.value_or(std::string{});
    if (request_id.empty()) request_id = make_uuid();
    life_.set_scratch_volume_names(scratch_volume_names(options));
    create_ = std::make_unique<pending_create>(std::move(options), std::move(request_id));
  }

  /// A sandbox that exists, as a list or a get showed it.
  sandbox_core(T transport, asio::any_io_executor executor, call_limits limits,
               wire::Sandbox const& sandbox)
      : sandbox_core{std::move(transport), std::move(executor), limits} {
    if (sandbox.spec) tags_ = sandbox.spec->tags;
    life_.observed(sandbox, observation::query, std::chrono::system_clock::now());
  }

  sandbox_core(sandbox_core const&) = delete;
  sandbox_core& operator=(sandbox_core const&) = delete;

  // ---- facts, without any call

  /// Calls `f` with the lifecycle, under the lock.
  template <class F>
  [[nodiscard]] auto look(F f) const {
    std::lock_guard lock{mutex_};
    return f(std::as_const(life_));
  }
  [[nodiscard]] std::vector<std::string> const& tags() const noexcept { return tags_; }
  [[nodiscard]] T const& transport() const noexcept { return transport_; }
  [[nodiscard]] asio::any_io_executor const& executor() const noexcept { return executor_; }
  [[nodiscard]] call_limits const& limits() const noexcept { return limits_; }
  [[nodiscard]] ExecStats exec_stats() const {
    std::lock_guard lock{mutex_};
    return stats_;
  }
  /// A command has ended: with this exit code, or in another way.
  void count_exec(std::optional<std::int32_t> exit_code) {
    std::lock_guard lock{mutex_};
    if (counters_) counters_->executed(number_, exit_code);
    ++stats_.exec_count;
    if (!exit_code)
      ++stats_.exec_failures;
    else if (*exit_code == 0)
      ++stats_.exec_completed_ok;
    else
      ++stats_.exec_completed_nonzero;
  }

  // ---- belonging to a session

  void join(std::weak_ptr<registry_base> registry, std::shared_ptr<session_counters> counters) {
    std::shared_ptr<registry_base> left;
    {
      std::lock_guard lock{mutex_};
      if (counters_ != counters) {
        counters_ = std::move(counters);
        number_ = counters_->join();
      }
      left = registry_.lock();
      registry_ = std::move(registry);
      if (left == registry_.lock()) left.reset();
    }
    if (left) left->forget(this);
  }

  // ---- operations

  [[nodiscard]] operation<void> start() {
    auto task = start_task();
    auto state = make_state<void>();
    task->add_waiter([task = std::weak_ptr{task}, state] { state->complete(task.lock()->value()); });
    return operation_access::make(std::move(state));
  }

  [[nodiscard]] operation<void> wait(std::optional<nanoseconds> timeout) {
    if (auto known = settled()) return done_operation<void>(executor_, *std::move(known));
    return launch<void>([&](std::shared_ptr<cancel_token> token) {
      return wait_for_running(std::move(token), timeout.value_or(limits_.request_timeout));
    });
  }

  [[nodiscard]] operation<SandboxStatus> wait_until_complete(std::optional<nanoseconds> timeout,
                                                             bool raise_on_termination) {
    return launch<SandboxStatus>([&](std::shared_ptr<cancel_token> token) {
      return wait_for_completion(std::move(token), timeout.value_or(limits_.request_timeout),
                                 raise_on_termination);
    });
  }

  [[nodiscard]] operation<SandboxStatus> get_status() {
    std::optional<outcome<SandboxStatus>> known;
    {
      std::lock_guard lock{mutex_};
      if (life_.phase() == phase::terminal) {
        life_.confirmed(std::chrono::system_clock::now());
        known.emplace(*life_.status());
      } else if (life_.is_cancelled())
        known.emplace(life_.not_running("was cancelled before starting"));
      else if (life_.phase() == phase::not_started)
        known.emplace(life_.not_running("has not been started"));
    }
    if (known) return done_operation<SandboxStatus>(executor_, *std::move(known));
    return launch<SandboxStatus>(
        [&](std::shared_ptr<cancel_token> token) { return query(std::move(token)); });
  }

  [[nodiscard]] operation<void> stop(stop_plan plan) {
    auto state = make_state<void>();
    auto op = operation_access::make(state);
    std::shared_ptr<operation_state<void>> task;
    auto const missing_ok = plan.missing_ok;
    bool cancelled_now = false;
    bool spawn_task = false;
    std::optional<error> conflict;
    {
      std::lock_guard lock{mutex_};
      if (plan.snapshot) conflict = snapshot_conflict();
      if (conflict) {
        // nothing is done
      } else if (stop_) {
        task = stop_;
      } else if (life_.is_done()) {
        // nothing is left to stop
      } else if (life_.phase() == phase::not_started && !start_) {
        life_.cancel();
        cancelled_now = true;
      } else {
        task = stop_ = make_state<void>();
        stop_missing_ok_ = missing_ok;
        stop_snapshots_ = plan.snapshot;
        spawn_task = true;
      }
    }
    if (!task) {
      if (cancelled_now) leave_registry();
      state->complete(conflict ? outcome<void>{*std::move(conflict)} : outcome<void>{});
      return op;
    }
    if (spawn_task) spawn(strand_, task, stop_work(std::move(plan)), this->shared_from_this());
    task->add_waiter([task = std::weak_ptr{task}, state, missing_ok] {
      auto result = task.lock()->value();
      if (!result && missing_ok && result.error().kind() == error_kind::not_found) result = {};
      state->complete(std::move(result));
    });
    return op;
  }

  [[nodiscard]] operation<std::string> read_file(std::string path, std::string container,
                                                 std::optional<nanoseconds> timeout) {
    return launch<std::string>([&](std::shared_ptr<cancel_token> token) {
      return read_file_work(std::move(token), std::move(path), std::move(container),
                            timeout.value_or(limits_.request_timeout));
    });
  }

  [[nodiscard]] operation<void> write_file(std::string path, std::string content,
                                           std::string container,
                                           std::optional<nanoseconds> timeout) {
    return launch<void>([&](std::shared_ptr<cancel_token> token) {
      return write_file_work(std::move(token), std::move(path), std::move(content),
                             std::move(container), timeout.value_or(limits_.request_timeout));
    });
  }

  /// Runs a command over the exec stream, or over the unary call where the transport has no streams.
  [[nodiscard]] process exec(std::vector<std::string> command, exec_plan plan, bool open_stdin,
                             std::optional<std::uint64_t> limit) {
    auto state = std::make_shared<exec_state>(executor_, std::move(command), open_stdin, limit);
    auto handle = operation_access::make_handle<process>(state);
    auto token = std::make_shared<cancel_token>();
    if constexpr (T::capabilities.exec_stream) {
      auto driver = std::make_shared<exec_driver<T>>(this->shared_from_this(), state,
                                                     std::move(plan), std::move(token));
      driver->start();
    } else {
      state->on_cancel([token] { token->cancel(); });
      unary_ending finish{this->shared_from_this(), std::move(state), plan.check};
      asio::co_spawn(strand_, exec_unary_work(std::move(token), std::move(plan)),
                     std::move(finish));
    }
    return handle;
  }

  /// Runs a command on a terminal.
  [[nodiscard]] terminal shell(std::vector<std::string> command, exec_plan plan)
    requires has_exec_streams_like_grpc_or_local_transport<T>
  {
    auto state = std::make_shared<terminal_state>(executor_, std::move(command));
    auto handle = operation_access::make_handle<terminal>(state);
    auto token = std::make_shared<cancel_token>();
    auto driver = std::make_shared<exec_driver<T>>(this->shared_from_this(), std::move(state),
                                                   std::move(plan), std::move(token));
    driver->start();
    return handle;
  }

  // ---- for the coroutines of this sandbox

  [[nodiscard]] task_context context(std::shared_ptr<cancel_token> token = {}) const {
    return {strand_, clock_, std::move(token)};
  }
  [[nodiscard]] std::string id_text() const {
    std::lock_guard lock{mutex_};
    return life_.id_text();
  }
  /// Spawns the coroutine that `make` gives for a cancel token.
  template <class R, class F>
  [[nodiscard]] operation<R> launch(F make) {
    auto token = std::make_shared<cancel_token>();
    auto state = make_state<R>();
    state->on_cancel([token] { token->cancel(); });
    spawn(strand_, state, make(std::move(token)), this->shared_from_this());
    return operation_access::make(std::move(state));
  }

  [[nodiscard]] asio::any_io_executor const& strand() const noexcept { return strand_; }
  [[nodiscard]] std::shared_ptr<time_source> const& clock() const noexcept { return clock_; }
  [[nodiscard]] T& mutable_transport() noexcept { return transport_; }
  /// The same for calls that keep the sandbox alive.
  [[nodiscard]] std::shared_ptr<T> shared_transport() {
    return std::shared_ptr<T>{this->shared_from_this(), &transport_};
  }

  /// Starts the sandbox if need be and waits until it runs; the error of using it when it does not (lifecycle 1.4).
  [[nodiscard]] asio::awaitable<outcome<void>> ensure_running(std::shared_ptr<cancel_token> token) {
    if (auto refused = refusal()) co_return *std::move(refused);
    auto const running = co_await wait_for_running(std::move(token), limits_.request_timeout);
    if (!running) co_return running.error();
    if (auto refused = refusal()) co_return *std::move(refused);
    co_return outcome<void>{};
  }

  /// Asks for the state once and applies the answer; used beside streams. Nothing when it could not be had.
  [[nodiscard]] asio::awaitable<std::optional<error>> probe(std::shared_ptr<cancel_token> token) {
    if (is_terminal()) co_return look(&sandbox_core::has_ended);
    auto const answer =
        co_await get(std::move(token), limits_.poll_rpc_timeout, "Poll sandbox status");
    if (!answer) {
      if (answer.error().kind() != error_kind::not_found) co_return std::nullopt;
      co_return answer.error();
    }
    std::lock_guard lock{mutex_};
    life_.observed(*answer, observation::query, std::chrono::system_clock::now());
    if (life_.phase() != phase::terminal) co_return std::nullopt;
    co_return has_ended(life_);
  }

  /// Tells `watcher` when this client has stopped the sandbox. On the strand.
  void watch(std::weak_ptr<stream_watcher> watcher) {
    std::erase_if(watchers_, [](auto const& w) { return w.expired(); });
    watchers_.push_back(std::move(watcher));
  }

 private:
  struct pending_create {
    pending_create(resolved_options o, std::string request_id)
        : options{std::move(o)}, placement{make_placement(options, std::move(request_id))} {}
    resolved_options options;
    placement_fsm placement;
  };

  sandbox_core(T transport, asio::any_io_executor executor, call_limits limits)
      : transport_{std::move(transport)},
        executor_{std::move(executor)},
        strand_{asio::make_strand(executor_)},
        clock_{time_source_of(transport_)},
        limits_{limits} {}

  // Not on the strand: an operation may outlive the executor, and a strand must not.
  template <class R>
  [[nodiscard]] std::shared_ptr<operation_state<R>> make_state() const {
    return std::make_shared<operation_state<R>>(executor_);
  }

  void leave_registry() {
    std::shared_ptr<registry_base> registry;
    {
      std::lock_guard lock{mutex_};
      registry = registry_.lock();
    }
    if (registry) registry->forget(this);
  }

  [[nodiscard]] std::optional<error> refusal() const {
    std::lock_guard lock{mutex_};
    return life_.refusal();
  }

  /// The end of a wait for RUNNING that needs no waiting.
  [[nodiscard]] std::optional<outcome<void>> settled() const {
    std::lock_guard lock{mutex_};
    if (life_.is_cancelled()) return life_.not_running("was cancelled before starting");
    if (life_.phase() == phase::terminal) {
      if (auto e = life_.terminal_error(true)) return *std::move(e);
      return outcome<void>{};
    }
    if (life_.phase() == phase::running) return outcome<void>{};
    return std::nullopt;
  }

  [[nodiscard]] static error has_ended(lifecycle const& life) {
    return life.not_running(
        std::string{"has ended: it is "}.append(cwsandbox::to_string(*life.status())));
  }
  [[nodiscard]] static error cancelled() {
    return make_error(error_kind::cancelled, "operation was cancelled");
  }
  [[nodiscard]] error wait_expired(std::string message) const {
    return make_error(error_kind::timeout, std::move(message)).with([&](error_details& d) {
      d.sandbox_id = id_text();
    });
  }

  // ---- start

  /// The one create that is under way, or a finished state when there is nothing to start.
  [[nodiscard]] std::shared_ptr<operation_state<void>> start_task() {
    std::shared_ptr<operation_state<void>> task;
    {
      std::lock_guard lock{mutex_};
      if (start_) return start_;
      task = make_state<void>();
      if (life_.phase() == phase::not_started && !life_.is_cancelled()) start_ = task;
    }
    if (start_is(task)) {
      spawn(strand_, task, start_work(), this->shared_from_this());
    } else if (look([](lifecycle const& l) { return l.is_cancelled(); })) {
      task->complete(look([](lifecycle const& l) {
        return l.not_running("was cancelled before starting");
      }));
    } else {
      task->complete({});
    }
    return task;
  }
  [[nodiscard]] bool start_is(std::shared_ptr<operation_state<void>> const& task) const {
    std::lock_guard lock{mutex_};
    return start_ == task;
  }

  [[nodiscard]] asio::awaitable<outcome<void>> start_work() {
    auto first = co_await create_once();
    if (!first) {
      bool again = false;
      {
        std::lock_guard lock{mutex_};
        again = create_->placement.spill_after(first.error(), make_uuid());
      }
      if (again) {
        auto const second = co_await create_once();
        if (second) {
          first = second;
        } else {
          std::lock_guard lock{mutex_};
          first = create_->placement.second_failed(first.error(), second.error());
        }
      }
    }
    std::lock_guard lock{mutex_};
    start_.reset();
    if (first) create_.reset();
    co_return first;
  }

  /// One create call with what the placement says now.
  [[nodiscard]] asio::awaitable<outcome<void>> create_once() {
    bool from_template = false;
    {
      std::lock_guard lock{mutex_};
      from_template = create_->options.template_id.has_value();
    }
    call_options options{};
    options.timeout = limits_.request_timeout;
    outcome<wire::Sandbox> answer;
    if (from_template) {
      auto request = make_template_request(create_->options, create_->placement.current());
      auto call = transport_.create_sandbox_from_template(std::move(request), options);
      answer = co_await bounded(context(), std::move(call), options.timeout,
                                this->shared_from_this());
    } else {
      auto request = make_create_request(create_->options, create_->placement.current());
      auto call = transport_.create_sandbox(std::move(request), options);
      answer = co_await bounded(context(), std::move(call), options.timeout,
                                this->shared_from_this());
    }
    if (!answer) {
      call_context what{};
      what.operation = from_template ? "Create sandbox from template" : "Create sandbox";
      co_return translate(answer.error(), what);
    }
    if (answer->sandbox_id.empty())
      co_return make_error(error_kind::sandbox,
                           "Create sandbox failed: the answer has no sandbox id");
    std::lock_guard lock{mutex_};
    life_.created(*answer, std::chrono::system_clock::now());
    created_at_ = clock_->now();
    co_return outcome<void>{};
  }

  // ---- waits

  [[nodiscard]] asio::awaitable<outcome<void>> started(std::shared_ptr<cancel_token> token) {
    auto const task = start_task();
    auto const why = co_await wait_until_done(context(std::move(token)), task, std::nullopt);
    if (why == woken::cancelled) co_return cancelled();
    co_return task->value();
  }

  [[nodiscard]] asio::awaitable<outcome<void>> wait_for_running(std::shared_ptr<cancel_token> token,
                                                                nanoseconds timeout) {
    if (auto known = settled()) co_return *std::move(known);
    auto const start = co_await started(token);
    if (!start) co_return start.error();
    if (auto known = settled()) co_return *std::move(known);

    auto const ctx = context(std::move(token));
    auto const poll = join_poll(running_poll_, &sandbox_core::poll_for_running);
    auto const deadline = deadline_in(ctx, timeout);
    auto const why = co_await wait_until_done(ctx, poll.state, deadline);
    if (why == woken::cancelled) co_return cancelled();
    if (why == woken::deadline && !take_completion_in_hand(poll)) {
      co_return wait_expired("Sandbox " + id_text() + " did not become ready within " +
                             seconds_text(timeout) + "s");
    }
    if (why == woken::event && !poll.state->value()) co_return poll.state->value().error();
    if (auto known = settled()) co_return *std::move(known);
    co_return outcome<void>{};  // it is being stopped by others: the caller looks at status()
  }

  [[nodiscard]] asio::awaitable<outcome<SandboxStatus>> wait_for_completion(
      std::shared_ptr<cancel_token> token, nanoseconds timeout, bool raise_on_termination) {
    auto const start = co_await started(token);
    if (!start) co_return start.error();
    if (!is_terminal()) {
      auto const ctx = context(std::move(token));
      auto const poll = join_poll(completion_poll_, &sandbox_core::poll_for_completion);
      auto const deadline = deadline_in(ctx, timeout);
      auto const why = co_await wait_until_done(ctx, poll.state, deadline);
      if (why == woken::cancelled) co_return cancelled();
      if (why == woken::deadline && !take_completion_in_hand(poll))
        co_return wait_expired("Timed out waiting for sandbox " + id_text());
      if (why == woken::event && !poll.state->value()) co_return poll.state->value().error();
    }
    std::lock_guard lock{mutex_};
    if (auto e = life_.terminal_error(raise_on_termination)) co_return *std::move(e);
    co_return *life_.status();
  }

  [[nodiscard]] bool is_terminal() const {
    return look([](lifecycle const& l) { return l.phase() == phase::terminal; });
  }

  /// A completion is better than a time-out, even while its exit code is still looked for.
  [[nodiscard]] bool take_completion_in_hand(shared_poll const& poll) {
    if (!poll.fsm->in_exit_code_grace()) return false;
    std::lock_guard lock{mutex_};
    life_.observed(poll.fsm->sandbox(), observation::poll, std::chrono::system_clock::now());
    return true;
  }

  using poll_work = asio::awaitable<outcome<void>> (sandbox_core::*)(shared_poll);

  /// The poll of that kind that is under way, or a new one.
  [[nodiscard]] shared_poll join_poll(std::optional<shared_poll>& slot, poll_work work) {
    shared_poll poll;
    {
      std::lock_guard lock{mutex_};
      if (slot) return *slot;
      poll.state = make_state<void>();
      poll.token = std::make_shared<cancel_token>();
      poll.fsm = std::make_shared<poll_fsm>(poll_settings());
      slot = poll;
    }
    spawn(strand_, poll.state, (this->*work)(poll), this->shared_from_this());
    return poll;
  }
  [[nodiscard]] poll_fsm::settings poll_settings() const noexcept {
    return {limits_.poll_retry_budget, limits_.poll_rpc_timeout};
  }

  [[nodiscard]] asio::awaitable<outcome<void>> poll_for_running(shared_poll poll) {
    auto result = co_await poll_until_stable(poll);
    leave_slot(running_poll_, poll);
    co_return result;
  }

  [[nodiscard]] asio::awaitable<outcome<void>> poll_for_completion(shared_poll poll) {
    poll_backoff between;
    outcome<void> result;
    for (;;) {
      result = co_await poll_until_stable(poll);
      if (!result && result.error().kind() == error_kind::not_found && confirms_stop())
        result = co_await confirm_missing(poll);
      if (!result || is_terminal()) break;
      auto const why = co_await sleep_for(context(poll.token), between.next());
      if (why == woken::cancelled) {
        result = cancelled();
        break;
      }
      *poll.fsm = poll_fsm{poll_settings()};
    }
    leave_slot(completion_poll_, poll);
    co_return result;
  }

  /// A poll has ended; another one may have taken its place since it was told to.
  void leave_slot(std::optional<shared_poll>& slot, shared_poll const& poll) {
    std::lock_guard lock{mutex_};
    if (slot && slot->state == poll.state) slot.reset();
  }

  [[nodiscard]] bool confirms_stop() const {
    std::lock_guard lock{mutex_};
    return life_.is_stop_owned() || (life_.phase() == phase::stopping && stop_ && stop_missing_ok_);
  }

  /// Our stop worked and the sandbox is gone before its end was seen: looks on for a little while (lifecycle 4.5).
  [[nodiscard]] asio::awaitable<outcome<void>> confirm_missing(shared_poll poll) {
    auto const ctx = context(poll.token);
    auto const deadline = clock_->now() + constants::not_found_after_stop_budget;
    poll_backoff backoff;
    for (;;) {
      auto const left = nanoseconds{deadline - clock_->now()};
      if (left <= nanoseconds::zero()) break;
      auto const why = co_await sleep_for(ctx, std::min(backoff.next(), left));
      if (why == woken::cancelled) co_return cancelled();
      *poll.fsm = poll_fsm{poll_settings()};
      auto result = co_await poll_until_stable(poll);
      if (result || result.error().kind() != error_kind::not_found) co_return result;
    }
    if (is_terminal()) co_return outcome<void>{};
    auto const id = id_text();
    co_return make_error(error_kind::terminal_state_unavailable,
                         "Sandbox " + id + " was stopped, but how it ended is not known any more")
        .with([&](error_details& d) { d.sandbox_id = id; });
  }

  /// One trip of the poll machine; what it sees is applied as it goes.
  [[nodiscard]] asio::awaitable<outcome<void>> poll_until_stable(shared_poll poll) {
    auto& fsm = *poll.fsm;
    auto action = fsm.start(clock_->now());
    for (;;) {
      switch (action.what) {
        case poll_fsm::step::get: {
          auto answer = co_await get(poll.token, action.duration, "Poll sandbox status");
          if (poll.token->is_cancelled()) co_return cancelled();
          if (answer && !is_final(*answer)) observe(*answer);
          action = fsm.answered(std::move(answer), clock_->now(), random_unit(), wants_exit_code());
          break;
        }
        case poll_fsm::step::sleep: {
          auto const why = co_await sleep_for(context(poll.token), action.duration);
          if (why == woken::cancelled) co_return cancelled();
          action = fsm.slept(clock_->now(), wants_exit_code());
          break;
        }
        case poll_fsm::step::done:
          observe(fsm.sandbox());
          co_return outcome<void>{};
        case poll_fsm::step::fail:
          co_return fsm.failure();
      }
    }
  }

  [[nodiscard]] static bool is_final(wire::Sandbox const& sandbox) {
    auto const state = sandbox.status ? sandbox.status->state : wire::State::unspecified;
    return phase_of(state, observation::poll) == phase::terminal;
  }
  [[nodiscard]] bool wants_exit_code() const {
    std::lock_guard lock{mutex_};
    return !stop_sent_ && life_.phase() != phase::stopping && !life_.is_done();
  }
  void observe(wire::Sandbox const& sandbox) {
    std::lock_guard lock{mutex_};
    life_.observed(sandbox, observation::poll, std::chrono::system_clock::now());
    if (created_at_ && life_.phase() == phase::running) {
      if (counters_) counters_->started(clock_->now() - *created_at_);
      created_at_.reset();
    }
  }

  /// One GetSandbox, its error translated.
  [[nodiscard]] asio::awaitable<outcome<wire::Sandbox>> get(std::shared_ptr<cancel_token> token,
                                                            nanoseconds timeout,
                                                            std::string_view operation) {
    wire::GetSandboxRequest request{};
    request.sandbox_id = id_text();
    auto const id = request.sandbox_id;
    call_options options{};
    options.timeout = timeout;
    auto call = transport_.get_sandbox(std::move(request), options);
    auto answer = co_await bounded(context(std::move(token)), std::move(call), options.timeout,
                                   this->shared_from_this());
    if (answer) co_return answer;
    call_context what{};
    what.operation = operation;
    what.sandbox_id = id;
    co_return translate(answer.error(), what);
  }

  [[nodiscard]] asio::awaitable<outcome<SandboxStatus>> query(std::shared_ptr<cancel_token> token) {
    auto answer = co_await get(std::move(token), limits_.poll_rpc_timeout, "Get status");
    if (!answer) co_return answer.error();
    std::lock_guard lock{mutex_};
    life_.observed(*answer, observation::query, std::chrono::system_clock::now());
    co_return *life_.status();
  }

  // ---- stop

  /// Why a stop cannot take a snapshot now (lifecycle, section 4.4); `mutex_` is held.
  [[nodiscard]] std::optional<error> snapshot_conflict() const {
    auto const& captured = life_.echoed().file_system_snapshot_ids;
    auto const& id = life_.id_text();
    if (life_.is_cancelled() || (!stop_ && life_.phase() == phase::not_started)) return std::nullopt;
    if (life_.phase() == phase::terminal) {
      if (!captured.empty()) return std::nullopt;
      return snapshot_on_stop_conflict(id, "it has ended");
    }
    if (stop_) {
      if (stop_snapshots_) return std::nullopt;
      return snapshot_on_stop_conflict(id, "it is being stopped without one");
    }
    if (life_.phase() == phase::stopping)
      return snapshot_on_stop_conflict(id, "it is being stopped by others");
    if (life_.echoed().scratch_volume_names.empty()) return no_volume(id);
    return std::nullopt;
  }

  [[nodiscard]] asio::awaitable<outcome<void>> stop_work(stop_plan plan) {
    // a create that is under way must settle first, or its sandbox would be left running
    while (auto const start = create_to_settle())
      co_await wait_until_done(context(), start, std::nullopt);

    outcome<void> result;
    switch (look([](lifecycle const& l) { return l.phase(); })) {
      case phase::not_started:  // it was cancelled when the last create had failed
      case phase::terminal:
        break;
      case phase::stopping:
        result = co_await confirm_end();
        break;
      case phase::starting:
      case phase::running:
        result = co_await delete_and_confirm(std::move(plan));
        break;
    }
    bool leaves = false;
    {
      std::lock_guard lock{mutex_};
      stop_.reset();
      stop_snapshots_ = false;
      stop_sent_ = stop_sent_ && life_.is_stop_owned();
      leaves = life_.is_done() || life_.is_stop_owned();
    }
    if (leaves) leave_registry();
    if (is_terminal()) {
      for (auto const& weak : std::exchange(watchers_, {}))
        if (auto const watcher = weak.lock()) watcher->sandbox_stopped();
    }
    co_return result;
  }

  /// The create that is under way, if any. Without one, and without a sandbox, there will be none
  /// any more: decided under one lock, because somebody may start again when a create has failed.
  [[nodiscard]] std::shared_ptr<operation_state<void>> create_to_settle() {
    std::lock_guard lock{mutex_};
    if (!start_ && life_.phase() == phase::not_started) life_.cancel();
    return start_;
  }

  [[nodiscard]] asio::awaitable<outcome<void>> delete_and_confirm(stop_plan plan) {
    bool const missing_ok = plan.missing_ok;
    wire::DeleteSandboxRequest request{};
    request.sandbox_id = id_text();
    request.grace_period_seconds = whole_seconds_up(plan.grace);
    request.allow_missing = missing_ok;
    call_options options{};
    options.timeout = longer(plan.grace, 2 * constants::client_timeout_buffer);
    if (plan.snapshot) {
      request.snapshot_volumes =
          look([](lifecycle const& l) { return l.echoed().scratch_volume_names; });
      request.request_id = std::move(plan.request_id);
      options.timeout = longer(
          plan.grace, constants::snapshot_ready_timeout + constants::snapshot_stop_buffer);
    }
    {
      // owned from here on: a poll may see the end before the delete is answered
      std::lock_guard lock{mutex_};
      stop_sent_ = true;
      life_.own_stop();
    }
    call_context what{};
    auto const id = request.sandbox_id;
    what.operation = "Stop sandbox";
    what.sandbox_id = id;
    auto call = transport_.delete_sandbox(std::move(request), options);
    auto const answer = co_await bounded(context(), std::move(call), options.timeout,
                                         this->shared_from_this());
    auto const now = std::chrono::system_clock::now();
    if (!answer) {
      {
        std::lock_guard lock{mutex_};
        life_.disown_stop();
      }
      auto failure = translate(answer.error(), what);
      if (plan.snapshot && snapshot_is_lost(failure, missing_ok))
        co_return failure.with(
            [](error_details& d) { d.kind = error_kind::snapshot_on_stop_conflict; });
      if (!missing_ok || !is_not_found(failure, reasons::sandbox_not_found)) co_return failure;
      end_polls(/*running_only=*/false);
      std::lock_guard lock{mutex_};
      life_.gone(/*stop_owned=*/false, now);
      co_return outcome<void>{};
    }
    if (!answer->sandbox && missing_ok && answer->file_system_snapshot_ids.empty()) {
      if (plan.snapshot) {
        std::lock_guard lock{mutex_};
        life_.disown_stop();
        co_return snapshot_on_stop_conflict(id, "the service does not know it any more");
      }
      std::lock_guard lock{mutex_};
      life_.gone(/*stop_owned=*/true, now);
      co_return outcome<void>{};
    }
    {
      std::lock_guard lock{mutex_};
      life_.stop_accepted(now);
      if (!answer->file_system_snapshot_ids.empty())
        life_.set_file_system_snapshot_ids(answer->file_system_snapshot_ids);
      // a service that answers when the end is reached saves everybody a poll
      if (answer->sandbox && answer->sandbox->status && is_final(*answer->sandbox) &&
          answer->sandbox->status->state != wire::State::unspecified)
        life_.observed(*answer->sandbox, observation::poll, now);
    }
    end_polls(/*running_only=*/true);
    if constexpr (has_snapshots<T>) {
      if (plan.snapshot && plan.wait_for_ready) {
        for (auto const& snapshot : answer->file_system_snapshot_ids) {
          auto const ready = co_await snapshot_ready(snapshot);
          if (!ready) co_return ready.error();
        }
      }
    }
    if (is_terminal()) co_return outcome<void>{};
    auto const confirmed = co_await confirm_end();
    co_return confirmed;
  }

  /// Did a stop that was to take a snapshot find nothing to take it of?
  [[nodiscard]] static bool snapshot_is_lost(error const& failure, bool missing_ok) {
    if (missing_ok && is_not_found(failure, reasons::sandbox_not_found)) return true;
    return has_trusted_reason(failure) && failure.reason() == reasons::invalid_request;
  }

  [[nodiscard]] asio::awaitable<outcome<void>> snapshot_ready(std::string snapshot)
    requires has_snapshots<T>
  {
    retry_policy each{};
    each.budget = limits_.poll_retry_budget;
    each.rpc_timeout = limits_.poll_rpc_timeout;
    each.deadline = deadline_in(context(), constants::snapshot_ready_timeout).value();
    auto wait = wait_for_snapshot<T>(shared_transport(), context(), std::move(snapshot), each);
    auto const ready = co_await std::move(wait);
    if (!ready) co_return ready.error();
    co_return outcome<void>{};
  }

  [[nodiscard]] static std::int32_t whole_seconds_up(nanoseconds d) noexcept {
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(d).count();
    return static_cast<std::int32_t>(std::min<std::int64_t>(seconds, INT32_MAX));
  }

  /// Waits for the terminal state, without a limit of its own.
  [[nodiscard]] asio::awaitable<outcome<void>> confirm_end() {
    auto const poll = join_poll(completion_poll_, &sandbox_core::poll_for_completion);
    co_await wait_until_done(context(), poll.state, std::nullopt);
    co_return poll.state->value();
  }

  /// Those who wait for a sandbox that is being stopped are told so.
  void end_polls(bool running_only) {
    std::optional<shared_poll> running;
    std::optional<shared_poll> complete;
    std::optional<error> stopped;
    {
      std::lock_guard lock{mutex_};
      running = std::exchange(running_poll_, std::nullopt);
      if (!running_only) complete = std::exchange(completion_poll_, std::nullopt);
      stopped = life_.not_running("has been stopped");
    }
    for (auto* poll : {&running, &complete}) {
      if (!*poll) continue;
      (*poll)->state->complete(*stopped);
      (*poll)->token->cancel();
    }
  }

  // ---- files

  [[nodiscard]] asio::awaitable<outcome<std::string>> read_file_work(
      std::shared_ptr<cancel_token> token, std::string path, std::string container,
      nanoseconds timeout) {
    auto const running = co_await ensure_running(token);
    if (!running) co_return running.error();
    wire::ReadFileRequest request{};
    request.sandbox_id = id_text();
    request.path = path;
    request.container = std::move(container);
    auto const id = request.sandbox_id;
    call_options options{};
    options.timeout = timeout;
    auto call = transport_.read_file(std::move(request), options);
    auto answer = co_await bounded(context(std::move(token)), std::move(call), options.timeout,
                                   this->shared_from_this());
    if (answer) co_return std::move(answer->content);
    co_return file_error(answer.error(), "Read file", id, path);
  }

  [[nodiscard]] asio::awaitable<outcome<void>> write_file_work(std::shared_ptr<cancel_token> token,
                                                               std::string path,
                                                               std::string content,
                                                               std::string container,
                                                               nanoseconds timeout) {
    auto const running = co_await ensure_running(token);
    if (!running) co_return running.error();
    wire::WriteFileRequest request{};
    request.sandbox_id = id_text();
    request.path = path;
    request.content = std::move(content);
    request.container = std::move(container);
    auto const id = request.sandbox_id;
    call_options options{};
    options.timeout = timeout;
    auto call = transport_.write_file(std::move(request), options);
    auto const answer = co_await bounded(context(std::move(token)), std::move(call),
                                         options.timeout, this->shared_from_this());
    if (answer) co_return outcome<void>{};
    co_return file_error(answer.error(), "Write file", id, path);
  }

  [[nodiscard]] static error file_error(error const& report, std::string_view operation,
                                        std::string const& id, std::string const& path) {
    call_context what{};
    what.operation = operation;
    what.sandbox_id = id;
    what.path = path;
    return translate(report, what);
  }

  // ---- commands without streams

  [[nodiscard]] asio::awaitable<outcome<wire::ExecResponse>> exec_unary_work(
      std::shared_ptr<cancel_token> token, exec_plan plan) {
    auto const running = co_await ensure_running(token);
    if (!running) co_return running.error();
    wire::ExecRequest request{};
    request.sandbox_id = id_text();
    request.command = std::move(plan.init.command);
    request.env = std::move(plan.init.env);
    request.container = std::move(plan.init.container);
    exec_fsm fsm{exec_fsm::settings{.sandbox_id = request.sandbox_id,
                                    .command_text = command_text(request.command),
                                    .timeout = plan.timeout}};
    call_options options{};
    options.timeout = longer(plan.timeout, constants::client_timeout_buffer);
    auto call = transport_.exec(std::move(request), options);
    auto answer = co_await bounded(context(std::move(token)), std::move(call), options.timeout,
                                   this->shared_from_this());
    if (answer) co_return answer;
    fsm.closed(answer.error());
    co_return *fsm.failure();
  }

  /// Ends the command when its coroutine does; also when the executor is destroyed, and the
  /// coroutine with it.
  class unary_ending {
   public:
    unary_ending(ptr core, std::shared_ptr<exec_state> state, bool check)
        : core_{std::move(core)}, state_{std::move(state)}, check_{check} {}
    unary_ending(unary_ending&&) noexcept = default;
    unary_ending& operator=(unary_ending&&) = delete;
    ~unary_ending() {
      if (state_)
        finish(make_error(error_kind::cancelled, "the executor of the operation has ended"));
    }
    void operator()(std::exception_ptr thrown, outcome<wire::ExecResponse> answer) {
      if (thrown) answer = error_from_exception(std::move(thrown));
      finish(std::move(answer));
    }

   private:
    void finish(outcome<wire::ExecResponse> answer) {
      auto const state = std::exchange(state_, nullptr);
      core_->finish_unary(*state, check_, std::move(answer));
    }
    ptr core_;
    std::shared_ptr<exec_state> state_;
    bool check_;
  };

  void finish_unary(exec_state& state, bool check, outcome<wire::ExecResponse> answer) {
    // counted before the end can be seen
    if (!answer) {
      count_exec({});
      state.failed(answer.error(), false);
    } else {
      count_exec(answer->exit_code);
      state.answered(std::move(*answer), check);
    }
  }

  T transport_;
  asio::any_io_executor executor_;
  asio::any_io_executor strand_;
  std::shared_ptr<time_source> clock_;
  call_limits limits_;
  std::vector<std::string> tags_;
  std::vector<std::weak_ptr<stream_watcher>> watchers_;  // on the strand only

  mutable std::mutex mutex_;
  lifecycle life_;
  std::unique_ptr<pending_create> create_;  // until a create succeeded
  std::shared_ptr<operation_state<void>> start_;
  std::shared_ptr<operation_state<void>> stop_;
  std::optional<shared_poll> running_poll_;
  std::optional<shared_poll> completion_poll_;
  std::weak_ptr<registry_base> registry_;
  ExecStats stats_;
  std::shared_ptr<session_counters> counters_;
  std::uint64_t number_{};  // in counters_
  // of the create that was accepted, until the start was counted
  std::optional<std::chrono::steady_clock::time_point> created_at_;
  bool stop_sent_{false};
  bool stop_missing_ok_{false};
  bool stop_snapshots_{false};
};

}  // namespace cwsandbox::inline v1::detail

#include <cwsandbox/detail/exec_driver.hpp>

#endif

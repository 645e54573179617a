// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_SESSION_CORE_HPP
#define CWSANDBOX_DETAIL_SESSION_CORE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/blocking.hpp>
#include <cwsandbox/detail/sandbox_core.hpp>
#include <cwsandbox/detail/sandbox_owner.hpp>
#include <cwsandbox/detail/session_counters.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Gathers how several stops ended.
class stop_tally {
 public:
  /// `before_end` is called when all stops have ended, before that is told.
  stop_tally(std::size_t count, std::shared_ptr<operation_state<void>> state,
             std::function<void()> before_end)
      : left_{count},
        failures_(count),
        state_{std::move(state)},
        before_end_{std::move(before_end)} {}

  /// The stop with this index ended.
  CWSANDBOX_DECL void ended(std::size_t index, outcome<void> const& result);

 private:
  std::mutex mutex_;
  std::size_t left_;
  std::vector<std::optional<error>> failures_;
  std::shared_ptr<operation_state<void>> state_;
  std::function<void()> before_end_;
};

/// What the handles of a session share. The session owns its sandboxes; they know it weakly.
template <class T>
class session_core final : public registry_base,
                           public std::enable_shared_from_this<session_core<T>> {
 public:
  using core_ptr = std::shared_ptr<sandbox_core<T>>;

  session_core(T transport, asio::any_io_executor executor, SandboxDefaults defaults)
      : transport_{std::move(transport)},
        executor_{std::move(executor)},
        defaults_{std::move(defaults)} {}

  [[nodiscard]] T const& transport() const noexcept { return transport_; }
  [[nodiscard]] asio::any_io_executor const& executor() const noexcept { return executor_; }
  [[nodiscard]] SandboxDefaults const& defaults() const noexcept { return defaults_; }
  [[nodiscard]] session_counters& counters() const noexcept { return *counters_; }

  /// With the built-in values where nothing was said.
  [[nodiscard]] resolved_options resolved_defaults() const {
    return resolve(merge_options(defaults_, SandboxOptions{}));
  }

  [[nodiscard]] bool is_closed() const {
    std::lock_guard lock{mutex_};
    return closed_;
  }
  [[nodiscard]] std::size_t count() const {
    std::lock_guard lock{mutex_};
    return sandboxes_.size();
  }

  [[nodiscard]] static error closed_error() {
    return make_error(error_kind::sandbox, "the session is closed");
  }

  /// Takes a sandbox in; refused once the session is closed.
  [[nodiscard]] outcome<void> add(core_ptr core) {
    auto& sandbox = *core;
    {
      std::lock_guard lock{mutex_};
      if (closed_) return closed_error();
      sandboxes_.emplace(core.get(), std::move(core));
    }
    sandbox.join(this->weak_from_this(), counters_);
    return {};
  }

  /// An unstarted sandbox of the session. Throws SandboxError when the session is closed, and `invalid_argument` for
  /// what is wrong in the options.
  [[nodiscard]] core_ptr make(SandboxOptions const& options) {
    if (is_closed()) closed_error().raise();
    auto core = make_core(transport_, executor_, defaults_, options);
    add(core).value();
    counters_->created();
    return core;
  }

  void forget(void const* sandbox) override {
    core_ptr forgotten;  // released without the lock
    std::lock_guard lock{mutex_};
    auto const it = sandboxes_.find(sandbox);
    if (it == sandboxes_.end()) return;
    forgotten = std::move(it->second);
    sandboxes_.erase(it);
  }

  /// Stops all sandboxes at once and waits for all. The first caller learns of failures; who comes later only waits.
  [[nodiscard]] operation<void> close() {
    auto state = std::make_shared<operation_state<void>>(executor_);
    auto op = operation_access::make(state);
    std::vector<core_ptr> sandboxes;
    std::shared_ptr<operation_state<void>> running;
    {
      std::lock_guard lock{mutex_};
      if (closed_) {
        running = closing_;
      } else {
        closed_ = true;
        closing_ = state;
        sandboxes.reserve(sandboxes_.size());
        for (auto& [key, core] : sandboxes_) sandboxes.push_back(std::move(core));
        sandboxes_.clear();
      }
    }
    if (running) {
      running->add_waiter([state] { state->complete({}); });
      return op;
    }
    auto report = [counters = counters_] { (void)counters->report({}); };
    if (sandboxes.empty()) {
      report();
      state->complete({});
      return op;
    }
    auto tally = std::make_shared<stop_tally>(sandboxes.size(), state, std::move(report));
    for (std::size_t i = 0; i < sandboxes.size(); ++i) {
      auto const stopping = sandboxes[i]->stop({});
      auto const& stopped = operation_access::state(stopping);
      stopped->add_waiter([tally, i, weak = std::weak_ptr{stopped}] {
        tally->ended(i, weak.lock()->value());
      });
    }
    return op;
  }

  void on_cleanup_error(std::function<void(error const&)> handler) {
    std::lock_guard lock{mutex_};
    cleanup_handler_ = std::move(handler);
  }

  /// What a destructor does: closes, waits where that can end, and reports what went wrong.
  void close_in_destructor() {
    auto const closing = close();
    auto const failure = finish_in_destructor(closing);
    if (!failure) {
      if (!closing.is_done()) report_later(closing);
      return;
    }
    report(*failure);
  }

 private:
  void report(error const& e) {
    std::function<void(error const&)> handler;
    {
      std::lock_guard lock{mutex_};
      handler = cleanup_handler_;
    }
    if (handler)
      handler(e);
    else
      report_cleanup_error(e);
  }
  void report_later(operation<void> const& closing) {
    auto const& state = operation_access::state(closing);
    state->add_waiter([self = this->shared_from_this(), weak = std::weak_ptr{state}] {
      if (auto const result = weak.lock()->value(); !result) self->report(result.error());
    });
  }

  T transport_;
  asio::any_io_executor executor_;
  SandboxDefaults const defaults_;
  std::shared_ptr<session_counters> const counters_ = std::make_shared<session_counters>();

  mutable std::mutex mutex_;
  std::unordered_map<void const*, core_ptr> sandboxes_;
  std::shared_ptr<operation_state<void>> closing_;
  std::function<void(error const&)> cleanup_handler_;
  bool closed_{false};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/session_core.ipp>
#endif

#endif

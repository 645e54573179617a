// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_VIRTUAL_CLOCK_IPP
#define CWSANDBOX_IMPL_VIRTUAL_CLOCK_IPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/virtual_clock.hpp>

#include <asio/post.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

class virtual_clock_state : public std::enable_shared_from_this<virtual_clock_state> {
 public:
  using time_point = time_source::time_point;
  using duration = time_source::duration;
  enum class effect : unsigned char { none, moves_time };

  explicit virtual_clock_state(virtual_clock::mode how) noexcept : mode_{how} {}

  [[nodiscard]] static constexpr time_point start() noexcept {
    return time_point{} + std::chrono::hours{24};
  }

  [[nodiscard]] time_point now() const noexcept {
    std::lock_guard lock{mutex_};
    return now_;
  }

  [[nodiscard]] std::vector<duration> sleeps() const {
    std::lock_guard lock{mutex_};
    return sleeps_;
  }

  [[nodiscard]] std::size_t pending() const {
    std::lock_guard lock{mutex_};
    return waits_.size();
  }

  void record_sleep_until(time_point when) {
    std::lock_guard lock{mutex_};
    sleeps_.push_back(when > now_ ? when - now_ : duration::zero());
  }

  [[nodiscard]] std::unique_ptr<time_source::alarm> add(time_point when, effect what,
                                                        asio::any_io_executor const& executor,
                                                        std::function<void()> wake) {
    auto added = std::make_shared<wait>(executor, std::move(wake));
    key where{when, 0};
    bool due = false;
    std::shared_ptr<wait> stepper;
    {
      std::lock_guard lock{mutex_};
      where.second = next_++;
      due = when <= now_;
      if (!due) {
        waits_.emplace(where, added);
        if (what == effect::moves_time) movers_.insert(where);
        stepper = claim_step();
      }
    }
    if (due) fire(added);
    if (stepper) post_step(std::move(stepper), patience);
    return std::make_unique<virtual_alarm>(shared_from_this(), where, std::move(added));
  }

  void advance(duration by) {
    std::vector<std::shared_ptr<wait>> due;
    std::shared_ptr<wait> stepper;
    {
      std::lock_guard lock{mutex_};
      if (by <= duration::zero()) return;
      now_ += by;
      due = take_due();
      stepper = claim_step();
    }
    for (auto const& one : due) fire(one);
    if (stepper) post_step(std::move(stepper), patience);
  }

 private:
  // Ties are broken by the order of asking.
  using key = std::pair<time_point, std::uint64_t>;

  struct wait {
    wait(asio::any_io_executor where, std::function<void()> call)
        : executor{std::move(where)}, wake{std::move(call)} {}
    asio::any_io_executor executor;
    std::function<void()> wake;
    std::atomic<bool> cancelled{false};
    // a step was posted for it; guarded by the clock's mutex
    bool stepping{false};
  };

  class virtual_alarm final : public time_source::alarm {
   public:
    virtual_alarm(std::shared_ptr<virtual_clock_state> clock, key where, std::shared_ptr<wait> held)
        : clock_{std::move(clock)}, where_{where}, wait_{std::move(held)} {}
    virtual_alarm(virtual_alarm const&) = delete;
    virtual_alarm& operator=(virtual_alarm const&) = delete;
    ~virtual_alarm() override {
      wait_->cancelled = true;
      clock_->remove(where_);
      // what the callback owns is destroyed with wait_, without the clock's lock
    }

   private:
    std::shared_ptr<virtual_clock_state> clock_;
    key where_;
    std::shared_ptr<wait> wait_;
  };

  void remove(key where) {
    std::shared_ptr<wait> stepper;
    {
      std::lock_guard lock{mutex_};
      movers_.erase(where);
      if (waits_.erase(where) == 0) return;
      stepper = claim_step();
    }
    if (stepper) post_step(std::move(stepper), patience);
  }

  static void fire(std::shared_ptr<wait> const& due) {
    asio::post(due->executor, [due] {
      if (due->cancelled) return;
      auto const wake = std::exchange(due->wake, nullptr);
      wake();
    });
  }

  // In automatic mode a step is always under way on the executor of the earliest sleep, and on no other. Asio cannot
  // say when an executor is idle: going round a few times lets the short chains of handlers that react to something
  // of the present run to their end before the time moves.
  static constexpr int patience = 8;

  /// The earliest sleep when it has no step yet. The caller posts one.
  [[nodiscard]] std::shared_ptr<wait> claim_step() {
    if (mode_ != virtual_clock::automatic || movers_.empty()) return nullptr;
    auto const& earliest = waits_.find(*movers_.begin())->second;
    return std::exchange(earliest->stepping, true) ? nullptr : earliest;
  }

  void post_step(std::shared_ptr<wait> stepper, int rounds) {
    auto const executor = stepper->executor;
    asio::post(executor, [self = shared_from_this(), stepper = std::move(stepper), rounds] {
      if (rounds > 0) {
        self->post_step(stepper, rounds - 1);
      } else {
        self->step(*stepper);
      }
    });
  }

  // One step to the next alarm, not to the end of the earliest sleep at once: whoever is woken by a deadline sees the
  // time of that deadline, and may end the sleep.
  void step(wait& stepper) {
    std::vector<std::shared_ptr<wait>> due;
    std::shared_ptr<wait> next;
    {
      std::lock_guard lock{mutex_};
      stepper.stepping = false;
      if (movers_.empty()) return;
      // another sleep may have become the earliest, which then has its own step
      if (waits_.find(*movers_.begin())->second.get() == &stepper) {
        now_ = waits_.begin()->first.first;
        due = take_due();
      }
      next = claim_step();
    }
    for (auto const& one : due) fire(one);
    if (next) post_step(std::move(next), patience);
  }

  [[nodiscard]] std::vector<std::shared_ptr<wait>> take_due() {
    std::vector<std::shared_ptr<wait>> due;
    while (!waits_.empty() && waits_.begin()->first.first <= now_) {
      movers_.erase(waits_.begin()->first);
      due.push_back(std::move(waits_.begin()->second));
      waits_.erase(waits_.begin());
    }
    return due;
  }

  mutable std::mutex mutex_;
  virtual_clock::mode const mode_;
  time_point now_{start()};
  std::uint64_t next_{};
  std::map<key, std::shared_ptr<wait>> waits_;
  // those of waits_ that move the time
  std::set<key> movers_;
  std::vector<duration> sleeps_;
};

}  // namespace detail

CWSANDBOX_DECL virtual_clock::virtual_clock(mode how)
    : state_{std::make_shared<detail::virtual_clock_state>(how)} {}

CWSANDBOX_DECL virtual_clock::~virtual_clock() = default;

CWSANDBOX_DECL virtual_clock::time_point virtual_clock::now() const noexcept {
  return state_->now();
}

CWSANDBOX_DECL virtual_clock::duration virtual_clock::elapsed() const noexcept {
  return state_->now() - detail::virtual_clock_state::start();
}

CWSANDBOX_DECL std::unique_ptr<time_source::alarm> virtual_clock::wake_at(
    time_point when, wait_kind kind, asio::any_io_executor const& executor,
    std::function<void()> wake) {
  using effect = detail::virtual_clock_state::effect;
  if (kind == wait_kind::deadline)
    return state_->add(when, effect::none, executor, std::move(wake));
  state_->record_sleep_until(when);
  return state_->add(when, effect::moves_time, executor, std::move(wake));
}

CWSANDBOX_DECL std::unique_ptr<time_source::alarm> virtual_clock::pass_until(
    time_point when, asio::any_io_executor const& executor, std::function<void()> wake) {
  return state_->add(when, detail::virtual_clock_state::effect::moves_time, executor,
                     std::move(wake));
}

CWSANDBOX_DECL void virtual_clock::advance(duration by) { state_->advance(by); }

CWSANDBOX_DECL std::vector<virtual_clock::duration> virtual_clock::sleeps() const {
  return state_->sleeps();
}

CWSANDBOX_DECL std::size_t virtual_clock::pending() const { return state_->pending(); }

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_FAULT_INJECTING_HPP
#define CWSANDBOX_TRANSPORT_FAULT_INJECTING_HPP

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/forwarding_transport.hpp>
#include <cwsandbox/detail/wakeup.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/rpc_method.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Which calls a fault is for, and the error where it is one. A literal type: everything is copied at once.
struct fault_options {
  /// For `times`: without end.
  static constexpr std::size_t always = std::numeric_limits<std::size_t>::max();

  /// The first call that is hit, from 1. Only calls since the rule was made count, and only those that it is for.
  std::size_t nth{1};
  /// How many calls from there on are hit. Default: one; with a probability below 1, all.
  std::optional<std::size_t> times{};
  /// The chance of each of these calls to be hit, decided by the seed of the plan.
  double probability{1.0};
  /// Only calls about this sandbox; empty for all.
  std::string_view sandbox_id{};

  status_code code{status_code::unavailable};
  std::string_view message{"injected fault"};
  /// A reason of the service's own domain, e.g. `CWSANDBOX_RUNNER_UNAVAILABLE`.
  std::string_view reason{};
  std::optional<std::chrono::nanoseconds> retry_after{};
};
static_assert(std::is_trivially_destructible_v<fault_options>);

namespace detail {

enum class fault_kind : unsigned char {
  none,
  fail,
  lose_response,
  hang,
  // those below are for streams, after some messages
  truncate,
  interrupt,
  stall,
};

/// What shall happen to one call.
struct fault {
  time_source::duration delay{};
  fault_kind kind{fault_kind::none};
  std::size_t messages{};
  std::optional<error> reason{};
};

class fault_plan_state {
 public:
  explicit fault_plan_state(std::uint64_t seed) noexcept : seed_{seed} {}

  void add(rpc_methods which, fault what, fault_options const& options) {
    rule added{};
    added.methods = which;
    added.what = std::move(what);
    added.nth = options.nth;
    added.times = options.times.value_or(options.probability < 1.0 ? fault_options::always : 1);
    added.probability = options.probability;
    added.sandbox_id = options.sandbox_id;
    std::lock_guard lock{mutex_};
    added.number = rules_made_++;
    rules_.push_back(std::move(added));
  }

  /// Counts the call. Delays add up; of the other faults the one whose rule is the oldest wins.
  [[nodiscard]] fault decide(rpc_method method, std::string_view sandbox_id) {
    fault result{};
    std::lock_guard lock{mutex_};
    ++calls_[static_cast<std::size_t>(method)];
    for (auto& r : rules_) {
      if (!r.methods.contains(method)) continue;
      if (!r.sandbox_id.empty() && r.sandbox_id != sandbox_id) continue;
      auto const call = ++r.calls;
      if (call < r.nth || call - r.nth >= r.times) continue;
      if (r.probability < 1.0 && chance(r.number, call) >= r.probability) continue;
      if (r.what.kind == fault_kind::none) {
        result.delay += r.what.delay;
      } else if (result.kind == fault_kind::none) {
        auto const delay = result.delay;
        result = r.what;
        result.delay = delay;
      } else {
        continue;
      }
      ++injected_[static_cast<std::size_t>(method)];
    }
    return result;
  }

  [[nodiscard]] std::size_t calls(rpc_methods which) const { return sum(calls_, which); }
  [[nodiscard]] std::size_t injected(rpc_methods which) const { return sum(injected_, which); }
  void clear() {
    std::lock_guard lock{mutex_};
    rules_.clear();
  }

 private:
  static constexpr std::size_t method_count = static_cast<std::size_t>(rpc_method::stream_logs) + 1;
  using counts = std::array<std::size_t, method_count>;

  struct rule {
    rpc_methods methods{};
    fault what{};
    std::size_t nth{};
    std::size_t times{};
    double probability{};
    std::string sandbox_id{};
    std::uint64_t number{};
    std::size_t calls{};
  };

  [[nodiscard]] std::size_t sum(counts const& all, rpc_methods which) const {
    std::lock_guard lock{mutex_};
    std::size_t result = 0;
    for (std::size_t i = 0; i < method_count; ++i)
      if (which.contains(static_cast<rpc_method>(i))) result += all[i];
    return result;
  }

  /// In [0, 1). A function of the seed, the rule and the call, and not the next number of a generator: so the calls of
  /// another kind that are made in between do not matter.
  [[nodiscard]] double chance(std::uint64_t rule_number, std::uint64_t call) const noexcept {
    auto const mixed = mix(mix(mix(seed_) ^ rule_number) ^ call);
    return static_cast<double>(mixed >> 11U) * 0x1.0p-53;
  }
  // the finalizer of splitmix64
  [[nodiscard]] static std::uint64_t mix(std::uint64_t x) noexcept {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31U);
  }

  std::uint64_t const seed_;
  mutable std::mutex mutex_;
  std::vector<rule> rules_;
  std::uint64_t rules_made_{};
  counts calls_{};
  counts injected_{};
};

}  // namespace detail

/// What goes wrong on the `fault_injecting` transports with this plan, and when.
///
///     cw::fault_plan plan;
///     plan.fail(cw::rpc_method::create_sandbox, {.nth = 2, .code = cw::status_code::resource_exhausted})
///         .lose_response(cw::rpc_method::delete_sandbox)
///         .truncate(cw::rpc_method::stream_exec, 3)
///         .delay(cw::rpc_method::get_sandbox, 2s, {.times = cw::fault_options::always});
///     cw::basic_session session{cw::fault_injecting{engine, plan}};
///
/// By default a rule hits the first call that it is for, once. Rules may be added while calls are made. When several
/// hit one call, their delays add up, and of the other faults the one that was made first happens.
///
/// For faults by chance give a probability; the same seed makes the same calls fail in every run:
///
///     cw::fault_plan chaos{42};
///     chaos.fail(cw::all_methods, {.probability = 0.05});
///
/// A copyable handle on one plan. All members may be called from any thread. Those that make rules throw
/// `invalid_argument` for a rule that can never work.
class fault_plan {
 public:
  explicit fault_plan(std::uint64_t seed = 0)
      : state_{std::make_shared<detail::fault_plan_state>(seed)} {}

  /// The call fails and never reaches the peer.
  fault_plan const& fail(rpc_methods methods, fault_options const& options = {}) const {
    return add(methods, detail::fault_kind::fail, options);
  }
  /// The peer does what it was asked for, and the caller gets the error in place of the answer. A stream is opened and
  /// then cancelled.
  fault_plan const& lose_response(rpc_methods methods, fault_options const& options = {}) const {
    return add(methods, detail::fault_kind::lose_response, options);
  }
  /// The call is sent when this time has passed, by the time source of the transport; a cancellation ends the wait.
  fault_plan const& delay(rpc_methods methods, std::chrono::nanoseconds time,
                          fault_options const& options = {}) const {
    if (time < std::chrono::nanoseconds::zero())
      invalid_argument_error("time", std::to_string(time.count()) + "ns",
                             "time must not be negative")
          .raise();
    detail::fault what{};
    what.delay = time;
    return add(methods, std::move(what), options);
  }
  /// The call is never sent, and ends when it is cancelled.
  fault_plan const& hang(rpc_methods methods, fault_options const& options = {}) const {
    return add(methods, detail::fault_kind::hang, options);
  }

  /// \name Streams
  /// After so many messages of the peer. A stream that ends before is left as it is.
  /// @{

  /// The stream ends with status OK, whatever is missing; the call at the peer is cancelled.
  fault_plan const& truncate(rpc_methods streams, std::size_t messages,
                             fault_options const& options = {}) const {
    return add(streams, detail::fault_kind::truncate, messages, options);
  }
  /// The stream ends with the error; the call at the peer is cancelled.
  fault_plan const& interrupt(rpc_methods streams, std::size_t messages,
                              fault_options const& options = {}) const {
    return add(streams, detail::fault_kind::interrupt, messages, options);
  }
  /// Nothing more comes until the call is cancelled.
  fault_plan const& stall(rpc_methods streams, std::size_t messages,
                          fault_options const& options = {}) const {
    return add(streams, detail::fault_kind::stall, messages, options);
  }
  /// @}

  /// Forgets all rules; faults that were decided on still happen.
  fault_plan const& clear() const {
    state_->clear();
    return *this;
  }
  /// How many calls were begun.
  [[nodiscard]] std::size_t calls(rpc_methods which = all_methods) const {
    return state_->calls(which);
  }
  /// How many times a rule hit a call.
  [[nodiscard]] std::size_t injected(rpc_methods which = all_methods) const {
    return state_->injected(which);
  }

 private:
  template <transport T>
  friend class fault_injecting;

  fault_plan const& add(rpc_methods methods, detail::fault_kind kind,
                        fault_options const& options) const {
    detail::fault what{};
    what.kind = kind;
    what.reason = error_of(options);
    return add(methods, std::move(what), options);
  }
  fault_plan const& add(rpc_methods streams, detail::fault_kind kind, std::size_t messages,
                        fault_options const& options) const {
    if ((streams | stream_methods) != stream_methods)
      invalid_argument_error("streams", "a call that is no stream",
                             "streams may hold stream_exec and stream_logs only")
          .raise();
    detail::fault what{};
    what.kind = kind;
    what.messages = messages;
    what.reason = error_of(options);
    return add(streams, std::move(what), options);
  }
  fault_plan const& add(rpc_methods methods, detail::fault what,
                        fault_options const& options) const {
    if (methods.is_empty())
      invalid_argument_error("methods", "{}", "methods must name a call").raise();
    if (options.nth == 0) invalid_argument_error("nth", "0", "nth counts from 1").raise();
    if (!(options.probability >= 0.0 && options.probability <= 1.0))
      invalid_argument_error("probability", std::to_string(options.probability),
                             "probability must be between 0 and 1")
          .raise();
    if (options.code == status_code::ok)
      invalid_argument_error("code", "OK", "code must be that of a failure").raise();
    state_->add(methods, std::move(what), options);
    return *this;
  }
  [[nodiscard]] static error error_of(fault_options const& options) {
    auto const plain = rpc_error(options.code, std::string{options.message});
    return plain.with([&](error_details& d) {
      d.reason = options.reason;
      if (!options.reason.empty()) d.domain = reasons::domain;
      d.retry_after = options.retry_after;
    });
  }

  std::shared_ptr<detail::fault_plan_state> state_;
};

namespace detail {

/// The policy of a forwarding transport that keeps to a fault plan.
class injecting {
 public:
  injecting(std::shared_ptr<fault_plan_state> plan, std::shared_ptr<time_source> clock) noexcept
      : plan_{std::move(plan)}, clock_{std::move(clock)} {}

  class part {
   public:
    explicit part(fault what) : what_{std::move(what)} {}

    template <class Stream>
    [[nodiscard]] static asio::awaitable<read_result<Stream>> read(
        std::shared_ptr<stream_link<Stream, part>> link) {
      auto& self = link->part;
      if (self.is_due()) {
        if (self.what_.kind == fault_kind::stall) {
          auto stalled = pause::wait(self.stalled_, nullptr, std::nullopt);
          co_await std::move(stalled);
          co_return read_result<Stream>{call_cancelled()};
        }
        link->stream.cancel();
        if (self.what_.kind == fault_kind::interrupt)
          co_return read_result<Stream>{*self.what_.reason};
        co_return read_result<Stream>{};
      }
      auto call = link->stream.read();
      auto message = co_await std::move(call);
      if (message && *message) ++self.messages_;
      co_return message;
    }
    void sent(std::uint64_t) noexcept {}
    void cancelled() noexcept { stalled_->stop(); }

   private:
    [[nodiscard]] bool is_due() const noexcept {
      return what_.kind != fault_kind::none && messages_ >= what_.messages;
    }
    fault what_;
    std::size_t messages_{};
    std::shared_ptr<pause> stalled_{std::make_shared<pause>()};
  };

  template <class Call, class T>
  [[nodiscard]] static asio::awaitable<outcome<typename Call::response>> unary(
      injecting self, T next, typename Call::request request, call_options options) {
    auto const what = self.decide(Call::method, request);
    auto before = self.before(what);
    auto refused = co_await std::move(before);
    if (refused) co_return outcome<typename Call::response>{*std::move(refused)};
    auto call = Call::send(next, std::move(request), options);
    auto answer = co_await std::move(call);
    if (what.kind == fault_kind::lose_response) answer = *what.reason;
    co_return answer;
  }

  template <class Call, class Stream, class T>
  [[nodiscard]] static asio::awaitable<outcome<Stream>> open(injecting self, T next,
                                                             typename Call::request request,
                                                             call_options options) {
    auto what = self.decide(Call::method, request);
    auto before = self.before(what);
    auto refused = co_await std::move(before);
    if (refused) co_return outcome<Stream>{*std::move(refused)};
    auto call = Call::send(next, std::move(request), options);
    auto opened = co_await std::move(call);
    if (what.kind == fault_kind::lose_response) {
      if (opened) opened->cancel();
      co_return outcome<Stream>{*what.reason};
    }
    if (!opened) co_return outcome<Stream>{opened.error()};
    co_return outcome<Stream>{Stream{*std::move(opened), part{std::move(what)}}};
  }

 private:
  template <class Request>
  [[nodiscard]] fault decide(rpc_method method, Request const& request) const {
    if constexpr (requires { request.sandbox_id; })
      return plan_->decide(method, request.sandbox_id);
    else
      return plan_->decide(method, {});
  }

  /// What happens in place of the call, if anything.
  [[nodiscard]] asio::awaitable<std::optional<error>> before(fault what) const {
    if (what.delay > time_source::duration::zero()) {
      auto delayed = pause::wait(std::make_shared<pause>(), clock_, what.delay);
      bool const passed = co_await std::move(delayed);
      if (!passed) co_return call_cancelled();
    }
    if (what.kind == fault_kind::fail) co_return what.reason;
    if (what.kind == fault_kind::hang) {
      auto for_ever = pause::wait(std::make_shared<pause>(), clock_, std::nullopt);
      co_await std::move(for_ever);
      co_return call_cancelled();
    }
    co_return std::nullopt;
  }

  [[nodiscard]] static error call_cancelled() {
    return rpc_error(status_code::cancelled, "the call was cancelled");
  }

  std::shared_ptr<fault_plan_state> plan_;
  std::shared_ptr<time_source> clock_;
};

}  // namespace detail

/// A transport on which calls go wrong as a plan says: for tests of programs, and of this library.
///
/// A cheap copyable handle like the transport that it holds; copies share the plan. Capabilities, executor and time are
/// those of the held transport.
template <transport T>
class fault_injecting : public detail::forwarding_transport<T, detail::injecting> {
 public:
  fault_injecting(T next, fault_plan plan)
      : detail::forwarding_transport<T, detail::injecting>{
            next, detail::injecting{plan.state_, detail::time_source_of(next)}},
        plan_{std::move(plan)} {}

  [[nodiscard]] fault_plan const& plan() const noexcept { return plan_; }

 private:
  fault_plan plan_;
};

}  // namespace cwsandbox::inline v1

#endif

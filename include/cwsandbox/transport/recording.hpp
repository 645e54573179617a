// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_RECORDING_HPP
#define CWSANDBOX_TRANSPORT_RECORDING_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/observing.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/call_report.hpp>
#include <cwsandbox/rpc_method.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// One call in a journal. A plain value; copies share the messages.
struct recorded_call : call_report {
  /// How it failed, as the transport reported it.
  std::optional<error> failure{};

  /// The request, when it is of this type and was not too large to keep: `call.request<wire::ExecRequest>()`. Of a
  /// command on a stream it is the init message.
  template <class M>
  [[nodiscard]] M const* request() const noexcept {
    return request_message.get<M>();
  }
  /// The answer of a unary call that worked.
  template <class M>
  [[nodiscard]] M const* response() const noexcept {
    return response_message.get<M>();
  }

  detail::any_message request_message{};
  detail::any_message response_message{};
};

/// How much a journal keeps.
struct journal_options {
  /// Older calls make room.
  std::size_t max_calls{1000};
  /// A message with more file content, or more output, than this is not kept; its call is.
  std::size_t max_content_bytes{65536};
};
static_assert(std::is_trivially_destructible_v<journal_options>);

namespace detail {

class journal_state final : public call_observer {
 public:
  explicit journal_state(journal_options const& options) : options_{options} {}

  [[nodiscard]] bool keeps(std::uint64_t content) const noexcept override {
    return content <= options_.max_content_bytes;
  }
  void began(call_report& report, any_message request) noexcept override {
    std::lock_guard lock{mutex_};
    report.number = ++count_;
    recorded_call call;
    static_cast<call_report&>(call) = report;
    call.request_message = std::move(request);
    calls_.push_back(std::move(call));
    if (calls_.size() <= options_.max_calls) return;
    calls_.pop_front();
    ++dropped_;
  }
  void ended(call_report const& report, std::optional<error> failure,
             any_message response) noexcept override {
    std::lock_guard lock{mutex_};
    // numbers follow each other; a call that has made room is not looked for
    if (calls_.empty() || report.number < calls_.front().number) return;
    auto& call = calls_[static_cast<std::size_t>(report.number - calls_.front().number)];
    static_cast<call_report&>(call) = report;
    call.failure = std::move(failure);
    call.response_message = std::move(response);
  }

  template <class F>
  void for_each(F f) const {
    std::lock_guard lock{mutex_};
    std::for_each(calls_.begin(), calls_.end(), f);
  }
  [[nodiscard]] std::uint64_t dropped() const {
    std::lock_guard lock{mutex_};
    return dropped_;
  }
  void clear() {
    std::lock_guard lock{mutex_};
    calls_.clear();
    dropped_ = 0;
  }

 private:
  journal_options const options_;
  mutable std::mutex mutex_;
  std::deque<recorded_call> calls_;
  std::uint64_t count_{};
  std::uint64_t dropped_{};
};

}  // namespace detail

/// What the `recording` transports with this journal did, in the order in which the calls began.
///
/// A copyable handle on one journal. All members may be called from any thread, and give snapshots. It keeps whole
/// requests, with the secrets and the file contents in them: for tests and for finding faults, not for logs.
class call_journal {
 public:
  explicit call_journal(journal_options const& options = {})
      : state_{std::make_shared<detail::journal_state>(options)} {}

  [[nodiscard]] std::vector<recorded_call> calls() const { return calls(all_methods); }
  /// Only these.
  [[nodiscard]] std::vector<recorded_call> calls(rpc_methods which) const {
    std::vector<recorded_call> result;
    state_->for_each([&](recorded_call const& call) {
      if (which.contains(call.method)) result.push_back(call);
    });
    return result;
  }
  /// What was called: `CHECK(journal.methods() == std::vector{rpc_method::create_sandbox, ...})`.
  [[nodiscard]] std::vector<rpc_method> methods() const {
    std::vector<rpc_method> result;
    state_->for_each([&](recorded_call const& call) { result.push_back(call.method); });
    return result;
  }
  [[nodiscard]] std::size_t count(rpc_methods which = all_methods) const {
    std::size_t result = 0;
    state_->for_each([&](recorded_call const& call) { result += which.contains(call.method); });
    return result;
  }
  /// The requests of one type that were kept: `journal.requests<wire::ExecRequest>()`.
  template <class M>
  [[nodiscard]] std::vector<M> requests() const {
    std::vector<M> result;
    state_->for_each([&](recorded_call const& call) {
      if (auto const* request = call.template request<M>()) result.push_back(*request);
    });
    return result;
  }
  /// How many calls had to make room.
  [[nodiscard]] std::uint64_t dropped() const { return state_->dropped(); }
  /// Forgets all calls; those that go on are not seen any more.
  void clear() const { state_->clear(); }

 private:
  template <transport T>
  friend class recording;
  std::shared_ptr<detail::journal_state> state_;
};

/// A transport that keeps a journal of the calls on another one.
///
///     cw::recording transport{cw::local_transport{}};
///     { cw::basic_session session{transport}; ... }
///     for (auto const& call : transport.journal().calls()) std::cout << call << '\n';
///
/// A cheap copyable handle like the transport that it holds; copies share the journal. Capabilities, executor and time
/// are those of the held transport.
template <transport T>
class recording : public detail::observed_transport<T> {
 public:
  /// With a journal of its own, or with one that others write too.
  explicit recording(T next, call_journal journal = call_journal{})
      : detail::observed_transport<T>{next, detail::observing{journal.state_,
                                                              detail::time_source_of(next)}},
        journal_{std::move(journal)} {}

  [[nodiscard]] call_journal const& journal() const noexcept { return journal_; }

 private:
  call_journal journal_;
};

}  // namespace cwsandbox::inline v1

#endif

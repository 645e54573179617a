// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_HPP
#define CWSANDBOX_TRANSPORT_MOCK_HPP

/// \file
/// A transport for unit tests: no process, no network, no real time. Needs trompeloeil's header, and exceptions.
///
///     cw::mock_transport mock;
///     auto life = cw::expect_sandbox(mock, "sb-1");
///     REQUIRE_CALL(*mock, stream_exec(cw::command_is("uname"), _))
///         .RETURN(cw::exec_script{}.out("Linux\n").exit(0));
///     cw::basic_session session{mock};
///     ... the code under test ...
///     CHECK(life.deleted());
///
/// A call that meets no expectation is reported by trompeloeil and fails with what its reporter threw. To have reports
/// end in your test framework include trompeloeil's adapter for it (`catch2/trompeloeil.hpp`, ...) in every
/// translation unit that includes this file.

#include <cwsandbox/config.hpp>

#include <cwsandbox/detail/transport_calls.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/runtime.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/mock/calls.hpp>
#include <cwsandbox/transport/mock/life.hpp>
#include <cwsandbox/transport/mock/matchers.hpp>
#include <cwsandbox/transport/mock/script.hpp>
#include <cwsandbox/transport/mock/stream.hpp>
#include <cwsandbox/virtual_clock.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// One call that was made on a `mock_transport`.
struct mock_call {
  /// The member of the transport, e.g. `create_sandbox`.
  std::string rpc{};
  call_options options{};
  /// Virtual time from the making of the clock until the call.
  virtual_clock::duration time{};
};

namespace detail {

class mock_state {
 public:
  mock_state(asio::any_io_executor executor, std::shared_ptr<virtual_clock> clock)
      : executor_{std::move(executor)}, clock_{std::move(clock)} {}

  [[nodiscard]] asio::any_io_executor const& executor() const noexcept { return executor_; }
  [[nodiscard]] std::shared_ptr<virtual_clock> const& clock() const noexcept { return clock_; }
  [[nodiscard]] mock_calls& calls() noexcept { return calls_; }

  template <class Request>
  void record(std::string_view rpc, Request const& request, call_options const& options) {
    mock_call call{};
    call.rpc = rpc;
    call.options = options;
    call.time = clock_->elapsed();
    std::lock_guard lock{mutex_};
    history_.push_back(std::move(call));
    std::get<std::vector<Request>>(requests_).push_back(request);
  }
  [[nodiscard]] std::vector<mock_call> history() const {
    std::lock_guard lock{mutex_};
    return history_;
  }
  template <class Request>
  [[nodiscard]] std::vector<Request> requests() const {
    std::lock_guard lock{mutex_};
    return std::get<std::vector<Request>>(requests_);
  }

  void set_latency(std::string rpc, virtual_clock::duration latency) {
    std::lock_guard lock{mutex_};
    latencies_.insert_or_assign(std::move(rpc), latency);
  }
  [[nodiscard]] virtual_clock::duration latency(std::string_view rpc) const {
    std::lock_guard lock{mutex_};
    auto const found = latencies_.find(rpc);
    return found == latencies_.end() ? virtual_clock::duration::zero() : found->second;
  }

  void add_life(std::shared_ptr<mock_life> const& life) {
    lives_->add(life);
    auto added = mock_life_expectations(calls_, lives_, life);
    std::lock_guard lock{mutex_};
    std::move(added.begin(), added.end(), std::back_inserter(life_expectations_));
  }

 private:
  asio::any_io_executor executor_;
  std::shared_ptr<virtual_clock> clock_;
  mock_calls calls_;
  std::shared_ptr<mock_lives> lives_{std::make_shared<mock_lives>()};
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<trompeloeil::expectation>> life_expectations_;
  std::vector<mock_call> history_;
#define CWSANDBOX_DETAIL_REQUESTS(Name, Rpc) std::vector<wire::rpc::Rpc::request>,
  std::tuple<CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_REQUESTS)     //
             CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_REQUESTS)  //
             std::vector<wire::ExecStreamInit>,
             std::vector<wire::StreamLogsRequest>>
      requests_;
#undef CWSANDBOX_DETAIL_REQUESTS
  std::map<std::string, virtual_clock::duration, std::less<>> latencies_;
};

template <class Request, class Response>
using mock_member = outcome<Response> (mock_calls::*)(Request const&, call_options const&);

/// Asks the mock. What an expectation throws, and what trompeloeil's reporter throws when there is none, is the
/// error of the call.
template <class Request, class Response>
[[nodiscard]] outcome<Response> mock_invoke(mock_state& state, std::string_view rpc,
                                            mock_member<Request, Response> member,
                                            Request const& request, call_options const& options) {
  state.record(rpc, request, options);
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  try {
    return (state.calls().*member)(request, options);
  } catch (...) {
    return outcome<Response>{error_from_exception(std::current_exception())};
  }
#else
  return (state.calls().*member)(request, options);
#endif
}

/// Lets the latency of a call pass. False when the call was cancelled meanwhile.
[[nodiscard]] inline asio::awaitable<bool> mock_latency(std::shared_ptr<mock_state> state,
                                                        std::string_view rpc) {
  auto const latency = state->latency(rpc);
  if (latency <= virtual_clock::duration::zero()) co_return true;
  auto const executor = co_await asio::this_coro::executor;
  auto const bell = std::make_shared<wakeup>();
  auto const over = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<time_source::alarm> alarm;
  if (latency != virtual_clock::duration::max()) {
    std::function<void()> const wake = [bell, over] {
      *over = true;
      bell->notify();
    };
    alarm = state->clock()->pass_until(state->clock()->now() + latency, executor, wake);
  }
  for (;;) {
    auto const cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return false;
    auto const seen = bell->count();
    if (*over) co_return true;
    static_cast<void>(co_await wakeup::wait(bell, seen));
  }
}

template <class Request, class Response>
[[nodiscard]] asio::awaitable<outcome<Response>> mock_answer(std::shared_ptr<mock_state> state,
                                                             std::string_view rpc,
                                                             mock_member<Request, Response> member,
                                                             Request request,
                                                             call_options options) {
  auto answer = mock_invoke(*state, rpc, member, request, options);
  bool const passed = co_await mock_latency(std::move(state), rpc);
  if (!passed) answer = mock_cancelled();
  co_return answer;
}

}  // namespace detail

/// A transport that answers as the test says.
///
/// `*mock` is the trompeloeil mock (`mock_calls`) for `REQUIRE_CALL(*mock, get_sandbox(_, _))`. Time is virtual: it
/// passes when the code under test sleeps (see `virtual_clock`), so polling, back-off and time-outs take no real time.
///
/// A cheap copyable handle; copies are the same mock. The recording members and the configuration may be used from any
/// thread.
class mock_transport {
 public:
  using exec_stream = mock_exec_stream;
  using log_stream = mock_log_stream;

  static constexpr transport_capabilities capabilities{
      .name = "mock", .exec_stream = true, .log_stream = true};

  /// For `set_latency`: the answer never comes.
  static constexpr auto never = virtual_clock::duration::max();

  /// On the library's background thread.
  mock_transport() : mock_transport{background_executor()} {}
  explicit mock_transport(asio::any_io_executor executor,
                          virtual_clock::mode time = virtual_clock::automatic)
      : state_{std::make_shared<detail::mock_state>(std::move(executor),
                                                    std::make_shared<virtual_clock>(time))} {}

  [[nodiscard]] mock_calls& operator*() const noexcept { return state_->calls(); }
  [[nodiscard]] mock_calls* operator->() const noexcept { return &state_->calls(); }

  [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return state_->executor(); }
  [[nodiscard]] std::shared_ptr<virtual_clock> clock() const noexcept { return state_->clock(); }
  /// The same clock, as sessions on this transport look for it.
  [[nodiscard]] std::shared_ptr<time_source> get_time_source() const noexcept {
    return state_->clock();
  }

  /// \name What was called
  /// @{

  /// The names of the calls in the order in which they were made, e.g. `create_sandbox`; those without a matching
  /// expectation too.
  [[nodiscard]] std::vector<std::string> calls() const {
    std::vector<std::string> names;
    for (auto& call : state_->history()) names.push_back(std::move(call.rpc));
    return names;
  }
  /// The same with options and times.
  [[nodiscard]] std::vector<mock_call> history() const { return state_->history(); }
  /// How many calls of this name were made.
  [[nodiscard]] std::size_t count(std::string_view rpc) const {
    auto const all = state_->history();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](auto const& call) { return call.rpc == rpc; }));
  }
  /// The requests of one type in order: `mock.requests<wire::ExecStreamInit>()`.
  template <class Request>
  [[nodiscard]] std::vector<Request> requests() const {
    return state_->template requests<Request>();
  }
  /// @}

  /// Each answer of this call takes so much virtual time from now on; `never` for an answer that does not come before
  /// the call is cancelled. For the stream factories that is the time until the stream is open. The expectation is
  /// evaluated when the call begins.
  void set_latency(std::string rpc, virtual_clock::duration latency) const {
    state_->set_latency(std::move(rpc), latency);
  }

  /// \name The calls of a transport
  /// @{
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                     \
  [[nodiscard]] asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(                     \
      wire::rpc::Rpc::request request, call_options options) const {                         \
    return detail::mock_answer<wire::rpc::Rpc::request, wire::rpc::Rpc::response>(           \
        state_, #Name, &mock_calls::Name, std::move(request), options);                      \
  }
  CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
  CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL

  [[nodiscard]] asio::awaitable<outcome<exec_stream>> stream_exec(wire::ExecStreamInit init,
                                                                  call_options options) const {
    return open_exec(state_, std::move(init), options);
  }
  [[nodiscard]] asio::awaitable<outcome<log_stream>> stream_logs(wire::StreamLogsRequest request,
                                                                 call_options options) const {
    return open_logs(state_, std::move(request), options);
  }
  /// @}

 private:
  friend sandbox_life expect_sandbox(mock_transport const& mock, std::string id,
                                     std::source_location where);

  [[nodiscard]] static asio::awaitable<outcome<exec_stream>> open_exec(
      std::shared_ptr<detail::mock_state> state, wire::ExecStreamInit init, call_options options) {
    exec_record record{};
    record.init = init;
    record.options = options;
    auto const script = detail::mock_invoke<wire::ExecStreamInit, exec_script>(
        *state, "stream_exec", &mock_calls::stream_exec, init, options);
    bool const opened = co_await detail::mock_latency(state, "stream_exec");
    if (!opened) co_return outcome<exec_stream>{detail::mock_cancelled()};
    if (!script) co_return outcome<exec_stream>{script.error()};
    auto player = std::make_shared<exec_stream::player>(
        detail::mock_access::steps(*script), detail::mock_access::records(*script),
        std::move(record), state->clock(), detail::mock_access::stalls_input(*script));
    co_return outcome<exec_stream>{exec_stream{std::move(player)}};
  }

  [[nodiscard]] static asio::awaitable<outcome<log_stream>> open_logs(
      std::shared_ptr<detail::mock_state> state, wire::StreamLogsRequest request,
      call_options options) {
    log_record record{};
    record.request = request;
    record.options = options;
    auto const script = detail::mock_invoke<wire::StreamLogsRequest, log_script>(
        *state, "stream_logs", &mock_calls::stream_logs, request, options);
    bool const opened = co_await detail::mock_latency(state, "stream_logs");
    if (!opened) co_return outcome<log_stream>{detail::mock_cancelled()};
    if (!script) co_return outcome<log_stream>{script.error()};
    auto player = std::make_shared<log_stream::player>(detail::mock_access::steps(*script),
                                                       detail::mock_access::records(*script),
                                                       std::move(record), state->clock(), false);
    co_return outcome<log_stream>{log_stream{std::move(player)}};
  }

  std::shared_ptr<detail::mock_state> state_;
};
static_assert(transport<mock_transport>);

/// Lets `mock` answer for a sandbox with this id from its creation to its end: created once, running at the first
/// poll, terminated after the delete. Nothing is said about its commands.
///
/// Several sandboxes are created in the order in which they were expected. As always with trompeloeil, an expectation
/// that is made later comes first: `REQUIRE_CALL(*mock, create_sandbox(_, _))` after this line takes the next create.
inline sandbox_life expect_sandbox(mock_transport const& mock, std::string id,
                                   std::source_location where = std::source_location::current()) {
  auto life = std::make_shared<detail::mock_life>(std::move(id));
  mock.state_->add_life(life);
  return sandbox_life{std::move(life), where};
}

}  // namespace cwsandbox::inline v1

#endif

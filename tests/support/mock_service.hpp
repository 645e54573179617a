// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_MOCK_SERVICE_HPP
#define CWSANDBOX_TESTS_SUPPORT_MOCK_SERVICE_HPP

// A scripted service behind a mock transport, driven by the thread of the test. Nothing happens but while the test runs
// the context, so what waits for ever is seen at once: there is nothing left to run.

#include <cwsandbox/session.hpp>
#include <cwsandbox/transport/mock.hpp>
#include <cwsandbox/wait.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace test {

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
using trompeloeil::_;
using cw::error_kind;
using cw::status_code;
using names = std::vector<std::string>;

// A sandbox as the service shows it.
inline wire::Sandbox shown(wire::State state, std::optional<std::int32_t> exit_code = {},
                           std::string id = "sb-1") {
  wire::Sandbox sandbox{};
  sandbox.sandbox_id = std::move(id);
  auto& status = sandbox.status.emplace();
  status.state = state;
  status.exit_code = exit_code;
  return sandbox;
}

// A failed call whose reason the client trusts.
inline cw::error refused(status_code code, std::string reason, std::string message = "no") {
  auto const report = cw::rpc_error(code, std::move(message));
  return report.with([&](cw::error_details& d) {
    d.reason = std::move(reason);
    d.domain = "cwsandbox.com";
  });
}

inline cw::error no_such_sandbox() {
  return refused(status_code::not_found, "CWSANDBOX_SANDBOX_NOT_FOUND");
}

// Answers in order; the last one is given again and again.
template <class T>
class replies {
 public:
  using reply = cw::outcome<T>;

  replies() = default;
  void operator=(std::vector<reply> all) {
    std::lock_guard lock{mutex_};
    left_.assign(all.begin(), all.end());
  }
  void push(reply one) {
    std::lock_guard lock{mutex_};
    left_.push_back(std::move(one));
  }
  [[nodiscard]] reply next() {
    std::lock_guard lock{mutex_};
    if (left_.empty()) return cw::rpc_error(status_code::unimplemented, "the test has no answer");
    auto one = left_.front();
    if (left_.size() > 1) left_.pop_front();
    return one;
  }

 private:
  std::mutex mutex_;
  std::deque<reply> left_;
};

template <class R>
cw::outcome<R> outcome_of(cw::operation<R> const& op) {
  return op.outcome();
}

// By default each call is answered as for a sandbox that lives an ordinary life.
class service {
 public:
  explicit service(asio::any_io_executor executor,
                   cw::virtual_clock::mode time = cw::virtual_clock::automatic);
  service(service const&) = delete;
  service& operator=(service const&) = delete;

  // After a delete that was accepted, what the gets see from then on.
  replies<wire::Sandbox> gets_after_delete;

  cw::mock_transport mock;
  replies<wire::Sandbox> creates;
  replies<wire::Sandbox> gets;
  replies<wire::DeleteSandboxResponse> deletes;
  replies<wire::ListSandboxesResponse> lists;
  replies<cw::exec_script> execs;
  replies<wire::ExecResponse> unary_execs;
  replies<wire::ReadFileResponse> reads;
  replies<wire::WriteFileResponse> writes;

 private:
  void allow(std::unique_ptr<trompeloeil::expectation> expectation) {
    expectations_.push_back(std::move(expectation));
  }
  cw::outcome<wire::Sandbox> answer_get() {
    bool deleted = false;
    {
      std::lock_guard lock{mutex_};
      deleted = deleted_;
    }
    if (!deleted) return gets.next();
    auto after = gets_after_delete.next();
    if (!after && after.error().code() == status_code::unimplemented)
      return shown(wire::State::terminated);
    return after;
  }
  cw::outcome<wire::DeleteSandboxResponse> answer_delete() {
    auto answer = deletes.next();
    std::lock_guard lock{mutex_};
    if (answer) deleted_ = true;
    return answer;
  }

  std::mutex mutex_;
  bool deleted_{};
  std::vector<std::unique_ptr<trompeloeil::expectation>> expectations_;
};

// The service with the context that it runs on.
class world {
 public:
  explicit world(cw::virtual_clock::mode time = cw::virtual_clock::automatic)
      : service_{io.get_executor(), time}, mock{service_.mock} {}

  // Runs what there is to run.
  void settle() {
    io.restart();
    io.poll();
  }
  // Runs until the operation is done; fails the test when it never will be.
  template <class Operation>
  void finish(Operation const& op) {
    while (!op.is_done()) {
      io.restart();
      if (io.poll_one() == 0) FAIL("the operation waits for something that never comes");
    }
  }
  template <class Operation>
  auto get(Operation const& op) {
    finish(op);
    return op.outcome();
  }
  template <class Operation>
  error_kind failure(Operation const& op) {
    auto const result = get(op);
    REQUIRE_FALSE(result);
    return result.error().kind();
  }
  void advance(cw::virtual_clock::duration by) {
    mock.clock()->advance(by);
    settle();
  }
  cw::virtual_clock::duration elapsed() const { return mock.clock()->elapsed(); }

  service* operator->() noexcept { return &service_; }

  // A sandbox that runs.
  cw::mock_sandbox running() {
    cw::mock_sandbox sandbox{mock};
    sandbox.detach();
    REQUIRE(get(sandbox.wait()));
    return sandbox;
  }
  // A sandbox that is not started.
  cw::mock_sandbox unstarted(cw::SandboxOptions const& options = {}) {
    cw::mock_sandbox sandbox{mock, options};
    sandbox.detach();
    return sandbox;
  }

  asio::io_context io{1};

 private:
  service service_;

 public:
  cw::mock_transport mock;
};

}  // namespace test

#endif

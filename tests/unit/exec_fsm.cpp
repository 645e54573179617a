// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/exec_fsm.hpp>
#include <cwsandbox/detail/exec_state.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;
using cw::error_kind;
using cw::status_code;
using cw::detail::exec_fsm;
using step = exec_fsm::step;
using stream = wire::ExecStreamOutput::Stream;

namespace {

exec_fsm machine(bool tty = false) {
  exec_fsm::settings s{};
  s.sandbox_id = "sb-1";
  s.command_text = "'sleep 9'";
  s.timeout = 1500ms;
  s.tty = tty;
  return exec_fsm{s};
}

template <class Member>
wire::ExecStreamResponse message(Member member) {
  wire::ExecStreamResponse m{};
  m.message = std::move(member);
  return m;
}
wire::ExecStreamResponse output(stream which, std::string data) {
  wire::ExecStreamOutput o{};
  o.stream = which;
  o.data = std::move(data);
  return message(std::move(o));
}
wire::ExecStreamResponse exited(std::int32_t code) {
  wire::ExecStreamExit e{};
  e.exit_code = code;
  return message(e);
}
wire::ExecStreamResponse failed(std::string code, std::string text) {
  wire::ExecStreamError e{};
  e.code = std::move(code);
  e.message = std::move(text);
  return message(std::move(e));
}

}  // namespace

TEST_CASE("a command ends with the exit message and with nothing else", "[exec_fsm]") {
  auto fsm = machine();
  CHECK_FALSE(fsm.has_begun());
  CHECK(fsm.received(message(wire::ExecStreamReady{})) == step::ready);
  CHECK(fsm.has_begun());
  CHECK(fsm.received(message(wire::ExecStreamReady{})) == step::nothing);
  CHECK(fsm.received(output(stream::stdout_, "a")) == step::out);
  CHECK(fsm.data() == "a");
  CHECK(fsm.received(output(stream::stderr_, "b")) == step::err);
  CHECK(fsm.received(output(static_cast<stream>(9), "c")) == step::out);
  CHECK(fsm.received(wire::ExecStreamResponse{}) == step::nothing);
  CHECK_FALSE(fsm.is_finished());
  CHECK(fsm.received(exited(-3)) == step::finished);
  CHECK(fsm.exit_code() == -3);
  CHECK_FALSE(fsm.failure());
}

TEST_CASE("the first end counts", "[exec_fsm]") {
  auto fsm = machine();
  CHECK(fsm.received(exited(0)) == step::finished);
  CHECK(fsm.received(failed("X", "late")) == step::finished);
  fsm.closed(cw::rpc_error(status_code::unavailable, ""));
  fsm.timed_out();
  fsm.failed(cw::make_error(error_kind::cancelled, ""));
  fsm.sandbox_ended(cw::make_error(error_kind::not_running, ""));
  CHECK_FALSE(fsm.ready_timed_out(5s));
  CHECK(fsm.exit_code() == 0);
  CHECK_FALSE(fsm.failure());
}

TEST_CASE("a stream that ends without an exit is never a success", "[exec_fsm]") {
  for (bool const begun : {false, true}) {
    auto fsm = machine();
    if (begun) CHECK(fsm.received(output(stream::stdout_, "a")) == step::out);
    fsm.closed({});
    CHECK_FALSE(fsm.exit_code());
    REQUIRE(fsm.failure());
    CHECK(fsm.failure()->kind() == error_kind::outcome_unknown);
    CHECK(fsm.failure()->sandbox_id() == "sb-1");
    CHECK_THAT(fsm.failure()->message(), ContainsSubstring("without an exit status"));
  }
}

TEST_CASE("errors inside the stream", "[exec_fsm]") {
  struct row {
    std::string code;
    error_kind kind;
    std::string reason;
    std::string stream_code;
  };
  for (auto const& row : std::vector<row>{
           {"STREAM_BACKPRESSURE", error_kind::stream_backpressure, "", "STREAM_BACKPRESSURE"},
           {"STREAM_TRUNCATED", error_kind::stream_truncated, "", "STREAM_TRUNCATED"},
           {"OTHER", error_kind::execution, "OTHER", ""},
           {"", error_kind::execution, "", ""},
       }) {
    CAPTURE(row.code);
    auto fsm = machine();
    CHECK(fsm.received(failed(row.code, "said the server")) == step::finished);
    REQUIRE(fsm.failure());
    auto const& e = *fsm.failure();
    CHECK(e.kind() == row.kind);
    CHECK(e.reason() == row.reason);
    CHECK(e.details().stream_code == row.stream_code);
    bool const quotes = e.message().find("said the server") != std::string::npos;
    CHECK(quotes == row.stream_code.empty());
    if (quotes) CHECK(e.message() == "Exec stream error: said the server");
  }
}

TEST_CASE("errors of the call", "[exec_fsm]") {
  struct row {
    status_code code;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {status_code::unavailable, error_kind::unavailable},
           {status_code::cancelled, error_kind::not_running},
           {status_code::not_found, error_kind::not_found},
           {status_code::unauthenticated, error_kind::authentication},
           {status_code::permission_denied, error_kind::authentication},
           {status_code::resource_exhausted, error_kind::resource_exhausted},
           {status_code::deadline_exceeded, error_kind::timeout},
           {status_code::invalid_argument, error_kind::sandbox},
           {status_code::internal, error_kind::sandbox},
       }) {
    CAPTURE(row.code);
    auto fsm = machine();
    fsm.closed(cw::rpc_error(row.code, "text"));
    REQUIRE(fsm.failure());
    CHECK(fsm.failure()->kind() == row.kind);
    CHECK(fsm.failure()->code() == row.code);
    CHECK(fsm.failure()->sandbox_id() == "sb-1");
  }
}

TEST_CASE("field violations make a validation error", "[exec_fsm]") {
  auto fsm = machine();
  fsm.closed(cw::rpc_error(status_code::invalid_argument, "bad").with([](cw::error_details& d) {
    d.field_violations.push_back({"command", "too long"});
  }));
  CHECK(fsm.failure()->kind() == error_kind::sandbox_validation);
}

TEST_CASE("a deadline names the command and the limit and keeps what the server said",
          "[exec_fsm]") {
  auto fsm = machine();
  auto const report =
      cw::rpc_error(status_code::deadline_exceeded, "slow").with([](cw::error_details& d) {
        d.reason = "SOMETHING";
        d.domain = "cwsandbox.com";
        d.retry_after = 2s;
      });
  fsm.closed(report);
  auto const& e = *fsm.failure();
  CHECK(e.message() == "Command 'sleep 9' did not finish within 1.5s");
  CHECK(e.reason() == "SOMETHING");
  CHECK(e.retry_after() == 2s);
  REQUIRE(e.cause() != nullptr);
  CHECK(e.cause()->message() == "slow");
}

TEST_CASE("the server's own command time-out has its class whatever the code", "[exec_fsm]") {
  for (auto const code : {status_code::deadline_exceeded, status_code::aborted}) {
    auto fsm = machine();
    fsm.closed(cw::rpc_error(code, "").with([](cw::error_details& d) {
      d.reason = "CWSANDBOX_COMMAND_TIMEOUT";
      d.domain = "cwsandbox.com";
    }));
    CHECK(fsm.failure()->kind() == error_kind::command_timeout);
  }
  auto fsm = machine();
  fsm.closed(cw::rpc_error(status_code::deadline_exceeded, "").with([](cw::error_details& d) {
    d.reason = "CWSANDBOX_COMMAND_TIMEOUT";
    d.domain = "example.com";
  }));
  CHECK(fsm.failure()->kind() == error_kind::timeout);
}

TEST_CASE("the wait for ready ends only what is not ready", "[exec_fsm]") {
  auto late = machine();
  CHECK(late.ready_timed_out(5s));
  CHECK(late.failure()->kind() == error_kind::timeout);
  CHECK_THAT(late.failure()->message(), ContainsSubstring("ready signal"));
  auto ready = machine();
  (void)ready.received(message(wire::ExecStreamReady{}));
  CHECK_FALSE(ready.ready_timed_out(5s));
  CHECK_FALSE(ready.is_finished());
}

TEST_CASE("a terminal has one output", "[exec_fsm]") {
  auto fsm = machine(true);
  CHECK(fsm.received(output(stream::stderr_, "a")) == step::out);
}

TEST_CASE("an error that names a sandbox keeps it", "[exec_fsm]") {
  auto fsm = machine();
  fsm.failed(cw::make_error(error_kind::not_running, "").with([](cw::error_details& d) {
    d.sandbox_id = "other";
  }));
  CHECK(fsm.failure()->sandbox_id() == "other");
}

TEST_CASE("durations in messages", "[exec_fsm]") {
  CHECK(cw::detail::seconds_text(300s) == "300");
  CHECK(cw::detail::seconds_text(200ms) == "0.2");
  CHECK(cw::detail::seconds_text(0s) == "0");
  CHECK(cw::detail::seconds_text(1ns) == "0.000000001");
}

TEST_CASE("commands in messages are cut", "[exec_fsm]") {
  CHECK(cw::detail::command_text({"echo", "a b"}) == "'echo a b'");
  auto const text = cw::detail::command_text({"echo", std::string(5000, 'x')});
  CHECK(text.size() < 250);
  CHECK_THAT(text, ContainsSubstring("..."));
}

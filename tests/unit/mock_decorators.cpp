// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Transports around transports: what they record, tell and disturb.

#include <cwsandbox/transport/fault_injecting.hpp>
#include <cwsandbox/transport/logging.hpp>
#include <cwsandbox/transport/recording.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <algorithm>

#include "support/instant_transport.hpp"
#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;
using cw::rpc_method;

namespace {

using faulty = cw::fault_injecting<cw::mock_transport>;
using logged = cw::logging<faulty>;
using composed = cw::recording<logged>;

static_assert(cw::transport<faulty>);
static_assert(cw::transport<composed>);
static_assert(composed::capabilities.name == "mock");
static_assert(composed::capabilities.exec_stream && composed::capabilities.log_stream);

// without streams there are no names of streams
using plain = cw::recording<cw::fault_injecting<cw::tests::instant_transport>>;
template <class T>
concept has_exec_stream = requires { typename T::exec_stream; };
template <class T>
concept has_log_stream = requires { typename T::log_stream; };
static_assert(cw::transport<plain>);
static_assert(!has_exec_stream<plain> && !has_log_stream<plain>);
static_assert(has_exec_stream<composed> && has_log_stream<composed>);
static_assert(!cw::detail::has_time_source<plain> && cw::detail::has_time_source<composed>);

// calls that a transport may lack are there exactly where the next one has them
static_assert(cw::detail::can_call<composed, rpc_method::create_file_system_snapshot>);
static_assert(!cw::detail::can_call<composed, rpc_method::create_volume>);
static_assert(!cw::detail::can_call<plain, rpc_method::create_file_system_snapshot>);
static_assert(cw::detail::can_call<plain, rpc_method::read_file>);

// what is called
static_assert(cw::to_string(rpc_method::create_sandbox_from_template) ==
              "CreateSandboxFromTemplate");
static_assert(cw::to_string(rpc_method::stream_exec) == "StreamExec");
static_assert((cw::unary_methods | cw::stream_methods) == cw::all_methods);
static_assert(cw::unary_methods.contains(rpc_method::exec));
static_assert(!cw::unary_methods.contains(rpc_method::stream_logs));
static_assert(cw::rpc_methods{}.is_empty());

// The service of a test with all decorators before it.
struct setup {
  world w;
  cw::fault_plan plan{};
  std::vector<cw::call_report> reports{};
  std::vector<std::string> lines{};
  cw::call_journal journal{};
  composed transport{
      cw::logging{cw::fault_injecting{w.mock, plan},
                  [this](cw::call_report const& report) {
                    reports.push_back(report);
                    lines.push_back(to_string(report));
                  }},
      journal};

  cw::basic_sandbox<composed> sandbox() {
    cw::basic_sandbox sandbox{transport};
    sandbox.detach();
    return sandbox;
  }
  auto get() {
    wire::GetSandboxRequest request{};
    request.sandbox_id = "sb-1";
    return transport.get_sandbox(std::move(request), {});
  }
};

using methods = std::vector<rpc_method>;

}  // namespace

TEST_CASE("a journal of a whole session", "[decorators][recording]") {
  setup s;
  s.w.mock.set_latency("delete_sandbox", 5s);
  s.w->execs = {cw::exec_script{}.out("hello").err("!").exit(3)};
  auto const began = s.w.mock.clock()->now();
  {
    cw::basic_session session{s.transport};
    auto const sandbox = session.sandbox({.environment_variables = {{"K", "V"}}});
    CHECK(s.w.get(sandbox.exec({"cmd", "arg"}))->exit_code == 3);
    CHECK(s.w.get(session.close()));
  }
  CHECK(s.journal.methods() == methods{rpc_method::create_sandbox, rpc_method::get_sandbox,
                                       rpc_method::stream_exec, rpc_method::delete_sandbox,
                                       rpc_method::get_sandbox});
  CHECK(s.transport.journal().count() == 5);
  CHECK(s.journal.count(rpc_method::get_sandbox) == 2);
  CHECK(s.journal.count({rpc_method::create_sandbox, rpc_method::stream_exec}) == 2);

  auto const create = s.journal.calls(rpc_method::create_sandbox).front();
  CHECK(create.number == 1);
  CHECK(create.sandbox_id == "sb-1");  // as the answer says
  CHECK(create.start == began);
  CHECK(create.duration == 0s);
  CHECK(create.code == status_code::ok);
  REQUIRE(create.request<wire::CreateSandboxRequest>() != nullptr);
  CHECK(create.request<wire::CreateSandboxRequest>()->sandbox.has_value());
  CHECK(create.request<wire::GetSandboxRequest>() == nullptr);
  REQUIRE(create.response<wire::Sandbox>() != nullptr);
  CHECK(create.response<wire::Sandbox>()->sandbox_id == "sb-1");

  auto const exec = s.journal.calls(rpc_method::stream_exec).front();
  CHECK(exec.is_done());
  CHECK(exec.code == status_code::ok);
  CHECK(exec.exit_code == 3);
  CHECK(exec.bytes_received == 6);
  CHECK(exec.messages_received == 4);
  CHECK(exec.timeout == 305s);
  CHECK(s.journal.requests<wire::ExecStreamInit>().front().command == names{"cmd", "arg"});

  CHECK(s.journal.calls(rpc_method::delete_sandbox).front().duration == 5s);
}

TEST_CASE("a journal shows how calls failed", "[decorators][recording]") {
  setup s;
  s.w->gets = {no_such_sandbox()};
  CHECK_FALSE(run(s.w.io, s.get()));
  auto const call = s.journal.calls().back();
  CHECK(call.code == status_code::not_found);
  CHECK(call.reason == "CWSANDBOX_SANDBOX_NOT_FOUND");
  REQUIRE(call.failure);
  CHECK(call.failure->message() == "no");
  CHECK(call.response<wire::Sandbox>() == nullptr);
}

TEST_CASE("calls that a transport may lack are observed as well", "[decorators][recording]") {
  setup s;
  wire::FileSystemSnapshot snapshot{};
  snapshot.file_system_snapshot_id = "fss-1";
  REQUIRE_CALL(*s.w.mock, create_file_system_snapshot(_, _)).RETURN(snapshot);
  wire::CreateFileSystemSnapshotRequest request{};
  request.sandbox_id = "sb-1";
  auto const made = run(s.w.io, s.transport.create_file_system_snapshot(request, {}));
  REQUIRE(made);
  CHECK(made->file_system_snapshot_id == "fss-1");
  REQUIRE(s.journal.methods() == methods{rpc_method::create_file_system_snapshot});
  auto const call = s.journal.calls({rpc_method::create_file_system_snapshot}).front();
  CHECK(call.sandbox_id == "sb-1");
  REQUIRE(call.response<wire::FileSystemSnapshot>() != nullptr);
  CHECK(s.lines.size() == 2);
}

TEST_CASE("a journal shows calls that go on", "[decorators][recording]") {
  setup s;
  auto const script = cw::exec_script{}.hang();
  s.w->execs = {script};
  {
    auto stream = *run(s.w.io, s.transport.stream_exec({}, {}));
    CHECK((*run(s.w.io, stream.read())).has_value());
    CHECK(run(s.w.io, stream.write("12345")));
    CHECK(run(s.w.io, stream.resize(80, 24)));
    CHECK(run(s.w.io, stream.close_input()));
    CHECK(run(s.w.io, stream.half_close()));
    CHECK_FALSE(s.journal.calls().front().is_done());
    s.w.mock.clock()->advance(3s);
  }
  CHECK(script.cancelled());
  auto const call = s.journal.calls().front();
  CHECK(call.code == status_code::cancelled);
  CHECK(call.duration == 3s);
  CHECK(call.bytes_sent == 5);
}

TEST_CASE("a journal is bounded", "[decorators][recording]") {
  world w;
  w->writes = {wire::WriteFileResponse{}};
  cw::recording const transport{
      w.mock, cw::call_journal{{.max_calls = 3, .max_content_bytes = 4}}};
  for (auto const* content : {"1", "2", "1234", "12345"}) {
    wire::WriteFileRequest request{};
    request.content = content;
    CHECK(run(w.io, transport.write_file(std::move(request), {})));
  }
  auto const& journal = transport.journal();
  CHECK(journal.count() == 3);
  CHECK(journal.dropped() == 1);
  CHECK(journal.calls().front().number == 2);
  CHECK(journal.calls().back().bytes_sent == 5);
  CHECK(journal.calls().back().request<wire::WriteFileRequest>() == nullptr);
  CHECK(journal.requests<wire::WriteFileRequest>().size() == 2);

  // what has made room may still end
  w.mock.set_latency("get_sandbox", 1s);
  asio::co_spawn(w.io, transport.get_sandbox({}, {}), [](std::exception_ptr, auto) {});
  w.io.restart();
  w.io.run_one();
  journal.clear();
  w.settle();
  CHECK(journal.count() == 0);
  CHECK(journal.dropped() == 0);
  CHECK(run(w.io, transport.get_sandbox({}, {})));
  CHECK(journal.calls().front().number == 6);
}

TEST_CASE("a log tells of each call twice and of nothing that it carries", "[decorators][logging]") {
  setup s;
  s.w->execs = {cw::exec_script{}.delay(1500ms).out("output-text").exit(1)};
  wire::ReadFileResponse file{};
  file.content = "content-text";
  s.w->reads = {file};
  s.w->writes = {refused(status_code::not_found, "CWSANDBOX_FILE_NOT_FOUND", "path-text")};
  cw::basic_sandbox sandbox{
      s.transport, cw::SandboxOptions{.environment_variables = {{"NAME-text", "value-text"}}}};
  sandbox.detach();
  CHECK(s.w.get(sandbox.exec({"word-text"}, {.env = {{"NAME-text", "value-text"}}})));
  CHECK(s.w.get(sandbox.read_file("/path-text")));
  CHECK_FALSE(s.w.get(sandbox.write_file("/path-text", "content-text")));
  CHECK(s.lines ==
        names{"#1 CreateSandbox begins",
              "#1 CreateSandbox sb-1 OK in 0.000 ms, sent 0 B, received 0 B",
              "#2 GetSandbox sb-1 begins",
              "#2 GetSandbox sb-1 OK in 0.000 ms, sent 0 B, received 0 B",
              "#3 StreamExec sb-1 begins",
              "#3 StreamExec sb-1 OK in 1500.000 ms, sent 0 B, received 11 B, exit 1",
              "#4 ReadFile sb-1 begins",
              "#4 ReadFile sb-1 OK in 0.000 ms, sent 0 B, received 12 B",
              "#5 WriteFile sb-1 begins",
              "#5 WriteFile sb-1 NOT_FOUND (CWSANDBOX_FILE_NOT_FOUND) in 0.000 ms, sent 12 B, "
              "received 0 B"});
  for (auto const& line : s.lines) CHECK_THAT(line, !ContainsSubstring("text"));
}

TEST_CASE("a log line is one line whatever the peer says", "[decorators][logging]") {
  cw::call_report report{};
  report.number = 7;
  report.method = rpc_method::stream_logs;
  report.sandbox_id = "a\nb";
  report.duration = 1us;
  report.code = status_code::unavailable;
  report.reason = "\x1b[31mR\xc3";
  CHECK(to_string(report) ==
        "#7 StreamLogs a?b UNAVAILABLE (?[31mR?) in 0.001 ms, sent 0 B, received 0 B");

  std::string written;
  auto const sink = cw::log_lines([&](std::string_view line) { written = line; });
  sink(report);
  CHECK(written == to_string(report));
}

TEST_CASE("log streams are observed as well", "[decorators][logging]") {
  setup s;
  REQUIRE_CALL(*s.w.mock, stream_logs(_, _))
      .RETURN(cw::log_script{}.line("abc").error("STREAM_INTERRUPTED", "again"));
  auto stream = *run(s.w.io, s.transport.stream_logs({}, {}));
  CHECK((*run(s.w.io, stream.read()))->data == "abc\n");
  CHECK((*run(s.w.io, stream.read()))->error.has_value());
  CHECK_FALSE((*run(s.w.io, stream.read())).has_value());
  CHECK(s.reports.back().bytes_received == 4);
  CHECK(s.reports.back().messages_received == 2);
  CHECK(s.reports.back().reason == "STREAM_INTERRUPTED");
  CHECK(s.reports.back().code == status_code::ok);

  s.w->execs = {cw::rpc_error(status_code::unavailable, "down")};
  CHECK_FALSE(run(s.w.io, s.transport.stream_exec({}, {})));
  CHECK(s.reports.back().code == status_code::unavailable);
}

TEST_CASE("a cancellation passes through all decorators", "[decorators]") {
  setup s;
  s.w.mock.set_latency("get_sandbox", cw::mock_transport::never);
  asio::cancellation_signal signal;
  std::optional<status_code> code;
  asio::co_spawn(s.w.io, s.get(),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, cw::outcome<wire::Sandbox> result) {
                       code = result.error().code();
                     }));
  s.w.settle();
  CHECK_FALSE(code);
  signal.emit(asio::cancellation_type::terminal);
  s.w.settle();
  CHECK(code == status_code::cancelled);
  CHECK(s.journal.calls().front().code == status_code::cancelled);
  CHECK(s.w.io.stopped());
}

TEST_CASE("a call that fails before it is sent is not seen by the peer", "[decorators][faults]") {
  setup s;
  s.plan.fail(rpc_method::get_sandbox,
              {.nth = 2, .code = status_code::resource_exhausted, .message = "full",
               .reason = "CWSANDBOX_QUOTA", .retry_after = 3s});
  CHECK(run(s.w.io, s.get()));
  auto const second = run(s.w.io, s.get());
  REQUIRE_FALSE(second);
  CHECK(second.error().kind() == error_kind::rpc);
  CHECK(second.error().code() == status_code::resource_exhausted);
  CHECK(second.error().message() == "full");
  CHECK(second.error().reason() == "CWSANDBOX_QUOTA");
  CHECK(second.error().details().domain == "cwsandbox.com");
  CHECK(second.error().retry_after() == 3s);
  CHECK(run(s.w.io, s.get()));
  CHECK(s.w.mock.count("get_sandbox") == 2);
  CHECK(s.plan.calls(rpc_method::get_sandbox) == 3);
  CHECK(s.plan.injected() == 1);
}

TEST_CASE("a create whose answer was lost is made again as the same one", "[decorators][faults]") {
  setup s;
  s.plan.lose_response(rpc_method::create_sandbox);
  auto const sandbox = s.sandbox();
  (void)s.w.get(sandbox.start());  // may be told, and started again
  REQUIRE(s.w.get(sandbox.start()));
  auto const requests = s.w.mock.requests<wire::CreateSandboxRequest>();
  REQUIRE(requests.size() == 2);
  CHECK_FALSE(requests[0].request_id.empty());
  CHECK(requests[0].request_id == requests[1].request_id);
  CHECK(sandbox.id() == "sb-1");
}

TEST_CASE("polls go on through faults", "[decorators][faults]") {
  setup s;
  s.plan.fail(rpc_method::get_sandbox, {.times = 2});
  auto const sandbox = s.sandbox();
  CHECK(s.w.get(sandbox.wait()));
  CHECK(s.journal.count(rpc_method::get_sandbox) == 3);
  CHECK(s.w.mock.count("get_sandbox") == 1);
}

TEST_CASE("delays take the time of the transport and add up", "[decorators][faults]") {
  setup s;
  s.plan.delay({rpc_method::get_sandbox, rpc_method::list_sandboxes}, 2s)
      .delay(rpc_method::get_sandbox, 3s, {.times = cw::fault_options::always});
  CHECK(run(s.w.io, s.get()));
  CHECK(s.w.elapsed() == 5s);
  CHECK(run(s.w.io, s.get()));
  CHECK(s.w.elapsed() == 8s);
  CHECK(s.plan.injected() == 3);
}

TEST_CASE("a delay ends when the call is cancelled", "[decorators][faults]") {
  setup s;
  s.plan.delay(rpc_method::get_sandbox, 1h).hang(rpc_method::exec);
  asio::cancellation_signal signal;
  std::optional<status_code> code;
  auto const call = [&](auto work, auto result_of) {
    using result = decltype(result_of);
    asio::co_spawn(s.w.io, std::move(work),
                   asio::bind_cancellation_slot(signal.slot(),
                                                [&](std::exception_ptr, result answer) {
                                                  code = answer.error().code();
                                                }));
    s.w.io.restart();
    s.w.io.run_one();
    signal.emit(asio::cancellation_type::terminal);
    s.w.settle();
  };
  call(s.get(), cw::outcome<wire::Sandbox>{});
  CHECK(code == status_code::cancelled);
  code.reset();
  call(s.transport.exec({}, {}), cw::outcome<wire::ExecResponse>{});
  CHECK(code == status_code::cancelled);
  CHECK(s.w.mock.calls().empty());
  CHECK(s.w.io.stopped());
}

TEST_CASE("a call that hangs is given up when its time is over", "[decorators][faults]") {
  setup s;
  auto const sandbox = s.sandbox();
  CHECK(s.w.get(sandbox.wait()));
  s.plan.hang(rpc_method::read_file);
  auto const reading = sandbox.read_file("/f", {.timeout = 4s});
  s.w.settle();
  CHECK_FALSE(reading.is_done());
  s.w.advance(4s);
  CHECK(s.w.failure(reading) == error_kind::request_timeout);
  s.w.settle();
  CHECK(s.journal.calls().back().code == status_code::cancelled);
}

TEST_CASE("a stream that ends early is no success", "[decorators][faults]") {
  setup s;
  auto const script = cw::exec_script{}.out("a").out("b").exit(0);
  s.w->execs = {script};
  s.plan.truncate(rpc_method::stream_exec, 2);
  auto const sandbox = s.sandbox();
  auto const process = sandbox.exec({"x"});
  CHECK(s.w.failure(process) == error_kind::outcome_unknown);
  CHECK(*process.out().read().outcome() == "a");
  CHECK(script.cancelled());
  // only once
  CHECK(s.w.get(sandbox.exec({"x"}))->out == "ab");
}

TEST_CASE("a stream that breaks", "[decorators][faults]") {
  setup s;
  auto const script = cw::exec_script{}.out("a").exit(0);
  s.w->execs = {script};
  s.plan.interrupt(rpc_method::stream_exec, 1, {.code = status_code::data_loss, .message = "torn"});
  auto stream = *run(s.w.io, s.transport.stream_exec({}, {}));
  CHECK((*run(s.w.io, stream.read())).has_value());
  auto const broken = run(s.w.io, stream.read());
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code() == status_code::data_loss);
  CHECK(broken.error().message() == "torn");
  CHECK(script.cancelled());
  CHECK(s.journal.calls().back().code == status_code::data_loss);
  CHECK(s.journal.calls().back().messages_received == 1);

  // one that cannot be opened, and one whose opening is not known
  s.plan.fail(rpc_method::stream_exec).lose_response(rpc_method::stream_exec, {.nth = 2});
  CHECK_FALSE(run(s.w.io, s.transport.stream_exec({}, {})));
  CHECK(script.starts() == 1);
  CHECK_FALSE(run(s.w.io, s.transport.stream_exec({}, {})));
  CHECK(script.starts() == 2);
  CHECK(script.cancelled());
}

TEST_CASE("a stream that falls silent does not hold its caller up", "[decorators][faults]") {
  setup s;
  auto const script = cw::exec_script{}.out("a").exit(0);
  s.w->execs = {script};
  s.plan.stall(cw::stream_methods, 2);
  auto const sandbox = s.sandbox();
  auto const process = sandbox.exec({"x"}, {.timeout = 10s});
  s.w.settle();
  CHECK_FALSE(process.is_done());
  s.w.advance(15s);
  CHECK(s.w.failure(process) == error_kind::timeout);
  s.w.settle();
  CHECK(script.cancelled());

  REQUIRE_CALL(*s.w.mock, stream_logs(_, _)).RETURN(cw::log_script{}.line("x").hang());
  auto stream = *run(s.w.io, s.transport.stream_logs({}, {}));
  CHECK(run(s.w.io, stream.read()));
  stream.cancel();
  CHECK_FALSE(run(s.w.io, stream.read()));
}

TEST_CASE("rules are for some sandboxes and end", "[decorators][faults]") {
  cw::detail::fault_plan_state state{0};
  cw::detail::fault what{};
  what.kind = cw::detail::fault_kind::fail;
  state.add(cw::all_methods, what, {.nth = 2, .times = 2, .sandbox_id = "a"});
  auto const hit = [&](std::string_view id) {
    return state.decide(rpc_method::exec, id).kind == cw::detail::fault_kind::fail;
  };
  CHECK_FALSE(hit("a"));
  CHECK_FALSE(hit("b"));
  CHECK(hit("a"));
  CHECK_FALSE(hit("b"));
  CHECK(hit("a"));
  CHECK_FALSE(hit("a"));
  state.add(cw::all_methods, what, {.times = cw::fault_options::always});
  CHECK(hit("b"));
  state.clear();
  CHECK_FALSE(hit("b"));
}

TEST_CASE("faults by chance are the same for the same seed", "[decorators][faults]") {
  constexpr auto rolls = [](std::uint64_t seed, bool others_between) {
    cw::detail::fault_plan_state state{seed};
    cw::detail::fault what{};
    what.kind = cw::detail::fault_kind::fail;
    state.add(rpc_method::exec, what, {.probability = 0.25});
    state.add(rpc_method::get_sandbox, what, {.probability = 0.5});
    std::vector<bool> hits;
    for (int i = 0; i < 2000; ++i) {
      if (others_between) (void)state.decide(rpc_method::get_sandbox, {});
      hits.push_back(state.decide(rpc_method::exec, {}).kind == cw::detail::fault_kind::fail);
    }
    return hits;
  };
  auto const hits = rolls(42, false);
  CHECK(hits == rolls(42, false));
  CHECK(hits == rolls(42, true));
  CHECK(hits != rolls(43, false));
  auto const count = std::count(hits.begin(), hits.end(), true);
  CHECK(count > 400);
  CHECK(count < 600);
}

TEST_CASE("rules that can never work are refused", "[decorators][faults]") {
  cw::fault_plan const plan;
  auto const field_of = [](auto make) -> std::string {
    try {
      make();
    } catch (cw::invalid_argument const& e) {
      return e.field();
    }
    return "none";
  };
  CHECK(field_of([&] { plan.fail({}); }) == "methods");
  CHECK(field_of([&] { plan.fail(cw::all_methods, {.nth = 0}); }) == "nth");
  CHECK(field_of([&] { plan.fail(cw::all_methods, {.probability = 1.5}); }) == "probability");
  CHECK(field_of([&] { plan.fail(cw::all_methods, {.code = status_code::ok}); }) == "code");
  CHECK(field_of([&] { plan.delay(cw::all_methods, -1s); }) == "time");
  CHECK(field_of([&] { plan.truncate(rpc_method::exec, 1); }) == "streams");
  CHECK(plan.injected() == 0);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a session counts. (contract: options 4)

#include <cwsandbox/session.hpp>

#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

struct sink {
  struct record {
    cw::metrics values;
    std::optional<std::int64_t> step;
  };
  std::vector<record> records{};
  bool broken{};

  cw::metrics_reporter reporter() {
    return [this](cw::metrics const& values, std::optional<std::int64_t> step) {
      if (broken) throw std::runtime_error{"the sink is full"};
      records.push_back({values, step});
    };
  }
};

}  // namespace

TEST_CASE("a session counts sandboxes, commands and starts", "[metrics]") {
  world w;
  w->gets = {shown(wire::State::creating), shown(wire::State::running)};
  cw::basic_session session{w.mock};
  CHECK(session.get_metrics() == cw::metrics{{"cwsandbox/sandboxes_created", 0},
                                             {"cwsandbox/executions", 0},
                                             {"cwsandbox/exec_completed_ok", 0},
                                             {"cwsandbox/exec_completed_nonzero", 0},
                                             {"cwsandbox/exec_failures", 0}});
  auto const sandbox = session.sandbox();
  (void)session.sandbox();
  w->execs = {cw::exec_script{}.exit(0), cw::exec_script{}.exit(3), cw::exec_script{}.exit(3),
              cw::exec_script{}.fail(cw::rpc_error(status_code::unavailable, "down"))};
  CHECK(w.get(sandbox.exec({"a"})));
  CHECK(w.get(sandbox.exec({"a"})));
  CHECK_FALSE(w.get(sandbox.exec({"a"}, {.check = true})));
  CHECK_FALSE(w.get(sandbox.exec({"a"})));
  CHECK(session.get_metrics() == cw::metrics{{"cwsandbox/sandboxes_created", 2},
                                             {"cwsandbox/executions", 4},
                                             {"cwsandbox/exec_completed_ok", 1},
                                             {"cwsandbox/exec_completed_nonzero", 2},
                                             {"cwsandbox/exec_failures", 1},
                                             {"cwsandbox/exec_completion_rate", 0.25},
                                             {"cwsandbox/exec_failure_rate", 0.25},
                                             {"cwsandbox/startup_count", 1},
                                             {"cwsandbox/avg_startup_seconds", 0.2},
                                             {"cwsandbox/min_startup_seconds", 0.2},
                                             {"cwsandbox/max_startup_seconds", 0.2},
                                             {"cwsandbox/avg_execs_per_sandbox", 4},
                                             {"cwsandbox/min_execs_per_sandbox", 4},
                                             {"cwsandbox/max_execs_per_sandbox", 4}});
  session.reset_metrics();
  CHECK(session.get_metrics().at("cwsandbox/executions") == 0);
  CHECK(session.get_metrics().size() == 5);
  CHECK(w.get(session.close()));
}

TEST_CASE("adopted sandboxes are not made by the session, their commands are", "[metrics]") {
  world w;
  cw::basic_session session{w.mock};
  auto const sandbox = w.running();
  session.adopt(sandbox);
  CHECK(w.get(sandbox.exec({"a"})));
  CHECK(session.get_metrics().at("cwsandbox/sandboxes_created") == 0);
  CHECK(session.get_metrics().at("cwsandbox/executions") == 1);
  CHECK(w.get(session.close()));
}

TEST_CASE("metrics are reported and then begin anew", "[metrics]") {
  world w;
  sink told;
  cw::basic_session session{w.mock};
  CHECK_FALSE(session.log_metrics());  // nobody to tell
  session.report_to(told.reporter());
  CHECK_FALSE(session.log_metrics());  // nothing to tell
  (void)session.sandbox();
  CHECK(session.log_metrics({.step = 7, .reset = false}));
  CHECK(session.log_metrics());
  CHECK_FALSE(session.log_metrics());
  REQUIRE(told.records.size() == 2);
  CHECK(told.records[0].step == 7);
  CHECK_FALSE(told.records[1].step);
  CHECK(told.records[0].values == told.records[1].values);
  CHECK(told.records[0].values.at("cwsandbox/sandboxes_created") == 1);
  CHECK(w.get(session.close()));
}

TEST_CASE("a reporter that fails loses nothing", "[metrics]") {
  world w;
  sink told;
  told.broken = true;
  cw::basic_session session{w.mock};
  session.report_to(told.reporter());
  (void)session.sandbox();
  CHECK_FALSE(session.log_metrics());
  CHECK(session.get_metrics().at("cwsandbox/sandboxes_created") == 1);
  CHECK(w.get(session.close()));  // tries once more, and its failure is no failure of the close
  CHECK(told.records.empty());
}

TEST_CASE("a close reports what is left", "[metrics]") {
  world w;
  sink told;
  cw::basic_session session{w.mock};
  session.report_to(told.reporter());
  auto const sandbox = session.sandbox();
  CHECK(w.get(sandbox.exec({"a"})));
  CHECK(w.get(session.close()));
  REQUIRE(told.records.size() == 1);
  CHECK(told.records[0].values.at("cwsandbox/executions") == 1);
  CHECK(w.get(session.close()));
  CHECK(told.records.size() == 1);
}

TEST_CASE("reporting that is off", "[metrics]") {
  world w;
  cw::basic_session session{w.mock};
  session.report_to(cw::metrics_reporter{});
  (void)session.sandbox();
  CHECK(session.get_metrics().empty());
  CHECK_FALSE(session.log_metrics());
}

TEST_CASE("a reporter is found by its name once there is one", "[metrics]") {
  world w;
  sink told;
  cw::basic_session session{w.mock};
  session.report_to("test-sink");
  (void)session.sandbox();
  CHECK_FALSE(session.log_metrics());
  cw::set_metrics_reporter("test-sink", told.reporter());
  CHECK(session.log_metrics({.reset = false}));
  cw::set_metrics_reporter("test-sink", {});
  CHECK(session.log_metrics());  // it was found and is kept
  CHECK(told.records.size() == 2);
}

TEST_CASE("counts of many threads add up", "[metrics]") {
  cw::detail::session_counters counters;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      auto const sandbox = counters.join();
      for (int i = 0; i < 1000; ++i) {
        counters.created();
        counters.executed(sandbox, i % 2);
      }
    });
  for (auto& thread : threads) thread.join();
  auto const values = counters.values();
  CHECK(values.at("cwsandbox/sandboxes_created") == 4000);
  CHECK(values.at("cwsandbox/exec_completed_ok") == 2000);
  CHECK(values.at("cwsandbox/min_execs_per_sandbox") == 1000);
}

TEST_CASE("formats of metrics", "[metrics]") {
  std::ostringstream lines;
  auto const report = cw::json_lines_reporter(lines);
  cw::metrics const values{{"cwsandbox/executions", 2}, {"cwsandbox/exec_failure_rate", 0.5}};
  report(values, 3);
  report({}, {});
  CHECK(lines.str() ==
        "{\"step\": 3, \"cwsandbox/exec_failure_rate\": 0.5, \"cwsandbox/executions\": 2}\n{}\n");
  CHECK(cw::to_prometheus(values) ==
        "# TYPE cwsandbox_exec_failure_rate gauge\ncwsandbox_exec_failure_rate 0.5\n"
        "# TYPE cwsandbox_executions counter\ncwsandbox_executions 2\n");
}

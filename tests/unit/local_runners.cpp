// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include "support/local_driver.hpp"

#include <cwsandbox/reasons.hpp>

#include <functional>
#include <string>
#include <vector>

namespace {

using local_test::driver;
using local_test::run;
namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

auto list(driver& d, wire::ListAvailableRunnersRequest request) {
  return run(d.io(), d.transport().list_available_runners(std::move(request), {}));
}

auto get(driver& d, std::string id, std::string organization, wire::RunnerView view = {}) {
  wire::GetAvailableRunnerRequest request;
  request.runner_id = std::move(id);
  request.organization_id = std::move(organization);
  request.view = view;
  return run(d.io(), d.transport().get_available_runner(std::move(request), {}));
}

}  // namespace

TEST_CASE("this machine is the one runner") {
  cw::local_options options;
  options.runner_id = "here";
  driver d{options};
  auto const found = list(d, {}).value();
  REQUIRE(found.runners.size() == 1);
  CHECK(found.next_page_token.empty());
  auto const& runner = found.runners.front();
  CHECK(runner.runner_id == "here");
  CHECK(runner.runner_group_id == "local");
  CHECK(runner.organization_id == "local");
  CHECK(runner.healthy);
  CHECK(runner.connected_at);
  REQUIRE(runner.capabilities);
  CHECK(runner.capabilities->max_cpu_millicores >= 1000);
  CHECK(runner.capabilities->max_memory_bytes > 0);
  CHECK(runner.capabilities->max_gpu_count == 0);
  CHECK(runner.capabilities->supported_architectures.size() == 1);
  CHECK_FALSE(runner.resources);
  CHECK(get(d, "here", "local").value() == runner);
}

TEST_CASE("the full view of a runner counts what is running") {
  driver d;
  auto const id = d.start();
  wire::ListAvailableRunnersRequest request;
  request.view = wire::RunnerView::full;
  auto const runner = list(d, request).value().runners.at(0);
  REQUIRE(runner.resources);
  CHECK(runner.resources->running_sandboxes == 1);
  CHECK(runner.resources->available_cpu_millicores >= 0);
  CHECK(runner.resources->available_memory_bytes > 0);
  CHECK(runner.resources->available_gpu_count == 0);
  CHECK(d.stop(id));
  d.ended(id);
  CHECK(get(d, "local", "local", wire::RunnerView::full).value().resources->running_sandboxes == 0);
  request.view = wire::RunnerView::basic;
  CHECK_FALSE(list(d, request).value().runners.at(0).resources);
}

TEST_CASE("filters of runners must all match") {
  driver d;
  auto const self = list(d, {}).value().runners.at(0);
  using request_type = wire::ListAvailableRunnersRequest;
  struct row {
    std::function<void(request_type&)> change;
    bool matches;
  };
  auto const architecture = self.capabilities->supported_architectures.front();
  for (auto const& r :
       std::vector<row>{{[](auto& q) { q.runner_group_id = "local"; }, true},
                        {[](auto& q) { q.runner_group_id = "other"; }, false},
                        {[&](auto& q) { q.architecture = architecture; }, true},
                        {[](auto& q) { q.architecture = "vax"; }, false},
                        {[](auto& q) { q.gpu_type = "any"; }, false},
                        {[](auto& q) { q.healthy_only = true; }, true},
                        {[](auto& q) { q.service_visibility = wire::Visibility::private_; }, true},
                        {[](auto& q) { q.service_visibility = wire::Visibility::custom; }, false},
                        {[](auto& q) {
                           q.runner_group_id = "local";
                           q.architecture = "vax";
                         },
                         false}}) {
    request_type request;
    r.change(request);
    CHECK(list(d, request).value().runners.size() == (r.matches ? 1U : 0U));
  }
  request_type request;
  request.page_size = -1;
  CHECK(list(d, request).error().code() == cw::status_code::invalid_argument);
  request.page_size = 1;
  request.page_token = "x";
  CHECK(list(d, request).error().code() == cw::status_code::invalid_argument);
}

TEST_CASE("an unknown runner is not found, nor a known one in another organization") {
  driver d;
  for (auto const& refused : {get(d, "other", "local"), get(d, "local", "other")}) {
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == cw::status_code::not_found);
    CHECK(refused.error().reason() == cw::reasons::runner_not_found);
    CHECK(refused.error().details().domain == cw::reasons::domain);
  }
}

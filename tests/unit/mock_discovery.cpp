// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Runners. (contract: options 7)

#include <cwsandbox/discovery.hpp>

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;

namespace {

wire::AvailableRunner runner(std::string id, std::optional<std::int64_t> cpu_left = {}) {
  wire::AvailableRunner r{};
  r.runner_id = std::move(id);
  if (cpu_left) r.resources.emplace().available_cpu_millicores = *cpu_left;
  return r;
}

wire::ListAvailableRunnersResponse page(std::vector<wire::AvailableRunner> runners,
                                        std::string next = {}) {
  wire::ListAvailableRunnersResponse response{};
  response.runners = std::move(runners);
  response.next_page_token = std::move(next);
  return response;
}

template <class Runners>
names ids(Runners const& runners) {
  names all;
  for (auto const& r : runners) all.push_back(r.runner_id);
  return all;
}

}  // namespace

TEST_CASE("the request of a list of runners", "[discovery]") {
  struct row {
    cw::ListRunnersOptions options;
    wire::RunnerView view;
  };
  auto const rows = std::vector<row>{
      {{}, wire::RunnerView::basic},
      {{.include_resources = true}, wire::RunnerView::full},
      {{.min_available_cpu_millicores = 1}, wire::RunnerView::full},
      {{.min_available_memory_bytes = 0}, wire::RunnerView::full},
      {{.min_available_gpu_count = 0}, wire::RunnerView::full},
  };
  for (auto const& row : rows) {
    world w;
    REQUIRE_CALL(*w.mock, list_available_runners(_, _)).RETURN(page({}));
    REQUIRE(w.get(cw::list_runners(w.mock, row.options)));
    auto const request = w.mock.requests<wire::ListAvailableRunnersRequest>().front();
    CHECK(request.view == row.view);
    CHECK(request.page_size == 100);
    CHECK(request.page_token.empty());
    CHECK_FALSE(request.healthy_only);
    CHECK(request.service_visibility == wire::Visibility::unspecified);
    CHECK(w.mock.history().front().options.timeout == 30s);
  }
  world w;
  REQUIRE_CALL(*w.mock, list_available_runners(_, _)).RETURN(page({}));
  REQUIRE(w.get(cw::list_runners(w.mock, {.runner_group_id = "g",
                                          .gpu_type = "H100",
                                          .architecture = "arm64",
                                          .healthy_only = true,
                                          .service_visibility = cw::ServiceVisibility::custom})));
  auto const request = w.mock.requests<wire::ListAvailableRunnersRequest>().front();
  CHECK(request.runner_group_id == "g");
  CHECK(request.gpu_type == "H100");
  CHECK(request.architecture == "arm64");
  CHECK(request.healthy_only);
  CHECK(request.service_visibility == wire::Visibility::custom);
}

TEST_CASE("all pages of runners are read in order", "[discovery]") {
  world w;
  trompeloeil::sequence order;
  REQUIRE_CALL(*w.mock, list_available_runners(_, _))
      .IN_SEQUENCE(order)
      .RETURN(page({runner("b"), runner("a")}, "t1"));
  REQUIRE_CALL(*w.mock, list_available_runners(_, _))
      .WITH(_1.page_token == "t1")
      .IN_SEQUENCE(order)
      .RETURN(page({runner("c")}));
  auto const found = w.get(cw::list_runners(w.mock));
  REQUIRE(found);
  CHECK(ids(*found) == names{"b", "a", "c"});
  CHECK_FALSE(found->front().resources);
}

TEST_CASE("what must be left is looked at here", "[discovery]") {
  world w;
  ALLOW_CALL(*w.mock, list_available_runners(_, _))
      .RETURN(page({runner("small", 2000), runner("silent"), runner("large", 8000)}));
  CHECK(ids(*w.get(cw::list_runners(w.mock, {.min_available_cpu_millicores = 10000}))).empty());
  CHECK(ids(*w.get(cw::list_runners(w.mock, {.min_available_cpu_millicores = 2000}))) ==
        names{"small", "large"});
  CHECK(ids(*w.get(cw::list_runners(w.mock, {.min_available_memory_bytes = 0}))) ==
        names{"small", "large"});
  CHECK(ids(*w.get(cw::list_runners(w.mock, {.min_available_cpu_millicores = 0,
                                             .min_available_gpu_count = 1})))
            .empty());
}

TEST_CASE("a list of runners is not tried again", "[discovery]") {
  world w;
  trompeloeil::sequence order;
  REQUIRE_CALL(*w.mock, list_available_runners(_, _))
      .IN_SEQUENCE(order)
      .RETURN(page({runner("a")}, "t1"));
  REQUIRE_CALL(*w.mock, list_available_runners(_, _))
      .IN_SEQUENCE(order)
      .RETURN(cw::rpc_error(status_code::unavailable, "down"));
  auto const found = w.get(cw::list_runners(w.mock));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind() == error_kind::discovery);
  CHECK(found.error().message() == "Service unavailable: down");
}

TEST_CASE("pages that lead in a circle are an error", "[discovery]") {
  world w;
  ALLOW_CALL(*w.mock, list_available_runners(_, _)).RETURN(page({runner("a")}, "t"));
  auto const found = w.get(cw::list_runners(w.mock));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind() == error_kind::discovery);
  CHECK(found.error().message() ==
        "List runners: pagination loop detected: repeated page token");
}

TEST_CASE("how discovery fails", "[discovery]") {
  struct row {
    cw::error report;
    error_kind list;
    error_kind get;
  };
  auto const rows = std::vector<row>{
      {cw::rpc_error(status_code::not_found, "no"), error_kind::discovery,
       error_kind::runner_not_found},
      {refused(status_code::internal, "CWSANDBOX_RUNNER_NOT_FOUND"), error_kind::discovery,
       error_kind::runner_not_found},
      {cw::rpc_error(status_code::unauthenticated, "who"), error_kind::authentication,
       error_kind::authentication},
      {cw::rpc_error(status_code::permission_denied, "no"), error_kind::authentication,
       error_kind::authentication},
      {cw::rpc_error(status_code::deadline_exceeded, "late"), error_kind::discovery,
       error_kind::discovery},
      {cw::rpc_error(status_code::resource_exhausted, "full"), error_kind::discovery,
       error_kind::discovery},
      {cw::rpc_error(status_code::cancelled, "gone"), error_kind::discovery,
       error_kind::discovery},
  };
  for (auto const& row : rows) {
    CAPTURE(row.report.message());
    world w;
    ALLOW_CALL(*w.mock, list_available_runners(_, _)).LR_RETURN(row.report);
    ALLOW_CALL(*w.mock, get_available_runner(_, _)).LR_RETURN(row.report);
    CHECK(w.failure(cw::list_runners(w.mock)) == row.list);
    CHECK(w.failure(cw::get_runner(w.mock, "r", "o")) == row.get);
  }
}

TEST_CASE("one runner with all that is known of it", "[discovery]") {
  world w;
  wire::AvailableRunner shown_runner = runner("r", 1500);
  shown_runner.organization_id = "o";
  shown_runner.healthy = true;
  shown_runner.tags = {"x"};
  shown_runner.connected_at = wire::Timestamp{.seconds = 1000, .nanos = 0};
  auto& has = shown_runner.capabilities.emplace();
  has.max_cpu_millicores = 4000;
  has.supported_architectures = {"amd64"};
  has.supported_service_visibilities = {wire::Visibility::private_,
                                        static_cast<wire::Visibility>(77)};
  REQUIRE_CALL(*w.mock, get_available_runner(_, _))
      .WITH(_1.runner_id == " r " && _1.organization_id == "o" &&
            _1.view == wire::RunnerView::full)
      .RETURN(shown_runner);
  auto const found = w.get(cw::get_runner(w.mock, " r ", "o"));
  REQUIRE(found);
  CHECK(found->runner_id == "r");
  CHECK(found->healthy);
  CHECK(found->tags == names{"x"});
  CHECK(found->connected_at == std::chrono::system_clock::from_time_t(1000));
  CHECK(found->max_cpu_millicores == 4000);
  CHECK(found->supported_architectures == names{"amd64"});
  CHECK(found->supported_service_visibilities ==
        std::vector{cw::ServiceVisibility::private_, cw::ServiceVisibility::unspecified});
  REQUIRE(found->resources);
  CHECK(found->resources->available_cpu_millicores == 1500);
}

TEST_CASE("discovery refuses bad arguments before any call", "[discovery]") {
  world w;
  auto const field = [](auto call) {
    try {
      call();
    } catch (cw::invalid_argument const& e) {
      return e.field();
    }
    return std::string{"accepted"};
  };
  CHECK(field([&] { (void)cw::get_runner(w.mock, "", ""); }) == "runner_id");
  CHECK(field([&] { (void)cw::get_runner(w.mock, "r", " "); }) == "organization_id");
  CHECK(field([&] { (void)cw::list_runners(w.mock, {.min_available_gpu_count = -1}); }) ==
        "min_available_gpu_count");
  CHECK(w.mock.history().empty());
}

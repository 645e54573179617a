// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/catch.hpp"

#include <cwsandbox/transport/local/limits.hpp>

#include "support/local_driver.hpp"

#include <fstream>
#include <string>

namespace local = cwsandbox::detail::local;

TEST_CASE("quantities become numbers, rounded up") {
  CHECK(local::quantity_value("500m", 1000) == 500);
  CHECK(local::quantity_value("1", 1000) == 1000);
  CHECK(local::quantity_value("0.1", 1000) == 100);
  CHECK(local::quantity_value("256Mi", 1) == 268435456);
  CHECK(local::quantity_value("1k", 1) == 1000);
  CHECK(local::quantity_value("2M", 1) == 2000000);
  CHECK(local::quantity_value("1.5Gi", 1) == 1610612736);
  CHECK(local::quantity_value("1e3", 1) == 1000);
  CHECK(local::quantity_value("1m", 1) == 1);
  CHECK(!local::quantity_value("", 1));
  CHECK(!local::quantity_value("much", 1));
  CHECK(!local::quantity_value("-1", 1));
}

TEST_CASE("limits hold in control groups, or it is said that they do not") {
  std::vector<std::string> notes;
  cwsandbox::local_options options;
  options.log = [&](std::string_view text) { notes.emplace_back(text); };
  options.limits.processes = 20;
  local_test::driver d{options};
  auto request = local_test::request_for({"sleep", "infinity"});
  auto& limits = local_test::container_of(request).resource_requirements.emplace().limits.emplace();
  limits.memory = "128Mi";
  limits.cpu = "500m";
  auto const id = d.create(request).value().sandbox_id;
  bool pids = true;
  bool memory = true;
  for (auto const& note : notes) {
    pids = pids && note.find("processes") == std::string::npos;
    memory = memory && note.find("for memory") == std::string::npos;
  }
  auto const hungry = d.exec(id, {"python3", "-c", "x = bytearray(400 << 20); print('got it')"});
  CHECK(hungry.value().stdout_.empty());
  CHECK(hungry.value().exit_code != 0);
  CHECK(d.shell(id, "echo still here") == "still here\n");
  if (pids) {
    auto const bomb = d.exec(id, {"/bin/sh", "-c", "for i in $(seq 40); do sleep 1000 & done"});
    CHECK(bomb.value().exit_code != 0);
  }
  auto const echoed = d.get(id).value();
  REQUIRE(echoed.status->effective_resource_requirements);
  CHECK(echoed.status->effective_resource_requirements->limits->memory == "128Mi");
  INFO("memory groups: " << memory << ", pids groups: " << pids);
  CHECK(d.stop(id).has_value());
  d.settle();
}

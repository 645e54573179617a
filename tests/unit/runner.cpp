// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Numbers for people, and how a runner is shown. (contract: options 7.4, 7.5)

#include <cwsandbox/runner.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace cw = cwsandbox;

TEST_CASE("bytes for people", "[runner]") {
  auto const rows = std::vector<std::pair<std::int64_t, std::string>>{
      {0, "0 B"},
      {1, "1 B"},
      {1023, "1023 B"},
      {1024, "1.0 KiB"},
      {1075, "1.0 KiB"},
      {1076, "1.1 KiB"},
      {1280, "1.2 KiB"},
      {1792, "1.8 KiB"},
      {1048575, "1024.0 KiB"},
      {1048576, "1.0 MiB"},
      {17179869184, "16.0 GiB"},
      {std::int64_t{1} << 50, "1024.0 TiB"},
      {std::numeric_limits<std::int64_t>::max(), "8388608.0 TiB"},
      {-1, "-1 B"},
      {-2048, "-2048 B"},
  };
  for (auto const& [bytes, text] : rows) CHECK(cw::format_bytes(bytes) == text);
}

TEST_CASE("CPU for people", "[runner]") {
  auto const rows = std::vector<std::pair<std::int64_t, std::string>>{
      {0, "0.0"},    {1, "0.0"},    {49, "0.0"},   {50, "0.1"},     {100, "0.1"},
      {150, "0.1"},  {151, "0.2"},  {250, "0.2"},  {350, "0.3"},    {450, "0.5"},
      {500, "0.5"},  {950, "0.9"},  {999, "1.0"},  {1000, "1.0"},   {1050, "1.1"},
      {1250, "1.2"}, {1950, "1.9"}, {-500, "-0.5"}, {64000, "64.0"},
  };
  for (auto const& [millicores, text] : rows) {
    CAPTURE(millicores);
    CHECK(cw::format_cpu(millicores) == text + " vCPU");
  }
}

TEST_CASE("a runner as text", "[runner]") {
  cw::Runner runner{};
  runner.runner_id = "r";
  runner.organization_id = "o";
  runner.healthy = true;
  runner.max_cpu_millicores = 4000;
  runner.max_memory_bytes = 17179869184;
  runner.max_gpu_count = 2;
  runner.supported_service_visibilities = {cw::ServiceVisibility::public_,
                                           cw::ServiceVisibility::private_};
  std::ostringstream text;
  text << runner;
  CHECK(text.str() ==
        "Runner(runner_id='r', organization_id='o', healthy=True, cpu=4.0 vCPU, memory=16.0 GiB, "
        "gpus=2, visibilities=['public', 'private'])");
}

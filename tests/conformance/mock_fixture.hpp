// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_MOCK_FIXTURE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_MOCK_FIXTURE_HPP

#include <cwsandbox/transport/mock.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "conformance/case.hpp"

namespace conformance {

/// The mock transport with a fake service behind it: what holds there depends on the client alone.
class mock_fixture {
 public:
  using transport = cw::mock_transport;
  static constexpr char const* name = "mock";
  static constexpr feature provides = feature::exec_stream | feature::log_stream |
                                      feature::no_host_name_egress | feature::no_snapshots;
  static constexpr std::size_t max_file_bytes = std::size_t{32} << 20;

  mock_fixture();

  transport make() { return mock_; }
  std::string leftovers(std::string const& /*tag*/) { return {}; }

 private:
  cw::mock_transport mock_;
  std::vector<std::unique_ptr<trompeloeil::expectation>> answers_;
};

}  // namespace conformance

#endif

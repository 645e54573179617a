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
#include "conformance/fake_service.hpp"

namespace conformance {

/// The mock transport with a fake service behind it: what holds there depends on the client alone.
class mock_fixture {
 public:
  using transport = cw::mock_transport;
  static constexpr char const* name = "mock";
  static constexpr feature provides = feature::exec_stream | feature::log_stream |
                                      feature::no_host_name_egress | feature::no_snapshots;
  static constexpr std::size_t max_file_bytes = fake_service::max_file_bytes;

  mock_fixture() {
    using trompeloeil::_;
    auto const fake = std::make_shared<fake_service>();
    auto& calls = *mock_;
#define CONFORMANCE_ANSWER(Call, Member) \
  answers_.push_back(                    \
      TROMPELOEIL_NAMED_ALLOW_CALL(calls, Call(_, _)).TROMPELOEIL_RETURN(fake->Member(_1)))
    CONFORMANCE_ANSWER(create_sandbox, create);
    CONFORMANCE_ANSWER(get_sandbox, get);
    CONFORMANCE_ANSWER(list_sandboxes, list);
    CONFORMANCE_ANSWER(delete_sandbox, erase);
    CONFORMANCE_ANSWER(purge_sandboxes, purge);
    CONFORMANCE_ANSWER(exec, exec);
    CONFORMANCE_ANSWER(read_file, read);
    CONFORMANCE_ANSWER(write_file, write);
    CONFORMANCE_ANSWER(stream_exec, stream);
    CONFORMANCE_ANSWER(stream_logs, logs);
#undef CONFORMANCE_ANSWER
  }

  transport make() { return mock_; }
  std::string leftovers(std::string const& /*tag*/) { return {}; }

 private:
  cw::mock_transport mock_;
  std::vector<std::unique_ptr<trompeloeil::expectation>> answers_;
};

}  // namespace conformance

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "conformance/mock_fixture.hpp"

#include "conformance/fake_service.hpp"

namespace conformance {

static_assert(mock_fixture::max_file_bytes == fake_service::max_file_bytes);

mock_fixture::mock_fixture() {
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

}  // namespace conformance

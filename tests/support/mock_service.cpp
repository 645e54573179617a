// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"

namespace test {

service::service(asio::any_io_executor executor, cw::virtual_clock::mode time)
    : mock{std::move(executor), time} {
  creates = {shown(wire::State::creating)};
  gets = {shown(wire::State::running)};
  wire::DeleteSandboxResponse deleted{};
  deleted.sandbox.emplace(shown(wire::State::terminating));
  deletes = {deleted};
  lists = {wire::ListSandboxesResponse{}};
  execs = {cw::exec_script{}.exit(0)};
  allow(NAMED_ALLOW_CALL(*mock, create_sandbox(_, _)).LR_RETURN(creates.next()));
  allow(NAMED_ALLOW_CALL(*mock, create_sandbox_from_template(_, _)).LR_RETURN(creates.next()));
  allow(NAMED_ALLOW_CALL(*mock, get_sandbox(_, _)).LR_RETURN(answer_get()));
  allow(NAMED_ALLOW_CALL(*mock, delete_sandbox(_, _)).LR_RETURN(answer_delete()));
  allow(NAMED_ALLOW_CALL(*mock, list_sandboxes(_, _)).LR_RETURN(lists.next()));
  allow(NAMED_ALLOW_CALL(*mock, exec(_, _)).LR_RETURN(unary_execs.next()));
  allow(NAMED_ALLOW_CALL(*mock, read_file(_, _)).LR_RETURN(reads.next()));
  allow(NAMED_ALLOW_CALL(*mock, write_file(_, _)).LR_RETURN(writes.next()));
  allow(NAMED_ALLOW_CALL(*mock, stream_exec(_, _)).LR_RETURN(execs.next()));
}

}  // namespace test

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_CALLS_HPP
#define CWSANDBOX_TRANSPORT_MOCK_CALLS_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/mock/print.hpp>
#include <cwsandbox/transport/mock/script.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <trompeloeil.hpp>

namespace cwsandbox::inline v1 {

/// The trompeloeil mock behind a `mock_transport`: the calls of a transport with plain signatures.
///
/// An expectation may return what the peer answers, or an `error` (`rpc_error(code, message)` for a status), or throw
/// one of the library's exceptions, which reaches the user as it is. It is evaluated on the thread that runs the code
/// under test, with trompeloeil's lock held.
class mock_calls {
 public:
  mock_calls() = default;
  mock_calls(mock_calls const&) = delete;
  mock_calls& operator=(mock_calls const&) = delete;

#define CWSANDBOX_DETAIL_MOCK(Name, Request, Response) \
  TROMPELOEIL_MAKE_MOCK2(Name, outcome<Response>(Request const&, call_options const&))

  CWSANDBOX_DETAIL_MOCK(create_sandbox, wire::CreateSandboxRequest, wire::Sandbox);
  CWSANDBOX_DETAIL_MOCK(create_sandbox_from_template, wire::CreateSandboxFromTemplateRequest,
                        wire::Sandbox);
  CWSANDBOX_DETAIL_MOCK(get_sandbox, wire::GetSandboxRequest, wire::Sandbox);
  CWSANDBOX_DETAIL_MOCK(list_sandboxes, wire::ListSandboxesRequest, wire::ListSandboxesResponse);
  CWSANDBOX_DETAIL_MOCK(delete_sandbox, wire::DeleteSandboxRequest, wire::DeleteSandboxResponse);
  CWSANDBOX_DETAIL_MOCK(purge_sandboxes, wire::PurgeSandboxesRequest, wire::PurgeSandboxesResponse);
  CWSANDBOX_DETAIL_MOCK(exec, wire::ExecRequest, wire::ExecResponse);
  CWSANDBOX_DETAIL_MOCK(read_file, wire::ReadFileRequest, wire::ReadFileResponse);
  CWSANDBOX_DETAIL_MOCK(write_file, wire::WriteFileRequest, wire::WriteFileResponse);
  CWSANDBOX_DETAIL_MOCK(stream_exec, wire::ExecStreamInit, exec_script);
  CWSANDBOX_DETAIL_MOCK(stream_logs, wire::StreamLogsRequest, log_script);

#undef CWSANDBOX_DETAIL_MOCK
};

}  // namespace cwsandbox::inline v1

#endif

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
#include <cwsandbox/wire/methods.hpp>

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

// one on each line: trompeloeil tells them apart by it
#define CWSANDBOX_DETAIL_MOCK(Name, Rpc)                                                         \
  TROMPELOEIL_MAKE_MOCK2(Name, outcome<wire::rpc::Rpc::response>(wire::rpc::Rpc::request const&, \
                                                                 call_options const&))
  CWSANDBOX_DETAIL_MOCK(create_sandbox, CreateSandbox);
  CWSANDBOX_DETAIL_MOCK(create_sandbox_from_template, CreateSandboxFromTemplate);
  CWSANDBOX_DETAIL_MOCK(get_sandbox, GetSandbox);
  CWSANDBOX_DETAIL_MOCK(list_sandboxes, ListSandboxes);
  CWSANDBOX_DETAIL_MOCK(delete_sandbox, DeleteSandbox);
  CWSANDBOX_DETAIL_MOCK(purge_sandboxes, PurgeSandboxes);
  CWSANDBOX_DETAIL_MOCK(exec, Exec);
  CWSANDBOX_DETAIL_MOCK(read_file, ReadFile);
  CWSANDBOX_DETAIL_MOCK(write_file, WriteFile);
  CWSANDBOX_DETAIL_MOCK(create_file_system_snapshot, CreateFileSystemSnapshot);
  CWSANDBOX_DETAIL_MOCK(get_file_system_snapshot, GetFileSystemSnapshot);
  CWSANDBOX_DETAIL_MOCK(list_file_system_snapshots, ListFileSystemSnapshots);
  CWSANDBOX_DETAIL_MOCK(delete_file_system_snapshot, DeleteFileSystemSnapshot);
  CWSANDBOX_DETAIL_MOCK(get_file_system_snapshot_bucket_config, GetFileSystemSnapshotBucketConfig);
  CWSANDBOX_DETAIL_MOCK(update_file_system_snapshot_bucket_config, UpdateFileSystemSnapshotBucketConfig);
  CWSANDBOX_DETAIL_MOCK(list_available_runners, ListAvailableRunners);
  CWSANDBOX_DETAIL_MOCK(get_available_runner, GetAvailableRunner);
#undef CWSANDBOX_DETAIL_MOCK

  TROMPELOEIL_MAKE_MOCK2(stream_exec,
                         outcome<exec_script>(wire::ExecStreamInit const&, call_options const&));
  TROMPELOEIL_MAKE_MOCK2(stream_logs,
                         outcome<log_script>(wire::StreamLogsRequest const&, call_options const&));
};

}  // namespace cwsandbox::inline v1

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_TRANSPORT_CALLS_HPP
#define CWSANDBOX_DETAIL_TRANSPORT_CALLS_HPP

/// \file
/// The one list of the calls of a transport: `X(member of the transport, method of wire::rpc)`.

#include <cwsandbox/config.hpp>

#define CWSANDBOX_DETAIL_UNARY_CALLS(X)                      \
  X(create_sandbox, CreateSandbox)                           \
  X(create_sandbox_from_template, CreateSandboxFromTemplate) \
  X(get_sandbox, GetSandbox)                                 \
  X(list_sandboxes, ListSandboxes)                           \
  X(delete_sandbox, DeleteSandbox)                           \
  X(purge_sandboxes, PurgeSandboxes)                         \
  X(exec, Exec)                                              \
  X(read_file, ReadFile)                                     \
  X(write_file, WriteFile)

#define CWSANDBOX_DETAIL_STREAM_CALLS(X) \
  X(stream_exec, StreamExec)             \
  X(stream_logs, StreamLogs)

#endif

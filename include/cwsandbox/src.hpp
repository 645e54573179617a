// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SRC_HPP
#define CWSANDBOX_SRC_HPP

/// \file
/// With `CWSANDBOX_SEPARATE_COMPILATION` defined for the whole program, exactly one source file includes this and thereby
/// compiles all that is no template.

#include <cwsandbox/config.hpp>

#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
#error "cwsandbox/src.hpp is for CWSANDBOX_SEPARATE_COMPILATION: define it for the whole program"
#endif

#include <cwsandbox/auth.hpp>
#include <cwsandbox/cwsandbox.hpp>

#include <cwsandbox/impl/attach_detail.ipp>
#include <cwsandbox/impl/auth.ipp>
#include <cwsandbox/impl/await.ipp>
#include <cwsandbox/impl/base64.ipp>
#include <cwsandbox/impl/blocking.ipp>
#include <cwsandbox/impl/clock.ipp>
#include <cwsandbox/impl/create_request.ipp>
#include <cwsandbox/impl/defaults.ipp>
#include <cwsandbox/impl/discovery_values.ipp>
#include <cwsandbox/impl/error.ipp>
#include <cwsandbox/impl/exec_fsm.ipp>
#include <cwsandbox/impl/exec_state.ipp>
#include <cwsandbox/impl/input_queue.ipp>
#include <cwsandbox/impl/lifecycle.ipp>
#include <cwsandbox/impl/list_work.ipp>
#include <cwsandbox/impl/log_channel.ipp>
#include <cwsandbox/impl/log_fsm.ipp>
#include <cwsandbox/impl/logs.ipp>
#include <cwsandbox/impl/metrics.ipp>
#include <cwsandbox/impl/operation_state.ipp>
#include <cwsandbox/impl/options.ipp>
#include <cwsandbox/impl/output_buffer.ipp>
#include <cwsandbox/impl/placement_fsm.ipp>
#include <cwsandbox/impl/poll_fsm.ipp>
#include <cwsandbox/impl/resize_queue.ipp>
#include <cwsandbox/impl/resolve.ipp>
#include <cwsandbox/impl/runner.ipp>
#include <cwsandbox/impl/runtime.ipp>
#include <cwsandbox/impl/session_core.ipp>
#include <cwsandbox/impl/session_counters.ipp>
#include <cwsandbox/impl/shell_quote.ipp>
#include <cwsandbox/impl/snapshot_values.ipp>
#include <cwsandbox/impl/snapshots.ipp>
#include <cwsandbox/impl/stream.ipp>
#include <cwsandbox/impl/terminal_state.ipp>
#include <cwsandbox/impl/translate.ipp>
#include <cwsandbox/impl/utf8_text.ipp>
#include <cwsandbox/impl/uuid.ipp>
#include <cwsandbox/impl/validation.ipp>
#include <cwsandbox/impl/virtual_clock.ipp>
#include <cwsandbox/impl/local/archive.ipp>
#include <cwsandbox/impl/local/engine.ipp>
#include <cwsandbox/impl/local/engine_snapshots.ipp>
#include <cwsandbox/impl/local/errors.ipp>
#include <cwsandbox/impl/local/files.ipp>
#include <cwsandbox/impl/local/guard.ipp>
#include <cwsandbox/impl/local/limits.ipp>
#include <cwsandbox/impl/local/log_buffer.ipp>
#include <cwsandbox/impl/local/records.ipp>
#include <cwsandbox/impl/local/remove_tree.ipp>
#include <cwsandbox/impl/local/rootfs.ipp>
#include <cwsandbox/impl/local/runners.ipp>
#include <cwsandbox/impl/local/sandbox.ipp>
#include <cwsandbox/impl/local/sandbox_logs.ipp>
#include <cwsandbox/impl/local/sandbox_start.ipp>
#include <cwsandbox/impl/local/snapshots.ipp>
#include <cwsandbox/impl/local/spawn.ipp>
#include <cwsandbox/impl/local/state_directory.ipp>
#include <cwsandbox/impl/local/streams.ipp>
#include <cwsandbox/impl/local/templates.ipp>
#include <cwsandbox/impl/local/transport.ipp>
#include <cwsandbox/impl/local/unique_fd.ipp>
#include <cwsandbox/impl/local/volumes.ipp>
#include <cwsandbox/impl/local/waiting.ipp>

CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::local_transport);

#endif

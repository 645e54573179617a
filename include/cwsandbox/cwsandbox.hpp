// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_CWSANDBOX_HPP
#define CWSANDBOX_CWSANDBOX_HPP

/// \file
/// Everything that needs only asio: sessions and sandboxes, and the local engine that runs them on this machine. Nothing
/// to link but the system's threads. Other transports are included by name, e.g. `cwsandbox/transport/mock.hpp`.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/command.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/constants.hpp>
#include <cwsandbox/defaults.hpp>
#include <cwsandbox/discovery.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/instantiate.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/process.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/runtime.hpp>
#include <cwsandbox/sandbox.hpp>
#include <cwsandbox/session.hpp>
#include <cwsandbox/snapshots.hpp>
#include <cwsandbox/stream.hpp>
#include <cwsandbox/terminal.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/local.hpp>
#include <cwsandbox/virtual_clock.hpp>
#include <cwsandbox/wait.hpp>

// What a program needs of asio to use the coroutines and completion tokens of this library.
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#if defined(CWSANDBOX_SEPARATE_COMPILATION)
CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::local_transport);  // instantiated in src.hpp
#endif

#endif

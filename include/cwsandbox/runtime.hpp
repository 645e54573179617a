// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_RUNTIME_HPP
#define CWSANDBOX_RUNTIME_HPP

#include <cwsandbox/config.hpp>

#include <asio/any_io_executor.hpp>

namespace cwsandbox::inline v1 {

/// The executor of the library's own background thread: one for the whole process, made when this is first called and
/// joined when the process exits normally. Transports run on it unless they were given an executor; a program that
/// gives its own to every transport never has that thread. Thread-safe.
///
/// This is the library's only global state beside the credentials set with `set_auth_mode`.
[[nodiscard]] CWSANDBOX_DECL asio::any_io_executor background_executor();

/// True when the calling thread runs work of `executor` right now, so that waiting here for something that happens
/// there could never end. Knows the executors of `asio::io_context` and `asio::thread_pool` and strands on them.
[[nodiscard]] CWSANDBOX_DECL bool running_on(asio::any_io_executor const& executor) noexcept;

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/runtime.ipp>
#endif

#endif

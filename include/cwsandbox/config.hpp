// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_CONFIG_HPP
#define CWSANDBOX_CONFIG_HPP

/// \file
/// What the compiler and asio must provide, and the switches of the library. Included first by every header.
///
/// Macros that a user may define before the first include (or for the whole build):
/// - `CWSANDBOX_SEPARATE_COMPILATION`: headers only declare what is not a template; exactly one translation
///   unit of the program includes `cwsandbox/src.hpp`.

#define CWSANDBOX_VERSION_MAJOR 0
#define CWSANDBOX_VERSION_MINOR 1
#define CWSANDBOX_VERSION_PATCH 0
#define CWSANDBOX_VERSION "0.1.0"

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "cwsandbox needs C++20: compile with -std=c++20 or newer"
#endif

#if !defined(__linux__)
#error "cwsandbox supports Linux only for now"
#endif

#if defined(ASIO_ENABLE_BOOST)
#error "cwsandbox uses standalone asio: do not define ASIO_ENABLE_BOOST"
#endif
#if !defined(ASIO_STANDALONE)
#define ASIO_STANDALONE 1
#endif

// asio before 1.24 looks for the coroutines TS, which clang 16 and newer no longer have, and then switches its
// awaitable off. These two turn it on again; they change nothing where asio finds coroutines by itself.
#if defined(__clang__)
#if !defined(ASIO_HAS_CO_AWAIT)
#define ASIO_HAS_CO_AWAIT 1
#endif
#if !defined(ASIO_HAS_STD_COROUTINE)
#define ASIO_HAS_STD_COROUTINE 1
#endif
#endif

#include <asio/detail/config.hpp>

#if !defined(ASIO_HAS_CO_AWAIT)
#error \
    "asio was included before cwsandbox with its coroutine support switched off: define ASIO_HAS_CO_AWAIT=1 and ASIO_HAS_STD_COROUTINE=1 for the whole build, or include cwsandbox first"
#endif

#if defined(CWSANDBOX_SEPARATE_COMPILATION)
#define CWSANDBOX_DECL
#else
#define CWSANDBOX_HEADER_ONLY 1
#define CWSANDBOX_DECL inline
#endif

#if defined(__cpp_exceptions)
#define CWSANDBOX_HAS_EXCEPTIONS 1
#endif

namespace cwsandbox::inline v1 {

/// The version of this library, `major.minor.patch`.
inline constexpr char const* version = CWSANDBOX_VERSION;

}  // namespace cwsandbox::inline v1

#endif

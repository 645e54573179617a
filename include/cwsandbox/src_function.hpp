// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SRC_FUNCTION_HPP
#define CWSANDBOX_SRC_FUNCTION_HPP

/// \file
/// What `src.hpp` is for the core, for remote functions and the value codec: to be included in one source file, that of
/// `src.hpp` or another. It has parts in common with `src_http.hpp`: a program with both includes both in the same file.

#include <cwsandbox/config.hpp>

#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
#error \
    "cwsandbox/src_function.hpp is for CWSANDBOX_SEPARATE_COMPILATION: define it for the whole program"
#endif

#include <cwsandbox/function.hpp>

#include <cwsandbox/impl/function_call.ipp>
#include <cwsandbox/impl/json_read.ipp>
#include <cwsandbox/impl/json_text.ipp>
#include <cwsandbox/impl/json_write.ipp>
#include <cwsandbox/impl/value_codec.ipp>

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SRC_HTTP_HPP
#define CWSANDBOX_SRC_HTTP_HPP

/// \file
/// What `src.hpp` is for the core, for the HTTP transport: to be included in one source file, that of `src.hpp` or
/// another. It instantiates the session layer for the transport too; with
/// `CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::http_transport);` the other files need not. It has parts in common with
/// `src_grpc.hpp`: a program with both transports includes both in the same file.

#include <cwsandbox/config.hpp>

#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
#error \
    "cwsandbox/src_http.hpp is for CWSANDBOX_SEPARATE_COMPILATION: define it for the whole program"
#endif

#include <cwsandbox/cwsandbox.hpp>
#include <cwsandbox/transport/http.hpp>

#include <cwsandbox/impl/http/answer.ipp>
#include <cwsandbox/impl/http/call.ipp>
#include <cwsandbox/impl/http/pool.ipp>
#include <cwsandbox/impl/http/proxy.ipp>
#include <cwsandbox/impl/http/transport.ipp>
#include <cwsandbox/impl/http_rule.ipp>
#include <cwsandbox/impl/json_read.ipp>
#include <cwsandbox/impl/json_status.ipp>
#include <cwsandbox/impl/json_text.ipp>
#include <cwsandbox/impl/json_write.ipp>
#include <cwsandbox/impl/net/h1.ipp>
#include <cwsandbox/impl/net/service.ipp>
#include <cwsandbox/impl/net/stream.ipp>
#include <cwsandbox/impl/net/tls.ipp>

CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::http_transport);

#endif

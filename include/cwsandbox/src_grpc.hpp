// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SRC_GRPC_HPP
#define CWSANDBOX_SRC_GRPC_HPP

/// \file
/// What `src.hpp` is for the core, for the gRPC transport: to be included in one source file, that of `src.hpp` or another.
/// It instantiates the session layer for the transport too; with
/// `CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::grpc_transport);` the other files need not.

#include <cwsandbox/config.hpp>

#if !defined(CWSANDBOX_SEPARATE_COMPILATION)
#error \
    "cwsandbox/src_grpc.hpp is for CWSANDBOX_SEPARATE_COMPILATION: define it for the whole program"
#endif

#include <cwsandbox/cwsandbox.hpp>
#include <cwsandbox/transport/grpc.hpp>

#include <cwsandbox/impl/grpc/call.ipp>
#include <cwsandbox/impl/grpc/channel.ipp>
#include <cwsandbox/impl/grpc/protocol.ipp>
#include <cwsandbox/impl/grpc/transport.ipp>
#include <cwsandbox/impl/net/h2.ipp>
#include <cwsandbox/impl/net/service.ipp>
#include <cwsandbox/impl/net/stream.ipp>
#include <cwsandbox/impl/net/tls.ipp>
#include <cwsandbox/impl/protobuf.ipp>
#include <cwsandbox/impl/status_details.ipp>

CWSANDBOX_INSTANTIATE_TEMPLATES(cwsandbox::grpc_transport);

#endif

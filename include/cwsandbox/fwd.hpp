// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_FWD_HPP
#define CWSANDBOX_FWD_HPP

/// \file
/// Names only, for headers that mention the library's types and should stay cheap to include.

namespace cwsandbox::inline v1 {

class error;
template <class T>
class outcome;
template <class R>
class operation;
class process;
class stream_reader;
class stream_writer;
class terminal;
struct ProcessResult;
struct TerminalResult;

template <class T>
class basic_sandbox;
template <class T>
class basic_session;

class grpc_transport;
class http_transport;
class local_transport;
class mock_transport;

using grpc_sandbox = basic_sandbox<grpc_transport>;
using grpc_session = basic_session<grpc_transport>;
using http_sandbox = basic_sandbox<http_transport>;
using http_session = basic_session<http_transport>;
using local_sandbox = basic_sandbox<local_transport>;
using local_session = basic_session<local_transport>;
using mock_sandbox = basic_sandbox<mock_transport>;
using mock_session = basic_session<mock_transport>;

}  // namespace cwsandbox::inline v1

#endif

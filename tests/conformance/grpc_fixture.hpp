// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_GRPC_FIXTURE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_GRPC_FIXTURE_HPP

#include <cwsandbox/instantiate.hpp>
#include <cwsandbox/transport/grpc.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>

#include "conformance/case.hpp"
#include "conformance/processes.hpp"
#include "support/server.hpp"

CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::grpc_transport);  // instantiated in grpc_fixture.cpp

namespace conformance {

/// The development server in a process of its own, which serves the embedded engine with the official gRPC stack. With
/// CWSANDBOX_CONFORMANCE_TLS in the environment it speaks TLS and asks for a token.
struct grpc_fixture {
  using transport = cw::grpc_transport;
  static constexpr char const* name = "grpc";
  static constexpr feature provides =
      feature::exec_stream | feature::log_stream | feature::processes | feature::isolation |
      feature::terminal | feature::no_host_name_egress | feature::no_snapshots;
  static constexpr std::size_t max_file_bytes = 33554432;

  transport make() { return transport_; }
  std::string leftovers(std::string const& tag) { return leftover_processes(tag); }

 private:
  static cw::grpc_options options(test::server const& server) {
    cw::grpc_options result{};
    result.base_url = server.url();
    result.ca_file = server.ca_file();
    result.api_key = server.token();
    return result;
  }

  test::server server_{std::getenv("CWSANDBOX_CONFORMANCE_TLS") != nullptr
                           ? test::server_security::tls_and_token
                           : test::server_security::none};
  transport transport_{options(server_)};
};

}  // namespace conformance

#endif

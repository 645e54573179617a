// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_LOCAL_FIXTURE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_LOCAL_FIXTURE_HPP

#include <cwsandbox/transport/local.hpp>

#include <cstddef>
#include <string>

#include "conformance/case.hpp"
#include "conformance/processes.hpp"

namespace conformance {

/// The embedded engine: real processes in namespaces of their own.
struct local_fixture {
  using transport = cw::local_transport;
  static constexpr char const* name = "local";
  static constexpr feature provides =
      feature::exec_stream | feature::log_stream | feature::processes | feature::isolation |
      feature::terminal | feature::no_host_name_egress | feature::no_snapshots;
  /// What a unary file call takes, in bytes.
  static constexpr std::size_t max_file_bytes = 33554432;

  transport make() { return engine_; }

  std::string leftovers(std::string const& tag) { return leftover_processes(tag); }

 private:
  transport engine_;
};

}  // namespace conformance

#endif

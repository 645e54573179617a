// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_FIXTURES_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_FIXTURES_HPP

/// \file
/// The transports that every case of this directory is run on.
///
/// To add one, write a fixture and add it to the list below; nothing else changes. A fixture is a default
/// constructible class, of which the program makes one, with
///
/// - `using transport`: the transport's class;
/// - `static constexpr char const* name`: shown in messages;
/// - `static constexpr feature provides`: what cases may need (see `feature`); whatever is left out is counted and
///   printed as not applicable, with the reason;
/// - `static constexpr std::size_t max_file_bytes`: the largest file that the unary calls of the service take;
/// - `transport make()`: a handle that is ready for calls, to a service that the fixture has started if need be;
/// - `std::string leftovers(std::string const& tag)`: what is left of the sandboxes with this tag beside their
///   records, e.g. processes, in words; empty when there is nothing.

#include "conformance/case.hpp"
#include "conformance/local_fixture.hpp"
#include "conformance/mock_fixture.hpp"
#if defined(CWSANDBOX_SERVER)
#include "conformance/grpc_fixture.hpp"
#endif
#if defined(CWSANDBOX_TEST_REST)
#include "conformance/http_fixture.hpp"
#endif

// Macros, so that the names of the tests name the fixture.
#if defined(CWSANDBOX_SERVER)
#define CONFORMANCE_GRPC_FIXTURE , ::conformance::grpc_fixture
#else
#define CONFORMANCE_GRPC_FIXTURE
#endif
#if defined(CWSANDBOX_TEST_REST)
#define CONFORMANCE_HTTP_FIXTURE , ::conformance::http_fixture
#else
#define CONFORMANCE_HTTP_FIXTURE
#endif
#define CONFORMANCE_FIXTURES                               \
  ::conformance::mock_fixture, ::conformance::local_fixture \
  CONFORMANCE_GRPC_FIXTURE CONFORMANCE_HTTP_FIXTURE

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_HTTP_FIXTURE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_HTTP_FIXTURE_HPP

#include <cwsandbox/instantiate.hpp>
#include <cwsandbox/transport/http.hpp>

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "conformance/case.hpp"
#include "conformance/processes.hpp"
#include "support/server.hpp"

CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::http_transport);  // instantiated in http_fixture.cpp

namespace conformance {

/// The REST bindings of the development server. CWSANDBOX_CONFORMANCE_TLS in the environment: with TLS and a token.
/// CWSANDBOX_CONFORMANCE_VIA: what is in between, `nginx` (a reverse proxy) or `tinyproxy` (a forward proxy).
struct http_fixture {
  using transport = cw::http_transport;
  static constexpr char const* name = "http";
  static constexpr feature provides = feature::processes | feature::isolation |
                                      feature::no_host_name_egress | feature::no_snapshots;
  static constexpr std::size_t max_file_bytes = 33554432;

  transport make() { return transport_; }
  std::string leftovers(std::string const& tag) { return leftover_processes(tag); }

 private:
  static std::string_view via() {
    char const* const between = std::getenv("CWSANDBOX_CONFORMANCE_VIA");
    return between != nullptr ? between : "";
  }
  cw::http_options options() {
    cw::http_options result{};
    result.base_url = server_.rest_url();
    result.ca_file = server_.ca_file();
    result.api_key = server_.token();
    result.proxy = "none";
    if (via() == "nginx") {
      between_.emplace(std::vector<std::string>{CWSANDBOX_TEST_SUPPORT "/nginx.sh", result.base_url});
      result.base_url = between_->url();
    } else if (via() == "tinyproxy") {
      between_.emplace(std::vector<std::string>{CWSANDBOX_TEST_SUPPORT "/tinyproxy.sh"});
      result.proxy = between_->url();
    }
    return result;
  }

  test::server server_{std::getenv("CWSANDBOX_CONFORMANCE_TLS") != nullptr
                           ? test::server_security::tls_and_token
                           : test::server_security::none,
                       {"--http-port", "0"}};
  std::optional<test::peer> between_{};
  transport transport_{options()};
};

}  // namespace conformance

#endif

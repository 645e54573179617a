// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_SERVER_HPP
#define CWSANDBOX_TESTS_SUPPORT_SERVER_HPP

// The development server as a peer. CWSANDBOX_SERVER names the program, CWSANDBOX_CERTIFICATES the directory that
// make_certificates.sh has filled; both are compile definitions.

#include <string>
#include <vector>

#include "support/peer.hpp"

namespace test {

enum class server_security { none, tls_and_token };

class server {
 public:
  explicit server(server_security security = server_security::none,
                  std::vector<std::string> const& more = {})
      : secure_{security == server_security::tls_and_token}, peer_{words(secure_, more)} {}

  [[nodiscard]] std::string url() const { return peer_.url(); }
  // The URL of the REST bindings; needs `--http-port`.
  [[nodiscard]] std::string rest_url() const { return peer_.word("rest"); }
  [[nodiscard]] std::string ca_file() const { return secure_ ? certificate("ca.pem") : ""; }
  [[nodiscard]] std::string token() const { return secure_ ? "a-token-for-tests" : ""; }
  [[nodiscard]] peer& process() noexcept { return peer_; }

  [[nodiscard]] static std::string certificate(std::string const& name) {
    return CWSANDBOX_CERTIFICATES "/" + name;
  }

 private:
  static std::vector<std::string> words(bool secure, std::vector<std::string> const& more) {
    std::vector<std::string> all{CWSANDBOX_SERVER, "--port", "0"};
    if (secure) {
      all.insert(all.end(), {"--tls-cert", certificate("server.pem"), "--tls-key",
                             certificate("server.key"), "--token", "a-token-for-tests"});
    }
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  bool secure_;
  peer peer_;
};

}  // namespace test

#endif

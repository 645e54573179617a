// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_OPTIONS_HPP
#define CWSANDBOX_EXAMPLES_SERVER_OPTIONS_HPP

#include <cwsandbox/transport/local/options.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace server {

/// What the command line asks for.
struct options {
  std::string host{"127.0.0.1"};
  /// 0: any free port.
  std::uint16_t port{};
  /// The same for REST; nothing when it is not wanted.
  std::optional<std::uint16_t> http_port{};
  /// PEM files; both or none.
  std::string tls_cert{};
  std::string tls_key{};
  /// Empty: everybody who can connect may do everything.
  std::string token{};
  /// Calls in flight on one connection; 0 for no limit.
  int max_streams{};
  /// How long calls may go on after the first signal.
  std::chrono::seconds drain{5};
  cwsandbox::local_options engine{};
};

/// The program has nothing to serve: it was asked something, or called wrongly.
struct early_exit {
  int status{};
  /// For stdout with status 0, else for stderr.
  std::string text{};
};

/// `token_variable` is the value of CWSANDBOX_SERVER_TOKEN, or empty.
[[nodiscard]] std::variant<options, early_exit> parse_command_line(int argc,
                                                                   char const* const* argv,
                                                                   std::string_view token_variable);

/// Only this machine can reach it.
[[nodiscard]] bool is_loopback(std::string_view host);

/// A host as URLs spell it.
[[nodiscard]] std::string host_in_url(std::string_view host);

}  // namespace server

#endif

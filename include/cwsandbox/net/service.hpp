// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_SERVICE_HPP
#define CWSANDBOX_NET_SERVICE_HPP

/// \file
/// What the network transports know of the service that they talk to: where it is, who the caller is, and how long to
/// wait when it cannot be reached.

#include <cwsandbox/auth.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/base_url.hpp>
#include <cwsandbox/net/stream.hpp>
#include <cwsandbox/outcome.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::net {

struct service_url {
  endpoint peer{};
  bool secure{true};
  std::string authority{};    ///< the host, and the port unless it is that of the scheme
  std::string path_prefix{};  ///< empty, or with a slash at its beginning and none at its end
};

/// The service that the option names, else the environment variable `CWSANDBOX_BASE_URL`, else the built-in one.
/// (contract: lifecycle 8)
[[nodiscard]] CWSANDBOX_DECL outcome<service_url> find_service(std::string_view option,
                                                               url_paths paths);

/// The `user-agent` header: what the program says, if anything, before the library's own name.
[[nodiscard]] CWSANDBOX_DECL outcome<std::string> make_user_agent(std::string const& option);

/// The headers that say who the caller is, kept until they are looked for again. Not thread-safe.
class credentials {
 public:
  /// Looks for them.
  [[nodiscard]] CWSANDBOX_DECL outcome<void> resolve(std::string_view api_key,
                                                     auth_provider const& own);
  /// The service has refused those of the version `used`: true when there are others by now.
  [[nodiscard]] CWSANDBOX_DECL bool renew(std::string_view api_key, auth_provider const& own,
                                          std::uint64_t used);

  [[nodiscard]] auth_headers const& headers() const noexcept { return headers_; }
  /// Goes up when the headers change.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

  /// Tells `log`, once, that they go to a host other than this one without encryption.
  CWSANDBOX_DECL void warn_about_plaintext(service_url const& service,
                                           std::function<void(std::string_view)> const& log);

 private:
  auth_headers headers_;
  std::uint64_t version_{1};
  bool warned_{};
};

/// Pauses between attempts to connect, which grow as long as the attempts fail. Not thread-safe.
class reconnect_pauses {
 public:
  using clock = std::chrono::steady_clock;

  CWSANDBOX_DECL reconnect_pauses();
  void on_success() noexcept { failures_ = 0; }
  CWSANDBOX_DECL void on_failure();
  /// The last attempt has failed.
  [[nodiscard]] bool is_failing() const noexcept { return failures_ != 0; }
  /// How long the next attempt has to wait from now on; not positive for at once.
  [[nodiscard]] CWSANDBOX_DECL clock::duration left() const;

 private:
  int failures_{};
  clock::time_point next_attempt_{};
  std::minstd_rand random_;
};

}  // namespace cwsandbox::inline v1::detail::net

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/net/service.ipp>
#endif

#endif

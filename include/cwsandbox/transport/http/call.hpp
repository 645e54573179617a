// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_CALL_HPP
#define CWSANDBOX_TRANSPORT_HTTP_CALL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/stream.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/methods.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cwsandbox::inline v1::detail::http {

/// What a call sends.
struct request {
  wire::http_verb verb{};
  std::string target{};  ///< as in the request line
  std::optional<std::string> body{};

  /// Sending it twice is the same as sending it once: RFC 9110, 9.2.2.
  [[nodiscard]] bool is_idempotent() const noexcept {
    return verb == wire::http_verb::get || verb == wire::http_verb::delete_;
  }
};

/// One request and the wait for its answer.
///
/// The members for the caller may be used from any thread, those for the pool on its strand only.
class call : public std::enable_shared_from_this<call> {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  CWSANDBOX_DECL call(asio::any_io_executor strand, std::shared_ptr<request const> what,
                      std::optional<time_point> deadline);

  // For the caller.

  /// The body of the answer.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::string>> answer();
  /// Ends the call, and closes the connection that it is on.
  CWSANDBOX_DECL void cancel() noexcept;
  [[nodiscard]] CWSANDBOX_DECL bool has_ended() const;

  // For the pool; the first two for the caller too, after the end.

  /// The version of the credentials that it was sent with; 0 when it was not sent.
  std::uint64_t credentials{};
  /// It was the proxy that refused it.
  bool proxy_refused{};
  /// It was sent once more because an idle connection turned out to be dead.
  bool resent{};
  /// What it is on.
  std::shared_ptr<net::stream> io{};

  [[nodiscard]] request const& what() const noexcept { return *what_; }
  /// Starts the clock of the deadline.
  CWSANDBOX_DECL void watch_deadline();
  /// Gives the answer; the first one counts.
  CWSANDBOX_DECL void finish(outcome<std::string> answer);

 private:
  CWSANDBOX_DECL void abort(error why);

  asio::any_io_executor const strand_;
  std::shared_ptr<request const> const what_;
  std::optional<time_point> const deadline_;
  std::optional<asio::steady_timer> timer_;  // on the strand only

  mutable std::mutex mutex_;
  // Guarded by it.
  std::optional<outcome<std::string>> answer_;
  std::shared_ptr<first_event> event_{std::make_shared<first_event>()};
};

}  // namespace cwsandbox::inline v1::detail::http

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http/call.ipp>
#endif

#endif

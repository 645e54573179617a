// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_HTTP_POOL_HPP
#define CWSANDBOX_TRANSPORT_HTTP_POOL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/h1.hpp>
#include <cwsandbox/net/service.hpp>
#include <cwsandbox/net/stream.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/http/call.hpp>
#include <cwsandbox/transport/http/options.hpp>
#include <cwsandbox/transport/http/proxy.hpp>
#include <cwsandbox/wire/http_rule.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cwsandbox::inline v1::detail::http {

/// A connection that carries one call after another.
struct connection {
  connection(std::shared_ptr<net::stream> opened, asio::any_io_executor const& strand)
      : io{std::move(opened)}, timer{strand} {}

  std::shared_ptr<net::stream> io;
  asio::steady_timer timer;     ///< for the idle time
  std::uint64_t idle_round{};   ///< how often it became idle, or was taken up again
  bool used{};                  ///< it has carried a call
  std::array<char, std::size_t{32} << 10> buffer{};
};

/// The connections to one service, and the calls that wait for one.
///
/// The public members may be called from any thread.
class pool : public std::enable_shared_from_this<pool> {
 public:
  CWSANDBOX_DECL pool(http_options options, asio::any_io_executor executor);
  pool(pool const&) = delete;
  pool& operator=(pool const&) = delete;
  CWSANDBOX_DECL ~pool();

  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }
  [[nodiscard]] std::size_t max_message_bytes() const noexcept {
    return options_.max_message_bytes;
  }

  /// Makes one call and waits for the body of its answer, which is JSON.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::string>> unary(
      wire::http_request_parts parts, call_options options);

 private:
  using clock = std::chrono::steady_clock;
  struct outgoing;

  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<call> start(
      std::shared_ptr<request const> what, std::optional<clock::time_point> deadline);
  CWSANDBOX_DECL void place(std::shared_ptr<call> const& made);
  CWSANDBOX_DECL void serve();
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<call> next_waiting();

  CWSANDBOX_DECL void begin_idle(std::shared_ptr<connection> const& kept);
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<connection> end_idle();
  CWSANDBOX_DECL void drop_idle(std::shared_ptr<connection> const& kept, std::uint64_t round);

  CWSANDBOX_DECL void connect();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<void> connecting();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<net::stream>>>
  connect_once();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> open_tunnel(
      std::shared_ptr<net::stream> io);

  CWSANDBOX_DECL void carry(std::shared_ptr<connection> const& by,
                            std::shared_ptr<call> const& made);
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<void> exchange(std::shared_ptr<connection> by,
                                                              std::shared_ptr<call> made);
  [[nodiscard]] CWSANDBOX_DECL outcome<std::string> head_of(request const& what) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<std::string> answer_of(
      net::h1_response_parser const& response, asio::error_code broken, std::string body,
      call& made) const;
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<bool> renew_credentials(std::uint64_t used);
  [[nodiscard]] net::endpoint const& next_hop() const noexcept {
    return proxy_ ? proxy_->peer : service_.peer;
  }

  http_options const options_;
  asio::any_io_executor const executor_;
  asio::any_io_executor const strand_;
  std::optional<error> broken_;  ///< what is wrong with the options
  net::service_url service_;
  std::optional<proxy_settings> proxy_;
  std::string user_agent_;
  std::shared_ptr<asio::ssl::context> tls_;

  // On the strand only.
  std::vector<std::shared_ptr<connection>> idle_;  ///< the one used last at the end
  std::size_t busy_{};
  std::size_t connecting_{};
  std::deque<std::weak_ptr<call>> waiting_;
  std::size_t forget_at_{64};  ///< with so many waiting, those that ended meanwhile are looked for
  net::reconnect_pauses pauses_;
  net::credentials credentials_;
};

}  // namespace cwsandbox::inline v1::detail::http

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/http/pool.ipp>
#endif

#endif

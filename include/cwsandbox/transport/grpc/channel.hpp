// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_GRPC_CHANNEL_HPP
#define CWSANDBOX_TRANSPORT_GRPC_CHANNEL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/h2.hpp>
#include <cwsandbox/net/service.hpp>
#include <cwsandbox/net/stream.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/grpc/call.hpp>
#include <cwsandbox/transport/grpc/options.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cwsandbox::inline v1::detail::grpc {

/// What is called. Views of static storage.
struct method {
  std::string_view path{};
  std::span<std::uint32_t const> content{};  ///< see `call_settings`
};

/// The way to one service: opens connections when calls need them, and gives each call its place on one.
///
/// The public members may be called from any thread.
class channel : public std::enable_shared_from_this<channel> {
 public:
  CWSANDBOX_DECL channel(grpc_options options, asio::any_io_executor executor);
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;
  CWSANDBOX_DECL ~channel();

  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }
  [[nodiscard]] std::size_t max_message_bytes() const noexcept {
    return options_.max_message_bytes;
  }

  /// Makes one call with one message and waits for its one answer.
  ///
  /// \param message with its prefix
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<incoming>> unary(method to,
                                                                        std::string message,
                                                                        call_options options);
  /// Opens a streaming call whose first message this is, and waits until it is on a connection.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<call>>> open_stream(
      method to, std::string message, call_options options, bool one_message);

 private:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<call> start(method const& to, std::string message,
                                            call_options options, bool streaming,
                                            bool one_message);
  CWSANDBOX_DECL void place(std::shared_ptr<call> const& made);
  [[nodiscard]] CWSANDBOX_DECL bool try_place(std::shared_ptr<call> const& made, bool at_once);
  CWSANDBOX_DECL void queue(std::shared_ptr<call> const& made);
  CWSANDBOX_DECL void serve();
  CWSANDBOX_DECL void on_change();
  CWSANDBOX_DECL void connect();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<void> connecting();
  /// False when there was a connection for a moment, and nothing speaks against another.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<bool>> connect_once();
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<bool> renew_credentials(std::uint64_t used);

  grpc_options const options_;
  asio::any_io_executor const executor_;
  asio::any_io_executor const strand_;
  std::optional<error> broken_;  ///< what is wrong with the options
  net::service_url service_;
  std::string user_agent_;
  std::shared_ptr<asio::ssl::context> tls_;

  // On the strand only.
  std::vector<std::shared_ptr<net::h2_connection>> connections_;
  // Calls that wait for a place: those that end by themselves go first.
  std::deque<std::weak_ptr<call>> waiting_unary_;
  std::deque<std::weak_ptr<call>> waiting_streams_;
  bool connecting_{};
  net::reconnect_pauses pauses_;
  net::credentials credentials_;
};

}  // namespace cwsandbox::inline v1::detail::grpc

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/grpc/channel.ipp>
#endif

#endif

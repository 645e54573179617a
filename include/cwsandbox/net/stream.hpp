// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_STREAM_HPP
#define CWSANDBOX_NET_STREAM_HPP

/// \file
/// A connected TCP stream, with or without TLS, and how it is opened.

#include <cwsandbox/config.hpp>
#include <cwsandbox/net/tls.hpp>
#include <cwsandbox/outcome.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail::net {

/// Where to connect.
struct endpoint {
  std::string host{};  ///< a name or an address; IPv6 without brackets
  std::uint16_t port{};

  /// As in messages and URLs: IPv6 addresses in brackets.
  [[nodiscard]] CWSANDBOX_DECL std::string text() const;
};

/// Bytes in both directions. Not thread-safe: all members are used on the executor, which is a strand.
class stream {
 public:
  explicit stream(asio::any_io_executor const& executor) : socket_{executor} {}

  template <class Buffers, class Token>
  auto async_read_some(Buffers const& buffers, Token&& token) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Token>(token))
                : socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(Buffers const& buffers, Token&& token) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Token>(token))
                : socket_.async_write_some(buffers, std::forward<Token>(token));
  }
  using executor_type = asio::ip::tcp::socket::executor_type;
  [[nodiscard]] executor_type get_executor() noexcept { return socket_.get_executor(); }

  /// What can be read or written without waiting; 0 when nothing can, and when only a waiting operation would tell why.
  /// For a connection on which nothing else is being read, or written.
  [[nodiscard]] CWSANDBOX_DECL std::size_t read_now(char* to, std::size_t size) noexcept;
  [[nodiscard]] CWSANDBOX_DECL std::size_t write_now(std::string_view bytes) noexcept;

  /// At once; what is being read or written fails.
  CWSANDBOX_DECL void close() noexcept;
  [[nodiscard]] asio::ip::tcp::socket& socket() noexcept { return socket_; }

  /// True when the peer has neither closed the connection nor sent anything that was not read. For a connection on which
  /// nothing is being read or written.
  [[nodiscard]] CWSANDBOX_DECL bool is_quiet() noexcept;

  /// The TLS handshake over the connected socket. The host is checked against the certificate.
  ///
  /// \param protocol what the peer must choose by ALPN; empty for no demand
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> handshake(
      std::shared_ptr<asio::ssl::context> context, tls_settings settings, endpoint peer,
      std::string protocol);

 private:
  asio::ip::tcp::socket socket_;
  std::shared_ptr<asio::ssl::context> context_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
};

struct dial_options {
  endpoint peer{};
  std::shared_ptr<asio::ssl::context> tls{};  ///< null for plaintext
  tls_settings settings{};
  std::string protocol{};
  std::chrono::nanoseconds timeout{std::chrono::seconds{20}};
};

/// Resolves, connects and shakes hands, within the time. To be awaited on the executor, a strand. Errors are UNAVAILABLE
/// and say which step failed.
[[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<stream>>> dial(
    asio::any_io_executor executor, dial_options options);

}  // namespace cwsandbox::inline v1::detail::net

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/net/stream.ipp>
#endif

#endif

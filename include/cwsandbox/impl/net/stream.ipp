// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_NET_STREAM_IPP
#define CWSANDBOX_IMPL_NET_STREAM_IPP

#include <cwsandbox/net/stream.hpp>

#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <vector>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1::detail::net {

CWSANDBOX_DECL std::string endpoint::text() const {
  bool const bracketed = host.find(':') != std::string::npos;
  return (bracketed ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

CWSANDBOX_DECL void stream::close() noexcept {
  asio::error_code ignored;
  socket_.close(ignored);
}

// With TLS the records are asio's to take apart.
CWSANDBOX_DECL std::size_t stream::read_now(char* to, std::size_t size) noexcept {
  if (tls_) return 0;
  auto const got = ::recv(socket_.native_handle(), to, size, MSG_DONTWAIT);
  return got < 0 ? 0 : static_cast<std::size_t>(got);
}

CWSANDBOX_DECL std::size_t stream::write_now(std::string_view bytes) noexcept {
  if (tls_) return 0;
  auto const sent =
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

CWSANDBOX_DECL bool stream::is_quiet() noexcept {
  if (!socket_.is_open()) return false;
  if (tls_) {
    // asio hands all that it has received to OpenSSL before it waits for more, so it is in one of these places.
    auto* const native = tls_->native_handle();
    if (SSL_has_pending(native) != 0 || BIO_ctrl_pending(SSL_get_rbio(native)) != 0) return false;
  }
  char byte = 0;
  auto const size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> stream::handshake(
    std::shared_ptr<asio::ssl::context> context, tls_settings settings, endpoint peer,
    std::string protocol) {
  context_ = std::move(context);
  tls_.emplace(socket_, *context_);
  auto* const native = tls_->native_handle();
  auto const& name = settings.server_name.empty() ? peer.host : settings.server_name;
  asio::error_code not_address;
  (void)asio::ip::make_address(name, not_address);
  if (not_address) {
    SSL_set_tlsext_host_name(native, name.c_str());
    SSL_set1_host(native, name.c_str());
  } else {
    // RFC 6066: addresses are not sent as server names
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(native), name.c_str());
  }
  asio::error_code failed;
  co_await tls_->async_handshake(asio::ssl::stream_base::client,
                                 asio::redirect_error(asio::use_awaitable, failed));
  if (failed) {
    auto why = failed.message();
    long const verdict = SSL_get_verify_result(native);
    if (settings.verification == tls_verification::full) {
      if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
        why = "the certificate is not for '" + name + "'";
      else if (verdict != X509_V_OK)
        why = std::string{"the certificate is refused: "} + X509_verify_cert_error_string(verdict);
    }
    co_return rpc_error(status_code::unavailable,
                        "TLS handshake with " + peer.text() + " failed: " + why);
  }
  if (!protocol.empty()) {
    unsigned char const* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(native, &chosen, &size);
    if (std::string_view{reinterpret_cast<char const*>(chosen), size} != protocol)
      co_return rpc_error(status_code::unavailable,
                          peer.text() + " does not offer " +
                              (protocol == "h2" ? "HTTP/2" : protocol) +
                              " over TLS (ALPN); is it a gRPC endpoint?");
  }
  co_return outcome<void>{};
}

namespace steps {

/// Notices a peer that is gone without a word: probes when idle, gives up on what nobody acknowledges.
inline void tune(asio::ip::tcp::socket& socket) {
  asio::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
  int const handle = socket.native_handle();
  auto const set = [handle](int level, int name, int value) {
    (void)::setsockopt(handle, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 45);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 90'000);
}

inline asio::awaitable<outcome<void>> connect(stream& made, endpoint peer,
                                              asio::ip::tcp::resolver& resolver) {
  asio::error_code failed;
  std::vector<asio::ip::tcp::endpoint> addresses;
  auto const address = asio::ip::make_address(peer.host, failed);
  if (!failed) {
    addresses.emplace_back(address, peer.port);
  } else {
    failed = {};
    auto const service = std::to_string(peer.port);
    auto const found = co_await resolver.async_resolve(
        peer.host, service, asio::ip::tcp::resolver::numeric_service,
        asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
      co_return rpc_error(status_code::unavailable,
                          "cannot resolve '" + peer.host + "': " + failed.message());
    for (auto const& entry : found) addresses.push_back(entry.endpoint());
  }
  co_await asio::async_connect(made.socket(), addresses,
                               asio::redirect_error(asio::use_awaitable, failed));
  if (failed)
    co_return rpc_error(status_code::unavailable,
                        "cannot connect to " + peer.text() + ": " + failed.message());
  tune(made.socket());
  co_return outcome<void>{};
}

}  // namespace steps

CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<stream>>> dial(
    asio::any_io_executor executor, dial_options options) {
  auto made = std::make_shared<stream>(executor);
  auto const resolver = std::make_shared<asio::ip::tcp::resolver>(executor);
  auto const expired = std::make_shared<bool>(false);
  asio::steady_timer limit{executor, options.timeout};
  limit.async_wait([expired, made, resolver](asio::error_code const& aborted) {
    if (aborted) return;
    *expired = true;
    resolver->cancel();
    made->close();
  });
  auto done = co_await steps::connect(*made, options.peer, *resolver);
  if (done && options.tls)
    done = co_await made->handshake(options.tls, options.settings, options.peer, options.protocol);
  if (*expired)
    co_return rpc_error(status_code::unavailable,
                        "timed out connecting to " + options.peer.text());
  if (!done) co_return done.error();
  co_return made;
}

}  // namespace cwsandbox::inline v1::detail::net

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "http_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace server {
namespace {

constexpr std::size_t max_head_bytes = 65536;
constexpr std::chrono::seconds handshake_limit{10};
constexpr std::chrono::seconds head_limit{20};
/// Without any byte of a content.
constexpr std::chrono::seconds stall_limit{20};
constexpr std::chrono::minutes content_limit{10};
/// How long, and for how much, a caller is listened to whose request was refused before it was all there.
constexpr std::chrono::seconds linger_limit{2};
constexpr std::size_t linger_bytes = std::size_t{64} << 20;
constexpr int keepalive_idle_seconds = 60;
constexpr int keepalive_interval_seconds = 10;
constexpr int keepalive_probes = 2;

int choose_protocol(SSL*, unsigned char const** out, unsigned char* out_length,
                    unsigned char const* offered, unsigned int offered_length, void*) {
  constexpr std::string_view ours = "\x08http/1.1";
  unsigned char* chosen{};
  auto const found = ::SSL_select_next_proto(
      &chosen, out_length, reinterpret_cast<unsigned char const*>(ours.data()),
      static_cast<unsigned>(ours.size()), offered, offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// The events that came, none after the deadline.
template <std::size_t Size>
bool poll_until(std::array<pollfd, Size>& waited, http_connection::clock::time_point deadline) {
  for (;;) {
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - http_connection::clock::now());
    constexpr std::chrono::milliseconds long_enough{60'000};
    auto const time = std::clamp(left, std::chrono::milliseconds{0}, long_enough);
    int const ready = ::poll(waited.data(), waited.size(), static_cast<int>(time.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (left.count() <= 0) return false;
  }
}

}  // namespace

tls_context make_tls_context(std::string const& certificate_file, std::string const& key_file) {
  tls_context made{::SSL_CTX_new(::TLS_server_method())};
  if (!made) return made;
  auto* const context = made.get();
  ::SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  ::SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (::SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1 ||
      ::SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      ::SSL_CTX_check_private_key(context) != 1) {
    made.reset();
  }
  ::ERR_clear_error();
  return made;
}

http_connection::http_connection(int socket, int closing, int crowded)
    : socket_{socket},
      notified_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      closing_{closing},
      crowded_{crowded} {}

bool http_connection::start(SSL_CTX* tls) {
  int const fd = socket_.get();
  if (!notified_.is_open()) return false;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) return false;
  auto const set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // The command of a caller who vanished without a word ends too.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_seconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_seconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
  if (tls == nullptr) return true;

  session_.reset(::SSL_new(tls));
  if (!session_ || ::SSL_set_fd(session_.get(), fd) != 1) return false;
  auto const deadline = clock::now() + handshake_limit;
  for (;;) {
    ::ERR_clear_error();
    int const result = ::SSL_accept(session_.get());
    if (result == 1) return true;
    if (tls_result(result) == 0 || pending_ == 0 || !wait_until_ready(deadline)) {
      session_.reset();
      return false;
    }
  }
}

bool http_connection::wait_for_request() {
  if (begin_ != end_ || (session_ && ::SSL_has_pending(session_.get()) == 1)) return true;
  std::array waited{pollfd{socket_.get(), POLLIN, 0}, pollfd{closing_, POLLIN, 0},
                    pollfd{crowded_, POLLIN, 0}};
  auto const deadline = clock::now() + idle_limit;
  for (;;) {
    if (!poll_until(waited, deadline)) return false;
    if (waited[0].revents != 0) return true;
    if (waited[1].revents != 0) return false;
    // One of all idle connections takes the token.
    eventfd_t token{};
    if (::eventfd_read(crowded_, &token) == 0) return false;
  }
}

void http_connection::begin_request() {
  in_head_ = true;
  ambiguous_ = false;
  last_in_head_ = '\0';
  head_bytes_ = 0;
  deadline_ = clock::now() + head_limit;
}

void http_connection::begin_content() {
  in_head_ = false;
  deadline_ = clock::now() + content_limit;
}

void http_connection::finish() {
  // Without this the caller could not tell the end from an attack.
  if (session_) ::SSL_shutdown(session_.get());
  ::shutdown(socket_.get(), SHUT_WR);
  if (!leftovers_) return;
  // Closing a socket that has unread bytes would take the answer away from the caller.
  auto const deadline = clock::now() + linger_limit;
  std::size_t dropped = 0;
  std::array waited{pollfd{socket_.get(), POLLIN, 0}};
  while (dropped < linger_bytes && poll_until(waited, deadline)) {
    auto const received = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
    if (received <= 0) return;
    dropped += static_cast<std::size_t>(received);
  }
}

void http_connection::cut() { ::shutdown(socket_.get(), SHUT_RDWR); }

bool http_connection::wait() {
  std::array waited{pollfd{notified_.get(), POLLIN, 0}, pollfd{socket_.get(), POLLRDHUP, 0}};
  while (!poll_until(waited, clock::now() + std::chrono::hours{24})) {
  }
  eventfd_t count{};
  return (waited[0].revents & POLLIN) != 0 && ::eventfd_read(notified_.get(), &count) == 0;
}

void http_connection::wait_patiently() {
  std::array waited{pollfd{notified_.get(), POLLIN, 0}};
  while (!poll_until(waited, clock::now() + std::chrono::hours{24})) {
  }
  eventfd_t count{};
  ::eventfd_read(notified_.get(), &count);
}

void http_connection::notify() { ::eventfd_write(notified_.get(), 1); }

ssize_t http_connection::read(char* to, std::size_t size) {
  if (in_head_ && head_bytes_ >= max_head_bytes) return -1;
  while (begin_ == end_) {
    auto const received = try_receive(buffer_.data(), buffer_.size());
    if (received > 0) {
      begin_ = 0;
      end_ = static_cast<std::size_t>(received);
      break;
    }
    if (received == 0 || pending_ == 0) return received;
    auto const now = clock::now();
    if (now >= deadline_) return -1;
    auto const patience = in_head_ ? deadline_ : std::min(deadline_, now + stall_limit);
    if (!wait_until_ready(patience)) return -1;
  }
  auto const taken = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, taken);
  begin_ += taken;
  if (in_head_) look_at_head({to, taken});
  return static_cast<ssize_t>(taken);
}

void http_connection::look_at_head(std::string_view bytes) {
  head_bytes_ += bytes.size();
  for (char const c : bytes) {
    bool const is_bare = (c == '\n') != (last_in_head_ == '\r');
    bool const is_folded = last_in_head_ == '\n' && (c == ' ' || c == '\t');
    ambiguous_ |= is_bare || is_folded || c == '\0';
    last_in_head_ = c;
  }
}

ssize_t http_connection::write(char const* from, std::size_t size) {
  for (;;) {
    auto const sent = try_send(from, size);
    if (sent > 0) return sent;
    if (sent == 0 || pending_ == 0) return -1;
    if (!wait_until_ready(clock::now() + stall_limit)) return -1;
  }
}

ssize_t http_connection::try_receive(char* to, std::size_t size) {
  if (!session_) return plain_result(::recv(socket_.get(), to, size, 0), POLLIN);
  ::ERR_clear_error();
  return tls_result(::SSL_read(session_.get(), to, static_cast<int>(size)));
}

ssize_t http_connection::try_send(char const* from, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 20;
  size = std::min(size, most);
  if (!session_) return plain_result(::send(socket_.get(), from, size, MSG_NOSIGNAL), POLLOUT);
  ::ERR_clear_error();
  return tls_result(::SSL_write(session_.get(), from, static_cast<int>(size)));
}

ssize_t http_connection::plain_result(ssize_t result, short events) {
  pending_ = result < 0 && (errno == EAGAIN || errno == EINTR) ? events : short{0};
  return result;
}

ssize_t http_connection::tls_result(int result) {
  pending_ = 0;
  if (result > 0) return result;
  switch (::SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      pending_ = POLLIN;
      return -1;
    case SSL_ERROR_WANT_WRITE:
      pending_ = POLLOUT;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    default:
      // The session is broken, and must not be shut down politely.
      ::SSL_set_quiet_shutdown(session_.get(), 1);
      return -1;
  }
}

bool http_connection::wait_until_ready(clock::time_point deadline) {
  std::array waited{pollfd{socket_.get(), pending_, 0}};
  return poll_until(waited, deadline);
}

}  // namespace server

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_HTTP_CONNECTION_HPP
#define CWSANDBOX_EXAMPLES_SERVER_HTTP_CONNECTION_HPP

#include "descriptor.hpp"
#include "http_listener.hpp"

#include <httplib.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace server {

struct tls_context_deleter {
  void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using tls_context = std::unique_ptr<SSL_CTX, tls_context_deleter>;

/// A server's side of TLS; null when the files are no good.
[[nodiscard]] tls_context make_tls_context(std::string const& certificate_file,
                                           std::string const& key_file);

/// One connection as the HTTP library reads and writes it, with what the library does not have: limits for a whole head
/// and a whole content, an end when the program ends, and a look at callers who wait. Used by one thread, but for
/// `cut` and `notify`.
class http_connection final : public httplib::Stream, public http_peer {
 public:
  using clock = std::chrono::steady_clock;

  /// How long a connection may be without a request.
  static constexpr std::chrono::seconds idle_limit{60};

  /// Owns the socket. `closing` becomes readable when no more requests are wanted, `crowded` when somebody needs room.
  http_connection(int socket, int closing, int crowded);

  /// Shakes hands when there is TLS.
  [[nodiscard]] bool start(SSL_CTX* tls);
  /// False when there will be none.
  [[nodiscard]] bool wait_for_request();
  void begin_request();
  void begin_content();
  /// Whether the head has line ends or continued lines that others may read in another way.
  [[nodiscard]] bool head_is_ambiguous() const { return ambiguous_; }
  /// Whether the caller may be sending something that nobody reads.
  void expect_leftovers(bool expected) { leftovers_ = expected; }
  /// Ends the connection so that what was sent arrives.
  void finish();
  /// Ends the connection at once.
  void cut();

  [[nodiscard]] bool wait() override;
  void wait_patiently() override;
  void notify() override;

  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(char const* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  /// The library does not use it, but refuses numbers that are too large for select().
  [[nodiscard]] socket_t socket() const override { return -1; }

 private:
  struct tls_deleter {
    void operator()(SSL* session) const { ::SSL_free(session); }
  };

  void look_at_head(std::string_view bytes);
  /// Tries once: bytes, 0 at the end, or -1 with `pending_` set when the socket is not ready.
  ssize_t try_receive(char* to, std::size_t size);
  ssize_t try_send(char const* from, std::size_t size);
  ssize_t tls_result(int result);
  ssize_t plain_result(ssize_t result, short events);
  /// Waits until the socket is ready for what was pending.
  bool wait_until_ready(clock::time_point deadline);

  descriptor socket_;
  descriptor notified_;
  int closing_;
  int crowded_;
  std::unique_ptr<SSL, tls_deleter> session_{};
  std::array<char, 16384> buffer_{};
  std::size_t begin_{};
  std::size_t end_{};
  short pending_{};
  bool in_head_{};
  bool ambiguous_{};
  char last_in_head_{};
  bool leftovers_{};
  std::size_t head_bytes_{};
  clock::time_point deadline_{};
};

}  // namespace server

#endif

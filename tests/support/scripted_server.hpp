// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_SCRIPTED_SERVER_HPP
#define CWSANDBOX_TESTS_SUPPORT_SCRIPTED_SERVER_HPP

// A TCP server in this process that does exactly what a test says, right or wrong: one blocking function for each
// connection, on a thread of its own.

#include <cwsandbox/config.hpp>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace test {

// One connection, from the server's side.
class scripted_peer {
 public:
  scripted_peer(asio::ip::tcp::socket& socket, std::size_t number)
      : number_{number}, socket_{socket} {}

  // Which connection it is, from 0 on.
  [[nodiscard]] std::size_t number() const noexcept { return number_; }

  bool start_tls(asio::ssl::context& context) {
    tls_.emplace(socket_, context);
    asio::error_code failed;
    tls_->handshake(asio::ssl::stream_base::server, failed);
    return !failed;
  }

  // The next request, head and body; empty when there is none.
  std::string read_request() {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return {};
    end += 4;
    std::size_t length = 0;
    if (auto const at = input_.find("\r\ncontent-length: "); at < end)
      length = std::stoul(input_.substr(at + 18));
    while (input_.size() < end + length)
      if (!more()) return {};
    auto request = input_.substr(0, end + length);
    input_.erase(0, end + length);
    return request;
  }
  void write(std::string_view bytes) {
    asio::error_code ignored;
    if (tls_)
      asio::write(*tls_, asio::buffer(bytes), ignored);
    else
      asio::write(socket_, asio::buffer(bytes), ignored);
  }
  // Until the other side closes; false when it sends something.
  bool wait_for_close() {
    if (!input_.empty()) return false;
    return !more();
  }
  // Reads, and forgets, until the other side closes.
  void drain() {
    while (more()) input_.clear();
  }
  // Ends the connection at once; what was written may be lost.
  void reset() {
    asio::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
  }

 private:
  bool more() {
    std::array<char, 65536> buffer;
    asio::error_code failed;
    auto const size = tls_ ? tls_->read_some(asio::buffer(buffer), failed)
                           : socket_.read_some(asio::buffer(buffer), failed);
    input_.append(buffer.data(), size);
    return size != 0;
  }

  std::size_t number_;
  asio::ip::tcp::socket& socket_;
  std::optional<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
  std::string input_;
};

class scripted_server {
 public:
  using script = std::function<void(scripted_peer&)>;

  explicit scripted_server(script play) : play_{std::move(play)} {
    thread_ = std::thread{[this] { accept(); }};
  }
  // With TLS from the beginning.
  scripted_server(std::string const& certificate, script play)
      : scripted_server{[context = make_context(certificate),
                         play = std::move(play)](scripted_peer& peer) {
          if (peer.start_tls(*context)) play(peer);
        }} {}
  scripted_server(scripted_server const&) = delete;
  scripted_server& operator=(scripted_server const&) = delete;
  ~scripted_server() {
    {
      std::lock_guard lock{mutex_};
      stopping_ = true;
      for (auto const& socket : sockets_)
        if (socket->is_open()) ::shutdown(socket->native_handle(), SHUT_RDWR);
    }
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    for (auto& worker : workers_) worker.join();
  }

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] std::string url() const { return "http://" + authority(); }
  [[nodiscard]] std::string secure_url() const { return "https://" + authority(); }

  // CERTIFICATE.pem with its key, of those that make_certificates.sh has made.
  static std::shared_ptr<asio::ssl::context> make_context(std::string const& certificate) {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    context->use_certificate_chain_file(certificate + ".pem");
    context->use_private_key_file(certificate + ".key", asio::ssl::context::pem);
    return context;
  }

 private:
  void accept() {
    for (std::size_t number = 0;; ++number) {
      auto const socket = std::make_shared<asio::ip::tcp::socket>(io_);
      asio::error_code failed;
      acceptor_.accept(*socket, failed);
      if (failed) return;
      std::lock_guard lock{mutex_};
      if (stopping_) return;
      sockets_.push_back(socket);
      workers_.emplace_back([this, socket, number] {
        scripted_peer peer{*socket, number};
        play_(peer);
        std::lock_guard closing{mutex_};
        asio::error_code ignored;
        socket->close(ignored);
      });
    }
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{
      io_, asio::ip::tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}};
  script play_;
  std::mutex mutex_;
  bool stopping_{};
  std::vector<std::shared_ptr<asio::ip::tcp::socket>> sockets_;
  std::vector<std::thread> workers_;
  std::thread thread_;
};

}  // namespace test

#endif

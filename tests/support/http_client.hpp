// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_HTTP_CLIENT_HPP
#define CWSANDBOX_TESTS_SUPPORT_HTTP_CLIENT_HPP

#include <cwsandbox/transport/http.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scripted_server.hpp"

namespace test {

namespace cw = cwsandbox;

// An HTTP transport whose executor runs only while a test waits for something.
class http_client {
 public:
  explicit http_client(cw::http_options options) {
    transport_.emplace(std::move(options), io_.get_executor());
  }
  explicit http_client(std::string base_url) : http_client{options_for(std::move(base_url))} {}

  static cw::http_options options_for(std::string base_url) {
    cw::http_options options{};
    options.base_url = std::move(base_url);
    options.auth = cw::no_auth();
    options.proxy = "none";
    return options;
  }

  [[nodiscard]] asio::io_context& io() noexcept { return io_; }
  [[nodiscard]] cw::http_transport& transport() noexcept { return *transport_; }

  // A call that was started and may be waited for.
  template <class T>
  struct pending {
    std::optional<cw::outcome<T>> result{};
    asio::cancellation_signal signal{};
  };
  template <class T>
  std::shared_ptr<pending<T>> start(asio::awaitable<cw::outcome<T>> call) {
    auto state = std::make_shared<pending<T>>();
    asio::co_spawn(io_, std::move(call),
                   asio::bind_cancellation_slot(
                       state->signal.slot(), [state](std::exception_ptr e, cw::outcome<T> result) {
                         if (e) std::rethrow_exception(e);
                         state->result = std::move(result);
                       }));
    return state;
  }
  template <class T>
  cw::outcome<T> wait(std::shared_ptr<pending<T>> const& call) {
    while (!call->result) {
      io_.restart();
      io_.run_one();
    }
    return *call->result;
  }
  template <class T>
  cw::outcome<T> run(asio::awaitable<cw::outcome<T>> call) {
    return wait(start(std::move(call)));
  }

  auto get_call(std::string id = "sb-1", cw::call_options options = {}) {
    cw::wire::GetSandboxRequest request{};
    request.sandbox_id = std::move(id);
    return transport_->get_sandbox(std::move(request), options);
  }
  auto post_call(cw::call_options options = {}) {
    return transport_->purge_sandboxes(cw::wire::PurgeSandboxesRequest{}, options);
  }
  cw::outcome<cw::wire::Sandbox> get(std::string id = "sb-1") {
    return run(get_call(std::move(id)));
  }
  cw::outcome<cw::wire::PurgeSandboxesResponse> post() { return run(post_call()); }

  // Drops the transport and runs until it has closed what it had open.
  void drop() {
    transport_.reset();
    io_.restart();
    io_.run();
  }

 private:
  asio::io_context io_;
  std::optional<cw::http_transport> transport_;
};

inline std::string response(std::string_view status, std::string_view body,
                            std::string_view headers = "Content-Type: application/json\r\n") {
  return "HTTP/1.1 " + std::string{status} + "\r\n" + std::string{headers} +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}
inline std::string sandbox(std::string_view id) {
  return response("200 OK", R"({"sandboxId":")" + std::string{id} + R"("})");
}

// What the connections of a server saw, kept for the test's thread.
class notes {
 public:
  void add(std::string text) {
    std::lock_guard lock{mutex_};
    texts_.push_back(std::move(text));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    std::lock_guard lock{mutex_};
    return texts_;
  }
  [[nodiscard]] std::size_t size() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

// Answers each request of a connection with this.
inline scripted_server::script always(std::string answer, notes& seen) {
  return [answer = std::move(answer), &seen](scripted_peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      seen.add(std::to_string(peer.number()) + ": " + request);
      peer.write(answer);
    }
  };
}

}  // namespace test

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_HTTP_LISTENER_HPP
#define CWSANDBOX_EXAMPLES_SERVER_HTTP_LISTENER_HPP

#include "call.hpp"
#include "options.hpp"

#include <cwsandbox/outcome.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace server {

/// A request without its content.
struct http_head {
  std::string method{};
  /// Path and query as they were sent.
  std::string target{};
  /// The host that the caller thinks it talks to, with its port, or empty.
  std::string host{};
  std::vector<std::string> authorization{};
  std::vector<std::string> api_keys{};
  std::size_t content_length{};
  /// Sent by a web page, as only browsers say.
  bool from_web_page{};
};

struct http_answer {
  int status{200};
  /// JSON.
  std::string content{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// Who waits for an answer.
class http_peer {
 public:
  /// Waits for `notify`. False when the caller hangs up before that.
  [[nodiscard]] virtual bool wait() = 0;
  /// Waits for `notify`, whatever the caller does.
  virtual void wait_patiently() = 0;
  /// On any thread, once for each call.
  virtual void notify() = 0;

 protected:
  ~http_peer() = default;
};

/// What a listener serves. Called by many threads at a time.
class http_application {
 public:
  /// Why a request need not be read any further, if so.
  [[nodiscard]] virtual std::optional<http_answer> refuse(http_head const& head) = 0;
  [[nodiscard]] virtual http_answer serve(http_head const& head, std::string content,
                                          http_peer& peer) = 0;
  /// The answer to what is no proper request.
  [[nodiscard]] virtual http_answer explain(int status, std::string message) = 0;

 protected:
  ~http_application() = default;
};

/// HTTP/1.1 on a port: connections, TLS, framing and limits. Each connection has a thread of its own.
class http_listener {
 public:
  /// False when the program was built without an HTTP library.
  static bool const is_available;

  /// Listens on `settings.http_port`. Everything that is given must outlive the listener.
  [[nodiscard]] static cwsandbox::outcome<std::unique_ptr<http_listener>> start(
      options const& settings, call_registry& calls, http_application& application);

  http_listener() = default;
  http_listener(http_listener const&) = delete;
  http_listener& operator=(http_listener const&) = delete;
  /// Cuts off who is still there.
  virtual ~http_listener() = default;

  [[nodiscard]] virtual std::string url() const = 0;
  /// Takes no more connections and requests.
  virtual void drain() = 0;
};

}  // namespace server

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "http_listener.hpp"

#include "http_connection.hpp"

#include <cwsandbox/detail/http_text.hpp>
#include <cwsandbox/error.hpp>

#include <httplib.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_set>

#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

namespace server {
namespace {

/// What gRPC takes, as base64 and with something around it.
constexpr std::size_t max_content_bytes = std::size_t{104857600} / 3 * 4 + 1048576;
/// Connections that are served at a time. More wait; connections without a request give way to them.
constexpr std::size_t max_threads = 256;
constexpr int backlog = 512;

/// A thread for each connection, as long as there are not too many.
class connection_threads final : public httplib::TaskQueue {
 public:
  /// `crowded` gets one for each connection that has to wait.
  explicit connection_threads(int crowded) : crowded_{crowded} {}

  void enqueue(std::function<void()> task) override {
    std::lock_guard const lock{mutex_};
    waiting_.push_back(std::move(task));
    if (idle_ >= waiting_.size()) {
      changed_.notify_one();
    } else if (threads_.size() == max_threads || !add_thread()) {
      ::eventfd_write(crowded_, 1);
    }
  }

  void shutdown() override {
    {
      std::lock_guard const lock{mutex_};
      stopped_ = true;
      changed_.notify_all();
    }
    for (auto& thread : threads_) thread.join();
  }

 private:
  bool add_thread() {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (std::system_error const&) {
      return false;
    }
    return true;
  }

  void work() {
    std::unique_lock lock{mutex_};
    for (;;) {
      ++idle_;
      changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
      --idle_;
      if (waiting_.empty()) return;
      auto const task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  int crowded_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::deque<std::function<void()>> waiting_{};
  std::deque<std::thread> threads_{};
  std::size_t idle_{};
  bool stopped_{};
};

/// Names and values that other programs on the way may understand in another way than this one are refused, so that
/// nobody disagrees about where a request ends (RFC 9112, 6.3).
std::optional<std::pair<int, std::string>> framing_fault(bool is_ambiguous,
                                                         httplib::Headers const& headers) {
  if (is_ambiguous)
    return std::pair{400, std::string{"lines must end with CR LF and not be continued"}};
  for (auto const& [name, value] : headers) {
    if (!name.empty() && !cwsandbox::detail::is_token(name))
      return std::pair{400, std::string{"a header's name is not a token"}};
  }
  if (headers.count("Transfer-Encoding") != 0)
    return std::pair{411, std::string{"send the content with a Content-Length, not in chunks"}};
  for (auto [at, end] = headers.equal_range("Content-Encoding"); at != end; ++at) {
    if (at->second != "gzip" && at->second != "deflate" && at->second != "identity")
      return std::pair{415, std::string{"the content's encoding is not supported"}};
  }
  auto const [first, last] = headers.equal_range("Content-Length");
  if (first == last) return std::nullopt;
  auto const& length = first->second;
  if (std::next(first) != last || length.empty() || length.size() > 18 ||
      length.find_first_not_of("0123456789") != std::string::npos) {
    return std::pair{400, std::string{"Content-Length must be one number"}};
  }
  return std::nullopt;
}

std::vector<std::string> all_values(httplib::Headers const& headers, char const* name) {
  std::vector<std::string> values;
  auto const [first, last] = headers.equal_range(name);
  for (auto at = first; at != last; ++at) values.push_back(at->second);
  return values;
}

http_head head_of(httplib::Request const& request) {
  http_head head;
  head.method = request.method;
  head.target = request.target;
  head.host = request.get_header_value("Host");
  head.authorization = all_values(request.headers, "Authorization");
  head.api_keys = all_values(request.headers, "x-wandb-api-key");
  if (request.has_header("Content-Length"))
    head.content_length = std::stoull(request.get_header_value("Content-Length"));
  auto const site = request.get_header_value("Sec-Fetch-Site");
  head.from_web_page = request.has_header("Origin") || (!site.empty() && site != "none");
  return head;
}

void fill(httplib::Response& response, http_answer const& answer) {
  response.status = answer.status;
  for (auto const& [name, value] : answer.headers) response.set_header(name, value);
  response.set_content(answer.content, "application/json");
}

/// The request that a thread is at.
struct exchange {
  http_connection& connection;
  http_head head{};
  std::optional<http_answer> refusal{};
  /// Its head was good enough to know where the request ends.
  bool is_framed{};
  bool content_is_unread{};
};

thread_local exchange* current = nullptr;

class listener final : public http_listener, private httplib::Server {
 public:
  listener(call_registry& calls, http_application& application)
      : calls_{calls}, application_{application} {
    new_task_queue = [this] { return new connection_threads{crowded_.get()}; };
    // The library's default lets several programs have the same port.
    set_socket_options([](socket_t socket) {
      int const on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    set_keep_alive_timeout(http_connection::idle_limit.count());
    set_keep_alive_max_count(1'000'000);
    set_payload_max_length(max_content_bytes);
    set_pre_routing_handler([this](httplib::Request const&, httplib::Response& response) {
      return answer_without_content(response);
    });
    auto const with_content = [this](httplib::Request const&, httplib::Response& response,
                                     httplib::ContentReader const& reader) {
      answer_with_content(response, reader);
    };
    Post("/", with_content);
    Patch("/", with_content);
    set_expect_100_continue_handler([](httplib::Request const&, httplib::Response& response) {
      if (!current->refusal) return 100;
      fill(response, *current->refusal);
      return response.status;
    });
    set_error_handler(Handler{[this](httplib::Request const&, httplib::Response& response) {
      if (response.body.empty())
        fill(response, application_.explain(response.status, "this is not a proper request"));
    }});
    set_exception_handler(
        [this](httplib::Request const&, httplib::Response& response, std::exception_ptr) {
          fill(response, application_.explain(500, "the server failed"));
        });
  }

  ~listener() override {
    drain();
    {
      std::lock_guard const lock{mutex_};
      cut_ = true;
      for (auto* const each : connections_) each->cut();
    }
    if (thread_.joinable()) thread_.join();
  }

  cwsandbox::outcome<void> begin(options const& settings) {
    if (!settings.tls_cert.empty()) {
      tls_ = make_tls_context(settings.tls_cert, settings.tls_key);
      if (!tls_) {
        return cwsandbox::make_error(cwsandbox::error_kind::generic,
                                     "cannot serve REST with this certificate and key");
      }
    }
    int const wanted = *settings.http_port;
    int const port = wanted == 0                           ? bind_to_any_port(settings.host)
                     : bind_to_port(settings.host, wanted) ? wanted
                                                           : -1;
    auto const host = host_in_url(settings.host);
    if (port < 0 || !closing_.is_open() || !crowded_.is_open()) {
      return cwsandbox::make_error(
          cwsandbox::error_kind::generic,
          "cannot listen for REST on " + host + ":" + std::to_string(wanted));
    }
    ::listen(svr_sock_, backlog);
    url_ = (tls_ ? "https://" : "http://") + host + ":" + std::to_string(port);
    thread_ = std::thread{[this] { listen_after_bind(); }};
    while (!is_running()) std::this_thread::yield();
    return {};
  }

  [[nodiscard]] std::string url() const override { return url_; }

  void drain() override {
    if (is_draining_.exchange(true)) return;
    ::eventfd_write(closing_.get(), 1);
    if (thread_.joinable()) stop();
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    http_connection connection{socket, closing_.get(), crowded_.get()};
    {
      std::lock_guard const lock{mutex_};
      if (cut_) return false;
      connections_.insert(&connection);
    }
    if (connection.start(tls_.get())) {
      while (connection.wait_for_request() && exchange_once(connection)) {
      }
      connection.finish();
    }
    std::lock_guard const lock{mutex_};
    connections_.erase(&connection);
    return true;
  }

  /// Counts as a call until its answer is sent.
  class sending final : public call {
   public:
    explicit sending(call_registry& calls) : calls_{calls} { calls_.add(*this); }
    sending(sending const&) = delete;
    sending& operator=(sending const&) = delete;
    ~sending() { calls_.remove(*this); }
    void drain() override {}
    void stop() override {}

   private:
    call_registry& calls_;
  };

  /// False when there can be no other request on the connection.
  bool exchange_once(http_connection& connection) {
    sending const counted{calls_};
    exchange now{connection};
    current = &now;
    connection.begin_request();
    bool closed = false;
    bool const sent = process_request(connection, is_draining_, closed,
                                      [this](httplib::Request& request) { take_head(request); });
    current = nullptr;
    connection.expect_leftovers(!now.is_framed || now.content_is_unread);
    return sent && !closed && now.is_framed && !now.content_is_unread;
  }

  /// The library calls this between head and content.
  void take_head(httplib::Request& request) {
    auto& now = *current;
    now.connection.begin_content();
    if (auto const fault = framing_fault(now.connection.head_is_ambiguous(), request.headers)) {
      now.refusal = application_.explain(fault->first, fault->second);
    } else {
      now.is_framed = true;
      now.head = head_of(request);
      now.refusal = application_.refuse(now.head);
      if (!now.refusal && now.head.content_length > max_content_bytes) {
        now.refusal = application_.explain(
            413, "the content is larger than " + std::to_string(max_content_bytes) + " bytes");
      }
      now.content_is_unread = now.head.content_length > 0;
    }
    if (now.refusal && (now.content_is_unread || !now.is_framed)) {
      request.headers.erase("Connection");
      request.headers.emplace("Connection", "close");
    }
    // What the library would do by itself with these is not wanted.
    request.path = "/";
    request.ranges.clear();
    for (auto const* const name : {"Range", "Accept-Encoding", "Content-Type"})
      request.headers.erase(name);
  }

  HandlerResponse answer_without_content(httplib::Response& response) {
    auto& now = *current;
    if (!now.refusal && now.head.content_length > 0) return HandlerResponse::Unhandled;
    fill(response, now.refusal ? *now.refusal : application_.serve(now.head, {}, now.connection));
    return HandlerResponse::Handled;
  }

  void answer_with_content(httplib::Response& response, httplib::ContentReader const& reader) {
    auto& now = *current;
    std::string content;
    // Compressed content may be larger than it looks.
    bool fits = true;
    bool const complete = reader([&](char const* data, std::size_t size) {
      fits = content.size() + size <= max_content_bytes;
      if (fits) content.append(data, size);
      return fits;
    });
    if (complete) {
      now.content_is_unread = false;
      fill(response, application_.serve(now.head, std::move(content), now.connection));
    } else if (!fits) {
      fill(response, application_.explain(413, "the content is too large"));
    } else {
      int const status = response.status == 415 ? 415 : 400;
      fill(response, application_.explain(status, "the content cannot be read"));
    }
  }

  call_registry& calls_;
  http_application& application_;
  tls_context tls_{};
  std::string url_{};
  std::thread thread_{};
  /// Readable once the listener drains.
  descriptor closing_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  /// Holds how many connections should make room.
  descriptor crowded_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)};
  std::atomic<bool> is_draining_{};
  std::mutex mutex_{};
  std::unordered_set<http_connection*> connections_{};
  bool cut_{};
};

}  // namespace

bool const http_listener::is_available = true;

cwsandbox::outcome<std::unique_ptr<http_listener>> http_listener::start(
    options const& settings, call_registry& calls, http_application& application) {
  auto made = std::make_unique<listener>(calls, application);
  if (auto begun = made->begin(settings); !begun) return begun.error();
  return std::unique_ptr<http_listener>{std::move(made)};
}

}  // namespace server

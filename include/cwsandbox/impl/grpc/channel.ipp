// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_GRPC_CHANNEL_IPP
#define CWSANDBOX_IMPL_GRPC_CHANNEL_IPP

#include <cwsandbox/transport/grpc/channel.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <utility>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1::detail::grpc {

CWSANDBOX_DECL channel::channel(grpc_options options, asio::any_io_executor executor)
    : options_{std::move(options)},
      executor_{std::move(executor)},
      strand_{asio::make_strand(executor_)} {
  auto service = net::find_service(options_.base_url, url_paths::refused);
  if (!service) {
    broken_ = service.error();
    return;
  }
  service_ = *std::move(service);
  auto user_agent = net::make_user_agent(options_.user_agent);
  if (!user_agent) {
    broken_ = user_agent.error();
    return;
  }
  user_agent_ = *std::move(user_agent);
  if (service_.secure) {
    auto made = net::make_tls_context(net::tls_settings_of(options_), "h2");
    if (made)
      tls_ = *std::move(made);
    else
      broken_ = made.error();
  }
}

CWSANDBOX_DECL channel::~channel() {
  // Nobody can be in the strand with us, but the connections may be: they are told there.
  for (auto const& connection : connections_)
    asio::post(strand_, [connection] {
      connection->shutdown(rpc_error(status_code::cancelled, "the transport was destroyed"));
    });
}

CWSANDBOX_DECL asio::awaitable<outcome<incoming>> channel::unary(method to, std::string message,
                                                                 call_options options) {
  auto const self = shared_from_this();
  auto made = start(to, std::move(message), options, false, true);
  auto answer = co_await made->answer();
  if (answer || answer.error().code() != status_code::unauthenticated) co_return answer;
  // The key may have been replaced since the connection was opened. Only when there is another one, and only once, is
  // the call made again; the service did not act on it.
  auto renewed = renew_credentials(made->credentials());
  auto const changed = co_await asio::co_spawn(strand_, std::move(renewed), asio::use_awaitable);
  if (!changed) co_return answer;
  made = start(to, made->take_message(), options, false, true);
  answer = co_await made->answer();
  co_return answer;
}

CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<call>>> channel::open_stream(
    method to, std::string message, call_options options, bool one_message) {
  auto const self = shared_from_this();
  auto made = start(to, std::move(message), options, true, one_message);
  auto const opened = co_await made->opened();
  if (!opened) co_return opened.error();
  co_return made;
}

CWSANDBOX_DECL asio::awaitable<bool> channel::renew_credentials(std::uint64_t used) {
  co_return credentials_.renew(options_.api_key, options_.auth, used);
}

CWSANDBOX_DECL std::shared_ptr<call> channel::start(method const& to, std::string message,
                                                    call_options options, bool streaming,
                                                    bool one_message) {
  call_settings settings{};
  settings.path = to.path;
  settings.content = to.content;
  settings.max_message_bytes = options_.max_message_bytes;
  settings.streaming = streaming;
  if (options.timeout) {
    auto const now = clock::now();
    settings.deadline =
        *options.timeout < clock::time_point::max() - now ? now + *options.timeout
                                                          : clock::time_point::max();
  }
  auto const size = message.size() - prefix_bytes;
  auto made = std::make_shared<call>(strand_, settings, std::move(message));
  if (one_message && streaming) made->half_close();
  if (broken_) {
    made->fail(*broken_);
  } else if (size > options_.max_message_bytes) {
    made->fail(rpc_error(status_code::resource_exhausted,
                         "Sent message larger than max (" + std::to_string(size) + " vs. " +
                             std::to_string(options_.max_message_bytes) + ")"));
  } else {
    asio::dispatch(strand_, [self = shared_from_this(), made] { self->place(made); });
  }
  return made;
}

CWSANDBOX_DECL void channel::place(std::shared_ptr<call> const& made) {
  if (made->has_ended() || try_place(made, true)) return;
  queue(made);
  serve();
}

CWSANDBOX_DECL void channel::queue(std::shared_ptr<call> const& made) {
  (made->settings().streaming ? waiting_streams_ : waiting_unary_).push_back(made);
}

CWSANDBOX_DECL bool channel::try_place(std::shared_ptr<call> const& made, bool at_once) {
  for (auto const& connection : connections_) {
    if (!connection->has_room()) continue;
    // Streams may last for hours; some places are kept for what must get through, such as a stop.
    auto const limit = connection->stream_limit();
    auto const kept = std::min<std::size_t>(8, limit / 4);
    if (made->settings().streaming && connection->streams() >= limit - kept) continue;

    auto const& settings = made->settings();
    std::string timeout;
    if (settings.deadline) {
      auto const left = *settings.deadline - clock::now();
      if (left <= clock::duration::zero()) {
        made->fail(rpc_error(status_code::deadline_exceeded, "no time was left for the call"));
        return true;
      }
      timeout = timeout_text(left);
    }
    std::array<net::h2_field, 32> fields{};
    std::size_t count = 0;
    auto const add = [&](std::string_view name, std::string_view value, bool unindexed = false) {
      if (count < fields.size()) fields[count++] = {name, value, unindexed};
    };
    add(":method", "POST");
    add(":scheme", service_.secure ? "https" : "http");
    add(":path", settings.path);
    add(":authority", service_.authority);
    add("te", "trailers");
    add("content-type", "application/grpc");
    add("user-agent", user_agent_);
    add("grpc-accept-encoding", "identity");
    if (!timeout.empty()) add("grpc-timeout", timeout, true);
    for (auto const& [name, value] : credentials_.headers()) add(name, value, true);

    auto const id = connection->submit(made, {fields.data(), count});
    if (id == 0) continue;
    made->attach(connection, id, credentials_.version(), [weak = weak_from_this()](std::shared_ptr<call> again) {
      // Not at once: the connection is in the middle of something.
      auto const self = weak.lock();
      if (!self)
        again->fail(rpc_error(status_code::cancelled, "the transport was destroyed"));
      else
        asio::post(self->strand_, [self, again = std::move(again)] { self->place(again); });
    });
    auto const used = connection;  // sending may change the list
    used->send(at_once);
    return true;
  }
  return false;
}

CWSANDBOX_DECL void channel::serve() {
  for (auto* const waiting : {&waiting_unary_, &waiting_streams_}) {
    while (!waiting->empty()) {
      auto const made = waiting->front().lock();
      if (made && !made->has_ended() && !try_place(made, false)) break;
      waiting->pop_front();
    }
  }
  if (waiting_unary_.empty() && waiting_streams_.empty()) return;
  if (!connecting_ && connections_.size() < std::max<std::size_t>(options_.max_connections, 1))
    connect();
}

CWSANDBOX_DECL void channel::on_change() {
  std::erase_if(connections_, [](auto const& connection) { return !connection->is_open(); });
  serve();
}

CWSANDBOX_DECL void channel::connect() {
  connecting_ = true;
  asio::co_spawn(strand_, connecting(), asio::detached);
}

CWSANDBOX_DECL asio::awaitable<void> channel::connecting() {
  auto const self = shared_from_this();
  for (;;) {
    auto const pause = pauses_.left();
    if (pause > clock::duration::zero()) {
      asio::steady_timer timer{strand_, pause};
      asio::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    auto const done = co_await connect_once();
    if (done && *done) {
      pauses_.on_success();
      break;
    }
    pauses_.on_failure();
    if (done) continue;
    // With another connection open they may still be served.
    if (connections_.empty()) {
      for (auto* const waiting : {&waiting_unary_, &waiting_streams_}) {
        for (auto const& weak : std::exchange(*waiting, {}))
          if (auto const made = weak.lock()) made->fail(done.error());
      }
    }
    break;
  }
  connecting_ = false;
  serve();
}

CWSANDBOX_DECL asio::awaitable<outcome<bool>> channel::connect_once() {
  auto const resolved = credentials_.resolve(options_.api_key, options_.auth);
  if (!resolved) co_return resolved.error();
  credentials_.warn_about_plaintext(service_, options_.log);
  net::dial_options options{};
  options.peer = service_.peer;
  options.tls = tls_;
  options.settings = net::tls_settings_of(options_);
  options.protocol = "h2";
  options.timeout = options_.connect_timeout;
  auto const deadline = clock::now() + options_.connect_timeout;
  auto io = co_await net::dial(strand_, std::move(options));
  if (!io) co_return io.error();
  net::h2_options settings{};
  settings.keepalive = options_.keepalive_time;
  settings.keepalive_timeout = options_.keepalive_timeout;
  settings.idle_timeout = options_.idle_timeout;
  auto const greeting = std::make_shared<asio::steady_timer>(strand_, deadline);
  auto connection = std::make_shared<net::h2_connection>(
      *std::move(io), service_.peer, settings, [weak = weak_from_this(), greeting] {
        greeting->cancel();
        if (auto const self = weak.lock()) self->on_change();
      });
  connection->start();
  asio::error_code woken;
  while (!connection->is_greeted() && connection->is_open() && clock::now() < deadline)
    co_await greeting->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  if (!connection->is_greeted() || !connection->is_open()) {
    // It came and went. In peace it may be that a server is just being replaced.
    if (connection->went_in_peace()) co_return false;
    auto why = connection->failure_or("the peer was silent when it should have spoken HTTP/2");
    connection->shutdown(why);
    co_return why;
  }
  connections_.push_back(std::move(connection));
  co_return true;
}

}  // namespace cwsandbox::inline v1::detail::grpc

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

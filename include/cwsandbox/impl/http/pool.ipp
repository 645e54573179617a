// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_HTTP_POOL_IPP
#define CWSANDBOX_IMPL_HTTP_POOL_IPP

#include <cwsandbox/transport/http/pool.hpp>

#include <cwsandbox/transport/http/answer.hpp>
#include <cwsandbox/wire/json.hpp>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <utility>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1::detail::http {

// A body up to this size is written together with the head.
inline constexpr std::size_t joined_bytes = std::size_t{64} << 10;
// As much of a body is made room for before it comes; a peer may announce more than it sends.
inline constexpr std::size_t reserved_bytes = std::size_t{16} << 20;

/// A request on its way. It outlives the exchange when the answer comes first.
struct pool::outgoing {
  std::string head{};
  std::shared_ptr<call> made{};
  bool done{};
  asio::error_code failure{};
  std::size_t written{};
};

/// A caller that is gone wants no answer any more.
class caller {
 public:
  explicit caller(std::shared_ptr<call> made) noexcept : made_{std::move(made)} {}
  caller(caller const&) = delete;
  caller& operator=(caller const&) = delete;
  ~caller() { made_->cancel(); }

 private:
  std::shared_ptr<call> made_;
};

CWSANDBOX_DECL pool::pool(http_options options, asio::any_io_executor executor)
    : options_{std::move(options)},
      executor_{std::move(executor)},
      strand_{asio::make_strand(executor_)} {
  auto service = net::find_service(options_.base_url, url_paths::allowed);
  if (!service) {
    broken_ = service.error();
    return;
  }
  service_ = *std::move(service);
  auto proxy = choose_proxy(options_.proxy, service_);
  if (!proxy) {
    broken_ = proxy.error();
    return;
  }
  proxy_ = *std::move(proxy);
  auto user_agent = net::make_user_agent(options_.user_agent);
  if (!user_agent) {
    broken_ = user_agent.error();
    return;
  }
  user_agent_ = *std::move(user_agent);
  if (service_.secure) {
    auto made = net::make_tls_context(net::tls_settings_of(options_), "http/1.1");
    if (made)
      tls_ = *std::move(made);
    else
      broken_ = made.error();
  }
}

CWSANDBOX_DECL pool::~pool() {
  // Nobody can be in the strand with us, but the watchers of the connections may be: they are told there.
  for (auto const& kept : idle_)
    asio::post(strand_, [kept] {
      kept->timer.cancel();
      kept->io->close();
    });
}

CWSANDBOX_DECL asio::awaitable<outcome<std::string>> pool::unary(wire::http_request_parts parts,
                                                                 call_options options) {
  auto const self = shared_from_this();
  std::optional<clock::time_point> deadline;
  if (options.timeout) {
    auto const now = clock::now();
    deadline = *options.timeout < clock::time_point::max() - now ? now + *options.timeout
                                                                 : clock::time_point::max();
  }
  auto what = std::make_shared<request>();
  what->verb = parts.verb;
  what->target = service_.path_prefix + parts.target;
  what->body = std::move(parts.body);
  auto made = start(what, deadline);
  caller const first{made};
  auto answer = co_await made->answer();
  bool const refused = !answer && answer.error().code() == status_code::unauthenticated &&
                       made->credentials != 0 && !made->proxy_refused;
  if (!refused) co_return answer;
  // The key may have been replaced since. Only when there is another one, and only once, is the call made again; the
  // service did not act on it.
  auto renewed = renew_credentials(made->credentials);
  auto const changed = co_await asio::co_spawn(strand_, std::move(renewed), asio::use_awaitable);
  if (!changed) co_return answer;
  made = start(what, deadline);
  caller const second{made};
  answer = co_await made->answer();
  co_return answer;
}

CWSANDBOX_DECL asio::awaitable<bool> pool::renew_credentials(std::uint64_t used) {
  co_return credentials_.renew(options_.api_key, options_.auth, used);
}

CWSANDBOX_DECL std::shared_ptr<call> pool::start(std::shared_ptr<request const> what,
                                                 std::optional<clock::time_point> deadline) {
  auto const size = what->body ? what->body->size() : 0;
  auto made = std::make_shared<call>(strand_, std::move(what), deadline);
  if (broken_) {
    made->finish(*broken_);
  } else if (size > options_.max_message_bytes) {
    made->finish(rpc_error(status_code::resource_exhausted,
                           "Sent message larger than max (" + std::to_string(size) + " vs. " +
                               std::to_string(options_.max_message_bytes) + ")"));
  } else {
    asio::dispatch(strand_, [self = shared_from_this(), made] {
      made->watch_deadline();
      self->place(made);
    });
  }
  return made;
}

CWSANDBOX_DECL void pool::place(std::shared_ptr<call> const& made) {
  if (made->has_ended()) return;
  // A call that had its turn does not go to the end of the line.
  if (made->resent)
    waiting_.push_front(made);
  else
    waiting_.push_back(made);
  serve();
}

CWSANDBOX_DECL std::shared_ptr<call> pool::next_waiting() {
  while (!waiting_.empty()) {
    auto made = waiting_.front().lock();
    waiting_.pop_front();
    if (made && !made->has_ended()) return made;
  }
  return nullptr;
}

CWSANDBOX_DECL void pool::serve() {
  while (!waiting_.empty()) {
    auto const by = end_idle();
    if (!by) break;
    if (auto const made = next_waiting())
      carry(by, made);
    else
      begin_idle(by);
  }
  auto const most = std::max<std::size_t>(options_.max_connections, 1);
  auto const may_connect = [this, most] {
    return busy_ + idle_.size() + connecting_ < most &&
           connecting_ < (pauses_.is_failing() ? std::min<std::size_t>(1, waiting_.size())
                                               : waiting_.size());
  };
  // Looking at all of them each time would cost time that grows with their square.
  if (!may_connect() && waiting_.size() < forget_at_) return;
  std::erase_if(waiting_, [](auto const& weak) {
    auto const made = weak.lock();
    return !made || made->has_ended();
  });
  forget_at_ = std::max<std::size_t>(64, 2 * waiting_.size());
  while (may_connect()) connect();
}

CWSANDBOX_DECL void pool::begin_idle(std::shared_ptr<connection> const& kept) {
  auto const round = ++kept->idle_round;
  idle_.push_back(kept);
  auto const drop = [weak = weak_from_this(), kept, round](asio::error_code const& stopped) {
    if (stopped) return;
    if (auto const self = weak.lock())
      self->drop_idle(kept, round);
    else
      kept->io->close();
  };
  if (options_.idle_timeout > clock::duration::zero()) {
    kept->timer.expires_after(options_.idle_timeout);
    kept->timer.async_wait(drop);
  }
  // Whatever a service sends now was not asked for; most often it closes the connection.
  kept->io->socket().async_wait(asio::ip::tcp::socket::wait_read, drop);
}

CWSANDBOX_DECL std::shared_ptr<connection> pool::end_idle() {
  while (!idle_.empty()) {
    auto by = std::move(idle_.back());
    idle_.pop_back();
    ++by->idle_round;
    by->timer.cancel();
    asio::error_code ignored;
    by->io->socket().cancel(ignored);
    if (by->io->is_quiet()) return by;
    by->io->close();
  }
  return nullptr;
}

CWSANDBOX_DECL void pool::drop_idle(std::shared_ptr<connection> const& kept, std::uint64_t round) {
  if (kept->idle_round != round) return;
  ++kept->idle_round;
  std::erase(idle_, kept);
  kept->timer.cancel();
  kept->io->close();
  serve();
}

CWSANDBOX_DECL void pool::connect() {
  ++connecting_;
  asio::co_spawn(strand_, connecting(), asio::detached);
}

CWSANDBOX_DECL asio::awaitable<void> pool::connecting() {
  auto const self = shared_from_this();
  auto const pause = pauses_.left();
  if (pause > clock::duration::zero()) {
    asio::steady_timer timer{strand_, pause};
    asio::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  auto opened = co_await connect_once();
  --connecting_;
  if (opened) {
    pauses_.on_success();
    auto const by = std::make_shared<connection>(*std::move(opened), strand_);
    // Straight to a call: what TLS sends after its handshake does not look quiet.
    if (auto const made = next_waiting())
      carry(by, made);
    else
      begin_idle(by);
  } else {
    pauses_.on_failure();
    // With another connection open they may still be served.
    if (busy_ == 0 && idle_.empty())
      for (auto const& weak : std::exchange(waiting_, {}))
        if (auto const made = weak.lock()) made->finish(opened.error());
  }
  serve();
}

CWSANDBOX_DECL asio::awaitable<outcome<std::shared_ptr<net::stream>>> pool::connect_once() {
  auto const resolved = credentials_.resolve(options_.api_key, options_.auth);
  if (!resolved) co_return resolved.error();
  credentials_.warn_about_plaintext(service_, options_.log);
  bool const tunnelled = proxy_ && service_.secure;
  auto const settings = net::tls_settings_of(options_);
  net::dial_options options{};
  options.peer = next_hop();
  if (!tunnelled) options.tls = tls_;
  options.settings = settings;
  options.timeout = options_.connect_timeout;
  auto const deadline = clock::now() + options_.connect_timeout;
  auto opened = co_await net::dial(strand_, std::move(options));
  if (!opened || !tunnelled) co_return opened;

  auto const io = *std::move(opened);
  auto const expired = std::make_shared<bool>(false);
  asio::steady_timer limit{strand_, deadline};
  limit.async_wait([expired, io](asio::error_code const& aborted) {
    if (aborted) return;
    *expired = true;
    io->close();
  });
  auto done = co_await open_tunnel(io);
  if (done) done = co_await io->handshake(tls_, settings, service_.peer, std::string{});
  if (*expired)
    co_return rpc_error(status_code::unavailable,
                        "timed out connecting to " + service_.peer.text() + " through the proxy " +
                            proxy_->peer.text());
  if (!done) co_return done.error();
  co_return io;
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> pool::open_tunnel(std::shared_ptr<net::stream> io) {
  auto const target = service_.peer.text();
  std::vector<net::h1_header> headers{{"host", target}, {"user-agent", user_agent_}};
  if (!proxy_->authorization.empty())
    headers.push_back({"proxy-authorization", proxy_->authorization});
  auto const head = net::write_request_head("CONNECT", target, headers);
  if (!head) co_return head.error();
  std::string const intro = "the proxy " + proxy_->peer.text();
  asio::error_code failed;
  co_await asio::async_write(*io, asio::buffer(*head),
                             asio::redirect_error(asio::use_awaitable, failed));
  net::h1_response_parser response{net::h1_limits{}, net::h1_request::connect};
  std::array<char, 4096> buffer{};
  std::string body;
  bool surplus = false;
  // What comes after the head of a refusal does not matter.
  while (!failed && !response.has_head() && response.fault() == net::h1_fault::none) {
    auto const size = co_await io->async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
    surplus = response.feed({buffer.data(), size}, body) != size;
  }
  if (response.has_head()) {
    auto const status = response.status();
    if (status == 407)
      co_return rpc_error(status_code::unauthenticated, intro + " asks for credentials (HTTP 407)");
    if (status < 200 || status >= 300)
      co_return rpc_error(status_code::unavailable, intro + " does not connect to " + target +
                                                        ": HTTP " + std::to_string(status));
    if (surplus)
      co_return rpc_error(status_code::unavailable, intro + " sent what nobody asked for");
    co_return outcome<void>{};
  }
  if (response.fault() != net::h1_fault::none)
    co_return rpc_error(status_code::unavailable, intro + " cannot be understood: " +
                                                      response.objection());
  co_return rpc_error(status_code::unavailable, intro + " closed the connection: " +
                                                    failed.message());
}

CWSANDBOX_DECL outcome<std::string> pool::head_of(request const& what) const {
  std::vector<net::h1_header> headers;
  headers.reserve(10);
  auto const length = what.body ? std::to_string(what.body->size()) : std::string{};
  headers.push_back({"host", service_.authority});
  headers.push_back({"user-agent", user_agent_});
  headers.push_back({"accept", "application/json"});
  headers.push_back({"accept-encoding", "identity"});
  if (what.body) {
    headers.push_back({"content-type", "application/json"});
    headers.push_back({"content-length", length});
  } else if (!what.is_idempotent()) {
    headers.push_back({"content-length", "0"});
  }
  for (auto const& [name, value] : credentials_.headers()) {
    // These would change where the request ends, or whom it reaches.
    for (std::string_view const own :
         {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade",
          "expect", "content-type", "content-encoding", "accept-encoding", "proxy-authorization"})
      if (name == own)
        return invalid_argument_error("auth header", name,
                                      "an auth header cannot be '" + name +
                                          "': the transport sends that one itself");
    headers.push_back({name, value});
  }
  if (!proxy_ || service_.secure)
    return net::write_request_head(wire::to_string(what.verb), what.target, headers);
  if (!proxy_->authorization.empty())
    headers.push_back({"proxy-authorization", proxy_->authorization});
  // Proxies that end their connections without saying so are common here, and a POST cannot be sent again.
  headers.push_back({"connection", "close"});
  auto const absolute = "http://" + service_.authority + what.target;
  return net::write_request_head(wire::to_string(what.verb), absolute, headers);
}

CWSANDBOX_DECL void pool::carry(std::shared_ptr<connection> const& by,
                                std::shared_ptr<call> const& made) {
  ++busy_;
  made->io = by->io;
  asio::co_spawn(strand_, exchange(by, made), asio::detached);
}

CWSANDBOX_DECL asio::awaitable<void> pool::exchange(std::shared_ptr<connection> by,
                                                    std::shared_ptr<call> made) {
  auto const self = shared_from_this();
  auto const io = by->io;
  bool const reused = std::exchange(by->used, true);
  made->credentials = credentials_.version();
  auto head = head_of(made->what());
  if (!head) {
    // Nothing was sent.
    by->used = reused;
    --busy_;
    made->io = nullptr;
    made->finish(head.error());
    begin_idle(by);
    serve();
    co_return;
  }

  // Both ways at once: an answer may come before the request is out, such as the one that it is too large.
  auto const sending = std::make_shared<outgoing>();
  sending->head = *std::move(head);
  sending->made = made;
  auto const& body = made->what().body;
  bool const joined = body && body->size() <= joined_bytes;
  if (joined) sending->head += *body;
  std::array<asio::const_buffer, 2> buffers{asio::buffer(sending->head), asio::const_buffer{}};
  if (body && !joined) buffers[1] = asio::buffer(*body);
  asio::async_write(*io, buffers, [sending, io](asio::error_code const& failed, std::size_t size) {
    sending->done = true;
    sending->failure = failed;
    sending->written = size;
  });

  net::h1_limits limits{};
  limits.body_bytes = options_.max_message_bytes;
  net::h1_response_parser response{limits};
  std::string answer;
  asio::error_code broken;
  bool surplus = false;
  while (!response.is_complete() && response.fault() == net::h1_fault::none) {
    bool const had_head = response.has_head();
    auto const size = co_await io->async_read_some(
        asio::buffer(by->buffer), asio::redirect_error(asio::use_awaitable, broken));
    if (broken) {
      // TLS that ends without saying so may have been cut by anybody.
      if (broken == asio::error::eof) response.finish();
      break;
    }
    surplus = response.feed({by->buffer.data(), size}, answer) != size;
    if (response.has_head() && !had_head) {
      auto const length = std::min<std::uint64_t>(response.content_length().value_or(0),
                                                  reserved_bytes);
      answer.reserve(static_cast<std::size_t>(length) + wire::json_reader::padding);
    }
  }
  --busy_;
  made->io = nullptr;
  bool const forwarded = proxy_ && !service_.secure;
  bool const keep = response.is_complete() && response.is_persistent() && !forwarded &&
                    sending->done && !sending->failure && !surplus && !made->has_ended() &&
                    io->is_quiet();
  if (keep)
    begin_idle(by);
  else
    io->close();

  bool const unanswered = !response.is_complete() && !response.has_begun();
  bool const unsent = sending->done && sending->failure && sending->written == 0;
  if (unanswered && reused && !made->resent && !made->has_ended() &&
      (made->what().is_idempotent() || unsent)) {
    // The service has closed an idle connection while the request was on its way. RFC 9112, 9.3.1: this may be sent
    // again. The other idle connections are most likely gone as well.
    made->resent = true;
    for (auto const& other : std::exchange(idle_, {})) {
      ++other->idle_round;
      other->timer.cancel();
      other->io->close();
    }
    place(made);
    co_return;
  }
  auto result = answer_of(response, broken, std::move(answer), *made);
  made->finish(std::move(result));
  serve();
}

CWSANDBOX_DECL outcome<std::string> pool::answer_of(net::h1_response_parser const& response,
                                                    asio::error_code broken, std::string body,
                                                    call& made) const {
  auto const peer = next_hop().text();
  switch (response.fault()) {
    case net::h1_fault::none:
      break;
    case net::h1_fault::cut_off:
      return rpc_error(status_code::unavailable, peer + ": " + response.objection());
    case net::h1_fault::body_too_large: {
      auto const length = response.content_length();
      auto const size = length ? std::to_string(*length) + " vs. " : std::string{"more than "};
      return rpc_error(status_code::resource_exhausted,
                       "Received message larger than max (" + size +
                           std::to_string(options_.max_message_bytes) + ")");
    }
    case net::h1_fault::malformed:
    case net::h1_fault::head_too_large:
      return rpc_error(status_code::internal,
                       "the answer of " + peer + " is refused: " + response.objection());
  }
  if (!response.is_complete())
    return rpc_error(status_code::unavailable,
                     "the connection to " + peer + " failed: " + broken.message());
  if (response.status() == 407) {
    made.proxy_refused = true;
    return rpc_error(status_code::unauthenticated,
                     (proxy_ ? "the proxy " + peer : std::string{"a proxy"}) +
                         " asks for credentials (HTTP 407)");
  }
  if (auto failure = error_of(response, body)) return *std::move(failure);
  return body;
}

}  // namespace cwsandbox::inline v1::detail::http

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

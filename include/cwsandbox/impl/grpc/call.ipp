// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_GRPC_CALL_IPP
#define CWSANDBOX_IMPL_GRPC_CALL_IPP

#include <cwsandbox/transport/grpc/call.hpp>

#include <asio/dispatch.hpp>
#include <asio/this_coro.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1::detail::grpc {

// A writer waits while more than this is unsent, and goes on when half of it is.
inline constexpr std::size_t outbox_high = std::size_t{256} << 10;
// Unread messages beyond this hold back the credit of the stream; the peer may then send what is left of its window.
inline constexpr std::size_t inbox_high = std::size_t{2} << 20;
// What a streaming call sent is kept up to this size until the service has answered, for the case that it never saw the
// call. The message of any other call is kept whole.
inline constexpr std::size_t replay_bytes = std::size_t{1} << 20;
inline constexpr int attempts_max = 3;

// From this size on a message is looked into for its content, which saves a copy of it.
inline constexpr std::size_t content_worth_it = std::size_t{16} << 10;
static_assert(content_worth_it > content_lookahead);

// All of a large message will be filled: with large pages the kernel has far fewer of them to look after, which is half
// of what receiving a file costs.
inline void reserve(std::string& into, std::size_t size) {
  into.reserve(size);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::size_t worth_it = std::size_t{8} << 20;
  constexpr std::uintptr_t page = 4096;
  if (into.capacity() < worth_it) return;
  auto const begin = (reinterpret_cast<std::uintptr_t>(into.data()) + page - 1) / page * page;
  auto const end = (reinterpret_cast<std::uintptr_t>(into.data()) + into.capacity()) / page * page;
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

inline error cancellation() {
  return make_error(error_kind::cancelled, "operation was cancelled");
}

CWSANDBOX_DECL call::call(asio::any_io_executor strand, call_settings settings, std::string first)
    : strand_{std::move(strand)},
      settings_{settings},
      outbox_{std::move(first)},
      half_closed_{!settings.streaming} {}

template <class Work>
void call::on_strand(Work work) {
  asio::dispatch(strand_, [self = shared_from_this(), work = std::move(work)] { work(*self); });
}

CWSANDBOX_DECL asio::awaitable<woken> call::sleep(std::shared_ptr<first_event> event) {
  auto const executor = co_await asio::this_coro::executor;
  first_event::bed bed{std::move(event), executor};
  auto const why = co_await bed.sleep();
  co_return why;
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> call::opened() {
  std::shared_ptr<first_event> event;
  {
    lock guard{mutex_};
    if (!open_ && !ended_) event = opener_ = std::make_shared<first_event>();
  }
  if (event) {
    auto const why = co_await sleep(event);
    if (why == woken::cancelled) co_return give_up();
  }
  lock guard{mutex_};
  if (ended_ && failure_ && inbox_.empty()) co_return *failure_;
  co_return outcome<void>{};
}

CWSANDBOX_DECL asio::awaitable<outcome<std::optional<incoming>>> call::read() {
  for (;;) {
    std::shared_ptr<first_event> event;
    {
      lock guard{mutex_};
      if (!inbox_.empty()) {
        std::optional<incoming> message{std::move(inbox_.front())};
        inbox_.pop_front();
        unread_ -= message->size();
        if (owed_ != 0 && unread_ < inbox_high / 2) {
          auto const credit = std::exchange(owed_, 0);
          guard.unlock();
          on_strand([credit](call& self) {
            if (auto const connection = self.connection_.lock()) connection->consume(self.id_, credit);
          });
        }
        co_return message;
      }
      if (ended_) {
        if (failure_) co_return *failure_;
        co_return std::optional<incoming>{};
      }
      event = reader_ = std::make_shared<first_event>();
    }
    auto const why = co_await sleep(event);
    if (why == woken::cancelled) co_return give_up();
  }
}

CWSANDBOX_DECL asio::awaitable<outcome<incoming>> call::answer() {
  std::shared_ptr<first_event> event;
  {
    lock guard{mutex_};
    if (!ended_) event = reader_ = std::make_shared<first_event>();
  }
  if (event) {
    // as in `sleep`, without another coroutine: this is in the way of every unary call
    auto const executor = co_await asio::this_coro::executor;
    first_event::bed bed{std::move(event), executor};
    auto const why = co_await bed.sleep();
    if (why == woken::cancelled) co_return give_up();
  }
  lock guard{mutex_};
  if (failure_) co_return *failure_;
  if (inbox_.empty()) co_return rpc_error(status_code::internal, "the answer has no message");
  co_return std::move(inbox_.front());
}

CWSANDBOX_DECL asio::awaitable<outcome<void>> call::send(std::string head, std::string_view tail) {
  auto const size = head.size() + tail.size();
  if (size > settings_.max_message_bytes)
    co_return rpc_error(status_code::resource_exhausted,
                        "Sent message larger than max (" + std::to_string(size) + " vs. " +
                            std::to_string(settings_.max_message_bytes) + ")");
  std::shared_ptr<first_event> event;
  {
    lock guard{mutex_};
    if (ended_) {
      if (failure_) co_return *failure_;
      co_return outcome<void>{};  // the peer wants no more
    }
    append_prefix(outbox_, size);
    outbox_.append(head);
    outbox_.append(tail);
    if (outbox_.size() - sent_ > outbox_high) event = writer_ = std::make_shared<first_event>();
  }
  notify();
  if (!event) co_return outcome<void>{};
  auto const why = co_await sleep(event);
  if (why == woken::cancelled) co_return give_up();
  lock guard{mutex_};
  if (ended_ && failure_) co_return *failure_;
  co_return outcome<void>{};
}

CWSANDBOX_DECL void call::half_close() {
  {
    lock guard{mutex_};
    if (half_closed_) return;
    half_closed_ = true;
  }
  notify();
}

// Tells the connection that there is something to send, once for all that gathers meanwhile.
CWSANDBOX_DECL void call::notify() {
  {
    lock guard{mutex_};
    if (resume_posted_ || ended_ || !idle_) return;
    resume_posted_ = true;
  }
  on_strand([](call& self) {
    {
      lock guard{self.mutex_};
      self.resume_posted_ = false;
      self.idle_ = false;
    }
    if (auto const connection = self.connection_.lock()) connection->resume(self.id_);
  });
}

// Ends the call because the coroutine that waits for it was cancelled.
CWSANDBOX_DECL error call::give_up() {
  cancel();
  return cancellation();
}

CWSANDBOX_DECL void call::cancel() noexcept {
  {
    lock guard{mutex_};
    if (ended_ || cancelled_) return;
    cancelled_ = true;
  }
  on_strand([](call& self) {
    if (auto const connection = self.connection_.lock()) connection->reset(self.id_, NGHTTP2_CANCEL);
    self.finish(cancellation());
  });
}

CWSANDBOX_DECL bool call::has_ended() const {
  lock guard{mutex_};
  return ended_ || cancelled_;
}

CWSANDBOX_DECL std::string call::take_message() {
  lock guard{mutex_};
  return std::move(outbox_);
}

CWSANDBOX_DECL void call::attach(std::weak_ptr<net::h2_connection> connection, std::int32_t id,
                                 std::uint64_t credentials,
                                 std::function<void(std::shared_ptr<call>)> again) {
  connection_ = std::move(connection);
  id_ = id;
  credentials_ = credentials;
  again_ = std::move(again);
  ++attempts_;
  lock guard{mutex_};
  open_ = true;
  if (opener_) opener_->fire(woken::event);
}

CWSANDBOX_DECL void call::fail(error why) { finish(std::move(why)); }

CWSANDBOX_DECL void call::finish(std::optional<error> failure) {
  again_ = nullptr;
  lock guard{mutex_};
  if (ended_) return;
  ended_ = true;
  failure_ = std::move(failure);
  if (settings_.streaming) outbox_ = {};
  for (auto* const waiting : {&opener_, &reader_, &writer_})
    if (*waiting) std::exchange(*waiting, nullptr)->fire(woken::event);
}

// Ends the call because of what the peer sent.
CWSANDBOX_DECL void call::abort(error why) {
  if (auto const connection = connection_.lock()) connection->reset(id_, NGHTTP2_CANCEL);
  finish(std::move(why));
}

CWSANDBOX_DECL void call::on_header(std::string_view name, std::string_view value) {
  head_.add(name, value);
}

CWSANDBOX_DECL void call::on_headers_complete() {
  if (answered_) return;
  if (head_.http_status >= 100 && head_.http_status < 200) {
    head_ = {};
    return;
  }
  answered_ = true;
  again_ = nullptr;
  if (!settings_.streaming) return;
  lock guard{mutex_};
  if (sent_ == outbox_.size()) {
    outbox_ = {};
    sent_ = 0;
    forgotten_ = true;
  }
}

CWSANDBOX_DECL std::size_t call::on_data(std::string_view bytes) {
  auto const size = bytes.size();
  if (head_.http_status != 200 || !head_.is_grpc()) {
    constexpr std::size_t enough = 1024;
    body_excerpt_.append(bytes.substr(0, enough - std::min(enough, body_excerpt_.size())));
    return size;
  }
  while (!bytes.empty()) {
    if (prefix_have_ < prefix_bytes) {
      prefix_[prefix_have_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (prefix_have_ < prefix_bytes) continue;
      if (prefix_[0] != 0) {
        bool const known = head_.encoding.empty() || head_.encoding == "identity";
        abort(rpc_error(known ? status_code::internal : status_code::unimplemented,
                        "the service sent a compressed message, which was not asked for" +
                            (known ? std::string{} : " (grpc-encoding " + head_.encoding + ")")));
        return size;
      }
      message_size_ = 0;
      for (std::size_t i = 1; i < prefix_bytes; ++i) message_size_ = message_size_ << 8 | prefix_[i];
      if (message_size_ > settings_.max_message_bytes) {
        abort(rpc_error(status_code::resource_exhausted,
                        "Received message larger than max (" + std::to_string(message_size_) +
                            " vs. " + std::to_string(settings_.max_message_bytes) + ")"));
        return size;
      }
      if (++messages_ > 1 && !settings_.streaming) {
        abort(rpc_error(status_code::internal, "the service sent more than one message"));
        return size;
      }
      begin_message();
    }
    auto const part = bytes.substr(0, message_size_ - message_have_);
    add_to_message(part);
    bytes.remove_prefix(part.size());
    if (message_have_ == message_size_) deliver();
  }
  if (!settings_.streaming) return size;
  lock guard{mutex_};
  if (unread_ < inbox_high) return size;
  owed_ += size;
  return 0;
}

CWSANDBOX_DECL void call::begin_message() {
  message_have_ = 0;
  has_content_ = false;
  looking_for_content_ = !settings_.content.empty() && message_size_ >= content_worth_it;
  if (!looking_for_content_) reserve(message_.message, message_size_);
}

CWSANDBOX_DECL void call::add_to_message(std::string_view bytes) {
  message_have_ += bytes.size();
  if (looking_for_content_) {
    auto& start = message_.message;
    auto const part = bytes.substr(0, content_lookahead - start.size());
    start.append(part);
    bytes.remove_prefix(part.size());
    if (start.size() < content_lookahead) return;
    looking_for_content_ = false;
    auto found = find_content(start, message_size_, settings_.content);
    has_content_ = found.has_value();
    if (found) {
      reserve(message_.content, message_size_ - found->begin);
      message_.content.append(start, found->begin);
      start = std::move(found->rest);
    } else {
      reserve(start, message_size_);
    }
  }
  (has_content_ ? message_.content : message_.message).append(bytes);
}

CWSANDBOX_DECL void call::deliver() {
  prefix_have_ = 0;
  lock guard{mutex_};
  unread_ += message_.size();
  inbox_.push_back(std::exchange(message_, {}));
  if (settings_.streaming && reader_) std::exchange(reader_, nullptr)->fire(woken::event);
}

CWSANDBOX_DECL bool call::can_replay() const {
  lock guard{mutex_};
  return !answered_ && !forgotten_ && !cancelled_ && attempts_ < attempts_max;
}

CWSANDBOX_DECL void call::on_end(net::h2_end const& end) {
  connection_.reset();
  if (end.unprocessed && again_ && can_replay()) {
    // Not a retry: the service said that it has not looked at the call.
    head_ = {};
    auto const again = std::move(again_);
    {
      lock guard{mutex_};
      sent_ = 0;
      idle_ = false;
    }
    again(shared_from_this());
    return;
  }
  auto failure = verdict(end);
  if (!failure && prefix_have_ != 0)
    failure = rpc_error(status_code::internal, "the answer ended in the middle of a message");
  finish(std::move(failure));
}

CWSANDBOX_DECL std::optional<error> call::verdict(net::h2_end const& end) const {
  if (head_.grpc_status) return error_of(head_, body_excerpt_);
  if (end.connection != nullptr) {
    if (end.connection->message().empty())
      return rpc_error(status_code::unavailable, "the connection was closed");
    return *end.connection;
  }
  if (end.code != NGHTTP2_NO_ERROR && head_.http_status != 0 && head_.http_status != 200)
    return error_of(head_, body_excerpt_);
  if (end.code != NGHTTP2_NO_ERROR) {
    auto code = code_of_reset(end.code);
    if (code == status_code::cancelled && settings_.deadline &&
        std::chrono::steady_clock::now() >= *settings_.deadline)
      code = status_code::deadline_exceeded;
    auto text = std::string{"the stream was reset: "} + nghttp2_http2_strerror(end.code);
    if (!end.objection.empty()) text.append(": ").append(end.objection);
    return rpc_error(code, std::move(text));
  }
  return error_of(head_, body_excerpt_);
}

CWSANDBOX_DECL net::h2_stream::ready call::body_ready(std::size_t limit) {
  lock guard{mutex_};
  auto const rest = outbox_.size() - sent_;
  auto const bytes = std::min(rest, limit);
  bool const last = half_closed_ && bytes == rest;
  idle_ = bytes == 0 && !last;
  return {bytes, last};
}

CWSANDBOX_DECL void call::take_body(std::size_t bytes, std::string& to) {
  lock guard{mutex_};
  auto const size = std::min(bytes, outbox_.size() - sent_);
  to.append(outbox_, sent_, size);
  sent_ += size;
  bool const keep =
      !settings_.streaming || (!answered_ && !forgotten_ && outbox_.size() <= replay_bytes);
  if (!keep && (sent_ == outbox_.size() || sent_ >= outbox_high)) {
    // the rest is small: a writer waits beyond the limit
    outbox_.erase(0, sent_);
    sent_ = 0;
    forgotten_ = true;
    if (outbox_.empty() && outbox_.capacity() > 4 * outbox_high) outbox_ = {};
  }
  if (writer_ && outbox_.size() - sent_ <= outbox_high / 2)
    std::exchange(writer_, nullptr)->fire(woken::event);
}

}  // namespace cwsandbox::inline v1::detail::grpc

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

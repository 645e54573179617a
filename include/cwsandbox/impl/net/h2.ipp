// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_NET_H2_IPP
#define CWSANDBOX_IMPL_NET_H2_IPP

#include <cwsandbox/net/h2.hpp>

#include <cwsandbox/detail/executor_target.hpp>

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace cwsandbox::inline v1::detail::net {

inline constexpr std::size_t h2_read_bytes = std::size_t{128} << 10;
// How often more is read, and written, before others on the executor have their turn.
inline constexpr int h2_turns = 8;
// What is gathered before it is written; the peer's windows allow far more at once.
inline constexpr std::size_t h2_write_bytes = std::size_t{256} << 10;

/// The functions that nghttp2 calls back. They only ever run inside `on_read` and `flush`.
struct h2_connection::callbacks {
  static h2_connection& self(void* data) { return *static_cast<h2_connection*>(data); }

  static entry* find(h2_connection& me, std::int32_t id) {
    if (me.recent_ != nullptr && me.recent_id_ == id) return me.recent_;
    auto const at = me.streams_.find(id);
    if (at == me.streams_.end()) return nullptr;
    me.recent_id_ = id;
    return me.recent_ = &at->second;
  }

  static int on_header(nghttp2_session* session, nghttp2_frame const* frame,
                       std::uint8_t const* name, std::size_t name_size, std::uint8_t const* value,
                       std::size_t value_size, std::uint8_t, void* data) {
    auto& me = self(data);
    auto* const found = find(me, frame->hd.stream_id);
    if (found == nullptr) return 0;
    // 32 bytes for each field as in RFC 9113, 6.5.2
    found->header_bytes += name_size + value_size + 32;
    if (found->header_bytes > me.options_.max_header_bytes) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                NGHTTP2_ENHANCE_YOUR_CALM);
      me.end_stream(frame->hd.stream_id, {NGHTTP2_ENHANCE_YOUR_CALM, false, nullptr, "headers too large"});
      return 0;
    }
    found->stream->on_header({reinterpret_cast<char const*>(name), name_size},
                             {reinterpret_cast<char const*>(value), value_size});
    return 0;
  }

  static int on_frame(nghttp2_session*, nghttp2_frame const* frame, void* data) {
    auto& me = self(data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        if (auto* const found = find(me, frame->hd.stream_id)) {
          found->header_bytes = 0;
          found->stream->on_headers_complete();
        }
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) me.greeted_ = true;
        break;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) me.ping_sent_.reset();
        break;
      case NGHTTP2_GOAWAY:
        me.peer_goes_ = me.draining_ = true;
        note_goodbye(me, frame->goaway, "the peer says ");
        break;
      default:
        break;
    }
    return 0;
  }

  static int on_frame_sent(nghttp2_session*, nghttp2_frame const* frame, void* data) {
    if (frame->hd.type == NGHTTP2_GOAWAY)
      note_goodbye(self(data), frame->goaway, "the peer broke the rules of HTTP/2: ");
    return 0;
  }

  static void note_goodbye(h2_connection& me, nghttp2_goaway const& frame, std::string_view intro) {
    if (frame.error_code == NGHTTP2_NO_ERROR || !me.goodbye_.empty()) return;
    me.goodbye_.append(intro).append(nghttp2_http2_strerror(frame.error_code));
    // for people, and from outside
    constexpr std::size_t longest = 200;
    std::string_view const words{reinterpret_cast<char const*>(frame.opaque_data),
                                 std::min(frame.opaque_data_len, longest)};
    if (!words.empty()) me.goodbye_.append(": ");
    for (char const c : words) me.goodbye_.push_back(c >= ' ' && c <= '~' ? c : '?');
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                     std::uint8_t const* bytes, std::size_t size, void* data) {
    auto& me = self(data);
    // Memory is bounded by the windows of the streams; that one is not read must not stop the others.
    nghttp2_session_consume_connection(session, size);
    auto* const found = find(me, id);
    if (found == nullptr) {
      nghttp2_session_consume_stream(session, id, size);
      return 0;
    }
    auto const stream = found->stream;  // may end itself
    auto const credit = stream->on_data({reinterpret_cast<char const*>(bytes), size});
    if (credit != 0) nghttp2_session_consume_stream(session, id, credit);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* data) {
    auto& me = self(data);
    auto const objection = std::exchange(me.last_error_, {});
    // REFUSED_STREAM is also what nghttp2 reports for streams beyond the last one that a GOAWAY names.
    me.end_stream(id, {code, code == NGHTTP2_REFUSED_STREAM, nullptr, objection});
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t*, std::size_t limit,
                           std::uint32_t* flags, nghttp2_data_source*, void* data) {
    auto* const found = find(self(data), id);
    if (found == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    auto const ready = found->stream->body_ready(limit);
    if (ready.bytes == 0 && !ready.last) return NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (ready.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(ready.bytes);
  }

  static int send_body(nghttp2_session*, nghttp2_frame* frame, std::uint8_t const* header,
                       std::size_t size, nghttp2_data_source*, void* data) {
    auto& me = self(data);
    if (me.queued_.size() >= h2_write_bytes) return NGHTTP2_ERR_WOULDBLOCK;
    auto* const found = find(me, frame->hd.stream_id);
    if (found == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    me.queued_.append(reinterpret_cast<char const*>(header), 9);
    found->stream->take_body(size, me.queued_);
    return 0;
  }

  static int on_error(nghttp2_session*, int, char const* text, std::size_t size, void* data) {
    self(data).last_error_.assign(text, size);
    return 0;
  }
};

CWSANDBOX_DECL h2_connection::h2_connection(std::shared_ptr<net::stream> io, endpoint peer,
                                            h2_options options, change_handler changed)
    : io_{std::move(io)},
      peer_{std::move(peer)},
      options_{options},
      changed_{std::move(changed)},
      timer_{io_->get_executor()},
      incoming_(h2_read_bytes) {
  nghttp2_session_callbacks* table = nullptr;
  nghttp2_session_callbacks_new(&table);
  nghttp2_session_callbacks_set_on_header_callback(table, callbacks::on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, callbacks::on_frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(table, callbacks::on_frame_sent);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, callbacks::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, callbacks::on_close);
  nghttp2_session_callbacks_set_send_data_callback(table, callbacks::send_body);
  nghttp2_session_callbacks_set_error_callback2(table, callbacks::on_error);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_session_client_new2(&session_, table, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(table);
}

CWSANDBOX_DECL h2_connection::~h2_connection() { nghttp2_session_del(session_); }

CWSANDBOX_DECL void h2_connection::start() {
  std::array<nghttp2_settings_entry, 4> const settings{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(options_.stream_window)},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, options_.max_frame_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(options_.max_header_bytes)},
  }};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        options_.connection_window);
  last_read_ = last_busy_ = clock::now();
  arm_timer();
  flush_soon();
  read();
}

CWSANDBOX_DECL std::size_t h2_connection::stream_limit() const noexcept {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

CWSANDBOX_DECL bool h2_connection::has_room() const noexcept {
  return is_open() && greeted_ && streams_.size() < stream_limit() &&
         nghttp2_session_check_request_allowed(session_) != 0;
}

CWSANDBOX_DECL std::int32_t h2_connection::submit(std::shared_ptr<h2_stream> stream,
                                                  std::span<h2_field const> fields) {
  if (!is_open()) return 0;
  std::array<nghttp2_nv, 32> list{};
  std::size_t count = 0;
  for (auto const& field : fields.first(std::min(fields.size(), list.size()))) {
    // nghttp2 reads only
    auto& nv = list[count++];
    nv.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data()));
    nv.namelen = field.name.size();
    nv.value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data()));
    nv.valuelen = field.value.size();
    nv.flags = field.unindexed ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  }
  nghttp2_data_provider body{};
  body.read_callback = callbacks::read_body;
  auto const id =
      nghttp2_submit_request(session_, nullptr, list.data(), count, &body, nullptr);
  if (id < 0) {
    // the numbers of streams are used up: time for another connection
    draining_ = true;
    return 0;
  }
  streams_.emplace(id, entry{std::move(stream)});
  return id;
}

CWSANDBOX_DECL void h2_connection::send(bool at_once) {
  if (at_once && streams_.size() == 1 && !in_session_)
    flush();
  else
    flush_soon();
}

CWSANDBOX_DECL void h2_connection::resume(std::int32_t id) {
  if (closed_) return;
  nghttp2_session_resume_data(session_, id);
  flush_soon();
}

CWSANDBOX_DECL void h2_connection::consume(std::int32_t id, std::size_t bytes) {
  if (closed_ || bytes == 0) return;
  nghttp2_session_consume_stream(session_, id, bytes);
  flush_soon();
}

CWSANDBOX_DECL void h2_connection::reset(std::int32_t id, std::uint32_t code) {
  if (!forget_stream(id) || closed_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
  flush_soon();
}

CWSANDBOX_DECL void h2_connection::shutdown(error why) {
  if (closed_ || closing_) return;
  closing_ = draining_ = true;
  while (!streams_.empty()) {
    auto const id = streams_.begin()->first;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    end_stream(id, {NGHTTP2_CANCEL, false, &why, {}});
  }
  // The resets first: once the session is to be terminated, nghttp2 sends no more of them.
  if (!gather()) return;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  timer_.cancel();
  flush_soon();
}

CWSANDBOX_DECL void h2_connection::read() {
  auto const buffer = asio::buffer(incoming_);
  io_->async_read_some(buffer,
                       [self = shared_from_this()](asio::error_code failed, std::size_t size) {
                         self->on_read(failed, size);
                       });
}

CWSANDBOX_DECL void h2_connection::on_read(asio::error_code failed, std::size_t size) {
  if (closed_) return;
  if (failed) {
    if (closing_) return fail(error{});
    auto why = failed == asio::error::eof ? "closed by the peer" : failed.message();
    if (!greeted_) why += " before it spoke HTTP/2";
    return fail(lost(std::move(why)));
  }
  last_read_ = clock::now();
  bool const was_greeted = greeted_;
  bool const was_draining = draining_;
  auto const limit = stream_limit();
  auto const open = streams_.size();
  for (int turn = 1; size != 0; ++turn) {
    if (!receive({incoming_.data(), size})) return;
    // A full buffer means that there is more.
    bool const more = size == incoming_.size() && turn < h2_turns;
    size = more ? io_->read_now(incoming_.data(), incoming_.size()) : 0;
  }
  flush();
  if (closed_) return;
  read();
  if (greeted_ != was_greeted || draining_ != was_draining || stream_limit() != limit ||
      streams_.size() < open)
    changed_();
}

CWSANDBOX_DECL bool h2_connection::receive(std::string_view bytes) {
  if (!greeted_ && bytes.starts_with("HTTP/1.")) {
    fail(lost("the peer answers with HTTP/1.1 and not HTTP/2"));
    return false;
  }
  in_session_ = true;
  auto const taken = nghttp2_session_mem_recv(
      session_, reinterpret_cast<std::uint8_t const*>(bytes.data()), bytes.size());
  in_session_ = false;
  if (taken < 0) {
    fail(lost(nghttp2_strerror(static_cast<int>(taken))));
    return false;
  }
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
    fail(lost("closed by the peer"));
    return false;
  }
  return true;
}

CWSANDBOX_DECL void h2_connection::flush_soon() {
  if (flush_posted_ || closed_) return;
  flush_posted_ = true;
  // Not at once: what else is ready to be said goes into the same write.
  auto flushing = [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
  };
  auto const executor = io_->get_executor();
  auto const* const strand = target_of<asio::strand<asio::any_io_executor>>(executor);
  if (strand == nullptr) return asio::post(executor, std::move(flushing));
  // Past the strand, which would be taken until then, so that all the others would queue in front of it.
  asio::post(strand->get_inner_executor(),
             [executor, flushing = std::move(flushing)] { asio::dispatch(executor, flushing); });
}

CWSANDBOX_DECL void h2_connection::flush() {
  if (writing_ || closed_) return;
  auto const open = streams_.size();
  for (int turn = 0;; ++turn) {
    if (!gather()) return;
    if (queued_.empty()) {
      if (closing_ || (nghttp2_session_want_read(session_) == 0 &&
                       nghttp2_session_want_write(session_) == 0))
        return fail(closing_ ? error{} : lost("ended"));
      break;
    }
    std::swap(outgoing_, queued_);
    queued_.clear();
    written_ = turn < h2_turns ? io_->write_now(outgoing_) : 0;
    if (written_ < outgoing_.size()) {
      writing_ = true;
      write();
      break;
    }
    forget_written();
  }
  if (streams_.size() < open) changed_();
}

CWSANDBOX_DECL bool h2_connection::gather() {
  in_session_ = true;
  std::uint8_t const* bytes = nullptr;
  ssize_t size = 0;
  while (queued_.size() < h2_write_bytes) {
    size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) break;
    queued_.append(reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size));
  }
  in_session_ = false;
  if (size < 0) fail(lost(nghttp2_strerror(static_cast<int>(size))));
  return size >= 0;
}

CWSANDBOX_DECL void h2_connection::forget_written() {
  // One long body must not keep its memory.
  if (outgoing_.capacity() > 4 * h2_write_bytes) outgoing_ = {};
}

CWSANDBOX_DECL void h2_connection::write() {
  auto const rest = asio::buffer(outgoing_.data() + written_, outgoing_.size() - written_);
  io_->async_write_some(rest,
                        [self = shared_from_this()](asio::error_code failed, std::size_t size) {
                          self->on_written(failed, size);
                        });
}

CWSANDBOX_DECL void h2_connection::on_written(asio::error_code failed, std::size_t size) {
  if (closed_) return;
  if (failed) {
    // What the peer said before it closed may still be unread, and tells more.
    writing_ = true;
    if (closing_) fail(error{});
    return;
  }
  written_ += size;
  if (written_ < outgoing_.size()) return write();
  forget_written();
  writing_ = false;
  flush();
}

CWSANDBOX_DECL void h2_connection::fail(error why) {
  if (closed_) return;
  closed_ = true;
  if (!why.message().empty()) failure_ = why;
  io_->close();
  timer_.cancel();
  while (!streams_.empty()) end_stream(streams_.begin()->first, {NGHTTP2_NO_ERROR, false, &why, {}});
  changed_();
}

CWSANDBOX_DECL void h2_connection::end_stream(std::int32_t id, h2_end const& end) {
  if (auto const stream = forget_stream(id)) stream->on_end(end);
}

CWSANDBOX_DECL std::shared_ptr<h2_stream> h2_connection::forget_stream(std::int32_t id) {
  auto const at = streams_.find(id);
  if (at == streams_.end()) return nullptr;
  auto stream = std::move(at->second.stream);
  recent_ = nullptr;
  streams_.erase(at);
  last_busy_ = clock::now();
  return stream;
}

CWSANDBOX_DECL void h2_connection::arm_timer() {
  // Lazy, so that a call costs no timer: looks at what has happened since, and sleeps on.
  auto pause = clock::duration::max();
  if (options_.idle_timeout.count() > 0) pause = std::min(pause, options_.idle_timeout);
  if (options_.keepalive.count() > 0) {
    pause = std::min(pause, options_.keepalive);
    if (ping_sent_) pause = std::min(pause, options_.keepalive_timeout);
  }
  if (pause == clock::duration::max()) return;
  // at least twice in the time, and not more often than 100 times a second
  pause = std::max<clock::duration>(pause / 2, std::chrono::milliseconds{10});
  timer_.expires_after(pause);
  timer_.async_wait([weak = weak_from_this()](asio::error_code const& aborted) {
    auto const self = weak.lock();
    if (!aborted && self) self->tick();
  });
}

CWSANDBOX_DECL void h2_connection::tick() {
  if (closed_ || closing_) return;
  auto const now = clock::now();
  if (streams_.empty()) {
    if (options_.idle_timeout.count() > 0 && now - last_busy_ >= options_.idle_timeout) {
      shutdown(error{});
      changed_();
      return;
    }
  } else if (options_.keepalive.count() > 0) {
    if (ping_sent_ && now - *ping_sent_ >= options_.keepalive_timeout)
      return fail(rpc_error(status_code::unavailable,
                            "the connection to " + peer_.text() +
                                " was given up: a keepalive ping was not answered"));
    if (!ping_sent_ && now - last_read_ >= options_.keepalive) {
      nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
      ping_sent_ = now;
      flush_soon();
    }
  }
  arm_timer();
}

CWSANDBOX_DECL error h2_connection::lost(std::string what) const {
  auto text = "the connection to " + peer_.text() + " was lost: ";
  // The reason that a GOAWAY gave, or the library's own, tells more than what the socket did in the end.
  if (!goodbye_.empty())
    text += goodbye_;
  else if (!last_error_.empty())
    text += "the peer broke the rules of HTTP/2: " + last_error_;
  else
    text += what;
  return rpc_error(status_code::unavailable, std::move(text));
}

}  // namespace cwsandbox::inline v1::detail::net

#endif

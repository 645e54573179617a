// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_NET_H2_HPP
#define CWSANDBOX_NET_H2_HPP

/// \file
/// An HTTP/2 client connection: an nghttp2 session on a connected stream.

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cwsandbox::inline v1::detail::net {

/// A request header. The views must live until `h2_connection::submit` returns.
struct h2_field {
  std::string_view name{};
  std::string_view value{};
  /// Keep it out of the compression table, for what is secret or different each time.
  bool unindexed{};
};

/// How a stream ended.
struct h2_end {
  /// The error code of HTTP/2; NO_ERROR when the peer ended it in order.
  std::uint32_t code{};
  /// The peer said, or it is plain, that it did nothing about the request: it may be sent again.
  bool unprocessed{};
  /// Why the connection ended, when that is what ended the stream.
  error const* connection{};
  /// What the HTTP/2 library had to object to, if it did.
  std::string_view objection{};
};

/// One request and its response. Called on the connection's strand only, never after `on_end`.
class h2_stream {
 public:
  h2_stream() = default;
  h2_stream(h2_stream const&) = delete;
  h2_stream& operator=(h2_stream const&) = delete;
  virtual ~h2_stream() = default;

  virtual void on_header(std::string_view name, std::string_view value) = 0;
  /// A block of headers is complete: an interim response, the response, or the trailers.
  virtual void on_headers_complete() = 0;
  /// Returns how many bytes the peer may send in their place already; the rest is asked for with `consume` later.
  [[nodiscard]] virtual std::size_t on_data(std::string_view bytes) = 0;
  virtual void on_end(h2_end const& end) = 0;

  struct ready {
    std::size_t bytes{};  ///< not more than asked for
    bool last{};          ///< nothing comes after these
  };
  /// What of the request's body could be sent now.
  [[nodiscard]] virtual ready body_ready(std::size_t limit) = 0;
  /// Appends the next bytes of the body, as many as `body_ready` promised or fewer.
  virtual void take_body(std::size_t bytes, std::string& to) = 0;
};

struct h2_options {
  /// What the peer may send ahead, for each stream and for all together, in bytes.
  std::int32_t stream_window{4 << 20};
  std::int32_t connection_window{32 << 20};
  std::uint32_t max_frame_bytes{1 << 20};
  /// The size of all headers of one block, in bytes; a stream with more is reset.
  std::size_t max_header_bytes{256 << 10};
  /// A ping after so much silence while there are streams; 0 for none.
  std::chrono::nanoseconds keepalive{};
  std::chrono::nanoseconds keepalive_timeout{std::chrono::seconds{20}};
  /// The connection ends when there was no stream for so long; 0 for never.
  std::chrono::nanoseconds idle_timeout{std::chrono::seconds{60}};
};

/// Not thread-safe: all members are used on the strand that the stream runs on.
class h2_connection : public std::enable_shared_from_this<h2_connection> {
 public:
  /// Told when a stream has ended, the peer's limits have changed, or the connection takes no more streams.
  using change_handler = std::function<void()>;

  CWSANDBOX_DECL h2_connection(std::shared_ptr<net::stream> io, endpoint peer, h2_options options,
                               change_handler changed);
  h2_connection(h2_connection const&) = delete;
  h2_connection& operator=(h2_connection const&) = delete;
  CWSANDBOX_DECL ~h2_connection();

  /// Sends the preface and begins to read.
  CWSANDBOX_DECL void start();

  /// Whether another stream can be opened: the connection is neither closed nor going away, and the peer's limit of
  /// concurrent streams is not reached.
  [[nodiscard]] CWSANDBOX_DECL bool has_room() const noexcept;
  /// The peer has spoken HTTP/2; before it has, its limits are unknown and no stream is opened.
  [[nodiscard]] bool is_greeted() const noexcept { return greeted_; }
  /// Why it cannot be used: what ended it, else what a GOAWAY said, else `otherwise`.
  [[nodiscard]] error failure_or(std::string otherwise) const {
    return failure_ ? *failure_ : lost(std::move(otherwise));
  }
  /// The peer said GOAWAY, and no error with it.
  [[nodiscard]] bool went_in_peace() const noexcept { return peer_goes_ && goodbye_.empty(); }
  /// Whether it will ever take a stream again.
  [[nodiscard]] bool is_open() const noexcept { return !closed_ && !draining_; }
  [[nodiscard]] std::size_t streams() const noexcept { return streams_.size(); }
  /// How many streams the peer allows.
  [[nodiscard]] CWSANDBOX_DECL std::size_t stream_limit() const noexcept;

  /// Opens a stream, of which nothing is sent before `send`. 0 when it cannot be opened; `on_end` is not called then.
  [[nodiscard]] CWSANDBOX_DECL std::int32_t submit(std::shared_ptr<h2_stream> stream,
                                                   std::span<h2_field const> fields);
  /// Sends what was submitted: soon, together with all else that there is to say by then. With `at_once`, now when this
  /// is the only stream, for then there is nothing to wait for; the stream may end, and the change handler be called.
  CWSANDBOX_DECL void send(bool at_once);
  /// The stream has a body to send again after it had none.
  CWSANDBOX_DECL void resume(std::int32_t id);
  CWSANDBOX_DECL void consume(std::int32_t id, std::size_t bytes);
  /// Ends a stream and forgets it; `on_end` is not called.
  CWSANDBOX_DECL void reset(std::int32_t id, std::uint32_t code);

  /// Says goodbye, ends what still runs with `why`, and closes.
  CWSANDBOX_DECL void shutdown(error why);

 private:
  struct callbacks;
  using clock = std::chrono::steady_clock;

  CWSANDBOX_DECL void read();
  CWSANDBOX_DECL void on_read(asio::error_code failed, std::size_t size);
  /// False when the connection has failed.
  [[nodiscard]] CWSANDBOX_DECL bool receive(std::string_view bytes);
  CWSANDBOX_DECL void flush_soon();
  CWSANDBOX_DECL void flush();
  /// Takes what the session has to say. False when the connection has failed.
  [[nodiscard]] CWSANDBOX_DECL bool gather();
  CWSANDBOX_DECL void forget_written();
  CWSANDBOX_DECL void write();
  CWSANDBOX_DECL void on_written(asio::error_code failed, std::size_t size);
  CWSANDBOX_DECL void fail(error why);
  CWSANDBOX_DECL void end_stream(std::int32_t id, h2_end const& end);
  /// Null when there is no such stream any more.
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<h2_stream> forget_stream(std::int32_t id);
  CWSANDBOX_DECL void tick();
  CWSANDBOX_DECL void arm_timer();
  [[nodiscard]] CWSANDBOX_DECL error lost(std::string what) const;

  std::shared_ptr<net::stream> io_;
  endpoint peer_;
  h2_options options_;
  change_handler changed_;
  nghttp2_session* session_{};
  asio::steady_timer timer_;

  struct entry {
    std::shared_ptr<h2_stream> stream;
    std::size_t header_bytes{};
  };
  std::unordered_map<std::int32_t, entry> streams_;
  // What was last looked for: one stream has many callbacks in a row.
  std::int32_t recent_id_{};
  entry* recent_{};

  std::vector<char> incoming_;
  std::string outgoing_;  ///< being written
  std::size_t written_{};
  std::string queued_;  ///< what the session has given and was not written yet
  std::string last_error_;  ///< what nghttp2 last objected to
  std::string goodbye_;     ///< why one of the sides sent GOAWAY, when not in peace
  std::optional<error> failure_;

  clock::time_point last_read_{};
  clock::time_point last_busy_{};
  std::optional<clock::time_point> ping_sent_{};
  bool writing_{};
  bool flush_posted_{};
  bool in_session_{};  ///< a callback of the session is running
  bool greeted_{};     ///< the peer's settings have come
  bool peer_goes_{};
  bool draining_{};
  bool closing_{};
  bool closed_{};
};

}  // namespace cwsandbox::inline v1::detail::net

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/net/h2.ipp>
#endif

#endif

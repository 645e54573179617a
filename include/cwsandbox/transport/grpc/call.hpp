// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_GRPC_CALL_HPP
#define CWSANDBOX_TRANSPORT_GRPC_CALL_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/await.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/net/h2.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport/grpc/protocol.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::grpc {

struct call_settings {
  std::string_view path{};  ///< of static storage
  /// The `bytes` field that makes answers large, for `find_content`; of static storage. Empty: none is looked for.
  std::span<std::uint32_t const> content{};
  /// When the caller gives up; sent to the service.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
  std::size_t max_message_bytes{};
  /// More than one message may come back.
  bool streaming{};
};

/// One call: an HTTP/2 stream below, messages above.
///
/// The members for the caller may be used from any thread, but only one `read` and one `send` at a time; those of
/// `h2_stream` and those for the channel run on the channel's strand.
class call final : public net::h2_stream, public std::enable_shared_from_this<call> {
 public:
  /// \param first the first message, with its prefix
  CWSANDBOX_DECL call(asio::any_io_executor strand, call_settings settings, std::string first);

  // For the caller.

  /// Waits until the call is on a connection, or has failed.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> opened();
  /// The next message; empty when the call ended with status OK.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<std::optional<incoming>>> read();
  /// The only message of a call that is not streaming.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<incoming>> answer();
  /// Sends a message made of two parts; completes when more can be taken. The parts are copied at once.
  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<outcome<void>> send(std::string head,
                                                                   std::string_view tail);
  CWSANDBOX_DECL void half_close();
  CWSANDBOX_DECL void cancel() noexcept;

  // For the channel.

  /// The first message of a call that is not streaming and has ended, to be sent again.
  [[nodiscard]] CWSANDBOX_DECL std::string take_message();
  /// The version of the credentials that the call was made with. After its end.
  [[nodiscard]] std::uint64_t credentials() const noexcept { return credentials_; }

  [[nodiscard]] call_settings const& settings() const noexcept { return settings_; }
  [[nodiscard]] CWSANDBOX_DECL bool has_ended() const;
  /// The call is on a connection now. `again` is called when the service did nothing about it.
  CWSANDBOX_DECL void attach(std::weak_ptr<net::h2_connection> connection, std::int32_t id,
                             std::uint64_t credentials,
                             std::function<void(std::shared_ptr<call>)> again);
  /// Ends it before it was on a connection.
  CWSANDBOX_DECL void fail(error why);

  CWSANDBOX_DECL void on_header(std::string_view name, std::string_view value) override;
  CWSANDBOX_DECL void on_headers_complete() override;
  [[nodiscard]] CWSANDBOX_DECL std::size_t on_data(std::string_view bytes) override;
  CWSANDBOX_DECL void on_end(net::h2_end const& end) override;
  [[nodiscard]] CWSANDBOX_DECL ready body_ready(std::size_t limit) override;
  CWSANDBOX_DECL void take_body(std::size_t bytes, std::string& to) override;

 private:
  using lock = std::unique_lock<std::mutex>;

  [[nodiscard]] CWSANDBOX_DECL asio::awaitable<woken> sleep(std::shared_ptr<first_event> event);
  [[nodiscard]] CWSANDBOX_DECL error give_up();
  CWSANDBOX_DECL void notify();
  CWSANDBOX_DECL void finish(std::optional<error> failure);
  CWSANDBOX_DECL void abort(error why);
  CWSANDBOX_DECL void begin_message();
  CWSANDBOX_DECL void add_to_message(std::string_view bytes);
  CWSANDBOX_DECL void deliver();
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> verdict(net::h2_end const& end) const;
  [[nodiscard]] CWSANDBOX_DECL bool can_replay() const;
  template <class Work>
  void on_strand(Work work);

  asio::any_io_executor const strand_;
  call_settings const settings_;

  // On the strand only.
  std::weak_ptr<net::h2_connection> connection_;
  std::int32_t id_{};
  std::atomic<std::uint64_t> credentials_{};
  std::function<void(std::shared_ptr<call>)> again_;
  int attempts_{};
  response_head head_;
  bool answered_{};  ///< the final response's headers have come
  std::string body_excerpt_;
  unsigned char prefix_[prefix_bytes]{};
  std::size_t prefix_have_{};
  std::size_t message_size_{};
  incoming message_;
  std::size_t message_have_{};
  bool looking_for_content_{};
  bool has_content_{};
  std::size_t messages_{};

  mutable std::mutex mutex_;
  // Guarded by it.
  std::string outbox_;
  std::size_t sent_{};       ///< of the outbox
  bool forgotten_{};         ///< something that was sent is not in the outbox any more
  bool half_closed_{};
  bool resume_posted_{};
  bool idle_{};              ///< the session waits for `resume`
  bool open_{};
  bool ended_{};
  bool cancelled_{};
  std::optional<error> failure_;
  std::deque<incoming> inbox_;
  std::size_t unread_{};
  std::size_t owed_{};  ///< flow-control credit that is held back
  std::shared_ptr<first_event> opener_;
  std::shared_ptr<first_event> reader_;
  std::shared_ptr<first_event> writer_;
};

}  // namespace cwsandbox::inline v1::detail::grpc

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/grpc/call.ipp>
#endif

#endif

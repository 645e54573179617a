// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_FORWARDING_TRANSPORT_HPP
#define CWSANDBOX_DETAIL_FORWARDING_TRANSPORT_HPP

/// \file
/// A transport before another one, with something done around each call. What is done is a policy:
///
/// - `unary<Call>(policy, next, request, options)`, a static coroutine template: one unary call;
/// - `open<Call, Stream>(policy, next, request, options)`, the same for the opening of a stream, which it makes of the
///   stream of the next transport and a `part`;
/// - `part`, what the policy keeps for each stream: a static coroutine template `read(link)`, `sent(bytes)` and
///   `cancelled()`.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// A stream of the next transport with what a policy keeps for it. Owned by the handle and by the read that is pending.
template <class Stream, class Part>
struct stream_link {
  stream_link(Stream s, Part p) : stream{std::move(s)}, part{std::move(p)} {}
  Stream stream;
  Part part;
};

template <class Stream>
using read_result = typename decltype(std::declval<Stream&>().read())::value_type;

template <class Stream, class Part>
class forwarding_log_stream {
 public:
  forwarding_log_stream(Stream stream, Part part)
      : link_{std::make_shared<link_type>(std::move(stream), std::move(part))} {}
  forwarding_log_stream(forwarding_log_stream&&) noexcept = default;
  forwarding_log_stream& operator=(forwarding_log_stream&& other) noexcept {
    if (this != &other) {
      cancel();
      link_ = std::move(other.link_);
    }
    return *this;
  }
  ~forwarding_log_stream() { cancel(); }

  [[nodiscard]] asio::awaitable<read_result<Stream>> read() {
    return Part::template read<Stream>(link_);
  }
  void cancel() noexcept {
    if (!link_) return;
    link_->stream.cancel();
    link_->part.cancelled();
  }

 protected:
  using link_type = stream_link<Stream, Part>;
  std::shared_ptr<link_type> link_;
};

template <class Stream, class Part>
class forwarding_exec_stream : public forwarding_log_stream<Stream, Part> {
 public:
  using forwarding_log_stream<Stream, Part>::forwarding_log_stream;

  [[nodiscard]] asio::awaitable<outcome<void>> write(std::string_view bytes) {
    this->link_->part.sent(bytes.size());
    return this->link_->stream.write(bytes);
  }
  [[nodiscard]] asio::awaitable<outcome<void>> resize(std::uint32_t columns, std::uint32_t rows) {
    return this->link_->stream.resize(columns, rows);
  }
  [[nodiscard]] asio::awaitable<outcome<void>> close_input() {
    return this->link_->stream.close_input();
  }
  [[nodiscard]] asio::awaitable<outcome<void>> half_close() {
    return this->link_->stream.half_close();
  }
};

// A transport has the names of its streams only where it has the streams.
template <class T, class Policy, bool = T::capabilities.exec_stream>
struct forwarded_exec_stream {};
template <class T, class Policy>
struct forwarded_exec_stream<T, Policy, true> {
  using exec_stream = forwarding_exec_stream<typename T::exec_stream, typename Policy::part>;
};
template <class T, class Policy, bool = T::capabilities.log_stream>
struct forwarded_log_stream {};
template <class T, class Policy>
struct forwarded_log_stream<T, Policy, true> {
  using log_stream = forwarding_log_stream<typename T::log_stream, typename Policy::part>;
};

template <class T, class Policy>
class forwarding_transport : public unary_calls<forwarding_transport<T, Policy>>,
                             public optional_calls<forwarding_transport<T, Policy>>,
                             public forwarded_exec_stream<T, Policy>,
                             public forwarded_log_stream<T, Policy> {
 public:
  /// Those of the next transport.
  static constexpr transport_capabilities capabilities = T::capabilities;

  /// The transport that makes the calls.
  [[nodiscard]] T const& next() const noexcept { return next_; }
  [[nodiscard]] asio::any_io_executor get_executor() const { return next_.get_executor(); }
  [[nodiscard]] std::shared_ptr<time_source> get_time_source() const
    requires has_time_source<T>
  {
    return next_.get_time_source();
  }
  /// What the next transport can do; another answer than `capabilities` when that is an `any_transport`.
  [[nodiscard]] transport_capabilities held() const noexcept { return abilities_of(next_); }

  [[nodiscard]] auto stream_exec(wire::ExecStreamInit init, call_options options) const
    requires(T::capabilities.exec_stream)
  {
    return Policy::template open<transport_call<rpc_method::stream_exec>,
                                 typename forwarding_transport::exec_stream>(
        policy_, next_, std::move(init), options);
  }
  [[nodiscard]] auto stream_logs(wire::StreamLogsRequest request, call_options options) const
    requires(T::capabilities.log_stream)
  {
    return Policy::template open<transport_call<rpc_method::stream_logs>,
                                 typename forwarding_transport::log_stream>(
        policy_, next_, std::move(request), options);
  }

 protected:
  forwarding_transport(T next, Policy policy)
      : next_{std::move(next)}, policy_{std::move(policy)} {}

  [[nodiscard]] Policy const& policy() const noexcept { return policy_; }

 private:
  friend unary_calls<forwarding_transport>;
  friend optional_calls<forwarding_transport>;
  template <rpc_method Method>
  static constexpr bool can_make = can_call<T, Method>;
  template <class Call>
  [[nodiscard]] auto call(typename Call::request request, call_options options) const {
    return Policy::template unary<Call>(policy_, next_, std::move(request), options);
  }

  T next_;
  Policy policy_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

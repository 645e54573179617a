// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_ANY_HPP
#define CWSANDBOX_TRANSPORT_ANY_HPP

/// \file
/// A transport that is chosen at run time.
///
///     cw::any_transport transport = use_cloud ? cw::any_transport{cloud} : cw::any_transport{engine};
///     cw::any_session session{transport};
///
/// One type for all transports also means that the session layer is compiled once, however many transports there are:
/// `CWSANDBOX_EXTERN_TEMPLATES(cwsandbox::any_transport);` (see `instantiate.hpp`).

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/unary_calls.hpp>
#include <cwsandbox/detail/unary_exec_stream.hpp>
#include <cwsandbox/fwd.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

template <class Message>
class erased_stream {
 public:
  virtual ~erased_stream() = default;
  [[nodiscard]] virtual asio::awaitable<outcome<std::optional<Message>>> read() = 0;
  virtual void cancel() noexcept = 0;
};

class erased_exec_stream : public erased_stream<wire::ExecStreamResponse> {
 public:
  [[nodiscard]] virtual asio::awaitable<outcome<void>> write(std::string_view bytes) = 0;
  [[nodiscard]] virtual asio::awaitable<outcome<void>> resize(std::uint32_t columns,
                                                              std::uint32_t rows) = 0;
  [[nodiscard]] virtual asio::awaitable<outcome<void>> close_input() = 0;
  [[nodiscard]] virtual asio::awaitable<outcome<void>> half_close() = 0;
};

template <class Stream>
class held_exec_stream final : public erased_exec_stream {
 public:
  explicit held_exec_stream(Stream stream) : stream_{std::move(stream)} {}
  [[nodiscard]] asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>> read() override {
    return stream_.read();
  }
  void cancel() noexcept override { stream_.cancel(); }
  [[nodiscard]] asio::awaitable<outcome<void>> write(std::string_view bytes) override {
    return stream_.write(bytes);
  }
  [[nodiscard]] asio::awaitable<outcome<void>> resize(std::uint32_t columns,
                                                      std::uint32_t rows) override {
    return stream_.resize(columns, rows);
  }
  [[nodiscard]] asio::awaitable<outcome<void>> close_input() override {
    return stream_.close_input();
  }
  [[nodiscard]] asio::awaitable<outcome<void>> half_close() override {
    return stream_.half_close();
  }

 private:
  Stream stream_;
};

template <class Stream>
class held_log_stream final : public erased_stream<wire::LogEntry> {
 public:
  explicit held_log_stream(Stream stream) : stream_{std::move(stream)} {}
  [[nodiscard]] asio::awaitable<outcome<std::optional<wire::LogEntry>>> read() override {
    return stream_.read();
  }
  void cancel() noexcept override { stream_.cancel(); }

 private:
  Stream stream_;
};

}  // namespace detail

/// A transport that holds any other one: for programs that choose at run time. What it costs is a virtual call for each
/// call, and an allocation for each stream.
///
/// What the held transport cannot do fails at run time with code UNIMPLEMENTED, and the message says which transport is
/// held and which ones can. Where the held transport has no exec streams, commands run over its unary call: their
/// output comes when they have ended, more than the service gives in one answer ends in SandboxStreamTruncatedError,
/// and input and terminals are refused.
///
/// It has the calls for snapshots and discovery; the administration services are reached through `target()`.
///
/// A cheap copyable handle; copies share the held transport. All members may be called from any thread.
class any_transport : public detail::unary_calls<any_transport>,
                      public detail::optional_calls<any_transport> {
 public:
  class exec_stream {
   public:
    exec_stream(exec_stream&&) noexcept = default;
    exec_stream& operator=(exec_stream&&) noexcept = default;

    [[nodiscard]] asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>> read() {
      return stream_->read();
    }
    [[nodiscard]] asio::awaitable<outcome<void>> write(std::string_view bytes) {
      return stream_->write(bytes);
    }
    [[nodiscard]] asio::awaitable<outcome<void>> resize(std::uint32_t columns,
                                                        std::uint32_t rows) {
      return stream_->resize(columns, rows);
    }
    [[nodiscard]] asio::awaitable<outcome<void>> close_input() { return stream_->close_input(); }
    [[nodiscard]] asio::awaitable<outcome<void>> half_close() { return stream_->half_close(); }
    void cancel() noexcept {
      if (stream_) stream_->cancel();
    }

   private:
    friend any_transport;
    explicit exec_stream(std::unique_ptr<detail::erased_exec_stream> stream) noexcept
        : stream_{std::move(stream)} {}
    std::unique_ptr<detail::erased_exec_stream> stream_;
  };

  class log_stream {
   public:
    log_stream(log_stream&&) noexcept = default;
    log_stream& operator=(log_stream&&) noexcept = default;

    [[nodiscard]] asio::awaitable<outcome<std::optional<wire::LogEntry>>> read() {
      return stream_->read();
    }
    void cancel() noexcept {
      if (stream_) stream_->cancel();
    }

   private:
    friend any_transport;
    explicit log_stream(std::unique_ptr<detail::erased_stream<wire::LogEntry>> stream) noexcept
        : stream_{std::move(stream)} {}
    std::unique_ptr<detail::erased_stream<wire::LogEntry>> stream_;
  };

  /// What may be tried; what the held transport can do is said by `held()`.
  static constexpr transport_capabilities capabilities{"any", true, true};

  /// Holds a copy.
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_transport> &&
             cwsandbox::transport<std::remove_cvref_t<T>>)
  explicit any_transport(T&& held)
      : held_{std::make_shared<holder<std::remove_cvref_t<T>>>(std::forward<T>(held))} {}

  /// The capabilities of the held transport, its name among them.
  [[nodiscard]] transport_capabilities held() const noexcept { return held_->abilities(); }
  [[nodiscard]] std::string_view name() const noexcept { return held().name; }

  /// The held transport, when it is of this type; else null. It lives as long as any copy of this one.
  template <class T>
  [[nodiscard]] T const* target() const noexcept {
    auto const* found = dynamic_cast<holder<T> const*>(held_.get());
    return found == nullptr ? nullptr : &found->next;
  }

  [[nodiscard]] asio::any_io_executor get_executor() const { return held_->get_executor(); }
  /// The one of the held transport, or that of the system.
  [[nodiscard]] std::shared_ptr<time_source> get_time_source() const {
    return held_->get_time_source();
  }

  [[nodiscard]] asio::awaitable<outcome<exec_stream>> stream_exec(wire::ExecStreamInit init,
                                                                  call_options options) const {
    return held_->stream_exec(std::move(init), options);
  }
  [[nodiscard]] asio::awaitable<outcome<log_stream>> stream_logs(wire::StreamLogsRequest request,
                                                                 call_options options) const {
    return held_->stream_logs(std::move(request), options);
  }

 private:
  class erased {
   public:
    virtual ~erased() = default;
    [[nodiscard]] virtual transport_capabilities abilities() const noexcept = 0;
    [[nodiscard]] virtual asio::any_io_executor get_executor() const = 0;
    [[nodiscard]] virtual std::shared_ptr<time_source> get_time_source() const = 0;
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                  \
  [[nodiscard]] virtual asio::awaitable<outcome<wire::rpc::Rpc::response>> Name( \
      wire::rpc::Rpc::request request, call_options options) = 0;
    CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
    CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL
    [[nodiscard]] virtual asio::awaitable<outcome<exec_stream>> stream_exec(
        wire::ExecStreamInit init, call_options options) = 0;
    [[nodiscard]] virtual asio::awaitable<outcome<log_stream>> stream_logs(
        wire::StreamLogsRequest request, call_options options) = 0;
  };

  template <class T>
  class holder final : public erased {
   public:
    explicit holder(T const& t) : next{t} {}
    explicit holder(T&& t) : next{std::move(t)} {}

    [[nodiscard]] transport_capabilities abilities() const noexcept override {
      return detail::abilities_of(next);
    }
    [[nodiscard]] asio::any_io_executor get_executor() const override {
      return next.get_executor();
    }
    [[nodiscard]] std::shared_ptr<time_source> get_time_source() const override {
      return detail::time_source_of(next);
    }
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                 \
  [[nodiscard]] asio::awaitable<outcome<wire::rpc::Rpc::response>> Name( \
      wire::rpc::Rpc::request request, call_options options) override {  \
    return next.Name(std::move(request), options);                       \
  }
    CWSANDBOX_DETAIL_UNARY_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL
#define CWSANDBOX_DETAIL_CALL(Name, Rpc)                                                    \
  [[nodiscard]] asio::awaitable<outcome<wire::rpc::Rpc::response>> Name(                    \
      wire::rpc::Rpc::request request, call_options options) override {                     \
    if constexpr (detail::can_call<T, rpc_method::Name>)                                    \
      return next.Name(std::move(request), options);                                        \
    else                                                                                    \
      return refuse<wire::rpc::Rpc::response>(                                              \
          std::string{"the transport '"}.append(abilities().name).append("' has no call ")  \
              .append(wire::rpc::Rpc::name));                                               \
  }
    CWSANDBOX_DETAIL_OPTIONAL_CALLS(CWSANDBOX_DETAIL_CALL)
#undef CWSANDBOX_DETAIL_CALL
    [[nodiscard]] asio::awaitable<outcome<exec_stream>> stream_exec(wire::ExecStreamInit init,
                                                                    call_options options) override {
      if constexpr (T::capabilities.exec_stream) {
        using held = detail::held_exec_stream<typename T::exec_stream>;
        return open<exec_stream, held>(next.stream_exec(std::move(init), options));
      } else {
        using stream = detail::unary_exec_stream<T>;
        using held = detail::held_exec_stream<stream>;
        return open<exec_stream, held>(stream::open(next, std::move(init), options));
      }
    }
    [[nodiscard]] asio::awaitable<outcome<log_stream>> stream_logs(wire::StreamLogsRequest request,
                                                                   call_options options) override {
      if constexpr (T::capabilities.log_stream) {
        using held = detail::held_log_stream<typename T::log_stream>;
        return open<log_stream, held>(next.stream_logs(std::move(request), options));
      } else {
        return refuse<log_stream>(std::string{"the transport '"}
                          .append(T::capabilities.name)
                          .append("' has no log streams; use grpc_transport or local_transport"));
      }
    }

    T next;

   private:
    template <class Stream, class Held, class Inner>
    [[nodiscard]] static asio::awaitable<outcome<Stream>> open(
        asio::awaitable<outcome<Inner>> call) {
      auto opened = co_await std::move(call);
      if (!opened) co_return outcome<Stream>{opened.error()};
      co_return outcome<Stream>{Stream{std::make_unique<Held>(*std::move(opened))}};
    }
    template <class Result>
    [[nodiscard]] static asio::awaitable<outcome<Result>> refuse(std::string why) {
      co_return outcome<Result>{rpc_error(status_code::unimplemented, std::move(why))};
    }
  };

  friend detail::unary_calls<any_transport>;
  friend detail::optional_calls<any_transport>;
  template <rpc_method Method>
  static constexpr bool can_make = Method >= rpc_method::create_file_system_snapshot &&
                                   Method <= rpc_method::get_available_runner;
  template <class Call>
  [[nodiscard]] auto call(typename Call::request request, call_options options) const {
    return Call::send(*held_, std::move(request), options);
  }

  std::shared_ptr<erased> held_;
};
static_assert(transport<any_transport>);

using any_sandbox = basic_sandbox<any_transport>;
using any_session = basic_session<any_transport>;

}  // namespace cwsandbox::inline v1

#endif

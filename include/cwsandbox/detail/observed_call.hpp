// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OBSERVED_CALL_HPP
#define CWSANDBOX_DETAIL_OBSERVED_CALL_HPP

/// \file
/// One call that somebody is told of.

#include <cwsandbox/clock.hpp>
#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/call_report.hpp>
#include <cwsandbox/rpc_method.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace cwsandbox::inline v1::detail {

/// A message of any type, shared and immutable.
class any_message {
 public:
  any_message() = default;
  template <class M>
  [[nodiscard]] static any_message copy_of(M const& message) {
    any_message result;
    result.message_ = std::make_shared<M const>(message);
    result.type_ = &type<M>;
    return result;
  }
  /// Null when there is none, or it is of another type.
  template <class M>
  [[nodiscard]] M const* get() const noexcept {
    return type_ == &type<M> ? static_cast<M const*>(message_.get()) : nullptr;
  }

 private:
  template <class M>
  static constexpr char type{};

  std::shared_ptr<void const> message_{};
  char const* type_{};
};

/// Who is told. The members may be called from any thread, and end the program when they throw.
class call_observer {
 public:
  virtual ~call_observer() = default;
  /// Whether a message with so many bytes of content is to be copied for the observer.
  [[nodiscard]] virtual bool keeps(std::uint64_t content) const noexcept = 0;
  /// Numbers the call.
  virtual void began(call_report& report, any_message request) noexcept = 0;
  virtual void ended(call_report const& report, std::optional<error> failure,
                     any_message response) noexcept = 0;
};

template <class M>
[[nodiscard]] std::uint64_t content_of(M const&) noexcept {
  return 0;
}
[[nodiscard]] inline std::uint64_t content_of(wire::ExecResponse const& m) noexcept {
  return m.stdout_.size() + m.stderr_.size();
}
[[nodiscard]] inline std::uint64_t content_of(wire::ReadFileResponse const& m) noexcept {
  return m.content.size();
}
[[nodiscard]] inline std::uint64_t content_of(wire::WriteFileRequest const& m) noexcept {
  return m.content.size();
}

/// One call from its beginning to its end, for its observer. An end that nobody reported is a cancellation.
///
/// The two sides of a stream may report at the same time.
class observed_call {
 public:
  template <class Request>
  observed_call(std::shared_ptr<call_observer> observer, std::shared_ptr<time_source> clock,
                rpc_method method, Request const& request, call_options const& options)
      : observer_{std::move(observer)}, clock_{std::move(clock)} {
    report_.method = method;
    if constexpr (requires { request.sandbox_id; }) report_.sandbox_id = request.sandbox_id;
    report_.timeout = options.timeout;
    report_.bytes_sent = content_of(request);
    report_.start = clock_->now();
    observer_->began(report_, kept(request, report_.bytes_sent));
  }
  observed_call(observed_call const&) = delete;
  observed_call& operator=(observed_call const&) = delete;
  ~observed_call() { cancelled(); }

  /// The end of a unary call.
  template <class Response>
  void answered(outcome<Response> const& answer) {
    if (!answer) return failed(answer.error());
    any_message response;
    {
      std::lock_guard lock{mutex_};
      report_.bytes_received = content_of(*answer);
      if constexpr (requires { answer->sandbox_id; })
        if (report_.sandbox_id.empty()) report_.sandbox_id = answer->sandbox_id;
      if constexpr (std::is_same_v<Response, wire::ExecResponse>)
        report_.exit_code = answer->exit_code;
      response = kept(*answer, report_.bytes_received);
    }
    end(status_code::ok, {}, std::nullopt, std::move(response));
  }

  void failed(error const& e) {
    auto const code = e.kind() == error_kind::cancelled ? status_code::cancelled : e.code();
    end(code, e.reason(), e);
  }

  void cancelled() { end(status_code::cancelled, {}, std::nullopt); }

  /// The client sends content on a stream.
  void sent(std::uint64_t bytes) {
    std::lock_guard lock{mutex_};
    report_.bytes_sent += bytes;
  }

  /// The client read from a stream.
  template <class Message>
  void heard(outcome<std::optional<Message>> const& read) {
    if (!read) return failed(read.error());
    if (!*read) return end(status_code::ok, {}, std::nullopt);
    received(**read);
  }

 private:
  void received(wire::ExecStreamResponse const& message) {
    bool last = false;
    std::string reason;
    {
      std::lock_guard lock{mutex_};
      ++report_.messages_received;
      if (auto const* output = std::get_if<wire::ExecStreamOutput>(&message.message)) {
        report_.bytes_received += output->data.size();
      } else if (auto const* exit = std::get_if<wire::ExecStreamExit>(&message.message)) {
        report_.exit_code = exit->exit_code;
        last = true;
      } else if (auto const* failure = std::get_if<wire::ExecStreamError>(&message.message)) {
        reason = failure->code;
        last = true;
      }
    }
    // clients read no further than this
    if (last) end(status_code::ok, std::move(reason), std::nullopt);
  }

  void received(wire::LogEntry const& entry) {
    std::lock_guard lock{mutex_};
    ++report_.messages_received;
    report_.bytes_received += entry.data.size();
    if (entry.error) report_.reason = entry.error->code;
  }

  template <class M>
  [[nodiscard]] any_message kept(M const& message, std::uint64_t content) const {
    return observer_->keeps(content) ? any_message::copy_of(message) : any_message{};
  }

  /// The first end counts.
  void end(status_code code, std::string reason, std::optional<error> failure,
           any_message response = {}) {
    call_report report;
    {
      std::lock_guard lock{mutex_};
      if (report_.duration) return;
      report_.duration = clock_->now() - report_.start;
      report_.code = code;
      if (!reason.empty()) report_.reason = std::move(reason);
      report = report_;
    }
    observer_->ended(report, std::move(failure), std::move(response));
  }

  std::shared_ptr<call_observer> observer_;
  std::shared_ptr<time_source> clock_;
  std::mutex mutex_;
  call_report report_;
};

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_OBSERVING_HPP
#define CWSANDBOX_DETAIL_OBSERVING_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/forwarding_transport.hpp>
#include <cwsandbox/detail/observed_call.hpp>

#include <cstdint>
#include <memory>
#include <utility>

namespace cwsandbox::inline v1::detail {

/// The policy of a forwarding transport that tells somebody of each call. All observers share it, so that a program
/// with several of them compiles it once.
class observing {
 public:
  observing(std::shared_ptr<call_observer> observer, std::shared_ptr<time_source> clock) noexcept
      : observer_{std::move(observer)}, clock_{std::move(clock)} {}

  class part {
   public:
    explicit part(std::unique_ptr<observed_call> seen) noexcept : seen_{std::move(seen)} {}

    template <class Stream>
    [[nodiscard]] static asio::awaitable<read_result<Stream>> read(
        std::shared_ptr<stream_link<Stream, part>> link) {
      auto call = link->stream.read();
      auto message = co_await std::move(call);
      link->part.seen_->heard(message);
      co_return message;
    }
    void sent(std::uint64_t bytes) { seen_->sent(bytes); }
    void cancelled() noexcept { seen_->cancelled(); }

   private:
    std::unique_ptr<observed_call> seen_;
  };

  template <class Call, class T>
  [[nodiscard]] static asio::awaitable<outcome<typename Call::response>> unary(
      observing self, T next, typename Call::request request, call_options options) {
    observed_call seen{self.observer_, self.clock_, Call::method, request, options};
    auto call = Call::send(next, std::move(request), options);
    auto answer = co_await std::move(call);
    seen.answered(answer);
    co_return answer;
  }

  template <class Call, class Stream, class T>
  [[nodiscard]] static asio::awaitable<outcome<Stream>> open(observing self, T next,
                                                             typename Call::request request,
                                                             call_options options) {
    auto seen = std::make_unique<observed_call>(self.observer_, self.clock_, Call::method, request,
                                                options);
    auto call = Call::send(next, std::move(request), options);
    auto opened = co_await std::move(call);
    if (!opened) {
      seen->failed(opened.error());
      co_return outcome<Stream>{opened.error()};
    }
    co_return outcome<Stream>{Stream{*std::move(opened), part{std::move(seen)}}};
  }

 private:
  std::shared_ptr<call_observer> observer_;
  std::shared_ptr<time_source> clock_;
};

/// A transport with an observer.
template <class T>
using observed_transport = forwarding_transport<T, observing>;

}  // namespace cwsandbox::inline v1::detail

#endif

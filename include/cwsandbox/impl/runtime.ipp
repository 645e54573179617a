// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_RUNTIME_IPP
#define CWSANDBOX_IMPL_RUNTIME_IPP

#include <cwsandbox/detail/executor_target.hpp>
#include <cwsandbox/runtime.hpp>

#include <asio/execution/outstanding_work.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/require.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <thread>
#include <type_traits>
#include <utility>

namespace cwsandbox::inline v1 {

namespace detail {

class background_thread {
 public:
  background_thread() : guard_{context_.get_executor()}, thread_{[this] { context_.run(); }} {}
  background_thread(background_thread const&) = delete;
  background_thread& operator=(background_thread const&) = delete;
  ~background_thread() {
    // what is still under way at exit is not waited for
    context_.stop();
    thread_.join();
  }

  [[nodiscard]] asio::any_io_executor get_executor() noexcept { return context_.get_executor(); }

 private:
  // Never destroyed: handles in static storage may die after this, and what they hold of the context must still be there.
  asio::io_context& context_{*new asio::io_context{1}};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace detail

CWSANDBOX_DECL asio::any_io_executor background_executor() {
  static detail::background_thread instance;
  return instance.get_executor();
}

namespace detail {

/// True when the executor is one of type E, or a strand on one, and the calling thread runs its context.
template <class E>
bool runs_here(asio::any_io_executor const& executor) noexcept {
  if (auto const* e = target_of<E>(executor)) return e->running_in_this_thread();
  if (auto const* e = target_of<asio::strand<E>>(executor))
    return e->get_inner_executor().running_in_this_thread();
  return false;
}

/// What an executor turns into when it is made to keep its context busy.
template <class E>
using tracked_executor = std::decay_t<decltype(asio::require(
    std::declval<E const&>(), asio::execution::outstanding_work.tracked))>;

}  // namespace detail

CWSANDBOX_DECL bool running_on(asio::any_io_executor const& executor) noexcept {
  using context = asio::io_context::executor_type;
  using pool = asio::thread_pool::executor_type;
  if (auto const* e = detail::target_of<asio::strand<asio::any_io_executor>>(executor))
    return running_on(e->get_inner_executor());
  return detail::runs_here<context>(executor) ||
         detail::runs_here<detail::tracked_executor<context>>(executor) ||
         detail::runs_here<pool>(executor) ||
         detail::runs_here<detail::tracked_executor<pool>>(executor);
}

}  // namespace cwsandbox::inline v1

#endif

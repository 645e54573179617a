// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_SESSION_HPP
#define CWSANDBOX_SESSION_HPP

/// \file
/// `basic_session<T>`: shared defaults for many sandboxes, and their common end.

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/session_core.hpp>
#include <cwsandbox/function_options.hpp>
#include <cwsandbox/fwd.hpp>
#include <cwsandbox/operation.hpp>
#include <cwsandbox/metrics.hpp>
#include <cwsandbox/options.hpp>
#include <cwsandbox/sandbox.hpp>
#include <cwsandbox/transport.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// A group of sandboxes with common defaults that end together.
///
///     cw::basic_session session{cw::local_transport{}, cw::SandboxDefaults{.tags = {"my-project"}}};
///     auto out = session.sandbox().exec({"echo", "hello"}).result().out;
///
/// Every sandbox that the session makes or adopts belongs to it and is stopped by `close()` or by the destructor, also
/// when an exception flies. The destructor waits for the end (unless it runs on the session's own executor, where
/// waiting could not end: use `co_await session.close().async()` there) and never throws; what it could not do goes to
/// `on_cleanup_error`.
///
/// Movable, not copyable. All members may be called from any thread. (contract: lifecycle 5.3)
template <class T>
class basic_session {
 public:
  using transport_type = T;
  using sandbox_type = basic_sandbox<T>;

  /// A session on the transport's executor. No call is made. Throws `invalid_argument` for defaults that can never
  /// work.
  explicit basic_session(T transport, SandboxDefaults defaults = {})
      : basic_session{std::move(transport), std::move(defaults), asio::any_io_executor{}} {}

  /// The same on an executor of the caller's.
  basic_session(T transport, SandboxDefaults defaults, asio::any_io_executor executor) {
    if (auto e = detail::validation_error(validate(defaults))) e->raise();
    if (!executor) executor = transport.get_executor();
    core_ = std::make_shared<core_type>(std::move(transport), std::move(executor),
                                        std::move(defaults));
  }

  basic_session(basic_session&&) noexcept = default;
  basic_session& operator=(basic_session&& other) noexcept {
    if (this != &other) {
      close_now();
      core_ = std::move(other.core_);
    }
    return *this;
  }
  ~basic_session() { close_now(); }

  /// A new sandbox with the session's defaults and these options over them: tags are appended, environment and
  /// annotations merged by key, everything else replaced. It is not started; no call is made. Throws SandboxError when
  /// the session is closed, and `invalid_argument` for what is wrong in the options.
  [[nodiscard]] basic_sandbox<T> sandbox(SandboxOptions const& options = {}) const {
    return detail::sandbox_access::make<basic_sandbox<T>>(core_->make(options));
  }
  /// The same with whole defaults as the options.
  template <sandbox_defaults_like O>
  [[nodiscard]] basic_sandbox<T> sandbox(O const& options) const {
    SandboxDefaults const stored = options;
    return sandbox(detail::options_of(stored));
  }

  /// The sandboxes with the session's default tags and the given ones, whoever made them. With `adopt` the session owns
  /// what is found. (contract: lifecycle 5.1, 5.3)
  [[nodiscard]] operation<std::vector<basic_sandbox<T>>> list(
      ListOptions const& options = {}) const {
    auto const defaults = core_->resolved_defaults();
    return detail::start_list<basic_sandbox<T>>(core_->transport(), core_->executor(), options,
                                                defaults.tags, defaults.runner_ids,
                                                detail::limits_of(defaults), adopter(options.adopt));
  }

  /// A handle on a sandbox that exists, owned by the session unless `adopt` is false.
  [[nodiscard]] operation<basic_sandbox<T>> from_id(std::string_view sandbox_id,
                                                    bool adopt = true) const {
    auto const defaults = core_->resolved_defaults();
    return detail::start_from_id<basic_sandbox<T>>(core_->transport(), core_->executor(),
                                                   sandbox_id, detail::limits_of(defaults), adopter(adopt));
  }

  /// Makes the session the owner of a sandbox that was made elsewhere. Adopting twice is once. Throws SandboxError when
  /// the session is closed, `invalid_argument` for a sandbox that was never started.
  void adopt(basic_sandbox<T> const& sandbox) const { take(sandbox).value(); }

  /// How many sandboxes the session owns, started or not.
  [[nodiscard]] std::size_t sandbox_count() const { return core_->count(); }

  /// A function of an interpreter in the image, from its source, called as `f.remote(args...)` with arguments and
  /// result typed by the signature. Needs `#include <cwsandbox/function.hpp>`.
  ///
  ///     auto add = session.function<int(int, int)>("add", "def add(x, y):\n    return x + y\n");
  ///
  /// Throws `invalid_argument` for what is wrong in the arguments, AsyncFunctionError for an `async def`.
  template <class Signature>
    requires std::is_function_v<Signature>
  [[nodiscard]] auto function(std::string_view name, std::string_view source,
                              FunctionOptions const& options = {}) const {
    return detail::function_access<Signature>::template make<T>(core_, name, source, options);
  }

  /// A function of this program that `CWSANDBOX_REMOTE` names, to be called in sandboxes that get a copy of the program.
  /// Needs `#include <cwsandbox/function.hpp>`. Throws `invalid_argument` for one that is not registered, and
  /// `std::logic_error` when `main` has not called `remote_main`.
  template <class R, class... A>
  [[nodiscard]] auto function(R (*native)(A...), FunctionOptions const& options = {}) const {
    return detail::function_access<R(A...)>::template make<T>(core_, native, options);
  }

  /// What was counted since the beginning, or since the last reset. Empty when reporting is off.
  [[nodiscard]] metrics get_metrics() const { return core_->counters().values(); }
  void reset_metrics() const { core_->counters().reset(); }

  /// Who is told the metrics by `log_metrics` and `close`. An empty reporter turns reporting off.
  void report_to(metrics_reporter reporter) const {
    core_->counters().report_to(std::move(reporter));
  }
  /// One that `set_metrics_reporter` names, now or before the first report.
  void report_to(std::string_view name) const { core_->counters().report_to(std::string{name}); }

  /// Reports the metrics now. False when there is nobody to tell, or nothing, or the reporter failed; then nothing is
  /// reset.
  bool log_metrics(LogMetricsOptions const& options = {}) const {
    return core_->counters().report(options);
  }

  /// Stops all sandboxes at once and waits until each has ended, then reports the metrics that are left. The session makes no more. Closing again waits for the
  /// first close and never fails. SandboxError, with a cause for each, when some could not be stopped.
  operation<void> close() const { return core_->close(); }
  [[nodiscard]] bool is_closed() const { return core_->is_closed(); }

  /// Who is told what the destructor could not do; called on the thread that found out. Without one, a line is written
  /// to standard error.
  void on_cleanup_error(std::function<void(error const&)> handler) const {
    core_->on_cleanup_error(std::move(handler));
  }

  /// The defaults, as given.
  [[nodiscard]] SandboxDefaults const& defaults() const noexcept { return core_->defaults(); }
  [[nodiscard]] T const& transport() const noexcept { return core_->transport(); }
  [[nodiscard]] asio::any_io_executor get_executor() const noexcept { return core_->executor(); }

 private:
  using core_type = detail::session_core<T>;

  static outcome<void> take(core_type& core, basic_sandbox<T> const& sandbox) {
    if (!sandbox.id())
      return invalid_argument_error("sandbox", "(not started)",
                                    "a sandbox must be started before a session can adopt it");
    auto added = core.add(detail::sandbox_access::core(sandbox));
    if (added) sandbox.detach();
    return added;
  }
  outcome<void> take(basic_sandbox<T> const& sandbox) const { return take(*core_, sandbox); }

  [[nodiscard]] std::function<outcome<void>(basic_sandbox<T> const&)> adopter(bool adopt) const {
    if (!adopt) return {};
    if (core_->is_closed()) core_type::closed_error().raise();
    return [core = core_](basic_sandbox<T> const& sandbox) { return take(*core, sandbox); };
  }

  void close_now() noexcept {
    if (core_) core_->close_in_destructor();
  }

  std::shared_ptr<core_type> core_;
};

template <class T>
basic_session(T) -> basic_session<T>;
template <class T, class Defaults>
basic_session(T, Defaults const&) -> basic_session<T>;
template <class T, class Defaults>
basic_session(T, Defaults const&, asio::any_io_executor) -> basic_session<T>;

}  // namespace cwsandbox::inline v1

#endif

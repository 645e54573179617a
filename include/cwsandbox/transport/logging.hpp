// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOGGING_HPP
#define CWSANDBOX_TRANSPORT_LOGGING_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/detail/observing.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/transport/call_report.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace cwsandbox::inline v1 {

/// Told of each call when it begins and when it has ended: `is_done()` says which. Called where the call runs, perhaps
/// by several threads at once; it must not throw.
using call_sink = std::function<void(call_report const&)>;

/// A sink that writes one line for each report, without its end:
///
///     cw::logging transport{engine, cw::log_lines([](std::string_view line) { std::clog << line << '\n'; })};
[[nodiscard]] inline call_sink log_lines(std::function<void(std::string_view)> write) {
  return [write = std::move(write)](call_report const& report) { write(to_string(report)); };
}

namespace detail {

class call_logger final : public call_observer {
 public:
  explicit call_logger(call_sink sink) : sink_{std::move(sink)} {}
  [[nodiscard]] bool keeps(std::uint64_t) const noexcept override { return false; }
  void began(call_report& report, any_message) noexcept override {
    report.number = ++count_;
    if (sink_) sink_(report);
  }
  void ended(call_report const& report, std::optional<error>, any_message) noexcept override {
    if (sink_) sink_(report);
  }

 private:
  call_sink sink_;
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace detail

/// A transport that tells a sink of each call on another one.
///
/// The sink never learns what a call carried: no environment, no words of commands, no contents of files, no output,
/// no message of an error (which may quote them). See `call_report`.
///
/// A cheap copyable handle like the transport that it holds; copies number their calls together. Capabilities,
/// executor and time are those of the held transport.
template <transport T>
class logging : public detail::observed_transport<T> {
 public:
  logging(T next, call_sink sink)
      : detail::observed_transport<T>{
            next, detail::observing{std::make_shared<detail::call_logger>(std::move(sink)),
                                    detail::time_source_of(next)}} {}
};

}  // namespace cwsandbox::inline v1

#endif

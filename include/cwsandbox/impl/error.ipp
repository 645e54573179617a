// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_ERROR_IPP
#define CWSANDBOX_IMPL_ERROR_IPP

#include <cwsandbox/error.hpp>

#include <asio/error.hpp>

#include <cstdio>
#include <ostream>

namespace cwsandbox::inline v1 {

namespace detail {

/// Calls `f` with a type tag of the exception class that belongs to the kind. The one place that pairs them.
template <class T>
struct error_class {
  using type = T;
};

template <class F>
decltype(auto) with_error_class(error_kind kind, F&& f) {
  switch (kind) {
#define CWSANDBOX_DETAIL_CASE(Kind, Class) \
  case error_kind::Kind:                   \
    return f(error_class<Class>{});
    CWSANDBOX_DETAIL_CASE(authentication, CWSandboxAuthenticationError)
    CWSANDBOX_DETAIL_CASE(validation, CWSandboxValidationError)
    CWSANDBOX_DETAIL_CASE(sandbox, SandboxError)
    CWSANDBOX_DETAIL_CASE(sandbox_validation, SandboxValidationError)
    CWSANDBOX_DETAIL_CASE(not_running, SandboxNotRunningError)
    CWSANDBOX_DETAIL_CASE(unavailable, SandboxUnavailableError)
    CWSANDBOX_DETAIL_CASE(snapshot_backend_throttled, SnapshotBackendThrottledError)
    CWSANDBOX_DETAIL_CASE(timeout, SandboxTimeoutError)
    CWSANDBOX_DETAIL_CASE(request_timeout, SandboxRequestTimeoutError)
    CWSANDBOX_DETAIL_CASE(command_timeout, SandboxCommandTimeoutError)
    CWSANDBOX_DETAIL_CASE(snapshot_wait_timeout, SnapshotWaitTimeoutError)
    CWSANDBOX_DETAIL_CASE(terminated, SandboxTerminatedError)
    CWSANDBOX_DETAIL_CASE(failed, SandboxFailedError)
    CWSANDBOX_DETAIL_CASE(not_found, SandboxNotFoundError)
    CWSANDBOX_DETAIL_CASE(resource_exhausted, SandboxResourceExhaustedError)
    CWSANDBOX_DETAIL_CASE(terminal_state_unavailable, SandboxTerminalStateUnavailableError)
    CWSANDBOX_DETAIL_CASE(execution, SandboxExecutionError)
    CWSANDBOX_DETAIL_CASE(stream_backpressure, SandboxStreamBackpressureError)
    CWSANDBOX_DETAIL_CASE(stream_truncated, SandboxStreamTruncatedError)
    CWSANDBOX_DETAIL_CASE(outcome_unknown, SandboxOutcomeUnknownError)
    CWSANDBOX_DETAIL_CASE(file, SandboxFileError)
    CWSANDBOX_DETAIL_CASE(snapshot, SandboxSnapshotError)
    CWSANDBOX_DETAIL_CASE(snapshot_not_found, SnapshotNotFoundError)
    CWSANDBOX_DETAIL_CASE(snapshot_not_ready, SnapshotNotReadyError)
    CWSANDBOX_DETAIL_CASE(snapshot_not_supported, SnapshotNotSupportedError)
    CWSANDBOX_DETAIL_CASE(snapshot_size_exceeded, SnapshotSizeExceededError)
    CWSANDBOX_DETAIL_CASE(snapshot_quota_exceeded, SnapshotQuotaExceededError)
    CWSANDBOX_DETAIL_CASE(snapshot_bucket_mismatch, SnapshotBucketMismatchError)
    CWSANDBOX_DETAIL_CASE(snapshot_on_stop_conflict, SnapshotOnStopConflictError)
    CWSANDBOX_DETAIL_CASE(discovery, DiscoveryError)
    CWSANDBOX_DETAIL_CASE(discovery_validation, DiscoveryValidationError)
    CWSANDBOX_DETAIL_CASE(runner_not_found, RunnerNotFoundError)
    CWSANDBOX_DETAIL_CASE(profile_not_found, ProfileNotFoundError)
    CWSANDBOX_DETAIL_CASE(function, FunctionError)
    CWSANDBOX_DETAIL_CASE(async_function, AsyncFunctionError)
    CWSANDBOX_DETAIL_CASE(invalid_argument, cwsandbox::invalid_argument)
    CWSANDBOX_DETAIL_CASE(wait_timeout, cwsandbox::wait_timeout)
    CWSANDBOX_DETAIL_CASE(cancelled, operation_cancelled)
#undef CWSANDBOX_DETAIL_CASE
    case error_kind::rpc:
    case error_kind::generic:
    case error_kind::logic:
    case error_kind::foreign:
      break;
  }
  return f(error_class<CWSandboxError>{});
}

CWSANDBOX_DECL error make_error(error_kind kind, std::string message,
                                error_attributes const& attributes) {
  error_details d{};
  d.kind = kind;
  d.message = std::move(message);
  d.code = attributes.code;
  d.reason = attributes.reason;
  d.domain = attributes.domain;
  d.retry_after = attributes.retry_after;
  d.sandbox_id = attributes.sandbox_id;
  d.subject = attributes.subject;
  return error{std::move(d)};
}

/// The kind that a class derives from; `generic` ends the chain. Two classes have two parents: the second one is in
/// `second_parent`.
constexpr error_kind parent(error_kind kind) noexcept {
  switch (kind) {
    case error_kind::sandbox_validation:
    case error_kind::not_running:
    case error_kind::timeout:
    case error_kind::terminated:
    case error_kind::failed:
    case error_kind::not_found:
    case error_kind::resource_exhausted:
    case error_kind::terminal_state_unavailable:
    case error_kind::execution:
    case error_kind::file:
    case error_kind::snapshot:
      return error_kind::sandbox;
    case error_kind::unavailable:
      return error_kind::not_running;
    case error_kind::snapshot_backend_throttled:
      return error_kind::unavailable;
    case error_kind::request_timeout:
    case error_kind::command_timeout:
    case error_kind::snapshot_wait_timeout:
      return error_kind::timeout;
    case error_kind::stream_backpressure:
    case error_kind::stream_truncated:
    case error_kind::outcome_unknown:
      return error_kind::execution;
    case error_kind::snapshot_not_found:
    case error_kind::snapshot_not_ready:
    case error_kind::snapshot_not_supported:
    case error_kind::snapshot_size_exceeded:
    case error_kind::snapshot_quota_exceeded:
    case error_kind::snapshot_bucket_mismatch:
    case error_kind::snapshot_on_stop_conflict:
      return error_kind::snapshot;
    case error_kind::discovery_validation:
    case error_kind::runner_not_found:
    case error_kind::profile_not_found:
      return error_kind::discovery;
    case error_kind::async_function:
      return error_kind::function;
    case error_kind::authentication:
    case error_kind::validation:
    case error_kind::sandbox:
    case error_kind::discovery:
    case error_kind::function:
      return error_kind::generic;
    case error_kind::rpc:
    case error_kind::generic:
    case error_kind::invalid_argument:
    case error_kind::wait_timeout:
    case error_kind::cancelled:
    case error_kind::logic:
    case error_kind::foreign:
      return kind;
  }
  return kind;
}

}  // namespace detail

CWSANDBOX_DECL error::error() : error{error_details{}} {}

CWSANDBOX_DECL error::error(error_details details)
    : details_{std::make_shared<error_details const>(std::move(details))} {}

CWSANDBOX_DECL bool error::is(error_kind wanted) const noexcept {
  bool const has_violations =
      kind() == error_kind::sandbox_validation || kind() == error_kind::discovery_validation;
  if (wanted == error_kind::validation && has_violations) return true;
  for (auto k = kind();; k = detail::parent(k)) {
    if (k == wanted) return true;
    if (detail::parent(k) == k) return false;
  }
}

CWSANDBOX_DECL void error::raise() const {
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  if (kind() == error_kind::foreign && details().exception)
    std::rethrow_exception(details().exception);
  if (kind() == error_kind::logic) throw std::logic_error{message()};
  detail::with_error_class(kind(), [&](auto tag) { throw typename decltype(tag)::type{*this}; });
#else
  std::fprintf(stderr, "cwsandbox: %s\n", message().c_str());
#endif
  std::terminate();
}

CWSANDBOX_DECL std::exception_ptr error::to_exception_ptr() const {
  if (kind() == error_kind::foreign && details().exception) return details().exception;
  if (kind() == error_kind::logic) return std::make_exception_ptr(std::logic_error{message()});
  return detail::with_error_class(kind(), [&](auto tag) {
    return std::make_exception_ptr(typename decltype(tag)::type{*this});
  });
}

CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, error const& e) {
  if (e.code() != status_code::unknown) os << to_string(e.code()) << ": ";
  os << e.message();
  if (!e.reason().empty()) os << " (" << e.reason() << ')';
  return os;
}

CWSANDBOX_DECL error rpc_error(status_code code, std::string message) {
  error_details d{};
  d.kind = error_kind::rpc;
  d.code = code;
  d.message = std::move(message);
  return error{std::move(d)};
}

CWSANDBOX_DECL error invalid_argument_error(std::string field, std::string value,
                                            std::string message) {
  error_details d{};
  d.kind = error_kind::invalid_argument;
  d.code = status_code::invalid_argument;
  d.message = std::move(message);
  d.subject = std::move(field);
  d.value = std::move(value);
  return error{std::move(d)};
}

CWSANDBOX_DECL error make_error(error_kind kind, std::string message) {
  return detail::make_error(kind, std::move(message), error_attributes{});
}

CWSANDBOX_DECL operation_cancelled::operation_cancelled(error value)
    : std::system_error{asio::error::operation_aborted, value.message()}, error_{std::move(value)} {}

namespace detail {

CWSANDBOX_DECL error error_from_exception(std::exception_ptr exception) {
  error_details d{};
  d.kind = error_kind::foreign;
  d.message = "an exception that is not of this library";
  d.exception = exception;
#if defined(CWSANDBOX_HAS_EXCEPTIONS)
  try {
    std::rethrow_exception(exception);
  } catch (CWSandboxError const& e) {
    return e.as_error();
  } catch (cwsandbox::invalid_argument const& e) {
    return e.as_error();
  } catch (wait_timeout const& e) {
    return e.as_error();
  } catch (operation_cancelled const& e) {
    return e.as_error();
  } catch (std::system_error const& e) {
    // what asio's own operations throw when their cancellation slot is used
    if (e.code() == asio::error::operation_aborted)
      return make_error(error_kind::cancelled, "operation was cancelled");
    d.message = e.what();
  } catch (std::exception const& e) {
    d.message = e.what();
  } catch (...) {
  }
#endif
  return error{std::move(d)};
}

}  // namespace detail

}  // namespace cwsandbox::inline v1

#endif

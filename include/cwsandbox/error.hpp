// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_ERROR_HPP
#define CWSANDBOX_ERROR_HPP

/// \file
/// The typed errors of the library, as values (`error`) and as exception classes.
///
/// Every failure is an `error` value first: cheap to copy, comparable by kind, usable without exceptions through
/// `operation::outcome()`. `operation::result()` throws the exception class that belongs to the error's kind; the
/// class holds the same value. The classes form the hierarchy of the service contract (lifecycle, section 7.1), with
/// `CWSandboxError` as a virtual base, so that each may be caught by any of its parents.
///
/// Mistakes in arguments are found before any call is made and are `invalid_argument`, which is also a
/// `std::invalid_argument` and not a `CWSandboxError`.

#include <cwsandbox/config.hpp>
#include <cwsandbox/process_result.hpp>
#include <cwsandbox/status_code.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <iosfwd>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

/// Which exception class an error is thrown as. The order is of no meaning.
enum class error_kind : std::uint8_t {
  /// Not translated yet: a transport's own report. Users never see it.
  rpc,
  /// CWSandboxError itself.
  generic,
  authentication,
  validation,
  sandbox,
  sandbox_validation,
  not_running,
  unavailable,
  snapshot_backend_throttled,
  timeout,
  request_timeout,
  command_timeout,
  snapshot_wait_timeout,
  terminated,
  failed,
  not_found,
  resource_exhausted,
  terminal_state_unavailable,
  execution,
  stream_backpressure,
  stream_truncated,
  outcome_unknown,
  file,
  snapshot,
  snapshot_not_found,
  snapshot_not_ready,
  snapshot_not_supported,
  snapshot_size_exceeded,
  snapshot_quota_exceeded,
  snapshot_bucket_mismatch,
  snapshot_on_stop_conflict,
  discovery,
  discovery_validation,
  runner_not_found,
  profile_not_found,
  function,
  async_function,
  /// `invalid_argument`: a mistake in an argument, found locally.
  invalid_argument,
  /// `wait_timeout`: a local wait ended; the operation goes on.
  wait_timeout,
  /// `operation_cancelled`: `cancel()` or a cancellation slot ended the operation.
  cancelled,
  /// `std::logic_error`: the library was used in a way that could never work.
  logic,
  /// An exception of somebody else's (an auth provider, a data source), thrown again as it was.
  foreign,
};

/// One field that the server refused, with the reason in words.
struct FieldViolation {
  std::string field{};
  std::string description{};

  friend bool operator==(FieldViolation const&, FieldViolation const&) = default;
};

struct error_details;

/// An error as a value: shared, immutable, one pointer in size. Thread-safe like any immutable value.
class error {
 public:
  /// An error of kind `generic` with an empty message.
  CWSANDBOX_DECL error();
  CWSANDBOX_DECL explicit error(error_details details);

  [[nodiscard]] error_details const& details() const noexcept { return *details_; }
  [[nodiscard]] inline error_kind kind() const noexcept;
  [[nodiscard]] inline status_code code() const noexcept;
  [[nodiscard]] inline std::string const& message() const noexcept;
  [[nodiscard]] inline std::string const& reason() const noexcept;
  [[nodiscard]] inline std::string const& sandbox_id() const noexcept;
  [[nodiscard]] inline std::optional<std::chrono::nanoseconds> retry_after() const noexcept;
  /// The first cause, or nothing.
  [[nodiscard]] inline error const* cause() const noexcept;

  /// True when the error's class is the given one or derives from it: `e.is(error_kind::timeout)` holds for
  /// request, command and snapshot time-outs too.
  [[nodiscard]] CWSANDBOX_DECL bool is(error_kind parent) const noexcept;

  /// Throws the exception class that belongs to the kind. Without exceptions: `std::terminate`.
  [[noreturn]] CWSANDBOX_DECL void raise() const;

  /// The same as a `std::exception_ptr`.
  [[nodiscard]] CWSANDBOX_DECL std::exception_ptr to_exception_ptr() const;

  /// A copy with something changed: `e.with([&](error_details& d) { d.sandbox_id = id; })`.
  template <class Change>
  [[nodiscard]] error with(Change&& change) const;

  /// Kind, code, reason and message; never metadata, which a server may fill with anything.
  friend CWSANDBOX_DECL std::ostream& operator<<(std::ostream& os, error const& e);

 private:
  std::shared_ptr<error_details const> details_;
};

/// What an error carries. A field that does not apply is empty.
struct error_details {
  using duration = std::chrono::nanoseconds;

  error_kind kind{error_kind::generic};
  /// The status of the RPC that failed; `unknown` when no RPC was involved.
  status_code code{status_code::unknown};
  /// Text for people. Never holds a secret.
  std::string message{};
  /// Machine-readable reason of the server (`CWSANDBOX_...`), as sent, whatever its domain.
  std::string reason{};
  /// The domain that the reason belongs to; only `cwsandbox.com` is trusted to choose the class.
  std::string domain{};
  std::vector<std::pair<std::string, std::string>> metadata{};
  /// How long the server asked to wait before another try; present zero is kept.
  std::optional<duration> retry_after{};
  std::vector<FieldViolation> field_violations{};
  std::string sandbox_id{};
  /// What was being done, e.g. `Create sandbox`.
  std::string operation{};
  /// The file path, snapshot id, runner id, profile or field name that the error is about, depending on its kind.
  std::string subject{};
  /// `invalid_argument`: the value that was refused, as text.
  std::string value{};
  /// `runner_not_found`, `profile_not_found`: the runner.
  std::string runner_id{};
  /// `STREAM_BACKPRESSURE` or `STREAM_TRUNCATED`.
  std::string stream_code{};
  std::string exception_type{};
  std::string exception_message{};
  std::string traceback{};
  std::shared_ptr<ProcessResult const> exec_result{};
  /// The errors that led to this one; more than one only when a session could not stop several sandboxes.
  std::vector<error> causes{};
  /// `foreign`: what was thrown.
  std::exception_ptr exception{};
};

inline error_kind error::kind() const noexcept { return details_->kind; }
inline status_code error::code() const noexcept { return details_->code; }
inline std::string const& error::message() const noexcept { return details_->message; }
inline std::string const& error::reason() const noexcept { return details_->reason; }
inline std::string const& error::sandbox_id() const noexcept { return details_->sandbox_id; }
inline std::optional<std::chrono::nanoseconds> error::retry_after() const noexcept {
  return details_->retry_after;
}
inline error const* error::cause() const noexcept {
  return details_->causes.empty() ? nullptr : details_->causes.data();
}

template <class Change>
error error::with(Change&& change) const {
  error_details copy{*details_};
  std::forward<Change>(change)(copy);
  return error{std::move(copy)};
}

/// A transport's report of a failed call, to be translated by the layer above. The shortest way for the author of a
/// transport to fail: `co_return rpc_error(status_code::unavailable, "connection refused")`.
[[nodiscard]] CWSANDBOX_DECL error rpc_error(status_code code, std::string message);

/// The error of a local argument check. `field` names what was wrong, `value` is shown as it was given.
[[nodiscard]] CWSANDBOX_DECL error invalid_argument_error(std::string field, std::string value,
                                                          std::string message);

/// An error of a kind with nothing but a message.
[[nodiscard]] CWSANDBOX_DECL error make_error(error_kind kind, std::string message);

/// What may be said about an error when it is made by hand, for tests and transports. A literal type: everything is
/// copied at once.
struct error_attributes {
  status_code code{status_code::unknown};
  std::string_view reason{};
  std::string_view domain{};
  std::optional<std::chrono::nanoseconds> retry_after{};
  std::string_view sandbox_id{};
  /// File path, snapshot id or runner id, by the class.
  std::string_view subject{};
};
static_assert(std::is_trivially_destructible_v<error_attributes>);

/// The base of all errors of the service and of this library's use of it.
class CWSandboxError : public std::exception {
 public:
  CWSandboxError() : CWSandboxError{error{}} {}
  explicit CWSandboxError(error value) noexcept : error_{std::move(value)} {}
  explicit CWSandboxError(std::string message, error_attributes attributes = {});

  [[nodiscard]] char const* what() const noexcept override { return error_.message().c_str(); }

  /// The same error as a value.
  [[nodiscard]] error const& as_error() const noexcept { return error_; }
  [[nodiscard]] status_code code() const noexcept { return error_.code(); }
  /// The server's reason, or empty.
  [[nodiscard]] std::string const& reason() const noexcept { return error_.reason(); }
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> const& metadata() const noexcept {
    return error_.details().metadata;
  }
  /// How long the server asked to wait before another try.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> retry_after() const noexcept {
    return error_.retry_after();
  }
  /// The sandbox that the error is about, or empty.
  [[nodiscard]] std::string const& sandbox_id() const noexcept { return error_.sandbox_id(); }
  /// The errors that led to this one.
  [[nodiscard]] std::vector<error> const& causes() const noexcept {
    return error_.details().causes;
  }

 protected:
  [[nodiscard]] error_details const& details() const noexcept { return error_.details(); }

 private:
  error error_;
};

namespace detail {
[[nodiscard]] CWSANDBOX_DECL error make_error(error_kind kind, std::string message,
                                              error_attributes const& attributes);
}  // namespace detail

inline CWSandboxError::CWSandboxError(std::string message, error_attributes attributes)
    : error_{detail::make_error(error_kind::generic, std::move(message), attributes)} {}

// Each class below derives virtually from the base, so the most derived class constructs it: the three constructors
// are the same everywhere but for the kind. Copied, never moved: a move would move the virtual base more than once.
#define CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(Name, Kind)                                   \
  Name() : CWSandboxError{::cwsandbox::make_error(error_kind::Kind, {})} {}               \
  Name(Name const&) = default;                                                            \
  Name& operator=(Name const&) = default;                                                 \
  explicit Name(error value) noexcept : CWSandboxError{std::move(value)} {}               \
  explicit Name(std::string message, error_attributes attributes = {})                    \
      : CWSandboxError{detail::make_error(error_kind::Kind, std::move(message), attributes)} {}

/// The server did not accept the caller's identity, or what it may do. Not a SandboxError.
class CWSandboxAuthenticationError : public virtual CWSandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(CWSandboxAuthenticationError, authentication)
};

/// The server refused fields of the request.
class CWSandboxValidationError : public virtual CWSandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(CWSandboxValidationError, validation)
  [[nodiscard]] std::vector<FieldViolation> const& field_violations() const noexcept {
    return details().field_violations;
  }
};

/// The base of errors about a sandbox or a session.
class SandboxError : public virtual CWSandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SandboxError, sandbox)
};

#define CWSANDBOX_DETAIL_PLAIN_ERROR(Name, Parent, Kind)  \
  class Name : public Parent {                            \
   public:                                                \
    CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(Name, Kind)       \
  };

/// The server refused fields of a sandbox request.
class SandboxValidationError : public SandboxError, public CWSandboxValidationError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SandboxValidationError, sandbox_validation)
};

/// The sandbox is not running: never started, stopped, ended, or the call was cancelled by the server.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxNotRunningError, SandboxError, not_running)
/// The service cannot be reached or asks to come again.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxUnavailableError, SandboxNotRunningError, unavailable)
/// The snapshot store asks to come again.
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotBackendThrottledError, SandboxUnavailableError,
                             snapshot_backend_throttled)
/// Something took longer than it was allowed.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxTimeoutError, SandboxError, timeout)
/// One request exceeded its deadline.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxRequestTimeoutError, SandboxTimeoutError, request_timeout)
/// The server ended a command that ran too long.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxCommandTimeoutError, SandboxTimeoutError, command_timeout)
/// The sandbox was stopped.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxTerminatedError, SandboxError, terminated)
/// The sandbox failed.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxFailedError, SandboxError, failed)
/// The service knows no such sandbox; `sandbox_id()` says which.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxNotFoundError, SandboxError, not_found)
/// A quota or a capacity is used up.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxResourceExhaustedError, SandboxError, resource_exhausted)
/// The stop worked, but how the sandbox ended cannot be told any more.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxTerminalStateUnavailableError, SandboxError,
                             terminal_state_unavailable)

/// A snapshot was not ready in time; it may still become ready.
class SnapshotWaitTimeoutError : public SandboxTimeoutError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SnapshotWaitTimeoutError, snapshot_wait_timeout)
  [[nodiscard]] std::string const& file_system_snapshot_id() const noexcept {
    return details().subject;
  }
};

/// A command or function did not do what was asked: a checked exit status, or a stream that broke.
class SandboxExecutionError : public SandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SandboxExecutionError, execution)
  /// The finished command; an empty result when it did not finish (see `has_result()`).
  [[nodiscard]] ProcessResult const& result() const noexcept {
    static ProcessResult const none{};
    return details().exec_result ? *details().exec_result : none;
  }
  [[nodiscard]] bool has_result() const noexcept { return details().exec_result != nullptr; }
  /// Class name of the exception that a remote function raised, or empty.
  [[nodiscard]] std::string const& exception_type() const noexcept {
    return details().exception_type;
  }
  [[nodiscard]] std::string const& exception_message() const noexcept {
    return details().exception_message;
  }
  /// Where it raised it, as its interpreter prints that, or empty.
  [[nodiscard]] std::string const& traceback() const noexcept { return details().traceback; }
  /// `STREAM_BACKPRESSURE`, `STREAM_TRUNCATED` or empty.
  [[nodiscard]] std::string const& stream_code() const noexcept { return details().stream_code; }
};

/// Output was not read fast enough and the server gave the stream up.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxStreamBackpressureError, SandboxExecutionError,
                             stream_backpressure)
/// The server lost part of the output.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxStreamTruncatedError, SandboxExecutionError, stream_truncated)
/// The stream broke after the command was sent: it may have run, may run still, or may never have begun. The library
/// never sends it again; the caller knows whether that is safe.
CWSANDBOX_DETAIL_PLAIN_ERROR(SandboxOutcomeUnknownError, SandboxExecutionError, outcome_unknown)

/// A file could not be read or written; `reason()` says why.
class SandboxFileError : public SandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SandboxFileError, file)
  /// The path that the caller gave.
  [[nodiscard]] std::string const& path() const noexcept { return details().subject; }
};

/// The base of snapshot errors.
class SandboxSnapshotError : public SandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(SandboxSnapshotError, snapshot)
  [[nodiscard]] std::string const& file_system_snapshot_id() const noexcept {
    return details().subject;
  }
};
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotNotFoundError, SandboxSnapshotError, snapshot_not_found)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotNotReadyError, SandboxSnapshotError, snapshot_not_ready)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotNotSupportedError, SandboxSnapshotError,
                             snapshot_not_supported)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotSizeExceededError, SandboxSnapshotError,
                             snapshot_size_exceeded)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotQuotaExceededError, SandboxSnapshotError,
                             snapshot_quota_exceeded)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotBucketMismatchError, SandboxSnapshotError,
                             snapshot_bucket_mismatch)
CWSANDBOX_DETAIL_PLAIN_ERROR(SnapshotOnStopConflictError, SandboxSnapshotError,
                             snapshot_on_stop_conflict)

/// The base of runner discovery errors.
class DiscoveryError : public virtual CWSandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(DiscoveryError, discovery)
};
/// The server refused fields of a discovery request.
class DiscoveryValidationError : public DiscoveryError, public CWSandboxValidationError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(DiscoveryValidationError, discovery_validation)
};
/// There is no such runner.
class RunnerNotFoundError : public DiscoveryError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(RunnerNotFoundError, runner_not_found)
  [[nodiscard]] std::string const& runner_id() const noexcept { return details().subject; }
};
/// There is no such profile. Part of the vocabulary; no call of the v1 API raises it.
class ProfileNotFoundError : public DiscoveryError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(ProfileNotFoundError, profile_not_found)
  [[nodiscard]] std::string const& profile_name() const noexcept { return details().subject; }
  [[nodiscard]] std::string const& runner_id() const noexcept { return details().runner_id; }
};

/// A remote function could not be made or called.
class FunctionError : public virtual CWSandboxError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(FunctionError, function)
};
/// A remote function is asynchronous, which is not supported.
class AsyncFunctionError : public FunctionError {
 public:
  CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS(AsyncFunctionError, async_function)
};

#undef CWSANDBOX_DETAIL_PLAIN_ERROR
#undef CWSANDBOX_DETAIL_ERROR_CONSTRUCTORS

/// A mistake in an argument, found before any call. `field()` names the argument, `value()` shows what was given.
class invalid_argument : public std::invalid_argument {
 public:
  explicit invalid_argument(error value)
      : std::invalid_argument{value.message()}, error_{std::move(value)} {}
  [[nodiscard]] std::string const& field() const noexcept { return error_.details().subject; }
  [[nodiscard]] std::string const& value() const noexcept { return error_.details().value; }
  [[nodiscard]] error const& as_error() const noexcept { return error_; }

 private:
  error error_;
};

/// A local wait (`result_for`, `wait_for`) ended before the operation did. The operation goes on, and may be waited
/// for again.
class wait_timeout : public std::runtime_error {
 public:
  explicit wait_timeout(error value)
      : std::runtime_error{value.message()}, error_{std::move(value)} {}
  [[nodiscard]] error const& as_error() const noexcept { return error_; }

 private:
  error error_;
};

/// The operation was cancelled by this program. The error code is `asio::error::operation_aborted`.
class operation_cancelled : public std::system_error {
 public:
  CWSANDBOX_DECL explicit operation_cancelled(error value);
  [[nodiscard]] error const& as_error() const noexcept { return error_; }

 private:
  error error_;
};

namespace detail {
/// The error value inside any exception of this library; kind `foreign` for the others.
[[nodiscard]] CWSANDBOX_DECL error error_from_exception(std::exception_ptr exception);
}  // namespace detail

}  // namespace cwsandbox::inline v1

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/error.ipp>
#endif

#endif

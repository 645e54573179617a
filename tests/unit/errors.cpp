// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/error.hpp>

#include "support/catch.hpp"

#include <asio/error.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <typeinfo>
#include <vector>

namespace cw = cwsandbox;
using namespace std::chrono_literals;
using cw::error;
using cw::error_details;
using cw::error_kind;
using cw::status_code;

namespace {

// The errors of the service, in the order of the contract's table, each with its parents.
struct kind_row {
  error_kind kind;
  std::vector<error_kind> ancestors;  // itself left out
  void (*check_class)(error const&);
};

// Thrown as exactly this class, and caught as each of its parents.
template <class Class, class... Parents>
void thrown_as(error const& e) {
  auto const exactly = [&](auto const& caught) {
    CHECK(typeid(caught) == typeid(Class));
    CHECK(caught.as_error().kind() == e.kind());
    CHECK(std::string_view{caught.what()} == e.message());
  };
  try {
    e.raise();
  } catch (Class const& caught) {
    exactly(caught);
  }
  try {
    std::rethrow_exception(e.to_exception_ptr());
  } catch (Class const& caught) {
    exactly(caught);
  }
  CHECK_THROWS_AS(e.raise(), cw::CWSandboxError);
  CHECK_THROWS_AS(e.raise(), std::exception);
  (
      [&] {
        static_assert(std::is_base_of_v<Parents, Class>);
        CHECK_THROWS_AS(e.raise(), Parents);
      }(),
      ...);

  // made by hand it is of the same kind
  Class const made{
      "by hand",
      {.code = status_code::internal, .reason = "R", .retry_after = 2s, .sandbox_id = "sb"}};
  CHECK(made.as_error().kind() == e.kind());
  CHECK(std::string_view{made.what()} == "by hand");
  CHECK(made.code() == status_code::internal);
  CHECK(made.reason() == "R");
  CHECK(made.retry_after() == 2s);
  CHECK(made.sandbox_id() == "sb");
  CHECK(Class{}.as_error().kind() == e.kind());
  CHECK(std::string_view{Class{}.what()}.empty());
}

std::vector<kind_row> const& kind_rows() {
  using k = error_kind;
  static std::vector<kind_row> const rows{
      {k::generic, {}, &thrown_as<cw::CWSandboxError>},
      {k::authentication, {k::generic}, &thrown_as<cw::CWSandboxAuthenticationError>},
      {k::validation, {k::generic}, &thrown_as<cw::CWSandboxValidationError>},
      {k::sandbox, {k::generic}, &thrown_as<cw::SandboxError>},
      {k::sandbox_validation,
       {k::sandbox, k::validation, k::generic},
       &thrown_as<cw::SandboxValidationError, cw::SandboxError, cw::CWSandboxValidationError>},
      {k::not_running,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxNotRunningError, cw::SandboxError>},
      {k::unavailable,
       {k::not_running, k::sandbox, k::generic},
       &thrown_as<cw::SandboxUnavailableError, cw::SandboxNotRunningError, cw::SandboxError>},
      {k::snapshot_backend_throttled,
       {k::unavailable, k::not_running, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotBackendThrottledError, cw::SandboxUnavailableError,
                  cw::SandboxNotRunningError, cw::SandboxError>},
      {k::timeout, {k::sandbox, k::generic}, &thrown_as<cw::SandboxTimeoutError, cw::SandboxError>},
      {k::request_timeout,
       {k::timeout, k::sandbox, k::generic},
       &thrown_as<cw::SandboxRequestTimeoutError, cw::SandboxTimeoutError, cw::SandboxError>},
      {k::command_timeout,
       {k::timeout, k::sandbox, k::generic},
       &thrown_as<cw::SandboxCommandTimeoutError, cw::SandboxTimeoutError, cw::SandboxError>},
      {k::snapshot_wait_timeout,
       {k::timeout, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotWaitTimeoutError, cw::SandboxTimeoutError, cw::SandboxError>},
      {k::terminated,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxTerminatedError, cw::SandboxError>},
      {k::failed, {k::sandbox, k::generic}, &thrown_as<cw::SandboxFailedError, cw::SandboxError>},
      {k::not_found,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxNotFoundError, cw::SandboxError>},
      {k::resource_exhausted,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxResourceExhaustedError, cw::SandboxError>},
      {k::terminal_state_unavailable,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxTerminalStateUnavailableError, cw::SandboxError>},
      {k::execution,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxExecutionError, cw::SandboxError>},
      {k::stream_backpressure,
       {k::execution, k::sandbox, k::generic},
       &thrown_as<cw::SandboxStreamBackpressureError, cw::SandboxExecutionError, cw::SandboxError>},
      {k::stream_truncated,
       {k::execution, k::sandbox, k::generic},
       &thrown_as<cw::SandboxStreamTruncatedError, cw::SandboxExecutionError, cw::SandboxError>},
      {k::outcome_unknown,
       {k::execution, k::sandbox, k::generic},
       &thrown_as<cw::SandboxOutcomeUnknownError, cw::SandboxExecutionError, cw::SandboxError>},
      {k::file, {k::sandbox, k::generic}, &thrown_as<cw::SandboxFileError, cw::SandboxError>},
      {k::snapshot,
       {k::sandbox, k::generic},
       &thrown_as<cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_not_found,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotNotFoundError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_not_ready,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotNotReadyError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_not_supported,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotNotSupportedError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_size_exceeded,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotSizeExceededError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_quota_exceeded,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotQuotaExceededError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_bucket_mismatch,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotBucketMismatchError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::snapshot_on_stop_conflict,
       {k::snapshot, k::sandbox, k::generic},
       &thrown_as<cw::SnapshotOnStopConflictError, cw::SandboxSnapshotError, cw::SandboxError>},
      {k::discovery, {k::generic}, &thrown_as<cw::DiscoveryError>},
      {k::discovery_validation,
       {k::discovery, k::validation, k::generic},
       &thrown_as<cw::DiscoveryValidationError, cw::DiscoveryError, cw::CWSandboxValidationError>},
      {k::runner_not_found,
       {k::discovery, k::generic},
       &thrown_as<cw::RunnerNotFoundError, cw::DiscoveryError>},
      {k::profile_not_found,
       {k::discovery, k::generic},
       &thrown_as<cw::ProfileNotFoundError, cw::DiscoveryError>},
      {k::function, {k::generic}, &thrown_as<cw::FunctionError>},
      {k::async_function,
       {k::function, k::generic},
       &thrown_as<cw::AsyncFunctionError, cw::FunctionError>},
  };
  return rows;
}

static_assert(!std::is_base_of_v<cw::SandboxError, cw::CWSandboxAuthenticationError>);
static_assert(!std::is_base_of_v<cw::SandboxError, cw::DiscoveryError>);
static_assert(!std::is_base_of_v<cw::CWSandboxError, cw::invalid_argument>);
static_assert(std::is_base_of_v<std::invalid_argument, cw::invalid_argument>);
static_assert(std::is_nothrow_copy_constructible_v<error>);

template <class Class>
Class caught_as(error const& e) {
  try {
    e.raise();
  } catch (Class const& caught) {
    return caught;
  }
}

}  // namespace

TEST_CASE("each kind is thrown as its class and caught as its parents", "[error]") {
  for (auto const& row : kind_rows()) {
    INFO(static_cast<int>(row.kind));
    row.check_class(cw::make_error(row.kind, "what happened"));
  }
}

TEST_CASE("a kind is itself and its ancestors, and nothing else", "[error]") {
  for (auto const& row : kind_rows()) {
    auto const e = cw::make_error(row.kind, "");
    for (auto const& other : kind_rows()) {
      bool expected = other.kind == row.kind;
      for (auto const ancestor : row.ancestors) expected = expected || other.kind == ancestor;
      INFO(static_cast<int>(row.kind) << " is " << static_cast<int>(other.kind));
      CHECK(e.is(other.kind) == expected);
    }
    for (auto const local : {error_kind::invalid_argument, error_kind::wait_timeout,
                             error_kind::cancelled, error_kind::logic, error_kind::foreign}) {
      CHECK_FALSE(e.is(local));
      CHECK(cw::make_error(local, "").is(local));
      CHECK_FALSE(cw::make_error(local, "").is(row.kind));
    }
  }
}

TEST_CASE("the classes show what their errors carry", "[error]") {
  error_details d{};
  d.message = "m";
  d.code = status_code::failed_precondition;
  d.reason = "CWSANDBOX_X";
  d.metadata = {{"k", "v"}};
  d.retry_after = 0ns;
  d.field_violations = {{"f", "why"}};
  d.sandbox_id = "sb";
  d.subject = "subject";
  d.runner_id = "r-1";
  d.stream_code = "STREAM_TRUNCATED";
  d.exception_type = "ValueError";
  d.exception_message = "bad";
  d.causes = {cw::make_error(error_kind::unavailable, "first"),
              cw::make_error(error_kind::failed, "second")};
  auto const of = [&](error_kind kind) {
    return error{d}.with([&](error_details& changed) { changed.kind = kind; });
  };

  SECTION("every class") {
    auto const e = caught_as<cw::CWSandboxError>(of(error_kind::not_running));
    CHECK(e.code() == status_code::failed_precondition);
    CHECK(e.reason() == "CWSANDBOX_X");
    CHECK(e.metadata() == d.metadata);
    CHECK(e.retry_after() == 0ns);
    CHECK(e.sandbox_id() == "sb");
    REQUIRE(e.causes().size() == 2);
    CHECK(e.causes()[1].message() == "second");
    REQUIRE(e.as_error().cause() != nullptr);
    CHECK(e.as_error().cause()->message() == "first");
  }
  SECTION("validation") {
    CHECK(caught_as<cw::SandboxValidationError>(of(error_kind::sandbox_validation))
              .field_violations() == d.field_violations);
    CHECK(caught_as<cw::DiscoveryValidationError>(of(error_kind::discovery_validation))
              .field_violations() == d.field_violations);
  }
  SECTION("files, snapshots and runners") {
    CHECK(caught_as<cw::SandboxFileError>(of(error_kind::file)).path() == "subject");
    CHECK(caught_as<cw::SandboxSnapshotError>(of(error_kind::snapshot_not_ready))
              .file_system_snapshot_id() == "subject");
    CHECK(caught_as<cw::SnapshotWaitTimeoutError>(of(error_kind::snapshot_wait_timeout))
              .file_system_snapshot_id() == "subject");
    CHECK(caught_as<cw::RunnerNotFoundError>(of(error_kind::runner_not_found)).runner_id() ==
          "subject");
    auto const profile = caught_as<cw::ProfileNotFoundError>(of(error_kind::profile_not_found));
    CHECK(profile.profile_name() == "subject");
    CHECK(profile.runner_id() == "r-1");
  }
  SECTION("commands and functions") {
    auto const e = caught_as<cw::SandboxExecutionError>(of(error_kind::stream_truncated));
    CHECK(e.stream_code() == "STREAM_TRUNCATED");
    CHECK(e.exception_type() == "ValueError");
    CHECK(e.exception_message() == "bad");
    CHECK_FALSE(e.has_result());
    CHECK(e.result().out.empty());

    cw::ProcessResult result{};
    result.out = "text";
    result.exit_code = 3;
    auto const with_result = of(error_kind::execution).with([&](error_details& changed) {
      changed.exec_result = std::make_shared<cw::ProcessResult const>(result);
    });
    auto const caught = caught_as<cw::SandboxExecutionError>(with_result);
    REQUIRE(caught.has_result());
    CHECK(caught.result().out == "text");
    CHECK(caught.result().exit_code == 3);
  }
}

TEST_CASE("attributes given by hand", "[error]") {
  cw::SandboxFileError const e{
      "m", {.code = status_code::not_found, .domain = "cwsandbox.com", .subject = "/f"}};
  CHECK(e.path() == "/f");
  CHECK(e.as_error().details().domain == "cwsandbox.com");
  CHECK_FALSE(e.retry_after());
}

TEST_CASE("a mistake in an argument is a standard invalid argument", "[error]") {
  auto const e =
      cw::invalid_argument_error("Service.port", "0", "Service.port must be 1-65535, got 0");
  CHECK(e.kind() == error_kind::invalid_argument);
  CHECK_THROWS_AS(e.raise(), std::invalid_argument);
  auto const caught = caught_as<cw::invalid_argument>(e);
  CHECK(caught.field() == "Service.port");
  CHECK(caught.value() == "0");
  CHECK(std::string_view{caught.what()} == e.message());
  CHECK(caught.as_error().kind() == error_kind::invalid_argument);
}

TEST_CASE("a local wait that ended is a runtime error of its own", "[error]") {
  auto const e = cw::make_error(error_kind::wait_timeout, "too slow");
  CHECK_THROWS_AS(e.raise(), std::runtime_error);
  CHECK(std::string_view{caught_as<cw::wait_timeout>(e).what()} == "too slow");
  static_assert(!std::is_base_of_v<cw::CWSandboxError, cw::wait_timeout>);
}

TEST_CASE("a cancelled operation carries asio's error code", "[error]") {
  auto const e = cw::make_error(error_kind::cancelled, "operation was cancelled");
  CHECK_THROWS_AS(e.raise(), std::system_error);
  auto const caught = caught_as<cw::operation_cancelled>(e);
  CHECK(caught.code() == asio::error::operation_aborted);
  CHECK(caught.as_error().kind() == error_kind::cancelled);
}

TEST_CASE("impossible use is a logic error", "[error]") {
  auto const e = cw::make_error(error_kind::logic, "never");
  CHECK_THROWS_AS(e.raise(), std::logic_error);
  CHECK_THROWS_AS(std::rethrow_exception(e.to_exception_ptr()), std::logic_error);
}

TEST_CASE("an exception of somebody else's is thrown again as it was", "[error]") {
  struct mine {
    int value;
  };
  auto const e = cw::detail::error_from_exception(std::make_exception_ptr(mine{7}));
  CHECK(e.kind() == error_kind::foreign);
  for (auto const raise : {+[](error const& x) { x.raise(); },
                           +[](error const& x) { std::rethrow_exception(x.to_exception_ptr()); }}) {
    try {
      raise(e);
    } catch (mine const& caught) {
      CHECK(caught.value == 7);
    }
  }
  auto const standard =
      cw::detail::error_from_exception(std::make_exception_ptr(std::runtime_error{"why"}));
  CHECK(standard.kind() == error_kind::foreign);
  CHECK(standard.message() == "why");
  CHECK_THROWS_AS(standard.raise(), std::runtime_error);
}

TEST_CASE("exceptions of the library turn back into their values", "[error]") {
  for (auto const& row : kind_rows()) {
    auto const e = cw::make_error(row.kind, "m").with([](error_details& d) { d.reason = "R"; });
    auto const back = cw::detail::error_from_exception(e.to_exception_ptr());
    CHECK(back.kind() == row.kind);
    CHECK(&back.details() == &e.details());
  }
  for (auto const kind :
       {error_kind::invalid_argument, error_kind::wait_timeout, error_kind::cancelled})
    CHECK(cw::detail::error_from_exception(cw::make_error(kind, "m").to_exception_ptr()).kind() ==
          kind);

  auto const aborted = std::make_exception_ptr(std::system_error{asio::error::operation_aborted});
  CHECK(cw::detail::error_from_exception(aborted).kind() == error_kind::cancelled);
  auto const refused = std::make_exception_ptr(std::system_error{asio::error::connection_refused});
  CHECK(cw::detail::error_from_exception(refused).kind() == error_kind::foreign);
}

TEST_CASE("a transport's report is caught as the base class", "[error]") {
  auto const e = cw::rpc_error(status_code::unavailable, "connection refused");
  CHECK(e.kind() == error_kind::rpc);
  CHECK(e.code() == status_code::unavailable);
  CHECK_THROWS_AS(e.raise(), cw::CWSandboxError);
}

TEST_CASE("printing an error tells code, reason and message but no metadata", "[error]") {
  auto const text = [](error const& e) {
    std::ostringstream out;
    out << e;
    return out.str();
  };
  auto const e = cw::rpc_error(status_code::not_found, "no such thing").with([](error_details& d) {
    d.reason = "CWSANDBOX_X";
    d.metadata = {{"authorization", "Bearer sesame"}};
    d.causes = {cw::make_error(error_kind::generic, "cause").with([](error_details& c) {
      c.metadata = {{"token", "sesame"}};
    })};
  });
  CHECK(text(e) == "NOT_FOUND: no such thing (CWSANDBOX_X)");
  CHECK(text(cw::make_error(error_kind::generic, "plain")) == "plain");
  CHECK(text(error{}).empty());
}

TEST_CASE("errors are values", "[error]") {
  error const empty;
  CHECK(empty.kind() == error_kind::generic);
  CHECK(empty.message().empty());
  CHECK(empty.cause() == nullptr);
  CHECK_FALSE(empty.retry_after());

  auto const a = cw::make_error(error_kind::file, "a");
  auto const copy = a;
  CHECK(&copy.details() == &a.details());
  auto const changed = a.with([](error_details& d) { d.message = "b"; });
  CHECK(a.message() == "a");
  CHECK(changed.message() == "b");
  CHECK(changed.kind() == error_kind::file);
}

TEST_CASE("status codes have the names of gRPC", "[error]") {
  CHECK(cw::to_string(status_code::ok) == "OK");
  CHECK(cw::to_string(status_code::deadline_exceeded) == "DEADLINE_EXCEEDED");
  CHECK(cw::to_string(status_code::unauthenticated) == "UNAUTHENTICATED");
  CHECK(cw::to_string(static_cast<status_code>(99)) == "UNKNOWN");
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/reasons.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
namespace detail = cwsandbox::detail;
namespace reasons = cwsandbox::reasons;
using namespace std::chrono_literals;
using cw::error;
using cw::error_kind;
using cw::status_code;
using detail::call_context;
using detail::translate;

namespace {

struct report_parts {
  status_code code{};
  std::string_view message{};
  std::string_view reason{};
  std::string_view domain = reasons::domain;
};

error report_of(report_parts const& parts) {
  return cw::rpc_error(parts.code, std::string{parts.message}).with([&](cw::error_details& e) {
    e.reason = parts.reason;
    if (!parts.reason.empty()) e.domain = parts.domain;
  });
}

error with_violations(status_code code, std::string_view message,
                      std::vector<cw::FieldViolation> violations) {
  return cw::rpc_error(code, std::string{message}).with([&](cw::error_details& e) {
    e.field_violations = std::move(violations);
  });
}

constexpr status_code all_codes[] = {
    status_code::cancelled,
    status_code::unknown,
    status_code::invalid_argument,
    status_code::deadline_exceeded,
    status_code::not_found,
    status_code::already_exists,
    status_code::permission_denied,
    status_code::resource_exhausted,
    status_code::failed_precondition,
    status_code::aborted,
    status_code::out_of_range,
    status_code::unimplemented,
    status_code::internal,
    status_code::unavailable,
    status_code::data_loss,
    status_code::unauthenticated,
};

struct reason_row {
  std::string_view reason;
  error_kind kind;
  bool poll_retryable;
  std::string_view message;  // with operation `Op`, sandbox `sb`, details `why`
};

constexpr reason_row reason_rows[] = {
    {reasons::file_not_found, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_NOT_FOUND): why"},
    {reasons::file_is_directory, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_IS_DIRECTORY): why"},
    {reasons::file_io_failed, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_IO_FAILED): why"},
    {reasons::file_permission_denied, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_PERMISSION_DENIED): why"},
    {reasons::file_too_large, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_TOO_LARGE): why"},
    {reasons::file_truncated, error_kind::file, false,
     "File operation failed (CWSANDBOX_FILE_TRUNCATED): why"},
    {reasons::sandbox_not_found, error_kind::not_found, false, "Sandbox 'sb' not found"},
    {reasons::command_timeout, error_kind::command_timeout, false, "Op timed out: why"},
    {reasons::runner_unavailable, error_kind::unavailable, true, "Service unavailable: why"},
    {reasons::backend_unavailable, error_kind::unavailable, true, "Service unavailable: why"},
    {reasons::fss_bucket_provisioning, error_kind::unavailable, true, "Service unavailable: why"},
    {reasons::fss_not_found, error_kind::snapshot_not_found, false,
     "Op failed (CWSANDBOX_FSS_NOT_FOUND): why"},
    {reasons::fss_not_ready, error_kind::snapshot_not_ready, false,
     "Op failed (CWSANDBOX_FSS_NOT_READY): why"},
    {reasons::fss_not_supported, error_kind::snapshot_not_supported, false,
     "Op failed (CWSANDBOX_FSS_NOT_SUPPORTED): why"},
    {reasons::fss_size_exceeded, error_kind::snapshot_size_exceeded, false,
     "Op failed (CWSANDBOX_FSS_SIZE_EXCEEDED): why"},
    {reasons::fss_quota_exceeded, error_kind::snapshot_quota_exceeded, false,
     "Op failed (CWSANDBOX_FSS_QUOTA_EXCEEDED): why"},
    {reasons::fss_bucket_mismatch, error_kind::snapshot_bucket_mismatch, false,
     "Op failed (CWSANDBOX_FSS_BUCKET_MISMATCH): why"},
    {reasons::fss_bucket_unavailable, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_BUCKET_UNAVAILABLE): why"},
    {reasons::fss_restore_failed, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_RESTORE_FAILED): why"},
    {reasons::fss_create_failed, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_CREATE_FAILED): why"},
    {reasons::fss_create_timed_out, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_CREATE_TIMED_OUT): why"},
    {reasons::fss_auth_failed, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_AUTH_FAILED): why"},
    {reasons::fss_transport_failed, error_kind::snapshot, false,
     "Op failed (CWSANDBOX_FSS_TRANSPORT_FAILED): why"},
    {reasons::fss_canceled, error_kind::snapshot, false, "Op failed (CWSANDBOX_FSS_CANCELED): why"},
    {reasons::fss_wait_timeout, error_kind::snapshot_wait_timeout, false,
     "Op timed out waiting for snapshot ready (CWSANDBOX_FSS_WAIT_TIMEOUT): why"},
    {reasons::fss_backend_throttled, error_kind::snapshot_backend_throttled, true,
     "Snapshot backend throttled (CWSANDBOX_FSS_BACKEND_THROTTLED): why"},
    {reasons::fss_inflight_limit, error_kind::snapshot_backend_throttled, true,
     "Snapshot backend throttled (CWSANDBOX_FSS_INFLIGHT_LIMIT): why"},
};

// Known reasons that choose no class in sandbox calls.
constexpr std::string_view reasons_by_code[] = {
    reasons::runner_not_found,
    reasons::profile_not_found,
    reasons::invalid_request,
    reasons::not_implemented,
    reasons::runner_capacity_exhausted,
    reasons::placement_rejected,
    reasons::placement_constraint_unsatisfied,
    reasons::no_suitable_runner,
    reasons::runner_overloaded,
    reasons::serverless_not_allowed,
    reasons::serverless_disabled,
    reasons::serverless_misconfigured,
    "CWSANDBOX_OF_THE_FUTURE",
};

struct code_row {
  status_code code;
  error_kind kind;
  bool poll_retryable;
  std::string_view message;          // sandbox `sb` known
  std::string_view without_sandbox;  // no sandbox known
};

constexpr code_row code_rows[] = {
    {status_code::not_found, error_kind::not_found, false, "Sandbox 'sb' not found", "why"},
    {status_code::cancelled, error_kind::not_running, false,
     "Op was cancelled (sandbox sb connection closed)", "Op was cancelled"},
    {status_code::deadline_exceeded, error_kind::request_timeout, true, "Op timed out: why",
     "Op timed out: why"},
    {status_code::unavailable, error_kind::unavailable, true, "Service unavailable: why",
     "Service unavailable: why"},
    {status_code::resource_exhausted, error_kind::resource_exhausted, true,
     "Op resource exhausted: why", "Op resource exhausted: why"},
    {status_code::unauthenticated, error_kind::authentication, false, "Authentication failed: why",
     "Authentication failed: why"},
    {status_code::permission_denied, error_kind::authentication, false, "Permission denied: why",
     "Permission denied: why"},
    {status_code::invalid_argument, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::internal, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::unknown, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::failed_precondition, error_kind::sandbox, false, "Op failed: why",
     "Op failed: why"},
    {status_code::aborted, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::already_exists, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::out_of_range, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::unimplemented, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
    {status_code::data_loss, error_kind::sandbox, false, "Op failed: why", "Op failed: why"},
};
static_assert(std::size(code_rows) == std::size(all_codes));

}  // namespace

TEST_CASE("a trusted reason chooses the class, whatever the code", "[translate]") {
  call_context const context{.operation = "Op", .sandbox_id = "sb"};
  for (auto const& row : reason_rows) {
    for (auto const code : all_codes) {
      INFO(row.reason << " with " << cw::to_string(code));
      auto const e = translate(report_of({code, "why", row.reason}), context);
      CHECK(e.kind() == row.kind);
      CHECK(e.message() == row.message);
      CHECK(e.code() == code);
      CHECK(e.reason() == row.reason);
      CHECK(e.sandbox_id() == "sb");
      CHECK(e.details().operation == "Op");
      CHECK(detail::is_poll_retryable(e) == row.poll_retryable);
    }
  }
}

TEST_CASE("other reasons leave the choice to the code and are kept", "[translate]") {
  call_context const context{.operation = "Op", .sandbox_id = "sb"};
  for (auto const reason : reasons_by_code) {
    for (auto const& row : code_rows) {
      INFO(reason << " with " << cw::to_string(row.code));
      auto const e = translate(report_of({row.code, "why", reason}), context);
      CHECK(e.kind() == row.kind);
      CHECK(e.message() == row.message);
      CHECK(e.reason() == reason);
      CHECK(e.details().domain == reasons::domain);
    }
  }
}

TEST_CASE("a reason of another domain has no say but is kept", "[translate]") {
  call_context const context{.operation = "Op", .sandbox_id = "sb"};
  for (std::string_view const domain :
       {"", "example.com", "CWSANDBOX.COM", "cwsandbox.com.evil.org", " cwsandbox.com"}) {
    for (auto const& reason : reason_rows) {
      for (auto const& row : code_rows) {
        INFO(reason.reason << " of '" << domain << "' with " << cw::to_string(row.code));
        auto const e = translate(report_of({row.code, "why", reason.reason, domain}), context);
        CHECK(e.kind() == row.kind);
        CHECK(e.message() == row.message);
        CHECK(e.reason() == reason.reason);
        CHECK_FALSE(detail::has_trusted_reason(e));
      }
    }
  }
}

TEST_CASE("without a reason the code chooses the class", "[translate]") {
  for (auto const& row : code_rows) {
    INFO(cw::to_string(row.code));
    auto const e = translate(report_of({row.code, "why"}), {.operation = "Op", .sandbox_id = "sb"});
    CHECK(e.kind() == row.kind);
    CHECK(e.message() == row.message);
    CHECK(e.code() == row.code);
    CHECK(e.reason().empty());
    CHECK(detail::is_poll_retryable(e) == row.poll_retryable);

    auto const anonymous = translate(report_of({row.code, "why"}), {.operation = "Op"});
    CHECK(anonymous.kind() == row.kind);
    CHECK(anonymous.message() == row.without_sandbox);
    CHECK(anonymous.sandbox_id().empty());
  }
}

TEST_CASE("the transport's report stays reachable as the cause", "[translate]") {
  auto const report =
      report_of({status_code::internal, "boom", "R", "example.com"}).with([](cw::error_details& e) {
        e.metadata = {{"k", "v"}};
        e.retry_after = 0ns;
      });
  auto const e = translate(report, {.operation = "Op"});
  REQUIRE(e.cause() != nullptr);
  CHECK(e.cause()->kind() == error_kind::rpc);
  CHECK(e.cause()->message() == "boom");
  // raw values are kept although the domain is not trusted
  CHECK(e.details().metadata == report.details().metadata);
  CHECK(e.retry_after() == 0ns);
}

TEST_CASE("an error that is typed already comes back unchanged", "[translate]") {
  for (auto const kind : {error_kind::not_running, error_kind::invalid_argument,
                          error_kind::cancelled, error_kind::foreign, error_kind::generic}) {
    auto const e = translate(cw::make_error(kind, "as it is"), {.operation = "Op"});
    CHECK(e.kind() == kind);
    CHECK(e.message() == "as it is");
    CHECK(e.cause() == nullptr);
  }
}

TEST_CASE("a report without words is named by its code", "[translate]") {
  auto const e = translate(report_of({status_code::unavailable, ""}), {.operation = "Op"});
  CHECK(e.message() == "Service unavailable: UNAVAILABLE");
}

TEST_CASE("a missing sandbox of unknown id is told in the server's words", "[translate]") {
  auto const e = translate(report_of({status_code::internal, "gone", reasons::sandbox_not_found}),
                           {.operation = "Op"});
  CHECK(e.kind() == error_kind::not_found);
  CHECK(e.message() == "gone");
}

TEST_CASE("file errors carry the caller's path, else the server's", "[translate]") {
  auto const report = report_of({status_code::not_found, "why", reasons::file_not_found})
                          .with([](cw::error_details& e) {
                            e.metadata = {{"other", "x"}, {"filepath", "/from/server"}};
                          });
  CHECK(translate(report, {.operation = "Read file", .path = "/mine"}).details().subject ==
        "/mine");
  CHECK(translate(report, {.operation = "Read file"}).details().subject == "/from/server");
  auto const bare = report_of({status_code::not_found, "why", reasons::file_not_found});
  CHECK(translate(bare, {.operation = "Read file"}).details().subject.empty());
}

TEST_CASE("a missing snapshot is told from a missing sandbox", "[translate]") {
  call_context const context{.operation = "Get file-system snapshot", .snapshot_id = "fss-1"};
  auto const e = translate(report_of({status_code::not_found, "why"}), context);
  CHECK(e.kind() == error_kind::snapshot_not_found);
  CHECK(e.message() == "File-system snapshot 'fss-1' not found");
  CHECK(e.details().subject == "fss-1");
}

TEST_CASE("snapshot errors carry the id when the call knows it", "[translate]") {
  call_context const context{.operation = "Op", .snapshot_id = "fss-1"};
  for (auto const& row : reason_rows) {
    INFO(row.reason);
    auto const e = translate(report_of({status_code::internal, "why", row.reason}), context);
    bool const carries = e.is(error_kind::snapshot);
    CHECK(e.details().subject == (carries ? "fss-1" : ""));
  }
}

TEST_CASE("refused fields are listed in the message and on the validation class", "[translate]") {
  struct row {
    std::string_view details;
    std::vector<cw::FieldViolation> violations;
    std::string_view message;
  };
  row const rows[] = {
      {"bad", {{"spec.tags", "too long"}}, "Op failed: bad; field violations: spec.tags: too long"},
      {"bad", {{"a", "x"}, {"b", ""}, {"", "y"}}, "Op failed: bad; field violations: a: x; b; y"},
      {"", {{"a", "x"}}, "Op failed: field violations: a: x"},
  };
  for (auto const& r : rows) {
    auto const report = with_violations(status_code::invalid_argument, r.details, r.violations);
    auto const e = translate(report, {.operation = "Op"});
    CHECK(e.kind() == error_kind::sandbox_validation);
    CHECK(e.message() == r.message);
    CHECK(e.details().field_violations == r.violations);

    auto const discovery = translate(report, {.operation = "Op", .discovery = true});
    CHECK(discovery.kind() == error_kind::discovery_validation);
    CHECK(discovery.message() == r.message);
    CHECK(discovery.details().field_violations == r.violations);
  }
}

TEST_CASE("violations are attached to the validation classes only", "[translate]") {
  for (auto const code : all_codes) {
    if (code == status_code::invalid_argument) continue;
    INFO(cw::to_string(code));
    auto const report = with_violations(code, "why", {{"f", "d"}});
    CHECK(translate(report, {.operation = "Op"}).details().field_violations.empty());
    CHECK(translate(report, {.operation = "Op", .discovery = true})
              .details()
              .field_violations.empty());
  }
  // a trusted reason outranks INVALID_ARGUMENT
  auto const report = with_violations(status_code::invalid_argument, "why", {{"f", "d"}})
                          .with([](cw::error_details& e) {
                            e.reason = reasons::fss_size_exceeded;
                            e.domain = reasons::domain;
                          });
  auto const e = translate(report, {.operation = "Op"});
  CHECK(e.kind() == error_kind::snapshot_size_exceeded);
  CHECK(e.details().field_violations.empty());
}

TEST_CASE("discovery has classes of its own", "[translate]") {
  struct row {
    status_code code;
    error_kind kind;
    std::string_view message;
  };
  row const rows[] = {
      {status_code::unauthenticated, error_kind::authentication, "Authentication failed: why"},
      {status_code::permission_denied, error_kind::authentication, "Permission denied: why"},
      {status_code::deadline_exceeded, error_kind::discovery, "Op timed out: why"},
      {status_code::unavailable, error_kind::discovery, "Service unavailable: why"},
      {status_code::resource_exhausted, error_kind::discovery, "Op failed: why"},
      {status_code::cancelled, error_kind::discovery, "Op failed: why"},
      {status_code::not_found, error_kind::discovery, "Op failed: why"},
      {status_code::invalid_argument, error_kind::discovery, "Op failed: why"},
      {status_code::internal, error_kind::discovery, "Op failed: why"},
      {status_code::unknown, error_kind::discovery, "Op failed: why"},
      {status_code::failed_precondition, error_kind::discovery, "Op failed: why"},
      {status_code::aborted, error_kind::discovery, "Op failed: why"},
      {status_code::already_exists, error_kind::discovery, "Op failed: why"},
      {status_code::out_of_range, error_kind::discovery, "Op failed: why"},
      {status_code::unimplemented, error_kind::discovery, "Op failed: why"},
      {status_code::data_loss, error_kind::discovery, "Op failed: why"},
  };
  static_assert(std::size(rows) == std::size(all_codes));
  for (auto const& r : rows) {
    INFO(cw::to_string(r.code));
    auto const e = translate(report_of({r.code, "why"}), {.operation = "Op", .discovery = true});
    CHECK(e.kind() == r.kind);
    CHECK(e.message() == r.message);
    // reasons of the sandbox table change nothing here
    for (auto const& reason : reason_rows) {
      auto const other = translate(report_of({r.code, "why", reason.reason}),
                                   {.operation = "Op", .discovery = true});
      CHECK(other.kind() == r.kind);
      CHECK(other.message() == r.message);
    }
  }
}

TEST_CASE("a missing runner is told only when one runner was asked for", "[translate]") {
  call_context const one{.operation = "Get runner", .discovery = true, .runner_id = "r-1"};
  call_context const many{.operation = "List runners", .discovery = true};
  for (auto const code : all_codes) {
    INFO(cw::to_string(code));
    auto const report = report_of({code, "why", reasons::runner_not_found});
    auto const e = translate(report, one);
    CHECK(e.kind() == error_kind::runner_not_found);
    CHECK(e.message() == "Runner not found: 'r-1'");
    CHECK(e.details().subject == "r-1");
    CHECK(e.reason() == reasons::runner_not_found);
    CHECK(translate(report, many).kind() != error_kind::runner_not_found);
    auto const untrusted = report_of({code, "why", reasons::runner_not_found, "example.com"});
    CHECK((translate(untrusted, one).kind() == error_kind::runner_not_found) ==
          (code == status_code::not_found));
  }
  CHECK(translate(report_of({status_code::not_found, "why"}), one).kind() ==
        error_kind::runner_not_found);
}

TEST_CASE("not found is the code, or the expected reason of the trusted domain", "[translate]") {
  struct row {
    report_parts report;
    bool expected;
  };
  row const rows[] = {
      {{status_code::not_found, "", ""}, true},
      {{status_code::not_found, "", "X", "example.com"}, true},
      {{status_code::internal, "", reasons::sandbox_not_found}, true},
      {{status_code::unknown, "", reasons::sandbox_not_found}, true},
      {{status_code::internal, "", reasons::sandbox_not_found, "example.com"}, false},
      {{status_code::internal, "", reasons::fss_not_found}, false},
      {{status_code::internal, "", ""}, false},
  };
  for (auto const& r : rows) {
    INFO(cw::to_string(r.report.code) << ' ' << r.report.reason << ' ' << r.report.domain);
    auto const report = report_of(r.report);
    CHECK(detail::is_not_found(report, reasons::sandbox_not_found) == r.expected);
    CHECK(detail::is_not_found(translate(report, {.operation = "Op"}),
                               reasons::sandbox_not_found) == r.expected);
  }
}

TEST_CASE("what polling may try again", "[translate]") {
  struct row {
    error_kind kind;
    bool expected;
  };
  constexpr row rows[] = {
      {error_kind::not_found, false},
      {error_kind::unavailable, true},
      {error_kind::snapshot_backend_throttled, true},
      {error_kind::request_timeout, true},
      {error_kind::resource_exhausted, true},
      {error_kind::not_running, false},
      {error_kind::timeout, false},
      {error_kind::command_timeout, false},
      {error_kind::snapshot_wait_timeout, false},
      {error_kind::authentication, false},
      {error_kind::validation, false},
      {error_kind::sandbox_validation, false},
      {error_kind::sandbox, false},
      {error_kind::generic, false},
      {error_kind::invalid_argument, false},
      {error_kind::cancelled, false},
      {error_kind::foreign, false},
      {error_kind::logic, false},
  };
  for (auto const& r : rows)
    CHECK(detail::is_poll_retryable(cw::make_error(r.kind, "x")) == r.expected);
}

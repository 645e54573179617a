// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_TRANSLATE_IPP
#define CWSANDBOX_IMPL_TRANSLATE_IPP

#include <cwsandbox/detail/translate.hpp>
#include <cwsandbox/reasons.hpp>

#include <algorithm>
#include <iterator>

namespace cwsandbox::inline v1::detail {

enum class message_form : unsigned char {
  file,               // File operation failed (<reason>): <details>
  sandbox_not_found,  // Sandbox '<id>' not found
  timed_out,          // <operation> timed out: <details>
  unavailable,        // Service unavailable: <details>
  failed_reason,      // <operation> failed (<reason>): <details>
  snapshot_wait,
  throttled,
};

struct reason_rule {
  std::string_view reason;
  error_kind kind;
  message_form form;
};

inline constexpr reason_rule reason_rules[] = {
    {reasons::file_not_found, error_kind::file, message_form::file},
    {reasons::file_is_directory, error_kind::file, message_form::file},
    {reasons::file_io_failed, error_kind::file, message_form::file},
    {reasons::file_permission_denied, error_kind::file, message_form::file},
    {reasons::file_too_large, error_kind::file, message_form::file},
    {reasons::file_truncated, error_kind::file, message_form::file},
    {reasons::sandbox_not_found, error_kind::not_found, message_form::sandbox_not_found},
    {reasons::command_timeout, error_kind::command_timeout, message_form::timed_out},
    {reasons::runner_unavailable, error_kind::unavailable, message_form::unavailable},
    {reasons::backend_unavailable, error_kind::unavailable, message_form::unavailable},
    {reasons::fss_bucket_provisioning, error_kind::unavailable, message_form::unavailable},
    {reasons::fss_not_found, error_kind::snapshot_not_found, message_form::failed_reason},
    {reasons::fss_not_ready, error_kind::snapshot_not_ready, message_form::failed_reason},
    {reasons::fss_not_supported, error_kind::snapshot_not_supported, message_form::failed_reason},
    {reasons::fss_size_exceeded, error_kind::snapshot_size_exceeded, message_form::failed_reason},
    {reasons::fss_quota_exceeded, error_kind::snapshot_quota_exceeded,
     message_form::failed_reason},
    {reasons::fss_bucket_mismatch, error_kind::snapshot_bucket_mismatch,
     message_form::failed_reason},
    {reasons::fss_bucket_unavailable, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_restore_failed, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_create_failed, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_create_timed_out, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_auth_failed, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_transport_failed, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_canceled, error_kind::snapshot, message_form::failed_reason},
    {reasons::fss_wait_timeout, error_kind::snapshot_wait_timeout, message_form::snapshot_wait},
    {reasons::fss_backend_throttled, error_kind::snapshot_backend_throttled,
     message_form::throttled},
    {reasons::fss_inflight_limit, error_kind::snapshot_backend_throttled, message_form::throttled},
};

inline std::string joined(std::string_view a, std::string_view b, std::string_view c = {},
                          std::string_view d = {}, std::string_view e = {}) {
  std::string text;
  text.reserve(a.size() + b.size() + c.size() + d.size() + e.size());
  return text.append(a).append(b).append(c).append(d).append(e);
}

inline std::string reason_message(message_form form, std::string_view reason,
                                  std::string_view details, call_context const& context) {
  switch (form) {
    case message_form::file:
      return joined("File operation failed (", reason, "): ", details);
    case message_form::sandbox_not_found:
      if (context.sandbox_id.empty()) return std::string{details};
      return joined("Sandbox '", context.sandbox_id, "' not found");
    case message_form::timed_out:
      return joined(context.operation, " timed out: ", details);
    case message_form::unavailable:
      return joined("Service unavailable: ", details);
    case message_form::failed_reason:
      return joined(context.operation, " failed (", reason, "): ", details);
    case message_form::snapshot_wait:
      return joined(context.operation, " timed out waiting for snapshot ready (", reason, "): ",
                    details);
    case message_form::throttled:
      return joined("Snapshot backend throttled (", reason, "): ", details);
  }
  return std::string{details};
}

inline std::string violation_text(std::vector<FieldViolation> const& violations) {
  std::string text;
  for (auto const& v : violations) {
    if (!text.empty()) text += "; ";
    text += v.field;
    if (!v.field.empty() && !v.description.empty()) text += ": ";
    text += v.description;
  }
  return text;
}

inline std::string validation_message(error const& report, error_details const& e,
                                      call_context const& context) {
  // the report's own words: where it has none, the violations say it all
  auto const& details = report.message();
  auto text = joined(context.operation, " failed: ");
  if (!details.empty()) text.append(details).append("; ");
  return text.append("field violations: ").append(violation_text(e.field_violations));
}

inline void translate_discovery_code(error_details& e, error const& report,
                                     call_context const& context) {
  auto const& details = e.message;
  e.kind = error_kind::discovery;
  bool const asked_for_one = !context.runner_id.empty();
  bool const runner_missing = e.code == status_code::not_found ||
                              (e.domain == reasons::domain && e.reason == reasons::runner_not_found);
  if (asked_for_one && runner_missing) {
    e.kind = error_kind::runner_not_found;
    e.subject = context.runner_id;
    e.message = joined("Runner not found: '", context.runner_id, "'");
  } else if (e.code == status_code::deadline_exceeded) {
    e.message = joined(context.operation, " timed out: ", details);
  } else if (e.code == status_code::unavailable) {
    e.message = joined("Service unavailable: ", details);
  } else if (e.code == status_code::invalid_argument && !e.field_violations.empty()) {
    e.kind = error_kind::discovery_validation;
    e.message = validation_message(report, e, context);
  } else {
    e.message = joined(context.operation, " failed: ", details);
  }
}

inline void translate_sandbox_code(error_details& e, error const& report,
                                   call_context const& context) {
  auto const& details = e.message;
  switch (e.code) {
    case status_code::not_found:
      if (!context.snapshot_id.empty()) {
        e.kind = error_kind::snapshot_not_found;
        e.subject = context.snapshot_id;
        e.message = joined("File-system snapshot '", context.snapshot_id, "' not found");
        return;
      }
      e.kind = error_kind::not_found;
      if (!context.sandbox_id.empty())
        e.message = joined("Sandbox '", context.sandbox_id, "' not found");
      return;
    case status_code::cancelled:
      e.kind = error_kind::not_running;
      e.message = joined(context.operation, " was cancelled");
      if (!context.sandbox_id.empty())
        e.message += joined(" (sandbox ", context.sandbox_id, " connection closed)");
      return;
    case status_code::deadline_exceeded:
      e.kind = error_kind::request_timeout;
      e.message = joined(context.operation, " timed out: ", details);
      return;
    case status_code::unavailable:
      e.kind = error_kind::unavailable;
      e.message = joined("Service unavailable: ", details);
      return;
    case status_code::resource_exhausted:
      e.kind = error_kind::resource_exhausted;
      e.message = joined(context.operation, " resource exhausted: ", details);
      return;
    case status_code::invalid_argument:
      if (e.field_violations.empty()) break;
      e.kind = error_kind::sandbox_validation;
      e.message = validation_message(report, e, context);
      return;
    default:
      break;
  }
  e.kind = error_kind::sandbox;
  e.message = joined(context.operation, " failed: ", details);
}

CWSANDBOX_DECL error translate(error const& report, call_context const& context) {
  if (report.kind() != error_kind::rpc) return report;
  return report.with([&](error_details& e) {
    // the report itself stays reachable as the cause
    e.causes.assign(1, report);
    e.operation = context.operation;
    if (e.sandbox_id.empty()) e.sandbox_id = context.sandbox_id;
    if (e.message.empty()) e.message = to_string(e.code);

    if (e.code == status_code::unauthenticated || e.code == status_code::permission_denied) {
      bool const reason_decides =
          e.domain == reasons::domain &&
          (context.discovery ? e.reason == reasons::runner_not_found
                             : std::any_of(std::begin(reason_rules), std::end(reason_rules),
                                           [&](auto const& r) { return r.reason == e.reason; }));
      if (!reason_decides) {
        e.kind = error_kind::authentication;
        e.message = joined(e.code == status_code::unauthenticated ? "Authentication failed: "
                                                                  : "Permission denied: ",
                           e.message);
        e.field_violations.clear();
        return;
      }
    }
    if (context.discovery) {
      translate_discovery_code(e, report, context);
    } else if (auto const* rule = e.domain == reasons::domain
                                      ? std::find_if(std::begin(reason_rules),
                                                     std::end(reason_rules),
                                                     [&](auto const& r) {
                                                       return r.reason == e.reason;
                                                     })
                                      : std::end(reason_rules);
               rule != std::end(reason_rules)) {
      e.kind = rule->kind;
      e.message = reason_message(rule->form, e.reason, e.message, context);
      if (rule->form == message_form::file) {
        e.subject = context.path;
        if (e.subject.empty()) {
          auto const it = std::find_if(e.metadata.begin(), e.metadata.end(),
                                       [](auto const& m) { return m.first == "filepath"; });
          if (it != e.metadata.end()) e.subject = it->second;
        }
      } else if (rule->form == message_form::failed_reason && e.subject.empty()) {
        // throttles and the server's own wait time-outs carry no snapshot id
        e.subject = context.snapshot_id;
      }
    } else {
      translate_sandbox_code(e, report, context);
    }
    // violations belong to the validation classes only
    if (e.kind != error_kind::sandbox_validation && e.kind != error_kind::discovery_validation)
      e.field_violations.clear();
  });
}

CWSANDBOX_DECL bool has_trusted_reason(error const& e) noexcept {
  return e.details().domain == reasons::domain && !e.reason().empty();
}

CWSANDBOX_DECL bool is_not_found(error const& e, std::string_view reason) noexcept {
  return e.kind() == error_kind::not_found || e.code() == status_code::not_found ||
         (has_trusted_reason(e) && e.reason() == reason);
}

CWSANDBOX_DECL bool is_poll_retryable(error const& e) noexcept {
  return e.is(error_kind::unavailable) || e.kind() == error_kind::request_timeout ||
         e.kind() == error_kind::resource_exhausted;
}

}  // namespace cwsandbox::inline v1::detail

#endif

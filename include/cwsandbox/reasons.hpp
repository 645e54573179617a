// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_REASONS_HPP
#define CWSANDBOX_REASONS_HPP

#include <cwsandbox/config.hpp>

#include <string_view>

/// The machine-readable reasons that the service gives with its errors: what `CWSandboxError::reason()` is compared
/// with. A reason chooses the class of an error only when its domain is `reasons::domain`.
namespace cwsandbox::inline v1::reasons {

/// The domain that the service's own reasons carry.
inline constexpr std::string_view domain = "cwsandbox.com";

inline constexpr std::string_view file_not_found = "CWSANDBOX_FILE_NOT_FOUND";
inline constexpr std::string_view file_is_directory = "CWSANDBOX_FILE_IS_DIRECTORY";
inline constexpr std::string_view file_io_failed = "CWSANDBOX_FILE_IO_FAILED";
inline constexpr std::string_view file_permission_denied = "CWSANDBOX_FILE_PERMISSION_DENIED";
inline constexpr std::string_view file_too_large = "CWSANDBOX_FILE_TOO_LARGE";
inline constexpr std::string_view file_truncated = "CWSANDBOX_FILE_TRUNCATED";
inline constexpr std::string_view sandbox_not_found = "CWSANDBOX_SANDBOX_NOT_FOUND";
inline constexpr std::string_view command_timeout = "CWSANDBOX_COMMAND_TIMEOUT";
inline constexpr std::string_view runner_unavailable = "CWSANDBOX_RUNNER_UNAVAILABLE";
inline constexpr std::string_view backend_unavailable = "CWSANDBOX_BACKEND_UNAVAILABLE";
inline constexpr std::string_view fss_not_found = "CWSANDBOX_FSS_NOT_FOUND";
inline constexpr std::string_view fss_not_ready = "CWSANDBOX_FSS_NOT_READY";
inline constexpr std::string_view fss_not_supported = "CWSANDBOX_FSS_NOT_SUPPORTED";
inline constexpr std::string_view fss_size_exceeded = "CWSANDBOX_FSS_SIZE_EXCEEDED";
inline constexpr std::string_view fss_quota_exceeded = "CWSANDBOX_FSS_QUOTA_EXCEEDED";
inline constexpr std::string_view fss_bucket_mismatch = "CWSANDBOX_FSS_BUCKET_MISMATCH";
inline constexpr std::string_view fss_bucket_unavailable = "CWSANDBOX_FSS_BUCKET_UNAVAILABLE";
inline constexpr std::string_view fss_restore_failed = "CWSANDBOX_FSS_RESTORE_FAILED";
inline constexpr std::string_view fss_create_failed = "CWSANDBOX_FSS_CREATE_FAILED";
inline constexpr std::string_view fss_create_timed_out = "CWSANDBOX_FSS_CREATE_TIMED_OUT";
inline constexpr std::string_view fss_auth_failed = "CWSANDBOX_FSS_AUTH_FAILED";
inline constexpr std::string_view fss_transport_failed = "CWSANDBOX_FSS_TRANSPORT_FAILED";
inline constexpr std::string_view fss_canceled = "CWSANDBOX_FSS_CANCELED";
inline constexpr std::string_view fss_bucket_provisioning = "CWSANDBOX_FSS_BUCKET_PROVISIONING";
inline constexpr std::string_view fss_wait_timeout = "CWSANDBOX_FSS_WAIT_TIMEOUT";
inline constexpr std::string_view fss_backend_throttled = "CWSANDBOX_FSS_BACKEND_THROTTLED";
inline constexpr std::string_view fss_inflight_limit = "CWSANDBOX_FSS_INFLIGHT_LIMIT";
inline constexpr std::string_view runner_not_found = "CWSANDBOX_RUNNER_NOT_FOUND";
inline constexpr std::string_view profile_not_found = "CWSANDBOX_PROFILE_NOT_FOUND";
inline constexpr std::string_view invalid_request = "CWSANDBOX_INVALID_REQUEST";
inline constexpr std::string_view not_implemented = "CWSANDBOX_NOT_IMPLEMENTED";
inline constexpr std::string_view runner_capacity_exhausted = "CWSANDBOX_RUNNER_CAPACITY_EXHAUSTED";
inline constexpr std::string_view placement_rejected = "CWSANDBOX_PLACEMENT_REJECTED";
inline constexpr std::string_view placement_constraint_unsatisfied =
    "CWSANDBOX_PLACEMENT_CONSTRAINT_UNSATISFIED";
inline constexpr std::string_view no_suitable_runner = "CWSANDBOX_NO_SUITABLE_RUNNER";
inline constexpr std::string_view runner_overloaded = "CWSANDBOX_RUNNER_OVERLOADED";
inline constexpr std::string_view serverless_not_allowed = "CWSANDBOX_SERVERLESS_NOT_ALLOWED";
inline constexpr std::string_view serverless_disabled = "CWSANDBOX_SERVERLESS_DISABLED";
inline constexpr std::string_view serverless_misconfigured = "CWSANDBOX_SERVERLESS_MISCONFIGURED";

}  // namespace cwsandbox::inline v1::reasons

#endif

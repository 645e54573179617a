// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_CONSTANTS_HPP
#define CWSANDBOX_CONSTANTS_HPP

#include <cwsandbox/config.hpp>

#include <chrono>
#include <cstddef>

/// The times and sizes that the contract fixes for a client (lifecycle and streams, section 0).
namespace cwsandbox::inline v1::constants {

/// Poll back-off: first sleep, growth, longest sleep.
inline constexpr std::chrono::nanoseconds poll_interval = std::chrono::milliseconds{200};
inline constexpr double poll_growth = 1.5;
inline constexpr std::chrono::nanoseconds poll_interval_max = std::chrono::seconds{2};
/// Longest sleep that a server's hint can ask for.
inline constexpr std::chrono::nanoseconds hinted_delay_max = std::chrono::seconds{10};
/// A retried poll gets at least this long.
inline constexpr std::chrono::nanoseconds retry_rpc_timeout_min = std::chrono::milliseconds{100};
/// After a completion without exit code: how often, after which sleep and how long the code is looked for.
inline constexpr int exit_code_grace_polls = 2;
inline constexpr std::chrono::nanoseconds exit_code_grace_sleep = std::chrono::seconds{2};
inline constexpr std::chrono::nanoseconds exit_code_grace_rpc_timeout = std::chrono::seconds{2};
/// After a stop of ours: how long a missing sandbox is looked for before its end counts as unknown.
inline constexpr std::chrono::nanoseconds not_found_after_stop_budget = std::chrono::seconds{2};
/// Added to the server's own limits, so that its answer can still arrive.
inline constexpr std::chrono::nanoseconds client_timeout_buffer = std::chrono::seconds{5};

/// stdin: longest wait for the command to be ready for it, frame size, and writes that may wait.
inline constexpr std::chrono::nanoseconds stdin_ready_wait_max = std::chrono::seconds{5};
inline constexpr std::size_t stdin_frame_bytes = 65536;
inline constexpr std::size_t stdin_queue_writes = 16;
/// Pieces of output that wait for the reader of a terminal before the service is held up.
inline constexpr std::size_t output_queue_items = 4096;

/// Logs: the longest line, its line feed included; how many attempts without data end a followed log; the sleep after
/// the first of them, which doubles, and the longest one; bytes that wait for the reader before the service is held up,
/// beside `output_queue_items`.
inline constexpr std::size_t log_line_bytes_max = 1048576;
inline constexpr int log_attempts = 3;
inline constexpr std::chrono::nanoseconds log_backoff = std::chrono::milliseconds{500};
inline constexpr std::chrono::nanoseconds log_backoff_max = std::chrono::seconds{4};
inline constexpr std::size_t log_queue_bytes = 8388608;

/// A stream that was silent for this long has its sandbox's status asked for.
inline constexpr std::chrono::nanoseconds stream_idle_check = std::chrono::seconds{30};
/// How long the rest of a stream may take to arrive once its sandbox is known to have ended.
inline constexpr std::chrono::nanoseconds stream_end_grace = std::chrono::seconds{5};

/// Discovery: all pages of one call.
inline constexpr std::chrono::nanoseconds discovery_timeout = std::chrono::seconds{30};

/// Snapshots: how long one that is waited for may take to become ready, what its create may take beyond that, and what
/// the stop of a sandbox with a snapshot may take beyond its grace.
inline constexpr std::chrono::nanoseconds snapshot_ready_timeout = std::chrono::seconds{600};
inline constexpr std::chrono::nanoseconds snapshot_stop_buffer = std::chrono::seconds{35};

/// List calls end after this many pages.
inline constexpr int list_pages_max = 100;

}  // namespace cwsandbox::inline v1::constants

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_TRANSPORT_IPP
#define CWSANDBOX_IMPL_LOCAL_TRANSPORT_IPP

#include <cwsandbox/transport/local.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/runtime.hpp>
#include <cwsandbox/transport/local/engine.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/streams.hpp>

#include <chrono>
#include <utility>

// g++ 12 at -O1 sees an operator delete of asio's coroutine frames without the new that belongs to it.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace cwsandbox::inline v1 {

namespace detail::local {

// Clients poll with pauses of 200 ms and more, and most changes take a few milliseconds: an answer that waits for the
// change saves the pause.
inline constexpr std::chrono::seconds start_patience{10};
inline constexpr std::chrono::milliseconds stop_patience{250};
inline constexpr std::chrono::milliseconds snapshot_patience{250};

/// Waits until a sandbox is in another state than `from`, for a while.
inline asio::awaitable<void> await_change(asio::any_io_executor io, std::shared_ptr<sandbox> box,
                                          bool (*reached)(wire::State),
                                          std::chrono::steady_clock::duration patience) {
  auto const until = std::chrono::steady_clock::now() + patience;
  auto const changed = box->watch();
  while (!reached(box->state()) && std::chrono::steady_clock::now() < until) {
    co_await wait_for(io, changed, until);
    changed->lower();
  }
}

inline bool has_started(wire::State state) { return state != wire::State::creating; }
inline bool has_ended(wire::State state) { return is_terminal(state); }

/// Answers a create request.
inline asio::awaitable<outcome<wire::Sandbox>> await_start(std::shared_ptr<engine> self,
                                                           outcome<std::shared_ptr<sandbox>> made) {
  if (!made) co_return made.error();
  auto const box = *made;
  co_await await_change(self->get_executor(), box, has_started, start_patience);
  if (auto failure = box->start_failure()) {
    self->forget(box->id());
    co_return *std::move(failure);
  }
  co_return box->snapshot();
}

inline void append_limited(std::string& to, std::int64_t& produced, bool& truncated,
                           std::string const& data, std::size_t limit) {
  produced += static_cast<std::int64_t>(data.size());
  auto const room = limit - to.size();
  truncated = truncated || data.size() > room;
  to.append(data, 0, room);
}

}  // namespace detail::local

CWSANDBOX_DECL local_transport::exec_stream& local_transport::exec_stream::operator=(
    exec_stream&& other) noexcept {
  if (this != &other) {
    cancel();
    call_ = std::move(other.call_);
  }
  return *this;
}
CWSANDBOX_DECL local_transport::exec_stream::~exec_stream() { cancel(); }
CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::ExecStreamResponse>>>
local_transport::exec_stream::read() {
  return call_->read();
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> local_transport::exec_stream::write(
    std::string_view bytes) {
  return call_->write(bytes);
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> local_transport::exec_stream::resize(
    std::uint32_t columns, std::uint32_t rows) {
  call_->resize(columns, rows);
  co_return outcome<void>{};
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> local_transport::exec_stream::close_input() {
  return call_->close_input();
}
CWSANDBOX_DECL asio::awaitable<outcome<void>> local_transport::exec_stream::half_close() {
  return call_->close_input();
}
CWSANDBOX_DECL void local_transport::exec_stream::cancel() noexcept {
  if (call_) call_->cancel();
}

CWSANDBOX_DECL local_transport::log_stream& local_transport::log_stream::operator=(
    log_stream&& other) noexcept {
  if (this != &other) {
    cancel();
    call_ = std::move(other.call_);
  }
  return *this;
}
CWSANDBOX_DECL local_transport::log_stream::~log_stream() { cancel(); }
CWSANDBOX_DECL asio::awaitable<outcome<std::optional<wire::LogEntry>>>
local_transport::log_stream::read() {
  return detail::local::log_call::read(call_);
}
CWSANDBOX_DECL void local_transport::log_stream::cancel() noexcept {
  if (call_) call_->cancel();
}

CWSANDBOX_DECL local_transport::local_transport() : local_transport(local_options{}) {}
CWSANDBOX_DECL local_transport::local_transport(asio::any_io_executor executor)
    : local_transport(local_options{}, std::move(executor)) {}
CWSANDBOX_DECL local_transport::local_transport(local_options options)
    : local_transport(std::move(options), background_executor()) {}
CWSANDBOX_DECL local_transport::local_transport(local_options options,
                                                asio::any_io_executor executor)
    : engine_{std::make_shared<detail::local::engine>(std::move(options), std::move(executor))} {}

CWSANDBOX_DECL asio::any_io_executor local_transport::get_executor() const noexcept {
  return engine_->get_executor();
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>> local_transport::create_sandbox(
    wire::CreateSandboxRequest request, call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  auto made = self->create(std::move(request));
  co_return co_await await_start(self, std::move(made));
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>>
local_transport::create_sandbox_from_template(wire::CreateSandboxFromTemplateRequest request,
                                              call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  auto made = self->create_from_template(std::move(request));
  co_return co_await await_start(self, std::move(made));
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::Sandbox>> local_transport::get_sandbox(
    wire::GetSandboxRequest request, call_options) const {
  auto const found = engine_->find(request.sandbox_id);
  if (!found) co_return found.error();
  co_return (*found)->snapshot();
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ListSandboxesResponse>>
local_transport::list_sandboxes(wire::ListSandboxesRequest request, call_options) const {
  co_return engine_->list(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::DeleteSandboxResponse>>
local_transport::delete_sandbox(wire::DeleteSandboxRequest request, call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  if (request.grace_period_seconds < 0)
    co_return violation_error("grace_period_seconds", "must not be negative");
  auto const found = self->find(request.sandbox_id);
  if (!found) {
    if (request.allow_missing) co_return wire::DeleteSandboxResponse{};
    co_return found.error();
  }
  auto const box = *found;
  wire::DeleteSandboxResponse response;
  if (request.snapshot_volumes.empty()) {
    box->stop(std::chrono::seconds{request.grace_period_seconds});
  } else {
    auto ids = self->stop_with_snapshots(box, request);
    if (!ids) co_return ids.error();
    response.file_system_snapshot_ids = std::move(*ids);
  }
  co_await await_change(self->get_executor(), box, has_ended, stop_patience);
  response.sandbox = box->snapshot();
  co_return response;
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::PurgeSandboxesResponse>>
local_transport::purge_sandboxes(wire::PurgeSandboxesRequest request, call_options) const {
  co_return engine_->purge(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ExecResponse>> local_transport::exec(
    wire::ExecRequest request, call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  if (request.max_output_bytes < 0)
    co_return violation_error("max_output_bytes", "must not be negative");
  auto const limit = request.max_output_bytes == 0
                         ? self->options().max_output_bytes
                         : static_cast<std::size_t>(request.max_output_bytes);
  wire::ExecStreamInit init;
  init.sandbox_id = std::move(request.sandbox_id);
  init.command = std::move(request.command);
  init.env = std::move(request.env);
  init.container = std::move(request.container);
  auto started = exec_call::start(self, init);
  if (!started) co_return started.error();
  exec_stream stream{std::move(*started)};
  auto const closed = co_await stream.close_input();
  if (!closed) co_return closed.error();
  wire::ExecResponse response;
  for (;;) {
    auto message = co_await stream.read();
    if (!message) co_return message.error();
    if (!message->has_value())
      co_return rpc_error(status_code::internal, "the command ended without a status");
    auto const& content = (*message)->message;
    if (auto const* output = std::get_if<wire::ExecStreamOutput>(&content)) {
      bool const errors = output->stream == wire::ExecStreamOutput::Stream::stderr_;
      append_limited(errors ? response.stderr_ : response.stdout_,
                     errors ? response.stderr_bytes_produced : response.stdout_bytes_produced,
                     errors ? response.stderr_truncated : response.stdout_truncated, output->data,
                     limit);
    } else if (auto const* exit = std::get_if<wire::ExecStreamExit>(&content)) {
      response.exit_code = exit->exit_code;
      co_return response;
    }
  }
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ReadFileResponse>> local_transport::read_file(
    wire::ReadFileRequest request, call_options) const {
  auto const found = engine_->find(request.sandbox_id, request.container);
  if (!found) co_return found.error();
  auto content = (*found)->read_file(request.path);
  if (!content) co_return content.error();
  wire::ReadFileResponse response;
  response.content = std::move(*content);
  co_return response;
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::WriteFileResponse>> local_transport::write_file(
    wire::WriteFileRequest request, call_options) const {
  auto const found = engine_->find(request.sandbox_id, request.container);
  if (!found) co_return found.error();
  auto const written = (*found)->write_file(request.path, request.content);
  if (!written) co_return written.error();
  co_return wire::WriteFileResponse{};
}

CWSANDBOX_DECL asio::awaitable<outcome<local_transport::exec_stream>> local_transport::stream_exec(
    wire::ExecStreamInit init, call_options) const {
  auto call = detail::local::exec_call::start(engine_, init);
  if (!call) co_return call.error();
  co_return exec_stream{std::move(*call)};
}

CWSANDBOX_DECL asio::awaitable<outcome<local_transport::log_stream>> local_transport::stream_logs(
    wire::StreamLogsRequest request, call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  auto const found = self->find(request.sandbox_id, request.container);
  if (!found) co_return found.error();
  auto reader = (*found)->open_log(request);
  if (!reader) co_return reader.error();
  co_return log_stream{std::make_shared<log_call>(self, *found, std::move(*reader))};
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
local_transport::create_file_system_snapshot(wire::CreateFileSystemSnapshotRequest request,
                                             call_options) const {
  using namespace detail::local;
  auto const self = engine_;
  auto const begun = self->create_snapshot(request);
  if (!begun) co_return begun.error();
  auto const store = self->snapshots();
  if (!store) co_return store.error();
  auto const& id = begun->file_system_snapshot_id;
  co_await snapshot_store::wait_until_settled(self->get_executor(), *store, id, snapshot_patience);
  co_return (*store)->get(id);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
local_transport::get_file_system_snapshot(wire::GetFileSystemSnapshotRequest request,
                                          call_options) const {
  auto const store = engine_->snapshots();
  if (!store) co_return store.error();
  co_return (*store)->get(request.file_system_snapshot_id);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ListFileSystemSnapshotsResponse>>
local_transport::list_file_system_snapshots(wire::ListFileSystemSnapshotsRequest request,
                                            call_options) const {
  auto const store = engine_->snapshots();
  if (!store) co_return store.error();
  co_return (*store)->list(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshot>>
local_transport::delete_file_system_snapshot(wire::DeleteFileSystemSnapshotRequest request,
                                             call_options) const {
  auto const store = engine_->snapshots();
  if (!store) co_return store.error();
  co_return (*store)->remove(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshotBucketConfig>>
local_transport::get_file_system_snapshot_bucket_config(
    wire::GetFileSystemSnapshotBucketConfigRequest, call_options) const {
  co_return detail::local::managed_bucket();
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::FileSystemSnapshotBucketConfig>>
local_transport::update_file_system_snapshot_bucket_config(
    wire::UpdateFileSystemSnapshotBucketConfigRequest request, call_options) const {
  co_return detail::local::update_bucket(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ListAvailableRunnersResponse>>
local_transport::list_available_runners(wire::ListAvailableRunnersRequest request,
                                        call_options) const {
  co_return engine_->runner().list(request, engine_->running_sandboxes());
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::AvailableRunner>>
local_transport::get_available_runner(wire::GetAvailableRunnerRequest request, call_options) const {
  co_return engine_->runner().get(request, engine_->running_sandboxes());
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>>
local_transport::create_sandbox_template(wire::CreateSandboxTemplateRequest request,
                                         call_options) const {
  co_return engine_->templates().create(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>>
local_transport::get_sandbox_template(wire::GetSandboxTemplateRequest request, call_options) const {
  co_return engine_->templates().get(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::ListSandboxTemplatesResponse>>
local_transport::list_sandbox_templates(wire::ListSandboxTemplatesRequest request,
                                        call_options) const {
  co_return engine_->templates().list(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::SandboxTemplate>>
local_transport::update_sandbox_template(wire::UpdateSandboxTemplateRequest request,
                                         call_options) const {
  co_return engine_->templates().update(request);
}

CWSANDBOX_DECL asio::awaitable<outcome<wire::Empty>> local_transport::delete_sandbox_template(
    wire::DeleteSandboxTemplateRequest request, call_options) const {
  co_return engine_->templates().remove(request);
}

}  // namespace cwsandbox::inline v1

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_EXAMPLES_SERVER_SANDBOX_SERVICE_HPP
#define CWSANDBOX_EXAMPLES_SERVER_SANDBOX_SERVICE_HPP

#include "environment.hpp"
#include "errors.hpp"
#include "exec_call.hpp"
#include "log_call.hpp"
#include "refused_call.hpp"
#include "status.hpp"
#include "unary_call.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wire/methods.hpp>

#include "coreweave/sandbox/v1/sandbox.grpc.pb.h"

#include <memory>
#include <utility>

namespace server {

/// `coreweave.sandbox.v1.SandboxService` on any transport.
template <cwsandbox::transport T>
requires(T::capabilities.exec_stream&& T::capabilities.log_stream) class sandbox_service final
    : public pb::SandboxService::CallbackService {
 public:
  sandbox_service(environment& env, T transport) : env_{env}, transport_{std::move(transport)} {}

  grpc::ServerUnaryReactor* CreateSandbox(grpc::CallbackServerContext* context,
                                          pb::CreateSandboxRequest const* request,
                                          pb::Sandbox* response) override {
    return serve_unary<wire::rpc::CreateSandbox>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.create_sandbox(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* CreateSandboxFromTemplate(
      grpc::CallbackServerContext* context, pb::CreateSandboxFromTemplateRequest const* request,
      pb::Sandbox* response) override {
    return serve_unary<wire::rpc::CreateSandboxFromTemplate>(
        env_, *context, *request, *response, [this](auto r, auto options) {
          return transport_.create_sandbox_from_template(std::move(r), options);
        });
  }

  grpc::ServerUnaryReactor* GetSandbox(grpc::CallbackServerContext* context,
                                       pb::GetSandboxRequest const* request,
                                       pb::Sandbox* response) override {
    return serve_unary<wire::rpc::GetSandbox>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.get_sandbox(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* ListSandboxes(grpc::CallbackServerContext* context,
                                          pb::ListSandboxesRequest const* request,
                                          pb::ListSandboxesResponse* response) override {
    return serve_unary<wire::rpc::ListSandboxes>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.list_sandboxes(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* DeleteSandbox(grpc::CallbackServerContext* context,
                                          pb::DeleteSandboxRequest const* request,
                                          pb::DeleteSandboxResponse* response) override {
    return serve_unary<wire::rpc::DeleteSandbox>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.delete_sandbox(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* PurgeSandboxes(grpc::CallbackServerContext* context,
                                           pb::PurgeSandboxesRequest const* request,
                                           pb::PurgeSandboxesResponse* response) override {
    return serve_unary<wire::rpc::PurgeSandboxes>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.purge_sandboxes(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* Exec(grpc::CallbackServerContext* context,
                                 pb::ExecRequest const* request,
                                 pb::ExecResponse* response) override {
    return serve_unary<wire::rpc::Exec>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.exec(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* ReadFile(grpc::CallbackServerContext* context,
                                     pb::ReadFileRequest const* request,
                                     pb::ReadFileResponse* response) override {
    return serve_unary<wire::rpc::ReadFile>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.read_file(std::move(r), options); });
  }

  grpc::ServerUnaryReactor* WriteFile(grpc::CallbackServerContext* context,
                                      pb::WriteFileRequest const* request,
                                      pb::WriteFileResponse* response) override {
    return serve_unary<wire::rpc::WriteFile>(
        env_, *context, *request, *response,
        [this](auto r, auto options) { return transport_.write_file(std::move(r), options); });
  }

  grpc::ServerBidiReactor<pb::ExecStreamRequest, pb::ExecStreamResponse>* StreamExec(
      grpc::CallbackServerContext* context) override {
    if (auto refused = env_.admit(*context); !refused.ok()) {
      return new refused_call<
          grpc::ServerBidiReactor<pb::ExecStreamRequest, pb::ExecStreamResponse>>(
          std::move(refused));
    }
    auto made = std::make_shared<exec_call<T>>(env_, transport_, *context);
    made->start();
    return made.get();
  }

  grpc::ServerWriteReactor<pb::LogEntry>* StreamLogs(
      grpc::CallbackServerContext* context, pb::StreamLogsRequest const* request) override {
    using refused_logs = refused_call<grpc::ServerWriteReactor<pb::LogEntry>>;
    if (auto refused = env_.admit(*context); !refused.ok())
      return new refused_logs(std::move(refused));
    auto converted = to_wire<wire::StreamLogsRequest>(*request);
    if (!converted) return new refused_logs(to_status(converted.error()));
    auto made = std::make_shared<log_call<T>>(env_, transport_, options_of(*context),
                                              std::move(*converted));
    made->start();
    return made.get();
  }

  grpc::ServerUnaryReactor* CreateFileSystemSnapshot(grpc::CallbackServerContext* context,
                                                     pb::CreateFileSystemSnapshotRequest const*,
                                                     pb::FileSystemSnapshot*) override {
    return refuse_snapshots(*context);
  }
  grpc::ServerUnaryReactor* GetFileSystemSnapshot(grpc::CallbackServerContext* context,
                                                  pb::GetFileSystemSnapshotRequest const*,
                                                  pb::FileSystemSnapshot*) override {
    return refuse_snapshots(*context);
  }
  grpc::ServerUnaryReactor* ListFileSystemSnapshots(grpc::CallbackServerContext* context,
                                                    pb::ListFileSystemSnapshotsRequest const*,
                                                    pb::ListFileSystemSnapshotsResponse*) override {
    return refuse_snapshots(*context);
  }
  grpc::ServerUnaryReactor* DeleteFileSystemSnapshot(grpc::CallbackServerContext* context,
                                                     pb::DeleteFileSystemSnapshotRequest const*,
                                                     pb::FileSystemSnapshot*) override {
    return refuse_snapshots(*context);
  }

 private:
  grpc::ServerUnaryReactor* refuse_snapshots(grpc::CallbackServerContext& context) const {
    auto status = env_.admit(context);
    if (status.ok()) {
      status = to_status(reasoned_error(cwsandbox::status_code::unimplemented,
                                        cwsandbox::reasons::fss_not_supported,
                                        "this server has no file-system snapshots"));
    }
    auto* const reactor = context.DefaultReactor();
    reactor->Finish(std::move(status));
    return reactor;
  }

  environment& env_;
  T transport_;
};

}  // namespace server

#endif

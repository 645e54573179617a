// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The server that all clients are measured against: grpc++, callback API, generated code, and nothing behind it.
//
// What it does is asked for by name. Sandboxes made with the tag `slow` are created 300 ms after they were asked for,
// others at once. `ReadFile` gives as many bytes as its path says. `StreamExec` knows `echo`, `yes N` (N bytes in frames
// of 64 KiB), `wc` (how many bytes came) and `hold` (until its input is closed). `GetSandbox` of `connections` says
// how many connections have made sandboxes since it was last asked.
#include <coreweave/sandbox/v1/sandbox.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

namespace v1 = coreweave::sandbox::v1;

namespace {

using clock_type = std::chrono::steady_clock;
constexpr std::chrono::milliseconds creation_time{300};
constexpr std::size_t frame_bytes = 65536;

grpc::ServerUnaryReactor* done(grpc::CallbackServerContext* context) {
  auto* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

// What is known of sandboxes without remembering the living: the identifier says when one is ready.
class sandboxes {
 public:
  void create(bool slow, std::string const& peer, v1::Sandbox& into) {
    auto ready = clock_type::now();
    if (slow) ready += creation_time;
    into.set_sandbox_id("sb-" + std::to_string(ready.time_since_epoch().count()) + "-" +
                        std::to_string(++made_));
    into.mutable_status()->set_state(slow ? v1::STATE_CREATING : v1::STATE_RUNNING);
    std::lock_guard lock{mutex_};
    peers_.insert(peer);
  }
  void get(std::string const& id, v1::Sandbox& into) {
    into.set_sandbox_id(id);
    auto& status = *into.mutable_status();
    status.set_state(v1::STATE_RUNNING);
    status.set_runner_id("runner-eu-1");
    if (id == "connections") {
      std::lock_guard lock{mutex_};
      status.set_state_reason(std::to_string(std::exchange(peers_, {}).size()));
    } else if (id.starts_with("sb-")) {
      clock_type::time_point const ready{clock_type::duration{std::strtoll(id.c_str() + 3, nullptr, 10)}};
      if (clock_type::now() < ready) status.set_state(v1::STATE_CREATING);
      std::lock_guard lock{mutex_};
      if (ended_.contains(id)) status.set_state(v1::STATE_TERMINATED);
    }
  }
  void end(std::string const& id, v1::Sandbox& into) {
    into.set_sandbox_id(id);
    into.mutable_status()->set_state(v1::STATE_TERMINATED);
    std::lock_guard lock{mutex_};
    ended_.insert(id);
  }

 private:
  std::atomic<int> made_{};
  std::mutex mutex_;
  std::set<std::string> peers_;
  std::unordered_set<std::string> ended_;
};

class exec_call final
    : public grpc::ServerBidiReactor<v1::ExecStreamRequest, v1::ExecStreamResponse> {
 public:
  exec_call() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    std::unique_lock lock{mutex_};
    if (!started_) {
      if (!ok) return Finish({grpc::StatusCode::INVALID_ARGUMENT, "no init message"});
      started_ = true;
      auto const& command = request_.init().command();
      if (!command.empty()) mode_ = command[0];
      if (command.size() > 1) to_send_ = std::strtoull(command[1].c_str(), nullptr, 10);
      if (mode_ == "echo") to_send_ = 6;
      input_over_ = mode_ == "echo" || mode_ == "yes";
      response_.mutable_ready();
      StartWrite(&response_);
      return StartRead(&request_);
    }
    bool const last = !ok || request_.has_close();
    if (!last) {
      received_ += request_.stdin().size();
      return StartRead(&request_);
    }
    if (input_over_) return;
    input_over_ = true;
    if (idle_) go_on();
  }

  void OnWriteDone(bool ok) override {
    std::unique_lock lock{mutex_};
    if (!ok) return finish();
    go_on();
  }

  void OnCancel() override {
    std::unique_lock lock{mutex_};
    finish();
  }
  void OnDone() override { delete this; }

 private:
  void finish() {
    if (!std::exchange(finished_, true)) Finish(grpc::Status::OK);
  }

  void go_on() {
    idle_ = false;
    if (finished_) return;
    if (exit_sent_) return finish();
    if (!input_over_) {
      idle_ = true;
      return;
    }
    if (mode_ == "wc" && !counted_) {
      counted_ = true;
      output(std::to_string(received_));
    } else if (to_send_ != 0) {
      auto const size = std::min(to_send_, frame_bytes);
      to_send_ -= size;
      if (response_.has_output() && response_.output().data().size() == size)
        StartWrite(&response_);
      else
        output(mode_ == "echo" ? "hello\n" : std::string(size, 'y'));
    } else {
      exit_sent_ = true;
      response_.mutable_exit()->set_exit_code(0);
      StartWrite(&response_);
    }
  }
  void output(std::string bytes) {
    response_.mutable_output()->set_stream(v1::ExecStreamOutput::STREAM_STDOUT);
    response_.mutable_output()->set_data(std::move(bytes));
    StartWrite(&response_);
  }

  std::mutex mutex_;
  v1::ExecStreamRequest request_;
  v1::ExecStreamResponse response_;
  std::string mode_;
  std::size_t to_send_{};
  std::size_t received_{};
  bool started_{};
  bool input_over_{};
  bool counted_{};
  bool idle_{};
  bool exit_sent_{};
  bool finished_{};
};

class service final : public v1::SandboxService::CallbackService {
 public:
  grpc::ServerUnaryReactor* CreateSandbox(grpc::CallbackServerContext* context,
                                          v1::CreateSandboxRequest const* request,
                                          v1::Sandbox* response) override {
    auto const& tags = request->sandbox().spec().tags();
    bool const slow = std::find(tags.begin(), tags.end(), "slow") != tags.end();
    sandboxes_.create(slow, context->peer(), *response);
    return done(context);
  }
  grpc::ServerUnaryReactor* GetSandbox(grpc::CallbackServerContext* context,
                                       v1::GetSandboxRequest const* request,
                                       v1::Sandbox* response) override {
    sandboxes_.get(request->sandbox_id(), *response);
    return done(context);
  }
  grpc::ServerUnaryReactor* ListSandboxes(grpc::CallbackServerContext* context,
                                          v1::ListSandboxesRequest const*,
                                          v1::ListSandboxesResponse*) override {
    return done(context);
  }
  grpc::ServerUnaryReactor* DeleteSandbox(grpc::CallbackServerContext* context,
                                          v1::DeleteSandboxRequest const* request,
                                          v1::DeleteSandboxResponse* response) override {
    sandboxes_.end(request->sandbox_id(), *response->mutable_sandbox());
    return done(context);
  }
  grpc::ServerUnaryReactor* ReadFile(grpc::CallbackServerContext* context,
                                     v1::ReadFileRequest const* request,
                                     v1::ReadFileResponse* response) override {
    response->set_content(std::string(std::strtoull(request->path().c_str(), nullptr, 10), 'r'));
    return done(context);
  }
  grpc::ServerUnaryReactor* WriteFile(grpc::CallbackServerContext* context,
                                      v1::WriteFileRequest const*,
                                      v1::WriteFileResponse*) override {
    return done(context);
  }
  grpc::ServerBidiReactor<v1::ExecStreamRequest, v1::ExecStreamResponse>* StreamExec(
      grpc::CallbackServerContext*) override {
    return new exec_call;  // deletes itself
  }

 private:
  sandboxes sandboxes_;
};

}  // namespace

int main() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are other threads
  service answers;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&answers);
  auto const server = builder.BuildAndStart();
  if (!server || port == 0) return 1;
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  server->Shutdown(std::chrono::system_clock::now());
}

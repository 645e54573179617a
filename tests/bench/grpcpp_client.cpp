// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The grpc++ client's side of the comparison, written the way its guides do. Usage: grpcpp_client URL WORK COUNT
#include <coreweave/sandbox/v1/sandbox.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include "bench/measure.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace v1 = coreweave::sandbox::v1;

namespace {

constexpr std::size_t frame_bytes = 65536;
constexpr std::size_t file_bytes = std::size_t{32} << 20;
constexpr int in_flight = 100;

using stub_type = v1::SandboxService::Stub;

void check(grpc::Status const& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.error_message().c_str());
  std::exit(1);
}

void limit(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{300});
}

void get_many(stub_type& stub, long count) {
  for (long i = 0; i < count; ++i) {
    grpc::ClientContext context;
    limit(context);
    v1::GetSandboxRequest request;
    request.set_sandbox_id("sandbox-0001");
    v1::Sandbox response;
    check(stub.GetSandbox(&context, request, &response));
  }
}

void unary(stub_type& stub, long count) {
  bench::measured work;
  get_many(stub, count);
  work.print(count);
}

class latch {
 public:
  explicit latch(long count) : left_{count} {}
  void down() {
    std::lock_guard lock{mutex_};
    if (--left_ == 0) done_.notify_all();
  }
  void wait() {
    std::unique_lock lock{mutex_};
    done_.wait(lock, [this] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  long left_;
};

// One of the calls in flight: each answer sends the next request.
struct chain {
  stub_type& stub;
  long left;
  latch& done;
  std::unique_ptr<grpc::ClientContext> context{};
  v1::GetSandboxRequest request{};
  v1::Sandbox response{};

  void next() {
    if (left-- == 0) return done.down();
    context = std::make_unique<grpc::ClientContext>();
    limit(*context);
    request.set_sandbox_id("sandbox-0001");
    stub.async()->GetSandbox(context.get(), &request, &response, [this](grpc::Status status) {
      check(status);
      next();
    });
  }
};

void unary_100(stub_type& stub, long count) {
  bench::measured work;
  latch done{in_flight};
  std::vector<std::unique_ptr<chain>> chains;
  for (int i = 0; i < in_flight; ++i)
    chains.push_back(std::make_unique<chain>(chain{stub, count / in_flight, done}));
  for (auto const& each : chains) each->next();
  done.wait();
  work.print(count);
}

void read(stub_type& stub, long count) {
  bench::measured work;
  for (long i = 0; i < count; ++i) {
    grpc::ClientContext context;
    limit(context);
    v1::ReadFileRequest request;
    request.set_path(std::to_string(file_bytes));
    v1::ReadFileResponse response;
    check(stub.ReadFile(&context, request, &response));
    if (response.content().size() != file_bytes) std::exit(1);
  }
  work.print(count);
}

// One command, from its start to its end; how many bytes of output came.
std::size_t run(stub_type& stub, std::vector<std::string> const& command, long input = 0,
                std::string* last = nullptr) {
  grpc::ClientContext context;
  limit(context);
  auto const stream = stub.StreamExec(&context);
  v1::ExecStreamRequest request;
  request.mutable_init()->set_sandbox_id("sandbox-0001");
  for (auto const& word : command) request.mutable_init()->add_command(word);
  if (!stream->Write(request)) std::exit(1);
  if (input != 0) {
    request.set_stdin(std::string(frame_bytes, 'x'));
    for (long sent = 0; sent < input; sent += static_cast<long>(frame_bytes))
      if (!stream->Write(request)) std::exit(1);
    request.mutable_close();
    stream->Write(request);
  }
  stream->WritesDone();
  std::size_t bytes = 0;
  v1::ExecStreamResponse response;
  while (stream->Read(&response)) {
    if (!response.has_output()) continue;
    bytes += response.output().data().size();
    if (last != nullptr) *last = response.output().data();
  }
  check(stream->Finish());
  return bytes;
}

void exec(stub_type& stub, long count) {
  bench::measured work;
  for (long i = 0; i < count; ++i)
    if (run(stub, {"echo"}) == 0) std::exit(1);
  work.print(count);
}
void out(stub_type& stub, long bytes) {
  bench::measured work;
  if (run(stub, {"yes", std::to_string(bytes)}) != static_cast<std::size_t>(bytes)) std::exit(1);
  work.print(bytes);
}
void in(stub_type& stub, long bytes) {
  bench::measured work;
  std::string counted;
  run(stub, {"wc"}, bytes, &counted);
  if (counted != std::to_string(bytes)) std::exit(1);
  work.print(bytes);
}

class held final : public grpc::ClientBidiReactor<v1::ExecStreamRequest, v1::ExecStreamResponse> {
 public:
  held(stub_type& stub, latch& opened, latch& ended) : opened_{opened}, ended_{ended} {
    limit(context_);
    request_.mutable_init()->set_sandbox_id("sandbox-0001");
    request_.mutable_init()->add_command("hold");
    stub.async()->StreamExec(&context_, this);
    AddHold();  // for the write of `release`
    StartWrite(&request_);
    StartRead(&response_);
    StartCall();
  }
  void release() {
    request_.mutable_close();
    StartWriteLast(&request_, {});
    RemoveHold();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.has_ready()) opened_.down();
    StartRead(&response_);
  }
  void OnDone(grpc::Status const& status) override {
    check(status);
    ended_.down();
  }

 private:
  grpc::ClientContext context_;
  v1::ExecStreamRequest request_;
  v1::ExecStreamResponse response_;
  latch& opened_;
  latch& ended_;
};

void many(stub_type& stub, long count) {
  bench::measured work;
  latch opened{count};
  latch ended{count};
  std::vector<std::unique_ptr<held>> streams;
  for (long i = 0; i < count; ++i) streams.push_back(std::make_unique<held>(stub, opened, ended));
  opened.wait();
  for (auto const& stream : streams) stream->release();
  ended.wait();
  work.print(count);
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, void (*)(stub_type&, long)> const works{
      {"unary", unary}, {"unary-100", unary_100}, {"read", read}, {"exec", exec},
      {"out", out},     {"in", in},               {"many", many}};
  if (argc != 4 || !works.contains(argv[2])) {
    std::fprintf(stderr, "usage: %s URL WORK COUNT\n", argv[0]);
    return 2;
  }
  std::string target{argv[1]};
  if (auto const at = target.find("://"); at != std::string::npos) target.erase(0, at + 3);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  auto const channel =
      grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
  auto const stub = v1::SandboxService::NewStub(channel);
  get_many(*stub, 20);
  works.at(argv[2])(*stub, std::atol(argv[3]));
}

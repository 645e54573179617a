// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Our client's side of the comparison: the transport on one thread, and sessions on it.
// Usage: grpc_client URL WORK COUNT; see run_grpc.py for what the works are.
#include <cwsandbox/session.hpp>
#include <cwsandbox/transport/grpc.hpp>

#include "bench/measure.hpp"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

namespace {

constexpr std::size_t frame_bytes = 65536;
constexpr std::size_t file_bytes = std::size_t{32} << 20;
constexpr int in_flight = 100;

template <class T>
T value(cw::outcome<T> got) {
  if (got) return *std::move(got);
  std::fprintf(stderr, "%s\n", got.error().message().c_str());
  std::exit(1);
}
void check(cw::outcome<void> const& got) {
  if (got) return;
  std::fprintf(stderr, "%s\n", got.error().message().c_str());
  std::exit(1);
}

cw::call_options limit() {
  cw::call_options options{};
  options.timeout = std::chrono::seconds{300};
  return options;
}

asio::awaitable<wire::Sandbox> get(cw::grpc_transport const& transport, std::string id) {
  wire::GetSandboxRequest request{};
  request.sandbox_id = std::move(id);
  auto got = co_await transport.get_sandbox(std::move(request), limit());
  co_return value(std::move(got));
}

asio::awaitable<void> get_many(cw::grpc_transport const& transport, long count) {
  for (long i = 0; i < count; ++i) co_await get(transport, "sandbox-0001");
}

asio::awaitable<void> read_files(cw::grpc_transport const& transport, long count) {
  for (long i = 0; i < count; ++i) {
    wire::ReadFileRequest request{};
    request.sandbox_id = "sandbox-0001";
    request.path = std::to_string(file_bytes);
    auto got = co_await transport.read_file(std::move(request), limit());
    if (value(std::move(got)).content.size() != file_bytes) std::exit(1);
  }
}

using stream_type = cw::grpc_transport::exec_stream;

asio::awaitable<stream_type> open(cw::grpc_transport const& transport,
                                  std::vector<std::string> command) {
  wire::ExecStreamInit init{};
  init.sandbox_id = "sandbox-0001";
  init.command = std::move(command);
  auto opened = co_await transport.stream_exec(std::move(init), limit());
  co_return value(std::move(opened));
}

// Reads to the end; how many bytes of output came.
asio::awaitable<std::size_t> drain(stream_type& stream, std::string* last = nullptr) {
  std::size_t bytes = 0;
  for (;;) {
    auto got = co_await stream.read();
    auto message = value(std::move(got));
    if (!message) break;
    if (auto* const output = std::get_if<wire::ExecStreamOutput>(&message->message)) {
      bytes += output->data.size();
      if (last != nullptr) *last = std::move(output->data);
    }
  }
  co_return bytes;
}

asio::awaitable<void> exec_many(cw::grpc_transport const& transport, long count) {
  for (long i = 0; i < count; ++i) {
    std::vector<std::string> command{"echo"};
    auto stream = co_await open(transport, std::move(command));
    check(co_await stream.half_close());
    if (co_await drain(stream) == 0) std::exit(1);
  }
}

asio::awaitable<void> exec_out(cw::grpc_transport const& transport, long bytes) {
  std::vector<std::string> command{"yes", std::to_string(bytes)};
  auto stream = co_await open(transport, std::move(command));
  check(co_await stream.half_close());
  if (co_await drain(stream) != static_cast<std::size_t>(bytes)) std::exit(1);
}

asio::awaitable<void> exec_in(cw::grpc_transport const& transport, long bytes) {
  std::vector<std::string> command{"wc"};
  auto stream = co_await open(transport, std::move(command));
  std::string const frame(frame_bytes, 'x');
  for (long sent = 0; sent < bytes; sent += static_cast<long>(frame_bytes))
    check(co_await stream.write(frame));
  check(co_await stream.close_input());
  check(co_await stream.half_close());
  std::string counted;
  co_await drain(stream, &counted);
  if (counted != std::to_string(bytes)) std::exit(1);
}

// Opens all, then lets all end.
asio::awaitable<void> hold(cw::grpc_transport const& transport, std::optional<stream_type>& into,
                           long& opened) {
  std::vector<std::string> command{"hold"};
  into.emplace(co_await open(transport, std::move(command)));
  auto const ready = co_await into->read();
  if (!ready || !*ready) std::exit(1);
  ++opened;
}
asio::awaitable<void> release(stream_type& stream) {
  check(co_await stream.close_input());
  check(co_await stream.half_close());
  co_await drain(stream);
}

class runner {
 public:
  explicit runner(std::string url) {
    cw::grpc_options options{};
    options.base_url = std::move(url);
    options.api_key = "benchmark";
    options.max_connections = 1;
    transport_.emplace(std::move(options), io_.get_executor());
  }
  void start(asio::awaitable<void> work) {
    ++running_;
    asio::co_spawn(io_, std::move(work), [this](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
      --running_;
    });
  }
  void finish() {
    io_.restart();
    while (running_ != 0) io_.run_one();
  }
  void run(asio::awaitable<void> work) {
    start(std::move(work));
    finish();
  }
  [[nodiscard]] cw::grpc_transport const& transport() const { return *transport_; }
  // Until an operation is done.
  template <class Operation>
  void wait(Operation const& op) {
    io_.restart();
    while (!op.is_done()) io_.run_one();
  }

 private:
  asio::io_context io_{1};
  std::optional<cw::grpc_transport> transport_;
  long running_{};
};

void unary(runner& on, long count) {
  bench::measured work;
  on.run(get_many(on.transport(), count));
  work.print(count);
}
void unary_100(runner& on, long count) {
  bench::measured work;
  for (int i = 0; i < in_flight; ++i) on.start(get_many(on.transport(), count / in_flight));
  on.finish();
  work.print(count);
}
void read(runner& on, long count) {
  bench::measured work;
  on.run(read_files(on.transport(), count));
  work.print(count);
}
void exec(runner& on, long count) {
  bench::measured work;
  on.run(exec_many(on.transport(), count));
  work.print(count);
}
void out(runner& on, long bytes) {
  bench::measured work;
  on.run(exec_out(on.transport(), bytes));
  work.print(bytes);
}
void in(runner& on, long bytes) {
  bench::measured work;
  on.run(exec_in(on.transport(), bytes));
  work.print(bytes);
}
void many(runner& on, long count) {
  std::vector<std::optional<stream_type>> streams(static_cast<std::size_t>(count));
  bench::measured work;
  long opened = 0;
  for (auto& stream : streams) on.start(hold(on.transport(), stream, opened));
  on.finish();
  if (opened != count) std::exit(1);
  for (auto& stream : streams) on.start(release(*stream));
  on.finish();
  work.print(count);
}

using session_type = cw::basic_session<cw::grpc_transport>;

asio::awaitable<void> session_execs(session_type::sandbox_type& sandbox, long count) {
  for (long i = 0; i < count; ++i) {
    auto const process = sandbox.exec({"echo"});
    auto const result = co_await process.async();
    if (result.out != "hello\n") std::exit(1);
  }
}
void session_exec(runner& on, long count) {
  session_type const session{on.transport()};
  auto sandbox = session.sandbox();
  on.run(session_execs(sandbox, 1));
  bench::measured work;
  on.run(session_execs(sandbox, count));
  work.print(count);
  on.wait(session.close());
}

asio::awaitable<void> session_read(session_type::sandbox_type& sandbox, long bytes) {
  auto const size = std::to_string(bytes);
  cw::ExecOptions options{};
  options.max_buffered_bytes = std::uint64_t{1} << 20;
  options.timeout = std::chrono::seconds{300};
  auto const process = sandbox.exec({"yes", size}, options);
  auto const reader = process.out();
  long got = 0;
  for (;;) {
    auto const piece = reader.read();
    auto const chunk = co_await piece.async();
    if (!chunk) break;
    got += static_cast<long>(chunk->size());
  }
  if (got != bytes) std::exit(1);
}
void session_out(runner& on, long bytes) {
  session_type const session{on.transport()};
  auto sandbox = session.sandbox();
  on.run(session_execs(sandbox, 1));
  bench::measured work;
  on.run(session_read(sandbox, bytes));
  work.print(bytes);
  on.wait(session.close());
}

asio::awaitable<void> session_write(session_type::sandbox_type& sandbox, long bytes) {
  cw::ExecOptions options{};
  options.open_stdin = true;
  options.timeout = std::chrono::seconds{300};
  auto const process = sandbox.exec({"wc"}, options);
  auto const writer = process.in();
  std::string const frame(frame_bytes, 'x');
  for (long sent = 0; sent < bytes; sent += static_cast<long>(frame_bytes)) {
    auto const written = writer.write(frame);
    co_await written.async();
  }
  auto const closed = writer.close();
  co_await closed.async();
  auto const result = co_await process.async();
  if (result.out != std::to_string(bytes)) std::exit(1);
}
void session_in(runner& on, long bytes) {
  session_type const session{on.transport()};
  auto sandbox = session.sandbox();
  on.run(session_execs(sandbox, 1));
  bench::measured work;
  on.run(session_write(sandbox, bytes));
  work.print(bytes);
  on.wait(session.close());
}

// How many connections have made sandboxes since this was last asked.
asio::awaitable<void> ask_connections(cw::grpc_transport const& transport, std::string& into) {
  auto const said = co_await get(transport, "connections");
  into = said.status->state_reason;
}

// Sandboxes that are being created when they are started, polled until they run, and stopped by the session's end.
void session_sandboxes(runner& on, long count) {
  std::string ignored;
  on.run(ask_connections(on.transport(), ignored));
  session_type const session{on.transport(), cw::SandboxDefaults{.tags = {"slow"}}};
  std::vector<session_type::sandbox_type> sandboxes;
  sandboxes.reserve(static_cast<std::size_t>(count));
  bench::measured work;
  auto const heap = mallinfo2().uordblks;
  for (long i = 0; i < count; ++i) sandboxes.push_back(session.sandbox());
  {
    std::vector<cw::operation<void>> waits;
    waits.reserve(sandboxes.size());
    for (auto const& sandbox : sandboxes) waits.push_back(sandbox.wait());
    for (auto const& op : waits) {
      on.wait(op);
      op.result();
    }
  }
  auto const cpu_started = bench::cpu_seconds();
  auto const each = (mallinfo2().uordblks - heap) / static_cast<std::size_t>(count);
  auto const closing = session.close();
  on.wait(closing);
  closing.result();
  work.print(count);
  auto const cpu_closing = bench::cpu_seconds() - cpu_started;
  std::string connections;
  on.run(ask_connections(on.transport(), connections));
  std::printf("bytes_each=%zu cpu_closing=%.6f connections=%s\n", each, cpu_closing,
              connections.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, void (*)(runner&, long)> const works{
      {"unary", unary},
      {"unary-100", unary_100},
      {"read", read},
      {"exec", exec},
      {"out", out},
      {"in", in},
      {"many", many},
      {"session-exec", session_exec},
      {"session-out", session_out},
      {"session-in", session_in},
      {"session-sandboxes", session_sandboxes}};
  if (argc != 4 || !works.contains(argv[2])) {
    std::fprintf(stderr, "usage: %s URL WORK COUNT\n", argv[0]);
    return 2;
  }
  runner on{argv[1]};
  on.run(get_many(on.transport(), 20));
  works.at(argv[2])(on, std::atol(argv[3]));
}

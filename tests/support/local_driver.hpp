// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_LOCAL_DRIVER_HPP
#define CWSANDBOX_TESTS_SUPPORT_LOCAL_DRIVER_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/transport/local.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace local_test {

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

/// Runs the context until one awaitable has its result.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> work) {
  std::optional<T> result;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
    failure = e;
    if (!e) result.emplace(std::move(value));
  });
  io.restart();
  while (!result && !failure) io.run_one();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

/// A directory of the test's own, removed at its end.
class scratch_directory {
 public:
  scratch_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "cwsandbox-test-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  scratch_directory(scratch_directory const&) = delete;
  scratch_directory& operator=(scratch_directory const&) = delete;
  ~scratch_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string const& path() const { return path_; }
  [[nodiscard]] std::size_t entries() const {
    std::size_t n = 0;
    for ([[maybe_unused]] auto const& entry : std::filesystem::directory_iterator(path_)) ++n;
    return n;
  }

 private:
  std::string path_;
};

inline cw::local_options options_in(scratch_directory const& directory) {
  cw::local_options options;
  options.state_directory = directory.path();
  return options;
}

inline wire::CreateSandboxRequest request_for(std::vector<std::string> command,
                                              std::string image = "python:3.11") {
  wire::CreateSandboxRequest request;
  auto& spec = request.sandbox.emplace().spec.emplace();
  auto& container = spec.containers.emplace_back();
  spec.primary_container = container.name = "main";
  container.image = std::move(image);
  if (!command.empty()) {
    container.command = command.front();
    container.args.assign(command.begin() + 1, command.end());
  }
  return request;
}

/// The request's only container.
inline wire::Container& container_of(wire::CreateSandboxRequest& request) {
  return request.sandbox->spec->containers.front();
}

/// An engine on a context that runs only while a call is made.
class driver {
 public:
  driver() : driver(cw::local_options{}) {}
  explicit driver(cw::local_options options)
      : transport_{std::in_place, adjust(std::move(options)), io_.get_executor()} {}

  asio::io_context& io() { return io_; }
  cw::local_transport& transport() { return *transport_; }
  scratch_directory& directory() { return directory_; }
  void drop_transport() { transport_.reset(); }

  auto create(wire::CreateSandboxRequest request) {
    return run(io_, transport_->create_sandbox(std::move(request), {}));
  }
  std::string start(std::vector<std::string> command = {"sleep", "infinity"}) {
    return create(request_for(std::move(command))).value().sandbox_id;
  }
  auto get(std::string id) {
    wire::GetSandboxRequest request;
    request.sandbox_id = std::move(id);
    return run(io_, transport_->get_sandbox(std::move(request), {}));
  }
  auto stop(std::string id, int grace = 0, bool allow_missing = false) {
    wire::DeleteSandboxRequest request;
    request.sandbox_id = std::move(id);
    request.grace_period_seconds = grace;
    request.allow_missing = allow_missing;
    return run(io_, transport_->delete_sandbox(std::move(request), {}));
  }
  auto exec(std::string id, std::vector<std::string> command) {
    wire::ExecRequest request;
    request.sandbox_id = std::move(id);
    request.command = std::move(command);
    return run(io_, transport_->exec(std::move(request), {}));
  }
  std::string shell(std::string id, std::string script) {
    return exec(std::move(id), {"/bin/sh", "-c", std::move(script)}).value().stdout_;
  }
  auto read_file(std::string id, std::string path) {
    wire::ReadFileRequest request;
    request.sandbox_id = std::move(id);
    request.path = std::move(path);
    return run(io_, transport_->read_file(std::move(request), {}));
  }
  auto write_file(std::string id, std::string path, std::string content) {
    wire::WriteFileRequest request;
    request.sandbox_id = std::move(id);
    request.path = std::move(path);
    request.content = std::move(content);
    return run(io_, transport_->write_file(std::move(request), {}));
  }
  auto list(wire::ListSandboxesRequest request) {
    return run(io_, transport_->list_sandboxes(std::move(request), {}));
  }
  auto stream(wire::ExecStreamInit init) {
    return run(io_, transport_->stream_exec(std::move(init), {}));
  }
  auto logs(wire::StreamLogsRequest request) {
    return run(io_, transport_->stream_logs(std::move(request), {}));
  }

  /// Runs the context until a sandbox is in a final state.
  wire::Sandbox ended(std::string const& id) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    for (;;) {
      auto found = get(id).value();
      auto const state = found.status->state;
      bool const final = state == wire::State::completed || state == wire::State::failed ||
                         state == wire::State::terminated;
      if (final || std::chrono::steady_clock::now() > deadline) return found;
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds{50});
    }
  }
  /// Runs the context until nothing is left to do at once.
  void settle() {
    io_.restart();
    while (io_.run_one_for(std::chrono::milliseconds{200}) != 0) {
    }
  }

 private:
  cw::local_options adjust(cw::local_options options) {
    if (options.state_directory.empty()) options.state_directory = directory_.path();
    return options;
  }

  scratch_directory directory_;
  asio::io_context io_;
  std::optional<cw::local_transport> transport_;
};

}  // namespace local_test

#endif

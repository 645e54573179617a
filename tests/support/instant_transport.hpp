// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_SUPPORT_INSTANT_TRANSPORT_HPP
#define CWSANDBOX_TESTS_SUPPORT_INSTANT_TRANSPORT_HPP

#include <cwsandbox/runtime.hpp>
#include <cwsandbox/transport.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace cwsandbox::tests {

/// A transport without streams whose every call succeeds at once and is forgotten: what is measured on it is the cost
/// of the library alone.
class instant_transport {
 public:
  static constexpr transport_capabilities capabilities{.name = "instant"};

  explicit instant_transport(asio::any_io_executor executor = background_executor())
      : executor_{std::move(executor)} {}

  [[nodiscard]] asio::any_io_executor get_executor() const { return executor_; }

  asio::awaitable<outcome<wire::Sandbox>> create_sandbox(wire::CreateSandboxRequest,
                                                         call_options) {
    co_return sandbox("sb-" + std::to_string(++*made_), wire::State::creating);
  }
  asio::awaitable<outcome<wire::Sandbox>> create_sandbox_from_template(
      wire::CreateSandboxFromTemplateRequest, call_options) {
    co_return sandbox("sb-" + std::to_string(++*made_), wire::State::creating);
  }
  asio::awaitable<outcome<wire::Sandbox>> get_sandbox(wire::GetSandboxRequest request,
                                                      call_options) {
    co_return sandbox(std::move(request.sandbox_id), wire::State::running);
  }
  asio::awaitable<outcome<wire::ListSandboxesResponse>> list_sandboxes(wire::ListSandboxesRequest,
                                                                       call_options) {
    co_return wire::ListSandboxesResponse{};
  }
  asio::awaitable<outcome<wire::DeleteSandboxResponse>> delete_sandbox(
      wire::DeleteSandboxRequest request, call_options) {
    wire::DeleteSandboxResponse response{};
    response.sandbox = sandbox(std::move(request.sandbox_id), wire::State::terminated);
    co_return response;
  }
  asio::awaitable<outcome<wire::PurgeSandboxesResponse>> purge_sandboxes(
      wire::PurgeSandboxesRequest, call_options) {
    co_return wire::PurgeSandboxesResponse{};
  }
  asio::awaitable<outcome<wire::ExecResponse>> exec(wire::ExecRequest, call_options) {
    co_return wire::ExecResponse{};
  }
  asio::awaitable<outcome<wire::ReadFileResponse>> read_file(wire::ReadFileRequest, call_options) {
    co_return wire::ReadFileResponse{};
  }
  asio::awaitable<outcome<wire::WriteFileResponse>> write_file(wire::WriteFileRequest,
                                                               call_options) {
    co_return wire::WriteFileResponse{};
  }

 private:
  static wire::Sandbox sandbox(std::string id, wire::State state) {
    wire::Sandbox result{};
    result.sandbox_id = std::move(id);
    result.status.emplace().state = state;
    return result;
  }

  asio::any_io_executor executor_;
  std::shared_ptr<std::atomic<int>> made_ = std::make_shared<std::atomic<int>>(0);
};

static_assert(transport<instant_transport>);

}  // namespace cwsandbox::tests

#endif

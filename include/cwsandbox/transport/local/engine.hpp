// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_LOCAL_ENGINE_HPP
#define CWSANDBOX_TRANSPORT_LOCAL_ENGINE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/outcome.hpp>
#include <cwsandbox/wire/sandbox.hpp>

#include <cwsandbox/transport/local/options.hpp>
#include <cwsandbox/transport/local/sandbox.hpp>
#include <cwsandbox/transport/local/state_directory.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cwsandbox::inline v1::detail::local {

/// All sandboxes of one engine. Its members may be called from any thread. Destroying it kills every sandbox and removes
/// every file, without help of the executor.
class engine {
 public:
  CWSANDBOX_DECL engine(local_options options, asio::any_io_executor executor);
  engine(engine const&) = delete;
  engine& operator=(engine const&) = delete;
  CWSANDBOX_DECL ~engine();

  [[nodiscard]] asio::any_io_executor const& get_executor() const noexcept { return executor_; }
  [[nodiscard]] local_options const& options() const noexcept { return *options_; }

  /// Starts a sandbox, or finds the one that an earlier request with the same id started.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> create(
      wire::CreateSandboxRequest request);
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> find(std::string const& id) const;
  /// The same, for a call that names a container.
  [[nodiscard]] CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> find(
      std::string const& id, std::string const& container) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::ListSandboxesResponse> list(
      wire::ListSandboxesRequest const& request) const;
  [[nodiscard]] CWSANDBOX_DECL outcome<wire::PurgeSandboxesResponse> purge(
      wire::PurgeSandboxesRequest const& request);
  CWSANDBOX_DECL void forget(std::string const& id);

 private:
  [[nodiscard]] CWSANDBOX_DECL outcome<void> open();
  [[nodiscard]] CWSANDBOX_DECL outcome<void> check(wire::SandboxSpec const& spec) const;
  /// What the next sandbox starts in; empty when there is no such thing here.
  [[nodiscard]] CWSANDBOX_DECL std::shared_ptr<guard> keeper();
  CWSANDBOX_DECL void forget_oldest();
  CWSANDBOX_DECL void log_once(std::string_view text);

  std::shared_ptr<local_options const> const options_;
  asio::any_io_executor const executor_;

  mutable std::mutex mutex_;
  std::optional<state_directory> state_;
  std::mutex guard_mutex_;
  std::shared_ptr<guard> guard_;
  bool unguarded_{};
  std::uint64_t next_sequence_{1};
  std::map<std::uint64_t, std::shared_ptr<sandbox>> sandboxes_;
  std::map<std::string, std::uint64_t, std::less<>> by_id_;
  std::map<std::string, std::uint64_t, std::less<>> by_request_;
  std::mutex log_mutex_;
  std::set<std::string, std::less<>> logged_;
};

/// Waits until a notifier is raised or the time has come. On the executor of the coroutine that awaits it; `io` gives the
/// reactor.
[[nodiscard]] CWSANDBOX_DECL asio::awaitable<void> wait_for(
    asio::any_io_executor io, std::shared_ptr<notifier> changed,
    std::optional<std::chrono::steady_clock::time_point> until);

}  // namespace cwsandbox::inline v1::detail::local

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/local/engine.ipp>
#endif

#endif

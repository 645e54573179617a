// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_DETAIL_LIFECYCLE_HPP
#define CWSANDBOX_DETAIL_LIFECYCLE_HPP

#include <cwsandbox/config.hpp>
#include <cwsandbox/error.hpp>
#include <cwsandbox/sandbox_info.hpp>
#include <cwsandbox/status.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail {

/// Where a sandbox is in its life, as this client sees it (lifecycle, section 1.1).
enum class phase : unsigned char { not_started, starting, running, stopping, terminal };

/// Who asked: polls may end a life with an exit code, queries (get_status, list, from_id) never do.
enum class observation : unsigned char { poll, query };

/// The phase that a wire state means. UNSPECIFIED ends a life when a poll sees it and is no news to a query; a number
/// this client does not know is no news to either.
[[nodiscard]] CWSANDBOX_DECL detail::phase phase_of(wire::State state, observation how) noexcept;

/// The public status of a wire state; unknown numbers are `unspecified`.
[[nodiscard]] CWSANDBOX_DECL SandboxStatus to_status(wire::State state) noexcept;
/// The wire state of a public status.
[[nodiscard]] CWSANDBOX_DECL wire::State to_wire(SandboxStatus status) noexcept;

/// What the client knows of one sandbox. Plain data with the rules of how it may change; no I/O, no clock.
class lifecycle {
 public:
  using time_point = std::chrono::system_clock::time_point;

  /// Applied when a create was accepted.
  CWSANDBOX_DECL void created(wire::Sandbox const& sandbox, time_point now);
  /// Applied to the answer of a get or list. Ignored once terminal or cancelled; while stopping only a terminal state
  /// is taken.
  CWSANDBOX_DECL void observed(wire::Sandbox const& sandbox, observation how, time_point now);
  /// A sandbox that was never started will not be.
  void cancel() noexcept { cancelled_ = true; }
  /// The service accepted our delete.
  CWSANDBOX_DECL void stop_accepted(time_point now);
  /// Somebody asked for the status and it needed no call: a terminal one is as fresh as any.
  void confirmed(time_point now) noexcept { updated_at_ = now; }
  /// The service has no such sandbox (any more).
  CWSANDBOX_DECL void gone(bool stop_owned, time_point now);

  [[nodiscard]] detail::phase phase() const noexcept { return phase_; }
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }
  /// Nothing more will happen to it.
  [[nodiscard]] bool is_done() const noexcept {
    return phase_ == detail::phase::terminal || cancelled_;
  }
  [[nodiscard]] bool is_stop_owned() const noexcept { return stop_owned_; }
  /// Our delete was sent: if the sandbox ends now, we ended it.
  void own_stop() noexcept { stop_owned_ = true; }
  /// Our delete failed.
  void disown_stop() noexcept { stop_owned_ = false; }

  /// Empty while not started.
  [[nodiscard]] std::optional<SandboxStatus> status() const noexcept;
  /// What the service said about the state, or empty.
  [[nodiscard]] std::string const& state_reason() const noexcept { return state_reason_; }
  [[nodiscard]] std::optional<std::string> id() const {
    return id_.empty() ? std::nullopt : std::optional{id_};
  }
  [[nodiscard]] std::string const& id_text() const noexcept { return id_; }
  [[nodiscard]] std::optional<std::int32_t> exit_code() const noexcept { return exit_code_; }
  [[nodiscard]] std::optional<time_point> status_updated_at() const noexcept { return updated_at_; }
  [[nodiscard]] std::optional<time_point> started_at() const noexcept { return started_at_; }
  [[nodiscard]] std::optional<std::string> runner_id() const { return present(runner_id_); }
  [[nodiscard]] std::optional<std::string> runner_group_id() const {
    return present(runner_group_id_);
  }
  /// What the service says the sandbox was given.
  struct echoes {
    std::vector<ServiceUrl> service_urls{};
    std::optional<std::vector<ExposedPort>> exposed_ports{};
    std::vector<std::string> dns_egress_names{};
    /// The volumes that a snapshot captures. The names of the options until the service echoes its own.
    std::vector<std::string> scratch_volume_names{};
    /// What our stop has captured.
    std::vector<std::string> file_system_snapshot_ids{};
    std::optional<GrantedResources> resource_requests{};
    std::optional<GrantedResources> resource_limits{};
    std::optional<GrantedGpu> resource_gpu{};

    friend bool operator==(echoes const&, echoes const&) = default;
  };
  [[nodiscard]] echoes const& echoed() const noexcept {
    static echoes const none{};
    return echoes_ ? *echoes_ : none;
  }
  CWSANDBOX_DECL void set_scratch_volume_names(std::vector<std::string> names);
  CWSANDBOX_DECL void set_file_system_snapshot_ids(std::vector<std::string> ids);

  /// The error of using it now, if exec, files and shells must not be tried (lifecycle, section 1.4); nothing when
  /// they may, perhaps after a start and a wait.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> refusal() const;

  /// How a wait ends for a terminal sandbox (lifecycle, section 4.6). Precondition: terminal.
  [[nodiscard]] CWSANDBOX_DECL std::optional<error> terminal_error(bool raise_on_termination) const;

  /// The error of a sandbox that is not running, with its id; `what` follows the id.
  [[nodiscard]] CWSANDBOX_DECL error not_running(std::string_view what) const;

 private:
  static std::optional<std::string> present(std::string const& text) {
    return text.empty() ? std::nullopt : std::optional{text};
  }
  void echo(wire::Sandbox const& sandbox);
  void keep(echoes changed);

  detail::phase phase_{detail::phase::not_started};
  SandboxStatus status_{SandboxStatus::unspecified};
  bool cancelled_{};
  bool stop_owned_{};
  std::optional<std::int32_t> exit_code_{};
  std::optional<time_point> updated_at_{};
  std::optional<time_point> started_at_{};
  std::string id_{};
  std::string state_reason_{};
  std::string runner_id_{};
  std::string runner_group_id_{};
  // most sandboxes have none of these, and thousands of handles should be small
  std::shared_ptr<echoes const> echoes_{};
};

}  // namespace cwsandbox::inline v1::detail

#if defined(CWSANDBOX_HEADER_ONLY)
#include <cwsandbox/impl/lifecycle.ipp>
#endif

#endif

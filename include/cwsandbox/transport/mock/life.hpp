// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TRANSPORT_MOCK_LIFE_HPP
#define CWSANDBOX_TRANSPORT_MOCK_LIFE_HPP

#include <cwsandbox/config.hpp>

#include <cwsandbox/outcome.hpp>
#include <cwsandbox/status_code.hpp>
#include <cwsandbox/transport/mock/calls.hpp>
#include <cwsandbox/transport/mock/matchers.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <trompeloeil.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1 {

class mock_transport;

namespace detail {

/// The peer's view of one sandbox. Thread-safe.
class mock_life {
 public:
  explicit mock_life(std::string id) : id_{std::move(id)} {}

  [[nodiscard]] std::string const& id() const noexcept { return id_; }

  /// Whether a create call may become this sandbox.
  [[nodiscard]] bool is_waiting() const {
    std::lock_guard lock{mutex_};
    return !exists_ && !given_up_;
  }

  [[nodiscard]] outcome<wire::Sandbox> create(wire::CreateSandboxRequest const& request) {
    std::lock_guard lock{mutex_};
    exists_ = true;
    create_request_.emplace(request);
    return describe(wire::State::creating);
  }

  [[nodiscard]] outcome<wire::Sandbox> create(
      wire::CreateSandboxFromTemplateRequest const& request) {
    std::lock_guard lock{mutex_};
    exists_ = true;
    template_request_.emplace(request);
    return describe(wire::State::creating);
  }

  [[nodiscard]] outcome<wire::Sandbox> get() {
    std::lock_guard lock{mutex_};
    if (!exists_) return not_found();
    ++polls_;
    if (forced_state_) return describe(*forced_state_);
    if (delete_request_) {
      bool const ending = polls_to_terminated_ > 0;
      if (ending) --polls_to_terminated_;
      return describe(ending ? wire::State::terminating : wire::State::terminated);
    }
    bool const starting = polls_to_running_ > 0;
    if (starting) --polls_to_running_;
    return describe(starting ? wire::State::creating : wire::State::running);
  }

  [[nodiscard]] outcome<wire::DeleteSandboxResponse> erase(
      wire::DeleteSandboxRequest const& request) {
    std::lock_guard lock{mutex_};
    wire::DeleteSandboxResponse response{};
    if (!exists_ || delete_request_) {
      if (!request.allow_missing) return not_found();
      return response;
    }
    delete_request_.emplace(request);
    bool const ended = forced_state_ == wire::State::completed ||
                       forced_state_ == wire::State::failed ||
                       forced_state_ == wire::State::terminated;
    if (!ended) forced_state_.reset();
    response.sandbox.emplace(describe(forced_state_.value_or(wire::State::terminating)));
    return response;
  }

  void set_existing() {
    std::lock_guard lock{mutex_};
    exists_ = true;
  }
  void set_polls_to_running(int count) {
    std::lock_guard lock{mutex_};
    polls_to_running_ = count;
  }
  void set_polls_to_terminated(int count) {
    std::lock_guard lock{mutex_};
    polls_to_terminated_ = count;
  }
  void set_state(wire::State state) {
    std::lock_guard lock{mutex_};
    forced_state_ = state;
  }
  void set_exit_code(std::int32_t code) {
    std::lock_guard lock{mutex_};
    exit_code_ = code;
  }

  /// The test has no more interest in the sandbox. True when nobody made it although the test expected that.
  [[nodiscard]] bool give_up() {
    std::lock_guard lock{mutex_};
    given_up_ = true;
    return !exists_;
  }

  [[nodiscard]] bool created() const {
    std::lock_guard lock{mutex_};
    return create_request_ || template_request_;
  }
  [[nodiscard]] bool deleted() const {
    std::lock_guard lock{mutex_};
    return delete_request_.has_value();
  }
  [[nodiscard]] std::size_t polls() const {
    std::lock_guard lock{mutex_};
    return polls_;
  }
  [[nodiscard]] wire::CreateSandboxRequest create_request() const {
    std::lock_guard lock{mutex_};
    return create_request_ ? *create_request_ : wire::CreateSandboxRequest{};
  }
  [[nodiscard]] wire::CreateSandboxFromTemplateRequest template_request() const {
    std::lock_guard lock{mutex_};
    return template_request_ ? *template_request_ : wire::CreateSandboxFromTemplateRequest{};
  }
  [[nodiscard]] wire::DeleteSandboxRequest delete_request() const {
    std::lock_guard lock{mutex_};
    return delete_request_ ? *delete_request_ : wire::DeleteSandboxRequest{};
  }
  [[nodiscard]] wire::SandboxSpec spec() const {
    std::lock_guard lock{mutex_};
    return requested_spec();
  }

 private:
  [[nodiscard]] wire::SandboxSpec requested_spec() const {
    if (create_request_ && create_request_->sandbox && create_request_->sandbox->spec)
      return *create_request_->sandbox->spec;
    wire::SandboxSpec spec{};
    if (template_request_ && template_request_->overrides)
      spec.tags = template_request_->overrides->tags;
    return spec;
  }

  [[nodiscard]] wire::Sandbox describe(wire::State state) const {
    wire::Sandbox sandbox{};
    sandbox.sandbox_id = id_;
    sandbox.spec.emplace(requested_spec());
    auto& status = sandbox.status.emplace();
    status.state = state;
    status.exit_code = exit_code_;
    if (template_request_) sandbox.source_template_id = template_request_->template_id;
    return sandbox;
  }

  [[nodiscard]] error not_found() const {
    auto const report = rpc_error(status_code::not_found, "there is no sandbox " + id_);
    return report.with([this](error_details& details) {
      details.reason = "CWSANDBOX_SANDBOX_NOT_FOUND";
      details.domain = "cwsandbox.com";
      details.sandbox_id = id_;
    });
  }

  mutable std::mutex mutex_;
  std::string const id_;
  std::optional<wire::CreateSandboxRequest> create_request_{};
  std::optional<wire::CreateSandboxFromTemplateRequest> template_request_{};
  std::optional<wire::DeleteSandboxRequest> delete_request_{};
  std::optional<wire::State> forced_state_{};
  std::optional<std::int32_t> exit_code_{};
  int polls_to_running_{};
  int polls_to_terminated_{};
  std::size_t polls_{};
  bool exists_{};
  bool given_up_{};
};

/// The lives of one mock in the order in which they were declared, which is the order in which creates use them up.
class mock_lives {
 public:
  void add(std::shared_ptr<mock_life> life) {
    std::lock_guard lock{mutex_};
    lives_.push_back(std::move(life));
  }
  [[nodiscard]] bool is_next(std::shared_ptr<mock_life> const& life) const {
    std::lock_guard lock{mutex_};
    auto const first = std::find_if(lives_.begin(), lives_.end(),
                                    [](auto const& one) { return one->is_waiting(); });
    return first != lives_.end() && *first == life;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<mock_life>> lives_;
};

/// The expectations that let the mock answer for one sandbox. They stay with the mock, so that a session which is
/// closed after the test's handle went still finds its sandbox.
[[nodiscard]] inline std::vector<std::unique_ptr<trompeloeil::expectation>> mock_life_expectations(
    mock_calls& calls, std::shared_ptr<mock_lives> const& lives,
    std::shared_ptr<mock_life> const& life) {
  using trompeloeil::_;
  std::vector<std::unique_ptr<trompeloeil::expectation>> all;
  all.push_back(TROMPELOEIL_NAMED_ALLOW_CALL(calls, create_sandbox(_, _))
                    .TROMPELOEIL_WITH(lives->is_next(life))
                    .TROMPELOEIL_RETURN(life->create(_1)));
  all.push_back(TROMPELOEIL_NAMED_ALLOW_CALL(calls, create_sandbox_from_template(_, _))
                    .TROMPELOEIL_WITH(lives->is_next(life))
                    .TROMPELOEIL_RETURN(life->create(_1)));
  all.push_back(TROMPELOEIL_NAMED_ALLOW_CALL(calls, get_sandbox(for_sandbox(life->id()), _))
                    .TROMPELOEIL_RETURN(life->get()));
  all.push_back(TROMPELOEIL_NAMED_ALLOW_CALL(calls, delete_sandbox(for_sandbox(life->id()), _))
                    .TROMPELOEIL_RETURN(life->erase(_1)));
  return all;
}

}  // namespace detail

/// The ordinary life of one sandbox, as `expect_sandbox` made it: what the mock shall answer, and what it was asked.
///
/// Movable; it may die before or after the mock and its sessions. What it expects is that the sandbox is created: when
/// it dies before that happened, trompeloeil's reporter is told, as for any expectation that was not met.
/// Thread-safe, but for moving and destroying.
class [[nodiscard]] sandbox_life {
 public:
  sandbox_life(sandbox_life&&) noexcept = default;
  sandbox_life& operator=(sandbox_life&&) = delete;
  ~sandbox_life() {
    // while an exception flies, that one is the news
    if (life_ == nullptr || !life_->give_up() || std::uncaught_exceptions() > 0) return;
    trompeloeil::send_report<trompeloeil::specialized>(
        trompeloeil::severity::nonfatal, trompeloeil::location{where_.file_name(), where_.line()},
        "Unfulfilled expectation:\nExpected the sandbox \"" + life_->id() +
            "\" to be created, which never happened\n");
  }

  /// \name How it goes
  /// @{

  /// The sandbox is seen creating by this many polls before it is seen running. Default 0.
  sandbox_life&& creating_polls(int count) && {
    life_->set_polls_to_running(count);
    return std::move(*this);
  }
  void creating_polls(int count) & { life_->set_polls_to_running(count); }
  /// After the delete the sandbox is seen terminating by this many polls before it is seen terminated. Default 0.
  sandbox_life&& terminating_polls(int count) && {
    life_->set_polls_to_terminated(count);
    return std::move(*this);
  }
  void terminating_polls(int count) & { life_->set_polls_to_terminated(count); }
  /// The sandbox is there from the beginning, to be looked at or adopted; no create is expected.
  sandbox_life&& existing() && {
    life_->set_existing();
    return std::move(*this);
  }
  void existing() & { life_->set_existing(); }

  /// From now on polls see this state. A delete ends that, unless it is the state of a sandbox that has ended.
  void set_state(wire::State state) { life_->set_state(state); }
  /// From now on polls see this exit code.
  void set_exit_code(std::int32_t code) { life_->set_exit_code(code); }
  /// @}

  /// \name How it went
  /// @{

  [[nodiscard]] std::string const& id() const noexcept { return life_->id(); }
  [[nodiscard]] bool created() const { return life_->created(); }
  /// A delete call was answered with success.
  [[nodiscard]] bool deleted() const { return life_->deleted(); }
  /// How many times the sandbox was asked for since it exists.
  [[nodiscard]] std::size_t polls() const { return life_->polls(); }
  /// The request that created it, or an empty one.
  [[nodiscard]] wire::CreateSandboxRequest create_request() const {
    return life_->create_request();
  }
  /// The request that created it from a template, or an empty one.
  [[nodiscard]] wire::CreateSandboxFromTemplateRequest template_request() const {
    return life_->template_request();
  }
  /// The spec in the request that created it, or an empty one. From a template, only the tags are known.
  [[nodiscard]] wire::SandboxSpec created_spec() const { return life_->spec(); }
  /// The request that deleted it, or an empty one.
  [[nodiscard]] wire::DeleteSandboxRequest delete_request() const {
    return life_->delete_request();
  }
  /// @}

 private:
  friend sandbox_life expect_sandbox(mock_transport const& mock, std::string id,
                                     std::source_location where);

  sandbox_life(std::shared_ptr<detail::mock_life> life, std::source_location where) noexcept
      : life_{std::move(life)}, where_{where} {}

  std::shared_ptr<detail::mock_life> life_;
  std::source_location where_;
};

}  // namespace cwsandbox::inline v1

#endif

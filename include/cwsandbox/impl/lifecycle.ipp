// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LIFECYCLE_IPP
#define CWSANDBOX_IMPL_LIFECYCLE_IPP

#include <cwsandbox/detail/lifecycle.hpp>

#include <utility>
#include <variant>

namespace cwsandbox::inline v1::detail {

CWSANDBOX_DECL SandboxStatus to_status(wire::State state) noexcept {
  switch (state) {
    case wire::State::unspecified:
      return SandboxStatus::unspecified;
    case wire::State::creating:
      return SandboxStatus::creating;
    case wire::State::running:
      return SandboxStatus::running;
    case wire::State::completed:
      return SandboxStatus::completed;
    case wire::State::failed:
      return SandboxStatus::failed;
    case wire::State::terminating:
      return SandboxStatus::terminating;
    case wire::State::terminated:
      return SandboxStatus::terminated;
    case wire::State::pending:
      return SandboxStatus::pending;
    case wire::State::paused:
      return SandboxStatus::paused;
  }
  return SandboxStatus::unspecified;
}

CWSANDBOX_DECL wire::State to_wire(SandboxStatus status) noexcept {
  for (auto number = 0; number <= static_cast<int>(wire::State::paused); ++number) {
    auto const state = static_cast<wire::State>(number);
    if (to_status(state) == status) return state;
  }
  return wire::State::unspecified;
}

CWSANDBOX_DECL detail::phase phase_of(wire::State state, observation how) noexcept {
  switch (state) {
    case wire::State::running:
    case wire::State::paused:
      return phase::running;
    case wire::State::completed:
    case wire::State::failed:
    case wire::State::terminated:
      return phase::terminal;
    case wire::State::terminating:
      return phase::stopping;
    case wire::State::unspecified:
      return how == observation::poll ? phase::terminal : phase::starting;
    case wire::State::creating:
    case wire::State::pending:
      break;
  }
  return phase::starting;
}

CWSANDBOX_DECL void lifecycle::created(wire::Sandbox const& sandbox, time_point now) {
  id_ = sandbox.sandbox_id;
  phase_ = phase::starting;
  status_ = SandboxStatus::pending;
  updated_at_ = now;
  echo(sandbox);
}

CWSANDBOX_DECL void lifecycle::observed(wire::Sandbox const& sandbox, observation how,
                                        time_point now) {
  if (is_done()) return;
  auto const state = sandbox.status ? sandbox.status->state : wire::State::unspecified;
  auto const next = phase_of(state, how);
  if (phase_ == phase::stopping && next != phase::terminal) return;

  if (id_.empty()) id_ = sandbox.sandbox_id;
  phase_ = next;
  status_ = to_status(state);
  if (how == observation::poll && state == wire::State::unspecified)
    status_ = SandboxStatus::completed;
  updated_at_ = now;
  if (sandbox.status) {
    auto const& s = *sandbox.status;
    state_reason_ = s.state_reason;
    if (phase_ != phase::starting) {
      runner_id_ = s.runner_id;
      runner_group_id_ = s.runner_group_id;
      if (s.start_time)
        started_at_ = std::chrono::time_point_cast<time_point::duration>(s.start_time->to_sys_time());
    }
    if (how == observation::poll && status_ == SandboxStatus::completed) exit_code_ = s.exit_code;
  }
  if (phase_ == phase::starting) {
    // a later answer may say that it does not run after all
    runner_id_.clear();
    runner_group_id_.clear();
    started_at_.reset();
  }
  echo(sandbox);
}

CWSANDBOX_DECL void lifecycle::stop_accepted(time_point now) {
  if (is_done()) return;
  phase_ = phase::stopping;
  status_ = SandboxStatus::terminating;
  stop_owned_ = true;
  updated_at_ = now;
}

CWSANDBOX_DECL void lifecycle::gone(bool stop_owned, time_point now) {
  if (is_done()) return;
  phase_ = phase::terminal;
  status_ = SandboxStatus::terminated;
  stop_owned_ = stop_owned;
  updated_at_ = now;
}

CWSANDBOX_DECL std::optional<SandboxStatus> lifecycle::status() const noexcept {
  if (phase_ == phase::not_started) return std::nullopt;
  return status_;
}

inline std::optional<GrantedResources> granted(std::optional<wire::Resources> const& r) {
  if (!r || (r->cpu.empty() && r->memory.empty())) return std::nullopt;
  return GrantedResources{.cpu = r->cpu, .memory = r->memory};
}

inline std::optional<GrantedGpu> granted_gpu(std::optional<wire::Resources> const& r) {
  if (!r || !r->gpu) return std::nullopt;
  GrantedGpu gpu{};
  gpu.count = r->gpu->count;
  if (auto const* type = std::get_if<std::string>(&r->gpu->selector)) gpu.type = *type;
  if (auto const* gb = std::get_if<std::int64_t>(&r->gpu->selector)) gpu.memory_gb = *gb;
  if (gpu == GrantedGpu{}) return std::nullopt;
  return gpu;
}

inline void lifecycle::keep(echoes changed) {
  if (changed == echoed()) return;
  echoes_ = std::make_shared<echoes const>(std::move(changed));
}

CWSANDBOX_DECL void lifecycle::set_scratch_volume_names(std::vector<std::string> names) {
  auto changed = echoed();
  changed.scratch_volume_names = std::move(names);
  keep(std::move(changed));
}

CWSANDBOX_DECL void lifecycle::set_file_system_snapshot_ids(std::vector<std::string> ids) {
  auto changed = echoed();
  changed.file_system_snapshot_ids = std::move(ids);
  keep(std::move(changed));
}

inline void lifecycle::echo(wire::Sandbox const& sandbox) {
  auto now = echoed();
  if (sandbox.spec) {
    now.scratch_volume_names.clear();
    for (auto const& volume : sandbox.spec->volumes)
      if (!std::holds_alternative<std::string>(volume.source))
        now.scratch_volume_names.push_back(volume.name);
  }
  if (sandbox.status) {
    auto const& s = *sandbox.status;
    now.service_urls.clear();
    for (auto const& service : s.services) {
      auto const& url =
          !service.url.empty() || !service.endpoint ? service.url : service.endpoint->url;
      if (!url.empty()) now.service_urls.push_back({service.port, service.name, url});
    }
    if (!s.services.empty()) {
      auto& ports = now.exposed_ports.emplace();
      for (auto const& service : s.services)
        if (service.visibility != wire::Visibility::unspecified)
          ports.push_back({service.port, service.name});
    }

    now.dns_egress_names.clear();
    for (auto const& rule : s.effective_egress)
      if (auto const* name = std::get_if<std::string>(&rule.destination); name && !name->empty())
        now.dns_egress_names.push_back(*name);

    if (s.effective_resource_requirements) {
      auto const& r = *s.effective_resource_requirements;
      now.resource_requests = granted(r.requests);
      now.resource_limits = granted(r.limits);
      now.resource_gpu = granted_gpu(r.limits);
      if (!now.resource_gpu) now.resource_gpu = granted_gpu(r.requests);
    } else {
      now.resource_requests = now.resource_limits = granted(s.effective_resources);
      now.resource_gpu = granted_gpu(s.effective_resources);
    }
  }
  keep(std::move(now));
}

CWSANDBOX_DECL error lifecycle::not_running(std::string_view what) const {
  std::string message{"Sandbox "};
  if (!id_.empty()) message.append(id_).append(" ");
  message.append(what);
  if (!state_reason_.empty()) message.append(" (").append(state_reason_).append(")");
  return make_error(error_kind::not_running, std::move(message)).with([&](error_details& d) {
    d.sandbox_id = id_;
    d.code = status_code::failed_precondition;
  });
}

CWSANDBOX_DECL std::optional<error> lifecycle::refusal() const {
  if (cancelled_) return not_running("was cancelled before starting");
  if (phase_ == phase::stopping || phase_ == phase::terminal)
    return not_running("has been stopped");
  return std::nullopt;
}

CWSANDBOX_DECL std::optional<error> lifecycle::terminal_error(bool raise_on_termination) const {
  auto const with_id = [&](error_kind kind, std::string_view what) {
    std::string message{"Sandbox "};
    message.append(id_).append(what);
    if (!state_reason_.empty()) message.append(": ").append(state_reason_);
    return make_error(kind, std::move(message)).with([&](error_details& d) { d.sandbox_id = id_; });
  };
  if (status_ == SandboxStatus::failed) return with_id(error_kind::failed, " failed to start");
  bool const terminated = status_ == SandboxStatus::terminated ||
                          (status_ == SandboxStatus::completed && stop_owned_);
  if (terminated && raise_on_termination)
    return with_id(error_kind::terminated, " was terminated");
  return std::nullopt;
}

}  // namespace cwsandbox::inline v1::detail

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_IMPL_LOCAL_ENGINE_IPP
#define CWSANDBOX_IMPL_LOCAL_ENGINE_IPP

#include <cwsandbox/transport/local/engine.hpp>

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/local/errors.hpp>
#include <cwsandbox/transport/local/records.hpp>
#include <cwsandbox/transport/local/remove_tree.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace cwsandbox::inline v1::detail::local {

namespace engines {

inline constexpr std::size_t clean_budget = 256;

/// Runs a sandbox until it has ended and its files are gone. Holds no engine: an engine that dies meanwhile does both
/// itself.
inline asio::awaitable<void> supervise(asio::any_io_executor io, std::shared_ptr<sandbox> box) {
  auto events = descriptor_of(io, box->events());
  while (box->step()) {
    asio::error_code ec;
    co_await events.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return;
  }
  events.close();
  if (auto const at_end = box->take_at_end()) at_end();
  auto const changed = box->watch();
  while (box->files_held()) {
    co_await wait_for(io, changed, std::nullopt);
    changed->lower();
  }
  while (!box->clean(clean_budget)) co_await asio::post(io, asio::use_awaitable);
  box->close_events();
}

inline asio::awaitable<void> remove_leftovers(asio::any_io_executor io,
                                              std::vector<state_directory::leftover> found) {
  for (auto const& leftover : found) {
    tree_remover remover{leftover.path};
    while (!remover.step(clean_budget)) co_await asio::post(io, asio::use_awaitable);
  }
}

inline bool absolute(std::string_view path) {
  return !path.empty() && path.front() == '/' && path.find('\0') == std::string_view::npos;
}

inline std::string at(std::string const& field, std::size_t index) {
  return field + "[" + std::to_string(index) + "]";
}

inline outcome<void> check_files(wire::Container const& container) {
  std::string const field = "sandbox.spec.containers[0]";
  for (std::size_t i = 0; i < container.files.size(); ++i) {
    auto const& path = container.files[i].path;
    if (!absolute(path) || path.back() == '/' || !leads_down(path)) {
      return violation_error(at(field + ".files", i) + ".path",
                             "'" + path + "' is no absolute path of a file");
    }
  }
  if (!container.working_dir.empty() &&
      (!absolute(container.working_dir) || !leads_down(container.working_dir))) {
    return violation_error(field + ".working_dir",
                           "'" + container.working_dir + "' is no absolute path of a directory");
  }
  return {};
}

inline outcome<void> check_resources(wire::Container const& container) {
  std::string const field = "sandbox.spec.containers[0].";
  auto const check = [&](std::string const& name, wire::Resources const& r) -> outcome<void> {
    for (auto const& [text, part] : {std::pair{&r.cpu, ".cpu"}, std::pair{&r.memory, ".memory"}}) {
      if (!text->empty() && !quantity_value(*text, 1)) {
        return violation_error(field + name + part, "'" + *text + "' is no quantity");
      }
    }
    if (r.gpu && r.gpu->count > 0) {
      return reasoned_error(status_code::failed_precondition, reasons::no_suitable_runner,
                            "the local engine has no GPUs to give");
    }
    return {};
  };
  if (container.resources) {
    if (auto good = check("resources", *container.resources); !good) return good;
  }
  if (auto const& requirements = container.resource_requirements) {
    for (auto const* part : {&requirements->requests, &requirements->limits}) {
      if (!*part) continue;
      if (auto good = check("resource_requirements", **part); !good) return good;
    }
  }
  return {};
}

inline outcome<void> check_network(wire::SandboxSpec const& spec, local_network network) {
  if (spec.network) {
    bool const denied = spec.network->deny_egress.value_or(false);
    if (denied && network == local_network::host) {
      return violation_error("sandbox.spec.network.deny_egress",
                             "an engine with local_network::host cannot deny it");
    }
    for (std::size_t i = 0; i < spec.network->egress.size(); ++i) {
      auto const& destination = spec.network->egress[i].destination;
      if (std::holds_alternative<std::monostate>(destination) ||
          std::holds_alternative<bool>(destination))
        continue;
      bool const by_name = std::holds_alternative<std::string>(destination);
      return violation_error(at("sandbox.spec.network.egress", i) + (by_name ? ".dns_name" : ""),
                             by_name
                                 ? "dns_name: the local engine cannot grant egress by host name"
                                 : "the local engine cannot grant egress to parts of the network");
    }
  }
  bool is_public = false;
  bool is_private = false;
  for (std::size_t i = 0; i < spec.services.size(); ++i) {
    auto const& service = spec.services[i];
    if (service.port < 1 || service.port > 65535) {
      return violation_error(at("sandbox.spec.services", i) + ".port",
                             std::to_string(service.port) + " is not in 1..65535");
    }
    if (service.endpoint) {
      return not_implemented_error("the local engine publishes no endpoints (service '" +
                                   service.name + "')");
    }
    is_public |= service.visibility == wire::Visibility::public_;
    is_private |= service.visibility == wire::Visibility::private_;
  }
  if (is_public && is_private)
    return not_implemented_error("public and private services cannot be mixed");
  return {};
}

inline outcome<void> check_container(wire::Container const& container) {
  std::string const field = "sandbox.spec.containers[0]";
  for (std::size_t i = 0; i < container.secret_stores.size(); ++i) {
    auto const& store = container.secret_stores[i];
    auto const& secret = store.secrets.empty() ? std::string{} : store.secrets.front().path;
    return violation_error(
        at(field + ".secret_stores", i),
        "secret '" + secret + "' of store '" + store.store_name + "' is not known here");
  }
  if (container.image_pull_credentials) {
    return violation_error(field + ".image_pull_credentials", "the local engine pulls no images");
  }
  for (auto const& [name, value] : container.environment_variables) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos || value.find('\0') != std::string::npos) {
      return violation_error(field + ".environment_variables",
                             "'" + name + "' cannot be a variable");
    }
  }
  bool null = container.command.find('\0') != std::string::npos;
  for (auto const& word : container.args) null = null || word.find('\0') != std::string::npos;
  if (null) return violation_error(field + ".args", "a word holds a null byte");
  if (auto const& security = container.security_context) {
    if (security->privileged.value_or(false) || security->run_as_user.value_or(0) != 0 ||
        security->run_as_group.value_or(0) != 0 || !security->capabilities_add.empty() ||
        security->allow_privilege_escalation.value_or(false)) {
      return not_implemented_error(
          "local sandboxes run without privileges, as the one user they have");
    }
  }
  return {};
}

inline bool has_all(std::vector<std::string> const& tags, std::vector<std::string> const& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](std::string const& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

}  // namespace engines

CWSANDBOX_DECL engine::engine(local_options options, asio::any_io_executor executor)
    : options_{std::make_shared<local_options const>(std::move(options))},
      executor_{std::move(executor)},
      runner_{options_->runner_id} {}

CWSANDBOX_DECL engine::~engine() {
  std::lock_guard const lock{mutex_};
  if (snapshots_) snapshots_->close();
  for (auto const& [sequence, box] : sandboxes_) box->stop(std::chrono::seconds{0});
  for (auto const& [sequence, box] : sandboxes_) box->destroy();
  if (!state_) return;
  tree_remover remover{state_->path()};
  while (!remover.step(engines::clean_budget)) {
  }
}

CWSANDBOX_DECL void engine::log_once(std::string_view text) {
  if (!options_->log) return;
  {
    std::lock_guard const lock{log_mutex_};
    if (!logged_.emplace(text).second) return;
  }
  options_->log(text);
}

CWSANDBOX_DECL outcome<void> engine::open() {
  if (state_) return {};
  auto made = state_directory::make(options_->state_directory);
  if (!made) return made.error();
  if (!make_shared_etc(made->path() + "/etc", options_->network)) {
    return rpc_error(status_code::failed_precondition, "cannot write to " + made->path());
  }
  auto leftovers = made->take_leftovers();
  state_ = std::move(*made);
  if (!leftovers.empty()) {
    asio::co_spawn(executor_, engines::remove_leftovers(executor_, std::move(leftovers)),
                   asio::detached);
  }
  return {};
}

CWSANDBOX_DECL std::shared_ptr<guard> engine::keeper() {
  if (options_->isolation != local_isolation::namespaces) return nullptr;
  std::shared_ptr<guard> result;
  {
    std::lock_guard const lock{guard_mutex_};
    if (!unguarded_ && (!guard_ || !guard_->usable())) {
      guard_ = guard::make();
      unguarded_ = guard_ == nullptr;
    }
    result = guard_;
  }
  if (!result) {
    log_once(
        "this machine gives no PID namespace to keep sandboxes in: one that starts at the moment "
        "when this process is killed may stay until the next engine of the state directory");
  }
  return result;
}

CWSANDBOX_DECL outcome<void> engine::check(wire::SandboxSpec const& spec) const {
  if (spec.containers.empty())
    return violation_error("sandbox.spec.containers", "one container is needed");
  if (spec.containers.size() > 1 || !spec.init_containers.empty()) {
    return not_implemented_error("a local sandbox has one container");
  }
  auto const& container = spec.containers.front();
  if (!spec.primary_container.empty() && spec.primary_container != container.name) {
    return violation_error("sandbox.spec.primary_container",
                           "there is no container '" + spec.primary_container + "'");
  }
  if (!spec.runner_ids.empty() && std::find(spec.runner_ids.begin(), spec.runner_ids.end(),
                                            options_->runner_id) == spec.runner_ids.end()) {
    return reasoned_error(status_code::failed_precondition, reasons::no_suitable_runner,
                          "the only runner here is '" + options_->runner_id + "'");
  }
  if (spec.object_storage_access)
    return not_implemented_error("the local engine gives no access to object storage");
  if (!spec.network_ids.empty())
    return not_implemented_error("the local engine has no sandbox networks");
  if (!spec.instance_type.empty() || !spec.runtime_class.empty()) {
    return reasoned_error(status_code::failed_precondition, reasons::no_suitable_runner,
                          "the local engine offers no instance types and no runtime classes");
  }
  if (spec.max_lifetime_seconds < 0) {
    return violation_error("sandbox.spec.max_lifetime_seconds", "must not be negative");
  }
  if (auto good = engines::check_container(container); !good) return good;
  if (auto good = engines::check_files(container); !good) return good;
  if (auto good = check_volumes(spec, *options_); !good) return good;
  if (auto good = engines::check_resources(container); !good) return good;
  return engines::check_network(spec, options_->network);
}

CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> engine::create(wire::CreateSandboxRequest request,
                                                                sandbox_origin origin) {
  if (!request.sandbox || !request.sandbox->spec) return violation_error("sandbox.spec", "missing");
  if (auto good = check(*request.sandbox->spec); !good) return good.error();
  std::shared_ptr<sandbox> box;
  std::string directory;
  std::vector<restore_source> restores;
  {
    std::lock_guard const lock{mutex_};
    if (!request.request_id.empty()) {
      if (auto const known = by_request_.find(request.request_id); known != by_request_.end()) {
        return sandboxes_.at(known->second);
      }
    }
    if (auto opened = open(); !opened) return opened.error();
    directory = state_->path();
    auto sources = restore_sources(*request.sandbox->spec);
    if (!sources) return sources.error();
    restores = std::move(*sources);
    forget_oldest();
    auto const sequence = next_sequence_++;
    box = std::make_shared<sandbox>("sb-" + random_uuid(), sequence,
                                    std::move(*request.sandbox->spec), options_, std::move(origin));
    sandboxes_.emplace(sequence, box);
    by_id_.emplace(box->id(), sequence);
    if (!request.request_id.empty()) by_request_.emplace(request.request_id, sequence);
  }
  auto started = box->start(directory, keeper(), std::move(restores),
                            [this](std::string_view text) { log_once(text); });
  if (!started) {
    forget(box->id());
    return started.error();
  }
  asio::co_spawn(executor_, engines::supervise(executor_, box), asio::detached);
  return box;
}

CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> engine::find(std::string const& id) const {
  std::lock_guard const lock{mutex_};
  if (auto const known = by_id_.find(id); known != by_id_.end())
    return sandboxes_.at(known->second);
  return reasoned_error(status_code::not_found, reasons::sandbox_not_found,
                        "sandbox '" + id + "' not found")
      .with([&](error_details& d) {
        d.sandbox_id = id;
        d.metadata.emplace_back("sandbox_id", id);
      });
}

CWSANDBOX_DECL outcome<std::shared_ptr<sandbox>> engine::find(std::string const& id,
                                                              std::string const& container) const {
  auto found = find(id);
  if (found && !container.empty() && container != (*found)->spec().containers.front().name) {
    return violation_error("container", "sandbox " + id + " has no container '" + container + "'");
  }
  return found;
}

CWSANDBOX_DECL outcome<wire::ListSandboxesResponse> engine::list(
    wire::ListSandboxesRequest const& request) const {
  auto const wanted_page = parse_page(request.page_token, request.page_size);
  if (!wanted_page) return wanted_page.error();
  bool const here =
      request.runner_ids.empty() || std::find(request.runner_ids.begin(), request.runner_ids.end(),
                                              options_->runner_id) != request.runner_ids.end();
  wire::ListSandboxesResponse response;
  if (!here || !request.volume_ids.empty()) return response;
  std::lock_guard const lock{mutex_};
  response.next_page_token = fill_page(
      sandboxes_, *wanted_page,
      [&](std::shared_ptr<sandbox> const& box) {
        auto const state = box->state();
        bool const wanted = request.state != wire::State::unspecified
                                ? state == request.state
                                : request.show_terminated || !is_terminal(state);
        return wanted && engines::has_all(box->spec().tags, request.tags);
      },
      [&](std::shared_ptr<sandbox> const& box) { response.sandboxes.push_back(box->snapshot()); });
  return response;
}

CWSANDBOX_DECL outcome<wire::PurgeSandboxesResponse> engine::purge(
    wire::PurgeSandboxesRequest const& request) {
  if (request.tags.empty() && !request.purge_all)
    return violation_error("tags", "empty, and purge_all is not set");
  wire::PurgeSandboxesResponse response;
  std::lock_guard const lock{mutex_};
  for (auto const& [sequence, box] : sandboxes_) {
    if (is_terminal(box->state()) || !engines::has_all(box->spec().tags, request.tags)) continue;
    ++response.purge_count;
    if (!request.dry_run) box->stop(std::chrono::seconds{0});
  }
  return response;
}

CWSANDBOX_DECL void engine::forget(std::string const& id) {
  std::shared_ptr<sandbox> box;
  std::lock_guard const lock{mutex_};
  auto const known = by_id_.find(id);
  if (known == by_id_.end()) return;
  auto const sequence = known->second;
  by_id_.erase(known);
  std::erase_if(by_request_, [&](auto const& r) { return r.second == sequence; });
  auto const at = sandboxes_.find(sequence);
  box = std::move(at->second);
  sandboxes_.erase(at);
}

CWSANDBOX_DECL void engine::forget_oldest() {
  // Looked at seldom, because it looks at all of them.
  if (sandboxes_.size() <= options_->remembered_sandboxes || sandboxes_.size() % 64 != 0) return;
  std::vector<std::uint64_t> ended;
  for (auto const& [sequence, box] : sandboxes_) {
    if (is_terminal(box->state())) ended.push_back(sequence);
  }
  if (ended.size() <= options_->remembered_sandboxes) return;
  ended.resize(ended.size() - options_->remembered_sandboxes);
  for (auto const sequence : ended) {
    by_id_.erase(sandboxes_.at(sequence)->id());
    sandboxes_.erase(sequence);
  }
  std::erase_if(by_request_, [&](auto const& r) { return !sandboxes_.contains(r.second); });
}

}  // namespace cwsandbox::inline v1::detail::local

#endif

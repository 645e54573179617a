// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_FAKE_SERVICE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_FAKE_SERVICE_HPP

/// \file
/// A sandbox service in memory behind a `mock_transport`: what a service promises, without a machine.

#include <cwsandbox/reasons.hpp>
#include <cwsandbox/transport/mock.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "conformance/toy_shell.hpp"

namespace conformance {

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;

/// The expectations call it with trompeloeil's lock held, which makes it thread-safe.
class fake_service {
 public:
  [[nodiscard]] cw::outcome<wire::Sandbox> create(wire::CreateSandboxRequest const& request) {
    if (!request.request_id.empty())
      if (auto const known = requests_.find(request.request_id); known != requests_.end())
        return view(records_.at(known->second));
    auto const& spec = request.sandbox.value().spec.value();
    if (auto refused = refusal(spec)) return *std::move(refused);
    record made{};
    made.sandbox.sandbox_id = "fake-" + std::to_string(records_.size() + 1);
    made.sandbox.spec = spec;
    auto const& container = spec.containers.front();
    for (auto const& file : container.files) made.files[file.path] = file.content;
    for (auto const& [name, value] : container.environment_variables)
      made.environment[name] = value;
    auto& status = made.sandbox.status.emplace();
    status.state = wire::State::creating;
    status.create_time = now();
    status.runner_id = spec.runner_ids.empty() ? "fake-runner" : spec.runner_ids.front();
    status.effective_resource_requirements = container.resource_requirements;
    std::vector<std::string> words{container.command};
    words.insert(words.end(), container.args.begin(), container.args.end());
    made.main = toy_shell{made.environment, made.files}.run(words);
    if (!request.request_id.empty()) requests_[request.request_id] = records_.size();
    records_.push_back(std::move(made));
    return view(records_.back());
  }

  [[nodiscard]] cw::outcome<wire::Sandbox> get(wire::GetSandboxRequest const& request) {
    auto* const found = find(request.sandbox_id);
    if (found == nullptr) return not_found(request.sandbox_id);
    advance(*found);
    return view(*found);
  }

  [[nodiscard]] cw::outcome<wire::ListSandboxesResponse> list(
      wire::ListSandboxesRequest const& request) {
    wire::ListSandboxesResponse response{};
    auto const limit = static_cast<std::size_t>(request.page_size > 0 ? request.page_size : 100);
    // the token is a position in the order of creation, so that no change between two pages matters
    std::size_t at = request.page_token.empty() ? 0 : std::stoul(request.page_token);
    for (; at < records_.size(); ++at) {
      advance(records_[at]);
      if (!matches(records_[at], request)) continue;
      if (response.sandboxes.size() == limit) {
        response.next_page_token = std::to_string(at);
        break;
      }
      response.sandboxes.push_back(view(records_[at]));
    }
    return response;
  }

  [[nodiscard]] cw::outcome<wire::DeleteSandboxResponse> erase(
      wire::DeleteSandboxRequest const& request) {
    wire::DeleteSandboxResponse response{};
    if (!request.snapshot_volumes.empty()) return no_snapshots();
    auto* const found = find(request.sandbox_id);
    if (found == nullptr) {
      if (!request.allow_missing) return not_found(request.sandbox_id);
      return response;
    }
    if (!is_terminal(*found)) status_of(*found).state = wire::State::terminating;
    response.sandbox = view(*found);
    return response;
  }

  [[nodiscard]] cw::outcome<wire::PurgeSandboxesResponse> purge(
      wire::PurgeSandboxesRequest const& request) {
    wire::PurgeSandboxesResponse response{};
    if (request.tags.empty() && !request.purge_all)
      return cw::rpc_error(cw::status_code::invalid_argument, "neither tags nor purge_all");
    for (auto& one : records_) {
      if (is_terminal(one) || !has_tags(one, request.tags)) continue;
      ++response.purge_count;
      if (!request.dry_run) status_of(one).state = wire::State::terminated;
    }
    return response;
  }

  [[nodiscard]] cw::outcome<wire::ExecResponse> exec(wire::ExecRequest const& request) {
    auto const done = run(request.sandbox_id, request.command, request.env);
    if (!done) return done.error();
    wire::ExecResponse response{};
    for (auto const& [to_err, text] : done->writes)
      (to_err ? response.stderr_ : response.stdout_) += text;
    response.stdout_bytes_produced = static_cast<std::int64_t>(response.stdout_.size());
    response.stderr_bytes_produced = static_cast<std::int64_t>(response.stderr_.size());
    response.exit_code = done->exit_code;
    return response;
  }

  [[nodiscard]] cw::outcome<cw::exec_script> stream(wire::ExecStreamInit const& init) {
    auto const done = run(init.sandbox_id, init.command, init.env);
    if (!done) return done.error();
    cw::exec_script script{};
    for (auto const& [to_err, text] : done->writes)
      script = to_err ? std::move(script).err(text) : std::move(script).out(text);
    if (done->end == toy_run::ending::never_ends) return std::move(script).hang();
    if (done->end == toy_run::ending::echoes_input) script = std::move(script).echo_input();
    return std::move(script).exit(done->exit_code);
  }

  [[nodiscard]] cw::outcome<wire::ReadFileResponse> read(wire::ReadFileRequest const& request) {
    auto* const found = find(request.sandbox_id);
    if (found == nullptr) return not_found(request.sandbox_id);
    if (!is_running(*found)) return not_running(*found);
    if (toy_shell::is_directory(request.path))
      return file_error(cw::reasons::file_is_directory, request.path);
    auto const file = found->files.find(request.path);
    if (file == found->files.end()) return file_error(cw::reasons::file_not_found, request.path);
    wire::ReadFileResponse response{};
    response.content = file->second;
    return response;
  }

  [[nodiscard]] cw::outcome<wire::WriteFileResponse> write(wire::WriteFileRequest const& request) {
    auto* const found = find(request.sandbox_id);
    if (found == nullptr) return not_found(request.sandbox_id);
    if (!is_running(*found)) return not_running(*found);
    if (request.content.size() > max_file_bytes) {
      auto const size = std::to_string(request.content.size());
      return file_error(cw::reasons::file_too_large, request.path)
          .with([&](cw::error_details& d) {
            d.metadata.emplace_back("size_bytes", size);
            d.metadata.emplace_back("max_size_bytes", std::to_string(max_file_bytes));
          });
    }
    auto const parent = request.path.substr(0, std::max<std::size_t>(request.path.rfind('/'), 1));
    if (!toy_shell::is_directory(parent) || toy_shell::is_directory(request.path))
      return file_error(cw::reasons::file_not_found, request.path);
    found->files[request.path] = request.content;
    return wire::WriteFileResponse{};
  }

  [[nodiscard]] cw::outcome<cw::log_script> logs(wire::StreamLogsRequest const& request) {
    auto* const found = find(request.sandbox_id);
    if (found == nullptr) return not_found(request.sandbox_id);
    if (!request.resume_log_session_id.empty())
      return cw::log_script{}.error("SESSION_NOT_FOUND", "no such log session");
    std::vector<std::string> lines;
    auto const text = found->main.all();
    for (std::size_t at = 0; at < text.size();) {
      auto const end = std::min(text.find('\n', at), text.size() - 1) + 1;
      lines.push_back(text.substr(at, end - at));
      at = end;
    }
    auto const tail = static_cast<std::size_t>(std::max(request.tail_lines, 0));
    if (tail != 0 && tail < lines.size())
      lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(tail));
    auto script = cw::log_script{}.session("log-" + std::to_string(++log_sessions_));
    for (auto const& line : lines)
      script = std::move(script).data((request.timestamps ? "2026-01-01T00:00:00Z " : "") + line);
    if (request.follow && is_running(*found)) return std::move(script).hang();
    return script;
  }

  static constexpr std::size_t max_file_bytes = 33554432;

 private:
  struct record {
    wire::Sandbox sandbox{};
    toy_map environment{};
    toy_map files{};
    toy_run main{};
  };

  static wire::Timestamp now() {
    return wire::Timestamp::from(std::chrono::time_point_cast<std::chrono::nanoseconds>(
        std::chrono::system_clock::now()));
  }
  static wire::SandboxStatus& status_of(record& one) { return *one.sandbox.status; }
  static wire::State state_of(record const& one) { return one.sandbox.status->state; }
  static bool is_running(record const& one) { return state_of(one) == wire::State::running; }
  static bool is_terminal(record const& one) {
    auto const state = state_of(one);
    return state == wire::State::completed || state == wire::State::failed ||
           state == wire::State::terminated;
  }
  static wire::Sandbox view(record const& one) { return one.sandbox; }

  record* find(std::string const& id) {
    auto const found = std::find_if(records_.begin(), records_.end(), [&](record const& one) {
      return one.sandbox.sandbox_id == id;
    });
    return found == records_.end() ? nullptr : &*found;
  }

  // What happens when time passes: whoever looks at a sandbox finds it one step further.
  static void advance(record& one) {
    auto& status = status_of(one);
    if (status.state == wire::State::terminating) {
      status.state = wire::State::terminated;
    } else if (status.state == wire::State::creating) {
      status.start_time = now();
      status.state = wire::State::running;
      if (one.main.end == toy_run::ending::never_ends) return;
      bool const missing = one.main.exit_code == 127;
      status.state = missing ? wire::State::failed : wire::State::completed;
      if (missing)
        status.state_reason = "the command was not found";
      else
        status.exit_code = one.main.exit_code;
    }
  }

  static bool has_tags(record const& one, std::vector<std::string> const& tags) {
    auto const& own = one.sandbox.spec->tags;
    return std::all_of(tags.begin(), tags.end(), [&](std::string const& tag) {
      return std::find(own.begin(), own.end(), tag) != own.end();
    });
  }
  static bool matches(record const& one, wire::ListSandboxesRequest const& request) {
    if (!has_tags(one, request.tags)) return false;
    auto const& runners = request.runner_ids;
    if (!runners.empty() && std::find(runners.begin(), runners.end(),
                                      one.sandbox.status->runner_id) == runners.end())
      return false;
    if (request.state != wire::State::unspecified) return state_of(one) == request.state;
    return request.show_terminated || !is_terminal(one);
  }

  [[nodiscard]] cw::outcome<toy_run> run(std::string const& id,
                                         std::vector<std::string> const& command,
                                         wire::string_map const& environment) {
    auto* const found = find(id);
    if (found == nullptr) return not_found(id);
    if (command.empty())
      return cw::rpc_error(cw::status_code::invalid_argument, "the command is empty");
    if (!is_running(*found)) return not_running(*found);
    auto variables = found->environment;
    for (auto const& [name, value] : environment) variables[name] = value;
    return toy_shell{std::move(variables), found->files}.run(command);
  }

  [[nodiscard]] static std::optional<cw::error> refusal(wire::SandboxSpec const& spec) {
    auto const has = [&](wire::Visibility visibility) {
      return std::any_of(spec.services.begin(), spec.services.end(),
                         [&](auto const& s) { return s.visibility == visibility; });
    };
    if (has(wire::Visibility::public_) && has(wire::Visibility::private_))
      return reasoned(cw::status_code::unimplemented, cw::reasons::not_implemented,
                      "public and private services together");
    for (auto const& volume : spec.volumes) {
      auto const* const scratch = std::get_if<wire::ScratchVolume>(&volume.source);
      if (scratch != nullptr && !scratch->restore_from_snapshot_id.empty()) return no_snapshots();
    }
    if (spec.network)
      for (auto const& rule : spec.network->egress)
        if (std::holds_alternative<std::string>(rule.destination))
          return violation("sandbox.spec.network.egress[0].dns_name");
    for (auto const& store : spec.containers.front().secret_stores)
      if (!store.secrets.empty()) return violation("sandbox.spec.containers[0].secret_stores");
    return std::nullopt;
  }

  static cw::error reasoned(cw::status_code code, std::string_view reason, std::string message) {
    return cw::rpc_error(code, std::move(message)).with([&](cw::error_details& d) {
      d.reason = reason;
      d.domain = cw::reasons::domain;
    });
  }
  static cw::error violation(std::string field) {
    return cw::rpc_error(cw::status_code::invalid_argument, "the request is not valid")
        .with([&](cw::error_details& d) {
          cw::FieldViolation refused{};
          refused.field = std::move(field);
          refused.description = "not supported";
          d.field_violations.push_back(std::move(refused));
        });
  }
  static cw::error no_snapshots() {
    return reasoned(cw::status_code::unimplemented, cw::reasons::fss_not_supported,
                    "there are no snapshots");
  }
  static cw::error not_found(std::string const& id) {
    return reasoned(cw::status_code::not_found, cw::reasons::sandbox_not_found,
                    "there is no sandbox " + id);
  }
  static cw::error not_running(record const& one) {
    return cw::rpc_error(cw::status_code::failed_precondition,
                         one.sandbox.sandbox_id + " is not running");
  }
  static cw::error file_error(std::string_view reason, std::string const& path) {
    return reasoned(cw::status_code::failed_precondition, reason, path)
        .with([&](cw::error_details& d) { d.metadata.emplace_back("filepath", path); });
  }

  std::vector<record> records_;
  std::map<std::string, std::size_t> requests_;
  int log_sessions_{};
};

}  // namespace conformance

#endif

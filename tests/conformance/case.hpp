// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_CONFORMANCE_CASE_HPP
#define CWSANDBOX_TESTS_CONFORMANCE_CASE_HPP

/// \file
/// The frame around each case: what it needs, the sandboxes that it makes, and what must be gone when it ends.

#include <cwsandbox/session.hpp>
#include <cwsandbox/transport.hpp>
#include <cwsandbox/wait.hpp>
#include <cwsandbox/wire/messages.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_future.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace conformance {

namespace cw = cwsandbox;
namespace wire = cwsandbox::wire;
using namespace std::chrono_literals;

/// What a transport, or the service behind it, may lack. A case names what it needs.
enum class feature : unsigned {
  none = 0,
  /// `stream_exec`: live output, input, cancellation.
  exec_stream = 1U << 0,
  /// `stream_logs`.
  log_stream = 1U << 1,
  /// Commands are run by an operating system: any program, signals, real time.
  processes = 1U << 2,
  /// Each sandbox has a machine of its own: processes, network, files.
  isolation = 1U << 3,
  /// Terminals on exec streams.
  terminal = 1U << 4,
  /// The service refuses egress by host name, or snapshots, as the contract says for one without them.
  no_host_name_egress = 1U << 5,
  no_snapshots = 1U << 6,
};
constexpr feature operator|(feature a, feature b) {
  return static_cast<feature>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr feature operator-(feature a, feature b) {
  return static_cast<feature>(static_cast<unsigned>(a) & ~static_cast<unsigned>(b));
}

/// The first thing that is missing, in words.
constexpr char const* name_of(feature missing) {
  struct entry {
    feature what;
    char const* name;
  };
  constexpr entry entries[] = {
      {feature::exec_stream, "it has no exec streams"},
      {feature::log_stream, "it has no log streams"},
      {feature::processes, "its commands are not run by an operating system"},
      {feature::isolation, "its sandboxes are not isolated"},
      {feature::terminal, "it has no terminals"},
      {feature::no_host_name_egress, "it grants egress by host name"},
      {feature::no_snapshots, "it makes snapshots"},
  };
  for (auto const& e : entries)
    if ((e.what - missing) == feature::none) return e.name;
  return "";
}

template <class Fixture>
inline constexpr feature missing(feature needed) {
  return needed - Fixture::provides;
}

/// How many cases ran on which fixture; printed when the program ends, so that what did not apply is seen.
class tally {
 public:
  static tally& get() {
    static tally instance;
    return instance;
  }
  void ran(char const* fixture) { ++entries_[fixture].ran; }
  void not_applicable(char const* fixture, char const* reason) {
    ++entries_[fixture].not_applicable[reason];
  }
  ~tally() {
    for (auto const& [fixture, count] : entries_) {
      std::size_t skipped = 0;
      std::string reasons;
      for (auto const& [reason, times] : count.not_applicable) {
        skipped += times;
        reasons += (reasons.empty() ? " (" : "; ") + std::to_string(times) + ": " + reason;
      }
      if (!reasons.empty()) reasons += ')';
      std::printf("conformance: %s: %zu cases run, %zu not applicable%s\n", fixture.c_str(),
                  count.ran, skipped, reasons.c_str());
    }
  }

 private:
  struct entry {
    std::size_t ran{};
    std::map<std::string, std::size_t> not_applicable{};
  };
  std::map<std::string, entry> entries_;
};

/// One fixture of each kind for the whole program: starting a service may cost more than all its cases.
template <class Fixture>
Fixture& the_fixture() {
  tally::get();  // outlives the fixture
  static Fixture instance;
  return instance;
}

/// Waits for something outside this program that nothing announces.
template <class Predicate>
bool eventually(Predicate const& holds, std::chrono::seconds limit = 10s) {
  auto const deadline = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// Runs a call of a transport to its end. The limit is for broken transports: no case comes near it.
template <class T>
T await(asio::any_io_executor const& executor, asio::awaitable<T> call,
        std::chrono::seconds limit = 30s) {
  auto done = asio::co_spawn(executor, std::move(call), asio::use_future);
  if (done.wait_for(limit) != std::future_status::ready) FAIL("a call of the transport hangs");
  return done.get();
}

/// The error of this class that an action throws.
template <class Error, class Action>
Error error_of(Action const& action) {
  try {
    action();
  } catch (Error const& e) {
    return e;
  }
  FAIL("no error");
  std::abort();
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What a case works with. Whatever it makes with `tag()` is stopped at its end, and must be gone then.
template <class Fixture>
class scenario {
 public:
  using transport = typename Fixture::transport;
  using sandbox = cw::basic_sandbox<transport>;
  using session = cw::basic_session<transport>;

  scenario() : fixture_{the_fixture<Fixture>()}, service_{fixture_.make()}, tag_{new_tag()} {}
  scenario(scenario const&) = delete;
  scenario& operator=(scenario const&) = delete;
  ~scenario() {
    sessions_.clear();
    for (auto const& left : listed(true)) {
      wire::DeleteSandboxRequest request{};
      request.sandbox_id = left.sandbox_id;
      auto const end = call(&transport::delete_sandbox, std::move(request));
      (void)end;  // the case has failed, or the sandbox has ended: this is only to leave nothing behind
    }
  }

  [[nodiscard]] transport& service() noexcept { return service_; }
  [[nodiscard]] std::string const& tag() const noexcept { return tag_; }
  [[nodiscard]] asio::any_io_executor executor() const { return service_.get_executor(); }

  /// The tag, a marker that finds processes, and an end for what a broken test leaves behind.
  [[nodiscard]] cw::SandboxDefaults defaults() const {
    cw::SandboxDefaults result{};
    result.tags = {tag_};
    result.environment_variables = {{"CWSANDBOX_CONFORMANCE", tag_}};
    result.max_lifetime = 120s;
    return result;
  }
  /// A session that lives as long as the case.
  session& open_session() { return sessions_.emplace_back(service_, defaults()); }
  /// An unstarted sandbox of a session of its own.
  [[nodiscard]] sandbox new_sandbox(cw::SandboxOptions const& options = {}) {
    return open_session().sandbox(options);
  }
  [[nodiscard]] sandbox running_sandbox(cw::SandboxOptions const& options = {}) {
    auto made = new_sandbox(options);
    made.wait().result();
    return made;
  }

  /// A create request as a client of any language would send it.
  [[nodiscard]] wire::CreateSandboxRequest create_request(
      std::vector<std::string> command = {"sleep", "infinity"}) const {
    wire::CreateSandboxRequest request{};
    auto& spec = request.sandbox.emplace().spec.emplace();
    spec.tags = {tag_};
    spec.max_lifetime_seconds = 120;
    spec.primary_container = "main";
    auto& container = spec.containers.emplace_back();
    container.name = "main";
    container.image = "python:3.11";
    container.command = command.front();
    container.args.assign(command.begin() + 1, command.end());
    container.environment_variables.insert_or_assign("CWSANDBOX_CONFORMANCE", tag_);
    return request;
  }

  /// Makes one unary call, e.g. `call(&transport::get_sandbox, request)`.
  template <class Request, class Response, class Self>
  Response call(asio::awaitable<Response> (Self::*member)(Request, cw::call_options) const,
                std::type_identity_t<Request> request) {
    return await(executor(), (service_.*member)(std::move(request), limit()));
  }
  template <class Request, class Response, class Self>
  Response call(asio::awaitable<Response> (Self::*member)(Request, cw::call_options),
                std::type_identity_t<Request> request) {
    return await(executor(), (service_.*member)(std::move(request), limit()));
  }
  [[nodiscard]] static cw::call_options limit() {
    cw::call_options options{};
    options.timeout = 30s;
    return options;
  }

  [[nodiscard]] cw::outcome<wire::Sandbox> get(std::string const& id) {
    wire::GetSandboxRequest request{};
    request.sandbox_id = id;
    return call(&transport::get_sandbox, std::move(request));
  }
  /// The status of a sandbox once it is in one of these states.
  [[nodiscard]] wire::SandboxStatus status_in(std::string const& id,
                                                  std::vector<wire::State> const& states) {
    wire::SandboxStatus seen{};
    bool const reached = eventually([&] {
      seen = get(id).value().status.value();
      return std::find(states.begin(), states.end(), seen.state) != states.end();
    });
    INFO("last state: " << static_cast<int>(seen.state) << ' ' << seen.state_reason);
    REQUIRE(reached);
    return seen;
  }
  [[nodiscard]] wire::SandboxStatus ended(std::string const& id) {
    return status_in(id, {wire::State::completed, wire::State::failed,
                          wire::State::terminated});
  }
  /// Makes a sandbox by a bare call and gives its id once it runs.
  [[nodiscard]] std::string run_bare(std::vector<std::string> command = {"sleep", "infinity"}) {
    auto const made = call(&transport::create_sandbox, create_request(std::move(command)));
    auto const id = made.value().sandbox_id;
    (void)status_in(id, {wire::State::running});
    return id;
  }
  void delete_bare(std::string const& id) {
    wire::DeleteSandboxRequest request{};
    request.sandbox_id = id;
    request.allow_missing = true;
    REQUIRE(call(&transport::delete_sandbox, std::move(request)));
    (void)ended(id);
  }

  /// What the service lists for the tag.
  [[nodiscard]] std::vector<wire::Sandbox> listed(bool only_alive = false) {
    wire::ListSandboxesRequest request{};
    request.tags = {tag_};
    request.show_terminated = !only_alive;
    std::vector<wire::Sandbox> all;
    for (int page = 0; page < 100; ++page) {
      auto answer = call(&transport::list_sandboxes, request);
      if (!answer) break;
      for (auto& one : answer->sandboxes) all.push_back(std::move(one));
      if (answer->next_page_token.empty()) break;
      request.page_token = answer->next_page_token;
    }
    return all;
  }

  /// Ends the sessions and looks for what is left.
  void finish() {
    sessions_.clear();
    bool const gone = eventually([&] { return listed(true).empty(); });
    CHECK(gone);
    auto const left = fixture_.leftovers(tag_);
    CHECK(left == "");
  }

 private:
  static std::string new_tag() {
    static std::atomic<unsigned> count{0};
    return "conformance-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  Fixture& fixture_;
  transport service_;
  std::string const tag_;
  std::list<session> sessions_;
};

template <class Fixture, feature needs, class Body>
void run_case(Body const& body) {
  constexpr auto lacks = missing<Fixture>(needs);
  UNSCOPED_INFO("transport: " << Fixture::name);
  if constexpr (lacks == feature::none) {
    tally::get().ran(Fixture::name);
    scenario<Fixture> given;
    body(given);
    given.finish();
  } else {
    tally::get().not_applicable(Fixture::name, name_of(lacks));
    SUCCEED("not applicable to " << Fixture::name << ": " << name_of(lacks));
  }
}

}  // namespace conformance

#define CONFORMANCE_CONCAT_(a, b) a##b
#define CONFORMANCE_CONCAT(a, b) CONFORMANCE_CONCAT_(a, b)
#define CONFORMANCE_CASE_(Body, Name, Tags, Needs)                                           \
  template <class Fixture>                                                                   \
  static void Body(::conformance::scenario<Fixture>& given);                                 \
  TEMPLATE_TEST_CASE(Name, Tags, CONFORMANCE_FIXTURES) {                                     \
    ::conformance::run_case<TestType, (Needs)>([](auto& given) { Body<TestType>(given); });  \
  }                                                                                          \
  template <class Fixture>                                                                   \
  static void Body([[maybe_unused]] ::conformance::scenario<Fixture>& given)

/// A behaviour, checked on every fixture that has what it needs:
///
///     CONFORMANCE_CASE("14 echo prints its words", "[exec][14]", feature::none) {
///       CHECK(given.running_sandbox().exec({"echo", "hello"}).result().out == "hello\n");
///     }
///
/// The number is the line of the service contract (streams, section 7).
#define CONFORMANCE_CASE(Name, Tags, Needs) \
  CONFORMANCE_CASE_(CONFORMANCE_CONCAT(conformance_case_, __LINE__), Name, Tags, Needs)

#endif

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// List, get and sessions: lines 67 to 71, 73 and 7.2.5 (streams, section 7), lifecycle 5.

#include <cwsandbox/reasons.hpp>

#include <set>
#include <stdexcept>

#include "conformance/fixtures.hpp"

using namespace conformance;

namespace {

// A completed sandbox, by its id.
template <class Fixture>
std::string completed(scenario<Fixture>& given) {
  auto sandbox = given.new_sandbox({.command = "true"});
  sandbox.wait_until_complete().result();
  return sandbox.id().value();
}

template <class Sandboxes>
std::vector<std::string> ids_of(Sandboxes const& sandboxes) {
  std::vector<std::string> ids;
  for (auto const& one : sandboxes) ids.push_back(one.id().value());
  return ids;
}

}  // namespace

CONFORMANCE_CASE("67 a finished sandbox leaves the default list", "[list][67]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  (void)completed(given);
  bool const gone = eventually(
      [&] { return sandbox_type::list(given.service(), {.tags = {given.tag()}}).result().empty(); },
      30s);
  CHECK(gone);
}

CONFORMANCE_CASE("68 a finished sandbox is listed when terminated ones are shown", "[list][68]",
                 feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto const id = completed(given);
  auto const found =
      sandbox_type::list(given.service(), {.tags = {given.tag()}, .show_terminated = true})
          .result();
  CHECK(ids_of(found) == std::vector<std::string>{id});
}

CONFORMANCE_CASE("69 a finished sandbox is listed by its state", "[list][69]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto const id = completed(given);
  auto const found = sandbox_type::list(given.service(), {.tags = {given.tag()},
                                                          .status = cw::SandboxStatus::completed})
                         .result();
  REQUIRE(ids_of(found) == std::vector<std::string>{id});
  CHECK(found.front().status() == cw::SandboxStatus::completed);
  auto const running = sandbox_type::list(given.service(), {.tags = {given.tag()},
                                                            .status = cw::SandboxStatus::running})
                           .result();
  CHECK(running.empty());
}

CONFORMANCE_CASE("70 a finished sandbox is found by its id", "[list][70]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto const id = completed(given);
  auto const found = sandbox_type::from_id(given.service(), id).result();
  CHECK(found.id() == id);
  CHECK(found.status() == cw::SandboxStatus::completed);
}

CONFORMANCE_CASE("70 an unknown id is not found", "[list][70]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto const error = error_of<cw::SandboxNotFoundError>(
      [&] { (void)sandbox_type::from_id(given.service(), "no-such-sandbox").result(); });
  CHECK(error.sandbox_id() == "no-such-sandbox");
}

CONFORMANCE_CASE("71 only sandboxes with all tags are listed", "[list][71]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto const both = given.running_sandbox({.tags = {"left", "right"}}).id().value();
  auto const left = given.running_sandbox({.tags = {"left"}}).id().value();
  auto const ids = [&](auto const&... more) {
    auto const found =
        ids_of(sandbox_type::list(given.service(), {.tags = {given.tag(), more...}}).result());
    return std::set<std::string>(found.begin(), found.end());
  };
  CHECK(ids() == std::set<std::string>{both, left});
  CHECK(ids("left") == std::set<std::string>{both, left});
  CHECK(ids("left", "right") == std::set<std::string>{both});
  CHECK(ids("left", "elsewhere").empty());
}

CONFORMANCE_CASE("lifecycle 5.1 a list may be narrowed to runners", "[list][lifecycle]",
                 feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = given.running_sandbox();
  auto const runner = sandbox.runner_id().value();
  auto const count = [&](std::string const& wanted) {
    cw::ListOptions options{};
    options.tags = {given.tag()};
    options.runner_ids = {wanted};
    return sandbox_type::list(given.service(), options).result().size();
  };
  CHECK(count(runner) == 1);
  CHECK(count("no-such-runner") == 0);
}

CONFORMANCE_CASE("7.2.5 pages lead through all sandboxes", "[list][7.2.5]", feature::none) {
  std::set<std::string> expected;
  for (int i = 0; i < 3; ++i) expected.insert(given.run_bare());
  std::set<std::string> seen;
  wire::ListSandboxesRequest request{};
  request.tags = {given.tag()};
  request.page_size = 1;
  for (int page = 0; page < 3; ++page) {
    auto const answer = given.call(&scenario<Fixture>::transport::list_sandboxes, request).value();
    REQUIRE(answer.sandboxes.size() == 1);
    CHECK(seen.insert(answer.sandboxes.front().sandbox_id).second);
    CHECK(answer.next_page_token.empty() == (page == 2));
    request.page_token = answer.next_page_token;
  }
  CHECK(seen == expected);
  for (auto const& id : expected) given.delete_bare(id);
}

CONFORMANCE_CASE("7.2.5 changes between two pages neither repeat nor hide sandboxes",
                 "[list][7.2.5]", feature::none) {
  std::set<std::string> stable;
  for (int i = 0; i < 4; ++i) stable.insert(given.run_bare());
  wire::ListSandboxesRequest request{};
  request.tags = {given.tag()};
  request.page_size = 1;
  auto page = given.call(&scenario<Fixture>::transport::list_sandboxes, request).value();
  std::vector<std::string> seen{page.sandboxes.at(0).sandbox_id};
  given.delete_bare(seen.front());
  auto const added = given.run_bare();
  while (!page.next_page_token.empty()) {
    request.page_token = page.next_page_token;
    page = given.call(&scenario<Fixture>::transport::list_sandboxes, request).value();
    for (auto const& one : page.sandboxes) seen.push_back(one.sandbox_id);
  }
  std::set<std::string> const unique(seen.begin(), seen.end());
  CHECK(unique.size() == seen.size());
  for (auto const& id : stable) CHECK(unique.count(id) == 1);
  for (auto const& id : stable) given.delete_bare(id);
  given.delete_bare(added);
}

CONFORMANCE_CASE("lifecycle 5.2 a sandbox that was looked up works in full", "[list][lifecycle]",
                 feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  auto sandbox = given.running_sandbox();
  auto const found = sandbox_type::from_id(given.service(), sandbox.id().value()).result();
  found.start().result();
  CHECK(found.exec({"echo", "hello"}).result().out == "hello\n");
  found.stop().result();
  CHECK(sandbox.get_status().result() == found.status());
}

CONFORMANCE_CASE("73 a session that closes stops its sandboxes", "[session][73]",
                 feature::none) {
  using session_type = typename scenario<Fixture>::session;
  session_type session{given.service(), given.defaults()};
  auto one = session.sandbox();
  auto two = session.sandbox();
  auto const unstarted = session.sandbox();
  one.wait().result();
  two.wait().result();
  CHECK(session.sandbox_count() == 3);
  session.close().result();
  CHECK(session.sandbox_count() == 0);
  CHECK(session.is_closed());
  (void)given.ended(one.id().value());
  (void)given.ended(two.id().value());
  (void)error_of<cw::SandboxNotRunningError>([&] { unstarted.start().result(); });
  (void)error_of<cw::SandboxError>([&] { (void)session.sandbox(); });
  session.close().result();
}

CONFORMANCE_CASE("73 a session closes when an exception flies", "[session][73]", feature::none) {
  using session_type = typename scenario<Fixture>::session;
  std::string id;
  try {
    session_type session{given.service(), given.defaults()};
    auto sandbox = session.sandbox();
    sandbox.wait().result();
    id = sandbox.id().value();
    throw std::runtime_error{"something else went wrong"};
  } catch (std::runtime_error const&) {
  }
  (void)given.ended(id);
}

CONFORMANCE_CASE("lifecycle 5.3 a session forgets what it has stopped", "[session][lifecycle]",
                 feature::none) {
  auto& session = given.open_session();
  auto sandbox = session.sandbox();
  sandbox.wait().result();
  CHECK(session.sandbox_count() == 1);
  sandbox.stop().result();
  CHECK(session.sandbox_count() == 0);
}

CONFORMANCE_CASE("lifecycle 5.3 a session lists with its own tags", "[session][lifecycle]",
                 feature::none) {
  auto& session = given.open_session();
  auto sandbox = session.sandbox({.tags = {"extra"}});
  sandbox.wait().result();
  CHECK(sandbox.tags() == std::vector<std::string>{given.tag(), "extra"});
  CHECK(session.list().result().size() == 1);
  CHECK(session.list({.tags = {"extra"}}).result().size() == 1);
  CHECK(session.list({.tags = {"other"}}).result().empty());
  CHECK(session.sandbox_count() == 1);
}

CONFORMANCE_CASE("lifecycle 5.3 a session stops what it has adopted", "[session][lifecycle]",
                 feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  using session_type = typename scenario<Fixture>::session;
  auto const one = given.run_bare();
  auto const two = given.run_bare();
  auto const looked_at = given.run_bare();
  {
    session_type session{given.service()};
    auto const found = sandbox_type::from_id(given.service(), one).result();
    session.adopt(found);
    session.adopt(found);
    CHECK(session.sandbox_count() == 1);
    (void)session.from_id(two).result();
    (void)session.from_id(looked_at, false).result();
    CHECK(session.sandbox_count() == 2);
  }
  (void)given.ended(one);
  (void)given.ended(two);
  CHECK(given.get(looked_at).value().status.value().state == wire::State::running);
  given.delete_bare(looked_at);
}

CONFORMANCE_CASE("lifecycle 5.3 listing may adopt", "[session][lifecycle]", feature::none) {
  using session_type = typename scenario<Fixture>::session;
  auto const id = given.run_bare();
  {
    session_type session{given.service(), given.defaults()};
    CHECK(session.list({.adopt = true}).result().size() == 1);
    CHECK(session.sandbox_count() == 1);
  }
  (void)given.ended(id);
}

CONFORMANCE_CASE("lifecycle 5.3 a sandbox without a session ends with its last handle",
                 "[session][lifecycle]", feature::none) {
  using sandbox_type = typename scenario<Fixture>::sandbox;
  std::string owned;
  std::string detached;
  {
    auto const one = sandbox_type::run(given.service(), {.tags = {given.tag()}});
    auto const two = sandbox_type::run(given.service(), {.tags = {given.tag()}});
    owned = one.id().value();
    detached = two.id().value();
    two.detach();
  }
  (void)given.ended(owned);
  (void)given.status_in(detached, {wire::State::running});
  given.delete_bare(detached);
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// How calls share connections, and what becomes of both when something ends early.

#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/scripted_server.hpp"

#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <vector>

using namespace test;
using namespace std::chrono_literals;
using cw::status_code;

TEST_CASE("a connection is kept for the next call", "[http]") {
  notes seen;
  scripted_server server{always(sandbox("sb-1"), seen)};
  http_client client{server.url()};
  for (int i = 0; i < 3; ++i) CHECK(client.get());
  CHECK(client.post());
  for (auto const& request : seen.all()) CHECK(request.starts_with("0: "));
}

TEST_CASE("what comes behind an answer is never taken for the next one", "[http]") {
  std::string const forged = sandbox("forged");
  SECTION("in one piece with it") {
    scripted_server server{[&](scripted_peer& peer) {
      for (int i = 0; !peer.read_request().empty(); ++i)
        peer.write(peer.number() == 0 && i == 0 ? sandbox("first") + forged : sandbox("second"));
    }};
    http_client client{server.url()};
    CHECK(client.get()->sandbox_id == "first");
    CHECK(client.get()->sandbox_id == "second");
  }
  SECTION("later, while the connection is idle") {
    std::promise<void> go;
    std::promise<void> written;
    scripted_server server{[&](scripted_peer& peer) {
      if (peer.read_request().empty()) return;
      peer.write(peer.number() == 0 ? sandbox("first") : sandbox("second"));
      if (peer.number() == 0) {
        go.get_future().wait();
        peer.write(forged);
        written.set_value();
      }
      peer.wait_for_close();
    }};
    http_client client{server.url()};
    CHECK(client.get()->sandbox_id == "first");
    go.set_value();
    written.get_future().wait();
    CHECK(client.get()->sandbox_id == "second");
  }
  SECTION("in a TLS record of its own") {
    // The first answer fills a record, so that the forged one may be in memory already, but not decrypted.
    constexpr std::size_t record_bytes = 16384;
    std::string body = R"({"sandboxId":"first"})";
    auto const head_bytes = response("200 OK", std::string(16000, ' ')).size() - 16000;
    body.append(record_bytes - head_bytes - body.size(), ' ');
    auto const first = response("200 OK", body);
    REQUIRE(first.size() == record_bytes);
    std::promise<void> written;
    scripted_server server{CWSANDBOX_CERTIFICATES "/server", [&](scripted_peer& peer) {
      for (int i = 0; !peer.read_request().empty(); ++i) {
        if (peer.number() != 0 || i != 0) {
          peer.write(sandbox("second"));
          continue;
        }
        peer.write(first + forged);
        written.set_value();
      }
    }};
    auto options = http_client::options_for(server.secure_url());
    options.ca_file = CWSANDBOX_CERTIFICATES "/ca.pem";
    http_client client{options};
    CHECK(client.get()->sandbox_id == "first");
    written.get_future().wait();
    CHECK(client.get()->sandbox_id == "second");
  }
}

TEST_CASE("a connection that the service closed while idle is replaced", "[http]") {
  std::promise<void> closed;
  scripted_server server{[&](scripted_peer& peer) {
    peer.read_request();
    peer.write(sandbox("sb-1"));
    if (peer.number() == 0) {
      peer.reset();
      closed.set_value();
    }
    peer.wait_for_close();
  }};
  http_client client{server.url()};
  CHECK(client.get());
  closed.get_future().wait();
  CHECK(client.post());
}

TEST_CASE("a call on an idle connection that dies is sent again only when that is safe", "[http]") {
  // The first connection takes a second request, and closes without an answer.
  notes seen;
  scripted_server server{[&](scripted_peer& peer) {
    for (int i = 0;; ++i) {
      auto const request = peer.read_request();
      if (request.empty()) return;
      seen.add(request.substr(0, request.find(' ')));
      if (peer.number() == 0 && i == 1) return;
      peer.write(sandbox("sb-1"));
    }
  }};
  http_client client{server.url()};
  CHECK(client.get());
  SECTION("GET") {
    CHECK(client.get());
    CHECK(seen.all() == std::vector<std::string>{"GET", "GET", "GET"});
  }
  SECTION("DELETE") {
    cw::wire::DeleteSandboxRequest request{};
    request.sandbox_id = "sb-1";
    CHECK(client.run(client.transport().delete_sandbox(request, {})));
    CHECK(seen.all() == std::vector<std::string>{"GET", "DELETE", "DELETE"});
  }
  SECTION("POST") {
    auto const got = client.post();
    REQUIRE_FALSE(got);
    CHECK(got.error().code() == status_code::unavailable);
    CHECK(seen.all() == std::vector<std::string>{"GET", "POST"});
  }
}

TEST_CASE("a call is sent again once, and not on a new connection", "[http]") {
  notes seen;
  scripted_server server{[&](scripted_peer& peer) {
    for (int i = 0;; ++i) {
      auto const request = peer.read_request();
      if (request.empty()) return;
      seen.add(std::to_string(peer.number()));
      if (peer.number() != 0 || i == 1) return;
      peer.write(sandbox("sb-1"));
    }
  }};
  http_client client{server.url()};
  CHECK(client.get());
  CHECK(client.get().error().code() == status_code::unavailable);
  CHECK(seen.all() == std::vector<std::string>{"0", "0", "1"});
  CHECK(client.get().error().code() == status_code::unavailable);
  CHECK(seen.all() == std::vector<std::string>{"0", "0", "1", "2"});
}

TEST_CASE("a call ends at its deadline, and its connection with it", "[http]") {
  std::promise<bool> closed;
  scripted_server server{[&](scripted_peer& peer) {
    peer.read_request();
    if (peer.number() == 0) return closed.set_value(peer.wait_for_close());
    peer.write(sandbox("sb-1"));
  }};
  http_client client{server.url()};
  cw::call_options options{};
  options.timeout = 50ms;
  auto const got = client.run(client.get_call("sb-1", options));
  CHECK(got.error().code() == status_code::deadline_exceeded);
  CHECK(client.get());
  CHECK(closed.get_future().get());
}

TEST_CASE("a cancelled call closes its connection", "[http]") {
  std::promise<void> asked;
  std::promise<bool> closed;
  scripted_server server{[&](scripted_peer& peer) {
    peer.read_request();
    asked.set_value();
    closed.set_value(peer.wait_for_close());
  }};
  http_client client{server.url()};
  auto const call = client.start(client.get_call());
  auto arrived = asked.get_future();
  while (arrived.wait_for(0s) != std::future_status::ready) client.io().run_one_for(10ms);
  call->signal.emit(asio::cancellation_type::terminal);
  CHECK(client.wait(call).error().kind() == cw::error_kind::cancelled);
  client.drop();
  CHECK(closed.get_future().get());
}

TEST_CASE("calls share the connections that are allowed", "[http]") {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  notes seen;
  scripted_server server{[&](scripted_peer& peer) {
    for (std::string request; !(request = peer.read_request()).empty();) {
      int const open = ++now;
      for (int old = most; old < open && !most.compare_exchange_weak(old, open);) {
      }
      seen.add(std::to_string(peer.number()));
      --now;
      peer.write(sandbox("sb-1"));
    }
  }};
  auto options = http_client::options_for(server.url());
  options.max_connections = 2;
  http_client client{options};
  std::vector<std::shared_ptr<http_client::pending<cw::wire::Sandbox>>> calls;
  for (int i = 0; i < 20; ++i) calls.push_back(client.start(client.get_call()));
  for (auto const& call : calls) CHECK(client.wait(call));
  CHECK(most <= 2);
  CHECK(seen.size() == 20);
  for (auto const& number : seen.all()) CHECK((number == "0" || number == "1"));
}

TEST_CASE("a call that waits for a connection can be cancelled", "[http]") {
  std::promise<void> asked;
  std::promise<void> go;
  scripted_server server{[&](scripted_peer& peer) {
    for (int i = 0; !peer.read_request().empty(); ++i) {
      if (i == 0) {
        asked.set_value();
        go.get_future().wait();
      }
      peer.write(sandbox("sb-1"));
    }
  }};
  auto options = http_client::options_for(server.url());
  options.max_connections = 1;
  http_client client{options};
  auto const first = client.start(client.get_call());
  auto const second = client.start(client.get_call());
  auto const third = client.start(client.get_call());
  auto arrived = asked.get_future();
  while (arrived.wait_for(0s) != std::future_status::ready) client.io().run_one_for(10ms);
  second->signal.emit(asio::cancellation_type::terminal);
  CHECK(client.wait(second).error().kind() == cw::error_kind::cancelled);
  go.set_value();
  CHECK(client.wait(first));
  CHECK(client.wait(third));
}

TEST_CASE("calls may come from many threads, and some are cancelled", "[http]") {
  notes seen;
  scripted_server server{always(sandbox("sb-1"), seen)};
  asio::thread_pool threads{4};
  {
    auto options = http_client::options_for(server.url());
    options.max_connections = 3;
    cw::http_transport transport{options, threads.get_executor()};
    std::atomic<int> done{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> left{200};
    std::promise<void> all;
    std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
    for (int i = 0; i < 200; ++i) {
      cw::wire::GetSandboxRequest request{};
      request.sandbox_id = "sb-1";
      // a slot is for one thread, so each call has a strand
      auto const strand = asio::make_strand(threads);
      auto& signal = *signals.emplace_back(std::make_unique<asio::cancellation_signal>());
      asio::co_spawn(strand, transport.get_sandbox(request, {}),
                     asio::bind_cancellation_slot(
                         signal.slot(),
                         [&](std::exception_ptr, cw::outcome<cw::wire::Sandbox> const& got) {
                           if (got)
                             ++done;
                           else if (got.error().kind() == cw::error_kind::cancelled)
                             ++cancelled;
                           if (--left == 0) all.set_value();
                         }));
      if (i % 5 == 0)
        asio::post(strand, [&signal] { signal.emit(asio::cancellation_type::terminal); });
    }
    all.get_future().wait();
    CHECK(done + cancelled == 200);
    CHECK(done >= 160);
  }
  threads.wait();
}

TEST_CASE("idle connections are closed: in time, and with the transport", "[http]") {
  std::promise<bool> closed;
  scripted_server server{[&](scripted_peer& peer) {
    peer.read_request();
    peer.write(sandbox("sb-1"));
    closed.set_value(peer.wait_for_close());
  }};
  auto options = http_client::options_for(server.url());
  SECTION("idle_timeout") {
    options.idle_timeout = 20ms;
    http_client client{options};
    CHECK(client.get());
    client.io().restart();
    client.io().run();  // nothing is left to do
    CHECK(closed.get_future().get());
  }
  SECTION("the end of the transport") {
    options.idle_timeout = 0ns;
    http_client client{options};
    CHECK(client.get());
    client.drop();
    CHECK(closed.get_future().get());
  }
}

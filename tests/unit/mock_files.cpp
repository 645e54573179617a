// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "support/mock_service.hpp"
#include "unit/mock_support.hpp"

using namespace test;
using namespace std::chrono_literals;
using State = wire::State;

TEST_CASE("a file is read as its bytes are", "[files]") {
  world w;
  auto const sandbox = w.running();
  wire::ReadFileResponse answer{};
  answer.content = std::string("a\0b\xff", 4);
  w->reads = {answer};
  auto const content = w.get(sandbox.read_file("/data/x", {.timeout = 3s, .container = "side"}));
  REQUIRE(content);
  CHECK(*content == std::string("a\0b\xff", 4));
  auto const request = w.mock.requests<wire::ReadFileRequest>().front();
  CHECK(request.sandbox_id == "sb-1");
  CHECK(request.path == "/data/x");
  CHECK(request.container == "side");
  CHECK(w.mock.history().back().options.timeout == 3s);
}

TEST_CASE("a file is written as its bytes are", "[files]") {
  world w;
  auto const sandbox = w.running();
  w->writes = {wire::WriteFileResponse{}};
  CHECK(w.get(sandbox.write_file("/data/x", std::string("\0\n", 2))));
  CHECK(w.get(sandbox.write_file("/data/empty", "")));
  auto const requests = w.mock.requests<wire::WriteFileRequest>();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].content == std::string("\0\n", 2));
  CHECK(requests[0].sandbox_id == "sb-1");
  CHECK(requests[0].container.empty());
  CHECK(requests[1].content.empty());
  CHECK(w.mock.history().back().options.timeout == 300s);
}

TEST_CASE("what is written is copied by the call", "[files]") {
  world w;
  w->writes = {wire::WriteFileResponse{}};
  auto const sandbox = w.unstarted();
  std::string content = "first";
  std::string path = "/a";
  auto const write = sandbox.write_file(path, content);
  content = "other";
  path = "/b";
  REQUIRE(w.get(write));
  auto const request = w.mock.requests<wire::WriteFileRequest>().front();
  CHECK(request.content == "first");
  CHECK(request.path == "/a");
}

TEST_CASE("errors of files name the path", "[files]") {
  struct row {
    cw::error report;
    error_kind kind;
  };
  for (auto const& row : std::vector<row>{
           {refused(status_code::not_found, "CWSANDBOX_FILE_NOT_FOUND"), error_kind::file},
           {refused(status_code::internal, "CWSANDBOX_FILE_IS_DIRECTORY"), error_kind::file},
           {refused(status_code::resource_exhausted, "CWSANDBOX_FILE_TOO_LARGE"), error_kind::file},
           {no_such_sandbox(), error_kind::not_found},
           {cw::rpc_error(status_code::unavailable, ""), error_kind::unavailable},
       }) {
    CAPTURE(row.report.reason());
    world w;
    auto const sandbox = w.running();
    w->reads = {row.report};
    w->writes = {row.report};
    auto const read = w.get(sandbox.read_file("/data/x"));
    auto const written = w.get(sandbox.write_file("/data/x", ""));
    REQUIRE_FALSE(read);
    REQUIRE_FALSE(written);
    CHECK(read.error().kind() == row.kind);
    CHECK(written.error().kind() == row.kind);
    if (row.kind == error_kind::file) {
      CHECK(read.error().details().subject == "/data/x");
      CHECK(read.error().reason() == row.report.reason());
    }
    CHECK(w.mock.count("read_file") == 1);  // nothing is tried again
    CHECK(w.mock.count("write_file") == 1);
  }
}

TEST_CASE("file calls are bounded and can be cancelled", "[files]") {
  world w;
  auto const sandbox = w.running();
  w->reads = {wire::ReadFileResponse{}};
  w.mock.set_latency("read_file", cw::mock_transport::never);
  SECTION("bounded") {
    auto const read = sandbox.read_file("/x", {.timeout = 2s});
    w.settle();
    w.advance(2s);
    CHECK(w.failure(read) == error_kind::request_timeout);
  }
  SECTION("cancelled") {
    auto const read = sandbox.read_file("/x");
    w.settle();
    CHECK(read.cancel());
    CHECK(w.failure(read) == error_kind::cancelled);
    w.settle();
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// JSON of a list of 10,000 sandboxes: ours against libprotobuf's. Prints one line per direction.
// The same document is read by both; each is given its best of several rounds.

#include <cwsandbox/wire/json.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/libprotobuf_json.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

namespace wire = cwsandbox::wire;

wire::ListSandboxesResponse make_list(int count) {
  wire::ListSandboxesResponse list;
  list.next_page_token = "bmV4dA==";
  for (int i = 0; i != count; ++i) {
    std::string const number = std::to_string(i);
    wire::Sandbox& sandbox = list.sandboxes.emplace_back();
    sandbox.sandbox_id = "7f0c1b52-93a4-4f7e-8d11-00000000" + number;
    wire::SandboxSpec& spec = sandbox.spec.emplace();
    spec.tags = {"team-infra", "batch-" + number, "nightly"};
    wire::Container& container = spec.containers.emplace_back();
    container.name = "main";
    container.image = "registry.example.org/images/python:3.12-slim";
    container.command = "sh";
    container.args = {"-c", "echo \"hello\" && sleep infinity"};
    container.environment_variables = {
        {"HOME", "/home/user"}, {"RUN_ID", number}, {"LANG", "C.UTF-8"}};
    wire::SandboxStatus& status = sandbox.status.emplace();
    status.state = i % 3 == 0 ? wire::State::completed : wire::State::running;
    status.state_reason = "started";
    status.create_time = wire::Timestamp{1'709'208'000 + i, 123'456'000};
    status.start_time = wire::Timestamp{1'709'208'002 + i, 500'000'000};
    status.resource_usage = wire::ResourceUsage{250 + i, 1024, 0};
    status.runner_id = "runner-eu-" + std::to_string(i % 7);
    wire::ServiceStatus& service = status.services.emplace_back();
    service.port = 8080;
    service.name = "http";
    service.url = "https://" + number + ".sandbox.example.org/";
    if (i % 3 == 0) status.exit_code = i % 2;
  }
  return list;
}

template <class Work>
double best_milliseconds(int rounds, Work&& work) {
  double best = 1e300;
  for (int i = 0; i != rounds; ++i) {
    auto const start = std::chrono::steady_clock::now();
    work();
    std::chrono::duration<double, std::milli> const taken =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

void print(char const* direction, std::size_t bytes, double ours, double theirs) {
  std::printf(
      "%-7s  %8.1f KB  ours %7.2f ms (%5.0f MB/s)  libprotobuf %8.2f ms (%5.0f MB/s)  ratio "
      "%5.1f\n",
      direction, static_cast<double>(bytes) / 1e3, ours, static_cast<double>(bytes) / ours / 1e3,
      theirs, static_cast<double>(bytes) / theirs / 1e3, theirs / ours);
}

}  // namespace

int main() {
  auto const list = make_list(10'000);
  std::string json = wire::to_json(list);
  json.reserve(json.size() + wire::json_reader::padding);

  wire::json_reader reader;
  double const decode = best_milliseconds(20, [&] {
    auto const read = reader.read_in_place<wire::ListSandboxesResponse>(json);
    if (!read || read->sandboxes.size() != list.sandboxes.size()) std::abort();
  });
  std::string out;
  double const encode = best_milliseconds(20, [&] {
    out.clear();
    wire::to_json_append(list, out);
  });

  test_support::libprotobuf_json peer;
  peer.keep(wire::descriptor<wire::ListSandboxesResponse>::name, wire::encode(list));
  double const their_decode = best_milliseconds(5, [&] {
    if (!peer.parse_kept(json)) std::abort();
  });
  double const their_encode = best_milliseconds(5, [&] {
    if (peer.print_kept().size() < json.size() / 2) std::abort();
  });

  print("decode", json.size(), decode, their_decode);
  print("encode", json.size(), encode, their_encode);
}

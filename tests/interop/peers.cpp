// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Our client against the two other implementations of gRPC: grpcio, which is the C core, and grpc-js. The words
// `fault:...` are explained in README.md.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "interop/client.hpp"
#include "support/peer.hpp"

using namespace interop;

namespace {

std::vector<std::string> words_of(std::string_view stack) {
  if (stack == "python")
    return {"/usr/bin/python3", CWSANDBOX_INTEROP_DIR "/python/peer_server.py", "--stubs",
            CWSANDBOX_INTEROP_STUBS};
  return {"node", CWSANDBOX_INTEROP_DIR "/js/peer_server.js"};
}

// One of each for all tests.
test::peer& the_peer(std::string_view stack) {
  if (stack == "python") {
    static test::peer python{words_of("python")};
    return python;
  }
  static test::peer js{words_of("js")};
  return js;
}

cw::grpc_options options_of(test::peer const& peer) {
  cw::grpc_options options{};
  options.base_url = peer.url();
  return options;
}

int stat(client& calling, std::string const& name) {
  auto const made = calling.get("stat:all");
  REQUIRE(made);
  return std::stoi(made->spec.value().annotations.at(name));
}

// What the peer counts, when it has got there.
bool reaches(client& calling, std::string const& name, int least) {
  auto const deadline = std::chrono::steady_clock::now() + 10s;
  while (stat(calling, name) < least) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

constexpr char const* long_message_begin =
    "Gr\xc3\xb6\xc3\x9f" "e \xe2\x80\x93 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e \xf0\x9f\x98\x80\n"
    "second line\r\n100% %41 \"quoted\"\ttab";

}  // namespace

TEST_CASE("a sandbox is made, found, listed and deleted", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};

  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    wire::CreateSandboxRequest request{};
    auto& spec = request.sandbox.emplace().spec.emplace();
    spec.tags = {"one", std::string{"interop-"} + stack};
    spec.annotations.insert_or_assign("key", "value");
    auto const made = calling.call(&client::transport::create_sandbox, std::move(request));
    REQUIRE(made);
    CHECK(made->spec.value().annotations.at("key") == "value");
    ids.push_back(made->sandbox_id);
  }
  CHECK(calling.get(ids[0]).value().status.value().state == wire::State::running);

  wire::ListSandboxesRequest request{};
  request.tags = {std::string{"interop-"} + stack};
  request.page_size = 2;
  std::vector<std::string> listed;
  for (int page = 0; page < 5; ++page) {
    auto const answer = calling.call(&client::transport::list_sandboxes, request);
    REQUIRE(answer);
    for (auto const& one : answer->sandboxes) listed.push_back(one.sandbox_id);
    if (answer->next_page_token.empty()) break;
    request.page_token = answer->next_page_token;
  }
  CHECK(listed == ids);
  for (auto const& id : ids) {
    wire::DeleteSandboxRequest deletion{};
    deletion.sandbox_id = id;
    CHECK(calling.call(&client::transport::delete_sandbox, std::move(deletion)));
    CHECK(calling.get(id).value().status.value().state == wire::State::terminated);
  }
}

TEST_CASE("the peer sees the metadata of the contract, and the deadline", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  auto options = options_of(the_peer(stack));
  options.auth = [] { return cw::auth_headers{{"Authorization", "Bearer k"}, {"X-Team", "a"}}; };
  options.user_agent = "mine/1.0";
  client calling{options};
  auto const answer = calling.get("fault:metadata", 20s);
  REQUIRE(answer);
  auto const& seen = answer->spec.value().annotations;
  CHECK(seen.at("authorization") == "Bearer k");
  CHECK(seen.at("x-team") == "a");
  CHECK(seen.at("user-agent") == std::string{"mine/1.0 cwsandbox-cpp/"} + cw::version);
  auto const left = std::stol(seen.at("deadline-ms"));
  CHECK(left > 10'000);
  CHECK(left <= 20'000);
}

TEST_CASE("error details arrive whole, whatever their domain", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  auto const* const fault = GENERATE("fault:details", "fault:details_foreign");
  INFO("stack: " << stack << ", " << fault);
  client calling{options_of(the_peer(stack))};
  auto const answer = calling.get(fault);
  REQUIRE_FALSE(answer);
  auto const& details = answer.error().details();
  CHECK(details.code == status_code::invalid_argument);
  CHECK(details.message == "scripted refusal");
  CHECK(details.reason == "CWSANDBOX_INVALID_REQUEST");
  CHECK(details.domain ==
        (std::string_view{fault} == "fault:details" ? "cwsandbox.com" : "other.example"));
  CHECK(details.metadata.size() == 3);
  CHECK(details.retry_after == 1500ms);
  CHECK(details.field_violations ==
        std::vector<cw::FieldViolation>{
            {"sandbox.spec.containers[0].image", "must not be empty"},
            {"sandbox.spec.tags", "too many"}});
}

TEST_CASE("statuses without legible details keep code and message", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  for (int code = 1; code <= 16; ++code) {
    auto const answer = calling.get("fault:code:" + std::to_string(code));
    REQUIRE_FALSE(answer);
    CHECK(static_cast<int>(answer.error().code()) == code);
    CHECK(answer.error().message() == "scripted status " + std::to_string(code));
  }
  CHECK(calling.get("fault:details_malformed").error().message() == "details are no protobuf");
  CHECK(calling.get("fault:details_malformed").error().reason() == "");
  CHECK(calling.get("fault:trailers_only").error().code() == status_code::unavailable);
  CHECK(calling.get("fault:too_large").error().message() ==
        "Received message larger than max (150000000 vs. 104857600)");
  auto const long_message = calling.get("fault:long_message").error().message();
  CHECK(long_message.starts_with(long_message_begin));
  CHECK(long_message.ends_with("long end"));
}

TEST_CASE("messages of odd kinds are read or refused", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  CHECK(calling.get("fault:unknown_fields"));
  CHECK(calling.get("fault:initial_metadata"));
  CHECK(calling.get("fault:empty_message").value() == wire::Sandbox{});
  auto const garbage = calling.get("fault:garbage_message");
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().code() == status_code::internal);
  auto const compressed = calling.get("fault:compressed");
  if (std::string_view{stack} == "python") {
    REQUIRE_FALSE(compressed);
    CHECK(compressed.error().code() == status_code::unimplemented);
    CHECK_THAT(compressed.error().message(), ContainsSubstring("gzip"));
  } else {
    CHECK(compressed);
  }
}

TEST_CASE("large messages pass in both directions up to the limit", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  wire::ReadFileRequest read{};
  read.sandbox_id = "fault:huge:32";
  read.path = "/tmp/any";
  auto const content = calling.call(&client::transport::read_file, read, 30s);
  REQUIRE(content);
  CHECK(content->content == std::string(std::size_t{32} << 20, 'x'));

  wire::WriteFileRequest write{};
  write.sandbox_id = "fault:none";
  write.path = "/tmp/large";
  write.content = std::string(std::size_t{20} << 20, 'y');
  CHECK(calling.call(&client::transport::write_file, std::move(write), 30s));
  read.sandbox_id = "fault:none";
  read.path = "/tmp/large";
  CHECK(calling.call(&client::transport::read_file, read, 30s).value().content.size() ==
        std::size_t{20} << 20);

  auto options = options_of(the_peer(stack));
  options.max_message_bytes = std::size_t{1} << 20;
  client small{options};
  read.sandbox_id = "fault:huge:2";
  auto const refused = small.call(&client::transport::read_file, std::move(read), 30s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == status_code::resource_exhausted);
  CHECK_THAT(refused.error().message(), ContainsSubstring("larger than max"));
  wire::WriteFileRequest too_large{};
  too_large.content = std::string(std::size_t{1} << 20, 'y');
  auto const unsent = small.call(&client::transport::write_file, std::move(too_large));
  REQUIRE_FALSE(unsent);
  CHECK(unsent.error().code() == status_code::resource_exhausted);
  CHECK_THAT(unsent.error().message(), ContainsSubstring("larger than max"));
}

TEST_CASE("a call that is given up is seen to be cancelled by the peer", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  auto const before = stat(calling, "cancelled");
  auto const start = std::chrono::steady_clock::now();
  auto const answer = calling.get("fault:hang", 100ms);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::deadline_exceeded);
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  CHECK(reaches(calling, "cancelled", before + 1));
  // a stream whose handle is dropped
  using stream = client::transport::exec_stream;
  auto open = [](client::transport transport) -> asio::awaitable<std::shared_ptr<stream>> {
    wire::ExecStreamInit init{};
    init.sandbox_id = "any";
    init.command = {"fault:no_ready"};
    auto opened = co_await transport.stream_exec(std::move(init), cw::call_options{});
    co_return opened ? std::make_shared<stream>(*std::move(opened)) : nullptr;
  };
  auto held = calling.run(open(*calling));
  REQUIRE(held);
  CHECK(reaches(calling, "active", 2));  // it, and the question
  held.reset();
  CHECK(reaches(calling, "cancelled", before + 2));
}

TEST_CASE("exec streams carry input and output whole", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  auto const echo = calling.run(exec(*calling, "fault:none", {"echo", "a", "b"}, ""));
  CHECK(echo.out == "a b\n");
  CHECK(echo.exit_code == 0);
  CHECK_FALSE(echo.failure);

  std::string input(std::size_t{3} << 20, '\0');
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<char>(i * 7 >> 3);
  auto const cat = calling.run(exec(*calling, "fault:none", {"cat"}, input));
  CHECK(cat.ready);
  CHECK(cat.out == input);
  CHECK(cat.exit_code == 0);

  auto const yes = calling.run(exec(*calling, "fault:none", {"yes", "30000000"}, ""));
  CHECK(yes.out.size() == 30'000'000);
  CHECK(yes.exit_code == 0);

  auto const slow = calling.run(exec(*calling, "any", {"fault:slow_reader:300"},
                                     std::string(std::size_t{4} << 20, 'x')));
  CHECK(slow.out.starts_with("4194304"));
  CHECK(slow.exit_code == 0);
}

TEST_CASE("exec streams end as the peer ends them", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  auto const run = [&](char const* fault, std::string const& input = "") {
    return calling.run(exec(*calling, "any", {fault}, input));
  };
  auto const early_exit = run("fault:early_exit", "input that nobody reads");
  CHECK(early_exit.exit_code == 0);
  CHECK_FALSE(early_exit.ready);
  CHECK_FALSE(early_exit.failure);

  auto const early = run("fault:early", std::string(std::size_t{4} << 20, 'x'));
  REQUIRE(early.failure);
  CHECK(early.failure->code() == status_code::resource_exhausted);

  auto const aborted = run("fault:abort");
  REQUIRE(aborted.failure);
  CHECK(aborted.failure->code() == status_code::aborted);
  CHECK(aborted.failure->message() == "scripted abort");
  CHECK(aborted.out == "line 1\nline 2\nline 3\n");

  auto const in_band = run("fault:exec_error:STREAM_TRUNCATED");
  REQUIRE(in_band.in_band);
  CHECK(in_band.in_band->code == "STREAM_TRUNCATED");
  CHECK_FALSE(in_band.failure);

  auto const no_exit = run("fault:no_exit");
  CHECK(no_exit.out == "partial\n");
  CHECK_FALSE(no_exit.exit_code);
  CHECK_FALSE(no_exit.failure);

  auto const empty = run("fault:empty_message");
  CHECK(empty.out == "hello\n");
  CHECK(empty.exit_code == 0);

  auto const garbage = run("fault:garbage_message");
  REQUIRE(garbage.failure);
  CHECK(garbage.failure->code() == status_code::internal);
}

TEST_CASE("logs are read entry by entry", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  client calling{options_of(the_peer(stack))};
  auto read = [](client::transport transport) -> asio::awaitable<std::string> {
    wire::StreamLogsRequest request{};
    request.sandbox_id = "fault:none";
    std::string all;
    auto stream = co_await transport.stream_logs(std::move(request), cw::call_options{});
    if (!stream) co_return stream.error().message();
    std::uint64_t offset = 0;
    for (;;) {
      auto entry = co_await stream->read();
      if (!entry) co_return entry.error().message();
      if (!*entry) break;
      all += (*entry)->data;
      offset += (*entry)->data.size();
      if ((*entry)->next_log_offset != offset) co_return "wrong offset";
    }
    co_return all;
  };
  auto const lines = calling.run(read(*calling));
  CHECK(lines.starts_with("counter="));
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 10);
}

TEST_CASE("a server that goes away in peace loses no call", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  test::peer own{words_of(stack)};
  client calling{options_of(own)};
  for (int round = 0; round < 3; ++round) {
    CHECK(calling.get("fault:goaway"));
    for (int i = 0; i < 5; ++i) {
      auto const answer = calling.get("fault:none");
      INFO((answer ? std::string{} : answer.error().message()));
      CHECK(answer);
    }
  }
}

TEST_CASE("a server that dies takes its calls with it, and the next one serves", "[interop]") {
  auto const* const stack = GENERATE("python", "js");
  INFO("stack: " << stack);
  auto own = std::make_unique<test::peer>(words_of(stack));
  auto const url = own->url();
  client calling{options_of(*own)};
  CHECK(calling.get("fault:none"));

  auto const died = calling.run(exec(*calling, "any", {"fault:die_after"}, ""));
  REQUIRE(died.failure);
  CHECK(died.failure->code() == status_code::unavailable);
  CHECK(died.out == "line 1\nline 2\nline 3\n");

  auto const refused = calling.get("fault:none", 5s);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == status_code::unavailable);
  // the kernel may still accept for a dying process
  CHECK_THAT(refused.error().message(),
             ContainsSubstring("cannot connect") || ContainsSubstring("was lost"));

  auto words = words_of(stack);
  words.insert(words.end(), {"--port", url.substr(url.rfind(':') + 1)});
  own.reset();
  own = std::make_unique<test::peer>(words);
  CHECK(calling.get("fault:none"));
}

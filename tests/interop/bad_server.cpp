// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A peer that breaks the rules of HTTP/2 and gRPC one by one. Whatever it does, a call ends in time with an error that
// tells what happened, and a call after it works.

#include <string>
#include <string_view>

#include "interop/client.hpp"
#include "support/peer.hpp"

using namespace interop;

namespace {

test::peer& bad_server() {
  static test::peer instance{
      {"node", CWSANDBOX_INTEROP_DIR "/h2/bad_server.js", "--tls-cert",
       CWSANDBOX_CERTIFICATES "/server.pem", "--tls-key", CWSANDBOX_CERTIFICATES "/server.key"}};
  return instance;
}

cw::grpc_options options_of(std::string_view mode) {
  cw::grpc_options options{};
  options.base_url = bad_server().url();
  options.api_key = "mode:" + std::string{mode};
  return options;
}

cw::grpc_options port_of(std::string_view kind) {
  cw::grpc_options options{};
  options.base_url = "http://127.0.0.1:" + bad_server().word(kind);
  options.connect_timeout = 2s;
  return options;
}

// A number that the server counts.
int stat(std::string const& name) {
  client asking{options_of("ok")};
  auto const made = asking.get("stat:");
  REQUIRE(made);
  return std::stoi(made->spec.value().annotations.at(name));
}

struct expectation {
  char const* mode;
  status_code code;
  char const* text;
};

constexpr auto fine = status_code::ok;

}  // namespace

TEST_CASE("a unary call to a peer that breaks the rules ends with the right status", "[interop]") {
  auto const expected = GENERATE(values<expectation>({
      {"ok", fine, ""},
      // resets
      {"rst_no_error", status_code::unknown, ""},
      {"rst_protocol_error", status_code::internal, "reset"},
      {"rst_internal_error", status_code::internal, "reset"},
      {"rst_flow_control_error", status_code::internal, "reset"},
      {"rst_settings_timeout", status_code::internal, "reset"},
      {"rst_frame_size_error", status_code::internal, "reset"},
      {"rst_refused_stream", status_code::unavailable, "REFUSED_STREAM"},
      {"rst_cancel", status_code::cancelled, "CANCEL"},
      {"rst_compression_error", status_code::internal, "reset"},
      {"rst_connect_error", status_code::internal, "reset"},
      {"rst_enhance_your_calm", status_code::resource_exhausted, "ENHANCE_YOUR_CALM"},
      {"rst_inadequate_security", status_code::permission_denied, "INADEQUATE_SECURITY"},
      {"rst_mid_cancel", status_code::cancelled, "CANCEL"},
      {"rst_mid_no_error", status_code::unknown, ""},
      {"rst_after_trailers", fine, ""},
      {"refused_once", fine, ""},
      // connections that end
      {"close", status_code::unavailable, "lost"},
      {"reset", status_code::unavailable, "lost"},
      {"close_once", status_code::unavailable, "lost"},
      {"close_mid", status_code::unavailable, "lost"},
      {"half_frame", status_code::unavailable, "lost"},
      {"garbage", status_code::unavailable, "HTTP/2"},
      {"goaway_covering", fine, ""},
      {"goaway_two_phase", fine, ""},
      {"goaway_not_covering_once", fine, ""},
      {"goaway_not_covering", status_code::unavailable, ""},
      {"goaway_close", status_code::unavailable, ""},
      {"goaway_error", status_code::unavailable, ""},
      {"goaway_protocol_error", status_code::unavailable, ""},
      // answers that are no gRPC
      {"html_200", status_code::unknown, "A proxy speaks"},
      {"html_400", status_code::internal, "HTTP status 400"},
      {"html_401", status_code::unauthenticated, "HTTP status 401"},
      {"html_403", status_code::permission_denied, "HTTP status 403"},
      {"html_404", status_code::unimplemented, "text/html"},
      {"html_429", status_code::unavailable, "HTTP status 429"},
      {"html_502", status_code::unavailable, "A proxy speaks"},
      {"html_503", status_code::unavailable, "HTTP status 503"},
      {"html_504", status_code::unavailable, "HTTP status 504"},
      {"html_500", status_code::unknown, "HTTP status 500"},
      {"http_503", status_code::unavailable, "HTTP status 503"},
      {"json", status_code::unknown, "not gRPC"},
      {"grpc_web", status_code::unknown, "not gRPC"},
      {"grpc_proto", fine, ""},
      {"no_content_type", status_code::unknown, "no content type"},
      {"html_with_grpc_status", status_code::not_found, ""},
      // statuses
      {"missing_trailers", status_code::unknown, "without a grpc-status"},
      {"missing_status", status_code::unknown, "without a grpc-status"},
      {"headers_only_end", status_code::unknown, "without a grpc-status"},
      {"trailers_only", status_code::unavailable, "scripted"},
      {"no_message", status_code::internal, "no message"},
      {"two_messages", status_code::internal, "more than one message"},
      {"status_text", status_code::unknown, "'abc'"},
      {"status_negative", status_code::unknown, "'-1'"},
      {"status_99", status_code::unknown, "scripted"},
      {"status_empty", status_code::unknown, "''"},
      {"status_overflow", status_code::unknown, "no number"},
      {"message_percent", status_code::internal, "euro \xe2\x82\xac line\nend %zz %4 %"},
      // messages
      {"compressed_flag", status_code::internal, "compressed"},
      {"compressed_flag_gzip", status_code::unimplemented, "gzip"},
      {"encoding_without_flag", fine, ""},
      {"bad_flag", status_code::internal, "compressed"},
      {"short_message", status_code::internal, "middle of a message"},
      {"short_prefix", status_code::internal, "middle of a message"},
      {"garbage_message", status_code::internal, "decode"},
      {"huge_length", status_code::resource_exhausted, "larger than max"},
      // headers
      {"big_headers", status_code::unavailable, "COMPRESSION_ERROR"},
      {"many_headers", status_code::resource_exhausted, "headers too large"},
      {"interim", fine, ""},
      {"uppercase_header", status_code::internal, "reset"},
      {"no_http_status", status_code::internal, "reset"},
      {"bad_hpack", status_code::unavailable, "HTTP/2"},
      // frames
      {"ping_flood", status_code::unavailable, "Flooding"},
      {"settings_flood", status_code::unavailable, "Flooding"},
      {"empty_data_flood", fine, ""},
      {"one_byte_frames", fine, ""},
      {"trickle", fine, ""},
      {"padded", fine, ""},
      {"data_after_end", fine, ""},
      {"unknown_frame", fine, ""},
      {"ping_ack_unasked", fine, ""},
      {"data_first", status_code::unavailable, "HTTP/2"},
      {"unknown_stream", status_code::unavailable, "HTTP/2"},
      {"push_promise", status_code::unavailable, "HTTP/2"},
      {"window_overflow", status_code::internal, ""},
      {"window_overflow_connection", status_code::unavailable, "HTTP/2"},
      {"window_zero", status_code::unavailable, "HTTP/2"},
      {"oversize_frame", status_code::unavailable, "HTTP/2"},
      {"slow_window", fine, ""},
  }));
  INFO("mode: " << expected.mode);
  client calling{options_of(expected.mode)};
  auto const answer = calling.get("any");
  if (expected.code == fine) {
    INFO((answer ? std::string{} : answer.error().message()));
    REQUIRE(answer);
  } else {
    REQUIRE_FALSE(answer);
    CHECK(to_string(answer.error().code()) == to_string(expected.code));
    CHECK_THAT(answer.error().message(), ContainsSubstring(expected.text));
    CHECK(answer.error().message().find("mode:") == std::string::npos);  // the key
  }
}

TEST_CASE("status details arrive as reason, delay and violations, or not at all", "[interop]") {
  auto const mode = GENERATE("details_padded", "details_unpadded", "details_second",
                             "details_joined", "details_malformed", "details_not_base64");
  INFO("mode: " << mode);
  client calling{options_of(mode)};
  auto const answer = calling.get("any");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::invalid_argument);
  CHECK(answer.error().message() == "scripted");
  bool const legible = std::string_view{mode} != "details_malformed" &&
                       std::string_view{mode} != "details_not_base64";
  CHECK(answer.error().reason() == (legible ? "CWSANDBOX_INVALID_REQUEST" : ""));
}

TEST_CASE("a peer that never answers costs one deadline, and the stream is reset", "[interop]") {
  auto const mode = GENERATE("hang", "hang_headers", "hang_mid");
  INFO("mode: " << mode);
  auto const before = stat("rst_received");
  client calling{options_of(mode)};
  auto const start = std::chrono::steady_clock::now();
  auto const answer = calling.get("any", 200ms);
  auto const took = std::chrono::steady_clock::now() - start;
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::deadline_exceeded);
  CHECK(took < 5s);
  calling.finish();
  CHECK(stat("rst_received") > before);
}

TEST_CASE("ports that speak no HTTP/2 fail the call with what they did", "[interop]") {
  struct port {
    char const* kind;
    char const* text;
  };
  auto const expected = GENERATE(values<port>({
      {"close_at_once", "before it spoke HTTP/2"},
      {"reset_at_once", ""},
      {"close_after_preface", "before it spoke HTTP/2"},
      {"garbage", "HTTP/2"},
      {"http1_400", "HTTP/1.1"},
      {"http1_html", "HTTP/1.1"},
      {"tls_alert", "HTTP/2"},
      {"bad_settings", "HTTP/2"},
      {"goaway_at_once", "go away"},
      {"slow_settings", "SETTINGS"},
  }));
  INFO("port: " << expected.kind);
  client calling{port_of(expected.kind)};
  auto const answer = calling.get("any");
  REQUIRE_FALSE(answer);
  CHECK(to_string(answer.error().code()) == to_string(status_code::unavailable));
  CHECK_THAT(answer.error().message(), ContainsSubstring(expected.text));
}

TEST_CASE("ports that are slow or tight, but right, serve calls", "[interop]") {
  auto const kind = GENERATE("no_header_table", "max_streams_1",
                             "max_streams_late", "tiny_window", "zero_window", "goaway_first");
  INFO("port: " << kind);
  client calling{port_of(kind)};
  auto const answer = calling.get("any");
  INFO((answer ? std::string{} : answer.error().message()));
  CHECK(answer);
}

TEST_CASE("a silent peer costs one deadline", "[interop]") {
  auto const kind = GENERATE("silent", "settings_only", "max_streams_0");
  INFO("port: " << kind);
  client calling{port_of(kind)};
  auto const answer = calling.get("any", 200ms);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::deadline_exceeded);
}

TEST_CASE("calls beyond the peer's limit of streams wait for their turn", "[interop]") {
  auto options = port_of("max_streams_1");
  options.max_connections = GENERATE(std::size_t{1}, std::size_t{3});
  client calling{options};
  auto const refused = stat("refused");
  auto all = [](client::transport transport) -> asio::awaitable<int> {
    auto const executor = co_await asio::this_coro::executor;
    std::vector<std::future<cw::outcome<wire::Sandbox>>> pending;
    for (int i = 0; i < 12; ++i) {
      wire::GetSandboxRequest request{};
      request.sandbox_id = std::to_string(i);
      auto call = transport.get_sandbox(std::move(request), cw::call_options{});
      pending.push_back(asio::co_spawn(executor, std::move(call), asio::use_future));
    }
    asio::steady_timer pause{executor};
    int good = 0;
    for (auto& one : pending) {
      while (one.wait_for(0s) != std::future_status::ready) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
      }
      auto const answer = one.get();
      good += answer && !answer->sandbox_id.empty() ? 1 : 0;
    }
    co_return good;
  };
  CHECK(calling.run(all(*calling)) == 12);
  CHECK(stat("refused") == refused);
}

TEST_CASE("pings are sent while a call is quiet, and an answer keeps the connection", "[interop]") {
  auto const pings = stat("pings_received");
  auto options = options_of("delay:400");
  options.keepalive_time = 20ms;
  client calling{options};
  CHECK(calling.get("any"));
  CHECK(stat("pings_received") > pings);
}

TEST_CASE("a connection whose pings are not answered is given up", "[interop]") {
  auto options = port_of("settings_only");
  options.keepalive_time = 50ms;
  options.keepalive_timeout = 100ms;
  client calling{options};
  auto const answer = calling.get("any");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::unavailable);
  CHECK_THAT(answer.error().message(), ContainsSubstring("ping"));
}

TEST_CASE("an exec stream is held up by a window that stays shut, and ends when it is cancelled",
          "[interop]") {
  client calling{options_of("no_window")};
  auto writing = [](client::transport transport) -> asio::awaitable<std::size_t> {
    wire::ExecStreamInit init{};
    init.sandbox_id = "any";
    init.command = {"cat"};
    auto stream = co_await transport.stream_exec(std::move(init), cw::call_options{});
    if (!stream) co_return 0;
    auto const executor = co_await asio::this_coro::executor;
    auto const taken = std::make_shared<std::size_t>(0);
    auto const held = std::make_shared<client::transport::exec_stream>(*std::move(stream));
    auto write = [](std::shared_ptr<client::transport::exec_stream> to,
                    std::shared_ptr<std::size_t> count) -> asio::awaitable<void> {
      std::string const frame(65536, 'x');
      for (int i = 0; i < 200; ++i) {
        auto const done = co_await to->write(frame);
        if (!done) co_return;
        *count += frame.size();
      }
    };
    auto done = asio::co_spawn(executor, write(held, taken), asio::use_future);
    asio::steady_timer pause{executor};
    pause.expires_after(300ms);
    co_await pause.async_wait(asio::use_awaitable);
    bool const waits = done.wait_for(0s) != std::future_status::ready;
    held->cancel();
    while (done.wait_for(0s) != std::future_status::ready) {
      pause.expires_after(1ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_return waits ? *taken : std::size_t{0};
  };
  auto const taken = calling.run(writing(*calling));
  CHECK(taken > 0);
  CHECK(taken < std::size_t{2} << 20);
}

TEST_CASE("trailers that come while the client still writes are the result", "[interop]") {
  struct mode {
    char const* name;
    status_code code;
  };
  auto const expected = GENERATE(values<mode>({{"early_trailers", status_code::resource_exhausted},
                                               {"early_trailers_rst", status_code::resource_exhausted},
                                               {"early_ok", status_code::ok}}));
  INFO("mode: " << expected.name);
  client calling{options_of(expected.name)};
  auto const result = calling.run(exec(*calling, "any", {"cat"}, std::string(8 << 20, 'x')));
  if (expected.code == status_code::ok) {
    CHECK_FALSE(result.failure);
  } else {
    REQUIRE(result.failure);
    CHECK(to_string(result.failure->code()) == to_string(expected.code));
  }
  CHECK_FALSE(result.exit_code);
}

TEST_CASE("TLS without HTTP/2 on offer is refused before any call is sent", "[interop][tls]") {
  auto const kind = GENERATE("tls_no_alpn", "tls_http1");
  INFO("port: " << kind);
  cw::grpc_options options{};
  options.base_url = "https://localhost:" + bad_server().word(kind);
  options.ca_file = CWSANDBOX_CERTIFICATES "/ca.pem";
  client calling{options};
  auto const answer = calling.get("any");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code() == status_code::unavailable);
}

TEST_CASE("after all of it the peer has no connection of ours left", "[interop]") {
  CHECK(stat("open_connections") <= 1);
}

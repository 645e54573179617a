// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/transport/grpc/protocol.hpp>
#include <cwsandbox/wire/messages.hpp>
#include <cwsandbox/wire/protobuf.hpp>

#include "support/catch.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace wire = cwsandbox::wire;
using cwsandbox::detail::grpc::content_lookahead;
using cwsandbox::detail::grpc::content_place;
using cwsandbox::detail::grpc::find_content;

namespace {

constexpr std::array<std::uint32_t, 1> file_path{1};
constexpr std::array<std::uint32_t, 2> output_path{2, 2};

template <class Path>
std::optional<content_place> find(std::string_view message, Path const& path) {
  return find_content(message.substr(0, content_lookahead), message.size(), path);
}

std::string output_of(std::string data) {
  wire::ExecStreamOutput output{};
  output.stream = wire::ExecStreamOutput::Stream::stderr_;
  output.data = std::move(data);
  wire::ExecStreamResponse response{};
  response.message = std::move(output);
  return wire::encode(response);
}

}  // namespace

TEST_CASE("the content of a file is found behind its key and length", "[grpc]") {
  for (std::size_t const size : {100U, 20'000U, 3'000'000U}) {
    wire::ReadFileResponse response{};
    response.content.assign(size, 'c');
    auto const message = wire::encode(response);
    auto const found = find(message, file_path);
    REQUIRE(found);
    CHECK(message.substr(found->begin) == response.content);
    auto const rest = wire::decode<wire::ReadFileResponse>(found->rest);
    REQUIRE(rest);
    CHECK(rest->content.empty());
  }
}

TEST_CASE("the output of a command is found two messages deep, and the rest stays readable", "[grpc]") {
  std::string const data(70'000, 'o');
  auto const message = output_of(data);
  auto const found = find(message, output_path);
  REQUIRE(found);
  CHECK(message.substr(found->begin) == data);
  auto const rest = wire::decode<wire::ExecStreamResponse>(found->rest);
  REQUIRE(rest);
  auto const& output = std::get<wire::ExecStreamOutput>(rest->message);
  CHECK(output.stream == wire::ExecStreamOutput::Stream::stderr_);
  CHECK(output.data.empty());
}

TEST_CASE("fields in front of the content are kept, known or not", "[grpc]") {
  // an unknown number and an unknown text, then the field
  std::string message{"\x78\x96\x01\x7a\x03" "abc"};
  wire::ReadFileResponse response{};
  response.content.assign(30'000, 'c');
  auto const front = message;
  message += wire::encode(response);
  auto const found = find(message, file_path);
  REQUIRE(found);
  CHECK(message.substr(found->begin) == response.content);
  CHECK(found->rest == front + std::string{"\x0a\x00", 2});
}

TEST_CASE("what does not end with the content is left alone", "[grpc]") {
  std::string const large(30'000, 'c');
  wire::ReadFileResponse response{};
  response.content = large;
  auto const file = wire::encode(response);
  CHECK_FALSE(find(file + std::string{"\x78\x01"}, file_path));  // a field behind it
  CHECK_FALSE(find(file, output_path));                          // another field
  CHECK_FALSE(find(file.substr(0, 2), file_path));               // cut in the length
  CHECK_FALSE(find("", file_path));
  CHECK_FALSE(find(std::string(80, '\xff'), file_path));         // no number ends
  CHECK_FALSE(find(std::string{"\x0d"} + large, file_path));     // a wire type that is not looked into
  // the output is long, but its data is not at its end
  auto message = output_of(large);
  std::string const behind{"\x78\x01"};
  message += behind;
  CHECK_FALSE(find(message, output_path));
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a service sends on one gRPC call: headers, then messages cut anywhere. However the bytes are cut, the call gives the
// same messages and ends in the same way.
//
// Input: a byte of choices, a byte for the size of the pieces, lines `name value` of headers up to an empty line, then the
// body.

#include <cwsandbox/transport/grpc/call.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cw = cwsandbox;
using cw::detail::grpc::call;

namespace {

struct seen {
  std::vector<std::string> messages;
  std::string failure;

  bool operator==(seen const&) const = default;
};

asio::awaitable<void> read_all(std::shared_ptr<call> from, seen& into) {
  for (;;) {
    auto message = co_await from->read();
    if (!message) {
      into.failure = std::string{to_string(message.error().code())} + message.error().message();
      co_return;
    }
    if (!*message) co_return;
    into.messages.push_back((**message).message + (**message).content);
  }
}

seen play(std::string_view input, std::size_t piece, bool streaming, std::uint32_t code) {
  asio::io_context io;
  cw::detail::grpc::call_settings settings{};
  settings.path = "/fuzz";
  settings.max_message_bytes = 1 << 16;
  settings.streaming = streaming;
  auto const made = std::make_shared<call>(io.get_executor(), settings, std::string(5, '\0'));
  while (!input.empty()) {
    auto const line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line.empty()) break;
    auto const space = std::min(line.find(' '), line.size());
    made->on_header(line.substr(0, space), line.substr(std::min(space + 1, line.size())));
  }
  made->on_headers_complete();
  while (!input.empty() && !made->has_ended()) {
    auto const part = input.substr(0, piece);
    input.remove_prefix(part.size());
    if (made->on_data(part) > part.size()) std::abort();
  }
  cw::detail::net::h2_end end{};
  end.code = code;
  if (!made->has_ended()) made->on_end(end);
  seen result;
  asio::co_spawn(io, read_all(made, result), [](std::exception_ptr thrown) {
    if (thrown) std::abort();
  });
  io.run();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 2) return 0;
  bool const streaming = (data[0] & 1U) != 0;
  std::uint32_t const code = data[0] >> 4U;
  std::size_t const piece = data[1] == 0 ? 1 : data[1];
  std::string_view const rest{reinterpret_cast<char const*>(data) + 2, size - 2};
  if (!(play(rest, piece, streaming, code) == play(rest, rest.size() + 1, streaming, code)))
    std::abort();
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// The same calls inside a program that already runs asio: its executor, coroutines, no thread of the library.
#include <cwsandbox/cwsandbox.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace cw = cwsandbox;

static asio::awaitable<std::string> count_words(cw::local_session& session, std::string text) {
  auto sb = session.sandbox();
  auto wc = sb.exec({"wc", "-w"}, {.open_stdin = true});
  co_await wc.in().write(text).async();
  co_await wc.in().close().async();
  auto result = co_await wc.async();
  co_return result.out;
}

static asio::awaitable<void> program(asio::any_io_executor executor) {
  cw::local_session session{cw::local_transport{executor}};

  auto sb = session.sandbox({.environment_variables = {{"NAME", "coroutine"}}});
  auto greeting = co_await sb.exec({"sh", "-c", "echo hello, $NAME"}, {.cwd = "/tmp"}).async();
  std::cout << greeting.out;

  auto words = co_await count_words(session, "to be or not to be");
  std::cout << "words: " << words;

  co_await session.close().async();
  std::cout << "closed\n";
}

int main() {
  asio::io_context io;
  asio::co_spawn(io, program(io.get_executor()), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
}

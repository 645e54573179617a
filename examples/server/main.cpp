// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include "options.hpp"
#include "rpc_server.hpp"

#include <cwsandbox/config.hpp>
#include <cwsandbox/transport/local.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/thread_pool.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>

#include <sys/resource.h>

namespace {

/// Each running command needs several descriptors, and the usual limit is 1024.
void allow_many_descriptors() {
  constexpr rlim_t enough = 65536;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, enough));
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int serve(server::options settings) {
  allow_many_descriptors();
  settings.engine.log = [](std::string_view text) {
    std::cerr << "cwsandbox_server: " + std::string(text) + "\n";
  };
  asio::thread_pool workers{std::max(2U, std::thread::hardware_concurrency())};
  asio::io_context this_thread;
  asio::signal_set asked{this_thread, SIGINT, SIGTERM};
  server::rpc_server server{settings,
                            cwsandbox::local_transport{settings.engine, workers.get_executor()}};
  auto const url = server.start();
  if (url) {
    std::cout << "listening on " << *url << std::endl;
    asked.async_wait([](asio::error_code const&, int) {});
    this_thread.run();
    asio::signal_set asked_again{workers, SIGINT, SIGTERM};
    asked_again.async_wait([&server](asio::error_code const& ec, int) {
      if (!ec) server.stop();
    });
    server.shut_down();
  } else {
    std::cerr << "cwsandbox_server: " << url.error().message() << "\n";
  }
  // The engine needs no workers to end its sandboxes, and nobody may use it while it does.
  workers.stop();
  workers.join();
  return url ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  char const* const token = std::getenv("CWSANDBOX_SERVER_TOKEN");
  auto parsed = server::parse_command_line(argc, argv, token == nullptr ? "" : token);
  if (auto const* const exit = std::get_if<server::early_exit>(&parsed)) {
    (exit->status == 0 ? std::cout : std::cerr) << exit->text;
    return exit->status;
  }
  return serve(std::get<server::options>(std::move(parsed)));
}

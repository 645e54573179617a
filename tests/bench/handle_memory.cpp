// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Bytes of heap per sandbox handle, unstarted and idle after its start. Usage: handle_memory [COUNT]
#include <cwsandbox/session.hpp>

#include "support/instant_transport.hpp"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace cw = cwsandbox;

namespace {

std::size_t heap_in_use() { return mallinfo2().uordblks; }

}  // namespace

int main(int argc, char** argv) {
  auto const count = static_cast<std::size_t>(argc > 1 ? std::atoi(argv[1]) : 10000);
  asio::io_context io;  // everything runs on this thread, so that one arena holds it all
  cw::basic_session session{cw::tests::instant_transport{io.get_executor()},
                            cw::SandboxDefaults{.tags = {"bench"}}};
  using sandbox_type = decltype(session)::sandbox_type;

  auto const run = [&](auto const& op) {
    io.restart();
    io.run();
    op.result();
  };
  run(session.sandbox().wait());  // what is made once is made here
  std::vector<sandbox_type> sandboxes;
  sandboxes.reserve(count);

  auto const before = heap_in_use();
  for (std::size_t i = 0; i < count; ++i) sandboxes.push_back(session.sandbox());
  auto const unstarted = heap_in_use();
  for (auto const& sandbox : sandboxes) run(sandbox.wait());
  auto const running = heap_in_use();
  std::printf("handles                  %zu\n", count);
  std::printf("bytes each, unstarted    %zu\n", (unstarted - before) / count);
  std::printf("bytes each, running idle %zu\n", (running - before) / count);
  auto const closing = session.close();
  run(closing);
}

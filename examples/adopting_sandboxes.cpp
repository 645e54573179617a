// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Sandboxes that nobody looks after any more are found by tag, adopted by a session, and stopped with it.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;

  {
    auto orphan = cw::local_sandbox::run(engine, {.tags = {"orphaned-work"}});
    orphan.wait().result();
    orphan.detach();  // its last handle goes, it stays
  }
  auto orphans = cw::local_sandbox::list(engine, {.tags = {"orphaned-work"}}).result();
  std::cout << orphans.size() << " orphan found\n";

  {
    cw::basic_session session{engine};
    for (auto& sb : orphans) session.adopt(sb);
    std::cout << session.sandbox_count() << " adopted\n";
    std::cout << orphans.front().exec({"echo", "still alive"}).result().out;
  }

  auto left = cw::local_sandbox::list(engine, {.tags = {"orphaned-work"}}).result();
  std::cout << left.size() << " left\n";
}

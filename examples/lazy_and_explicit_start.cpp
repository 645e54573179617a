// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A sandbox starts when it is first used, or when it is told to.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  cw::basic_session session{engine};

  // Lazy: nothing exists until the first command needs it.
  auto lazy = session.sandbox();
  std::cout << "lazy: " << (lazy.id() ? "has an id" : "no id yet") << '\n';
  std::cout << "lazy: " << lazy.exec({"echo", "started by this command"}).result().out;
  std::cout << "lazy: " << (lazy.id() ? "has an id" : "no id yet") << '\n';

  // Explicit: ask early, do something else, then wait until it runs.
  auto eager = session.sandbox();
  eager.start().result();
  eager.wait().result();
  bool const running = eager.status() == cw::SandboxStatus::running;
  std::cout << "eager: " << (running ? "running" : "not running") << " before any command\n";
}

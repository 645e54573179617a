// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What a session and its sandboxes say about themselves. None of these calls goes to the engine, but list.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  cw::basic_session session{engine, cw::SandboxDefaults{.tags = {"properties-example"}}};
  std::cout << "sandboxes: " << session.sandbox_count() << '\n';

  auto first = session.sandbox();
  auto second = session.sandbox({.tags = {"second"}});
  std::cout << "sandboxes: " << session.sandbox_count() << ", also those that are not started\n";
  std::cout << "known to the engine: " << session.list().result().size() << '\n';

  first.wait().result();
  second.wait().result();
  std::cout << "known to the engine: " << session.list().result().size() << '\n';

  bool const running = first.status() == cw::SandboxStatus::running;
  std::cout << "first: " << (running ? "running" : "not running")
            << ", ids differ: " << (first.id() != second.id() ? "yes" : "no") << '\n';
  std::cout << "second: tags";
  for (auto const& tag : second.tags()) std::cout << ' ' << tag;
  std::cout << '\n';

  first.stop().result();
  std::cout << "sandboxes after one stopped: " << session.sandbox_count() << '\n';
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// An exception leaves the scope of a session: its sandboxes are stopped all the same.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  try {
    cw::basic_session session{engine, cw::SandboxDefaults{.tags = {"cleanup-example"}}};
    auto sb = session.sandbox();
    std::cout << sb.exec({"echo", "working"}).result().out;

    // a command that fails is an exception too, if asked for
    sb.exec({"sh", "-c", "echo disk full >&2; exit 3"}, {.check = true}).result();
    std::cout << "never printed\n";
  } catch (cw::SandboxExecutionError const& e) {
    std::cout << "exit status " << e.result().exit_code << ": " << e.result().err;
  }

  auto left = cw::local_sandbox::list(engine, {.tags = {"cleanup-example"}}).result();
  std::cout << left.size() << " sandboxes are left\n";
}

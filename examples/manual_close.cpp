// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// Closing a session by hand, to see its errors or to have it gone early. Twice is once.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  cw::basic_session session{engine};
  auto sb = session.sandbox();
  std::cout << sb.exec({"echo", "some work"}).result().out;

  std::cout << session.sandbox_count() << " sandbox before close\n";
  session.close().result();  // stops the sandboxes and throws what went wrong
  session.close().result();  // does nothing
  std::cout << session.sandbox_count() << " after\n";

  try {
    session.sandbox().exec({"true"}).result();
    std::cout << "a closed session still works\n";
  } catch (cw::SandboxError const&) {
    std::cout << "a closed session makes no sandboxes\n";
  }
}

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A session, two sandboxes of it, a command in each.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;  // real isolated processes on this machine
  cw::basic_session session{engine, cw::SandboxDefaults{.container_image = "python:3.11"}};

  auto first = session.sandbox();
  auto second = session.sandbox();

  auto hello = first.exec({"echo", "hello from the first sandbox"}).result();
  auto sum = second.exec({"python3", "-c", "print(sum(range(101)))"}).result();

  std::cout << hello.out << "the second one counted to " << sum.out;
  std::cout << "exit status " << hello.exit_code << " and " << sum.exit_code << '\n';
}  // the session stops both

// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#include <cwsandbox/cwsandbox.hpp>
#include <iostream>
namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;  // real isolated processes on this machine
  cw::basic_session session{engine, cw::SandboxDefaults{.container_image = "python:3.11"}};
  auto sandbox = session.sandbox();
  std::cout << sandbox.exec({"python3", "-c", "print(sum(range(101)))"}).result().out;
}  // the session stops its sandboxes

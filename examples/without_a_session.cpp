// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// One sandbox, no session: it is stopped when its last handle goes.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  {
    auto sb = cw::local_sandbox::run(engine, {.tags = {"alone-example"}});
    std::cout << sb.exec({"echo", "hello"}).result().out;

    sb.write_file("/tmp/numbers", "3\n1\n2\n").result();
    std::cout << sb.exec({"sort", "numbers"}, {.cwd = "/tmp"}).result().out;
    std::cout << sb.read_file("/tmp/numbers").result().size() << " bytes in the file\n";

    auto upper = sb.exec({"tr", "a-z", "A-Z"}, {.open_stdin = true});
    upper.in().write("through standard input\n").result();
    upper.in().close().result();
    std::cout << upper.result().out;
  }
  auto left = cw::local_sandbox::list(engine, {.tags = {"alone-example"}}).result();
  std::cout << left.size() << " sandboxes are left\n";
}

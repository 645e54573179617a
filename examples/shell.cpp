// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A shell on a terminal: what is typed, what is shown, and a window that changes its size.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>
#include <string>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;  // real isolated processes on this machine
  cw::basic_session session{engine};
  auto sandbox = session.sandbox();

  // A terminal echoes what is typed, the shell prompts, and lines end in CR LF. Without that it is easier to follow.
  auto shell =
      sandbox.shell({"/bin/sh", "-c", "stty -echo -onlcr; echo ready; PS1= exec /bin/sh"},
                    {.width = 80, .height = 24});
  auto output = shell.output();
  auto const shown = [&] { return output.read_line().result().value_or("(the end)"); };
  std::cout << shown() << '\n';

  shell.in().writeline("stty size").result();
  std::cout << "rows and columns: " << shown() << '\n';

  shell.resize(120, 40);
  shell.in().writeline("stty size").result();
  std::cout << "after a resize: " << shown() << '\n';

  shell.in().writeline("test -t 1 && exit 7").result();
  shell.in().close().result();
  for (auto const& bytes : output.chunks()) std::cout << bytes;  // to the end
  std::cout << "exit status " << shell.wait() << '\n';
}

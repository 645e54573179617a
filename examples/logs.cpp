// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What the main process of a sandbox writes: followed, left and taken up again, and its last lines.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;  // real isolated processes on this machine
  cw::basic_session session{engine};
  auto sandbox = session.sandbox(
      {.command = "sh",
       .args = {"-c", "for i in 1 2 3; do echo step $i; done; "
                      "until test -e /tmp/go; do sleep 0.05; done; echo finished"}});

  // A followed log goes on until the main process ends, also over connections that break.
  auto log = sandbox.stream_logs({.follow = true});
  for (int i = 0; i < 2; ++i) std::cout << log.read_line().result().value_or("(the end)\n");

  // Where we are is a plain value, which could be stored; later another reader goes on there.
  auto const place = log.resume_point();
  log.close();
  auto rest = sandbox.stream_logs({.follow = true, .resume = place});
  sandbox.write_file("/tmp/go", "").result();
  for (auto const& line : rest.lines()) std::cout << "then: " << line;

  // The log of what has ended may still be read.
  sandbox.wait_until_complete().result();
  std::cout << "the last lines:\n" << sandbox.stream_logs({.tail_lines = 2}).read_all().result();
}

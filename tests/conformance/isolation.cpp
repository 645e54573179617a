// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// What keeps sandboxes apart from each other and from the machine: 7.2.4 and 7.2.22 (streams, section 7).

#include <cstdlib>

#include "conformance/fixtures.hpp"

using namespace conformance;

CONFORMANCE_CASE("a sandbox sees its own processes only", "[isolation]", feature::isolation) {
  auto& session = given.open_session();
  auto one = session.sandbox();
  auto two = session.sandbox();
  auto const marked = one.exec({"sleep", "1234"});
  two.wait().result();
  bool const running = eventually([&] {
    return one.exec({"sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"}).result().out.find(
               "sleep 1234") != std::string::npos;
  });
  CHECK(running);
  auto const seen = two.exec({"sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"}).result().out;
  CHECK_THAT(seen, !ContainsSubstring("sleep 1234"));
  CHECK(marked.cancel());
}

CONFORMANCE_CASE("a sandbox has a machine name and a loopback of its own", "[isolation]",
                 feature::isolation | feature::exec_stream) {
  auto& session = given.open_session();
  auto const listen =
      "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 18080)); s.listen(); "
      "print('up', flush=True); sys.stdin.read()";
  std::vector<cw::process> listeners;
  std::vector<std::string> names;
  for (int i = 0; i < 2; ++i) {
    auto sandbox = session.sandbox();
    names.push_back(sandbox.exec({"cat", "/proc/sys/kernel/hostname"}).result().out);
    listeners.push_back(sandbox.exec({"python", "-c", listen}, {.open_stdin = true}));
  }
  for (auto const& one : listeners) {
    CHECK(one.out().read_line().result() == "up");
    one.in().close().result();
  }
  CHECK(names[0] != names[1]);
}

CONFORMANCE_CASE("nothing of this program's environment leaks in", "[isolation]",
                 feature::isolation) {
  ::setenv("CONFORMANCE_SECRET_OF_THE_HOST", "leaked", 1);
  auto sandbox = given.running_sandbox();
  auto const seen = sandbox.exec({"env"}).result().out;
  ::unsetenv("CONFORMANCE_SECRET_OF_THE_HOST");
  CHECK_THAT(seen, !ContainsSubstring("CONFORMANCE_SECRET_OF_THE_HOST"));
  CHECK_THAT(seen, ContainsSubstring("PATH="));
  CHECK_THAT(seen, ContainsSubstring("HOME="));
}

CONFORMANCE_CASE("commands have no capabilities and gain none", "[isolation]",
                 feature::isolation) {
  auto sandbox = given.running_sandbox();
  auto const status = sandbox.exec({"cat", "/proc/self/status"}).result().out;
  CHECK_THAT(status, ContainsSubstring("CapEff:\t0000000000000000"));
  CHECK_THAT(status, ContainsSubstring("CapBnd:\t0000000000000000"));
  CHECK_THAT(status, ContainsSubstring("NoNewPrivs:\t1"));
  CHECK(sandbox.exec({"mount", "-t", "tmpfs", "none", "/tmp"}).result().exit_code != 0);
}

CONFORMANCE_CASE("7.2.22 with egress denied an outside address cannot be reached",
                 "[isolation][7.2.22]", feature::isolation) {
  auto sandbox = given.running_sandbox({.network = cw::NetworkOptions{.deny_egress = true}});
  auto const code =
      "import socket\n"
      "s = socket.socket(); s.settimeout(5)\n"
      "try:\n  s.connect(('192.0.2.1', 80)); print('connected')\n"
      "except OSError: print('refused')";
  auto const start = std::chrono::steady_clock::now();
  CHECK(sandbox.exec({"python", "-c", code}).result().out == "refused\n");
  CHECK(seconds_since(start) < 8.0);
}

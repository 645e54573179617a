// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// A pool of five sandboxes on this machine: Python and shell commands in all of them at once, output as it comes.
#include <cwsandbox/cwsandbox.hpp>

#include <iostream>
#include <string>
#include <vector>

namespace cw = cwsandbox;

int main() {
  cw::local_transport engine;
  std::string const count =
      "import sys, time\n"
      "for step in 1, 2, 3:\n"
      "    print('python step', step, flush=True)\n"
      "    time.sleep(0.1)\n"
      "print('careful', file=sys.stderr)\n";
  std::string const shell = "for step in 1 2 3; do echo shell step $step; sleep 0.1; done";

  {
    cw::basic_session session{engine, cw::SandboxDefaults{.tags = {"pool-example"}}};
    std::vector<cw::local_sandbox> pool;
    for (int i = 0; i < 5; ++i) pool.push_back(session.sandbox());

    // exec returns at once: the five sandboxes start and work side by side
    std::vector<cw::process> work;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      if (i % 2 == 0)
        work.push_back(pool[i].exec({"python3", "-c", count}));
      else
        work.push_back(pool[i].exec({"sh", "-c", shell}));
    }

    for (std::size_t i = 0; i < work.size(); ++i)
      for (auto const& line : work[i].out().lines())
        std::cout << "sandbox " << i + 1 << ": " << line << std::endl;

    auto results = cw::results(work);
    for (std::size_t i = 0; i < results.size(); ++i) {
      std::cout << "sandbox " << i + 1 << ": exit status " << results[i].exit_code;
      if (results[i].err.empty())
        std::cout << '\n';
      else
        std::cout << ", on standard error: " << results[i].err;
    }
    std::cout << session.sandbox_count() << " sandboxes are running\n";
  }  // the session stops them all

  auto left = cw::local_sandbox::list(engine, {.tags = {"pool-example"}}).result();
  std::cout << left.size() << " are left\n";
}

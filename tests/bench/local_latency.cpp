// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

// How long run + exec + stop takes on the local engine, against bare bwrap in the same run: the same namespaces and a
// comparable root, one command, waited for. Usage: local_latency [ROUNDS]
#include <cwsandbox/cwsandbox.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace cw = cwsandbox;
using clock_type = std::chrono::steady_clock;

namespace {

double milliseconds_since(clock_type::time_point start) {
  return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

bool run_bare_bwrap() {
  std::vector<std::string> const words{
      "bwrap", "--unshare-all", "--new-session", "--die-with-parent", "--clearenv", "--proc",
      "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--ro-bind", "/usr", "/usr", "--symlink",
      "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
      "--", "/bin/true"};
  std::vector<char*> argv;
  for (auto const& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, "bwrap", nullptr, nullptr, argv.data(), environ) != 0) return false;
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct summary {
  double median;
  double p90;
};

summary summarize(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {samples[samples.size() / 2], samples[samples.size() * 9 / 10]};
}

}  // namespace

int main(int argc, char** argv) {
  int const rounds = argc > 1 ? std::atoi(argv[1]) : 50;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
    return 2;
  }
  cw::local_transport engine;
  std::vector<double> bare;
  std::vector<double> ours;
  std::vector<double> exec_only;
  for (int i = 0; i < rounds + 3; ++i) {  // the first three warm caches up and are not counted
    auto start = clock_type::now();
    if (!run_bare_bwrap()) {
      std::fprintf(stderr, "bwrap failed\n");
      return 1;
    }
    auto const bare_time = milliseconds_since(start);

    start = clock_type::now();
    auto sandbox = cw::local_sandbox::run(engine);
    auto const before_exec = clock_type::now();
    if (sandbox.exec({"/bin/true"}).result().exit_code != 0) return 1;
    auto const exec_time = milliseconds_since(before_exec);
    sandbox.stop({.graceful_shutdown = std::chrono::seconds{0}}).result();
    auto const our_time = milliseconds_since(start);
    if (i < 3) continue;
    bare.push_back(bare_time);
    ours.push_back(our_time);
    exec_only.push_back(exec_time);
  }
  auto const b = summarize(bare);
  auto const o = summarize(ours);
  auto const e = summarize(exec_only);
  std::printf("rounds                    %d\n", rounds);
  std::printf("bare bwrap                median %.2f ms, p90 %.2f ms\n", b.median, b.p90);
  std::printf("run + exec + stop         median %.2f ms, p90 %.2f ms\n", o.median, o.p90);
  std::printf("exec in a running sandbox median %.2f ms, p90 %.2f ms\n", e.median, e.p90);
  std::printf("ratio to bare bwrap       %.2f\n", o.median / b.median);
}

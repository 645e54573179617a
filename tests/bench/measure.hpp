// SPDX-License-Identifier: Apache-2.0
// Copyright The cwsandbox for C++ authors

#ifndef CWSANDBOX_TESTS_BENCH_MEASURE_HPP
#define CWSANDBOX_TESTS_BENCH_MEASURE_HPP

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstring>

namespace bench {

// A line of /proc/self/status that is in KiB.
inline long status_kib(char const* key) {
  long value = 0;
  auto* const file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  auto const size = std::strlen(key);
  while (std::fgets(line, sizeof line, file) != nullptr)
    if (std::strncmp(line, key, size) == 0) std::sscanf(line + size, " %ld", &value);
  std::fclose(file);
  return value;
}

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](timeval const& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// What a piece of work takes of this process: made when the connection stands, printed at the end.
class measured {
 public:
  measured() {
    // the peak of the memory is counted from here on
    if (auto* const file = std::fopen("/proc/self/clear_refs", "w")) {
      std::fputs("5", file);
      std::fclose(file);
    }
    idle_kib_ = status_kib("VmRSS:");
    cpu_ = cpu_seconds();
    start_ = std::chrono::steady_clock::now();
  }
  void print(long calls) const {
    auto const cpu = cpu_seconds() - cpu_;
    std::chrono::duration<double> const wall = std::chrono::steady_clock::now() - start_;
    std::printf("calls=%ld wall=%.6f cpu=%.6f idle_kib=%ld peak_kib=%ld\n", calls, wall.count(), cpu,
                idle_kib_, status_kib("VmHWM:"));
  }

 private:
  long idle_kib_;
  double cpu_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace bench

#endif

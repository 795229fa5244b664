#include "harness/device/pinning.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fmt/ranges.h>
#include <sched.h>

#include "harness/base/check.hpp"

namespace tandem {

std::vector<int> pinned_cpus() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  check(sched_getaffinity(0, sizeof mask, &mask) == 0, "the processors of this process cannot be read: {}",
        std::strerror(errno));
  std::vector<int> cpus;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &mask)) cpus.push_back(static_cast<int>(cpu));
  return cpus;
}

void pin_to(std::span<const int> cpus) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  for (const int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &mask);
  check(sched_setaffinity(0, sizeof mask, &mask) == 0, "this process cannot be pinned to the processors {}: {}",
        fmt::join(cpus, ", "), std::strerror(errno));
}

}  // namespace tandem

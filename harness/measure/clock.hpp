// The one clock of every measured number: the host's steady clock.
#pragma once

#include <algorithm>
#include <chrono>

namespace tandem {

// Seconds of the steady clock since its epoch (Linux: since boot, the same for all processes of a node).
inline double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The least step that the clock shows, in seconds, over `rounds` steps.
inline double clock_tick(int rounds = 50) {
  double least = 1;
  for (int round = 0; round < rounds; ++round) {
    const double start = now_seconds();
    double end = start;
    while (end <= start) end = now_seconds();
    least = std::min(least, end - start);
  }
  return least;
}

}  // namespace tandem

// Which of several ways to do the same is the fastest here: the harness times them and tells the number of the best, so
// that a kernel chooses by measurement at set-up without reading a clock.
#pragma once

#include <functional>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem {

struct Candidate {
  std::function<void()> run;
  double weight = 1;  // of its time: how often it is needed compared with the others
};

// Collective; the same answer on every rank. Each is run once to warm up, then the best of `rounds` counts (slowest
// rank).
std::size_t fastest(const Ranks& ranks, const std::vector<Candidate>& candidates, int rounds = 3);

}  // namespace tandem

// Sampling: how often a case is run and when it is enough (docs/method.md sections 1 and 2). Under MPI every call is
// collective; rank 0 decides every count and the others follow.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem {

struct SamplingRules {
  double min_sample = 1e-3;                      // seconds that a sample lasts at least; never under 1000 clock ticks
  double min_sample_collective = 2e-4;           // the same for collectives
  std::size_t max_batch = std::size_t{1} << 40;  // runs per sample; 1 where percentiles are claimed
  std::size_t warmup_samples = 3;
  double warmup_seconds = 0.5;
  double target = 0.01;           // half-width of the 95 % interval over the median
  double budget = 10;             // seconds for warm-up and samples together
  std::size_t min_samples = 3;    // even out of budget
  std::size_t max_samples = 320;  // the end of the stop rule's schedule
};

// The rules of quick | standard | official | procurement; another class is a usage error.
SamplingRules rules_of_class(std::string_view measurement_class);

// The only counts of samples at which the stop rule may look: looking after every sample would stop on luck.
bool stop_rule_looks(std::size_t n);

struct Sampling {
  std::vector<double> seconds;  // per run, in order: the maximum over ranks of each sample over the batch
  std::size_t batch = 1;        // runs per sample
  bool converged = false;       // half-width met before the budget and the schedule ended
  double warmup_seconds = 0;
  double total_seconds = 0;  // warm-up and samples
  double imbalance = 1;      // over all samples: sum of the slowest rank's time / sum of the mean time of the ranks
};

// What has to happen before each run and does not count.
using Untimed = std::function<void()>;

// Runs `run` by the rules, and `finish` at the end of each sample: what waits for the device that was given the runs.
// `collective`: the ranks of one run wait for one another (shorter samples are enough). With `before`, samples are
// single runs.
Sampling sample(const std::function<void()>& run, const SamplingRules& rules, const Ranks& ranks, bool collective,
                const Untimed& before = {}, const std::function<void()>& finish = {});

// Seconds per run (slowest rank) of two ways to do the same, `batch` runs of each in turn, after one of the first to
// warm up.
struct Pairs {
  std::vector<double> first, second;
};
Pairs sample_in_turn(const std::function<void()>& first, const std::function<void()>& second, std::size_t pairs,
                     std::size_t batch, const Ranks& ranks);

}  // namespace tandem

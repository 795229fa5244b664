// The parts of measure_limits. Each probe is collective and appends its limits.
#pragma once

#include <functional>

#include "harness/measure/limits.hpp"

namespace tandem::limit {

// What is touched in turn lies in memory from this many times the last-level caches on (the factor of STREAM's rule,
// here for all that a pass touches).
constexpr double clear_of_cache = 4;

struct Probe {
  const Ranks& ranks;
  int threads = 1;
  int host_ranks = 1;  // ranks that share this host
  double seconds = 0;  // to spend on the repeats of one limit
};

double seconds_of(const std::function<void()>& call);

// work / s of all ranks together, each doing `run(times)` of `times` * `work` at the same time: best of several
// repeats, a repeat as long as its slowest rank.
double best_rate(const Probe& probe, double work, const std::function<void(int times)>& run);

// The value of rank 0, on every rank; the others wait.
double on_root(const Ranks& ranks, const std::function<double()>& call);

// Keeps a result that nobody reads from being optimised away.
void consume(double value);

// Bytes of a thread's share of the level-2 or level-3 cache; 0 where the host does not tell or has none.
double cache_share(int level, int threads, int host_ranks);

void append_peaks(const Probe& probe, std::vector<Limit>& limits);   // fp64, fp32, bf16, int8
void append_memory(const Probe& probe, std::vector<Limit>& limits);  // read and triad at each level, memory_latency
void append_links(const Probe& probe, std::vector<Limit>& limits);   // core to core, ping-pong

}  // namespace tandem::limit

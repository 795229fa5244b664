#include "harness/measure/limits.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "harness/device/host.hpp"
#include "harness/measure/limit_probe.hpp"

namespace tandem {
namespace limit {

double seconds_of(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double best_rate(const Probe& probe, double work, const std::function<void(int times)>& run) {
  constexpr double repeat = 2e-3;  // many short repeats: on a disturbed machine one of them is likely left alone
  run(1);
  double once = 1;
  for (int i = 0; i < 3; ++i) once = std::min(once, std::max(seconds_of([&] { run(1); }), 1e-9));
  once = probe.ranks.max(once);  // so that every rank comes to the same counts
  const int times = std::max(1, static_cast<int>(repeat / once));
  const int repeats = std::clamp(static_cast<int>(probe.seconds / (once * times)), 3, 64);
  double best = std::numeric_limits<double>::infinity(), spent = 0;
  for (int i = 0; i < repeats && (i < 3 || spent < 3 * probe.seconds); ++i) {  // threads may wait for a busy core
    probe.ranks.barrier();
    const double seconds = probe.ranks.max(seconds_of([&] { run(times); }));
    best = std::min(best, seconds);
    spent += seconds;
  }
  return probe.ranks.size() * work * times / best;
}

double on_root(const Ranks& ranks, const std::function<double()>& call) {
  double value = ranks.root() ? call() : 0;
  ranks.broadcast(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

void consume(double value) {
  volatile double sink = value;
  (void)sink;
}

double cache_share(int level, int threads, int host_ranks) {
  for (const Cache& cache : data_caches())
    if (cache.level == level) return std::min(cache.bytes, cache.bytes * cache.instances / (threads * host_ranks));
  return 0;
}

}  // namespace limit

std::vector<Limit> measure_limits(const Ranks& ranks, int threads, double budget_seconds) {
  constexpr double rates = 12, of_budget = 0.5;  // the other half: set-up, latencies, first touch
  const limit::Probe probe{ranks, threads, ranks_on_host(ranks), budget_seconds * of_budget / rates};
  std::vector<Limit> limits;
  limit::append_peaks(probe, limits);
  limit::append_bandwidth(probe, limits);
  limit::append_latency(probe, limits);
  limit::append_links(probe, limits);
  return limits;
}

std::vector<Limit> measure_links(const Ranks& ranks) {
  std::vector<Limit> limits;
  limit::append_links({ranks, 1, ranks_on_host(ranks), 0}, limits);
  return limits;
}

std::string limit_for(const std::string& limit, double working_set, int threads, int host_ranks) {
  constexpr double clear_of_cache = 4;
  if (limit != "read" && limit != "triad") return limit;
  for (const int level : {2, 3})
    if (working_set < clear_of_cache * threads * limit::cache_share(level, threads, host_ranks))
      return fmt::format("{}_l{}", limit, level);
  return limit;
}

}  // namespace tandem

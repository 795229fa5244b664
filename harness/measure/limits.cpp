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
  constexpr int least = 3;
  double best = std::numeric_limits<double>::infinity(), spent = 0;  // the same on every rank
  const auto time = [&](int times) {
    probe.ranks.barrier();
    const double seconds = std::max(probe.ranks.max(seconds_of([&] { run(times); })), 1e-9);
    best = std::min(best, seconds / times);
    spent += seconds;
  };
  run(1);
  for (int i = 0; i < least; ++i) time(1);
  const int times = std::max(1, static_cast<int>(repeat / best));
  const int repeats = std::clamp(static_cast<int>(probe.seconds / (best * times)), least, 64);
  int done = least;
  if (times > 1) {  // a call is so short that the clock and the barrier count: these were none
    best = std::numeric_limits<double>::infinity(), spent = 0, done = 0;
  }
  for (; done < repeats && (done < least || spent < 3 * probe.seconds); ++done) time(times);  // a core may be busy
  return probe.ranks.size() * work / best;
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
  limit::append_memory(probe, limits);
  limit::append_links(probe, limits);
  return limits;
}

std::vector<Limit> measure_links(const Ranks& ranks) {
  std::vector<Limit> limits;
  limit::append_links({ranks, 1, ranks_on_host(ranks), 0}, limits);
  return limits;
}

std::string limit_for(const std::string& limit, double working_set, int threads, int host_ranks) {
  if (limit != "read" && limit != "triad") return limit;
  for (const int level : {2, 3})
    if (working_set < limit::clear_of_cache * threads * limit::cache_share(level, threads, host_ranks))
      return fmt::format("{}_l{}", limit, level);
  return limit;
}

}  // namespace tandem

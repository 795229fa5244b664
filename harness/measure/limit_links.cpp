// Latency between two cores (a cache line handed to and fro) and between two ranks (MPI ping-pong).
#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>

#include "harness/device/host.hpp"
#include "harness/measure/limit_probe.hpp"

namespace tandem::limit {
namespace {

constexpr int repeats = 5;

void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

// Seconds one way: two pinned threads raise a counter in turns.
double core_to_core(int first, int second) {
  constexpr int trips = 10'000;
  alignas(128) std::atomic<int> turn{0};
  double best = 1;
  std::thread answer([&] {
    pin(second);
    for (int i = 0; i < (repeats + 1) * trips; ++i) {
      while (turn.load(std::memory_order_acquire) != 2 * i + 1) {
      }
      turn.store(2 * i + 2, std::memory_order_release);
    }
  });
  std::thread ask([&] {
    pin(first);
    for (int repeat = 0, i = 0; repeat <= repeats; ++repeat) {
      const double seconds = seconds_of([&] {
        for (const int end = i + trips; i < end; ++i) {
          turn.store(2 * i + 1, std::memory_order_release);
          while (turn.load(std::memory_order_acquire) != 2 * i + 2) {
          }
        }
      });
      if (repeat > 0) best = std::min(best, seconds / trips / 2);  // the first warms up
    }
  });
  ask.join();
  answer.join();
  return best;
}

// Seconds one way between ranks 0 and 1, on every rank.
double ping_pong(const Ranks& ranks, int bytes, int trips) {
  std::vector<char> message(static_cast<std::size_t>(bytes));
  const MPI_Comm comm = ranks.comm();
  double best = 1;
  for (int repeat = 0; repeat <= repeats && ranks.rank() < 2; ++repeat) {
    const double seconds = seconds_of([&] {
      for (int i = 0; i < trips; ++i) {
        if (ranks.root()) MPI_Send(message.data(), bytes, MPI_BYTE, 1, 7, comm);
        MPI_Recv(message.data(), bytes, MPI_BYTE, 1 - ranks.rank(), 7, comm, MPI_STATUS_IGNORE);
        if (!ranks.root()) MPI_Send(message.data(), bytes, MPI_BYTE, 0, 7, comm);
      }
    });
    if (repeat > 0) best = std::min(best, seconds / trips / 2);
  }
  return on_root(ranks, [&] { return best; });
}

}  // namespace

void append_links(const Probe& probe, std::vector<Limit>& limits) {
  const auto cpus = core_cpus();
  const double cores = on_root(probe.ranks, [&] { return static_cast<double>(cpus.size()); });
  if (cores < 2) {
    limits.push_back({"core_to_core_latency", std::nullopt, "s", "", "rank 0 may use one core only"});
  } else {
    const double seconds = on_root(probe.ranks, [&] { return core_to_core(cpus[0], cpus[1]); });
    limits.push_back({"core_to_core_latency", seconds, "s", "one way, the first two cores of rank 0", ""});
  }
  if (probe.ranks.size() < 2) {
    limits.push_back({"ping_pong_latency", std::nullopt, "s", "", "1 rank"});
    limits.push_back({"ping_pong_bandwidth", std::nullopt, "B/s", "", "1 rank"});
    return;
  }
  constexpr int mebibyte = 1 << 20;
  const double latency = ping_pong(probe.ranks, 8, 1000);
  limits.push_back({"ping_pong_latency", latency, "s", "8 bytes one way, ranks 0 and 1", ""});
  const double seconds = ping_pong(probe.ranks, mebibyte, 20);
  limits.push_back({"ping_pong_bandwidth", mebibyte / seconds, "B/s", "1 MiB one way, ranks 0 and 1", ""});
}

}  // namespace tandem::limit

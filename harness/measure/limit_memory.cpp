// Bandwidth (read-only sum, STREAM triad) from memory and from the level-2 and level-3 caches, and memory latency.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <omp.h>
#include <sys/mman.h>

#include "harness/device/buffer.hpp"
#include "harness/device/host.hpp"
#include "harness/device/stream.hpp"
#include "harness/measure/limit_probe.hpp"

namespace tandem::limit {
namespace {

constexpr double mebibyte = 1 << 20;
constexpr std::size_t granule = 64;  // doubles: eight cache lines

struct Arrays {
  Buffer<double> a, b, c;
  std::size_t part = 0;  // doubles of each array that belong to one thread

  Arrays(std::size_t size, int threads)
      : a(size * static_cast<std::size_t>(threads)), b(a.size()), c(a.size()), part(size) {}
};

// The rate of `pass(offset)` over `bytes` by each thread at the begin of its part of the arrays. The threads start once
// a repeat, not once a pass.
template <typename Pass>
double rate(const Probe& probe, const Arrays& arrays, double bytes, const Pass& pass) {
  const auto passes = std::max(1, static_cast<int>(16 * mebibyte / bytes));  // some tenths of a millisecond
  return best_rate(probe, bytes * passes * probe.threads, [&](int times) {
#pragma omp parallel num_threads(probe.threads)
    for (int i = 0; i < passes * times; ++i) pass(arrays.part * static_cast<std::size_t>(omp_get_thread_num()));
  });
}

double read_rate(const Probe& probe, const Arrays& arrays, std::size_t size, std::size_t ahead = 0) {
  return rate(probe, arrays, static_cast<double>(size * sizeof(double)),
              [&](std::size_t at) { consume(read_sum(arrays.b.data() + at, size, ahead)); });
}

double triad_rate(const Probe& probe, Arrays& arrays, std::size_t size, Stores stores) {
  return rate(probe, arrays, 3 * static_cast<double>(size * sizeof(double)), [&](std::size_t at) {
    triad(arrays.a.data() + at, arrays.b.data() + at, arrays.c.data() + at, 3.0, size, stores);
  });
}

void append_cache(const Probe& probe, Arrays& arrays, int level, std::vector<Limit>& limits) {
  const std::string read = fmt::format("read_l{}", level), triad = fmt::format("triad_l{}", level);
  const double share = cache_share(level, probe.threads, probe.host_ranks);
  const double inner = level == 3 ? cache_share(2, probe.threads, probe.host_ranks) : 0;
  std::string reason;
  if (share == 0)
    reason = fmt::format("hwloc tells of no level-{} cache", level);
  else if (share / 2 < 2 * inner)
    reason = "a thread's share of the level-3 cache is hardly larger than its level-2 cache";
  const auto doubles = static_cast<std::size_t>(share / 2 / sizeof(double)) / granule * granule;
  if (reason.empty() && (doubles == 0 || doubles > arrays.part)) reason = "too little memory";
  if (!reason.empty()) {
    for (const std::string& name : {read, triad}) limits.push_back({name, std::nullopt, "B/s", "", reason});
    return;
  }
  const std::string note = fmt::format("{:.0f} KiB a thread", share / 2 / 1024);
  limits.push_back({read, read_rate(probe, arrays, doubles), "B/s", note, ""});
  limits.push_back({triad, triad_rate(probe, arrays, doubles / 3 / granule * granule, Stores::plain), "B/s", note, ""});
}

void append_memory(const Probe& probe, Arrays& arrays, const std::string& note, std::vector<Limit>& limits) {
  constexpr std::size_t early = 512;  // 4 KiB ahead; kernels that prefetch must not beat the limit by that alone
  const double hardware = read_rate(probe, arrays, arrays.part);
  const double software = read_rate(probe, arrays, arrays.part, early);
  limits.push_back({"read", std::max(hardware, software), "B/s",
                    fmt::format("{}, {} prefetch", note, software > hardware ? "software" : "hardware"), ""});
  const double plain = triad_rate(probe, arrays, arrays.part, Stores::plain);
  const double streaming = has_streaming_stores() ? triad_rate(probe, arrays, arrays.part, Stores::streaming) : 0;
  limits.push_back({"triad", std::max(plain, streaming), "B/s",
                    fmt::format("{}, {} stores", note, streaming > plain ? "streaming" : "plain"), ""});
}

// A ring through all lines of a block in an order that no prefetcher follows; each line holds the next one's address.
struct alignas(64) Line {
  Line* next;
};

// A bijection of the numbers below 2^bits.
std::size_t scramble(std::size_t i, int bits) {
  const std::size_t mask = (std::size_t{1} << bits) - 1;
  for (const std::size_t odd : {0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL}) {
    i = i * odd & mask;
    i ^= i >> (bits / 2);
  }
  return i;
}

double huge_page_kibibytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("AnonHugePages:")) return std::stod(line.substr(14));
  return 0;
}

// Seconds of one dependent load, best of five repeats.
double chase(Line* begin, long loads) {
  double best = 1;
  Line* at = begin;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double seconds = seconds_of([&] {
      for (long i = 0; i < loads; ++i) at = at->next;
      consume(static_cast<double>(reinterpret_cast<std::uintptr_t>(at) & 1));
    });
    best = std::min(best, seconds / static_cast<double>(loads));
  }
  return best;
}

// Latency of memory over `bytes`; `huge` is the share of them that lay in huge pages.
double memory_latency(const Probe& probe, double bytes, double& huge) {
  const auto lines = std::bit_floor(static_cast<std::size_t>(bytes) / sizeof(Line));
  const int bits = std::countr_zero(lines);
  const double before = huge_page_kibibytes();
  constexpr std::size_t huge_page = 2 << 20;
  const std::unique_ptr<Line, decltype(&std::free)> block(
      static_cast<Line*>(std::aligned_alloc(huge_page, lines * sizeof(Line))), &std::free);
  if (!block) throw std::bad_alloc();
  madvise(block.get(), lines * sizeof(Line), MADV_HUGEPAGE);  // else the page tables' latency comes on top
  Line* const ring = block.get();
#pragma omp parallel for schedule(static) num_threads(probe.threads)
  for (std::size_t i = 0; i < lines; ++i) ring[scramble(i, bits)].next = ring + scramble((i + 1) & (lines - 1), bits);
  huge = (huge_page_kibibytes() - before) * 1024 / static_cast<double>(lines * sizeof(Line));
  chase(ring, 1000);
  return chase(ring, 100'000);
}

}  // namespace

void append_bandwidth(const Probe& probe, std::vector<Limit>& limits) {
  const double caches = last_level_cache_bytes() > 0 ? last_level_cache_bytes() : 64 * mebibyte;
  // The same on every rank: the least memory that any host has.
  const double memory = -probe.ranks.max(-available_memory_bytes()) / 2 / 3 / probe.host_ranks;
  const double bytes = std::min(4 * caches / probe.host_ranks, memory);
  const auto part = static_cast<std::size_t>(bytes / sizeof(double) / probe.threads) / granule * granule;
  Arrays arrays(std::max(part, granule), probe.threads);
  if (bytes * probe.host_ranks < 2 * caches) {
    for (const char* name : {"read", "triad"})
      limits.push_back({name, std::nullopt, "B/s", "", "too little memory for arrays clear of the caches"});
  } else {
    append_memory(probe, arrays, fmt::format("{:.0f} MiB an array and rank", bytes / mebibyte), limits);
  }
  append_cache(probe, arrays, 2, limits);
  append_cache(probe, arrays, 3, limits);
}

void append_latency(const Probe& probe, std::vector<Limit>& limits) {
  double cache = 0;
  for (const Cache& level : data_caches()) cache = level.bytes;
  const double wanted = std::max(256 * mebibyte, 4 * cache);
  const auto bytes = static_cast<double>(std::bit_ceil(static_cast<std::size_t>(wanted)));
  if (-probe.ranks.max(-available_memory_bytes()) < 2 * bytes) {
    limits.push_back({"memory_latency", std::nullopt, "s", "", "too little memory for a ring clear of the caches"});
    return;
  }
  double huge = 0;
  const double seconds = on_root(probe.ranks, [&] { return memory_latency(probe, bytes, huge); });
  huge = on_root(probe.ranks, [&] { return huge; });
  limits.push_back(
      {"memory_latency", seconds, "s",
       fmt::format("dependent loads over {:.0f} MiB, {:.0f} % in huge pages", bytes / mebibyte, 100 * huge), ""});
}

}  // namespace tandem::limit

// Bandwidth (read-only sum, STREAM triad) from memory and from the level-2 and level-3 caches, and memory latency.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <omp.h>
#include <sys/mman.h>

#include "harness/device/host.hpp"
#include "harness/device/stream.hpp"
#include "harness/measure/limit_probe.hpp"

namespace tandem::limit {
namespace {

constexpr double mebibyte = 1 << 20;
constexpr std::size_t granule = 512;  // doubles: a page, so that all parts and arrays lie alike in theirs

constexpr std::size_t huge_page = 2 << 20;

double huge_page_kibibytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("AnonHugePages:")) return std::stod(line.substr(14));
  return 0;
}

// Memory in huge pages where there are some (else the page tables' latency comes on top of the memory's), touched in
// parts by the threads that read them: for one array, or three of a triad side by side.
struct Block {
  std::size_t part = 0;  // doubles of a thread
  std::size_t bytes = 0;
  std::unique_ptr<double, decltype(&std::free)> data{nullptr, &std::free};
  double huge = 0;  // share in huge pages

  Block(double wanted, int threads)
      : part(std::max(static_cast<std::size_t>(wanted / sizeof(double) / threads) / granule * granule, granule)),
        bytes((part * sizeof(double) * static_cast<std::size_t>(threads) + huge_page - 1) / huge_page * huge_page) {
    const double before = huge_page_kibibytes();
    data.reset(static_cast<double*>(std::aligned_alloc(huge_page, bytes)));
    if (!data) throw std::bad_alloc();
    madvise(data.get(), bytes, MADV_HUGEPAGE);
#pragma omp parallel num_threads(threads)
    std::fill_n(data.get() + part * static_cast<std::size_t>(omp_get_thread_num()), part, 1.0);
    huge = (huge_page_kibibytes() - before) * 1024 / static_cast<double>(bytes);
  }
};

// The rate of `pass(begin)` over `bytes` by each thread at the begin of its part. The threads start once a repeat, not
// once a pass.
template <typename Pass>
double rate(const Probe& probe, Block& block, double bytes, const Pass& pass) {
  const auto passes = std::max(1, static_cast<int>(16 * mebibyte / bytes));  // some tenths of a millisecond
  return best_rate(probe, bytes * passes * probe.threads, [&](int times) {
#pragma omp parallel num_threads(probe.threads)
    for (int i = 0; i < passes * times; ++i)
      pass(block.data.get() + block.part * static_cast<std::size_t>(omp_get_thread_num()));
  });
}

// `size` doubles a thread.
double read_rate(const Probe& probe, Block& block, std::size_t size, std::size_t ahead = 0) {
  return rate(probe, block, static_cast<double>(size * sizeof(double)),
              [&](const double* begin) { consume(read_sum(begin, size, ahead)); });
}

// Three arrays in `size` doubles a thread.
double triad_rate(const Probe& probe, Block& block, std::size_t size, Stores stores) {
  const std::size_t array = size / 3 / granule * granule;
  return rate(probe, block, 3 * static_cast<double>(array * sizeof(double)),
              [&](double* begin) { triad(begin, begin + array, begin + 2 * array, 3.0, array, stores); });
}

void append_cache(const Probe& probe, Block& block, int level, std::vector<Limit>& limits) {
  const std::string read = fmt::format("read_l{}", level), triad = fmt::format("triad_l{}", level);
  const double share = cache_share(level, probe.threads, probe.host_ranks);
  const double inner = level == 3 ? cache_share(2, probe.threads, probe.host_ranks) : 0;
  std::string reason;
  if (share == 0)
    reason = fmt::format("hwloc tells of no level-{} cache", level);
  else if (share / 2 < 2 * inner)
    reason = "a thread's share of the level-3 cache is hardly larger than its level-2 cache";
  const auto doubles = static_cast<std::size_t>(share / 2 / sizeof(double)) / granule * granule;
  if (reason.empty() && (doubles < 3 * granule || doubles > block.part)) reason = "too little memory";
  if (!reason.empty()) {
    for (const std::string& name : {read, triad}) limits.push_back({name, std::nullopt, "B/s", "", reason});
    return;
  }
  const std::string note = fmt::format("{:.0f} KiB a thread", share / 2 / 1024);
  limits.push_back({read, read_rate(probe, block, doubles), "B/s", note, ""});
  limits.push_back({triad, triad_rate(probe, block, doubles, Stores::plain), "B/s", note, ""});
}

void append_rates(const Probe& probe, Block& block, const std::string& note, std::vector<Limit>& limits) {
  constexpr std::size_t early = 512;  // 4 KiB ahead; kernels that prefetch must not beat the limit by that alone
  const double hardware = read_rate(probe, block, block.part);
  const double software = read_rate(probe, block, block.part, early);
  limits.push_back({"read", std::max(hardware, software), "B/s",
                    fmt::format("{}, {} prefetch", note, software > hardware ? "software" : "hardware"), ""});
  const double plain = triad_rate(probe, block, block.part, Stores::plain);
  const double streaming = has_streaming_stores() ? triad_rate(probe, block, block.part, Stores::streaming) : 0;
  limits.push_back({"triad", std::max(plain, streaming), "B/s",
                    fmt::format("{}, {} stores", note, streaming > plain ? "streaming" : "plain"), ""});
}

// A ring through all lines of a block in an order that no prefetcher follows; each line holds the next one's address.
struct alignas(64) Line {
  Line* next;
};

// A bijection of the numbers below `count`: of those below the next power of two, again while the result is too large.
std::size_t scramble(std::size_t i, std::size_t count) {
  const auto bits = static_cast<int>(std::bit_width(count - 1));
  const std::size_t mask = (std::size_t{1} << bits) - 1;
  do {
    for (const std::size_t odd : {0x9e3779b97f4a7c15ULL, 0xbf58476d1ce4e5b9ULL}) {
      i = i * odd & mask;
      i ^= i >> (bits / 2);
    }
  } while (i >= count);
  return i;
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

// Latency of memory over all of the block.
double memory_latency(const Probe& probe, Block& block) {
  const std::size_t lines = block.bytes / sizeof(Line);
  Line* const ring = reinterpret_cast<Line*>(block.data.get());
#pragma omp parallel for schedule(static) num_threads(probe.threads)
  for (std::size_t i = 0; i < lines; ++i) ring[scramble(i, lines)].next = ring + scramble((i + 1) % lines, lines);
  chase(ring, 1000);
  return chase(ring, 100'000);
}

void append_latency(const Probe& probe, Block& block, double memory, std::vector<Limit>& limits) {
  double cache = 0;
  for (const Cache& level : data_caches()) cache = level.bytes;
  const double wanted = std::max(256 * mebibyte, clear_of_cache * cache);
  if (memory < wanted) {
    limits.push_back({"memory_latency", std::nullopt, "s", "", "too little memory for a ring clear of the caches"});
    return;
  }
  std::string note;
  const double seconds = on_root(probe.ranks, [&] {
    // One core's latency may need more than this rank's share of a host's block.
    std::optional<Block> own;
    if (static_cast<double>(block.bytes) < 0.99 * wanted) own.emplace(wanted, probe.threads);
    Block& ring = own ? *own : block;
    note = fmt::format("dependent loads over {:.0f} MiB, {:.0f} % in huge pages",
                       static_cast<double>(ring.bytes) / mebibyte, 100 * ring.huge);
    return memory_latency(probe, ring);
  });
  limits.push_back({"memory_latency", seconds, "s", note, ""});
}

}  // namespace

void append_memory(const Probe& probe, std::vector<Limit>& limits) {
  const double caches = last_level_cache_bytes() > 0 ? last_level_cache_bytes() : 64 * mebibyte;
  // The same on every rank: the least memory that any host has.
  const double memory = -probe.ranks.max(-available_memory_bytes()) / 2;
  const double bytes = std::min(clear_of_cache * caches, memory) / probe.host_ranks;
  Block block(bytes, probe.threads);
  if (bytes * probe.host_ranks < 2 * caches) {
    for (const char* name : {"read", "triad"})
      limits.push_back({name, std::nullopt, "B/s", "", "too little memory for a block clear of the caches"});
  } else {
    append_rates(probe, block, fmt::format("over {:.0f} MiB a rank", bytes / mebibyte), limits);
  }
  append_cache(probe, block, 2, limits);
  append_cache(probe, block, 3, limits);
  append_latency(probe, block, memory, limits);
}

}  // namespace tandem::limit

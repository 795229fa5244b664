// The limits of this machine, measured beside the kernels: what no run can exceed. docs/method.md section 3.
// Names: fp64 fp32 bf16 int8 (flop/s, multiply-adds count two); read, triad (B/s, STREAM bytes) from memory and
// read_l2, read_l3, triad_l2, triad_l3 from a cache; memory_latency, core_to_core_latency, ping_pong_latency (s);
// ping_pong_bandwidth (B/s); file_write, file_read, file_read_cold (B/s).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem {

struct Limit {
  std::string name;
  std::optional<double> value;  // absent: not measured, and `reason` says why
  std::string unit;
  std::string note;    // how it was measured, where that matters
  std::string reason;  // why there is no value
};

// Collective; every rank returns the same. Rates are the sum over all ranks, each with `threads` threads, all at once;
// latencies are measured by rank 0 alone. Takes about `budget_seconds`, half of it in repeats (the best one counts).
std::vector<Limit> measure_limits(const Ranks& ranks, int threads, double budget_seconds = 2.5);

// The links alone: core_to_core_latency and ping_pong_*. Collective.
std::vector<Limit> measure_links(const Ranks& ranks);

// The file system of `folder`: file_write (with fsync), file_read (page cache), file_read_cold. By this process alone.
std::vector<Limit> measure_files(const std::filesystem::path& folder);

// The limit that a kernel's Facts::limit means for this working set (of one rank): "read" becomes "read_l2" or
// "read_l3" where the set does not clearly come from memory. A cache counts as left behind from four times its size
// (STREAM's rule): in between, part of the accesses hit and may exceed the outer level's limit.
std::string limit_for(const std::string& limit, double working_set, int threads, int host_ranks = 1);

}  // namespace tandem

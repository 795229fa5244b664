// The noise guard: what a measurement could not have known of itself. A reading is taken before and after a case;
// judged together they give one reason per check, with the measured value and its limit; any that is exceeded makes
// the result UNSTABLE (docs/method.md section 2). What the machine does not tell is "not judged", never 0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// Seconds of all processors of a node since boot, from /proc/stat.
struct CpuSeconds {
  double total = 0;
  double busy = 0;   // user, nice, system, interrupts; the guest's time is in user already
  double steal = 0;  // taken by the hypervisor for others
  int cpus = 0;
  double tick = 0.01;  // the step of these counters
};

// The state of one node; counters run since boot.
struct NoiseReading {
  double seconds = 0;               // steady clock
  std::optional<double> fma;        // seconds of the canary's fixed FMA loop, median of its repeats
  std::optional<double> triad;      // the same of its fixed triad
  std::optional<CpuSeconds> cpu;    // of the node
  double own_cpu = 0;               // CPU seconds of this run's ranks on the node
  std::optional<double> throttles;  // thermal throttling events
  std::optional<double> quota;      // periods in which the control group's CPU quota stopped this run
  int ranks = 1;                    // of this run on the node
  int threads = 1;                  // of each rank
  int cores = 1;                    // processors that the ranks on the node may use
};

// Takes a reading: about 50 ms of canary on all threads of all ranks at once, then the counters under `root`.
// Collective; ranks of one node get the same counts.
NoiseReading read_noise(const Ranks& ranks, int threads, const std::filesystem::path& root = "/");

struct Reason {
  std::string check;            // "canary fma"
  std::optional<double> value;  // nothing: not judged, `text` says why
  double limit = 0;
  bool unstable = false;
  std::string text;                  // "canary fma drifted 4.2 % (limit 3 %)"
  std::vector<double> seconds = {};  // of a canary: its readings before and after, of all ranks the slowest
};

// All checks in a fixed order, the worst of all ranks' values; collective. `samples` are the seconds per run (or the
// times of the launches), in order; `is_kernel` false: a pipeline.
std::vector<Reason> judge_noise(const NoiseReading& before, const NoiseReading& after, std::span<const double> samples,
                                bool is_kernel, const Ranks& ranks);
// The same for this rank alone.
std::vector<Reason> judge_noise(const NoiseReading& before, const NoiseReading& after, std::span<const double> samples,
                                bool is_kernel);

bool unstable(const std::vector<Reason>& reasons);

// {"record": "noise", "checks": [{"check", "value", "limit", "unstable", "text"}]}; the value is null where a check was
// not judged; canaries have "seconds", too: what a later run on the same machine is compared with.
Json noise_record(const std::vector<Reason>& reasons);

// /proc/stat under `root`; nothing where it is absent, unreadable or all zero (some sandboxes).
std::optional<CpuSeconds> read_cpu_seconds(const std::filesystem::path& root);

}  // namespace tandem

// Two programs measured again in turn, fresh launches of one case on each side: whether tonight's program or the night
// was dear. The order within each pair of launches is drawn from a seed that is printed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"

namespace tandem {

struct RerunOptions {
  std::string fresh, good;    // programs: tonight's, and the last good one
  std::string config;         // a plan of class quick, for a launch is a run of it
  int launches = 6;           // a side
  std::uint64_t seed = 1;     // of the order
  std::filesystem::path out;  // the sealed result directories of all launches, kept
};

struct Rerun {
  Exit code = Exit::ok;                            // interrupted, terminated: not all launches were run
  std::vector<std::filesystem::path> fresh, good;  // sealed directories
};

// Runs every case; shows progress. A launch that fails is an error that names its log.
Rerun run_again(const std::vector<std::string>& cases, const RerunOptions& options);

// What the launches say of figures, each with its delta (in the logarithm): {"verdict" of tonight's program against the
// good one, "ratio", "ci95", "p" after Holm's correction over all of them, "launches": [tonight's, good]}.
std::vector<Json> findings_of(const Rerun& rerun, const std::vector<std::pair<std::string, double>>& foms);

}  // namespace tandem

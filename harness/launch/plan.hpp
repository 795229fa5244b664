// The plan of a run: every case, problem and launch with its seed, in the order of execution. It is written and hashed
// before the first launch; its digest is the `config` of the result line and enters the hold-out seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/launch/config.hpp"

namespace tandem {

// One launch: fresh worker processes for one case (and arm).
struct Job {
  enum class Kind { limits, kernel, arm, pairing };
  std::string id;  // "k003.1": unique in the plan, names its folder
  Kind kind = Kind::kernel;
  std::size_t item = 0;  // index into Plan::config.cases; unused for limits
  ArmId arm;             // pipelines only
  int launch = 0;        // block number; every arm of a block has the same seed
  std::uint64_t seed = 0;
  int ranks = 1;     // of a limits job; else the case's
  std::string when;  // limits: "before", "after", "again"
};

struct Plan {
  Config config;
  std::vector<Job> jobs;
};

std::string kind_name(Job::Kind kind);
Plan make_plan(const Config& config);
Json to_json(const Plan& plan);
Plan plan_of(const Json& document);
std::string plan_digest(const Json& document);

}  // namespace tandem

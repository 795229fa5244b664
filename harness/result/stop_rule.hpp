// How many launches a case needs (docs/method.md, section 2). Classes official and procurement plan up to 20 and look
// after 10, 14 and 20 of them, never before the least number that was asked for: looking after each would stop on luck.
// A case stops at the first look at which half the width of the 95 % interval of its median is at most 1 % (kernel) or
// 2.5 % (pipeline, in every arm) of the median. Launches are fresh processes and are taken as independent.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/result/records.hpp"

namespace tandem {

inline constexpr std::size_t most_launches = 20;

// The numbers of launches at which a plan of `least` to `most` looks; one number: no stop rule.
std::vector<std::size_t> looks_of(std::size_t least, std::size_t most);

double launch_target(bool is_kernel);  // half-width over median

struct LaunchCount {
  std::size_t needed = 1;  // as many as are asked for, by what those that were run say
  bool looked = false;     // the stop rule has decided at `needed`
  std::map<std::string, double>
      half_width;  // over the median, at that look, by arm ("": a kernel); infinite without one
};

// `item`: a case of the plan. Pure: the run asks it what comes next, and `verify` whether that was run.
LaunchCount launches_needed(const Records& records, const Json& item);

// null without a stop rule; else {"launches", "half_width", "limit", "converged"} of an arm ("": a kernel).
Json convergence_json(const Records& records, const Json& item, const std::string& arm);
// "" or "unconverged: half the interval is 3.1 % of the median after 20 launches (limit 2.5 %)".
std::string unconverged(const Json& convergence);

}  // namespace tandem

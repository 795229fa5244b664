#include "harness/kernel/choose.hpp"

#include <algorithm>
#include <limits>

#include "harness/measure/clock.hpp"

namespace tandem {

std::size_t fastest(const Ranks& ranks, const std::vector<Candidate>& candidates, int rounds) {
  std::vector<double> best(candidates.size(), std::numeric_limits<double>::infinity());
  for (const Candidate& candidate : candidates) candidate.run();
  for (int round = 0; round < rounds; ++round)  // interleaved: what disturbs the machine disturbs all of them
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      ranks.barrier();
      const double start = now_seconds();
      candidates[i].run();
      best[i] = std::min(best[i], ranks.max(now_seconds() - start) * candidates[i].weight);
    }
  return static_cast<std::size_t>(std::min_element(best.begin(), best.end()) - best.begin());
}

}  // namespace tandem

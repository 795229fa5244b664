// Two or more sealed results against the first: ratios with intervals, verdicts on the headline figures, what may not
// be compared, what the results were measured on, and scores (docs/method.md, section 6; schema
// results/schema/comparison-1.schema.json).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/result/aa_threshold.hpp"

namespace tandem {

struct Compared {
  std::string label;   // "A", "B", ...
  std::string folder;  // as the user wrote it
  std::string root;    // SHA-256 of the manifest
  Json document, plan;
  std::optional<AaThreshold> aa;  // of the machine that it was measured on
};

// The first is A. `reference`: of the scores; nullptr: A. A document "tandem-comparison/1", without its program.
Json comparison_of(const std::vector<Compared>& results, const Compared* reference = nullptr);

// How many figures of all its comparisons could be compared, and of how many headline figures a verdict was reached.
struct Outcomes {
  std::size_t compared = 0, decided = 0;
};
Outcomes outcomes_of(const Json& comparison);

}  // namespace tandem

// K7, break-even of co-location: where along a sweep of the split two ways of placing the same work take equally long.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/measure/statistics.hpp"

namespace tandem {

// One split of a sweep: share = s / (s + t) of the cores simulate; ratio = T_split / T_colocated with its interval.
struct SplitPoint {
  double share = 0;
  double ratio = 1;
  std::optional<Interval> ci;
};

struct BreakEven {
  double share = 0;            // where ln(ratio) = 0, linear between neighbouring points
  std::optional<Interval> ci;  // shares at which the points' intervals, joined likewise, hold 0; within the sweep
};

// `points` by rising share. A ratio of exactly 1 is a crossing of its own.
std::vector<BreakEven> crossings(const std::vector<SplitPoint>& points);

// "break-even at a share of 0.42 ..." or "no crossing in [0.25, 0.75]; winner = in_memory".
std::string break_even_words(const std::vector<SplitPoint>& points);

}  // namespace tandem

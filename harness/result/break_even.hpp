// K7, break-even of co-location: where along a sweep of the split two ways of placing the same work take equally long.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/measure/statistics.hpp"

namespace tandem {

// One point of a sweep, at the share of the cores that simulate or at the logarithm of a size; ratio = T_split /
// T_colocated with its interval.
struct SweepPoint {
  double at = 0;
  double ratio = 1;
  std::optional<Interval> ci;
};

struct BreakEven {
  double at = 0;               // where ln(ratio) = 0, linear between neighbouring points
  std::optional<Interval> ci;  // places at which the points' intervals, joined likewise, hold 0; within the sweep
};

// `points` by rising place. A ratio of exactly 1 is a crossing of its own.
std::vector<BreakEven> crossings(const std::vector<SweepPoint>& points);

// "break-even at a share of 0.42 ..." or "no crossing in [0.25, 0.75]; winner = in_memory".
std::string break_even_words(const std::vector<SweepPoint>& points);

}  // namespace tandem

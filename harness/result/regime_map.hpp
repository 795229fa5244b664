// The regime map (docs/method.md, 4.5): where along a sweep of measured points the coupling speed-up S_c passes a
// level. A sweep is points in the order in which one setting grows.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/measure/statistics.hpp"

namespace tandem {

inline constexpr std::array<double, 3> regime_levels = {1.1, 2, 3};

// A place on the map: training work per byte handed over, bytes per second of simulation.
struct Place {
  double flops_per_byte = 0, bytes_per_second = 0;
};

struct RegimePoint {
  Place at;
  double speedup = 1;  // S_c
  std::optional<Interval> ci;
};

// Between points `after` and `after + 1`: ln S_c is taken as linear between them, and so are the logarithms of the
// place. `ci`: where the points' intervals, joined likewise, hold the level; within the sweep.
struct LevelCrossing {
  std::size_t after = 0;
  Place at;
  std::optional<std::array<Place, 2>> ci;
};
std::vector<LevelCrossing> level_crossings(const std::vector<RegimePoint>& sweep, double level);

// "S_c = 2 at 13 flop/B, 400 MB/s", or "S_c = 3 not reached: 1.02 to 1.31".
std::string level_words(const std::vector<RegimePoint>& sweep, double level);

// "below 1.1", "1.1 to 2", "2 to 3" or "3 and more".
std::string region_of(double speedup);

}  // namespace tandem

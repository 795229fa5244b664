// Where a series changes its level or spread: E-divisive (Matteson and James, JASA 109, 2014, 334-345) with the energy
// distance of exponent alpha = 1, which asks of the distribution no more than a finite mean. Of two samples x and y of
// n and m values
//   Q = n m / (n + m) (2 mean |x_i - y_j| - mean_{i<k} |x_i - x_k| - mean_{j<l} |y_j - y_l|),
// each mean over all pairs (U-statistics, as in the paper). Pure functions; every value must be finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tandem {

double energy_statistic(std::span<const double> x, std::span<const double> y);  // both of 2 values or more

struct ChangePoint {
  std::size_t at = 0;    // the first value of the new segment
  double statistic = 0;  // Q of the two halves when it was found
  double p = 1;          // of the permutation test: (1 + permutations with a Q as large) / (1 + permutations)
};

struct Divisive {
  std::size_t least = 5;  // values of a segment
  double level = 0.001;
  std::size_t permutations = 999;
  std::uint64_t seed = 1;
};

// In rising order of `at`. Divides the series where Q is largest, then the segments, as long as the permutation test
// (within segments, of the largest Q of all of them) stays at or below the level. Each segment is divided by all of
// its values (kappa = the segment's end). O(n^2) a permutation; a test ends as soon as it can no longer reach the
// level.
std::vector<ChangePoint> change_points(std::span<const double> series, const Divisive& options = {});

}  // namespace tandem

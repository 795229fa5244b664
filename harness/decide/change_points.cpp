#include "harness/decide/change_points.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem {
namespace {

// Sum of |value - x_k| over k < count.
double distances(const double* x, std::size_t count, double value) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t k = 0; k < count; ++k) sum += std::abs(value - x[k]);
  return sum;
}

double pairs(double count) { return count * (count - 1) / 2; }

// `between`, `left`, `right`: sums of distances over all pairs across and within the two halves.
double statistic(double n, double m, double between, double left, double right) {
  return n * m / (n + m) * (2 * between / (n * m) - left / pairs(n) - right / pairs(m));
}

// A segment's values with the sum of each one's distances to all others of the segment, which a permutation keeps.
struct Segment {
  std::size_t begin = 0;
  std::vector<double> values, sums;
  double total = 0;  // over all pairs
};

Segment segment_of(std::span<const double> series, std::size_t begin, std::size_t end) {
  Segment segment;
  segment.begin = begin;
  segment.values.assign(series.begin() + static_cast<std::ptrdiff_t>(begin),
                        series.begin() + static_cast<std::ptrdiff_t>(end));
  for (const double value : segment.values)
    segment.sums.push_back(distances(segment.values.data(), segment.values.size(), value));
  segment.total = std::accumulate(segment.sums.begin(), segment.sums.end(), 0.0) / 2;
  return segment;
}

struct Split {
  std::size_t at = 0;  // within the segment; 0: it is too short
  double statistic = 0;
};

// The largest Q over all places; the left half grows value by value: sums across = sums of the left half's values to
// all, less twice those within it.
Split best_split(const Segment& segment, std::size_t least) {
  const std::size_t n = segment.values.size();
  Split best;
  double left = 0, to_all = 0;
  for (std::size_t at = 1; at + least <= n; ++at) {
    left += distances(segment.values.data(), at - 1, segment.values[at - 1]);
    to_all += segment.sums[at - 1];
    if (at < least) continue;
    const double between = to_all - 2 * left;
    const double q =
        statistic(static_cast<double>(at), static_cast<double>(n - at), between, left, segment.total - left - between);
    if (best.at == 0 || q > best.statistic) best = {at, q};
  }
  return best;
}

void shuffle(Segment& segment, std::uint64_t seed, std::uint64_t stream) {
  for (std::size_t i = segment.values.size(); i > 1; --i) {
    const std::size_t j = random_bits(seed, stream, segment.begin + i) % i;  // the bias is below i / 2^64
    std::swap(segment.values[i - 1], segment.values[j]);
    std::swap(segment.sums[i - 1], segment.sums[j]);
  }
}

// p of the largest Q of all segments; above the level it is a lower bound, for the test ended early.
double permutation_p(std::vector<Segment> segments, double observed, const Divisive& options, std::uint64_t round) {
  const double count = static_cast<double>(options.permutations) + 1;
  double as_large = 1;
  for (std::size_t permutation = 0; permutation < options.permutations; ++permutation) {
    double most = -INFINITY;
    for (Segment& segment : segments) {
      shuffle(segment, options.seed, round * options.permutations + permutation);
      if (const Split split = best_split(segment, options.least); split.at > 0) most = std::max(most, split.statistic);
    }
    if (most >= observed * (1 - 1e-12)) ++as_large;
    if (as_large / count > options.level) break;
  }
  return as_large / count;
}

}  // namespace

double energy_statistic(std::span<const double> x, std::span<const double> y) {
  check(x.size() >= 2 && y.size() >= 2, "the energy distance of {} and {} values", x.size(), y.size());
  double between = 0, left = 0, right = 0;
  for (const double value : x) between += distances(y.data(), y.size(), value);
  for (std::size_t i = 1; i < x.size(); ++i) left += distances(x.data(), i, x[i]);
  for (std::size_t i = 1; i < y.size(); ++i) right += distances(y.data(), i, y[i]);
  return statistic(static_cast<double>(x.size()), static_cast<double>(y.size()), between, left, right);
}

std::vector<ChangePoint> change_points(std::span<const double> series, const Divisive& options) {
  check(options.least >= 2, "segments of {} values; 2 are the least", options.least);
  std::vector<ChangePoint> found;
  if (series.empty()) return found;
  std::vector<Segment> segments = {segment_of(series, 0, series.size())};
  for (std::uint64_t round = 0;; ++round) {
    std::size_t chosen = 0;
    Split best;
    for (std::size_t i = 0; i < segments.size(); ++i)
      if (const Split split = best_split(segments[i], options.least);
          split.at > 0 && (best.at == 0 || split.statistic > best.statistic)) {
        chosen = i;
        best = split;
      }
    if (best.at == 0 || best.statistic <= 0) break;
    const double p = permutation_p(segments, best.statistic, options, round);
    if (p > options.level) break;
    const std::size_t begin = segments[chosen].begin, end = begin + segments[chosen].values.size();
    found.push_back({begin + best.at, best.statistic, p});
    segments[chosen] = segment_of(series, begin, begin + best.at);
    segments.insert(segments.begin() + static_cast<std::ptrdiff_t>(chosen) + 1,
                    segment_of(series, begin + best.at, end));
  }
  std::sort(found.begin(), found.end(), [](const ChangePoint& a, const ChangePoint& b) { return a.at < b.at; });
  return found;
}

}  // namespace tandem

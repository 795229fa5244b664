// Statistics of samples and launches: pure functions, distribution-free, each formula beside its implementation
// (docs/method.md sections 2, 4 and 6). Every input must be finite and not empty; ratios want costs > 0.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace tandem {

struct Interval {
  double low = 0;
  double high = 0;
};

// The least n with a two-sided 95 % nonparametric interval of the median: 2 (1/2)^n <= 0.05.
inline constexpr std::size_t least_launches = 6;

double median(std::span<const double> x);
Interval quartiles(std::span<const double> x);  // linear interpolation at 1 + (n-1)p (Hyndman and Fan's type 7)
double mad(std::span<const double> x);          // median absolute deviation from the median, unscaled
double geometric_mean(std::span<const double> x);
double autocorrelation(std::span<const double> x);  // lag 1, bias corrected, clamped to [0, 0.95]
double correlation_time(double rho);                // tau = (1 + rho) / (1 - rho)
std::vector<bool> outliers(std::span<const double> x);

// Rank l of the 95 % interval [x_(l), x_(n+1-l)] of the median; 0 where there is none.
std::size_t median_rank(std::size_t n, double rho = 0);
std::optional<Interval> median_ci(std::span<const double> x, double rho = 0);

struct Summary {
  std::size_t n = 0;
  double median = 0, min = 0, max = 0, q1 = 0, q3 = 0, mad = 0;
  double rho = 0;
  std::optional<Interval> ci;  // 95 %, of the median, widened by rho
  // Half the width of the interval over the median: the stop rule looks at it; nothing without an interval.
  std::optional<double> half_width() const;
};
Summary summarize(std::span<const double> x);

// How many times dearer a is than b: costs of launches, Hodges-Lehmann on their logarithms.
struct Ratio {
  double value = 1;
  std::optional<Interval> ci;  // nothing under 6 launches
  double p = 1;                // two-sided, exact, of "no difference"
};
Ratio hl_ratio(std::span<const double> a, std::span<const double> b, double level = 0.95);         // Mann-Whitney
Ratio hl_ratio_paired(std::span<const double> a, std::span<const double> b, double level = 0.95);  // signed rank

// Holm's step-down over a family of tests: each p as if it stood alone at the family's level, in the order given,
// never above 1. Sorted, p_(i) becomes max over j <= i of (m - j + 1) p_(j) (Holm 1979).
std::vector<double> holm(std::span<const double> p);

// Trend over the order of the samples; nothing under 10 samples.
struct Trend {
  double p = 1;       // Mann-Kendall, two-sided
  double change = 0;  // Theil-Sen slope times (n - 1), over the median
};
std::optional<Trend> trend(std::span<const double> x);

// One-sided p of "own is no better than rival": sign test over pairs of errors.
double sign_test(std::span<const double> own, std::span<const double> rival);

// A Wilks plan: a hold-out of `cases` passes with at most `allowed` above the target error.
struct GatePlan {
  std::size_t cases = 0;
  std::size_t allowed = 0;
};
// The chance that a launch passes whose cases fail with probability `failure` each: P(Bin(cases, failure) <= allowed).
double pass_probability(const GatePlan& plan, double failure);
// The confidence with which a pass shows that at least `coverage` of all cases meet the target:
// 1 - P(Bin(cases, 1 - coverage) <= allowed).
double gate_confidence(const GatePlan& plan, double coverage = 0.95);

}  // namespace tandem

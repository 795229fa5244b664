#include "harness/measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <boost/math/distributions/binomial.hpp>

#include "harness/base/check.hpp"

namespace tandem {

namespace {

std::vector<double> sorted(std::span<const double> x) {
  check(!x.empty(), "statistics of no samples");
  for (double value : x) check(std::isfinite(value), "statistics of a sample that is {}", value);
  std::vector<double> order(x.begin(), x.end());
  std::sort(order.begin(), order.end());
  return order;
}

// Quantile of sorted values: linear between the order statistics around position (n - 1) p.
double quantile(std::span<const double> order, double p) {
  const double position = static_cast<double>(order.size() - 1) * p;
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, order.size() - 1);
  return std::lerp(order[below], order[above], position - static_cast<double>(below));
}

// P(Bin(n, p) <= k).
double binomial(std::size_t n, double p, std::size_t k) {
  if (k >= n) return 1;
  return boost::math::cdf(boost::math::binomial(static_cast<double>(n), p), static_cast<double>(k));
}

}  // namespace

double median(std::span<const double> x) { return quantile(sorted(x), 0.5); }

Interval quartiles(std::span<const double> x) {
  const std::vector<double> order = sorted(x);
  return {quantile(order, 0.25), quantile(order, 0.75)};
}

double mad(std::span<const double> x) {
  const double middle = median(x);
  std::vector<double> distance;
  for (double value : x) distance.push_back(std::abs(value - middle));
  return median(distance);
}

double geometric_mean(std::span<const double> x) {
  check(!x.empty(), "geometric mean of nothing");
  double sum = 0;
  for (double value : x) {
    check(value > 0 && std::isfinite(value), "geometric mean of {}", value);
    sum += std::log(value);
  }
  return std::exp(sum / static_cast<double>(x.size()));
}

// rho = sum (x_i - m)(x_{i+1} - m) / sum (x_i - m)^2, then rho += (1 + 3 rho) / n (Kendall's bias), then clamped.
double autocorrelation(std::span<const double> x) {
  check(!x.empty(), "statistics of no samples");
  const auto n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares += (x[i] - mean) * (x[i] - mean);
    if (i + 1 < x.size()) products += (x[i] - mean) * (x[i + 1] - mean);
  }
  if (!(squares > 0)) return 0;
  const double rho = products / squares;
  return std::clamp(rho + (1 + 3 * rho) / n, 0.0, 0.95);
}

double correlation_time(double rho) { return (1 + rho) / (1 - rho); }

// |0.6745 (x - med) / MAD| > 3.5 (Iglewicz and Hoaglin), written so that MAD = 0 flags whatever differs.
std::vector<bool> outliers(std::span<const double> x) {
  const double middle = median(x);
  const double scale = mad(x);
  std::vector<bool> flags;
  for (double value : x) flags.push_back(0.6745 * std::abs(value - middle) > 3.5 * scale);
  return flags;
}

// Independent samples: l = max{l : 2 P(Bin(n, 1/2) <= l - 1) <= 0.05}. With rho > 0:
// l = floor(n/2 - 0.98 sqrt(n tau)) + 1, never above the independent l (that approximation is narrower than the exact
// interval for some n, 5 and 14 among them, and correlation must not narrow an interval).
std::size_t median_rank(std::size_t n, double rho) {
  std::size_t rank = 0;
  while (rank < n / 2 && 2 * binomial(n, 0.5, rank) <= 0.05) ++rank;
  if (rho > 0) {
    const auto count = static_cast<double>(n);
    const double wide = std::floor(count / 2 - 0.98 * std::sqrt(count * correlation_time(rho))) + 1;
    rank = std::min(rank, wide < 1 ? std::size_t{0} : static_cast<std::size_t>(wide));
  }
  return rank;
}

std::optional<Interval> median_ci(std::span<const double> x, double rho) {
  const std::size_t rank = median_rank(x.size(), rho);
  if (rank < 1) return std::nullopt;
  const std::vector<double> order = sorted(x);
  return Interval{order[rank - 1], order[order.size() - rank]};
}

std::optional<double> Summary::half_width() const {
  if (!ci || !(median > 0)) return std::nullopt;
  return (ci->high - ci->low) / 2 / median;
}

Summary summarize(std::span<const double> x) {
  const std::vector<double> order = sorted(x);
  Summary summary;
  summary.n = x.size();
  summary.median = quantile(order, 0.5);
  summary.min = order.front();
  summary.max = order.back();
  summary.q1 = quantile(order, 0.25);
  summary.q3 = quantile(order, 0.75);
  summary.mad = mad(x);
  summary.rho = autocorrelation(x);
  summary.ci = median_ci(x, summary.rho);
  return summary;
}

namespace {

// Null distribution of Mann and Whitney's U: P_{m,n}(u) = m/(m+n) P_{m-1,n}(u-n) + n/(m+n) P_{m,n-1}(u).
std::vector<double> mann_whitney(std::size_t m, std::size_t n) {
  check_usage(m <= 100 && n <= 100, "exact intervals are for at most 100 launches, not {} and {}", m, n);
  std::vector<std::vector<double>> rows(n + 1, std::vector<double>(m * n + 1, 0.0));  // P_{i,j} of the current i
  for (auto& row : rows) row[0] = 1;
  for (std::size_t i = 1; i <= m; ++i)
    for (std::size_t j = 1; j <= n; ++j) {
      const double share = static_cast<double>(i) / static_cast<double>(i + j);
      std::vector<double> next(m * n + 1, 0.0);
      for (std::size_t u = 0; u <= i * j; ++u)
        next[u] = (u >= j ? share * rows[j][u - j] : 0.0) + (1 - share) * rows[j - 1][u];
      rows[j] = std::move(next);
    }
  return rows[n];
}

// Null distribution of Wilcoxon's signed rank sum: the product over i = 1..n of (1 + q^i) / 2.
std::vector<double> signed_rank(std::size_t n) {
  std::vector<double> chance(n * (n + 1) / 2 + 1, 0.0);
  chance[0] = 1;
  for (std::size_t i = 1; i <= n; ++i)
    for (std::size_t u = chance.size(); u-- > 0;) chance[u] = (chance[u] + (u >= i ? chance[u - i] : 0.0)) / 2;
  return chance;
}

// theta = median of the differences; p = 2 P(U <= k), k the smaller count of differences on one side of 0 (zeros count
// on both, against a difference); interval [d_(c), d_(N+1-c)], c = max{c : 2 P(U <= c - 1) <= 1 - level}, so that the
// interval leaves 0 out exactly when p <= 1 - level.
Ratio invert(std::vector<double> differences, const std::vector<double>& chance, bool enough, double level) {
  std::sort(differences.begin(), differences.end());
  const auto not_above = std::count_if(differences.begin(), differences.end(), [](double d) { return d <= 0; });
  const auto not_below = std::count_if(differences.begin(), differences.end(), [](double d) { return d >= 0; });
  const auto least = static_cast<std::size_t>(std::min(not_above, not_below));
  Ratio ratio;
  ratio.value = std::exp(quantile(differences, 0.5));
  const auto tail = [&](std::size_t k) {
    return std::min(1.0, 2 * std::accumulate(chance.begin(), chance.begin() + static_cast<std::ptrdiff_t>(k) + 1, 0.0));
  };
  ratio.p = tail(least);
  std::size_t rank = 0;
  while (rank < differences.size() / 2 && tail(rank) <= 1 - level) ++rank;
  if (enough && rank >= 1)
    ratio.ci = Interval{std::exp(differences[rank - 1]), std::exp(differences[differences.size() - rank])};
  return ratio;
}

double log_cost(double cost) {
  check(cost > 0 && std::isfinite(cost), "a cost must be positive, not {}", cost);
  return std::log(cost);
}

}  // namespace

Ratio hl_ratio(std::span<const double> a, std::span<const double> b, double level) {
  check(!a.empty() && !b.empty(), "ratio of no launches");
  std::vector<double> differences;
  for (double left : a)
    for (double right : b) differences.push_back(log_cost(left) - log_cost(right));
  return invert(std::move(differences), mann_whitney(a.size(), b.size()),
                std::min(a.size(), b.size()) >= least_launches, level);
}

Ratio hl_ratio_paired(std::span<const double> a, std::span<const double> b, double level) {
  check(!a.empty() && a.size() == b.size(), "blocks of {} and {} launches", a.size(), b.size());
  std::vector<double> walsh;  // averages of two block differences, each with itself too
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = i; j < a.size(); ++j)
      walsh.push_back((log_cost(a[i]) - log_cost(b[i]) + log_cost(a[j]) - log_cost(b[j])) / 2);
  return invert(std::move(walsh), signed_rank(a.size()), a.size() >= least_launches, level);
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> adjusted(p.size());
  double most = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    check(p[order[i]] >= 0 && p[order[i]] <= 1, "a p-value must lie in [0, 1], not {}", p[order[i]]);
    most = std::max(most, static_cast<double>(p.size() - i) * p[order[i]]);
    adjusted[order[i]] = std::min(1.0, most);
  }
  return adjusted;
}

namespace {

// Theil-Sen: the median of all slopes.
double slope(std::span<const double> x) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i + 1; j < x.size(); ++j) slopes.push_back((x[j] - x[i]) / static_cast<double>(j - i));
  return median(slopes);
}

// n (n-1) (2n+5) / 18, less the same over every group of equal values.
double kendall_variance(std::span<const double> x) {
  const auto term = [](std::size_t count) {
    const auto n = static_cast<double>(count);
    return n * (n - 1) * (2 * n + 5) / 18;
  };
  const std::vector<double> order = sorted(x);
  double variance = term(order.size());
  for (auto group = order.begin(); group != order.end();) {
    const auto end = std::upper_bound(group, order.end(), *group);
    variance -= term(static_cast<std::size_t>(end - group));
    group = end;
  }
  return variance;
}

}  // namespace

// S = sum over i < j of sign(x_j - x_i); Z = (S - sign S) / sqrt(tau Var S), tau of the residuals about the Theil-Sen
// line (Yue and Wang 2004: else a correlated series passes for a trend, and a trend for correlation).
std::optional<Trend> trend(std::span<const double> x) {
  if (x.size() < 10) return std::nullopt;
  double score = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i + 1; j < x.size(); ++j) score += static_cast<double>((x[j] > x[i]) - (x[j] < x[i]));
  const double rise = slope(x);
  std::vector<double> residual;
  for (std::size_t i = 0; i < x.size(); ++i) residual.push_back(x[i] - rise * static_cast<double>(i));
  const double variance = kendall_variance(x) * correlation_time(autocorrelation(residual));
  Trend result;
  const double middle = median(x);
  if (middle != 0) result.change = rise * static_cast<double>(x.size() - 1) / middle;
  if (variance > 0) result.p = std::erfc(std::max(0.0, std::abs(score) - 1) / std::sqrt(variance) / std::sqrt(2.0));
  return result;
}

// P(Bin(n, 1/2) >= wins) over the n pairs that differ. A NaN of one's own loses, a NaN of the rival alone is won.
double sign_test(std::span<const double> own, std::span<const double> rival) {
  check(own.size() == rival.size(), "sign test of {} and {} errors", own.size(), rival.size());
  std::size_t wins = 0;
  std::size_t ties = 0;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i] == rival[i])
      ++ties;
    else if (own[i] < rival[i] || (!std::isnan(own[i]) && std::isnan(rival[i])))
      ++wins;
  }
  if (wins == 0) return 1;
  const std::size_t n = own.size() - ties;
  return binomial(n, 0.5, n - wins);  // by symmetry
}

double pass_probability(const GatePlan& plan, double failure) { return binomial(plan.cases, failure, plan.allowed); }

double gate_confidence(const GatePlan& plan, double coverage) { return 1 - pass_probability(plan, 1 - coverage); }

}  // namespace tandem

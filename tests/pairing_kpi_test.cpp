// The formulas of two activities on one machine, against numbers worked out by hand.
#include "harness/result/pairing_kpi.hpp"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "harness/pairing/arrivals.hpp"

namespace tandem {
namespace {

// 4 steps of 2 ms and 1 step of 4 ms: 12 ms of useful work in a cycle of 15 ms.
TEST(Alternation, PeriodAndEfficiencyByHand) {
  const Alternation a{4, 1, 2e-3, 4e-3, 0.015};
  EXPECT_DOUBLE_EQ(a.period(), 6e-3);
  EXPECT_DOUBLE_EQ(a.efficiency(), 0.8);
}

// A change that costs c seconds: e(P) = P / (P + c), so that one half is reached at P = c. On measured points a factor
// of ten apart, linear in ln P: between (0.1, 1/11) and (1, 1/2) the crossing is at the point itself.
TEST(HalfEfficiency, IsInterpolatedInTheLogarithmOfThePeriod) {
  const auto at = half_efficiency({{1, 0.75}, {0.01, 0.25}, {0.1, 0.35}});
  ASSERT_TRUE(at.period);
  EXPECT_NEAR(*at.period, 0.1 * std::pow(10.0, (0.5 - 0.35) / 0.4), 1e-12);
  EXPECT_EQ(at.reason(), "");
  EXPECT_DOUBLE_EQ(*half_efficiency({{0.1, 1.0 / 11}, {1, 0.5}, {10, 10.0 / 11}}).period, 1);
}

TEST(HalfEfficiency, TheLargestCrossingCounts) {
  const auto at = half_efficiency({{1, 0.6}, {10, 0.4}, {100, 0.6}});
  EXPECT_NEAR(*at.period, 10 * std::sqrt(10.0), 1e-9);
}

TEST(HalfEfficiency, NoCrossingSaysSo) {
  const auto above = half_efficiency({{1e-3, 0.9}, {1, 0.99}});
  EXPECT_FALSE(above.period);
  EXPECT_EQ(above.reason(), "no crossing in [0.001, 1] s: least efficiency 0.9");
  const auto below = half_efficiency({{1e-3, 0.1}, {1, 0.3}});
  EXPECT_FALSE(below.period);
  EXPECT_EQ(below.reason(), "no crossing in [0.001, 1] s: most efficiency 0.3");
  EXPECT_FALSE(half_efficiency({{1e-3, 0.1}}).period);
}

TEST(WarmUp, EndsWithTheFirstTwoStepsWithinFivePerCent) {
  const std::vector<double> profile = {3, 1.04, 1.2, 1.04, 0.96, 1.4};
  EXPECT_EQ(warm_up_steps(profile).steps, 3u);
  EXPECT_TRUE(warm_up_steps(profile).settled);
  EXPECT_EQ(warm_up_steps(std::vector<double>{1, 1, 1}).steps, 1u) << "at least the first";
  EXPECT_EQ(warm_up_steps(std::vector<double>{2, 1.5, 1.2}).steps, 3u);
  EXPECT_FALSE(warm_up_steps(std::vector<double>{2, 1.5, 1.2}).settled);
}

TEST(WarmUp, PenaltyIsTheSumAboveTheSteadyState) {
  EXPECT_DOUBLE_EQ(warm_up_penalty(std::vector<double>{3, 2, 1, 1}, 2, 1), 3);
  EXPECT_DOUBLE_EQ(warm_up_penalty(std::vector<double>{3, 2, 1, 1}, 4, 1), 3);
  EXPECT_DOUBLE_EQ(warm_up_penalty(std::vector<double>{0.9}, 1, 1), 0.9 - 1);
}

// Each slowed down by 1.6: 1.25 of what turns do. By 2 each: the same as turns. One starved: less.
TEST(Interference, SideBySidePaysAboveOne) {
  EXPECT_DOUBLE_EQ(co_running_gain(1.6, 1.6), 1.25);
  EXPECT_DOUBLE_EQ(co_running_gain(2, 2), 1);
  EXPECT_DOUBLE_EQ(co_running_gain(1.25, 10), 0.9);
}

TEST(Percentile, IsTheNearestRank) {
  std::vector<double> x(200);
  std::iota(x.begin(), x.end(), 1.0);
  EXPECT_EQ(percentile(x, 0.5), 100);
  EXPECT_EQ(percentile(x, 0.95), 190);
  EXPECT_EQ(percentile(x, 0.99), 198);
  EXPECT_EQ(percentile({5, 1, 3}, 0.99), 5);
  EXPECT_EQ(percentile({5, 1, 3}, 0.0), 1);
}

// Three requests, one second apart; the server needs 2 s for each: they are answered at 3, 5 and 7, and the third has
// waited for two others. Counted from the start of service all three would look the same.
TEST(Latency, CountsFromTheArrival) {
  const std::vector<double> arrivals = {1, 2, 3}, done = {3, 5, 7};
  EXPECT_EQ(latencies(arrivals, done), (std::vector<double>{2, 3, 4}));
  EXPECT_DOUBLE_EQ(answered_rate(arrivals, done), 0.5);
}

// Gaps of an exponential distribution: mean 1/rate, standard deviation the same, P(gap > mean) = 1/e; 4 sigma each.
TEST(Arrivals, AreAPoissonProcess) {
  const std::size_t n = 40000;
  const auto arrivals = poisson_arrivals(7, 1, 250, n);
  double sum = 0, squares = 0, before = 0;
  std::size_t above = 0;
  for (const double at : arrivals) {
    const double gap = (at - before) * 250;
    EXPECT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
    above += gap > 1 ? 1 : 0;
    before = at;
  }
  EXPECT_NEAR(sum / n, 1, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 2, 4 * std::sqrt(20.0 / n));
  EXPECT_NEAR(static_cast<double>(above) / n, std::exp(-1), 4 * std::sqrt(0.2326 / n));
  EXPECT_EQ(arrivals, poisson_arrivals(7, 1, 250, n)) << "the seed tells all";
  EXPECT_NE(arrivals.front(), poisson_arrivals(7, 2, 250, 1).front());
}

// Service by a fixed time behind these arrivals (Lindley's recursion) against the mean wait of an M/D/1 queue,
// rho / (2 (1 - rho)) service times: the stream queues as theory says.
TEST(Arrivals, QueueAsTheoryTells) {
  const double rho = 0.6;
  const std::size_t n = 200000;
  const auto arrivals = poisson_arrivals(3, 1, rho, n);  // service time 1
  double free = 0, waited = 0;
  for (const double at : arrivals) {
    waited += std::max(0.0, free - at);
    free = std::max(free, at) + 1;
  }
  EXPECT_NEAR(waited / n, rho / (2 * (1 - rho)), 0.02);
}

}  // namespace
}  // namespace tandem

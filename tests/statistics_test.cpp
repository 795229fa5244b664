// Golden vectors of docs/method.md sections 2, 4 and 6, and the properties that hold for any numbers.
#include "harness/measure/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem {
namespace {

using Values = std::vector<double>;

Values normals(std::size_t n, std::uint64_t stream, double mean = 100, double sigma = 1) {
  Values x;
  for (std::size_t i = 0; i < n; ++i) x.push_back(mean + sigma * random_normal(7, stream, i));
  return x;
}

Values counting(std::size_t n, double from = 1) {
  Values x(n);
  std::iota(x.begin(), x.end(), from);
  return x;
}

TEST(Statistics, LocationAndSpread) {
  EXPECT_EQ(median(Values{3, 1, 2}), 2);
  EXPECT_EQ(median(Values{4, 1, 3, 2}), 2.5);
  EXPECT_EQ(quartiles(Values{1, 2, 3, 4}).low, 1.75);  // as R's quantile(1:4)
  EXPECT_EQ(quartiles(Values{1, 2, 3, 4}).high, 3.25);
  EXPECT_EQ(mad(Values{1, 1, 2, 2, 4, 6, 9}), 1);
  EXPECT_DOUBLE_EQ(geometric_mean(Values{1, 4, 16}), 4);
  EXPECT_THROW(median(Values{}), Error);
  EXPECT_THROW(median(Values{1, std::nan("")}), Error);
  EXPECT_THROW(geometric_mean(Values{1, 0}), Error);
}

TEST(Statistics, Autocorrelation) {
  // x = 1..5: sum of products 4, of squares 10, rho = 0.4, corrected 0.4 + 2.2/5.
  EXPECT_DOUBLE_EQ(autocorrelation(counting(5)), 0.4 + 2.2 / 5);
  EXPECT_EQ(autocorrelation(Values{1, 2, 1, 2, 1, 2}), 0);   // negative: clamped
  EXPECT_EQ(autocorrelation(counting(100)), 0.95);           // nearly 1: clamped
  EXPECT_EQ(autocorrelation(Values{5, 5, 5, 5}), 0);         // undefined: none
  EXPECT_NEAR(autocorrelation(normals(20000, 1)), 0, 0.02);  // independent
  EXPECT_DOUBLE_EQ(correlation_time(0.5), 3);
}

TEST(Statistics, MedianRanksOfTheMethod) {
  const std::vector<std::pair<std::size_t, std::size_t>> golden = {{5, 0},  {6, 1},  {7, 1},   {10, 2},
                                                                   {15, 4}, {20, 6}, {30, 10}, {40, 14}};
  for (const auto& [n, rank] : golden) EXPECT_EQ(median_rank(n), rank) << n;
  EXPECT_EQ(median_rank(40, 0.5), 10u);   // floor(20 - 0.98 sqrt(120)) + 1
  EXPECT_EQ(median_rank(320, 0.9), 84u);  // floor(160 - 0.98 sqrt(320 * 19)) + 1
  EXPECT_EQ(median_rank(10, 0.5), 0u);    // 5 - 0.98 sqrt(30) < 0: no interval yet
  for (std::size_t n = 1; n <= 400; ++n) EXPECT_LE(median_rank(n, 1e-9), median_rank(n)) << n;
}

TEST(Statistics, MedianInterval) {
  EXPECT_FALSE(median_ci(counting(5)));
  const auto six = median_ci(Values{6, 5, 4, 3, 2, 1});
  ASSERT_TRUE(six);
  EXPECT_EQ(six->low, 1);
  EXPECT_EQ(six->high, 6);
  const auto ten = median_ci(counting(10));
  ASSERT_TRUE(ten);
  EXPECT_EQ(ten->low, 2);
  EXPECT_EQ(ten->high, 9);
}

TEST(Statistics, HolmOfTheMethod) {
  // 0.005 x 4; 0.01 x 3 = 0.03; 0.03 x 2 = 0.06; 0.04 x 1, but not below the one before. R: p.adjust(p, "holm").
  const Values adjusted = holm(Values{0.01, 0.04, 0.03, 0.005});
  const Values golden = {0.03, 0.06, 0.06, 0.02};
  ASSERT_EQ(adjusted.size(), golden.size());
  for (std::size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(adjusted[i], golden[i], 1e-15) << i;
  EXPECT_EQ(holm(Values{0.04}), Values{0.04});
  EXPECT_EQ(holm(Values{0.9, 0.8}), (Values{1, 1}));
  EXPECT_TRUE(holm(Values{}).empty());
  EXPECT_THROW(holm(Values{0.5, std::nan("")}), Error);
  EXPECT_THROW(holm(Values{-0.1}), Error);
}

TEST(Statistics, SummaryAndOutliers) {
  Values x = {10, 11, 10, 12, 11, 10, 12, 11, 10, 99};
  const Summary summary = summarize(x);
  EXPECT_EQ(summary.n, 10u);
  EXPECT_EQ(summary.median, 11);
  EXPECT_EQ(summary.min, 10);
  EXPECT_EQ(summary.max, 99);
  EXPECT_EQ(summary.mad, 1);
  ASSERT_TRUE(summary.ci);
  EXPECT_EQ(summary.ci->low, 10);
  EXPECT_EQ(summary.ci->high, 12);
  EXPECT_DOUBLE_EQ(*summary.half_width(), 1.0 / 11);
  EXPECT_EQ(outliers(x), (std::vector<bool>{false, false, false, false, false, false, false, false, false, true}));
  EXPECT_EQ(outliers(Values{1, 1, 1, 2}), (std::vector<bool>{false, false, false, true}));  // MAD 0
  EXPECT_FALSE(summarize(counting(3)).half_width());
}

TEST(Statistics, RatioOfTheMethod) {
  const Ratio ratio = hl_ratio(Values{1, 2, 3}, Values{2, 4, 6});
  EXPECT_NEAR(ratio.value, 0.5, 1e-15);
  EXPECT_FALSE(ratio.ci);
  EXPECT_THROW(hl_ratio(Values{1, -2}, Values{1}), Error);
}

TEST(Statistics, LeastPossibleP) {
  EXPECT_NEAR(hl_ratio(counting(6), counting(6, 100)).p, 2.0 / 924, 1e-15);            // 0.00216
  EXPECT_NEAR(hl_ratio(counting(7), counting(7, 100)).p, 2.0 / 3432, 1e-15);           // 0.00058
  EXPECT_NEAR(hl_ratio(counting(8), counting(8, 100)).p, 2.0 / 12870, 1e-15);          // 0.00016
  EXPECT_NEAR(hl_ratio_paired(counting(10), counting(10, 100)).p, 2.0 / 1024, 1e-15);  // 0.0020
  EXPECT_EQ(hl_ratio(counting(6), counting(6)).p, 1);
  EXPECT_EQ(hl_ratio_paired(counting(6), counting(6)).p, 1);
}

TEST(Statistics, ExactDistributions) {
  // R: 2 * pwilcox(5, 6, 6) = 0.04112554, 2 * pwilcox(6, 6, 6) = 0.06493506: rank 6 of 36 differences.
  Values a;
  Values b;
  for (int i = 0; i < 6; ++i) {
    a.push_back(std::exp(0.01 * i * i));
    b.push_back(std::exp(1 + 0.1 * i));
  }
  Values differences;
  for (double left : a)
    for (double right : b) differences.push_back(left / right);
  std::sort(differences.begin(), differences.end());
  const Ratio two = hl_ratio(a, b);
  ASSERT_TRUE(two.ci);
  EXPECT_NEAR(two.ci->low, differences[5], 1e-12);
  EXPECT_NEAR(two.ci->high, differences[30], 1e-12);
  // Signed ranks, n = 6: only 2 P(V <= 0) = 2/64 is within 5 %, so the interval is the least and the greatest block.
  const Ratio blocks = hl_ratio_paired(a, b);
  ASSERT_TRUE(blocks.ci);
  double least = 1e9;
  double most = 0;
  for (int i = 0; i < 6; ++i) {
    least = std::min(least, a[i] / b[i]);
    most = std::max(most, a[i] / b[i]);
  }
  EXPECT_NEAR(blocks.ci->low, least, 1e-12);
  EXPECT_NEAR(blocks.ci->high, most, 1e-12);
  EXPECT_FALSE(hl_ratio_paired(counting(5), counting(5, 9)).ci);
  EXPECT_LE(two.ci->low, hl_ratio(a, b, 0.90).ci->low);
}

TEST(Statistics, IntervalLeavesOutOneExactlyWhenSignificant) {
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    const Values a = normals(8, 2 * trial, 10, 1);
    const Values b = normals(8, 2 * trial + 1, 11, 1);
    for (const Ratio& ratio : {hl_ratio(a, b), hl_ratio_paired(a, b)})
      EXPECT_EQ(ratio.p <= 0.05, ratio.ci->high < 1 || ratio.ci->low > 1);
    EXPECT_NEAR(hl_ratio(a, b).value * hl_ratio(b, a).value, 1, 1e-12);
  }
}

TEST(Statistics, Trend) {
  EXPECT_FALSE(trend(counting(9)));
  const auto rising = trend(counting(20, 100));
  ASSERT_TRUE(rising);
  EXPECT_LT(rising->p, 1e-6);
  EXPECT_DOUBLE_EQ(rising->change, 19 / 109.5);
  EXPECT_EQ(trend(Values(12, 3.0))->p, 1);
  // n = 10, strictly rising: S = 45, Var = 10 * 9 * 25 / 18 = 125, Z = 44 / sqrt(125).
  EXPECT_NEAR(trend(counting(10))->p, std::erfc(44 / std::sqrt(250.0)), 1e-15);
}

// Neither white noise nor a correlated series without a trend passes for a trend (about 1 in 1000 would).
TEST(Statistics, TrendFalseAlarms) {
  int white = 0;
  int correlated = 0;
  for (std::uint64_t trial = 0; trial < 400; ++trial) {
    Values x = normals(56, 5000 + trial, 100);
    white += trend(x)->p <= 0.001;
    for (std::size_t i = 1; i < x.size(); ++i) x[i] = 100 + 0.5 * (x[i - 1] - 100) + (x[i] - 100);
    correlated += trend(x)->p <= 0.001;
  }
  EXPECT_LE(white, 4);
  EXPECT_LE(correlated, 12);
}

TEST(Statistics, SignTest) {
  EXPECT_NEAR(sign_test(Values(5, 1.0), Values(5, 2.0)), 1.0 / 32, 1e-15);
  EXPECT_EQ(sign_test(Values(5, 2.0), Values(5, 1.0)), 1);
  EXPECT_EQ(sign_test(Values(5, 1.0), Values(5, 1.0)), 1);
  EXPECT_NEAR(sign_test(Values{1, 1, 1, 9}, Values{2, 2, 2, 2}), 5.0 / 16, 1e-15);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NEAR(sign_test(Values{1, 1, nan}, Values{2, 2, 2}), 0.5, 1e-15);      // one's own NaN loses
  EXPECT_NEAR(sign_test(Values{1, 1, nan}, Values{2, nan, nan}), 0.5, 1e-15);  // the rival's is won
}

TEST(Statistics, GatePlansOfTheMethod) {
  for (const GatePlan& plan : {GatePlan{59, 0}, GatePlan{93, 1}, GatePlan{124, 2}}) {
    EXPECT_GE(gate_confidence(plan), 0.95);
    EXPECT_LT(gate_confidence({plan.cases - 1, plan.allowed}), 0.95);  // the least number of cases
    EXPECT_LE(pass_probability(plan, 0.05), 0.05);
  }
  EXPECT_NEAR(gate_confidence({59, 0}), 1 - std::pow(0.95, 59), 1e-12);
  EXPECT_NEAR(pass_probability({2, 1}, 0.25), 1 - 0.0625, 1e-15);
  EXPECT_EQ(pass_probability({3, 3}, 0.9), 1);
  EXPECT_EQ(pass_probability({59, 0}, 0), 1);
}

}  // namespace
}  // namespace tandem

// Do intervals hold the true value as often as they say? Seeded simulation: of 2000 experiments 92 to 99 in 100 must
// (95 with a standard deviation of 0.5, and what steps of ranks add).
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "harness/measure/sampling.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {
namespace {

using Values = std::vector<double>;

constexpr std::uint64_t kTrials = 2000;

void expect_covers(std::uint64_t covered, const std::string& what) {
  const double share = static_cast<double>(covered) / kTrials;
  EXPECT_GE(share, 0.92) << what;
  EXPECT_LE(share, 0.99) << what;
  ::testing::Test::RecordProperty(what, std::to_string(share));
}

bool holds(const std::optional<Interval>& ci, double truth) { return ci && ci->low <= truth && truth <= ci->high; }

// A stationary series of median 0, x_i = phi x_(i-1) + e_i.
Values series(std::size_t n, double phi, std::uint64_t stream) {
  Values x;
  double last = random_normal(11, stream, 0) / std::sqrt(1 - phi * phi);
  for (std::size_t i = 0; i < n; ++i) {
    x.push_back(last);
    last = phi * last + random_normal(11, stream, i + 1);
  }
  return x;
}

TEST(Coverage, MedianOfIndependentSamples) {
  for (const std::size_t n : {7, 10, 15, 20, 40}) {
    std::uint64_t covered = 0;
    for (std::uint64_t trial = 0; trial < kTrials; ++trial) covered += holds(median_ci(series(n, 0, trial)), 0);
    expect_covers(covered, fmt::format("independent_{}", n));
  }
}

// As the program computes it: with the autocorrelation that the samples themselves show.
TEST(Coverage, MedianOfSamplesWithCorrelation) {
  for (const double phi : {0.0, 0.3, 0.6})
    for (const std::size_t n : {40, 112}) {
      std::uint64_t covered = 0;
      for (std::uint64_t trial = 0; trial < kTrials; ++trial) covered += holds(summarize(series(n, phi, trial)).ci, 0);
      expect_covers(covered, fmt::format("correlated_{}_{}", phi, n));
    }
}

TEST(Coverage, WithoutItsCorrelationAnIntervalIsTooNarrow) {
  std::uint64_t covered = 0;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) covered += holds(median_ci(series(112, 0.6, trial)), 0);
  EXPECT_LT(covered, kTrials * 85 / 100) << "else the test above could not fail";
}

// Launches of two programs, the first 1.2 times as dear, skewed as times are.
Values launches(std::size_t n, double cost, std::uint64_t stream) {
  Values x;
  for (std::size_t i = 0; i < n; ++i) x.push_back(cost * std::exp(0.05 * std::abs(random_normal(13, stream, i))));
  return x;
}

TEST(Coverage, RatioOfTwoPrograms) {
  for (const std::size_t n : {6, 10, 14}) {
    std::uint64_t covered = 0;
    for (std::uint64_t trial = 0; trial < kTrials; ++trial)
      covered += holds(hl_ratio(launches(n, 1.2, 2 * trial), launches(n, 1, 2 * trial + 1)).ci, 1.2);
    expect_covers(covered, fmt::format("ratio_{}", n));
  }
}

// Both launches of a block share what the block suffers, here up to some 10 %.
TEST(Coverage, RatioOfTwoArmsInBlocks) {
  for (const std::size_t n : {6, 10, 14}) {
    std::uint64_t covered = 0;
    for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
      Values a = launches(n, 1.2, 2 * trial), b = launches(n, 1, 2 * trial + 1);
      for (std::size_t i = 0; i < n; ++i) {
        const double shared = std::exp(0.1 * random_normal(17, trial, i));
        a[i] *= shared;
        b[i] *= shared;
      }
      covered += holds(hl_ratio_paired(a, b).ci, 1.2);
    }
    expect_covers(covered, fmt::format("blocks_{}", n));
  }
}

// Stopping where the interval is narrow enough must not buy narrowness with truth: a kernel's rule on noise of 3 %,
// at which most experiments stop on the way.
TEST(Coverage, SurvivesTheStopRule) {
  const SamplingRules rules;
  std::uint64_t covered = 0, stopped = 0;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    Values x, noise = series(320, 0, trial);
    Summary summary;
    while (x.size() < noise.size()) {
      x.push_back(1 + 0.03 * noise[x.size()]);
      if (!stop_rule_looks(x.size())) continue;
      summary = summarize(x);
      if (summary.half_width().value_or(1) <= rules.target) break;
    }
    stopped += x.size() < noise.size();
    covered += holds(summary.ci, 1);
  }
  expect_covers(covered, "stop_rule");
  EXPECT_GT(stopped, kTrials / 2);
}

}  // namespace
}  // namespace tandem

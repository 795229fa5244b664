// The verdict on two sets of launches that are made up.
#include "harness/decide/finding.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace tandem {
namespace {

using Values = std::vector<double>;

// n launches from `from` on, each `step` dearer.
Values launches(std::size_t n, double from, double step) {
  Values costs;
  for (std::size_t i = 0; i < n; ++i) costs.push_back(from * (1 + step * static_cast<double>(i)));
  return costs;
}

Finding found(const Values& a, const Values& b, double delta, double tests = 1) {
  const Contrast one = contrast(a, b);
  return finding_of(one, std::min(1.0, tests * one.ratio.p), delta);
}

TEST(Finding, TheFiveVerdicts) {
  const Values quiet = launches(10, 100, 0.001), noisy = launches(10, 90, 0.02);
  EXPECT_EQ(found(quiet, launches(10, 80, 0.001), 0.03), Finding::faster);
  EXPECT_EQ(found(quiet, launches(10, 110, 0.001), 0.03), Finding::slower);
  EXPECT_EQ(found(quiet, launches(10, 100.1, 0.001), 0.03), Finding::equivalent);
  EXPECT_EQ(found(quiet, noisy, 0.03), Finding::inconclusive);
  // Significant, |theta| = 0.0299 below delta, and an interval that reaches beyond it.
  EXPECT_EQ(found(launches(10, 100, 0.003), launches(10, 103, 0.003), 0.03), Finding::different_but_small);
}

// Half of A's launches ran while the machine was disturbed, as they do one after the other: p alone would call B
// faster.
TEST(Finding, OfUnstableLaunchesTheWholeIntervalMustLieBeyondOneAndAHalfDelta) {
  const Ground unstable{false, std::nullopt};
  const Values disturbed = {100, 101, 102, 103, 104, 140, 141, 142, 143, 144}, same = launches(10, 99, 0.0005);
  const Contrast one = contrast(disturbed, same);
  ASSERT_LT(one.ratio.p, 0.001);
  ASSERT_LT(std::log(one.ratio.ci->low), 0.05);
  EXPECT_EQ(finding_of(one, one.ratio.p, 0.05), Finding::faster);
  EXPECT_EQ(finding_of(one, one.ratio.p, 0.05, unstable), Finding::inconclusive);
  const Contrast large = contrast(disturbed, launches(10, 80, 0.001));
  EXPECT_EQ(finding_of(large, large.ratio.p, 0.05, unstable), Finding::faster);
  const Contrast small = contrast(launches(10, 100, 0.003), launches(10, 103, 0.003));
  EXPECT_EQ(finding_of(small, small.ratio.p, 0.03, unstable), Finding::different_but_small);
  const Contrast mood = contrast(launches(10, 100, 0.001), launches(10, 94, 0.001));  // 6 %, wholly between the two
  ASSERT_GT(std::log(mood.ratio.ci->low), 0.045);
  EXPECT_EQ(finding_of(mood, mood.ratio.p, 0.045), Finding::faster);
  EXPECT_EQ(finding_of(mood, mood.ratio.p, 0.045, unstable), Finding::inconclusive);
}

// What the machine itself has gained or lost is added to delta, on the side on which it would pass for a difference.
TEST(Finding, WhatTheMachineGainedItselfIsNotAscribedToTheProgram) {
  const Contrast gain = contrast(launches(10, 100, 0.001), launches(10, 94, 0.001));  // 6 %
  const Contrast loss = contrast(launches(10, 94, 0.001), launches(10, 100, 0.001));
  const auto verdict = [](const Contrast& one, double delta, bool stable, Shift shift) {
    return finding_of(one, one.ratio.p, delta, {stable, shift});
  };
  for (const bool stable : {true, false}) {
    EXPECT_EQ(verdict(gain, 0.045, stable, {}), Finding::faster) << "equal canaries: delta is enough";
    EXPECT_EQ(verdict(gain, 0.03, stable, {0, 0.04}), Finding::inconclusive);
    EXPECT_EQ(verdict(gain, 0.03, stable, {-0.04, 0}), Finding::faster) << "although the machine got slower";
    EXPECT_EQ(verdict(loss, 0.03, stable, {-0.04, 0}), Finding::inconclusive);
    EXPECT_EQ(verdict(loss, 0.03, stable, {0, 0.04}), Finding::slower);
    EXPECT_EQ(verdict(loss, 0.03, stable, {-0.02, 0.04}), Finding::slower);
  }
  const Contrast mixed = contrast(launches(10, 100, 0.008), launches(10, 94, 0.008));
  EXPECT_EQ(verdict(mixed, 0.045, true, {}), Finding::faster);
  EXPECT_EQ(verdict(mixed, 0.045, false, {}), Finding::inconclusive) << "the interval reaches below delta";
}

TEST(Finding, ARatioAboveOneSaysThatBIsCheaper) {
  const Contrast one = contrast(Values{1, 2, 3}, Values{2, 4, 6});  // the worked value of docs/method.md
  EXPECT_NEAR(one.ratio.value, 0.5, 1e-15);
  EXPECT_FALSE(one.enough());
  EXPECT_EQ(finding_of(one, 0, 0.03), Finding::inconclusive) << "three launches, whatever p";
  EXPECT_GT(contrast(launches(6, 2, 0.01), launches(6, 1, 0.01)).ratio.value, 1.9);
}

TEST(Finding, SixLaunchesASideSufficeForTwentyFigures) {
  const Values a = launches(6, 100, 0.001), b = launches(6, 120, 0.001);
  EXPECT_NEAR(contrast(a, b).ratio.p, 2.0 / 924, 1e-12);
  EXPECT_EQ(found(a, b, 0.03, 20), Finding::slower) << "20 * 0.00216 = 0.0433";
  EXPECT_EQ(found(a, b, 0.03, 24), Finding::inconclusive) << "24 * 0.00216 = 0.0519";
  EXPECT_EQ(found(launches(5, 100, 0.001), launches(20, 120, 0.001), 0.03), Finding::inconclusive);
}

TEST(Finding, BlocksArePaired) {
  const Values a = {1, 10, 100, 2, 20, 200, 3, 30, 300, 4}, b = {1.2, 12.1, 120, 2.4, 24.1, 240, 3.6, 36.1, 360, 4.8};
  EXPECT_NEAR(contrast_in_blocks(a, b).ratio.p, 2.0 / 1024, 1e-12);  // the least of ten blocks
  EXPECT_EQ(finding_of(contrast_in_blocks(a, b), contrast_in_blocks(a, b).ratio.p, 0.05), Finding::slower);
  EXPECT_EQ(found(a, b, 0.05), Finding::inconclusive) << "unpaired, the blocks hide it";
}

}  // namespace
}  // namespace tandem

// E-divisive change points: the statistic against values worked out by hand and by itertools in Python, and what is
// found where.
#include "harness/decide/change_points.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem {
namespace {

// Normal noise with a step of `by` from `at` on.
std::vector<double> noise(std::uint64_t seed, std::size_t count, std::size_t at = 0, double by = 0) {
  std::vector<double> x;
  for (std::size_t i = 0; i < count; ++i) x.push_back(random_normal(seed, 7, i) + (i >= at ? by : 0));
  return x;
}

TEST(EnergyStatistic, GoldenValues) {
  // means over pairs: 5.6667 across, 2 and 2.3333 within: 12/7 (2 * 5.6667 - 2 - 2.3333) = 12
  EXPECT_NEAR(energy_statistic(std::vector<double>{1, 2, 4}, std::vector<double>{6, 7, 9, 10}), 12.0, 1e-12);
  EXPECT_NEAR(energy_statistic(std::vector<double>(5, 0.0), std::vector<double>(5, 1.0)), 5.0, 1e-12);
  const std::vector<double> x = {0.31, -0.42, 0.05, 0.77, -0.93, 0.12, -0.2}, y = {2.9, 3.4, 2.2, 3.1, 2.75, 3.6};
  EXPECT_NEAR(energy_statistic(x, y), 15.52, 1e-12);
  EXPECT_THROW(energy_statistic(x, std::vector<double>{1}), Error);
}

TEST(ChangePoints, AStepIsFoundWhereItIs) {
  const std::vector<double> x = {0.31, -0.42, 0.05, 0.77, -0.93, 0.12, -0.2, 0.6, -0.35,
                                 0.4,  2.9,   3.4,  2.2,  3.1,   2.75, 3.6,  2.5, 3.0};
  const auto found = change_points(x, {.seed = 2});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].at, 10u);
  EXPECT_NEAR(found[0].statistic, 20.547372134038802, 1e-9)
      << "of all places this one is the largest: 16.69, 15.89 beside it";
  EXPECT_EQ(found[0].p, 0.001);
}

TEST(ChangePoints, NoiseAloneHasNone) {
  EXPECT_TRUE(change_points(noise(1, 105)).empty());
  EXPECT_TRUE(change_points(noise(2, 365)).empty());
  EXPECT_TRUE(change_points(std::vector<double>(100, 3.0)).empty()) << "a series that never moves";
  EXPECT_TRUE(change_points({}).empty());
}

TEST(ChangePoints, SeveralStepsInOrder) {
  std::vector<double> x = noise(3, 90, 30, 6);
  for (std::size_t i = 60; i < x.size(); ++i) x[i] -= 12;
  const auto found = change_points(x);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].at, 30u);
  EXPECT_EQ(found[1].at, 60u);
}

TEST(ChangePoints, ASpreadThatChangesCountsToo) {
  std::vector<double> x = noise(4, 120);
  for (std::size_t i = 60; i < x.size(); ++i) x[i] *= 8;
  const auto found = change_points(x);
  ASSERT_FALSE(found.empty());
  EXPECT_NEAR(static_cast<double>(found[0].at), 60, 6);
}

TEST(ChangePoints, SegmentsAreNeverShorterThanFive) {
  for (std::size_t tail = 1; tail <= 6; ++tail) {
    const auto found = change_points(noise(5, 60 + tail, 60, 8));
    if (tail != 3) {  // of five nights most must be dearer
      EXPECT_EQ(found.size(), tail < 3 ? 0u : 1u) << tail;
    }
    for (const ChangePoint& one : found) {
      EXPECT_GE(one.at, 5u);
      EXPECT_LE(one.at, 60 + tail - 5);
    }
  }
  EXPECT_TRUE(change_points(noise(6, 9, 5, 100)).empty()) << "two segments of five are ten nights";
  EXPECT_EQ(change_points(noise(6, 10, 5, 100)).size(), 0u) << "252 orders of two fives: p cannot reach 0.001";
  EXPECT_EQ(change_points(noise(6, 20, 10, 100)).size(), 1u);
}

TEST(ChangePoints, TheSameSeedGivesTheSame) {
  const std::vector<double> x = noise(8, 100, 90, 2);
  const auto once = change_points(x), again = change_points(x);
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].p, again[i].p);
}

// 400 series of noise at a level of 0.05: about 20 are found in, within four standard deviations.
TEST(ChangePoints, TheTestKeepsItsLevel) {
  int found = 0;
  for (std::uint64_t seed = 100; seed < 500; ++seed)
    found += change_points(noise(seed, 30), {5, 0.05, 199, seed}).empty() ? 0 : 1;
  EXPECT_GT(found, 4);
  EXPECT_LT(found, 38);
}

TEST(ChangePoints, SegmentsOfOneAreRefused) { EXPECT_THROW(change_points(noise(1, 20), {1, 0.001, 999, 1}), Error); }

}  // namespace
}  // namespace tandem

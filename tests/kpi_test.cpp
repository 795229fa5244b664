// KPIs against numbers worked out by hand, and the identities of docs/method.md section 4.
#include "harness/result/kpi.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace tandem {
namespace {

constexpr double kExact = 1e-9;

// Two ranks over 10 s: rank 0 starts late, pauses between two processes and ends early; rank 1 overlaps by its clock.
std::vector<Stay> example() {
  return {{0, "simulate", "phase", 101, 3}, {0, "hand over", "transition", 104, 0.5}, {0, "train", "phase", 106, 2},
          {0, "wait", "waiting", 108, 1},   {1, "simulate", "phase", 100.5, 4},       {1, "train", "phase", 104.4, 4.6},
          {1, "wait", "waiting", 109, 0.25}};
}

TEST(Kpi, EverySlotIsInOneStateAtEveryInstant) {
  const auto closed = close_gaps(example(), 2, 100, 110);
  const Efficiency e = efficiency(closed, 2, 10, 6);
  EXPECT_NEAR(e.phases, 3 + 2 + 4 + 4.5, kExact);  // 0.1 s of overlap belong to the first
  EXPECT_NEAR(e.waiting, 1.25, kExact);
  EXPECT_NEAR(e.transitions, 1 + 0.5 + 1.5 + 1 + 0.5 + 0.75, kExact);
  EXPECT_NEAR(e.slots * e.seconds, e.phases + e.transitions + e.waiting, kExact);
  for (int rank = 0; rank < 2; ++rank) {
    double at = 100;
    for (const Stay& stay : closed) {
      if (stay.rank != rank) continue;
      EXPECT_NEAR(stay.begin, at, kExact) << stay.name;
      EXPECT_GT(stay.seconds, 0);
      at = stay.begin + stay.seconds;
    }
    EXPECT_NEAR(at, 110, kExact);
  }
}

// The same two ranks, of one core and of three: 0.5 and 1.5 of the mean.
TEST(Kpi, ASlotOfMoreCoresCountsMore) {
  const auto closed = close_gaps(example(), 2, 100, 110, {0.5, 1.5});
  const Efficiency e = efficiency(closed, 2, 10, 6);
  EXPECT_NEAR(e.phases, 0.5 * (3 + 2) + 1.5 * (4 + 4.5), kExact);
  EXPECT_NEAR(e.waiting, 0.5 * 1 + 1.5 * 0.25, kExact);
  EXPECT_NEAR(e.slots * e.seconds, e.phases + e.transitions + e.waiting, kExact);
  double sum = 0;
  for (const Stay& name : seconds_by_name(closed, 2)) sum += name.seconds;
  EXPECT_NEAR(sum, 10, kExact);
}

TEST(Kpi, StaysOutsideTheLaunchAreCut) {
  const auto closed =
      close_gaps({{0, "a", "phase", 99, 2}, {0, "b", "phase", 109, 5}, {0, "c", "phase", 120, 1}}, 1, 100, 110);
  ASSERT_EQ(closed.size(), 3u);
  EXPECT_NEAR(closed[0].seconds, 1, kExact);
  EXPECT_EQ(closed[1].name, "start-up");
  EXPECT_NEAR(closed[1].seconds, 8, kExact);
  EXPECT_NEAR(closed[2].seconds, 1, kExact);
  const auto empty = close_gaps({}, 2, 0, 3);
  ASSERT_EQ(empty.size(), 2u);
  EXPECT_NEAR(empty[1].seconds, 3, kExact);
}

TEST(Kpi, EfficiencyIsTheProductOfItsThreeParts) {
  const Efficiency e = efficiency(close_gaps(example(), 2, 100, 110), 2, 10, 6);
  EXPECT_NEAR(e.value(), 0.6, kExact);
  EXPECT_NEAR(e.eta_wait(), (20 - 1.25) / 20, kExact);
  EXPECT_NEAR(e.eta_transition(), 13.5 / (13.5 + 5.25), kExact);
  EXPECT_NEAR(e.eta_dilation(), 2 * 6 / 13.5, kExact);
  EXPECT_NEAR(e.value(), e.eta_wait() * e.eta_transition() * e.eta_dilation(), kExact);
}

TEST(Kpi, SecondsByNameSumToTheWhole) {
  const auto totals = seconds_by_name(close_gaps(example(), 2, 100, 110), 2);
  double sum = 0;
  for (const Stay& total : totals) sum += total.seconds;
  EXPECT_NEAR(sum, 10, kExact);
  ASSERT_EQ(totals.front().name, "start-up");
  EXPECT_NEAR(totals[0].seconds, (1 + 1.5 + 1 + 0.5 + 0.75) / 2, kExact);
  EXPECT_EQ(totals[1].name, "simulate");
  EXPECT_NEAR(totals[1].seconds, 3.5, kExact);
}

TEST(Kpi, FailuresMakeASolutionDearer) {
  EXPECT_NEAR(*ettis({10, 12, 14}, 3), 12, kExact);
  EXPECT_NEAR(*ettis({10, 12, 14}, 2), 18, kExact);
  EXPECT_FALSE(ettis({10, 12}, 0).has_value());
}

TEST(Kpi, EnergyHasTheIntervalOfItsMedianWhereTheMeanLiesInIt) {
  const auto six = ets_ci({6, 1, 2, 5, 3, 4}, 6);  // ranks 1 and 6; the mean is 3.5
  ASSERT_TRUE(six.has_value());
  EXPECT_EQ(six->low, 1);
  EXPECT_EQ(six->high, 6);
  const auto ten = ets_ci({10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 10);  // ranks 2 and 9
  ASSERT_TRUE(ten.has_value());
  EXPECT_EQ(ten->low, 20);
  EXPECT_EQ(ten->high, 90);
  EXPECT_FALSE(ets_ci({1, 2, 3, 4, 5}, 5).has_value()) << "too few";
  EXPECT_FALSE(ets_ci({1, 2, 3, 4, 5, 6, 7}, 6).has_value()) << "a launch failed: ETS is no mean";
  EXPECT_FALSE(ets_ci({1, 1, 1, 1, 1, 1, 1, 1, 1, 100}, 10).has_value()) << "[1, 1] does not hold the mean, 10.9";
}

TEST(Kpi, Movement) {
  EXPECT_NEAR(movement_amplification({{"file_write", 300}, {"file_read", 300}}, 200), 3, kExact);
  EXPECT_NEAR(movement_amplification({}, 200), 0, kExact);
  EXPECT_NEAR(*movement_reduction({{"file_write", 300}, {"file_read", 100}}, {{"mpi", 100}}), 0.75, kExact);
  EXPECT_NEAR(*movement_reduction({{"file_write", 300}}, {}), 1, kExact);
  EXPECT_FALSE(movement_reduction({}, {{"mpi", 1}}).has_value());
}

Ratio ratio(double value, double low, double high) {
  Ratio result;
  result.value = value;
  result.ci = Interval{low, high};
  return result;
}

Claim speedup(const Ratio& all, double startup_share, std::size_t launches = 10) {
  return claim_speedup(all, ratio(3.5, 3.1, 3.9), launches, startup_share);
}

TEST(Kpi, ClaimOfThreeToTen) {
  EXPECT_EQ(speedup(ratio(4, 3, 5), 0.1).verdict, "supported");
  EXPECT_EQ(speedup(ratio(4, 3.2, 5), 0.11).verdict, "start-up dominated");
  EXPECT_EQ(speedup(ratio(2.5, 2.2, 2.99), 0.11).verdict, "not supported");
  EXPECT_EQ(speedup(ratio(3, 2.9, 3.1), 0).verdict, "inconclusive");
  EXPECT_EQ(speedup(ratio(4, 3.2, 5), 0.113).text,
            "3-10x: start-up dominated on this system: separated / integrated = 4, CI95 [3.2, 5]; without start-up "
            "3.5, CI95 [3.1, 3.9]; start-up 11.3 % of the separated arm (limit 10 %)");
  EXPECT_EQ(speedup(ratio(4, 3.2, 5), 0.05).claim, "3-10x");
}

TEST(Kpi, AClaimOnFewLaunchesIsInconclusive) {
  Ratio few;
  few.value = 9;
  EXPECT_EQ(speedup(few, 0, 5).verdict, "inconclusive");
  EXPECT_TRUE(speedup(few, 0, 5).text.starts_with("3-10x: inconclusive (5 launches) on this system: ")) << "as is";
  EXPECT_TRUE(speedup(few, 0, 1).text.starts_with("3-10x: inconclusive (1 launch) on this system: "));
  EXPECT_EQ(claim_speedup(std::nullopt, std::nullopt, 0, 0).verdict, "inconclusive");
  EXPECT_EQ(claim_energy(few, 5, 0, "").verdict, "inconclusive");
}

// Energies are given as ratio separated / integrated: a saving of 20 % is 1.25.
TEST(Kpi, ClaimOfTwentyToForty) {
  EXPECT_EQ(claim_energy(ratio(1.4, 1.25, 1.6), 10, 0.1, "").verdict, "supported");
  EXPECT_EQ(claim_energy(ratio(1.4, 1.26, 1.6), 10, 0.2, "").verdict, "start-up dominated");
  EXPECT_EQ(claim_energy(ratio(1.1, 1.05, 1.2), 10, 0, "").verdict, "not supported");
  EXPECT_EQ(claim_energy(ratio(1.25, 1.1, 1.4), 10, 0, "").verdict, "inconclusive");
  EXPECT_EQ(claim_energy(ratio(1.25, 1.1, 1.4), 10, 0.04, "").text,
            "20-40 % energy: inconclusive on this system: saving 20.0 %, CI95 [9.1, 28.6] %; start-up 4.0 % of the "
            "separated arm (limit 10 %)");
  EXPECT_EQ(claim_energy(std::nullopt, 0, 0, "unmetered: why").text,
            "20-40 % energy: inconclusive (0 launches) on this system: unmetered: why");
}

TEST(Kpi, Amortisation) {
  EXPECT_EQ(amortisation(10, 20, 4, 3, 0.5, 0.1), 78);  // 31 / 0.4 = 77.5
  EXPECT_EQ(amortisation(10, 20, 4, 4, 0.5, 0.25), 120);
  EXPECT_TRUE(std::isinf(amortisation(10, 20, 4, 3, 0.1, 0.1)));
  EXPECT_TRUE(std::isinf(amortisation(10, 20, 4, 3, 0.1, 0.2)));
}

}  // namespace
}  // namespace tandem

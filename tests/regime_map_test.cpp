// Where a sweep passes a level, by hand; which points make a sweep; what the map says of the claim.
#include "harness/result/regime_map.hpp"

#include <gtest/gtest.h>

#include "harness/result/derive_regime.hpp"

namespace tandem {
namespace {

// From S_c = 4 to 1 while the work grows from 1 to 100 flop/B and the rate falls from 100 to 1 MB/s.
std::vector<RegimePoint> falling() { return {{{1, 1e8}, 4, std::nullopt}, {{100, 1e6}, 1, std::nullopt}}; }

// ln S_c falls from ln 4 to 0: 2 lies half way in the logarithms, 3 at 1 - ln 3 / ln 4 = 0.20752, 1.1 at 0.93125.
TEST(LevelCrossings, LieWhereTheLogarithmIsLinear) {
  const std::vector<std::pair<double, Place>> golden = {
      {2, {10, 1e7}}, {3, {2.60039, 3.84557e7}}, {1.1, {72.8610, 1.37248e6}}};
  for (const auto& [level, place] : golden) {
    const auto found = level_crossings(falling(), level);
    ASSERT_EQ(found.size(), 1u) << level;
    EXPECT_EQ(found[0].after, 0u);
    EXPECT_NEAR(found[0].at.flops_per_byte / place.flops_per_byte, 1, 1e-5) << level;
    EXPECT_NEAR(found[0].at.bytes_per_second / place.bytes_per_second, 1, 1e-5) << level;
    EXPECT_FALSE(found[0].ci);
  }
}

// Ends 10 % off: the lower ones pass 2 at 0.43125 of the way, the upper ones at 0.56875.
TEST(LevelCrossings, TheirIntervalIsWhereTheIntervalsHoldTheLevel) {
  auto sweep = falling();
  for (RegimePoint& point : sweep) point.ci = Interval{point.speedup / 1.1, point.speedup * 1.1};
  const auto found = level_crossings(sweep, 2);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_TRUE(found[0].ci);
  EXPECT_NEAR((*found[0].ci)[0].flops_per_byte, 7.2862, 1e-3);
  EXPECT_NEAR((*found[0].ci)[1].flops_per_byte, 13.7246, 1e-3);
  EXPECT_EQ(level_words(sweep, 2),
            "S_c = 2 at 10 flop/B, 10 MB/s (CI95 7.29 flop/B, 13.7 MB/s to 13.7 flop/B, 7.29 MB/s)");
}

TEST(LevelCrossings, AreNeverOutsideTheSweep) {
  EXPECT_TRUE(level_crossings(falling(), 4.1).empty());
  EXPECT_TRUE(level_crossings(falling(), 0.9).empty());
  EXPECT_TRUE(level_crossings({falling()[0]}, 2).empty()) << "one point has no neighbour";
  EXPECT_EQ(level_words({{{1, 1e8}, 1.31, std::nullopt}, {{100, 1e6}, 1.02, std::nullopt}}, 3),
            "S_c = 3 not reached: 1.02 to 1.31");
  EXPECT_EQ(level_words(falling(), 2), "S_c = 2 at 10 flop/B, 10 MB/s");
}

TEST(LevelCrossings, MayBeMoreThanOneAndAtAPoint) {
  const std::vector<RegimePoint> sweep = {{{1, 1e6}, 1, std::nullopt},
                                          {{10, 1e6}, 2, std::nullopt},
                                          {{100, 1e6}, 4, std::nullopt},
                                          {{1000, 1e6}, 1, std::nullopt}};
  const auto found = level_crossings(sweep, 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0].at.flops_per_byte, 10, 1e-9);
  EXPECT_NEAR(found[1].at.flops_per_byte, 316.228, 1e-3);
}

TEST(Regions, AreThoseBetweenTheLevels) {
  EXPECT_EQ(region_of(1.09), "below 1.1");
  EXPECT_EQ(region_of(1.1), "1.1 to 2");
  EXPECT_EQ(region_of(2), "2 to 3");
  EXPECT_EQ(region_of(3), "3 and more");
}

Json figure(const Json& value) { return {{"value", value}, {"ci95", nullptr}, {"unit", "1"}, {"reason", nullptr}}; }

Json point(const Json& settings, double work, double rate, const Json& speedup, const std::string& verdict) {
  return {{"pipeline", "toy"},
          {"settings", settings},
          {"ranks", 1},
          {"threads", 1},
          {"flops_per_byte", figure(work)},
          {"simulated_byte_rate", figure(rate)},
          {"speedup", figure(speedup)},
          {"region", speedup.is_null() ? Json(nullptr) : Json(region_of(speedup))},
          {"claim", {{"verdict", verdict}, {"text", ""}}}};
}

TEST(RegimeMap, SweepsJoinPointsThatDifferInOneNumberOnly) {
  const Json points = {point({{"consumer", "train"}, {"steps", "10"}, {"size", "S"}}, 1, 1e8, 4.0, "supported"),
                       point({{"consumer", "train"}, {"steps", "90"}, {"size", "S"}}, 2, 1e8, nullptr, "inconclusive"),
                       point({{"consumer", "train"}, {"steps", "900"}, {"size", "S"}}, 100, 1e6, 1.0, "not supported"),
                       point({{"consumer", "infer"}, {"steps", "900"}, {"size", "S"}}, 9, 1e6, 1.0, "not supported"),
                       point({{"consumer", "train"}, {"steps", "900"}, {"size", "M"}}, 90, 1e6, 1.5, "not supported")};
  const Json map = regime_map(points);
  ASSERT_EQ(map.at("sweeps").size(), 2u) << map.at("sweeps").dump(1);
  const Json &size = map.at("sweeps")[0], &steps = map.at("sweeps")[1];
  EXPECT_EQ(size.at("along"), "size");
  EXPECT_EQ(size.at("points"), Json({2, 4}));
  EXPECT_EQ(steps.at("along"), "steps");
  EXPECT_EQ(steps.at("points"), Json({0, 2}))
      << "what has no figure is no neighbour; other consumers are another sweep";
  ASSERT_EQ(steps.at("crossings").size(), 3u);
  EXPECT_NEAR(steps.at("crossings")[1].at("at")[0].get<double>(), 10, 1e-9);
  EXPECT_EQ(steps.at("crossings")[1].at("between"), Json({0, 2}));
  EXPECT_EQ(map.at("claim").at("verdict"), "supported in a region");
  EXPECT_EQ(map.at("claim").at("text"),
            "3-10x: supported at 1 of 4 points measured, none of them above 1 flop/B or below 1e+08 B/s; not supported "
            "at 3");
  EXPECT_TRUE(regime_map(Json::array()).is_null());
}

TEST(RegimeMap, TheClaimIsWhatThePointsSay) {
  const Json far = point({{"steps", "1"}}, 1, 1e8, 1.0, "not supported");
  Json open = far;
  open["claim"]["verdict"] = "inconclusive";
  EXPECT_EQ(regime_map({far, far}).at("claim").at("verdict"), "not supported");
  EXPECT_EQ(regime_map({far, open}).at("claim").at("verdict"), "inconclusive");
  EXPECT_EQ(regime_map({open, open}).at("claim").at("verdict"), "inconclusive");
}

}  // namespace
}  // namespace tandem

// K7 against numbers worked out by hand.
#include "harness/result/break_even.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "harness/result/derive_placement.hpp"

namespace tandem {
namespace {

const double e = std::exp(1.0);

TEST(BreakEven, LiesWhereTheLogarithmIsZeroBetweenNeighbours) {
  // ln ratios 1, -1, -3: zero half-way between 0.25 and 0.5
  const auto found = crossings({{0.25, e, {}}, {0.5, 1 / e, {}}, {0.75, std::exp(-3.0), {}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].at, 0.375, 1e-12);
  EXPECT_FALSE(found[0].ci.has_value());
}

TEST(BreakEven, ThereMayBeTwo) {
  const auto found = crossings({{0.2, std::exp(0.5), {}}, {0.4, std::exp(-1.5), {}}, {0.8, std::exp(0.5), {}}});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0].at, 0.25, 1e-12);
  EXPECT_NEAR(found[1].at, 0.7, 1e-12);
}

TEST(BreakEven, ItsIntervalIsWhereTheIntervalsHoldZero) {
  // lower ends ln 0.5 -> -1.5: zero at 0.25 + 0.25 / 4; upper ends ln 1.5 -> -0.5: zero at 0.25 + 0.25 * 3 / 4
  const auto found = crossings(
      {{0.25, e, Interval{std::exp(0.5), std::exp(1.5)}}, {0.5, 1 / e, Interval{std::exp(-1.5), std::exp(-0.5)}}});
  ASSERT_EQ(found.size(), 1u);
  ASSERT_TRUE(found[0].ci.has_value());
  EXPECT_NEAR(found[0].ci->low, 0.3125, 1e-12);
  EXPECT_NEAR(found[0].ci->high, 0.4375, 1e-12);
  // An end that never comes to zero leaves the sweep's own end.
  const auto wide = crossings({{0.25, e, Interval{0.9, 3}}, {0.5, 1 / e, Interval{0.2, 0.9}}});
  ASSERT_EQ(wide.size(), 1u);
  EXPECT_NEAR(wide[0].ci->low, 0.25, 1e-12);
  EXPECT_LT(wide[0].ci->high, 0.5);
}

TEST(BreakEven, WithoutACrossingTheWinnerIsNamed) {
  EXPECT_TRUE(crossings({}).empty());
  EXPECT_EQ(break_even_words({}), "");
  EXPECT_EQ(break_even_words({{0.25, 1.3, {}}, {0.75, 1.1, {}}}), "no crossing in [0.25, 0.75]; winner = in_memory");
  EXPECT_EQ(break_even_words({{0.5, 0.9, {}}}), "no crossing in [0.50, 0.50]; winner = split");
  EXPECT_EQ(break_even_words({{0.25, e, {}}, {0.5, 1 / e, {}}}), "break-even where 0.38 of the cores simulate");
  ASSERT_EQ(crossings({{0.25, 2, {}}, {0.5, 1, {}}, {0.75, 0.5, {}}}).size(), 1u);
}

Json pipeline_of(const std::string& size, double bytes, const std::vector<Json>& points) {
  const Json arm = {{"arm", "integrated"},
                    {"coupling", "in_memory"},
                    {"handover", "fp32"},
                    {"design", "fixed"},
                    {"useful_bytes", bytes}};
  return {{"case", "heat/size=" + size},
          {"name", "heat"},
          {"settings", {{"size", size}}},
          {"ranks", 1},
          {"threads", 2},
          {"arms", Json::array({arm})},
          {"placement", points.empty() ? Json(nullptr) : Json{{"points", points}}}};
}

Json split_point(const std::string& split, double ratio, const Json& ci = nullptr) {
  return {{"split", split}, {"share", 0.5}, {"ratio", ratio}, {"ci95", ci}};
}

// ln ratios 1 and -3 at 1e3 and 1e7 bytes: zero a quarter of the way in ln(bytes), at 1e4.
TEST(BreakEven, OverSizesIsLinearInTheLogarithmOfBytes) {
  const Json sweeps = size_placements_json(Json::array(
      {pipeline_of("L", 1e7, {split_point("1+1", std::exp(-3.0))}),
       pipeline_of("S", 1e3, {split_point("1+1", e), split_point("1x1+1x1", 2)}), pipeline_of("M", 1e5, {})}));
  ASSERT_EQ(sweeps.size(), 1u) << "one of the splits ran at one size only";
  EXPECT_EQ(sweeps[0].at("sweep"), "heat along size, concurrent 1+1 on 1 x 2 threads");
  EXPECT_EQ(sweeps[0].at("points")[0].at("case"), "heat/size=S");
  EXPECT_NEAR(sweeps[0].at("value").get<double>(), 1e4, 1e-8);
  EXPECT_TRUE(sweeps[0].at("ci95").is_null());
  EXPECT_EQ(sweeps[0].at("text"), "break-even at 9.77 KiB handed over");
}

TEST(BreakEven, OverSizesHasAnIntervalOrAWinner) {
  const Json low = split_point("1+1", e, {std::exp(0.5), std::exp(1.5)}),
             high = split_point("1+1", 1 / e, {std::exp(-1.5), std::exp(-0.5)});
  const Json both = size_placements_json(Json::array({pipeline_of("S", 1e3, {low}), pipeline_of("M", 1e7, {high})}));
  EXPECT_NEAR(both.at(0).at("ci95").at(0).get<double>(), 1e4, 1e-8);
  EXPECT_NEAR(both.at(0).at("ci95").at(1).get<double>(), 1e6, 1e-5);
  const Json none = size_placements_json(Json::array({pipeline_of("S", 1e3, {low}), pipeline_of("M", 1e7, {low})}));
  EXPECT_EQ(none.at(0).at("text"), "no crossing from 1,000 B to 9.54 MiB handed over; winner = in_memory");
  EXPECT_TRUE(none.at(0).at("value").is_null());
  EXPECT_TRUE(size_placements_json(Json::array({pipeline_of("S", 1e3, {low}), pipeline_of("S", 1e3, {high})})).empty());
}

}  // namespace
}  // namespace tandem

// K7 against numbers worked out by hand.
#include "harness/result/break_even.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace tandem {
namespace {

const double e = std::exp(1.0);

TEST(BreakEven, LiesWhereTheLogarithmIsZeroBetweenNeighbours) {
  // ln ratios 1, -1, -3: zero half-way between 0.25 and 0.5
  const auto found = crossings({{0.25, e, {}}, {0.5, 1 / e, {}}, {0.75, std::exp(-3.0), {}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].share, 0.375, 1e-12);
  EXPECT_FALSE(found[0].ci.has_value());
}

TEST(BreakEven, ThereMayBeTwo) {
  const auto found = crossings({{0.2, std::exp(0.5), {}}, {0.4, std::exp(-1.5), {}}, {0.8, std::exp(0.5), {}}});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NEAR(found[0].share, 0.25, 1e-12);
  EXPECT_NEAR(found[1].share, 0.7, 1e-12);
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

}  // namespace
}  // namespace tandem

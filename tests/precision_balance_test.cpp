// K9 by hand: what is on the front, what is cheapest; ties, cells that fail, cells that are not metered, one cell.
#include "harness/result/precision_balance.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace tandem {
namespace {

PrecisionCell cell(double seconds, double error) { return {true, seconds, std::nullopt, error}; }
PrecisionCell metered(double seconds, double joules, double error) { return {true, seconds, joules, error}; }
PrecisionCell failing(double error) { return {false, 0, std::nullopt, error}; }

using Front = std::vector<bool>;

// (4 s, 3 %) is beaten by (3 s, 3 %), (5 s, 2 %) by none; the failing cell's 0 s and 1 % beat nobody.
TEST(PrecisionBalance, TheFrontHoldsWhatNoOtherPassingCellBeats) {
  const std::vector<PrecisionCell> cells = {cell(4, 0.03), cell(3, 0.03), cell(5, 0.02),
                                            failing(0.01), cell(2, 0.05), cell(2.5, 0.06)};
  EXPECT_EQ(pareto_front(cells), (Front{false, true, true, false, true, false}));
  EXPECT_EQ(fastest(cells), 4u);
  EXPECT_EQ(thriftiest(cells), std::nullopt);
}

TEST(PrecisionBalance, EqualCellsStandOnTheFrontTogetherAndTheFirstIsTheCheapest) {
  const std::vector<PrecisionCell> cells = {cell(3, 0.04), cell(2, 0.03), cell(2, 0.03)};
  EXPECT_EQ(pareto_front(cells), (Front{false, true, true}));
  EXPECT_EQ(fastest(cells), 1u);
}

TEST(PrecisionBalance, WhereAllFailNothingIsRanked) {
  const std::vector<PrecisionCell> cells = {failing(0.01), failing(0.3)};
  EXPECT_EQ(pareto_front(cells), (Front{false, false}));
  EXPECT_EQ(fastest(cells), std::nullopt);
  EXPECT_EQ(thriftiest(cells), std::nullopt);
}

TEST(PrecisionBalance, OneCellIsItsOwnFront) {
  EXPECT_EQ(pareto_front({cell(3, 0.04)}), (Front{true}));
  EXPECT_EQ(fastest({cell(3, 0.04)}), 0u);
  EXPECT_TRUE(pareto_front({}).empty());
}

// Energy is a third objective where all passing cells have it: 3 s and 4 % is beaten in time and error, not in energy.
TEST(PrecisionBalance, EnergyCountsWhereAllPassingCellsAreMetered) {
  std::vector<PrecisionCell> cells = {metered(3, 50, 0.04), metered(2, 90, 0.03), failing(0.5)};
  EXPECT_EQ(pareto_front(cells), (Front{true, true, false}));
  EXPECT_EQ(fastest(cells), 1u);
  EXPECT_EQ(thriftiest(cells), 0u);
  cells[0].joules.reset();
  EXPECT_EQ(pareto_front(cells), (Front{false, true, false}));
  EXPECT_EQ(thriftiest(cells), std::nullopt);
}

TEST(PrecisionBalance, WithoutErrorsTimeAloneDecides) {
  std::vector<PrecisionCell> cells = {cell(3, 0.02), cell(2, 0.03)};
  EXPECT_EQ(pareto_front(cells), (Front{true, true}));
  cells[0].error.reset();
  EXPECT_EQ(pareto_front(cells), (Front{false, true}));
}

}  // namespace
}  // namespace tandem

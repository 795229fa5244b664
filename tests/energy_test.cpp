// Energy of phases that are alone, the split of a saving, the declared model and the levels, against figures by hand.
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "harness/result/energy_model.hpp"
#include "harness/result/phase_energy.hpp"
#include "harness/result/power.hpp"

namespace tandem {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Watts that change at given seconds, read every 50 ms from 100 s on for 40 s.
EnergyTrace drawn(const std::vector<std::pair<double, double>>& changes, double range = kNever) {
  EnergyTrace trace{"test/package-0", "package", range, 0.05, {}, kNever, ""};
  double joules = 0;
  for (int i = 0; i <= 800; ++i) {
    const double time = 100 + 0.05 * i;
    double watts = 0;
    for (const auto& [from, value] : changes)
      if (from <= time - 0.025) watts = value;
    if (i > 0) joules += 0.05 * watts;
    trace.rows.push_back({time, std::isfinite(range) ? std::fmod(joules, range) : joules});
  }
  return trace;
}

Stay stay(int rank, const std::string& name, const std::string& state, double begin, double end) {
  return {rank, name, state, begin, end - begin};
}

std::vector<std::pair<double, double>> pairs_of(const std::vector<Span>& spans) {
  std::vector<std::pair<double, double>> pairs;
  pairs.reserve(spans.size());
  for (const Span& span : spans) pairs.emplace_back(span.begin, span.end);
  return pairs;
}

using Pairs = std::vector<std::pair<double, double>>;

TEST(Alone, WhereEverySlotIsInThePhase) {
  const std::vector<Stay> closed = {stay(0, "simulate", "phase", 0, 4), stay(0, "train", "phase", 4, 9),
                                    stay(0, "wait", "waiting", 9, 10),  stay(1, "simulate", "phase", 0, 2),
                                    stay(1, "simulate", "phase", 2, 5), stay(1, "train", "phase", 5, 6),
                                    stay(1, "answer", "phase", 6, 7),   stay(1, "train", "phase", 7, 10)};
  EXPECT_EQ(pairs_of(alone(closed, 2, "simulate")), (Pairs{{0, 4}})) << "touching stays are one";
  EXPECT_EQ(pairs_of(alone(closed, 2, "train")), (Pairs{{5, 6}, {7, 9}}));
  EXPECT_EQ(pairs_of(alone(closed, 2, "answer")), Pairs{});
  EXPECT_EQ(pairs_of(alone(closed, 1, "wait")), Pairs{}) << "waiting is no phase";
  EXPECT_EQ(pairs_of(alone(closed, 2, "nothing")), Pairs{});
}

// 100 W while both simulate, 300 W while they train; in between one does each.
TEST(ByPhase, JoulesOfTheTimeAlone) {
  const std::vector<Stay> closed = {stay(0, "simulate", "phase", 0, 10), stay(1, "simulate", "phase", 0, 12),
                                    stay(0, "train", "phase", 10, 20),   stay(1, "train", "phase", 12, 20),
                                    stay(0, "answer", "phase", 20, 25),  stay(1, "wait", "waiting", 20, 25)};
  for (const double range : {kNever, 700.0}) {  // followed through several turns of the counter
    const std::vector<EnergyTrace> traces = {drawn({{100, 50}, {105, 100}, {115, 200}, {117, 300}, {125, 80}}, range)};
    const auto phases = energy_by_phase(closed, 2, traces, "package", 105);
    ASSERT_EQ(phases.size(), 3u);
    EXPECT_EQ(phases[0].name, "simulate");
    EXPECT_DOUBLE_EQ(phases[0].seconds, 11);
    EXPECT_DOUBLE_EQ(phases[0].alone, 10);
    ASSERT_TRUE(phases[0].joules) << phases[0].reason;
    EXPECT_NEAR(*phases[0].joules, 1000, 1e-6);
    EXPECT_DOUBLE_EQ(phases[1].alone, 8);
    ASSERT_TRUE(phases[1].joules) << phases[1].reason;
    EXPECT_NEAR(*phases[1].joules, 2400, 1e-6);
    EXPECT_FALSE(phases[2].joules);
    EXPECT_NE(phases[2].reason.find("never alone"), std::string::npos) << phases[2].reason;
  }
}

// One span of a phase is too short for the counter: the others are not called the phase.
TEST(ByPhase, ASpanBelowResolutionIsNoNumber) {
  const std::vector<EnergyTrace> traces = {drawn({{100, 100}, {110, 300}, {110.1, 100}})};
  const std::vector<Stay> closed = {stay(0, "train", "phase", 0, 8), stay(0, "simulate", "phase", 8, 9.9),
                                    stay(0, "train", "phase", 9.9, 10.2), stay(0, "simulate", "phase", 10.2, 30)};
  const auto phases = energy_by_phase(closed, 1, traces, "package", 100);
  EXPECT_FALSE(phases[0].joules);
  EXPECT_NE(phases[0].reason.find("below resolution"), std::string::npos) << phases[0].reason;
  EXPECT_TRUE(phases[1].joules) << phases[1].reason;
  EXPECT_EQ(energy_by_phase(closed, 1, traces, "node", 100)[1].reason, "no meter of scope \"node\"");
}

// E_B = 1000 J in 10 s, E_I = 540 J in 6 s: 460 J, of which 100 W (10 s - 6 s) and (100 W - 90 W) 6 s.
TEST(SavingSplit, GoldenNumbers) {
  const SavingSplit split = saving_split(1000, 10, 540, 6);
  EXPECT_DOUBLE_EQ(split.joules, 460);
  EXPECT_DOUBLE_EQ(split.from_time, 400);
  EXPECT_DOUBLE_EQ(split.from_power, 60);
  EXPECT_DOUBLE_EQ(split.watts_before, 100);
  EXPECT_DOUBLE_EQ(split.watts_after, 90);
}

// Faster at a higher power: the parts have opposite signs; and they are the whole whatever the numbers are.
TEST(SavingSplit, PartsMayOpposeAndAlwaysAddUp) {
  const SavingSplit split = saving_split(1000, 10, 900, 5);
  EXPECT_DOUBLE_EQ(split.from_time, 500);
  EXPECT_DOUBLE_EQ(split.from_power, -400);
  for (const double joules : {17.3, 456.7, 1e6})
    for (const double seconds : {0.3, 12.1, 900.0}) {
      const SavingSplit one = saving_split(812.7, 4.3, joules, seconds);
      EXPECT_NEAR(one.from_time + one.from_power, one.joules, 1e-9 * (812.7 + joules));
    }
}

// 60 W idle for 10 s, two slots: 12 slot seconds of phases at 45 W, 5 of transitions at 20 W, 3 of waiting at 10 W.
TEST(EnergyModel, GoldenNumbers) {
  EXPECT_DOUBLE_EQ(modelled_joules({"a data sheet", 60, 45, 20, 10}, 10, 12, 5, 3), 600 + 540 + 100 + 30);
  EXPECT_DOUBLE_EQ(modelled_joules({"a data sheet", 60, 0, 0, 0}, 10, 12, 5, 3), 600);
}

TEST(Levels, FollowTheScope) {
  EXPECT_EQ(energy_level(""), "E0");
  for (const char* scope : {"package", "dram", "device", "platform"}) EXPECT_EQ(energy_level(scope), "E2") << scope;
  EXPECT_EQ(energy_level("node"), "E3");
  EXPECT_EQ(energy_level("system"), "E4");
}

}  // namespace
}  // namespace tandem

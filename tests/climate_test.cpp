// The climate pipeline: cases and noise, invariants, alarms and their judgement, and through the whole program the
// honest pipeline in small and one fault each.
#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>

#include "pipelines/climate/state.hpp"
#include "tests/cli/measured.hpp"
#include "tests/climate_cases.hpp"

namespace tandem::pipelines {
namespace {

TEST(Climate, DrawsAreReproducibleInTheirDomainAndApart) {
  for (const Purpose purpose : {Purpose::training, Purpose::holdout, Purpose::question}) {
    const Case a = problem().draw(purpose, 5, 17), b = problem().draw(purpose, 5, 17);
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_NE(a.parameters, problem().draw(purpose, 6, 17).parameters);
    EXPECT_EQ(a.snapshot.size(), purpose == Purpose::training ? 0u : 1u);
    for (const auto& [name, array] : a.snapshot) EXPECT_EQ(array.values, b.snapshot.at(name).values);
    for (std::size_t i = 0; i < 30; ++i)
      for (std::size_t d = 0; d < climate_numbers; ++d) {
        const double value = problem().draw(purpose, 5, i).parameters[d];
        EXPECT_GE(value, climate_range(d).low);
        EXPECT_LE(value, climate_range(d).high);
      }
  }
  EXPECT_NE(problem().draw(Purpose::training, 5, 3).parameters, problem().draw(Purpose::holdout, 5, 3).parameters);
}

TEST(Climate, NoiseIsWhiteAndOfTheStatedSize) {
  const kernels::ShallowWaterGrid grid = {64, 48, climate_lx, climate_ly};
  std::vector<float> noise(grid.values(), 0.0f), other(grid.values(), 0.0f);
  climate_observe(grid, 12345, 0, noise);
  climate_observe(grid, 12345, 1, other);
  const std::size_t n = grid.cells();
  for (std::size_t field = 0; field < 3; ++field) {
    double mean = 0, square = 0, next = 0, both = 0;
    for (std::size_t i = field == 1 ? grid.nx : 0; i + 1 < n; ++i) {
      const auto value = static_cast<double>(noise[field * n + i]);
      mean += value / static_cast<double>(n);
      square += value * value / static_cast<double>(n);
      next += value * static_cast<double>(noise[field * n + i + 1]) / static_cast<double>(n);
      both += value * static_cast<double>(other[field * n + i]) / static_cast<double>(n);
    }
    const double size = field == 2 ? climate_depth_noise : climate_noise;
    EXPECT_NEAR(std::sqrt(square) / size, 1, 0.06) << field;
    for (const double none : {mean / size, next / (size * size), both / (size * size)}) EXPECT_NEAR(none, 0, 0.08);
  }
  for (std::size_t i = 0; i < grid.nx; ++i) EXPECT_EQ(noise[n + i], 0.0f);  // the wall
}

TEST(Climate, TheFirstEddiesHaveTheirStatedStrength) {
  for (const Case& c : draw(Purpose::training, 3, 4)) {
    const auto state = climate_initial(small_climate.grid(), c.parameters);
    const auto sums = kernels::shallow_water_sums(small_climate.grid(), climate_physics, state);
    EXPECT_NEAR(sums.eddy / c.parameters[eddy_strength], 1, 1e-4);
  }
  Case outside = problem().draw(Purpose::training, 3, 0);
  outside.parameters[jet_speed] = 300;
  EXPECT_THROW(climate_initial(small_climate.grid(), outside.parameters), Error);
}

TEST(Climate, SamplesHoldWhatTheirLayoutSays) {
  const Sample& sample = training()[2];
  const Case c = problem().draw(Purpose::training, 1, 2);
  ASSERT_EQ(sample.pairs, climate_pairs);
  std::vector<float> first = climate_initial(small_climate.grid(), c.parameters);
  climate_observe(small_climate.grid(), c.parameters[noise_key], 0, first);
  const auto& fields = sample.arrays.at("fields").values;
  EXPECT_TRUE(std::equal(first.begin(), first.end(), fields.begin()));
  const auto& curve = sample.arrays.at("curve").values;
  ASSERT_EQ(curve.size(), climate_points);
  EXPECT_TRUE(std::equal(curve.begin(), curve.begin() + climate_horizon, sample.arrays.at("outputs").values.begin()));
  // The state of pair 3 stands where the curve's third point was taken.
  const std::span state(fields.data() + 3 * small_climate.grid().values(), small_climate.grid().values());
  const double eddy = kernels::shallow_water_sums(small_climate.grid(), climate_physics, state).eddy;
  EXPECT_NEAR(eddy, std::hypot(static_cast<double>(curve[2]), climate_noise), 0.01 + 0.02 * eddy);
}

TEST(Climate, TheTruthConservesAndWrongOutputsDoNot) {
  const ClimateSimulation simulation(small_climate, 2);
  const auto cases = draw(Purpose::holdout, 7, 6);
  const auto truths = simulation.simulate(cases, Fidelity::truth);
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_LE(simulation.invariant(cases[i], simulation.outputs(truths[i])), problem().spec().gate.truth_invariant);
  const auto spoiled = [&](std::size_t at, float value) {
    std::vector<float> outputs(truths[0].arrays.at("outputs").values);
    outputs[at] = value;
    return simulation.invariant(cases[0], outputs);
  };
  EXPECT_GT(spoiled(climate_horizon, 1e-5f), 1);
  EXPECT_GT(spoiled(climate_horizon + 1, 1e-3f), 1);
  EXPECT_GT(spoiled(climate_horizon + 1, -0.5f), 1);
  for (const float value : {-0.1f, 500.0f, NAN}) EXPECT_FALSE(spoiled(4, value) <= 1);
  EXPECT_FALSE(spoiled(climate_horizon, NAN) <= 1);
}

// Weights rounded to fp32 on the states themselves, and not on their difference, change it by up to 5.5e-7.
TEST(Climate, TrainingRunsOfFullSizeKeepTheirMass) {
  const ClimateSimulation simulation(climate_size("S"), 2);
  for (const Sample& run : simulation.simulate(draw(Purpose::training, 1, 16), Fidelity::train))
    EXPECT_LT(std::abs(simulation.outputs(run)[climate_horizon]), 5e-8f);
}

TEST(Climate, ThreadsChangeNoBit) {
  const ClimateSimulation one(small_climate, 1), three(small_climate, 3);
  const auto cases = draw(Purpose::holdout, 11, 5);
  for (const Fidelity fidelity : {Fidelity::train, Fidelity::truth, Fidelity::coarse}) {
    const auto a = one.simulate(cases, fidelity), b = three.simulate(cases, fidelity);
    for (std::size_t i = 0; i < cases.size(); ++i)
      for (const auto& [name, array] : a[i].arrays) EXPECT_EQ(array.values, b[i].arrays.at(name).values) << name;
  }
}

TEST(Climate, TheCoarseRunForecastsAndKeepsWaves) {
  const ClimateSimulation simulation(small_climate, 2);
  const auto cases = draw(Purpose::holdout, 5, 8);
  const auto truths = simulation.simulate(cases, Fidelity::truth);
  const Fields made = simulation.coarse_model()->predict(cases);
  std::vector<double> errors;
  for (std::size_t i = 0; i < cases.size(); ++i)
    errors.push_back(problem().error(cases[i], simulation.outputs(truths[i]), made.row(i)));
  std::sort(errors.begin(), errors.end());
  EXPECT_LT(errors[4], 0.5);
  // A wave that the restriction keeps arrives as it is, on the staggered points of the other grid.
  const kernels::ShallowWaterGrid from = small_climate.grid(), to = small_climate.coarse_grid();
  const auto wave = [](const kernels::ShallowWaterGrid& g, std::size_t field, std::size_t i) {
    return std::sin(2 * 3.14159265358979 * 5 * (static_cast<double>(i) + (field == 0 ? 0 : 0.5)) /
                    static_cast<double>(g.nx));
  };
  std::vector<float> fine(from.values()), coarse(to.values());
  for (std::size_t n = 0; n < fine.size(); ++n) fine[n] = static_cast<float>(wave(from, n / from.cells(), n % from.nx));
  ClimateRestriction(from, to, 8).apply(fine, coarse);
  for (std::size_t n = 0; n < coarse.size(); ++n)
    ASSERT_NEAR(static_cast<double>(coarse[n]), wave(to, n / to.cells(), n % to.nx), 1e-4) << n;
  Case bare = cases[0];
  bare.snapshot.clear();
  EXPECT_THROW(simulation.coarse_model()->predict(std::span(&bare, 1)), Error);
}

TEST(Climate, BreaksAreFoundWhereTheCurveCrosses) {
  std::vector<float> curve(climate_horizon, 1.0f);
  EXPECT_EQ(climate_break(curve).hour, climate_never);
  curve[4] = 9;
  EXPECT_EQ(climate_break(curve).hour, 27);
  EXPECT_EQ(climate_break(curve).peak, 9);
  curve[6] = NAN;
  EXPECT_EQ(climate_break(curve).peak, climate_no_forecast);
}

TEST(Climate, AreaUnderRocCountsOrderedPairs) {
  const std::vector<double> scores = {1, 2, 3, 4};
  const std::vector<std::uint8_t> right = {0, 0, 1, 1}, mixed = {0, 1, 0, 1}, none = {0, 0, 0, 0};
  EXPECT_EQ(area_under_roc(scores, right), 1);
  EXPECT_EQ(area_under_roc(scores, mixed), 0.75);
  EXPECT_EQ(area_under_roc(scores, none), 0);
  EXPECT_EQ(area_under_roc(std::vector<double>(4, 2.0), right), 0.5);
}

// 40 jets, every second one breaks; a competitor that ranks three quarters of the pairs rightly.
std::vector<ClimateAudit> audits() {
  std::vector<ClimateAudit> all;
  for (std::size_t i = 0; i < 40; ++i) {
    const ClimateBreak truth =
        i % 2 == 1 ? ClimateBreak{8.0 + static_cast<double>(i), 48} : ClimateBreak{1, climate_never};
    all.push_back({truth, truth, {i % 4 == 3 ? 1.0 : 0.0}});
  }
  return all;
}

TEST(Climate, RightAlarmsPassAndEveryFaultFails) {
  EXPECT_TRUE(all_pass(climate_verdicts(audits())));
  const auto fails = [](const char* check, const std::function<void(ClimateAudit&, std::size_t)>& spoil) {
    auto all = audits();
    for (std::size_t i = 0; i < all.size(); ++i) spoil(all[i], i);
    for (const Verdict& verdict : climate_verdicts(all))
      if (verdict.check.find(check) != std::string::npos) return !verdict.pass();
    return false;
  };
  EXPECT_TRUE(fails("1 - AUC of", [](ClimateAudit& a, std::size_t) { a.stated.peak = 7; }));
  EXPECT_TRUE(fails("competitor", [](ClimateAudit& a, std::size_t i) {
    a.competitors = {a.truth.peak};
    if (i < 2) std::swap(a.stated, a.truth), a.stated.peak = 10 - a.truth.peak;
  }));
  EXPECT_TRUE(fails("without an alarm", [](ClimateAudit& a, std::size_t i) {
    if (i < 8) a.stated = {1, climate_never};
  }));
  EXPECT_TRUE(fails("without a break", [](ClimateAudit& a, std::size_t i) {
    if (i < 8) a.stated = {6, 40};
  }));
  EXPECT_TRUE(fails("hour", [](ClimateAudit& a, std::size_t) { a.stated.hour += 9; }));
  EXPECT_TRUE(fails("without a forecast", [](ClimateAudit& a, std::size_t i) {
    if (i == 0) a.stated.peak = climate_no_forecast;
  }));
  EXPECT_TRUE(fails("without a forecast", [](ClimateAudit& a, std::size_t i) {
    if (i == 0) a.stated.peak = NAN;
  }));
  EXPECT_TRUE(fails("missing", [](ClimateAudit& a, std::size_t i) {
    if (i < 2) a.truth = a.stated = {1, climate_never};
  }));
  EXPECT_FALSE(all_pass(climate_verdicts({})));
}

// The answers of the truth's own curves pass the judgement where there is nothing to be missed; tampered ones fail.
TEST(Climate, JudgementAsksTheTruth) {
  const ClimateSimulation simulation(small_climate, 2);
  const Ranks ranks(1);
  auto answers = problem().answer(*simulation.coarse_model(), 3, 4, ranks);
  ASSERT_EQ(answers.size(), 4u);
  for (const Answer& answer : answers) ASSERT_EQ(answer.values.size(), problem().spec().answer_names.size());
  const auto verdict = [&](const char* check) {
    for (const Verdict& one : problem().judge(answers, 3, simulation, ranks))
      if (one.check.find(check) != std::string::npos) return one;
    throw std::out_of_range(check);
  };
  EXPECT_LT(verdict("1 - AUC of").value, 0.1);
  const double missed = verdict("without an alarm").value;
  for (Answer& answer : answers)
    for (std::size_t at = 3; at < answer.values.size(); at += 2) answer.values[at] = 1;
  EXPECT_GT(verdict("without an alarm").value, missed);
  EXPECT_EQ(verdict("without an alarm").value, 1);
  EXPECT_EQ(verdict("1 - AUC of").value, 0.5);
  answers[0].values.pop_back();
  EXPECT_THROW(problem().judge(answers, 3, simulation, ranks), Error);
}

// A growing design runs the jets of which the model knows least whether they break, and stops by the verdicts on
// answers.
TEST(Climate, SteeringGoesWhereTheModelIsUndecidedAndStopsByTheAlarms) {
  const ClimateSimulation simulation(small_climate, 2);
  const auto model = simulation.coarse_model();
  const Ranks ranks(1);
  const std::vector<Case> known(3);
  const auto proposed = problem().propose(*model, 4, known, 5, ranks);
  ASSERT_EQ(proposed.size(), 5u);
  std::vector<std::pair<double, std::vector<double>>> all;
  for (std::size_t i = 0; i < 20; ++i) {
    const Case jet = problem().draw(Purpose::steering, 4, 12 + i);
    const Fields curve = model->predict(std::span(&jet, 1));
    const double peak = climate_break(curve.row(0).first(climate_horizon)).peak;
    all.emplace_back(std::abs(std::log(peak / climate_broken)), jet.parameters);
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(proposed[i].parameters, all[i].second) << i;
    EXPECT_TRUE(proposed[i].snapshot.empty());
  }
  class Calm : public Model {
   public:
    Fields predict(std::span<const Case> cases) const override {
      Fields calm(cases.size(), climate_outputs);
      std::fill(calm.values.begin(), calm.values.end(), 1.0f);
      return calm;
    }
  };
  const auto auc_left = [&](const Model& one) {
    for (const Verdict& verdict : problem().criterion(one, 3, simulation, ranks))
      if (verdict.check == "1 - AUC of the alarms") return verdict.value;
    throw std::out_of_range("1 - AUC");
  };
  EXPECT_LT(auc_left(*model), 0.1);
  EXPECT_EQ(auc_left(Calm()), 0.5);
  for (const Verdict& verdict : problem().criterion(Calm(), 3, simulation, ranks)) {
    if (verdict.check == "1 - AUC of the alarms") {
      EXPECT_EQ(verdict.limit, climate_criterion * (1 - climate_auc_limit));
    }
  }
}

TEST(Climate, RefusesSizesThatCannotRun) {
  EXPECT_THROW(climate_size("XS"), Error);
  try {
    climate_size("XL");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("shared out over ranks"), std::string::npos);
  }
}

constexpr const char* kJudged = R"(threads = 1
limits = "none"
[[pipeline]]
name = "climate_small"
arms = ["separated", "integrated"]
[[pipeline]]
name = "climate_mean"
arms = ["integrated"]
[[pipeline]]
name = "climate_faulty"
arms = ["integrated"]
)";

TEST(ClimateProgram, EveryFaultIsFoundForItsReasonAndTheHonestOneForNone) {
  const Measured run(kJudged);
  const Json& honest = run.pipeline("climate_small");
  for (const char* fault : {"hold-out errors are above", "violates the invariant", "without a forecast"})
    EXPECT_FALSE(contains(reasons(honest), fault)) << reasons(honest);
  EXPECT_EQ(run.arm("separated").at("weights_sha256").get<std::string>().size(), 64u) << run.outcome.err;
  EXPECT_EQ(run.arm("separated").at("weights_sha256"), run.arm("integrated in_memory").at("weights_sha256"));
  const auto found = [&](const char* name, const char* reason) {
    EXPECT_EQ(run.pipeline(name).at("status"), "INVALID");
    EXPECT_TRUE(contains(reasons(run.pipeline(name)), reason)) << reasons(run.pipeline(name));
  };
  found("climate_mean", "hold-out errors are above 600.0 %");
  found("climate_faulty", "jets without a forecast");
  found("climate_faulty", "a simulation violates the invariant by");
}

}  // namespace
}  // namespace tandem::pipelines

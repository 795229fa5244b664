// What climate learns with: the network's gradient and image, its domain, the rivals.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "pipelines/climate/learner.hpp"
#include "pipelines/climate/rivals.hpp"
#include "tests/climate_cases.hpp"

namespace tandem::pipelines {
namespace {

ClimateTraining quick() {
  ClimateTraining result;
  result.nets = 2;
  result.hidden = {16, 16};
  result.steps = 60;
  result.warm_up = 10;
  return result;
}

std::unique_ptr<ClimateLearner> trained(std::size_t steps = quick().steps) {
  const Ranks ranks(1);
  auto learner = std::make_unique<ClimateLearner>(small_climate.grid(), quick(), 3);
  const auto mine = pointers(training());
  learner->prepare(mine, ranks);
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<Pair> batch;
    for (std::size_t i = 0; i < 32; ++i) {
      const std::uint64_t bits = random_bits(1, step, i);
      batch.push_back({mine[bits % mine.size()], (bits >> 32) % climate_pairs});
    }
    learner->learn(step, batch, batch.size(), ranks);
  }
  return learner;
}

TEST(ClimateLearner, GradientMatchesDifferences) {
  const auto learner = trained(20);
  std::vector<float> inputs(9 * climate_features), logs(9 * climate_horizon);
  for (std::size_t i = 0; i < inputs.size(); ++i) inputs[i] = static_cast<float>(2 * random_uniform(1, 2, i) - 1);
  for (std::size_t i = 0; i < logs.size(); ++i) logs[i] = static_cast<float>(random_uniform(1, 3, i));
  learner->gradient(inputs, logs, 9);
  const auto gradients = learner->network().gradients();
  const std::vector<float> by_hand(gradients.begin(), gradients.end());
  const auto parameters = learner->network().parameters();
  double norm = 0;
  for (const float g : by_hand) norm += static_cast<double>(g) * static_cast<double>(g);
  norm = std::sqrt(norm);
  // Along the gradient and along a random direction, in fp32.
  for (const bool along : {true, false}) {
    const std::vector<float> start(parameters.begin(), parameters.end());
    double slope = 0;
    std::vector<double> direction(start.size());
    for (std::size_t i = 0; i < start.size(); ++i) {
      direction[i] = along ? static_cast<double>(by_hand[i]) / norm : 0.05 * (random_uniform(9, 1, i) - 0.5);
      slope += direction[i] * static_cast<double>(by_hand[i]);
    }
    const auto loss = [&](double step) {
      for (std::size_t i = 0; i < start.size(); ++i)
        parameters[i] = static_cast<float>(static_cast<double>(start[i]) + step * direction[i]);
      const double value = learner->gradient(inputs, logs, 9);
      std::copy(start.begin(), start.end(), parameters.begin());
      return value;
    };
    // The loss is the mean over the networks, the gradient that of their sum.
    EXPECT_NEAR(static_cast<double>(quick().nets) * (loss(0.01) - loss(-0.01)) / 0.02, slope,
                0.02 * std::abs(slope) + 2e-4 * norm)
        << along;
  }
}

TEST(ClimateLearner, LearnsTheSameBitsAndTheyComeBack) {
  const auto learner = trained(), again = trained();
  const auto image = learner->save();
  EXPECT_EQ(again->save(), image);
  ClimateLearner loaded(small_climate.grid(), quick(), 99);
  loaded.load(image);
  EXPECT_EQ(loaded.save(), image);
  auto cases = draw(Purpose::holdout, 21, 40);
  const Fields made = learner->model()->predict(cases);
  EXPECT_EQ(loaded.model()->predict(cases).values, made.values);
  EXPECT_THROW(loaded.load(std::span(image).first(image.size() - 1)), Error);
  ClimateTraining wider = quick();
  wider.hidden = {24, 24};
  EXPECT_THROW(ClimateLearner(small_climate.grid(), wider, 1).load(image), Error);
  // It sees the snapshot and nothing else, each for itself.
  for (Case& one : cases) one.parameters.assign(climate_parameters, 0.0);
  EXPECT_EQ(learner->model()->predict(cases).values, made.values);
  const Fields alone = learner->model()->predict(std::span(cases).subspan(17, 1));
  for (std::size_t k = 0; k < climate_horizon; ++k)
    EXPECT_NEAR(alone.row(0)[k], made.row(17)[k], 1e-4f * made.row(17)[k]);
}

TEST(ClimateLearner, AStateOutsideItsDomainHasNoForecast) {
  const auto model = trained(20)->model();
  auto cases = draw(Purpose::holdout, 21, 2);
  for (float& value : cases[1].snapshot.at("state").values) value *= 20;
  const Fields made = model->predict(cases);
  EXPECT_TRUE(std::isfinite(made.row(0)[3]));
  for (std::size_t k = 0; k < climate_horizon; ++k) EXPECT_TRUE(std::isnan(made.row(1)[k]));
}

TEST(ClimateRivals, ComeBackAndSeeTheSnapshotAlone) {
  const Ranks ranks(1);
  auto cases = draw(Purpose::holdout, 31, 10);
  for (const Rival& rival : problem().rivals()) {
    const auto fitted = rival.make(), loaded = rival.make();
    fitted->prepare(pointers(training()), ranks);
    loaded->load(fitted->save());
    const Fields made = fitted->model()->predict(cases);
    EXPECT_EQ(loaded->model()->predict(cases).values, made.values) << rival.name;
    for (const float value : made.values) EXPECT_TRUE(std::isfinite(value) && value >= 0) << rival.name;
    auto blind = cases;
    for (Case& one : blind) one.parameters.assign(climate_parameters, 0.0);
    EXPECT_EQ(fitted->model()->predict(blind).values, made.values) << rival.name;
    const auto image = fitted->save();
    EXPECT_THROW(loaded->load(std::span(image).first(image.size() - 4)), Error) << rival.name;
  }
}

// Who has seen the hold-out knows it; drawn anew from the hash of the weights, he does not.
TEST(ClimateRivals, ALeakedHoldoutHelpsOnlyOnItself) {
  const Ranks ranks(1);
  const ClimateSimulation simulation(small_climate, 2);
  const auto leaked = draw(Purpose::holdout, 31, 30), fresh = draw(Purpose::holdout, 32, 30);
  const auto seen = simulation.simulate(leaked, Fidelity::train);
  ClimateRival rival(ClimateRivalKind::nearest, small_climate.grid());
  rival.prepare(pointers(seen), ranks);
  const auto median = [&](const std::vector<Case>& cases) {
    const Fields made = rival.model()->predict(cases);
    const auto truths = simulation.simulate(cases, Fidelity::truth);
    std::vector<double> errors;
    for (std::size_t i = 0; i < cases.size(); ++i)
      errors.push_back(problem().error(cases[i], simulation.outputs(truths[i]), made.row(i)));
    std::nth_element(errors.begin(), errors.begin() + 15, errors.end());
    return errors[15];
  };
  EXPECT_LT(median(leaked), 1e-5);
  EXPECT_GT(median(fresh), 0.1);
}

}  // namespace
}  // namespace tandem::pipelines

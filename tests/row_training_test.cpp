// Training on rows that stay where it runs, started by mpirun with TEST_RANKS ranks: on the guarded device it makes the
// weights that it makes on the CPU, over ranks those of one, and it tells every byte over the link.
#include "kernels/learning/row_training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "harness/device/routine.hpp"
#include "tests/mpi_main.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t inputs = 3, outputs = 5, rows = 40, batch = 20, steps = 12;

const MlpRecipe recipe{.nets = 2, .hidden = {16, 8}, .rate = 1e-2, .warm_up = 3, .decay = 0.1, .steps = steps};

std::vector<float> numbers(std::size_t count, std::uint64_t stream) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<float>(2 * random_uniform(5, stream, i) - 1));
  return values;
}

MakeDeviceTraining* guarded() { return routine_on<MakeDeviceTraining>("guarded", device_training_routine); }

struct Ended {
  std::vector<float> weights;
  std::vector<double> losses;
  LinkBytes moved;
};

// Rows are shared out over the ranks like cards. Half of them come after the third step.
Ended train(MakeDeviceTraining* device, MlpPrecision precision, const Ranks& ranks) {
  RowTraining training(recipe, inputs, {1, 2, 0.5f, 1, 3}, precision, device);
  training.initialise(7);
  const auto rank = static_cast<std::size_t>(ranks.rank()), of = static_cast<std::size_t>(ranks.size());
  std::vector<std::uint32_t> own(rows);
  Ended ended;
  for (std::size_t step = 0, known = 0; step < steps; ++step) {
    for (const std::size_t end = step < 3 ? rows / 2 : rows; known < end; ++known)
      if (known % of == rank)
        own[known] =
            training.add(numbers(inputs, known), numbers(outputs, 100 + known), 0.5 + static_cast<double>(known));
    std::vector<std::uint32_t> drawn;
    for (std::size_t i = 0; i < batch; ++i)
      if (const std::size_t row = random_bits(9, step, i) % known; row % of == rank) drawn.push_back(own[row]);
    ended.losses.push_back(ranks.sum(training.step(step, {drawn, batch}, ranks)));
  }
  ended.weights.assign(training.mlp().parameters().begin(), training.mlp().parameters().end());
  ended.moved = training.moved();
  return ended;
}

double worst_difference(const Ended& a, const Ended& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.weights.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(a.weights[i] - b.weights[i])));
  return worst;
}

const Ended& on_cpu() {
  static const Ended ended = train(nullptr, MlpPrecision::fp32, Ranks(1));
  return ended;
}

TEST(RowTraining, ADeviceMakesTheWeightsOfTheCpu) {
  const Ended device = train(guarded(), MlpPrecision::fp32, all_ranks());
  ASSERT_EQ(device.weights.size(), on_cpu().weights.size());
  EXPECT_LT(worst_difference(device, on_cpu()), 2e-5);
  for (std::size_t step = 0; step < steps; ++step)
    EXPECT_NEAR(device.losses[step], on_cpu().losses[step], 1e-5 * on_cpu().losses[step]) << step;
  Mlp untrained(recipe.shape(inputs, outputs), MlpPrecision::fp32);
  untrained.initialise(7);
  const Ended start{{untrained.parameters().begin(), untrained.parameters().end()}, {}, {}};
  EXPECT_GT(worst_difference(device, start), 0.02);  // so that equality says something
}

TEST(RowTraining, RoundedProductsStayNear) {
  const Ended device = train(guarded(), MlpPrecision::bf16, all_ranks());
  const double difference = worst_difference(device, on_cpu());
  EXPECT_GT(difference, 1e-6);
  EXPECT_LT(difference, 0.05);
  for (std::size_t step = 0; step < steps; ++step)
    EXPECT_NEAR(device.losses[step], on_cpu().losses[step], 0.03 * on_cpu().losses[step]) << step;
}

// Gradients of several ranks go from device to device.
TEST(RowTraining, EveryByteOverTheLinkIsTold) {
  const Ended device = train(guarded(), MlpPrecision::fp32, all_ranks());
  const Ranks& ranks = all_ranks();
  const std::size_t weights = device.weights.size();
  const std::size_t to_host = 4 * (steps + weights);
  std::size_t to_device = 4 * (weights + outputs);
  const auto of = static_cast<std::size_t>(ranks.size()), rank = static_cast<std::size_t>(ranks.rank());
  for (std::size_t row = 0; row < rows; ++row)
    if (row % of == rank) to_device += 4 * (inputs + outputs + 1);
  to_device += steps * (4 * mlp_rows_for(batch) + 32);  // numbers of rows, the factors of AdamW
  EXPECT_EQ(device.moved.to_device, to_device);
  EXPECT_EQ(device.moved.to_host, to_host);
  EXPECT_EQ(on_cpu().moved.to_device + on_cpu().moved.to_host, 0U);
}

TEST(RowTraining, WhatDoesNotFitIsRefused) {
  MlpRecipe clipped = recipe;
  clipped.clip = 1;
  EXPECT_THROW(RowTraining(clipped, inputs, {1}, MlpPrecision::fp32, guarded()), Error);
  RowTraining training(recipe, inputs, {1}, MlpPrecision::fp32, guarded());
  training.initialise(1);
  const std::vector<float> in(inputs), two(2), one(1);
  EXPECT_THROW(training.add(in, two, 1), Error);
  EXPECT_THROW(training.add(two, one, 1), Error);
  const std::uint32_t row = training.add(in, one, 1);
  const std::vector<std::uint32_t> known = {row}, unknown = {row + 1};
  const std::vector<std::uint32_t> many(2, row);
  EXPECT_NO_THROW(training.step(0, {known, 1}, all_ranks()));
  EXPECT_THROW(training.step(1, {unknown, 1}, Ranks(1)), Error);
  EXPECT_THROW(training.step(1, {many, 1}, Ranks(1)), Error);
  EXPECT_THROW(training.step(1, {known, 2}, Ranks(1)), Error);
  EXPECT_THROW(routine_on<MakeDeviceTraining>("guarded", "learning/knitting"), Unsupported);
}

}  // namespace
}  // namespace tandem::kernels

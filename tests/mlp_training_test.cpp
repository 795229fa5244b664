// What trains a perceptron: the rate over the steps, the clipped gradient, passes of whole multiples of rows, and the
// weights that come back.
#include "kernels/learning/mlp_training.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace tandem::kernels {
namespace {

const MlpRecipe recipe{.nets = 2, .hidden = {8}, .rate = 0.1, .warm_up = 2, .decay = 0.01, .clip = 1, .steps = 10};

double norm_of(std::span<const float> values) {
  double square = 0;
  for (const float value : values) square += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(square);
}

// Steps are those of AdamW at the rate of the formula; gradients of more than the limit are shortened to it.
TEST(MlpTraining, StepsAtItsRateWithClippedGradients) {
  const Ranks ranks(1);
  MlpTraining training(recipe, 3, 2);
  training.mlp().initialise(5);
  Mlp by_hand(training.mlp(), MlpPrecision::fp32);
  AdamW adam(by_hand.parameters().size(), AdamWSettings{recipe.decay});
  for (std::size_t step = 0; step < recipe.steps; ++step) {
    const float size = step == 3 ? 1e-3f : 1.0f;
    for (std::size_t i = 0; i < by_hand.parameters().size(); ++i)
      training.mlp().gradients()[i] = by_hand.gradients()[i] = size * std::sin(static_cast<float>(i + 7 * step));
    training.step(step, 4, ranks);
    const double before = norm_of(by_hand.gradients());
    EXPECT_EQ(before > 1, step != 3);
    EXPECT_NEAR(norm_of(training.mlp().gradients()), std::min(before, 1.0), 1e-6);
    for (float& value : by_hand.gradients()) value *= static_cast<float>(1 / std::max(1.0, before));
    const auto t = static_cast<double>(step + 1);
    adam.step(by_hand.trained(), 0.1 * std::min(1.0, t / 2) * 0.5 * (1 + std::cos(std::numbers::pi * t / 10)));
  }
  for (std::size_t i = 0; i < by_hand.parameters().size(); ++i)
    EXPECT_NEAR(training.mlp().parameters()[i], by_hand.parameters()[i], 1e-6f);
  EXPECT_EQ(training.flops(), 10 * 6 * 2.0 * 40 * 4);  // 3 x 8 and 8 x 2 weights in two networks
}

TEST(MlpTraining, RowsAreRoundedUpAndPassesKept) {
  MlpTraining training(recipe, 3, 2);
  EXPECT_EQ(training.pass(0).rows(), 16u);
  EXPECT_EQ(training.pass(16).rows(), 16u);
  EXPECT_EQ(training.pass(17).rows(), 32u);
  EXPECT_EQ(&training.pass(1), &training.pass(9));
}

TEST(MlpTraining, WeightsComeBackAndNoStepsAreRefused) {
  MlpTraining training(recipe, 3, 2), loaded(recipe, 3, 2), narrow({.hidden = {4}}, 3, 2);
  training.mlp().initialise(5);
  ImageWriter image;
  training.save(image);
  const auto bytes = image.take();
  ImageReader reader(bytes);
  loaded.load(reader);
  reader.finish();
  EXPECT_TRUE(std::equal(loaded.mlp().parameters().begin(), loaded.mlp().parameters().end(),
                         training.mlp().parameters().begin()));
  ImageReader again(bytes), torn(std::span<const std::byte>(bytes).first(bytes.size() - 1));
  narrow.load(again);
  EXPECT_THROW(again.finish(), Error);
  EXPECT_THROW(loaded.load(torn), Error);
  EXPECT_THROW(narrow.step(0, 1, Ranks(1)), Error);
}

}  // namespace
}  // namespace tandem::kernels

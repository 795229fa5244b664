#include "kernels/learning/mlp_training.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tandem::kernels {

MlpShape MlpRecipe::shape(std::size_t inputs, std::size_t outputs) const {
  MlpShape shape{nets, {inputs}};
  shape.layers.insert(shape.layers.end(), hidden.begin(), hidden.end());
  shape.layers.push_back(outputs);
  return shape;
}

double MlpRecipe::rate_of(std::size_t step) const {
  check(steps > 0, "a training of no steps has no rate");
  const auto t = static_cast<double>(step + 1), whole = static_cast<double>(steps);
  const double warm = std::min(1.0, t / static_cast<double>(warm_up));
  return rate * warm * 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, t / whole)));
}

MlpPass& MlpPasses::of(std::size_t rows) {
  auto& pass = by_rows_[rows];
  if (!pass) pass = std::make_unique<MlpPass>(mlp_, rows, backward_);
  return *pass;
}

MlpTraining::MlpTraining(const MlpRecipe& recipe, std::size_t inputs, std::size_t outputs, MlpPrecision precision)
    : recipe_(recipe),
      mlp_(recipe.shape(inputs, outputs), precision),
      adam_(mlp_.parameters().size(), AdamWSettings{recipe.decay}),
      passes_(mlp_, MlpPass::Backward::parameters) {}

MlpPass& MlpTraining::pass(std::size_t rows) { return passes_.of(mlp_rows_for(rows)); }

void MlpTraining::step(std::size_t step, std::size_t rows, const Ranks& ranks) {
  const double rate = recipe_.rate_of(step);
  count(rows);
  ranks.sum(mlp_.gradients());
  if (std::isfinite(recipe_.clip)) {
    double square = 0;
    for (const float value : mlp_.gradients()) square += static_cast<double>(value) * static_cast<double>(value);
    const double norm = std::sqrt(square);
    if (norm > recipe_.clip)
      for (float& value : mlp_.gradients()) value *= static_cast<float>(recipe_.clip / norm);
  }
  adam_.step(mlp_.trained(), rate);
}

void MlpTraining::count(std::size_t rows) {
  flops_ += 6 * static_cast<double>(mlp_.shape().nets * mlp_.shape().weights() * rows);
}

void MlpTraining::load(ImageReader& image) {
  image.get(mlp_.parameters());
  mlp_.round();
}

}  // namespace tandem::kernels

// A training step by plain fp64 loops, to judge the fast ones by.
#pragma once

#include <span>
#include <vector>

#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

struct MlpReference {
  double loss = 0;
  std::vector<double> gradients;  // in the order of Mlp::parameters()
  // What rounding errors are relative to, for near a minimum the terms of loss and gradients cancel: the loss of
  // outputs and targets alone, and for each gradient the sum over rows of the squares of its terms, with the squares of
  // outputs and targets in place of the square of their difference.
  double loss_scale = 0;
  std::vector<double> squares;
};

// The loss of MlpPass::squared_error with one weight for all rows and outputs, and its gradient.
MlpReference mlp_reference(const MlpShape& shape, std::span<const float> parameters, std::span<const float> inputs,
                           std::span<const float> targets, std::size_t rows, double weight);

}  // namespace tandem::kernels

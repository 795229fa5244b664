// The spectral layer in plain fp64, to judge another one by; nothing here is shared with the code that it judges.
#pragma once

#include <vector>

#include "kernels/learning/spectral_data.hpp"

namespace tandem::kernels {

struct SpectralReference {
  std::vector<double> outputs;          // y
  std::vector<double> input_gradients;  // of sum dy y; empty without dy
  std::vector<double> weight_gradients;
};

// Axis by axis and frequency by frequency. Arrays as in SpectralData.
SpectralReference spectral_reference(const SpectralShape& shape, const Buffer<float>& inputs,
                                     const Buffer<float>& weights, const Buffer<float>& output_gradients);

}  // namespace tandem::kernels

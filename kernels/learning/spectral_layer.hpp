// The spectral layer by oneDNN: every step of it a product or a batch of them.
#pragma once

#include <vector>

#include "kernels/dense/onednn.hpp"
#include "kernels/learning/spectral_data.hpp"

namespace tandem::kernels {

class SpectralLayer : public SpectralData {
 public:
  SpectralLayer(const SpectralShape& shape, bool training);

  void forward();
  void backward();  // of sum dy y, after forward()

  const Matmul& largest() const { return forward_.front(); }
  bool reference() const;  // a product has only oneDNN's reference implementation

 private:
  // From the grid to the spectrum and back; `table`: along the height, scaled or not.
  void analyse(std::vector<Matmul>& products, float* grid, Buffer<float>& table, Buffer<float>& spectrum);
  void synthesise(std::vector<Matmul>& products, Buffer<float>& spectrum, Buffer<float>& table, float* grid);
  void expand();
  void fold(float* gradients) const;

  SpectralTables tables_;
  Buffer<float> half_;                         // transformed along the height: [batch, modes_h, 2, width, channels]
  Buffer<float> spectrum_, mixed_;             // X and Y, then dX and dY: [batch, modes, 2, channels]
  Buffer<float> matrices_, matrix_gradients_;  // [modes, 2 channels, 2 channels]: R as real matrices
  std::vector<Matmul> forward_, backward_;     // in the order in which they run
};

}  // namespace tandem::kernels

#include "kernels/learning/spectral_layer.hpp"

namespace tandem::kernels {

SpectralLayer::SpectralLayer(const SpectralShape& shape, bool training)
    : SpectralData(shape, training),
      tables_(shape),
      half_(shape.batch * shape.modes_h * 2 * shape.width * shape.channels),
      spectrum_(shape.batch * shape.modes() * 2 * shape.channels),
      mixed_(spectrum_.size()),
      matrices_(2 * shape.weights()),
      matrix_gradients_(training ? matrices_.size() : 0) {
  const std::size_t pair = 2 * shape.channels, lead = shape.modes() * pair;
  const Operand x{.data = spectrum_.data(), .lead = lead, .step = pair},
      y{.data = mixed_.data(), .lead = lead, .step = pair};
  Operand x_transposed = x, matrix{.data = matrices_.data()}, matrix_transposed = matrix;
  x_transposed.transposed = matrix_transposed.transposed = true;

  analyse(forward_, inputs().data(), tables_.along_height, spectrum_);
  forward_.emplace_back(MatmulShape{shape.batch, pair, pair, shape.modes()}, x, matrix, y);
  synthesise(forward_, mixed_, tables_.scaled, results().data());
  if (!training) return;
  // Each product transposed, in the opposite order. dX takes the place of X once dR is known.
  analyse(backward_, output_gradients().data(), tables_.scaled, mixed_);
  backward_.emplace_back(MatmulShape{pair, pair, shape.batch, shape.modes()}, x_transposed, y,
                         Operand{.data = matrix_gradients_.data()});
  backward_.emplace_back(MatmulShape{shape.batch, pair, pair, shape.modes()}, y, matrix_transposed, x);
  synthesise(backward_, spectrum_, tables_.along_height, results().data() + shape.values());
}

void SpectralLayer::analyse(std::vector<Matmul>& products, float* grid, Buffer<float>& table, Buffer<float>& spectrum) {
  const auto& [batch, height, width, channels, modes_h, modes_w] = this->shape();
  const Operand half{.data = half_.data()};
  products.emplace_back(MatmulShape{2 * modes_h, width * channels, height, batch},
                        Operand{.data = table.data(), .shared = true}, Operand{.data = grid}, half);
  products.emplace_back(MatmulShape{4 * modes_w, channels, 2 * width, batch * modes_h},
                        Operand{.data = tables_.along_width.data(), .shared = true}, half,
                        Operand{.data = spectrum.data()});
}

void SpectralLayer::synthesise(std::vector<Matmul>& products, Buffer<float>& spectrum, Buffer<float>& table,
                               float* grid) {
  const auto& [batch, height, width, channels, modes_h, modes_w] = this->shape();
  const Operand half{.data = half_.data()};
  products.emplace_back(MatmulShape{2 * width, channels, 4 * modes_w, batch * modes_h},
                        Operand{.data = tables_.along_width.data(), .transposed = true, .shared = true},
                        Operand{.data = spectrum.data()}, half);
  products.emplace_back(MatmulShape{height, width * channels, 2 * modes_h, batch},
                        Operand{.data = table.data(), .transposed = true, .shared = true}, half, Operand{.data = grid});
}

void SpectralLayer::forward() {
  expand();
  for (const Matmul& product : forward_) product.run();
}

void SpectralLayer::backward() {
  for (const Matmul& product : backward_) product.run();
  fold(results().data() + 2 * shape().values());
}

// A complex matrix acts on [Re Im] as [Re Im; -Im Re].
void SpectralLayer::expand() {
  const std::size_t n = shape().channels, rows = shape().modes() * n;
#pragma omp parallel for schedule(static)
  for (std::size_t row = 0; row < rows; ++row) {
    const float *const re = weights().data() + row * 2 * n, *const im = re + n;
    float* const above = matrices_.data() + (row / n * 2 * n + row % n) * 2 * n;
    float* const below = above + n * 2 * n;
#pragma omp simd
    for (std::size_t d = 0; d < n; ++d) {
      above[d] = below[n + d] = re[d];
      above[n + d] = im[d];
      below[d] = -im[d];
    }
  }
}

void SpectralLayer::fold(float* gradients) const {
  const std::size_t n = shape().channels, rows = shape().modes() * n;
#pragma omp parallel for schedule(static)
  for (std::size_t row = 0; row < rows; ++row) {
    float *const re = gradients + row * 2 * n, *const im = re + n;
    const float* const above = matrix_gradients_.data() + (row / n * 2 * n + row % n) * 2 * n;
    const float* const below = above + n * 2 * n;
#pragma omp simd
    for (std::size_t d = 0; d < n; ++d) {
      re[d] = above[d] + below[n + d];
      im[d] = above[n + d] - below[d];
    }
  }
}

bool SpectralLayer::reference() const {
  for (const auto* products : {&forward_, &backward_})
    for (const Matmul& product : *products)
      if (product.reference()) return true;
  return false;
}

}  // namespace tandem::kernels

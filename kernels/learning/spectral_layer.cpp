#include "kernels/learning/spectral_layer.hpp"

#include <cmath>
#include <numbers>

namespace tandem::kernels {

namespace {

double number(std::size_t count) { return static_cast<double>(count); }

// cos and sin of 2 pi i / n; whole turns are taken off first, or large arguments would lose digits.
struct Turn {
  double cosine, sine;
  Turn(std::size_t i, std::size_t n) {
    const double angle = 2 * std::numbers::pi * number(i % n) / number(n);
    cosine = std::cos(angle);
    sine = std::sin(angle);
  }
};

// Re and Im of e^(-2 pi i k h / height), frequency by frequency: real values in.
void fill_height(const SpectralShape& s, Buffer<float>& table, bool scaled) {
  for (std::size_t k = 0; k < s.modes_h; ++k)
    for (std::size_t h = 0; h < s.height; ++h) {
      const Turn turn(k * h, s.height);
      const double factor = scaled ? s.scale(k) : 1;
      table[2 * k * s.height + h] = static_cast<float>(factor * turn.cosine);
      table[(2 * k + 1) * s.height + h] = static_cast<float>(-factor * turn.sine);
    }
}

// The same along the width as a real matrix: [Re; Im] = [cos sin; -sin cos] [Re; Im].
void fill_width(const SpectralShape& s, Buffer<float>& table) {
  for (std::size_t l = 0; l < 2 * s.modes_w; ++l)
    for (std::size_t w = 0; w < s.width; ++w) {
      const Turn turn((l + s.width - s.modes_w) * w, s.width);
      float* const re = &table[2 * l * 2 * s.width + w];
      float* const im = re + 2 * s.width;
      re[0] = im[s.width] = static_cast<float>(turn.cosine);
      re[s.width] = static_cast<float>(turn.sine);
      im[0] = static_cast<float>(-turn.sine);
    }
}

}  // namespace

double SpectralShape::flops(bool training) const {
  const double along_height = 2 * number(batch * width * channels) * number(2 * modes_h) * number(height);
  const double along_width = 2 * number(batch * modes_h * channels) * number(4 * modes_w) * number(2 * width);
  const double mixing = 8 * number(batch) * number(modes()) * number(channels * channels);
  return training ? 4 * (along_height + along_width) + 3 * mixing : 2 * (along_height + along_width) + mixing;
}

SpectralLayer::SpectralLayer(const SpectralShape& shape, bool training)
    : shape_(shape),
      inputs_(shape.values()),
      output_gradients_(training ? shape.values() : 0),
      weights_(shape.weights()),
      results_(training ? 2 * shape.values() + shape.weights() : shape.values()),
      along_height_(2 * shape.modes_h * shape.height),
      scaled_(along_height_.size()),
      along_width_(4 * shape.modes_w * 2 * shape.width),
      half_(shape.batch * shape.modes_h * 2 * shape.width * shape.channels),
      spectrum_(shape.batch * shape.modes() * 2 * shape.channels),
      mixed_(spectrum_.size()),
      matrices_(2 * shape.weights()),
      matrix_gradients_(training ? matrices_.size() : 0) {
  fill_height(shape, along_height_, false);
  fill_height(shape, scaled_, true);
  fill_width(shape, along_width_);
  const std::size_t pair = 2 * shape.channels, lead = shape.modes() * pair;
  const Operand x{.data = spectrum_.data(), .lead = lead, .step = pair},
      y{.data = mixed_.data(), .lead = lead, .step = pair};
  Operand x_transposed = x, matrix{.data = matrices_.data()}, matrix_transposed = matrix;
  x_transposed.transposed = matrix_transposed.transposed = true;

  analyse(forward_, inputs_.data(), along_height_, spectrum_);
  forward_.emplace_back(MatmulShape{shape.batch, pair, pair, shape.modes()}, x, matrix, y);
  synthesise(forward_, mixed_, scaled_, results_.data());
  if (!training) return;
  // Each product transposed, in the opposite order. dX takes the place of X once dR is known.
  analyse(backward_, output_gradients_.data(), scaled_, mixed_);
  backward_.emplace_back(MatmulShape{pair, pair, shape.batch, shape.modes()}, x_transposed, y,
                         Operand{.data = matrix_gradients_.data()});
  backward_.emplace_back(MatmulShape{shape.batch, pair, pair, shape.modes()}, y, matrix_transposed, x);
  synthesise(backward_, spectrum_, along_height_, results_.data() + shape.values());
}

void SpectralLayer::analyse(std::vector<Matmul>& products, float* grid, Buffer<float>& table, Buffer<float>& spectrum) {
  const auto& [batch, height, width, channels, modes_h, modes_w] = shape_;
  const Operand half{.data = half_.data()};
  products.emplace_back(MatmulShape{2 * modes_h, width * channels, height, batch},
                        Operand{.data = table.data(), .shared = true}, Operand{.data = grid}, half);
  products.emplace_back(MatmulShape{4 * modes_w, channels, 2 * width, batch * modes_h},
                        Operand{.data = along_width_.data(), .shared = true}, half, Operand{.data = spectrum.data()});
}

void SpectralLayer::synthesise(std::vector<Matmul>& products, Buffer<float>& spectrum, Buffer<float>& table,
                               float* grid) {
  const auto& [batch, height, width, channels, modes_h, modes_w] = shape_;
  const Operand half{.data = half_.data()};
  products.emplace_back(MatmulShape{2 * width, channels, 4 * modes_w, batch * modes_h},
                        Operand{.data = along_width_.data(), .transposed = true, .shared = true},
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
  fold(results_.data() + 2 * shape_.values());
}

// A complex matrix acts on [Re Im] as [Re Im; -Im Re].
void SpectralLayer::expand() {
  const std::size_t n = shape_.channels, rows = shape_.modes() * n;
#pragma omp parallel for schedule(static)
  for (std::size_t row = 0; row < rows; ++row) {
    const float *const re = weights_.data() + row * 2 * n, *const im = re + n;
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
  const std::size_t n = shape_.channels, rows = shape_.modes() * n;
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

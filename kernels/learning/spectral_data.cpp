#include "kernels/learning/spectral_data.hpp"

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

SpectralTables::SpectralTables(const SpectralShape& shape)
    : along_height(2 * shape.modes_h * shape.height),
      scaled(along_height.size()),
      along_width(4 * shape.modes_w * 2 * shape.width) {
  fill_height(shape, along_height, false);
  fill_height(shape, scaled, true);
  fill_width(shape, along_width);
}

SpectralData::SpectralData(const SpectralShape& shape, bool training)
    : shape_(shape),
      training_(training),
      inputs_(shape.values()),
      output_gradients_(training ? shape.values() : 0),
      weights_(shape.weights()),
      results_(training ? 2 * shape.values() + shape.weights() : shape.values()) {}

}  // namespace tandem::kernels

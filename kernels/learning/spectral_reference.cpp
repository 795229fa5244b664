#include "kernels/learning/spectral_reference.hpp"

#include <complex>
#include <numbers>

namespace tandem::kernels {

namespace {

using Complex = std::complex<double>;
using Spectrum = std::vector<Complex>;  // [batch, modes_h, 2 modes_w, channels]

// e^(-2 pi i k j / n) for j = 0 .. n - 1.
std::vector<Complex> wave(long k, std::size_t n) {
  std::vector<Complex> result(n);
  for (std::size_t j = 0; j < n; ++j) {
    const long turns = k * static_cast<long>(j) % static_cast<long>(n);
    result[j] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(turns) / static_cast<double>(n));
  }
  return result;
}

struct Waves {
  std::vector<std::vector<Complex>> height, width;
  explicit Waves(const SpectralShape& s) {
    for (std::size_t k = 0; k < s.modes_h; ++k) height.push_back(wave(static_cast<long>(k), s.height));
    for (std::size_t l = 0; l < 2 * s.modes_w; ++l)
      width.push_back(wave(static_cast<long>(l) - static_cast<long>(s.modes_w), s.width));
  }
};

// Frequency k along the height of one image: real parts [width, channels], then imaginary parts.
std::vector<double> slice(const SpectralShape& s, const float* image, const std::vector<Complex>& wave, double factor) {
  const std::size_t row = s.width * s.channels;
  std::vector<double> half(2 * row);
  for (std::size_t h = 0; h < s.height; ++h) {
    const double re = factor * wave[h].real(), im = factor * wave[h].imag();
    for (std::size_t i = 0; i < row; ++i) {
      const auto x = static_cast<double>(image[h * row + i]);
      half[i] += re * x;
      half[row + i] += im * x;
    }
  }
  return half;
}

// The kept frequencies of each image; `scaled`: times s_k / (height width).
Spectrum analyse(const SpectralShape& s, const Buffer<float>& grid, bool scaled) {
  const Waves waves(s);
  const std::size_t row = s.width * s.channels, n = s.channels;
  Spectrum spectrum(s.batch * s.modes() * n);
#pragma omp parallel for schedule(static)
  for (std::size_t task = 0; task < s.batch * s.modes_h; ++task) {
    const std::size_t k = task % s.modes_h;
    const float* const image = grid.data() + task / s.modes_h * s.height * row;
    const auto half = slice(s, image, waves.height[k], scaled ? s.scale(k) : 1);
    for (std::size_t l = 0; l < 2 * s.modes_w; ++l)
      for (std::size_t w = 0; w < s.width; ++w)
        for (std::size_t c = 0; c < n; ++c)
          spectrum[(task * 2 * s.modes_w + l) * n + c] +=
              waves.width[l][w] * Complex(half[w * n + c], half[row + w * n + c]);
  }
  return spectrum;
}

// The real part of what these frequencies make; `scaled` as above.
std::vector<double> synthesise(const SpectralShape& s, const Spectrum& spectrum, bool scaled) {
  const Waves waves(s);
  const std::size_t row = s.width * s.channels, n = s.channels;
  std::vector<double> grid(s.values());
#pragma omp parallel for schedule(static)
  for (std::size_t image = 0; image < s.batch; ++image)
    for (std::size_t k = 0; k < s.modes_h; ++k) {
      std::vector<Complex> half(row);
      for (std::size_t l = 0; l < 2 * s.modes_w; ++l)
        for (std::size_t w = 0; w < s.width; ++w)
          for (std::size_t c = 0; c < n; ++c)
            half[w * n + c] +=
                std::conj(waves.width[l][w]) * spectrum[((image * s.modes_h + k) * 2 * s.modes_w + l) * n + c];
      for (std::size_t h = 0; h < s.height; ++h) {
        const Complex turn = (scaled ? s.scale(k) : 1) * std::conj(waves.height[k][h]);
        double* const to = grid.data() + (image * s.height + h) * row;
        for (std::size_t i = 0; i < row; ++i) to[i] += turn.real() * half[i].real() - turn.imag() * half[i].imag();
      }
    }
  return grid;
}

// R of one frequency and input channel: real and imaginary part towards output channel d.
Complex weight(const SpectralShape& s, const Buffer<float>& weights, std::size_t mode, std::size_t c, std::size_t d) {
  const float* const row = weights.data() + (mode * s.channels + c) * 2 * s.channels;
  return {static_cast<double>(row[d]), static_cast<double>(row[s.channels + d])};
}

}  // namespace

SpectralReference spectral_reference(const SpectralShape& s, const Buffer<float>& inputs, const Buffer<float>& weights,
                                     const Buffer<float>& output_gradients) {
  const std::size_t n = s.channels, modes = s.modes();
  const bool training = output_gradients.size() > 0;
  const Spectrum x = analyse(s, inputs, false);
  const Spectrum dy = training ? analyse(s, output_gradients, true) : Spectrum();
  Spectrum y(x.size()), dx(dy.size());
  SpectralReference result;
  result.weight_gradients.resize(training ? s.weights() : 0);
#pragma omp parallel for schedule(static)
  for (std::size_t mode = 0; mode < modes; ++mode)
    for (std::size_t c = 0; c < n; ++c)
      for (std::size_t d = 0; d < n; ++d) {
        const Complex r = weight(s, weights, mode, c, d);
        Complex gradient = 0;
        for (std::size_t image = 0; image < s.batch; ++image) {
          const std::size_t at = (image * modes + mode) * n;
          y[at + d] += x[at + c] * r;
          if (!training) continue;
          dx[at + c] += dy[at + d] * std::conj(r);
          gradient += std::conj(x[at + c]) * dy[at + d];
        }
        if (!training) continue;
        double* const row = result.weight_gradients.data() + (mode * n + c) * 2 * n;
        row[d] = gradient.real();
        row[n + d] = gradient.imag();
      }
  result.outputs = synthesise(s, y, true);
  if (training) result.input_gradients = synthesise(s, dx, false);
  return result;
}

}  // namespace tandem::kernels

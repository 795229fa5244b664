// The spectral layer against a full transform that is truncated afterwards, finite differences and closed forms.
#include <cmath>
#include <complex>
#include <numbers>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/spectral_layer.hpp"
#include "kernels/learning/spectral_reference.hpp"

namespace tandem::kernels {

KernelEntry learning_spectral();

namespace {

using Complex = std::complex<double>;

SpectralLayer filled(const SpectralShape& shape) {
  SpectralLayer layer(shape, true);
  draw(layer.inputs(), 5, 1, Data::random);
  draw(layer.output_gradients(), 5, 2, Data::random);
  draw(layer.weights(), 5, 3, Data::random);
  layer.forward();
  layer.backward();
  return layer;
}

SpectralReference reference_of(SpectralLayer& layer) {
  return spectral_reference(layer.shape(), layer.inputs(), layer.weights(), layer.output_gradients());
}

std::vector<SpectralShape> some_shapes() {
  return {{2, 6, 8, 3, 2, 3}, {1, 7, 5, 2, 3, 2}, {3, 4, 4, 4, 2, 2}, {2, 2, 2, 1, 1, 1}};
}

Complex turn(std::size_t k, std::size_t h, std::size_t height, std::size_t l, std::size_t w, std::size_t width) {
  const double turns = static_cast<double>(k * h) / static_cast<double>(height) +
                       static_cast<double>(l * w) / static_cast<double>(width);
  return std::polar(1.0, -2 * std::numbers::pi * turns);
}

// All frequencies of one channel of one sample by the definition.
std::vector<Complex> full_transform(const SpectralShape& s, const Buffer<float>& x, std::size_t sample, std::size_t c) {
  std::vector<Complex> all(s.height * s.width);
  for (std::size_t k = 0; k < s.height; ++k)
    for (std::size_t l = 0; l < s.width; ++l)
      for (std::size_t h = 0; h < s.height; ++h)
        for (std::size_t w = 0; w < s.width; ++w)
          all[k * s.width + l] += static_cast<double>(x[((sample * s.height + h) * s.width + w) * s.channels + c]) *
                                  turn(k, h, s.height, l, w, s.width);
  return all;
}

// irfft2 of a spectrum of half the height: what is missing are the complex conjugates.
double inverse(const SpectralShape& s, const std::vector<Complex>& all, std::size_t h, std::size_t w) {
  Complex sum = 0;
  for (std::size_t k = 0; k < s.height; ++k)
    for (std::size_t l = 0; l < s.width; ++l) {
      const std::size_t twin = (s.height - k) % s.height * s.width + (s.width - l) % s.width, at = k * s.width + l;
      sum += (all[at] + std::conj(all[twin])) / 2.0 * std::conj(turn(k, h, s.height, l, w, s.width));
    }
  return sum.real() / static_cast<double>(s.height * s.width);
}

// y of one sample and output channel: transform in full, drop, mix, transform back in full.
std::vector<double> truncated(SpectralLayer& layer, std::size_t sample, std::size_t d) {
  const SpectralShape& s = layer.shape();
  std::vector<Complex> mixed(s.height * s.width);
  for (std::size_t c = 0; c < s.channels; ++c) {
    const auto all = full_transform(s, layer.inputs(), sample, c);
    for (std::size_t k = 0; k < s.modes_h; ++k)
      for (std::size_t l = 0; l < 2 * s.modes_w; ++l) {
        const std::size_t row = ((k * 2 * s.modes_w + l) * s.channels + c) * 2 * s.channels;
        const Complex r(static_cast<double>(layer.weights()[row + d]),
                        static_cast<double>(layer.weights()[row + s.channels + d]));
        const std::size_t at = k * s.width + (l + s.width - s.modes_w) % s.width;
        mixed[at] += all[at] * r * (k == 0 ? 1.0 : 2.0);
      }
  }
  std::vector<double> y;
  for (std::size_t h = 0; h < s.height; ++h)
    for (std::size_t w = 0; w < s.width; ++w) y.push_back(inverse(s, mixed, h, w));
  return y;
}

TEST(Spectral, equals_a_full_transform_that_is_truncated) {
  for (const SpectralShape& s : some_shapes()) {
    SpectralLayer layer = filled(s);
    const auto reference = reference_of(layer);
    for (std::size_t sample = 0; sample < s.batch; ++sample)
      for (std::size_t d = 0; d < s.channels; ++d) {
        const auto y = truncated(layer, sample, d);
        for (std::size_t i = 0; i < y.size(); ++i) {
          const std::size_t at = (sample * y.size() + i) * s.channels + d;
          ASSERT_NEAR(reference.outputs[at], y[i], 1e-12);
          ASSERT_NEAR(static_cast<double>(layer.results()[at]), y[i], 1e-5);
        }
      }
  }
}

// The loss is linear in the inputs and in the weights, so that a difference is its slope up to rounding.
TEST(Spectral, gradients_are_finite_differences) {
  for (const SpectralShape& s : some_shapes()) {
    SpectralLayer layer = filled(s);
    const auto right = reference_of(layer);
    const auto loss = [&] {
      double sum = 0;
      const auto y = reference_of(layer).outputs;
      for (std::size_t i = 0; i < y.size(); ++i) sum += static_cast<double>(layer.output_gradients()[i]) * y[i];
      return sum;
    };
    const float* result = layer.results().data() + s.values();
    const auto differ = [&](Buffer<float>& variables, const std::vector<double>& gradients) {
      for (std::size_t i = 0; i < variables.size(); ++i, ++result) {
        const float kept = variables[i];
        variables[i] = 1;
        const double up = loss();
        variables[i] = -1;
        const double slope = (up - loss()) / 2;
        variables[i] = kept;
        ASSERT_NEAR(gradients[i], slope, 1e-12);
        ASSERT_NEAR(static_cast<double>(*result), slope, 1e-5);
      }
    };
    differ(layer.inputs(), right.input_gradients);
    differ(layer.weights(), right.weight_gradients);
    EXPECT_EQ(result, layer.results().end());
  }
}

// A kept wave, weighted by i, comes out a quarter of its length further; a wave beyond the modes does not.
TEST(Spectral, golden_values) {
  const SpectralShape s{1, 16, 8, 1, 3, 2};
  SpectralLayer layer(s, false);
  const auto value = [&](std::size_t h, std::size_t w, double k, double l, double shift) {
    return std::cos(2 * std::numbers::pi * (k * static_cast<double>(h) / 16 + l * static_cast<double>(w) / 8 + shift));
  };
  for (std::size_t h = 0; h < s.height; ++h)
    for (std::size_t w = 0; w < s.width; ++w)
      layer.inputs()[h * s.width + w] = static_cast<float>(value(h, w, 2, -1, 0) + value(h, w, 3, 0, 0));
  for (std::size_t mode = 0; mode < s.modes(); ++mode) layer.weights()[2 * mode + 1] = 1;
  layer.forward();
  for (std::size_t h = 0; h < s.height; ++h)
    for (std::size_t w = 0; w < s.width; ++w)
      EXPECT_NEAR(static_cast<double>(layer.results()[h * s.width + w]), value(h, w, 2, -1, 0.25), 1e-6);
}

TEST(Spectral, every_wrong_entry_is_seen) {
  const KernelEntry entry = learning_spectral();
  Settings settings(entry.parameters);
  for (const auto& [key, value] : {std::pair{"grid", "8x6"}, {"modes", "3x2"}, {"channels", "4"}, {"batch", "2"}})
    settings.set(key, value);
  const Ranks ranks(1);
  const auto kernel = entry.make(settings, {ranks});
  kernel->prepare(Data::random);
  kernel->run();
  ASSERT_TRUE(all_pass(kernel->verify()));
  const Output output = kernel->output();
  for (std::size_t i = 0; i < output.count; ++i) {
    float& value = static_cast<float*>(output.data)[i];
    const float kept = value;
    value += 1e-3f * (1 + std::abs(kept));
    EXPECT_FALSE(all_pass(kernel->verify())) << i;
    value = std::nanf("");
    EXPECT_FALSE(all_pass(kernel->verify())) << i;
    value = kept;
  }
}

TEST(Spectral, refuses_nonsense) {
  const KernelEntry entry = learning_spectral();
  for (const auto& [key, value] : {std::pair{"grid", "64"},
                                   {"grid", "64x20"},
                                   {"modes", "33x4"},
                                   {"modes", "0x4"},
                                   {"channels", "0"},
                                   {"pass", "backward"}}) {
    Settings settings(entry.parameters);
    settings.set(key, value);
    EXPECT_THROW(entry.memory(settings, {}), Error) << key << "=" << value;
  }
}

TEST(Spectral, counts_its_operations) {
  const SpectralShape s{16, 64, 64, 32, 12, 12};
  const double height = 2.0 * 24 * 64 * 64 * 32 * 16, width = 2.0 * 48 * 128 * 32 * 16 * 12;
  const double mixing = 8.0 * 16 * 288 * 32 * 32;
  EXPECT_EQ(s.flops(false), 2 * (height + width) + mixing);
  EXPECT_EQ(s.flops(true), 4 * (height + width) + 3 * mixing);
}

}  // namespace
}  // namespace tandem::kernels

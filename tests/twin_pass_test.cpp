// Training on values with derivatives against plain fp64 loops, finite differences and the plain pass.
#include "kernels/learning/twin_pass.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {
namespace {

// Value and tangent of a network in fp64, and the loss of TwinPass.
double twin_loss(const Mlp& mlp, std::span<const float> x, std::span<const float> u, std::span<const float> y,
                 std::span<const float> slopes, std::span<const float> weights, double balance) {
  const MlpShape& shape = mlp.shape();
  double loss = 0;
  for (std::size_t r = 0; r < weights.size(); ++r) {
    std::vector<double> a, t;
    for (std::size_t i = 0; i < shape.layers[0]; ++i) {
      a.push_back(static_cast<double>(x[r * shape.layers[0] + i]));
      t.push_back(static_cast<double>(u[r * shape.layers[0] + i]));
    }
    for (std::size_t l = 0; l < shape.depth(); ++l) {
      const std::size_t out = shape.layers[l + 1];
      std::vector<double> z(out), dz(out, 0.0);
      for (std::size_t j = 0; j < out; ++j) {
        z[j] = static_cast<double>(mlp.parameters()[shape.biases_at(l) + j]);
        for (std::size_t i = 0; i < a.size(); ++i) {
          const auto w = static_cast<double>(mlp.parameters()[shape.weights_at(l) + i * out + j]);
          z[j] += a[i] * w;
          dz[j] += t[i] * w;
        }
        if (l + 1 == shape.depth()) continue;
        const double c = std::sqrt(2 / std::numbers::pi), v = z[j];
        const double h = std::tanh(c * (v + 0.044715 * v * v * v));
        dz[j] *= 0.5 * (1 + h) + 0.5 * v * (1 - h * h) * c * (1 + 3 * 0.044715 * v * v);
        z[j] = 0.5 * v * (1 + h);
      }
      a = z;
      t = dz;
    }
    for (std::size_t k = 0; k < a.size(); ++k) {
      const auto at = r * a.size() + k;
      loss += static_cast<double>(weights[r]) * (std::pow(a[k] - static_cast<double>(y[at]), 2) +
                                                 balance * std::pow(t[k] - static_cast<double>(slopes[at]), 2));
    }
  }
  return loss;
}

// Loss and gradient of values with derivatives, against plain fp64 loops and differences of them.
TEST(TwinPass, gradient_is_finite_difference) {
  Mlp mlp({1, {3, 12, 9, 5}}, MlpPrecision::fp32);
  mlp.initialise(4);
  constexpr std::size_t rows = 7;
  std::vector<float> x(rows * 3), u(x.size()), y(rows * 5), slopes(y.size()), weights(rows);
  std::uint64_t index = 0;
  for (auto* all : {&x, &u, &y, &slopes, &weights})
    for (float& value : *all) value = static_cast<float>(2 * random_uniform(8, 0, index++) - 1);
  for (float& weight : weights) weight = std::abs(weight) + 0.1f;
  TwinPass pass(mlp, 16);  // more rows than the batch
  pass.set_inputs(x, u);
  pass.forward();
  const double loss = pass.squared_error(y, slopes, weights, 0.7f);
  EXPECT_NEAR(loss, twin_loss(mlp, x, u, y, slopes, weights, static_cast<double>(0.7f)), 1e-5 * loss);
  pass.backward();
  const std::vector<float> gradient(mlp.gradients().begin(), mlp.gradients().end());
  double largest = 0;
  for (const float g : gradient) largest = std::max(largest, std::abs(static_cast<double>(g)));
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    float& parameter = mlp.parameters()[i];
    const float kept = parameter, above = kept + 1e-3f, below = kept - 1e-3f;
    parameter = above;
    const double up = twin_loss(mlp, x, u, y, slopes, weights, static_cast<double>(0.7f));
    parameter = below;
    const double down = twin_loss(mlp, x, u, y, slopes, weights, static_cast<double>(0.7f));
    parameter = kept;
    ASSERT_NEAR(static_cast<double>(gradient[i]), (up - down) / static_cast<double>(above - below), 1e-5 * largest)
        << i;
  }
  EXPECT_THROW(TwinPass(mlp, 4).set_inputs(x, u), Error);
}

// With no weight on derivatives, the twin trains as the plain pass does.
TEST(TwinPass, is_the_plain_pass_without_derivatives) {
  Mlp twin({1, {3, 16, 16, 5}}, MlpPrecision::fp32), plain({1, {3, 16, 16, 5}}, MlpPrecision::fp32);
  twin.initialise(4);
  plain.initialise(4);
  constexpr std::size_t rows = 16;
  std::vector<float> x(rows * 3), y(rows * 5), weights(rows, 0.25f), ones(5, 1.0f), zeros(y.size(), 0.0f);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random_uniform(3, 0, i)) - 0.5f;
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<float>(random_uniform(3, 1, i)) - 0.5f;
  TwinPass a(twin, rows);
  a.set_inputs(x, x);
  a.forward();
  MlpPass b(plain, rows, MlpPass::Backward::parameters);
  b.set_inputs(x);
  b.forward();
  EXPECT_NEAR(a.squared_error(y, zeros, weights, 0), b.squared_error(y, weights, ones), 1e-5);
  a.backward();
  b.backward();
  for (std::size_t i = 0; i < twin.gradients().size(); ++i)
    ASSERT_NEAR(twin.gradients()[i], plain.gradients()[i], 1e-5f) << i;
}

}  // namespace
}  // namespace tandem::kernels

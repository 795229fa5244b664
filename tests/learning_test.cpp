// Training routines against plain fp64 and finite differences: activation, gradients, AdamW, POD, symmetric solvers.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/mlp.hpp"
#include "kernels/learning/mlp_reference.hpp"
#include "kernels/learning/pod.hpp"
#include "kernels/learning/symmetric.hpp"

namespace tandem::kernels {
namespace {

std::vector<float> draw(std::size_t count, std::uint64_t stream) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(2 * random_uniform(7, stream, i) - 1);
  return values;
}

double relative(std::span<const float> values, std::span<const double> reference) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - reference[i], 2);
    norm += reference[i] * reference[i];
  }
  return std::sqrt(error / norm);
}

TEST(Gelu, value_and_slope) {
  const double c = std::sqrt(2 / 3.14159265358979323846);
  for (double z = -30; z <= 30; z += 0.01) {
    const double t = std::tanh(c * (z + 0.044715 * z * z * z));
    const double slope = 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * c * (1 + 3 * 0.044715 * z * z);
    const Gelu g = gelu(static_cast<float>(z));
    ASSERT_NEAR(static_cast<double>(g.value), 0.5 * z * (1 + t), 4e-7 * std::max(1.0, std::abs(z))) << z;
    ASSERT_NEAR(static_cast<double>(g.slope), slope, 2e-6) << z;
  }
  EXPECT_TRUE(std::isnan(gelu(std::nanf("")).value));
}

TEST(Bf16, rounds_to_nearest_even) {
  const auto rounded = [](float value) {
    Bf16 result;
    store(result, value);
    return load(result);
  };
  EXPECT_EQ(rounded(1.0f), 1.0f);
  EXPECT_EQ(rounded(1.0f + 0x1p-8f), 1.0f);                // tie, to even
  EXPECT_EQ(rounded(1.0f + 3 * 0x1p-8f), 1.0f + 0x1p-6f);  // tie, to even
  EXPECT_EQ(rounded(1.0f + 0x1.1p-8f), 1.0f + 0x1p-7f);
  EXPECT_EQ(rounded(-2.5f), -2.5f);
}

struct Problem {
  MlpShape shape;
  std::size_t rows;  // of the pass; one less is in the batch
  std::vector<float> inputs, targets;

  explicit Problem(MlpShape s, std::size_t r)
      : shape(std::move(s)),
        rows(r),
        inputs(draw((r - 1) * shape.layers.front(), 1)),
        targets(draw((r - 1) * shape.layers.back(), 2)) {}
  MlpReference reference(std::span<const float> parameters) const {
    return mlp_reference(shape, parameters, inputs, targets, rows - 1, 0.5);
  }
  double step(MlpPass& pass) const {
    pass.set_inputs(inputs);
    pass.forward();
    const std::vector<float> row_weights(rows - 1, 0.5f), output_weights(shape.layers.back(), 1.0f);
    const double loss = pass.squared_error(targets, row_weights, output_weights);
    pass.backward();
    return loss;
  }
};

const MlpShape small{3, {5, 20, 33, 7}};

TEST(MlpReference, gradients_are_finite_differences) {
  const Problem problem(MlpShape{2, {3, 8, 5, 4}}, 6);
  Mlp mlp(problem.shape, MlpPrecision::fp32);
  mlp.initialise(3);
  const auto reference = problem.reference(mlp.parameters());
  std::vector<float> moved(mlp.parameters().begin(), mlp.parameters().end());
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const float kept = moved[i];
    moved[i] = kept + 0x1p-10f;
    const double up = problem.reference(moved).loss, above = static_cast<double>(moved[i]);
    moved[i] = kept - 0x1p-10f;
    const double down = problem.reference(moved).loss, below = static_cast<double>(moved[i]);
    moved[i] = kept;
    ASSERT_NEAR((up - down) / (above - below), reference.gradients[i], 1e-5) << i;
  }
}

// y = 3 x + 1 at x = 1, 2 misses its targets by +1 and -1: the gradient of the bias cancels, the scale of its rounding
// errors, 4 w^2 sum (y^2 + t^2) a^2, does not.
TEST(MlpReference, terms_that_cancel_keep_their_scale) {
  const std::vector<float> parameters = {3, 1}, inputs = {1, 2}, targets = {3, 8};
  const auto reference = mlp_reference(MlpShape{1, {1, 1}}, parameters, inputs, targets, 2, 0.5);
  EXPECT_EQ(reference.loss, 1);
  EXPECT_EQ(reference.loss_scale, 0.5 * (16 + 9 + 49 + 64));
  EXPECT_EQ(reference.gradients, (std::vector<double>{1 - 2, 0}));
  EXPECT_EQ(reference.squares, (std::vector<double>{(16 + 9) + 4 * (49 + 64), 16 + 9 + 49 + 64}));
}

TEST(Mlp, gradients_agree_with_fp64) {
  const Problem problem(small, 37);
  for (const auto& [precision, tolerance] : {std::pair{MlpPrecision::fp32, 3e-6}, {MlpPrecision::bf16, 2e-2}}) {
    try {
      Mlp mlp(small, precision);
      mlp.initialise(5);
      MlpPass pass(mlp, problem.rows, MlpPass::Backward::parameters);
#ifdef __AVX512F__
      if (precision == MlpPrecision::fp32) {
        EXPECT_FALSE(pass.reference());
      }
#endif
      std::fill(mlp.gradients().begin(), mlp.gradients().end(), std::nanf(""));
      const double loss = problem.step(pass);
      const auto reference = problem.reference(mlp.parameters());
      EXPECT_NEAR(loss / reference.loss, 1, tolerance);
      EXPECT_LT(relative(mlp.gradients(), reference.gradients), tolerance);
    } catch (const Unsupported& reason) {
      if (precision == MlpPrecision::fp32) throw;
      GTEST_SKIP() << reason.what();
    }
  }
}

TEST(Mlp, same_bits_every_time) {
  const Problem problem(small, 37);
  std::vector<float> first;
  for (int repeat = 0; repeat < 5; ++repeat) {
    Mlp mlp(small, MlpPrecision::fp32);
    mlp.initialise(5);
    MlpPass pass(mlp, problem.rows, MlpPass::Backward::parameters);
    AdamW adam(mlp.parameters().size(), {});
    for (int step = 0; step < 10; ++step) {
      problem.step(pass);
      adam.step(mlp.trained(), 1e-2);
    }
    const std::vector<float> now(mlp.parameters().begin(), mlp.parameters().end());
    if (repeat == 0) first = now;
    ASSERT_EQ(first, now);
  }
}

TEST(Mlp, gradients_of_inputs_are_finite_differences) {
  Mlp mlp(small, MlpPrecision::fp32);
  mlp.initialise(5);
  MlpPass pass(mlp, 4, MlpPass::Backward::inputs);
  std::vector<float> inputs = draw(4 * small.layers.front(), 1);
  const std::vector<float> weights = draw(small.nets * 4 * small.layers.back(), 9);
  const auto value = [&] {
    pass.set_inputs(inputs);
    pass.forward();
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
      sum += static_cast<double>(weights[i]) * static_cast<double>(pass.outputs()[i]);
    return sum;
  };
  value();
  std::copy(weights.begin(), weights.end(), pass.outputs().begin());
  pass.backward();
  std::vector<double> gradient(inputs.size());
  for (std::size_t i = 0; i < pass.input_gradients().size(); ++i)
    gradient[i % inputs.size()] += static_cast<double>(pass.input_gradients()[i]);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const float kept = inputs[i];
    inputs[i] = kept + 0x1p-7f;
    const double up = value();
    inputs[i] = kept - 0x1p-7f;
    const double down = value();
    inputs[i] = kept;
    EXPECT_NEAR((up - down) * 0x1p6, gradient[i], 2e-3) << i;
  }
}

TEST(AdamW, follows_its_formula) {
  Mlp mlp(MlpShape{1, {2, 3}}, MlpPrecision::bf16);
  mlp.initialise(1);
  const AdamWSettings settings{0.1, 0.8, 0.9, 1e-6};
  AdamW adam(mlp.parameters().size(), settings);
  std::vector<double> w(mlp.parameters().begin(), mlp.parameters().end()), m(w.size()), v(w.size());
  for (int t = 1; t <= 5; ++t) {
    const auto gradients = draw(w.size(), static_cast<std::uint64_t>(t));
    std::copy(gradients.begin(), gradients.end(), mlp.gradients().begin());
    const std::vector<float> before(mlp.parameters().begin(), mlp.parameters().end());
    adam.keep(mlp.parameters());
    adam.step(mlp.trained(), 0.01);
    EXPECT_TRUE(std::equal(before.begin(), before.end(), adam.before().w.begin()));
    EXPECT_LE(adam.error(mlp.trained(), 0.01), 1);
    EXPECT_GT(adam.error(mlp.trained(), 0.011), 1);
    for (std::size_t i = 0; i < w.size(); ++i) {
      const auto g = static_cast<double>(gradients[i]);
      m[i] = 0.8 * m[i] + 0.2 * g;
      v[i] = 0.9 * v[i] + 0.1 * g * g;
      w[i] -= 0.01 * 0.1 * w[i];
      w[i] -= 0.01 * m[i] / (1 - std::pow(0.8, t)) / (std::sqrt(v[i] / (1 - std::pow(0.9, t))) + 1e-6);
      ASSERT_NEAR(static_cast<double>(mlp.parameters()[i]), w[i], 1e-6);
      ASSERT_NEAR(static_cast<double>(load(mlp.rounded()[i])), w[i], 0x1p-8 * std::abs(w[i]));
    }
  }
  mlp.rounded()[1].bits ^= 1;
  EXPECT_TRUE(std::isinf(adam.error(mlp.trained(), 0.01)));
}

TEST(ParseLayers, refuses_nonsense) {
  EXPECT_EQ(parse_layers("8-256-1024").layers, (std::vector<std::size_t>{8, 256, 1024}));
  for (const char* text : {"", "8", "8-", "-8", "8--8", "8-a", "8-0", "8 -8"}) EXPECT_THROW(parse_layers(text), Error);
}

// Snapshots in a space of 3 dimensions around a mean.
std::vector<float> snapshots(std::size_t count, std::size_t values) {
  std::vector<float> result(count * values);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < values; ++j) {
      const auto x = static_cast<double>(j) / static_cast<double>(values);
      double value = 5;
      for (std::uint64_t k = 1; k <= 3; ++k)
        value +=
            std::sin(6.28 * static_cast<double>(k) * x) * (2 * random_uniform(3, k, i) - 1) / static_cast<double>(k);
      result[i * values + j] = static_cast<float>(value);
    }
  return result;
}

TEST(Pod, finds_the_space_of_the_snapshots) {
  const Ranks ranks(1);
  const std::size_t count = 20, values = 5000;
  const auto data = snapshots(count, values);
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  const Pod result = pod(data, order, values, 3, ranks);
  ASSERT_EQ(result.modes, 3u);
  EXPECT_TRUE(std::is_sorted(result.energies.rbegin(), result.energies.rend()));
  const auto dot = [&](const float* a, const float* b) {
    double sum = 0;
    for (std::size_t j = 0; j < values; ++j) sum += static_cast<double>(a[j]) * static_cast<double>(b[j]);
    return sum;
  };
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b)
      EXPECT_NEAR(dot(&result.basis[a * values], &result.basis[b * values]), a == b ? 1 : 0, 1e-5);
    const auto row = std::span(result.basis).subspan(a * values, values);
    const auto [low, high] = std::minmax_element(row.begin(), row.end());
    EXPECT_GE(*high, -*low);
  }
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<float> rest(&data[i * values], &data[(i + 1) * values]);
    for (std::size_t j = 0; j < values; ++j) rest[j] -= result.mean[j];
    for (std::size_t k = 0; k < 3; ++k) {
      const auto c = static_cast<float>(dot(rest.data(), &result.basis[k * values]));
      for (std::size_t j = 0; j < values; ++j) rest[j] -= c * result.basis[k * values + j];
    }
    EXPECT_LT(std::sqrt(dot(rest.data(), rest.data()) / static_cast<double>(values)), 1e-5);
  }
}

TEST(Pod, coefficients_rebuild_the_snapshots) {
  const Ranks ranks(1);
  constexpr std::size_t values = 5000;  // more than a panel
  const std::vector<std::size_t> order = {0, 1, 2, 3};
  std::vector<float> data(order.size() * values);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(random_uniform(7, 0, i));
  const Pod result = pod(data, order, values, 3, ranks);  // deviations of four snapshots: three directions
  const std::vector<double> coefficients = pod_coefficients(result, data);
  ASSERT_EQ(coefficients.size(), order.size() * result.modes);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (std::size_t n = 0; n < values; ++n) {
      auto value = static_cast<double>(result.mean[n]);
      for (std::size_t k = 0; k < result.modes; ++k)
        value += coefficients[i * result.modes + k] * static_cast<double>(result.basis[k * values + n]);
      ASSERT_NEAR(value, static_cast<double>(data[i * values + n]), 1e-5);
    }
  EXPECT_THROW(pod_coefficients(result, std::span(data).first(7)), Error);
}

TEST(Pod, never_invents_modes) {
  const Ranks ranks(1);
  const auto data = snapshots(3, 100);
  EXPECT_LE(pod(data, std::vector<std::size_t>{0, 1, 2}, 100, 64, ranks).modes, 2u);  // three points span a plane
  const std::vector<float> equal(300, 1.0f);
  EXPECT_THROW(pod(equal, std::vector<std::size_t>{0, 1, 2}, 100, 64, ranks), Error);
}

TEST(Symmetric, solves_and_refuses) {
  const std::vector<double> matrix = {4, 1, 0, 1, 3, 1, 0, 1, 2};
  auto vectors = matrix;
  const auto values = symmetric_eigen(vectors, 3);
  for (std::size_t k = 0; k < 3; ++k)
    for (std::size_t i = 0; i < 3; ++i) {
      double image = 0;
      for (std::size_t j = 0; j < 3; ++j) image += matrix[i * 3 + j] * vectors[k * 3 + j];
      EXPECT_NEAR(image, values[k] * vectors[k * 3 + i], 1e-12);
    }
  const Cholesky factor(matrix, 3);
  std::vector<double> right = {5, 5, 3};
  factor.solve(right, 1);
  for (const double x : right) EXPECT_NEAR(x, 1, 1e-12);
  EXPECT_NEAR(factor.inverse_diagonal()[0], 5.0 / 18, 1e-12);
  EXPECT_FALSE(Cholesky({1, 2, 2, 1}, 2).valid());
}

}  // namespace
}  // namespace tandem::kernels

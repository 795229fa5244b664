// With a = g(z) and its tangent a' = g_1(z) z', errors e of a and e' of a' go back as e g_1 + e' g_2 z' and e' g_1; so
// only g_1 and g_2 z' are kept. A unit of work is a block of rows, fixed in size.
#include "kernels/learning/twin_pass.hpp"

#include <algorithm>
#include <cstring>

#include "harness/base/check.hpp"

namespace tandem::kernels {

namespace {

constexpr std::size_t block_rows = 16;

std::size_t blocks_of(std::size_t rows) { return (rows + block_rows - 1) / block_rows; }

struct CurvedGelu {
  float value, slope, curvature;
};

// As gelu(), with the second derivative.
CurvedGelu curved_gelu(float z) {
  const float square = z * z;
  float u = 1.5957691216f * z * (1.0f + 0.044715f * square);
  u = u < -80.0f ? -80.0f : u;
  u = u > 80.0f ? 80.0f : u;
  const float s = 1.0f / (1.0f + fast_exp(-u)), rest = s * (1.0f - s);
  const float u1 = 1.5957691216f * (1.0f + 0.134145f * square), u2 = 1.5957691216f * 0.26829f * z;
  return {z * s, s + z * rest * u1, rest * (2.0f * u1 + z * ((1.0f - 2.0f * s) * u1 * u1 + u2))};
}

void activate_row(float* z, float* tangent, const float* bias, float* a, float* a_tangent, std::size_t width) {
#pragma omp simd
  for (std::size_t j = 0; j < width; ++j) {
    const CurvedGelu g = curved_gelu(z[j] + bias[j]);
    a[j] = g.value;
    a_tangent[j] = g.slope * tangent[j];
    z[j] = g.slope;
    tangent[j] = g.curvature * tangent[j];
  }
}

// Errors of a row's value and tangent, in place, summed by column.
void finish_row(float* error, float* tangent, const float* slope, const float* curved, float* sums, std::size_t width) {
#pragma omp simd
  for (std::size_t j = 0; j < width; ++j) {
    const float value = error[j] * slope[j] + tangent[j] * curved[j];
    tangent[j] *= slope[j];
    error[j] = value;
    sums[j] += value;
  }
}

// The output becomes the error; returns the row's loss over its weight. `sums` null: none are wanted.
float squared_row(float* output, const float* target, float weight, float balance, float* sums, std::size_t width) {
  float loss = 0;
#pragma omp simd reduction(+ : loss)
  for (std::size_t j = 0; j < width; ++j) {
    const float difference = output[j] - target[j];
    loss += balance * difference * difference;
    output[j] = 2.0f * weight * balance * difference;
  }
  if (sums)
    for (std::size_t j = 0; j < width; ++j) sums[j] += output[j];
  return loss;
}

}  // namespace

TwinPass::TwinPass(Mlp& mlp, std::size_t rows) : mlp_(mlp), rows_(rows) {
  const MlpShape& shape = mlp.shape();
  check(shape.nets == 1 && mlp.precision() == MlpPrecision::fp32, "a twin pass trains one net in fp32, not {} nets",
        shape.nets);
  inputs_ = Buffer<float>(2 * rows * shape.layers.front());
  losses_.resize(rows);
  layers_.resize(shape.depth());
  for (std::size_t l = 0; l < shape.depth(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t in = shape.layers[l], out = shape.layers[l + 1], at = shape.weights_at(l);
    const bool last = l + 1 == shape.depth();
    layer.z = Buffer<float>(2 * rows * out);
    layer.a = Buffer<float>(last ? 0 : 2 * rows * out);
    layer.error = Buffer<float>(last ? 0 : 2 * rows * out);
    layer.partial = Buffer<float>(blocks_of(rows) * out);
    float* const source = l == 0 ? inputs_.data() : layers_[l - 1].a.data();
    float* const error = last ? layer.z.data() : layer.error.data();
    float* const weights = mlp.parameters().data() + at;
    const auto operand = [](float* data, bool transposed = false) { return Operand{data, Element::fp32, transposed}; };
    layer.forward = std::make_unique<Matmul>(MatmulShape{2 * rows, out, in}, operand(source), operand(weights),
                                             operand(layer.z.data()));
    layer.weights = std::make_unique<Matmul>(MatmulShape{in, out, 2 * rows}, operand(source, true), operand(error),
                                             operand(mlp.gradients().data() + at));
    if (l > 0)
      layer.back = std::make_unique<Matmul>(MatmulShape{2 * rows, in, out}, operand(error), operand(weights, true),
                                            operand(layers_[l - 1].error.data()));
  }
}

void TwinPass::set_inputs(std::span<const float> values, std::span<const float> tangents) {
  const std::size_t half = inputs_.size() / 2;
  check(values.size() <= half && tangents.size() == values.size(), "a twin pass of {} rows got {} values", rows_,
        values.size());
  std::fill(inputs_.begin(), inputs_.end(), 0.0f);
  std::copy(values.begin(), values.end(), inputs_.begin());
  std::copy(tangents.begin(), tangents.end(), inputs_.begin() + half);
}

void TwinPass::activate(std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t width = mlp_.shape().layers[l + 1], half = rows_ * width;
  const float* const bias = mlp_.parameters().data() + mlp_.shape().biases_at(l);
  const bool last = l + 1 == layers_.size();
#pragma omp parallel for schedule(static)
  for (std::size_t r = 0; r < rows_; ++r) {
    float* const z = layer.z.data() + r * width;
    if (last)
      for (std::size_t j = 0; j < width; ++j) z[j] += bias[j];
    else
      activate_row(z, z + half, bias, layer.a.data() + r * width, layer.a.data() + half + r * width, width);
  }
}

void TwinPass::forward() {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].forward->run();
    activate(l);
  }
}

void TwinPass::sum_biases(std::size_t l) {
  const std::size_t width = mlp_.shape().layers[l + 1];
  float* const biases = mlp_.gradients().data() + mlp_.shape().biases_at(l);
  std::fill_n(biases, width, 0.0f);
  for (std::size_t b = 0; b < blocks_of(rows_); ++b)
    for (std::size_t j = 0; j < width; ++j) biases[j] += layers_[l].partial[b * width + j];
}

double TwinPass::squared_error(std::span<const float> values, std::span<const float> tangents,
                               std::span<const float> row_weights, float balance) {
  Layer& layer = layers_.back();
  const std::size_t width = mlp_.shape().layers.back(), half = rows_ * width;
  check(row_weights.size() <= rows_ && values.size() == row_weights.size() * width && tangents.size() == values.size(),
        "a twin pass of {} rows got {} targets and {} derivatives", rows_, values.size(), tangents.size());
#pragma omp parallel for schedule(static)
  for (std::size_t b = 0; b < blocks_of(rows_); ++b) {
    float* const sums = layer.partial.data() + b * width;
    std::memset(sums, 0, width * sizeof(float));
    for (std::size_t r = b * block_rows; r < std::min(rows_, (b + 1) * block_rows); ++r) {
      float *const output = layer.z.data() + r * width, *const tangent = output + half;
      losses_[r] = 0;
      if (r >= row_weights.size()) {
        std::memset(output, 0, width * sizeof(float));
        std::memset(tangent, 0, width * sizeof(float));
        continue;
      }
      const float weight = row_weights[r];
      float loss = squared_row(output, values.data() + r * width, weight, 1, sums, width);
      loss += squared_row(tangent, tangents.data() + r * width, weight, balance, nullptr, width);
      losses_[r] = static_cast<double>(weight) * static_cast<double>(loss);
    }
  }
  sum_biases(layers_.size() - 1);
  double loss = 0;
  for (const double row : losses_) loss += row;
  return loss;
}

void TwinPass::finish(std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t width = mlp_.shape().layers[l + 1], half = rows_ * width;
#pragma omp parallel for schedule(static)
  for (std::size_t b = 0; b < blocks_of(rows_); ++b) {
    float* const sums = layer.partial.data() + b * width;
    std::memset(sums, 0, width * sizeof(float));
    for (std::size_t r = b * block_rows; r < std::min(rows_, (b + 1) * block_rows); ++r) {
      float *const error = layer.error.data() + r * width, *const slope = layer.z.data() + r * width;
      finish_row(error, error + half, slope, slope + half, sums, width);
    }
  }
  sum_biases(l);
}

void TwinPass::backward() {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    if (l + 1 < layers_.size()) finish(l);
    layers_[l].weights->run();
    if (layers_[l].back) layers_[l].back->run();
  }
}

double TwinPass::flops() const { return 12 * static_cast<double>(mlp_.shape().weights()); }

}  // namespace tandem::kernels

// Forward and backward passes. Between two products everything elementwise is one sweep over memory: activation with
// its slope, error with the column sums that are the bias gradients. A unit of work is one net's block of rows, fixed
// in size, so that sums do not depend on the number of threads.
#include <algorithm>
#include <cstring>

#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

namespace {

constexpr std::size_t block_rows = 16;

std::size_t blocks_of(std::size_t rows) { return (rows + block_rows - 1) / block_rows; }

// Calls row(net, r, sums) for every row of the batch; `sums` collects column sums over a block of rows in `partial`,
// and over all blocks in `biases` [nets, width] unless that is null.
template <typename Row>
void sweep(std::size_t nets, std::size_t rows, std::size_t width, float* partial, float* biases, Row row) {
  const std::size_t blocks = blocks_of(rows);
  const auto units = static_cast<std::ptrdiff_t>(nets * blocks);
  const auto columns = static_cast<std::ptrdiff_t>(biases ? nets * width : 0);
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (std::ptrdiff_t unit = 0; unit < units; ++unit) {
      const std::size_t net = static_cast<std::size_t>(unit) / blocks, block = static_cast<std::size_t>(unit) % blocks;
      float* const sums = partial + static_cast<std::size_t>(unit) * width;
      std::memset(sums, 0, width * sizeof(float));
      for (std::size_t r = block * block_rows; r < std::min(rows, (block + 1) * block_rows); ++r) row(net, r, sums);
    }
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < columns; ++i) {
      const std::size_t net = static_cast<std::size_t>(i) / width, j = static_cast<std::size_t>(i) % width;
      float sum = 0;
      for (std::size_t b = 0; b < blocks; ++b) sum += partial[(net * blocks + b) * width + j];
      biases[i] = sum;
    }
  }
}

// a = gelu(z + bias), z = its slope.
template <typename T>
void activate_row(float* z, const float* bias, T* a, std::size_t width) {
#pragma omp simd
  for (std::size_t j = 0; j < width; ++j) {
    const Gelu g = gelu(z[j] + bias[j]);
    store(a[j], g.value);
    z[j] = g.slope;
  }
}

// error = error * slope, summed by column.
template <typename T>
void scale_row(const float* error, const float* slope, T* to, float* sums, std::size_t width) {
#pragma omp simd
  for (std::size_t j = 0; j < width; ++j) {
    const float value = error[j] * slope[j];
    sums[j] += value;
    store(to[j], value);
  }
}

// d loss / d output and its column sums; returns the row's loss over `weight`.
template <typename T>
float squared_row(const float* output, const float* target, const float* output_weights, float weight, T* to,
                  float* sums, std::size_t width) {
  float loss = 0;
#pragma omp simd reduction(+ : loss)
  for (std::size_t j = 0; j < width; ++j) {
    const float difference = output[j] - target[j], weighted = output_weights[j] * difference;
    const float value = 2.0f * weight * weighted;
    loss += weighted * difference;
    sums[j] += value;
    store(to[j], value);
  }
  return loss;
}

}  // namespace

MlpPass::MlpPass(Mlp& mlp, std::size_t rows, Backward backward)
    : mlp_(mlp), rows_(rows), rounded_(mlp.precision() == MlpPrecision::bf16), backward_(backward) {
  allocate();
  bind();
}

void MlpPass::allocate() {
  const auto& shape = mlp_.shape();
  const std::size_t in = shape.nets * rows_ * shape.layers.front();
  rounded_ ? void(inputs_bf16_ = Buffer<Bf16>(in)) : void(inputs_ = Buffer<float>(in));
  if (backward_ == Backward::inputs) input_gradients_ = Buffer<float>(in);
  layers_.resize(shape.depth());
  for (std::size_t l = 0; l < shape.depth(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t width = shape.layers[l + 1], count = shape.nets * rows_ * width;
    const bool last = l + 1 == shape.depth();
    layer.z = Buffer<float>(count);
    if (!last) rounded_ ? void(layer.a_bf16 = Buffer<Bf16>(count)) : void(layer.a = Buffer<float>(count));
    if (backward_ == Backward::none) continue;
    if (!last) layer.error = Buffer<float>(count);
    if (rounded_) layer.error_bf16 = Buffer<Bf16>(count);
    layer.partial = Buffer<float>(shape.nets * blocks_of(rows_) * width);
  }
  losses_.resize(shape.nets * rows_);
}

Operand MlpPass::operand(Buffer<float>& fp32, Buffer<Bf16>& bf16, bool transposed) {
  if (rounded_) return {bf16.data(), Element::bf16, transposed};
  return {fp32.data(), Element::fp32, transposed};
}

void MlpPass::bind() {
  const auto& shape = mlp_.shape();
  for (std::size_t l = 0; l < shape.depth(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t in = shape.layers[l], out = shape.layers[l + 1], at = shape.weights_at(l);
    const auto weights = [&](bool transposed) -> Operand {
      if (rounded_) return {mlp_.rounded().data() + at, Element::bf16, transposed};
      return {mlp_.parameters().data() + at, Element::fp32, transposed};
    };
    const auto source = [&](bool transposed) {
      if (l == 0) return operand(inputs_, inputs_bf16_, transposed);
      return operand(layers_[l - 1].a, layers_[l - 1].a_bf16, transposed);
    };
    const bool last = l + 1 == shape.depth();
    // Only where no sweep follows; oneDNN has but a slow reference for a batch of products with a bias each.
    const float* fused = last && shape.nets == 1 ? mlp_.parameters().data() + shape.biases_at(l) : nullptr;
    const auto product = [&](std::size_t m, std::size_t n, std::size_t k, Operand a, Operand b, float* c) {
      return std::make_unique<Matmul>(MatmulShape{m, n, k, shape.nets}, a, b, Operand{c},
                                      c == layer.z.data() ? fused : nullptr);
    };
    layer.forward = product(rows_, out, in, source(false), weights(false), layer.z.data());
    if (backward_ == Backward::none) continue;
    const Operand error = operand(last ? layer.z : layer.error, layer.error_bf16);
    if (backward_ == Backward::parameters)
      layer.weights = product(in, out, rows_, source(true), error, mlp_.gradients().data() + at);
    if (l == 0 && backward_ != Backward::inputs) continue;
    float* const to = l == 0 ? input_gradients_.data() : layers_[l - 1].error.data();
    layer.back = product(rows_, in, out, error, weights(true), to);
  }
}

void MlpPass::set_inputs(std::span<const float> inputs) {
  const std::size_t count = rows_ * mlp_.shape().layers.front();
  for (std::size_t net = 0; net < mlp_.shape().nets; ++net)
    for (std::size_t i = 0; i < count; ++i) {
      const float value = i < inputs.size() ? inputs[i] : 0.0f;
      rounded_ ? store(inputs_bf16_[net * count + i], value) : store(inputs_[net * count + i], value);
    }
}

// oneDNN adds a bias that all of a batch share, not one for each matrix: biases join the sweep that is due anyway.
void MlpPass::activate(std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t width = mlp_.shape().layers[l + 1];
  const float* const biases = mlp_.parameters().data() + mlp_.shape().biases_at(l);
  const auto rows = static_cast<std::ptrdiff_t>(mlp_.shape().nets * rows_);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t r = 0; r < rows; ++r) {
    const std::size_t at = static_cast<std::size_t>(r) * width;
    const float* const bias = biases + static_cast<std::size_t>(r) / rows_ * width;
    if (l + 1 == layers_.size())
      for (std::size_t j = 0; j < width; ++j) layer.z[at + j] += bias[j];
    else if (rounded_)
      activate_row(&layer.z[at], bias, &layer.a_bf16[at], width);
    else
      activate_row(&layer.z[at], bias, &layer.a[at], width);
  }
}

void MlpPass::forward() {
  const bool own_bias = mlp_.shape().nets > 1;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].forward->run();
    if (own_bias || l + 1 < layers_.size()) activate(l);
  }
  finished_ = false;
}

float* MlpPass::biases(std::size_t l) {
  if (backward_ != Backward::parameters) return nullptr;
  return mlp_.gradients().data() + mlp_.shape().biases_at(l);
}

double MlpPass::squared_error(std::span<const float> targets, std::span<const float> row_weights,
                              std::span<const float> output_weights) {
  Layer& layer = layers_.back();
  const std::size_t width = mlp_.shape().layers.back();
  const auto row = [&](std::size_t net, std::size_t r, float* sums) {
    const std::size_t at = (net * rows_ + r) * width;
    const bool counts = r < row_weights.size();
    // A row beyond the batch is judged against itself with no weight: its error is zero.
    const float* target = counts ? targets.data() + r * width : layer.z.data() + at;
    const float weight = counts ? row_weights[r] : 0.0f;
    const float loss =
        rounded_ ? squared_row(&layer.z[at], target, output_weights.data(), weight, &layer.error_bf16[at], sums, width)
                 : squared_row(&layer.z[at], target, output_weights.data(), weight, &layer.z[at], sums, width);
    losses_[net * rows_ + r] = static_cast<double>(weight) * static_cast<double>(loss);
  };
  sweep(mlp_.shape().nets, rows_, width, layer.partial.data(), biases(layers_.size() - 1), row);
  finished_ = true;
  double loss = 0;
  for (const double value : losses_) loss += value;
  return loss;
}

void MlpPass::finish_outputs() {
  Layer& layer = layers_.back();
  const std::size_t width = mlp_.shape().layers.back();
  sweep(mlp_.shape().nets, rows_, width, layer.partial.data(), biases(layers_.size() - 1),
        [&](std::size_t net, std::size_t r, float* sums) {
          const std::size_t at = (net * rows_ + r) * width;
          for (std::size_t j = 0; j < width; ++j) {
            sums[j] += layer.z[at + j];
            if (rounded_) store(layer.error_bf16[at + j], layer.z[at + j]);
          }
        });
}

void MlpPass::finish_hidden(std::size_t l) {
  Layer& layer = layers_[l];
  const std::size_t width = mlp_.shape().layers[l + 1];
  sweep(mlp_.shape().nets, rows_, width, layer.partial.data(), biases(l),
        [&](std::size_t net, std::size_t r, float* sums) {
          const std::size_t at = (net * rows_ + r) * width;
          if (rounded_)
            scale_row(&layer.error[at], &layer.z[at], &layer.error_bf16[at], sums, width);
          else
            scale_row(&layer.error[at], &layer.z[at], &layer.error[at], sums, width);
        });
}

void MlpPass::backward() {
  if (!finished_) finish_outputs();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    if (l + 1 < layers_.size()) finish_hidden(l);
    if (layers_[l].weights) layers_[l].weights->run();
    if (layers_[l].back) layers_[l].back->run();
  }
}

std::string MlpPass::implementation() const { return layers_.back().forward->implementation(); }

bool MlpPass::reference() const {
  for (const Layer& layer : layers_)
    for (const auto* product : {layer.forward.get(), layer.weights.get(), layer.back.get()})
      if (product && product->reference()) return true;
  return false;
}

}  // namespace tandem::kernels

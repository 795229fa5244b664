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

}  // namespace

MlpPass::MlpPass(Mlp& mlp, std::size_t rows, Backward backward)
    : mlp_(mlp), rows_(rows), rounded_(mlp.precision() == MlpPrecision::bf16), backward_(backward) {
  const auto& shape = mlp.shape();
  const auto sized = [&](std::size_t width) { return shape.nets * rows * width; };
  const std::size_t in = sized(shape.layers.front());
  rounded_ ? inputs_bf16_ = Buffer<Bf16>(in) : inputs_ = Buffer<float>(in);
  layers_.resize(shape.depth());
  for (std::size_t l = 0; l < shape.depth(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t count = sized(shape.layers[l + 1]);
    const bool last = l + 1 == shape.depth();
    layer.z = Buffer<float>(count);
    if (!last) rounded_ ? layer.a_bf16 = Buffer<Bf16>(count) : layer.a = Buffer<float>(count);
    if (backward == Backward::none) continue;
    if (!last) layer.error = Buffer<float>(count);
    if (rounded_) layer.error_bf16 = Buffer<Bf16>(count);
    layer.partial = Buffer<float>(shape.nets * blocks_of(rows) * shape.layers[l + 1]);
  }
  if (backward == Backward::inputs) input_gradients_ = Buffer<float>(in);
  bind(mlp, backward);
}

Operand MlpPass::operand(Buffer<float>& fp32, Buffer<Bf16>& bf16, bool transposed) {
  if (rounded_) return {bf16.data(), Element::bf16, transposed};
  return {fp32.data(), Element::fp32, transposed};
}

void MlpPass::bind(Mlp& mlp, Backward backward) {
  const auto& shape = mlp.shape();
  for (std::size_t l = 0; l < shape.depth(); ++l) {
    Layer& layer = layers_[l];
    const std::size_t in = shape.layers[l], out = shape.layers[l + 1], at = shape.weights_at(l);
    const auto weights = [&](bool transposed) -> Operand {
      if (rounded_) return {mlp.rounded().data() + at, Element::bf16, transposed};
      return {mlp.parameters().data() + at, Element::fp32, transposed};
    };
    const auto source = [&](bool transposed) {
      return l == 0 ? operand(inputs_, inputs_bf16_, transposed)
                    : operand(layers_[l - 1].a, layers_[l - 1].a_bf16, transposed);
    };
    const float* bias = mlp.parameters().data() + shape.biases_at(l);
    layer.forward.emplace_back(MatmulShape{rows_, out, in, shape.nets}, source(false), weights(false),
                               Operand{layer.z.data()}, bias);
    if (backward == Backward::none) continue;
    const bool last = l + 1 == shape.depth();
    const Operand error = operand(last ? layer.z : layer.error, layer.error_bf16);
    if (backward == Backward::parameters)
      layer.weights.emplace_back(MatmulShape{in, out, rows_, shape.nets}, source(true), error,
                                 Operand{mlp.gradients().data() + at});
    if (l == 0 && backward != Backward::inputs) continue;
    float* const to = l == 0 ? input_gradients_.data() : layers_[l - 1].error.data();
    layer.back.emplace_back(MatmulShape{rows_, in, out, shape.nets}, error, weights(true), Operand{to});
  }
}

void MlpPass::set_inputs(std::span<const float> inputs) {
  const std::size_t count = rows_ * mlp_.shape().layers.front();
  for (std::size_t net = 0; net < mlp_.shape().nets; ++net)
    for (std::size_t i = 0; i < count; ++i) {
      const float value = i < inputs.size() ? inputs[i] : 0.0f;
      if (rounded_)
        store(inputs_bf16_[net * count + i], value);
      else
        inputs_[net * count + i] = value;
    }
}

template <typename T>
void MlpPass::activate_as(Layer& layer, T* a, std::size_t width) {
  const auto count = static_cast<std::ptrdiff_t>(mlp_.shape().nets * rows_ * width);
  float* const z = layer.z.data();
#pragma omp parallel for simd schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const Gelu g = gelu(z[i]);
    store(a[i], g.value);
    z[i] = g.slope;
  }
}

void MlpPass::forward() {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].forward.front().run();
    if (l + 1 == layers_.size()) return;
    const std::size_t width = mlp_.shape().layers[l + 1];
    rounded_ ? activate_as(layers_[l], layers_[l].a_bf16.data(), width)
             : activate_as(layers_[l], layers_[l].a.data(), width);
  }
}

// Calls row(net, r, partial) for every row of the batch; `partial` collects the row's share of the column sums, which
// end as the bias gradients.
template <typename Row>
void MlpPass::finish_error(std::size_t l, Row row) {
  Layer& layer = layers_[l];
  const std::size_t width = mlp_.shape().layers[l + 1], blocks = blocks_of(rows_), nets = mlp_.shape().nets;
  float* const biases = mlp_.gradients().data() + mlp_.shape().biases_at(l);
  const auto units = static_cast<std::ptrdiff_t>(nets * blocks), sums = static_cast<std::ptrdiff_t>(nets * width);
  const bool wanted = backward_ == Backward::parameters;
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (std::ptrdiff_t unit = 0; unit < units; ++unit) {
      const std::size_t net = static_cast<std::size_t>(unit) / blocks, block = static_cast<std::size_t>(unit) % blocks;
      float* const partial = layer.partial.data() + static_cast<std::size_t>(unit) * width;
      std::memset(partial, 0, width * sizeof(float));
      for (std::size_t r = block * block_rows; r < std::min(rows_, (block + 1) * block_rows); ++r)
        row(net, r, partial);
    }
    if (wanted) {
#pragma omp for schedule(static)
      for (std::ptrdiff_t i = 0; i < sums; ++i) {
        const std::size_t net = static_cast<std::size_t>(i) / width, j = static_cast<std::size_t>(i) % width;
        float sum = 0;
        for (std::size_t b = 0; b < blocks; ++b) sum += layer.partial[(net * blocks + b) * width + j];
        biases[i] = sum;
      }
    }
  }
}

#include "harness/base/check.hpp"
#include "kernels/learning/column_sums.hpp"
#include "kernels/learning/device_mlp.hpp"

namespace tandem::GPU_VENDOR {

using namespace kernels;

namespace {

constexpr unsigned threads = 128;

GPU_KERNEL void set_zero(float* values, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count) values[i] = 0;
}

// GELU in its tanh form, a = z sigmoid(u) (elementwise.hpp has the formula and its source), and its slope.
GPU_FUNCTION float gelu_of(float z, float& slope) {
  const float square = z * z;
  const float u = 1.5957691216f * z * (1.0f + 0.044715f * square);
  const float sigmoid = 1.0f / (1.0f + expf(-u));
  slope = sigmoid + z * sigmoid * (1.0f - sigmoid) * 1.5957691216f * (1.0f + 0.134145f * square);
  return z * sigmoid;
}

// a = gelu(z + bias), z = its slope.
template <typename T>
GPU_KERNEL void activate(float* z, const float* bias, T* a, std::size_t rows, std::size_t columns, std::size_t count) {
  const std::size_t i = grid_index();
  if (i >= count) return;
  float slope = 0;
  put(a[i], gelu_of(z[i] + bias[i / (rows * columns) * columns + i % columns], slope));
  z[i] = slope;
}

// The thread's part of [nets, rows, columns]: a column of a block of rows of a net. False: there is none.
struct Strip {
  std::size_t net, column, begin, end;
};
GPU_FUNCTION bool strip_of(std::size_t at, std::size_t nets, std::size_t rows, std::size_t columns, Strip& strip) {
  const std::size_t blocks = (rows + rows_of_block - 1) / rows_of_block, block = at / columns % blocks;
  strip.net = at / (blocks * columns);
  strip.column = at % columns;
  strip.begin = block * rows_of_block;
  strip.end = strip.begin + rows_of_block < rows ? strip.begin + rows_of_block : rows;
  return strip.net < nets;
}

// error = d loss / d output and its column sums, and of each column the loss. Output: z + bias.
template <typename T>
GPU_KERNEL void squared_error(const float* z, const float* bias, const float* target, const float* row_weights,
                              const float* output_weights, T* error, float* sums, float* losses, std::size_t nets,
                              std::size_t rows, std::size_t columns) {
  const std::size_t at = grid_index();
  Strip strip{};
  if (!strip_of(at, nets, rows, columns, strip)) return;
  const float own_bias = bias[strip.net * columns + strip.column], output_weight = output_weights[strip.column];
  float sum = 0, loss = 0;
  for (std::size_t row = strip.begin; row < strip.end; ++row) {
    const std::size_t i = (strip.net * rows + row) * columns + strip.column;
    const float difference = z[i] + own_bias - target[row * columns + strip.column];
    const float weighted = row_weights[row] * output_weight * difference, value = 2.0f * weighted;
    loss += weighted * difference;
    sum += value;
    put(error[i], value);
  }
  sums[at] = sum;
  losses[at] = loss;
}

// to = error * slope and its column sums; in fp32 `to` is `error`.
template <typename T>
GPU_KERNEL void scale(const float* error, const float* slope, T* to, float* sums, std::size_t nets, std::size_t rows,
                      std::size_t columns) {
  const std::size_t at = grid_index();
  Strip strip{};
  if (!strip_of(at, nets, rows, columns, strip)) return;
  float sum = 0;
  for (std::size_t row = strip.begin; row < strip.end; ++row) {
    const std::size_t i = (strip.net * rows + row) * columns + strip.column;
    const float value = error[i] * slope[i];
    sum += value;
    put(to[i], value);
  }
  sums[at] = sum;
}

}  // namespace

template <typename T>
DeviceMlp<T>::DeviceMlp(const MlpShape& shape, std::size_t rows)
    : shape_(shape),
      rows_(rows),
      n_(shape.parameters()),
      inputs_(rows * shape.layers.front()),
      targets_(rows * shape.layers.back()),
      row_weights_(rows),
      output_weights_(shape.layers.back()),
      state_(3 * n_),
      rounded_(rounds ? n_ : 0),
      loss_of_blocks_(shape.nets * blocks_of_rows(rows) * shape.layers.back()),
      losses_(shape.nets * shape.layers.back() + 1),
      gradients_(n_) {
  bind();
}

template <typename T>
void DeviceMlp<T>::bind() {
  const std::size_t nets = shape_.nets;
  std::vector<std::size_t> offsets;
  for (std::size_t l = 0; l < shape_.depth(); ++l)
    for (const std::size_t bytes : {sizeof(T), sizeof(float)}) offsets.push_back(shape_.weights_at(l) * bytes);
  ProductFormat format;
  format.a = format.b = rounds ? Element::bf16 : Element::fp32;
  format.alignment = alignment_of(offsets);
  for (std::size_t l = 0; l < shape_.depth(); ++l) {
    const bool last = l + 1 == shape_.depth();
    const std::size_t in = shape_.layers[l], out = shape_.layers[l + 1], count = nets * rows_ * out;
    Layer layer;
    layer.in = in;
    layer.out = out;
    layer.weights_at = shape_.weights_at(l);
    layer.biases_at = shape_.biases_at(l);
    layer.z = DeviceBuffer<float>(count);
    layer.error = DeviceBuffer<float>(last ? 0 : count);
    layer.a = DeviceBuffer<T>(last ? 0 : count);
    layer.error_of_z = DeviceBuffer<T>(count);
    layer.partial = DeviceBuffer<float>(nets * blocks_of_rows(rows_) * out);
    ProductFormat forward = format, weights = format, back = format;
    forward.shared_a = weights.shared_a = l == 0;
    weights.a_transposed = true;
    back.b_transposed = true;
    layer.forward = std::make_unique<Product>(MatmulShape{rows_, out, in, nets}, forward);
    layer.weights = std::make_unique<Product>(MatmulShape{in, out, rows_, nets}, weights);
    if (l > 0) layer.back = std::make_unique<Product>(MatmulShape{rows_, in, out, nets}, back);
    layers_.push_back(std::move(layer));
  }
}

template <typename T>
void DeviceMlp<T>::choose_ways(const Ranks& ranks) {
  for (Layer& layer : layers_) {
    choose_way(ranks, *layer.forward, [&] { start_forward(layer); });
    choose_way(ranks, *layer.weights, [&] { start_weights(layer); });
    if (layer.back) choose_way(ranks, *layer.back, [&] { start_back(layer); });
  }
}

template <typename T>
void DeviceMlp<T>::set_parameters(const Mlp& mlp) {
  copy_in(state_.data(), mlp.parameters().data(), n_ * sizeof(float));
  launch(set_zero, blocks_for(2 * n_, threads), threads, state_.data() + n_, 2 * n_);
  if constexpr (rounds) {
    Buffer<std::uint16_t> bits(n_);
    for (std::size_t i = 0; i < n_; ++i) {
      Bf16 rounded;
      store(rounded, mlp.parameters()[i]);
      bits[i] = rounded.bits;
    }
    rounded_.upload(bits);
  }
}

template <typename T>
void DeviceMlp<T>::start_gradients() {
  for (Layer& layer : layers_) {
    start_forward(layer);
    if (&layer != &layers_.back()) start_activation(layer);
  }
  start_loss();
  for (std::size_t l = layers_.size(); l-- > 0;) {
    if (l + 1 < layers_.size()) start_scaling(layers_[l]);
    start_weights(layers_[l]);
    if (layers_[l].back) start_back(layers_[l]);
  }
}

template <typename T>
void DeviceMlp<T>::start_update(const AdamWFactors* factors) {
  start_adamw(state_.data(), gradients_.device(), rounded_.data(), factors, n_);
}

template <typename T>
const T* DeviceMlp<T>::weights(const Layer& layer) {
  if constexpr (rounds)
    return rounded_.data() + layer.weights_at;
  else
    return state_.data() + layer.weights_at;
}

template <typename T>
void DeviceMlp<T>::start_forward(Layer& layer) {
  layer.forward->start(source(layer), weights(layer), layer.z.data());
}

template <typename T>
void DeviceMlp<T>::start_activation(Layer& layer) {
  const std::size_t count = shape_.nets * rows_ * layer.out;
  launch(activate<T>, blocks_for(count, threads), threads, layer.z.data(), biases(layer), layer.a.data(), rows_,
         layer.out, count);
}

template <typename T>
void DeviceMlp<T>::start_loss() {
  Layer& layer = layers_.back();
  const std::size_t nets = shape_.nets, blocks = blocks_of_rows(rows_);
  launch(squared_error<T>, blocks_for(nets * blocks * layer.out, threads), threads,
         static_cast<const float*>(layer.z.data()), biases(layer), static_cast<const float*>(targets_.data()),
         static_cast<const float*>(row_weights_.data()), static_cast<const float*>(output_weights_.data()),
         layer.error_of_z.data(), layer.partial.data(), loss_of_blocks_.data(), nets, rows_, layer.out);
  add_blocks(layer.partial.data(), gradients_.device() + layer.biases_at, blocks, layer.out, nets);
  add_blocks(loss_of_blocks_.data(), losses_.data(), blocks, layer.out, nets);
  add_blocks(losses_.data(), losses_.data() + nets * layer.out, nets * layer.out, 1);
}

template <typename T>
void DeviceMlp<T>::start_scaling(Layer& layer) {
  const std::size_t nets = shape_.nets, blocks = blocks_of_rows(rows_);
  launch(scale<T>, blocks_for(nets * blocks * layer.out, threads), threads,
         static_cast<const float*>(layer.error.data()), static_cast<const float*>(layer.z.data()),
         layer.error_of_z.data(), layer.partial.data(), nets, rows_, layer.out);
  add_blocks(layer.partial.data(), gradients_.device() + layer.biases_at, blocks, layer.out, nets);
}

template <typename T>
void DeviceMlp<T>::start_weights(Layer& layer) {
  layer.weights->start(source(layer), layer.error_of_z.data(), gradients_.device() + layer.weights_at);
}

template <typename T>
void DeviceMlp<T>::start_back(Layer& layer) {
  layer.back->start(layer.error_of_z.data(), weights(layer), (&layer)[-1].error.data());
}

template class DeviceMlp<float>;
template class DeviceMlp<std::uint16_t>;

}  // namespace tandem::GPU_VENDOR

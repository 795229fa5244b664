// Perceptrons with GELU and a linear last layer on a device, `nets` independent ones on the same rows (mlp.hpp): a
// training step of which nothing leaves the device, the loss included. Products by the vendor's library; between two of
// them everything elementwise is one sweep that also adds up columns (bias gradients, loss), in an order that does not
// depend on the device. Arrays are [nets, rows, width]. Work is started, not waited for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/learning/adamw_device.hpp"
#include "kernels/learning/mlp.hpp"

namespace tandem::GPU_VENDOR {

// T: float, or std::uint16_t for the bits of bf16; what products take.
template <typename T>
class DeviceMlp {
 public:
  static constexpr bool rounds = sizeof(T) == 2;

  DeviceMlp(const kernels::MlpShape& shape, std::size_t rows);

  // Products are then multiplied in the way that is fastest here; before, in the library's first: the same each time.
  // Collective.
  void choose_ways(const Ranks& ranks);
  void set_parameters(const kernels::Mlp& mlp);  // and moments of zero

  // What a step reads, for the caller to fill.
  T* inputs() { return inputs_.data(); }                      // [rows, in], the same for every net
  float* targets() { return targets_.data(); }                // [rows, out]
  float* row_weights() { return row_weights_.data(); }        // [rows]; 0: the row counts nothing
  float* output_weights() { return output_weights_.data(); }  // [out]
  void start_gradients();                                     // of the loss of MlpPass::squared_error
  void start_update(const AdamWFactors* factors);             // which lie on the device

  std::size_t parameters() const { return n_; }
  float* state() { return state_.data(); }                     // parameters, first and second moments
  DeviceBuffer<std::uint16_t>& rounded() { return rounded_; }  // the parameters in bf16, or nothing
  DeviceResult<float>& gradients() { return gradients_; }
  const float* loss() const { return losses_.data() + losses_.size() - 1; }
  std::string library() const { return layers_.back().forward->library(); }

 private:
  // Of the layer from a [rows, in] to z [rows, out].
  struct Layer {
    std::size_t in = 0, out = 0, weights_at = 0, biases_at = 0;
    DeviceBuffer<float> z;       // sum before the activation, without the bias, then its slope; of the last the output
    DeviceBuffer<float> error;   // d loss / d a of hidden layers
    DeviceBuffer<T> a;           // activation
    DeviceBuffer<T> error_of_z;  // d loss / d z
    DeviceBuffer<float> partial;
    std::unique_ptr<Product> forward, weights, back;
  };

  void bind();
  const T* weights(const Layer& layer);
  const float* biases(const Layer& layer) { return state_.data() + layer.biases_at; }
  const T* source(const Layer& layer) { return &layer == layers_.data() ? inputs_.data() : (&layer)[-1].a.data(); }
  void start_forward(Layer& layer);
  void start_activation(Layer& layer);
  void start_loss();
  void start_scaling(Layer& layer);
  void start_weights(Layer& layer);
  void start_back(Layer& layer);

  kernels::MlpShape shape_;
  std::size_t rows_, n_;
  DeviceBuffer<T> inputs_;
  DeviceBuffer<float> targets_, row_weights_, output_weights_, state_;
  DeviceBuffer<std::uint16_t> rounded_;
  DeviceBuffer<float> loss_of_blocks_, losses_;  // of each output and, last, of all
  DeviceResult<float> gradients_;
  std::vector<Layer> layers_;
};

}  // namespace tandem::GPU_VENDOR

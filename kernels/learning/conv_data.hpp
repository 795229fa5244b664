// The arrays of a few convolutions one after another, ReLU between them and none after the last, on a fixed batch, in
// the host's memory. The outputs and all gradients of the stack are fp32, activations and gradients inside it of type
// T, float or Bf16.
#pragma once

#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/learning/conv_layer.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

// The shapes of the layers. `channels`: of the inputs, between the layers and of the outputs.
std::vector<ConvShape> conv_shapes(const ConvShape& first, const std::vector<std::size_t>& channels);

template <typename T>
class ConvData {
 public:
  ConvData(std::vector<ConvShape> shapes, ConvLayer::Pass pass);

  Buffer<T>& inputs() { return inputs_; }
  Buffer<T>& output_gradients() { return output_gradients_; }  // empty without training
  // Of each layer the weights [out, filter, filter, in], the biases.
  Buffer<float>& parameters() { return parameters_; }
  Buffer<float>& results() { return results_; }  // outputs, then gradients of the inputs and of the parameters
  // Behind each layer but the last.
  Buffer<T>& hidden(std::size_t layer) { return hidden_[layer]; }
  Buffer<T>& hidden_gradients(std::size_t layer) { return hidden_gradients_[layer]; }

  ConvLayer::Pass pass() const { return pass_; }
  bool training() const { return pass_ == ConvLayer::Pass::training; }
  std::size_t depth() const { return shapes_.size(); }
  const std::vector<ConvShape>& shapes() const { return shapes_; }
  const ConvShape& shape(std::size_t layer) const { return shapes_[layer]; }
  std::size_t parameters_before(std::size_t layer) const;
  ConvArrays arrays(std::size_t layer);

 private:
  std::vector<ConvShape> shapes_;
  ConvLayer::Pass pass_;
  Buffer<T> inputs_, output_gradients_;
  Buffer<float> parameters_, results_;
  std::vector<Buffer<T>> hidden_, hidden_gradients_;
};

}  // namespace tandem::kernels

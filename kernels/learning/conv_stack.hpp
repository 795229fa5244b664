// A few convolutions one after another, ReLU between them and none after the last, on a fixed batch: the forward pass,
// and from the gradient of the outputs that of the inputs and of all parameters. The outputs and all gradients of
// the stack are fp32, activations and gradients inside it of type T, float or Bf16.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/learning/conv_layer.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

// The shapes of the layers. `channels`: of the inputs, between the layers and of the outputs.
std::vector<ConvShape> conv_shapes(const ConvShape& first, const std::vector<std::size_t>& channels);

template <typename T>
class ConvStack {
 public:
  ConvStack(std::vector<ConvShape> shapes, ConvLayer::Pass pass);  // throws Unsupported, as ConvLayer does

  void forward();
  void backward();

  Buffer<T>& inputs() { return inputs_; }
  Buffer<T>& output_gradients() { return output_gradients_; }  // empty without training
  Buffer<float>& parameters() {
    return parameters_;
  }                                              // of each layer the weights [out, filter, filter, in], the biases
  Buffer<float>& results() { return results_; }  // outputs, then gradients of the inputs and of the parameters

  std::size_t depth() const { return shapes_.size(); }
  const ConvShape& shape(std::size_t layer) const { return shapes_[layer]; }
  ConvArrays arrays(std::size_t layer);

  std::string implementation() const;
  bool reference() const;

 private:
  std::vector<ConvShape> shapes_;
  bool training_;
  Buffer<T> inputs_, output_gradients_;
  Buffer<float> parameters_, results_;
  std::vector<Buffer<T>> hidden_, hidden_gradients_;  // behind each layer but the last
  std::vector<ConvLayer> layers_;
};

}  // namespace tandem::kernels

// The forward pass through a few convolutions by oneDNN, and from the gradient of the outputs that of the inputs and of
// all parameters.
#pragma once

#include <string>
#include <vector>

#include "kernels/learning/conv_data.hpp"

namespace tandem::kernels {

template <typename T>
class ConvStack : public ConvData<T> {
 public:
  ConvStack(std::vector<ConvShape> shapes, ConvLayer::Pass pass);  // throws Unsupported, as ConvLayer does

  void forward();
  void backward();

  std::string implementation() const;
  bool reference() const;

 private:
  std::vector<ConvLayer> layers_;
};

}  // namespace tandem::kernels

// One layer of 2-D convolution by oneDNN, bound to its arrays: y = x * w + b, then ReLU where asked for, and the
// gradients of both. Zeros around the image keep its size where the stride is 1. Activations lie channels last,
// [batch, height, width, channels], where oneDNN takes them as they are; weights [out, filter, filter, in] in fp32.
// Since a training changes the weights at each step, every pass copies them into oneDNN's own format (rounded where
// operands are bf16), and their gradient back.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

struct ConvShape {
  std::size_t batch = 0, height = 0, width = 0;  // of the inputs
  std::size_t in = 0, out = 0;                   // channels
  std::size_t filter = 1, stride = 1;

  std::size_t before() const { return (filter - 1) / 2; }  // zeros above and left of the image
  std::size_t out_height() const { return (height - 1) / stride + 1; }
  std::size_t out_width() const { return (width - 1) / stride + 1; }
  std::size_t inputs() const { return batch * height * width * in; }
  std::size_t outputs() const { return pixels() * out; }
  std::size_t pixels() const { return batch * out_height() * out_width(); }  // of the outputs
  std::size_t taps() const { return filter * filter * in; }                  // weights of one output channel
  std::size_t weights() const { return out * taps(); }
};

// dx, dy, dw and db are gradients. Operands fp32 or bf16; y and dx may be fp32 where x and dy are bf16.
struct ConvArrays {
  Operand x, y, dx, dy;
  float *w = nullptr, *b = nullptr, *dw = nullptr, *db = nullptr;
};

class ConvLayer {
 public:
  enum class Pass { inference, training };
  // Throws Unsupported where oneDNN has no such convolution.
  ConvLayer(const ConvShape& shape, const ConvArrays& arrays, bool relu, Pass pass);
  ~ConvLayer();
  ConvLayer(ConvLayer&&) noexcept;
  ConvLayer& operator=(ConvLayer&&) noexcept;

  void forward();
  void backward();  // from dy after the ReLU's slope; Pass::training

  std::string implementation() const;  // oneDNN's names of the code that runs
  bool reference() const;              // one of them a plain loop, good for tests only

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem::kernels

// Multilayer perceptrons with GELU and a linear last layer; `nets` independent ones are trained on the same batch (an
// ensemble), so that every product and every loop covers all of them. Products by oneDNN, fp32 or bf16 with fp32
// accumulators and master weights. All sums run in a fixed order: same bits for a given number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

enum class MlpPrecision { fp32, bf16 };

struct MlpShape {
  std::size_t nets = 1;
  std::vector<std::size_t> layers;  // widths: inputs, hidden layers, outputs

  std::size_t depth() const { return layers.size() - 1; }
  std::size_t weights() const;     // of one net, without biases
  std::size_t parameters() const;  // of all nets, with biases
  // Layer l (from 0) in the parameters: weights [nets, in, out], then biases [nets, out].
  std::size_t weights_at(std::size_t l) const;
  std::size_t biases_at(std::size_t l) const;
};

MlpShape parse_layers(const std::string& text);  // "8-256-256-1024", one net

class Mlp {
 public:
  Mlp(MlpShape shape, MlpPrecision precision);
  Mlp(const Mlp& trained, MlpPrecision precision);  // with the same parameters
  void initialise(std::uint64_t seed);              // uniform in +-1/sqrt(inputs of the layer)

  const MlpShape& shape() const { return shape_; }
  MlpPrecision precision() const { return precision_; }
  std::span<float> parameters() { return parameters_; }
  std::span<const float> parameters() const { return parameters_; }
  std::span<float> gradients() { return gradients_; }  // d loss / d parameters of the last backward()
  std::span<const float> gradients() const { return gradients_; }
  Trained trained() { return {gradients(), parameters_, rounded_}; }
  std::span<Bf16> rounded() { return rounded_; }  // the parameters in bf16; empty in fp32
  void round();                                   // after a change of the parameters by hand

 private:
  MlpShape shape_;
  MlpPrecision precision_;
  Buffer<float> parameters_, gradients_;
  Buffer<Bf16> rounded_;
};

// Passes are made for multiples of so many rows.
inline constexpr std::size_t mlp_rows = 16;
inline std::size_t mlp_rows_for(std::size_t rows) {
  return rows == 0 ? mlp_rows : (rows + mlp_rows - 1) / mlp_rows * mlp_rows;
}

// Buffers and products for batches of `rows` rows. Arrays are [nets, rows, width].
class MlpPass {
 public:
  enum class Backward { none, parameters, inputs };
  MlpPass(Mlp& mlp, std::size_t rows, Backward backward);

  std::size_t rows() const { return rows_; }
  void set_inputs(std::span<const float> inputs);  // [rows, in], the same for every net; fewer rows: zeros follow
  void forward();
  std::span<float> outputs() { return layers_.back().z; }  // after forward()

  // Loss sum over nets, rows r, outputs k of row_weights[r] output_weights[k] (output - target[r, k])^2; the outputs
  // become its gradient. Rows beyond row_weights.size() count nothing.
  double squared_error(std::span<const float> targets, std::span<const float> row_weights,
                       std::span<const float> output_weights);
  // From the gradient of the loss, written over outputs(), to that of the parameters or of the inputs.
  void backward();
  std::span<const float> input_gradients() const { return input_gradients_; }
  std::string implementation() const;  // of the largest product
  bool reference() const;

 private:
  struct Layer {
    Buffer<float> z;      // sum before the activation; after forward() its slope; in the last layer the output
    Buffer<float> error;  // d loss / d z of hidden layers
    Buffer<float> a;      // activation in fp32
    Buffer<Bf16> a_bf16;  // or in bf16
    Buffer<Bf16> error_bf16;
    Buffer<float> partial;  // column sums of the error, one row for each block of rows
    std::unique_ptr<Matmul> forward, weights, back;
  };
  void allocate();
  void bind();
  void activate(std::size_t l);
  void finish_hidden(std::size_t l);
  void finish_outputs();
  Operand operand(Buffer<float>& fp32, Buffer<Bf16>& bf16, bool transposed = false);
  float* biases(std::size_t l);  // where the column sums of layer l go, or null

  Mlp& mlp_;
  std::size_t rows_;
  bool rounded_;
  Backward backward_;
  bool finished_ = false;  // the output error is in place, in the precision of the products
  Buffer<float> inputs_;
  Buffer<Bf16> inputs_bf16_;
  Buffer<float> input_gradients_;
  std::vector<Layer> layers_;
  std::vector<double> losses_;  // of each net and row
};

}  // namespace tandem::kernels

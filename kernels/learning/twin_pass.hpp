// Training on values and on derivatives along one direction of the inputs each (Huge and Savine, "Differential machine
// learning", 2020; Czarnecki et al., "Sobolev training", 2017): a row x carries its tangent u, and the network's
// derivative J u stands beside its value. The tangent follows the value through the same products as rows of their own,
// so that gradients of both are a chain of products on twice the rows. fp32, one net; sums in a fixed order.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

// Arrays are [2, rows, width]: values, then tangents.
class TwinPass {
 public:
  TwinPass(Mlp& mlp, std::size_t rows);  // of one net in fp32

  std::size_t rows() const { return rows_; }
  // [n, inputs] each, n <= rows: zeros follow.
  void set_inputs(std::span<const float> values, std::span<const float> tangents);
  void forward();
  std::span<const float> outputs() const { return layers_.back().z; }

  // Loss sum over rows r, outputs k of row_weights[r] ((f - values[r, k])^2 + balance (J u - tangents[r, k])^2); the
  // outputs become its gradient. Rows beyond row_weights.size() count nothing.
  double squared_error(std::span<const float> values, std::span<const float> tangents,
                       std::span<const float> row_weights, float balance);
  void backward();       // to Mlp::gradients()
  double flops() const;  // of forward and backward for one row

 private:
  struct Layer {
    Buffer<float> z;      // sums; after forward() slopes, and curvatures times the tangents' sums; last layer: outputs
    Buffer<float> a;      // activations of hidden layers
    Buffer<float> error;  // d loss / d z of hidden layers
    Buffer<float> partial;  // column sums of values' errors, a row for each block of rows
    std::unique_ptr<Matmul> forward, weights, back;
  };
  void activate(std::size_t l);
  void finish(std::size_t l);
  void sum_biases(std::size_t l);

  Mlp& mlp_;
  std::size_t rows_;
  Buffer<float> inputs_;
  std::vector<Layer> layers_;
  std::vector<double> losses_;  // of each row
};

}  // namespace tandem::kernels

// LU factors without row exchanges of a matrix in fp32 on a device: recursion by halves, in which an eliminated part
// updates its whole cross, the rows and columns that the other half still needs, by products of the vendor's library.
// Their operands are final rows of U and columns of -L, kept a second time in the 16 bits that the tensor cores take.
// Parts of 64 rows and columns are eliminated by own kernels. For matrices that need no pivots only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/dense/small_float.hpp"

namespace tandem::GPU_VENDOR {

// The factors once more, as operands of products.
struct RoundedFactors {
  std::uint16_t* data;  // null: none
  kernels::SmallFloat format;
  float scale;  // of -L, or fp16 would have no bits left for the small multipliers of a large matrix
};

class DeviceElimination {
 public:
  // Throws Unsupported where the library has no such products.
  DeviceElimination(std::size_t n, kernels::Element element);

  static std::size_t lead_of(std::size_t n) { return (n + 127) / 128 * 128; }
  static double bytes(std::size_t n, kernels::Element element);

  // n rows of `lead`; after start(): -L left of the diagonal, U from it on.
  DeviceBuffer<float>& matrix() { return matrix_; }
  std::size_t lead() const { return lead_; }

  void start();
  std::string library() const;  // "" where the matrix is so small that nothing is left for it

 private:
  // Eliminates the leaf at `first`, or multiplies.
  struct Step {
    std::size_t first = 0;
    std::unique_ptr<Product> product = {};
    std::size_t a = 0, b = 0, c = 0;  // where operands and result begin
  };
  void plan(std::size_t first, std::size_t width);
  void plan_product(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns, std::size_t first,
                    std::size_t depth);
  void start_leaf(std::size_t first);
  std::size_t at(std::size_t row, std::size_t column) const { return row * lead_ + column; }

  std::size_t n_, lead_;
  kernels::Element element_;
  DeviceBuffer<float> matrix_;
  DeviceBuffer<std::uint16_t> operands_;
  RoundedFactors rounded_;
  std::vector<Step> steps_;
};

}  // namespace tandem::GPU_VENDOR

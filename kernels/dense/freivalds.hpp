// Judges a product C = A B without another product: C x = A (B x) for random vectors x, O(n^2) work (Freivalds 1977).
// Matrices are given by readers of one row in fp64, so that any format, layout and padding can be judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace tandem::kernels {

// Writes row `row` into `values`; called by several threads at once.
using RowReader = std::function<void(std::size_t row, std::span<double> values)>;

// A is m x k, B is k x n, C is m x n.
struct Product {
  std::size_t m = 0;
  std::size_t n = 0;
  std::size_t k = 0;
  RowReader a;
  RowReader b;
  RowReader c;
};

// Rows of a row-major matrix of an arithmetic type.
template <typename T>
RowReader row_major(const T* data, std::size_t columns) {
  return [data, columns](std::size_t row, std::span<double> values) {
    const T* from = data + row * columns;
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = static_cast<double>(from[j]);
  };
}

// Integer inputs: the number of rows of C that are not exactly those of A B, by `rounds` random integer vectors.
// A row with a NaN, a fraction or an entry beyond k max|a| max|b| differs. A wrong row escapes with probability
// <= 1024^-rounds. Throws if A or B is not of integers or too large for int64.
double differing_rows(const Product& product, std::uint64_t seed, int rounds = 3);

// Real inputs: the largest |C x - A (B x)|_i / (4 (k + 8) u_accumulator (|A| (|B| |x|))_i + u_output (|C| |x|)_i);
// passes where <= 1; infinity where a number is not finite. `u` is the unit round-off: 2^-53 fp64, 2^-24 fp32,
// 2^-8 bf16; u_output = 0 where the output has the accumulator's format.
double componentwise_error(const Product& product, std::uint64_t seed, double u_accumulator, double u_output = 0);

}  // namespace tandem::kernels

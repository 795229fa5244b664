// A convolution as the matrix products that it is, to judge it by: each pixel is the row of all inputs under its
// filter (im2col). Nothing here is shared with the code that it judges.
#pragma once

#include <cstdint>

#include "kernels/dense/freivalds.hpp"
#include "kernels/learning/conv_layer.hpp"

namespace tandem::kernels {

Product outputs_of(const ConvShape& shape, const ConvArrays& arrays);          // y before a ReLU: patches of x, w, b
Product input_gradients_of(const ConvShape& shape, const ConvArrays& arrays);  // dx: patches of dy, w
Product parameter_gradients_of(const ConvShape& shape, const ConvArrays& arrays);  // dw and db: dy, patches of x

// What became of a product before it was written: nothing, or a ReLU, or the slope of one at `values`.
struct Gate {
  enum class Kind { none, relu, slope } kind = Kind::none;
  RowReader values = {};
};
RowReader rows_of(const Operand& array, std::size_t columns);

// The largest |c - gate(a b)| over its bound, 8 sqrt(k) u sum |a b| + u_output |a b|: rounding errors of random data
// add up like the square root of their number (Higham and Mary, A New Approach to Probabilistic Rounding Error
// Analysis, SIAM J. Sci. Comput. 41 (2019): the bound fails with a probability below 1e-13). u = 0: equality. Every row
// of C as long as that takes 2^28 multiplications, else that many rows drawn by chance.
double rows_error(const Product& product, const Gate& gate, std::uint64_t seed, double u, double u_output);

}  // namespace tandem::kernels
